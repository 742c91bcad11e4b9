"""Who may sign for the sender: by which register it is judged, what is told where there is none, and registers that are none."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from exchange.domain.organization import Directory, OrganStatus
from exchange.faults import PackageCase, package_faults, sound_package
from exchange.trust import write_register
from signing import FAULT_SEED
from tests.console.verify_lab import truc, write_trust

AT = "2021-09-27T12:00"
NOT_JUDGED = "Whether the signers may sign for the sender is for a register of organisations to say"


def case(name: str) -> PackageCase:
    return next(one for one in package_faults() if one.name == name).build(FAULT_SEED)


def laid_out(folder: Path, one: PackageCase, register: Directory | None = None) -> list[str]:
    """The package with what is trusted of it, and a register beside it; the arguments that judge it without."""
    (folder / "p.edxml").write_bytes(one.package())
    (folder / "r.json").write_bytes(write_register(register or one.directory))
    return [str(folder / "p.edxml"), "--trust", str(write_trust(folder / "trust", one.evidence)), "--at", AT]


def checks(arguments: list[str], *more: object) -> tuple[str, str, list[tuple[str, str]]]:
    (file,) = json.loads(truc(*arguments, *more, "--json").stdout)["files"]
    return file["verdict"], file["register"], [(check["name"], check["status"]) for check in file["checks"]]


def test_a_good_package_passes_by_a_register_and_without_one_that_is_said(tmp_path: Path) -> None:
    given = laid_out(tmp_path, sound_package(FAULT_SEED))
    register = str(tmp_path / "r.json")
    assert checks(given, "--register", register) == ("passed", register, [("header", "passed")])
    assert checks(given) == ("passed", "", [("header", "passed")])
    assert [NOT_JUDGED in " ".join(truc(*given, *more).stdout.split()) for more in ((), ("--register", register))] == [True, False]


def test_without_a_register_only_what_asks_one_is_left_out(tmp_path: Path) -> None:
    for name, said in (("signed-by-another-agency", []), ("secret-on-open-axis", ["secret"]), ("second-letter-inside", ["second-letter"])):
        folder = tmp_path / name
        folder.mkdir()
        verdict, register, found = checks(laid_out(folder, case(name)))
        assert (verdict, register) == ("failed" if said else "passed", "")
        assert [rule for rule, status in found if status == "failed"] == said


def test_it_is_the_register_that_says_who_belongs_to_the_sender(tmp_path: Path) -> None:
    """The package of one case under the register of another."""
    given = laid_out(tmp_path, sound_package(FAULT_SEED), case("sender-dissolved").directory)
    verdict, _, found = checks(given, "--register", tmp_path / "r.json")
    assert (verdict, found[0]) == ("failed", (f"{OrganStatus.DISSOLVED}-sender", "failed"))
    (tmp_path / "r.json").write_bytes(write_register(Directory(())))
    verdict, _, found = checks(given, "--register", tmp_path / "r.json")
    unknown = ["unknown-sender", "leader-not-of-sender", "organisation-not-sender", "annex-not-of-sender"]
    assert (verdict, [rule for rule, status in found if status == "failed"]) == ("failed", unknown)


def alone(folder: Path, one: PackageCase, register: Directory | None = None) -> list[str]:
    """As :func:`laid_out`, with the letter outside its package."""
    given = laid_out(folder, one, register)
    (folder / "van-ban.pdf").write_bytes(one.attachments[0].data)
    return [str(folder / "van-ban.pdf"), *given[1:]]


ALONE = {
    "signed-by-another-agency": ("leader-not-of-sender",),
    "sealed-by-another-agency": ("organisation-not-sender",),
    "drawn-as-another-agency": ("issuing-body",),
    "drawn-as-another-signer": ("signer-name",),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_letter_outside_a_package_is_held_against_a_register_too(name: str, tmp_path: Path) -> None:
    given = alone(tmp_path, case(name))
    assert checks(given) == ("passed", "", [])
    register = str(tmp_path / "r.json")
    assert checks(given, "--register", register) == ("failed", register, [(rule, "failed") for rule in ALONE[name]])
    assert [NOT_JUDGED in " ".join(truc(*given, *more).stdout.split()) for more in ((), ("--register", register))] == [True, False]


def test_a_good_letter_passes_by_its_register_and_by_none_that_does_not_know_its_sender(tmp_path: Path) -> None:
    given = alone(tmp_path, sound_package(FAULT_SEED))
    register = str(tmp_path / "r.json")
    assert checks(given, "--register", register) == ("passed", register, [])
    (tmp_path / "r.json").write_bytes(write_register(Directory(())))
    unknown = ["unknown-sender", "leader-not-of-sender", "organisation-not-sender"]
    assert checks(given, "--register", register) == ("failed", register, [(rule, "failed") for rule in unknown])
    assert checks(given, "--register", "first-day:2")[0] == "failed"


def test_a_letter_of_who_is_no_member_any_more_is_the_senders_still(tmp_path: Path) -> None:
    """Nobody is about to send it: signed before a merger it was the agency's."""
    given = alone(tmp_path, case("sender-dissolved"))
    register = str(tmp_path / "r.json")
    assert checks(given, "--register", register) == ("passed", register, [("dissolved-sender", "warning")])


def test_a_pdf_of_another_layout_is_not_judged_by_a_register_and_that_is_said(tmp_path: Path) -> None:
    given = alone(tmp_path, sound_package(FAULT_SEED))
    (tmp_path / "van-ban.pdf").write_bytes((tmp_path / "van-ban.pdf").read_bytes() + b"\n")
    verdict, register, _ = checks(given, "--register", tmp_path / "r.json")
    assert (verdict != "passed", register) == (True, ""), "failed, or undecided where the reader for foreign letters is not there"
    assert NOT_JUDGED in " ".join(truc(*given, "--register", tmp_path / "r.json").stdout.split())


def test_an_asked_register_goes_before_that_of_the_scenario_trusted(tmp_path: Path) -> None:
    given = [laid_out(tmp_path, sound_package(FAULT_SEED))[0], "--trust", "first-day", "--at", AT]
    _, register, found = checks(given)
    assert register == "first-day"
    assert ("unknown-sender", "failed") not in found
    assert ("leader-not-of-sender", "failed") in found
    assert checks(given, "--register", "first-day:2")[1] == "first-day:2"
    _, register, found = checks(given, "--register", tmp_path / "r.json")
    assert register == str(tmp_path / "r.json")
    assert found == [("header", "passed")]


@pytest.mark.parametrize(
    ("cost", "verdict", "told"), [("FAIL", "failed", ["failed"]), ("WARN", "passed", ["warning"]), ("IGNORE", "passed", [])]
)
def test_the_policy_weighs_whether_a_secret_letter_may_travel(tmp_path: Path, cost: str, verdict: str, told: list[str]) -> None:
    field = files("signing").joinpath("policies", "field.toml").read_text("utf-8")
    assert field.count('secret = "FAIL"') == 1
    (tmp_path / "own.toml").write_text(
        field.replace('secret = "FAIL"', f'secret = "{cost}"').replace('name = "field"', 'name = "own"'), "utf-8"
    )
    said, _, found = checks(laid_out(tmp_path, case("secret-on-open-axis")), "--policy", tmp_path / "own.toml")
    assert (said, [status for rule, status in found if rule == "secret"]) == (verdict, told)


def hostile(register: bytes) -> list[bytes]:
    """Registers of the right shape with something else where a text, a code or a list should stand."""
    whole = json.loads(register)
    found = []
    for part, key, value in (
        ("organisations", "name", 7), ("organisations", "province", None), ("organisations", "id", "no code"),
        ("organisations", "status", "gone"), ("organisations", "aliases", 1), ("signers", "seals", [7]), ("signers", "persons", [{}]),
    ):  # fmt: skip
        changed = json.loads(register)
        changed[part][0] |= {key: value}
        found.append(json.dumps(changed).encode())
    for key in ("subject", "name", "position"):
        changed = json.loads(register)
        changed["signers"][0]["persons"][0][key] = ["x"]
        found.append(json.dumps(changed).encode())
    for name in ("\ud800", "a" + "\u0301\u0323" * 3_000_000):
        changed = json.loads(register)
        changed["organisations"][0]["name"] = name
        found.append(json.dumps(changed, ensure_ascii=len(name) == 1).encode())
    return [*found, json.dumps(whole | {"organisations": whole["organisations"] * 2}).encode()]


def test_what_is_no_register_is_one_sentence(tmp_path: Path) -> None:
    given = laid_out(tmp_path, sound_package(FAULT_SEED))
    others = [b"", b"{}", b"[]", b"\xff\xfe", b"[" * 200_000, b"9" * 10_000, (tmp_path / "p.edxml").read_bytes()]
    for number, data in enumerate([*others, *hostile((tmp_path / "r.json").read_bytes())]):
        (tmp_path / "no.json").write_bytes(data)
        answer = truc(*given, "--register", tmp_path / "no.json")
        assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1), number
        assert "no.json is no register of organisations" in answer.stderr


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [("no-such-world", "neither a file nor a scenario"), (".", "neither a file"), ("", "neither a file"), ("a" * 300, "name too long")],
)
def test_a_register_that_cannot_be_read_is_a_sentence(tmp_path: Path, spec: str, sentence: str) -> None:
    answer = truc(*laid_out(tmp_path, sound_package(FAULT_SEED)), "--register", spec)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert sentence in answer.stderr


def test_an_alias_of_the_sender_is_the_sender_by_a_register(tmp_path: Path) -> None:
    """Two codes of one organisation are two organisations for whoever has no register."""
    one = sound_package(FAULT_SEED)
    other = next(
        organ.id for organ in case("signed-by-another-agency").directory.organizations() if organ.id not in (one.header.sender_id,)
    )
    header = replace(one.header, sender=replace(one.header.sender, organ=other))
    organs = [replace(organ, aliases=(other,)) for organ in one.directory.organizations() if organ.id == one.header.sender_id]
    register = Directory(organs, one.directory.entitled())
    given = laid_out(tmp_path, replace(one, header=header), register)
    assert ("sender-mismatch", "failed") in checks(given)[2]
    assert ("sender-mismatch", "failed") not in checks(given, "--register", tmp_path / "r.json")[2]
