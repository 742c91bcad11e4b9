"""Certificates and tools as the field has them: what a world file may say, and what then happens to the letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from scenarios.run import RunResult, run
from scenarios.trace import Issued, Judged, NegotiationMoved, Record, RefusalSigned, Signed
from scenarios.world import pki
from scenarios.world.file import WorldFileError, load_world
from scenarios.world.model import World
from signing import read_letter
from tests.scenarios.letters import letters_of

FIRST_DAY = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8")
DEPARTMENT, PROVINCE = "H28.13", "H28"


def written(folder: Path, tables: str = "", top: str = "") -> Path:
    text = FIRST_DAY.replace('province = "17"\n', f'province = "17"\n{top}', 1).replace("value = 750", "value = 2000")
    path = folder / "world.toml"
    path.write_text(text.replace("[[assumption]]", f"{tables}\n[[assumption]]", 1), encoding="utf-8")
    return path


MISTAKES = {
    "no such level": ('signature_level = "B-X"', "", "signature_level", 'one of "B-B", "B-T", "B-LT", "B-LTA", not "B-X"'),
    "misspelt table": ("", "[timestamping]\n", "timestamping", "is time-stamping meant?"),
    "unknown key of the service": (
        'signature_level = "B-T"',
        "[time-stamping]\noutage = []\n",
        "time-stamping.outage",
        "is outages meant?",
    ),
    "unknown key of the field": ("", "[field]\nleafonly = []\n", "field.leafonly", "is leaf_only meant?"),
    "a service nobody asks": (
        "",
        "[time-stamping]\noutages = [{ since = 2021-09-27T09:00:00, until = 2021-09-27T10:00:00 }]\n",
        "time-stamping",
        "nothing is time-stamped where signature_level is B-B",
    ),
    "an outage backwards": (
        'signature_level = "B-T"',
        "[time-stamping]\noutages = [{ since = 2021-09-27T10:00:00, until = 2021-09-27T09:00:00 }]\n",
        "time-stamping.outages",
        "it ends after it begins",
    ),
    "wrong in no known way": (
        'signature_level = "B-T"',
        '[time-stamping]\nwrong = [{ since = 2021-09-27T09:00:00, until = 2021-09-27T10:00:00, how = "badly" }]\n',
        "time-stamping.wrong.1.how",
        '"signature", not "badly"',
    ),
    "wrong as no list can be": (
        "",
        '[revocation-lists]\nwrong = [{ since = 2021-09-27T09:00:00, until = 2021-09-27T10:00:00, how = "nonce" }]\n',
        "revocation-lists.wrong.1.how",
        'one of "unavailable", "stale", "signature", not "nonce"',
    ),
    "wrong as no responder can be": (
        "",
        '[ocsp]\nwrong = [{ since = 2021-09-27T09:00:00, until = 2021-09-27T10:00:00, how = "imprint" }]\n',
        "ocsp.wrong.1.how",
        'not "imprint"',
    ),
    "wrong as no certificate can be": (
        "",
        '[authority-certificates]\nwrong = [{ since = 2021-09-27T09:00:00, until = 2021-09-27T10:00:00, how = "stale" }]\n',
        "authority-certificates.wrong.1.how",
        'one of "unavailable", "signature", not "stale"',
    ),
    "slow backwards": (
        "",
        "[ocsp]\nslow = [{ since = 2021-09-27T10:00:00, until = 2021-09-27T10:00:00, seconds = 9 }]\n",
        "ocsp.slow.1",
        "it ends after it begins",
    ),
    "a misspelt service": ("", "[revocation-list]\n", "revocation-list", "is revocation-lists meant?"),
    "no such agency": ("", '[field]\nleaf_only = ["H28.99"]\n', "field.leaf_only", "this world has no agency H28.99"),
    "two trees for one agency": (
        "",
        f'[field]\nfirst_generation = ["{DEPARTMENT}"]\npublic_authority = ["{DEPARTMENT}"]\n',
        "field.public_authority",
        "not of a public authority",
    ),
    "nobody to revoke": (
        "",
        f'[[revocation]]\nagency = "{DEPARTMENT}"\nrole = "clerk"\nat = 2021-09-28T09:00:00\n',
        "revocation.1.role",
        "has no clerk with a certificate",
    ),
    "fewer than one try": (
        'signature_level = "B-T"',
        '[[assumption]]\nkey = "time_stamp_tries"\nvalue = 0\nlabel = "tries"\n',
        "assumption.1.value",
        "'time_stamp_tries' is at least 1",
    ),
    "an assumption of time-stamps at B-B": (
        "",
        '[[assumption]]\nkey = "time_stamp_tries"\nvalue = 2\nlabel = "tries"\n',
        "assumption.1.key",
        "nothing uses an assumption 'time_stamp_tries'",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_by_place_and_rule(case: str, tmp_path: Path) -> None:
    top, tables, place, rule = MISTAKES[case]
    with pytest.raises(WorldFileError) as caught:
        load_world(written(tmp_path, tables, f"{top}\n" if top else ""), "1")
    assert caught.value.place.startswith(place), caught.value.place
    assert rule in caught.value.rule


def test_a_share_names_agencies_by_their_own_code(tmp_path: Path) -> None:
    table = '[[assumption]]\nkey = "clock_ahead_share"\nvalue = {share}\nlabel = "share of agencies whose tool writes local time as UTC"\n'
    chosen = [load_world(written(tmp_path, table.format(share=share)), "1").field.clock_ahead for share in ("0.0", "0.6", "1.0")]
    assert chosen[0] == frozenset()
    assert chosen[0] <= chosen[1] <= chosen[2]
    assert len(chosen[2]) == 3


def test_a_revocation_stands_in_the_plan_of_its_holder_alone(tmp_path: Path) -> None:
    tables = "".join(f'[[revocation]]\nagency = "{DEPARTMENT}"\nrole = "{role}"\nat = 2021-09-27T09:30:00\n' for role in ("seal", "leader"))
    plain, world = load_world(written(tmp_path), "1"), load_world(written(tmp_path, tables), "1")
    at = datetime(2021, 9, 27, 9, 30, tzinfo=VN)
    for before, after in zip(plain.agencies, world.agencies, strict=True):
        plans = [after.organisation_certificate, *(person.certificate for person in after.people)]
        revoked = [plan for plan in plans if plan is not None and plan.revoked_at == at]
        assert len(revoked) == (2 if str(after.id) == DEPARTMENT else 0)
        assert (before == after) == (str(after.id) != DEPARTMENT)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[World, list[Record], RunResult, Path]]:
    def go(tables: str, top: str = "", days: int = 1) -> tuple[World, list[Record], RunResult, Path]:
        folder = tmp_path_factory.mktemp("field")
        world = load_world(written(folder, tables, top), "1")
        records: list[Record] = []
        return world, records, run(world, days=days, sink=records.append, workdir=folder), folder

    return go


Live = Callable[..., tuple[World, list[Record], RunResult, Path]]


def verdicts(records: list[Record], sender: str) -> set[tuple[bool, str]]:
    found = {(one.accepted, one.sub_indication) for one in records if isinstance(one, Judged) and one.agency == sender}
    assert found
    return found


def test_letters_of_the_first_generation_fail_by_sha1_unless_the_world_accepts_it_longer(live: Live) -> None:
    table = f'[field]\nfirst_generation = ["{DEPARTMENT}"]\n'
    _, records, result, _ = live(table)
    assert result.holds
    assert verdicts(records, DEPARTMENT) == {(False, "CRYPTO_CONSTRAINTS_FAILURE")}
    assert verdicts(records, PROVINCE) == {(True, "")}
    _, records, result, _ = live(table + "sha1_until = 2030-03-05\n")
    assert result.holds
    assert verdicts(records, DEPARTMENT) == {(True, "")}


def test_letters_under_a_public_authority_have_no_chain(live: Live) -> None:
    _, records, result, _ = live(f'[field]\npublic_authority = ["{DEPARTMENT}"]\n')
    assert result.holds
    assert verdicts(records, DEPARTMENT) == {(False, "NO_CERTIFICATE_CHAIN_FOUND")}
    assert verdicts(records, PROVINCE) == {(True, "")}


def test_the_certificates_of_2021_side_by_side(tmp_path: Path) -> None:
    """The library's world: two of four agencies' letters are refused, each for its own reason; tools that are merely odd harm nothing."""
    records: list[Record] = []
    assert run(load_world("mixed-certificates", "1"), days=2, sink=records.append, workdir=tmp_path).holds
    assert {sender: verdicts(records, sender) for sender in ("H28", "H28.13", "H28.32", "H28.39")} == {
        "H28": {(True, "")},
        "H28.13": {(False, "CRYPTO_CONSTRAINTS_FAILURE")},
        "H28.32": {(False, "NO_CERTIFICATE_CHAIN_FOUND")},
        "H28.39": {(True, "")},
    }


MISTAKEN = "".join(f'[[assumption]]\nkey = "{kind}_share"\nvalue = 0.3\nlabel = "many {kind}s"\n' for kind in ("recall", "update"))


@pytest.mark.parametrize("level", ["B-B", "B-T"])
@pytest.mark.parametrize(
    ("key", "sub_indication"), [("first_generation", "CRYPTO_CONSTRAINTS_FAILURE"), ("public_authority", "NO_CERTIFICATE_CHAIN_FOUND")]
)
def test_a_recall_of_a_letter_that_does_not_hold_is_refused_like_the_letter(key: str, sub_indication: str, level: str, live: Live) -> None:
    """The clerk recalls and corrects what the axis never delivered: each recipient is refused by name, and every sum holds."""
    tables = f'[field]\n{key} = ["{DEPARTMENT}"]\n{MISTAKEN}'
    _, records, result, _ = live(tables, f'signature_level = "{level}"\n', days=2)
    assert result.holds, result.disagreements
    assert verdicts(records, DEPARTMENT) == {(False, sub_indication)}
    asked = {
        (one.package, one.other) for one in records if isinstance(one, NegotiationMoved) and (one.agency, one.step) == (DEPARTMENT, "asked")
    }
    refused = {(one.package, one.recipient) for one in records if isinstance(one, RefusalSigned)}
    assert asked
    assert asked <= refused
    assert all(recipient for _, recipient in refused)


def test_leaf_only_letters_and_clocks_seven_hours_ahead_are_accepted_as_they_are(live: Live) -> None:
    """Fewer certificates in one agency's letters, a later claim in the other's; the verdicts are the same."""
    world, records, result, folder = live(f'[field]\nleaf_only = ["{DEPARTMENT}"]\nclock_ahead = ["{PROVINCE}"]\n')
    assert result.holds
    assert verdicts(records, DEPARTMENT) == verdicts(records, PROVINCE) == {(True, "")}
    signed = {one.document: one.at for one in records if isinstance(one, Signed)}
    issued = {one.document: one for one in records if isinstance(one, Issued)}
    start = datetime.combine(world.start, datetime.min.time(), VN)
    seen = set()
    for one in letters_of(world, pki.build(world), folder):
        letter, sender = read_letter(one.letter), one.sender
        seen.add(sender)
        carried = {len(letter.leader.message.signer.certificates), len(letter.seal.message.signer.certificates)}
        assert carried == ({1} if sender == OrganId(DEPARTMENT) else {2})
        if sender != OrganId(PROVINCE):
            assert letter.leader.claimed_at is None
            continue
        (document,) = (
            name for name, fact in issued.items() if fact.agency == PROVINCE and fact.number == letter.number and not name.endswith("NB")
        )
        assert letter.leader.claimed_at == start + timedelta(seconds=signed[document], hours=7)
        assert letter.seal.claimed_at == start + timedelta(seconds=issued[document].at, hours=7)
    assert {OrganId(DEPARTMENT), OrganId(PROVINCE)} <= seen


def test_the_field_changes_no_certificate_of_the_others(tmp_path: Path) -> None:
    plain = pki.build(load_world(written(tmp_path), "1"))
    other = pki.build(load_world(written(tmp_path, f'[field]\npublic_authority = ["{DEPARTMENT}"]\n'), "1"))
    assert plain.organisations[OrganId(PROVINCE)].certificate_der == other.organisations[OrganId(PROVINCE)].certificate_der
    assert plain.organisations[OrganId(DEPARTMENT)].certificate_der != other.organisations[OrganId(DEPARTMENT)].certificate_der
