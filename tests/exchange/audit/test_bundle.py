"""Must show 7: a bundle checked without us, by its README's commands; the same answers; and what a bundle that lies gives."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.audit.answers import Answers, answers_of
from exchange.audit.bundle_check import BundleReport, check_bundle
from exchange.audit.bundle_json import as_json
from exchange.audit.bundle_read import read_bundle
from exchange.audit.bundle_write import write_bundle
from exchange.audit.bundle_zip import looks_like_bundle, open_bundle, pack
from exchange.audit.dossier import open_dossier
from exchange.audit.holdings import Holdings
from exchange.audit.readme import readme
from exchange.domain.calendar import VN
from exchange.errors import BundleUnreadable
from signing import Indication, SubIndication, load_policy, policy_bytes
from tests.exchange.audit import shelf
from tests.exchange.audit.shelf import Shelf
from tests.judges import needs_openssl

CASES = ("good", "lasting", "stamped", "in-time", "late", "unsealed")
_STEP = re.compile(r"### (\d+)\. (.*?)\n\n```sh\n(.*?)\n```\n\n→ (.*?)\n", re.DOTALL)
MUST_FAIL = {"": "**fail**", ".vi": "**thất bại**"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return shelf.build(tmp_path_factory.mktemp("shelf") / "axis.db")


@pytest.fixture(scope="module")
def bundle(kept: Shelf) -> Callable[[str], bytes]:
    @cache
    def written(name: str) -> bytes:
        with Holdings(kept.path, fingerprints=[kept.root]) as holdings:
            (found,) = holdings.find(kept.packages[name])
            return write_bundle(open_dossier(holdings, found, load_policy(), outside=kept.newest), policy_bytes())

    return written


def report(data: bytes) -> BundleReport:
    return check_bundle(read_bundle(open_bundle(data)))


# --- on a machine without Trục ---


@pytest.fixture(scope="module")
def bare(kept: Shelf, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with cat, openssl and python3 in the path and nothing else; python never sees site-packages or the project."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("cat", "openssl"):
        tool = shutil.which(name)
        if tool is not None:
            (folder / name).symlink_to(tool)
    (folder / "python3").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    axis = sha256(kept.field.signer.holder.certificate_der).hexdigest()
    return {"PATH": str(folder), "HOME": str(folder), "LC_ALL": "C.UTF-8", "KNOWN": f"{kept.root.hex()} {axis}"}


def unpacked(data: bytes, folder: Path) -> Path:
    """As anybody unpacks a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


def steps(folder: Path, language: str = "") -> Iterator[tuple[str, str, bool]]:
    """Title, command and whether it must succeed, as the README has them."""
    text = (folder / f"README{language}.md").read_text("utf-8")
    found = _STEP.findall(text)
    assert [int(number) for number, *_ in found] == list(range(1, len(found) + 1))
    assert len(found) == text.count("```sh")
    for _, title, command, answer in found:
        yield title, command, MUST_FAIL[language] not in answer


def run(command: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")  # what POSIX asks of a shell must do: whoever follows the README may not have bash
    assert shell is not None
    return subprocess.run([shell, "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def wrong_answers(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Steps whose outcome is not the one the README promises, to somebody who was told the right root and axis by another way."""
    for title, command, holds in steps(folder):
        done = run(command, folder, environment)
        if (done.returncode == 0) is not holds:
            yield f"{title}: exit {done.returncode}\n{done.stdout}{done.stderr}"


@needs_openssl
@pytest.mark.parametrize("name", CASES)
def test_the_commands_of_the_readme_give_our_answers(
    name: str, bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path
) -> None:
    folder = unpacked(bundle(name), tmp_path)
    assert list(wrong_answers(folder, bare)) == []


@needs_openssl
def test_the_vietnamese_readme_has_the_same_commands(bundle: Callable[[str], bytes], tmp_path: Path) -> None:
    folder = unpacked(bundle("late"), tmp_path)
    english, vietnamese = ([(command, holds) for _, command, holds in steps(folder, language)] for language in ("", ".vi"))
    assert english == vietnamese
    assert {holds for _, holds in english} == {True, False}


@pytest.mark.parametrize(
    ("language", "proven", "axis"), [("en", "nothing proves that it existed before", "axis"), ("vi", "không có gì", "trục")]
)
def test_what_is_only_at_hand_is_not_called_proven(bundle: Callable[[str], bytes], language: str, proven: str, axis: str) -> None:
    dossier = replace(read_bundle(open_bundle(bundle("good"))).dossier, at=datetime(2020, 1, 1, tzinfo=VN))
    text = readme(language, dossier, answers_of(dossier))
    told = [line for line in text.splitlines() if line.startswith("- `signatures/")]
    assert told
    assert all(proven in line for line in told)
    assert f"({axis})" in text


def test_every_question_is_asked_and_each_answer_is_ours(bundle: Callable[[str], bytes], tmp_path: Path) -> None:
    """Content, chain and CRL at the time-stamp's time, time-stamp, ledger: what the commands are held against is no constant."""
    for name, signatures, stamps in (("good", 3, 0), ("lasting", 2, 2), ("stamped", 3, 1), ("late", 2, 0)):
        folder = unpacked(bundle(name), tmp_path / name)
        asked = [command for _, command, _ in steps(folder)]
        assert sum("-cades" in command for command in asked) == signatures
        assert sum("openssl verify" in command and "signatures-" in command for command in asked) == signatures
        assert sum("openssl ts -verify" in command for command in asked) == stamps
        assert all("-crl_check_all" in command for command in asked if "-attime" in command)
    stamped = json.loads((tmp_path / "lasting" / "verdicts" / "recomputed.json").read_text("utf-8"))
    generated = stamped["timestamps"][0]["at"]
    assert all(one["chain_at"] == generated for one in stamped["signatures"]), "the chain is judged at the first time-stamp's time"


def test_the_script_is_short_and_needs_nothing_but_python(bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path) -> None:
    folder = unpacked(bundle("lasting"), tmp_path)
    source = (folder / "check.py").read_text("utf-8")
    assert len(source.splitlines()) <= 405
    assert set(re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)) <= sys.stdlib_module_names
    done = run("python3 -I -S check.py", folder, bare)
    lines = done.stdout.splitlines()
    assert (done.returncode, {line.split()[0] for line in lines}) == (0, {"holds"})
    asked = (
        "manifest",
        "bytes signed",
        "bytes time-stamped",
        "receipt",
        "ledger: the entry",
        "ledger: the checkpoint",
        "ledger: the later",
    )
    for question in asked:
        assert any(question in line for line in lines), question


# --- a bundle that lies ---


def lying(data: bytes, name: str, change: Callable[[bytes], bytes], *, manifest: bool) -> bytes:
    """One file changed; with ``manifest``, by somebody who also writes the manifest anew."""
    entries = open_bundle(data)
    entries[name] = change(entries[name])
    if manifest:
        listed = json.loads(entries["manifest.json"])
        listed["files"][name] = {"sha256": sha256(entries[name]).hexdigest(), "size": len(entries[name])}
        entries["manifest.json"] = json.dumps(listed).encode()
    return pack(entries)


def flipped(place: float) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        at = int(place * (len(data) - 1))
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


LIES = [
    ("package.edxml", flipped(0.5)),
    ("attachments/01.pdf", flipped(0.3)),
    ("signatures/01-ky_lanh_dao/content.bin", flipped(0.5)),
    ("signatures/01-ky_lanh_dao/signature.p7s", flipped(0.99)),
    ("signatures/02-dau_co_quan/signature.p7s", flipped(0.99)),
    ("timestamps/01-document-time-stamp/token.tst", flipped(0.99)),
    ("timestamps/02-document-time-stamp/content.bin", flipped(0.7)),
    ("receipt/statement.json", replaced(b"admitted_at", b"admitted_aT")),
    ("receipt/signature.p7s", flipped(0.99)),
    ("ledger/leaf.json", replaced(b'"sequence":"', b'"sequence":"1')),
    ("ledger/payload.json", flipped(0.9)),
    ("ledger/inclusion.json", replaced(b'"index": ', b'"index": 1')),
    ("ledger/checkpoint.json", replaced(b'"size":"', b'"size":"1')),
    ("ledger/checkpoint.p7s", flipped(0.99)),
    ("ledger/consistency.json", lambda data: b'{"proof": []}'),
    ("ledger/later.p7s", flipped(0.99)),
    ("verdicts/recomputed.json", replaced(b'"TOTAL-PASSED"', b'"TOTAL-FAILED"')),
    ("certificates/axis.pem", lambda data: b""),
    ("ledger/facts.json", replaced(b'"index": 1', b'"index": 11')),
    ("hops.json", replaced(b'"state": "waiting"', b'"state": "failed"')),
    ("hops.json", replaced(b'"recipient": "H17"', b'"recipient": "H18"')),
    ("hops.json", replaced(b'"organ": "H17"', b'"organ": "H18"')),
    ("verdicts/recorded.json", replaced(b'"accepted": true', b'"accepted": false')),
    ("verdicts/recorded.json", replaced(b'"rule": "accepted"', b'"rule": "secret"')),
    ("trust/register.json", lambda data: b"{}"),
    ("trust/terms.json", replaced(b'"accept_secret":"0"', b'"accept_secret":"1"')),
    ("others/0001-status/package.edxml", flipped(0.5)),
    ("others/0001-status/statement.json", flipped(0.5)),
    ("others/0001-status/signature.p7s", flipped(0.99)),
]


@needs_openssl
@pytest.mark.parametrize(("name", "change"), LIES, ids=[f"{number}-{name}" for number, (name, _) in enumerate(LIES)])
def test_a_changed_file_is_found_by_hashes_and_by_us(
    name: str, change: Callable[[bytes], bytes], bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path
) -> None:
    """An accident: the manifest tells. A forger who writes the manifest anew: the package, the signatures or the ledger tell."""
    data = bundle("lasting")
    folder = unpacked(lying(data, name, change, manifest=False), tmp_path / "accident")
    assert run("python3 -I -S check.py", folder, bare).returncode == 1
    forged = lying(data, name, change, manifest=True)
    try:
        found = report(forged)
        assert not found.holds
    except BundleUnreadable:
        pass
    if name != "verdicts/recomputed.json":  # our own word, which nobody's tools can check
        assert any(wrong_answers(unpacked(forged, tmp_path / "forged"), bare))


def test_files_added_and_taken_away_are_named(bundle: Callable[[str], bytes]) -> None:
    entries = open_bundle(bundle("good"))
    del entries["trust/register.json"]
    entries["attachments/09.bin"] = b"smuggled"
    found = {(str(one.place.row), one.rule) for one in report(pack(entries)).findings}
    assert {("trust/register.json", "file-missing"), ("attachments/09.bin", "file-extra")} <= found


def retold(data: bytes, change: Callable[[dict[str, Any]], None], *, without: str = "") -> bytes:
    """The way told otherwise, files of a folder taken out, and the manifest written anew."""
    entries = {name: data for name, data in open_bundle(data).items() if not without or not name.startswith(without)}
    told = json.loads(entries["hops.json"])
    change(told)
    entries["hops.json"] = as_json(told)
    listed = json.loads(entries["manifest.json"])
    listed["files"] = {
        name: {"sha256": sha256(data).hexdigest(), "size": len(data)} for name, data in entries.items() if name != "manifest.json"
    }
    return pack(entries | {"manifest.json": as_json(listed)})


WAYS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "what moved it left out": (lambda told: told["others"].clear(), "others/"),
    "a recipient left out": (lambda told: told["deliveries"].pop(), ""),
    "steps exchanged": (lambda told: told["deliveries"][0]["steps"].reverse(), ""),
    "a step twice": (lambda told: told["deliveries"][0]["steps"].append(told["deliveries"][0]["steps"][-1]), ""),
    "a step in between said to be new": (lambda told: told["deliveries"][0]["steps"][1].update(entry=None), ""),
    "a step left out": (lambda told: told["deliveries"][0]["steps"].pop(2), ""),
    "the last step left out": (lambda told: told["deliveries"][0]["steps"].pop(), ""),
    "no steps at all": (lambda told: told["deliveries"][0]["steps"].clear(), ""),
    "a second way": (lambda told: told["deliveries"].append(told["deliveries"][0]), ""),
    "never fetched": (lambda told: told["deliveries"][0].update(transport="", transport_at=None), ""),
    "fetched at another time": (lambda told: told["deliveries"][0].update(transport_at="2021-09-28T00:00:00+07:00"), ""),
    "an hour without its zone": (lambda told: told["deliveries"][0]["steps"][0].update(at="2021-09-27T08:05:00"), ""),
    "a step of another place": (lambda told: told["deliveries"][0]["steps"][0].update(entry=0), ""),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_told_otherwise_is_found_by_hashes_and_by_us(
    way: str, bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path
) -> None:
    change, without = WAYS[way]
    forged = retold(bundle("good"), change, without=without)
    try:
        found = report(forged)
        assert "told-otherwise" in {one.rule for one in found.findings}
        assert not found.holds
    except BundleUnreadable as refusal:
        assert "zone" in way, refusal  # noqa: PT017 - either way is right
    done = run("python3 -I -S check.py", unpacked(forged, tmp_path), bare)
    assert done.returncode == 1, done.stdout


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({}, 0, "holds   it is ledger/"),
        ({"root": "00" * 32}, 1, "BROKEN  of the same "),
        ({"size": "1"}, 1, "UNPROVEN  it is of the first '1' entries"),
    ],
)
def test_a_kept_checkpoint_is_compared_by_the_script(
    change: dict[str, str], code: int, said: str, bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path
) -> None:
    """A witness' file: the very checkpoint, one of the same length that is another, one of another length."""
    folder = unpacked(bundle("lasting"), tmp_path / "e")
    for name in ("checkpoint", "later"):
        statement = (folder / "ledger" / f"{name}.json").read_text("utf-8")
        told = json.dumps(json.loads(statement) | change) if change else statement
        (tmp_path / "kept file.json").write_text(json.dumps({"checkpoint": told}), "utf-8")
        done = run("python3 -I -S check.py held '../kept file.json'", folder, bare)
        assert (done.returncode, done.stdout.startswith(said)) == (code, True), done


@pytest.mark.parametrize("text", ["", "[]", '{"checkpoint": 1}', '{"checkpoint": "[]"}', '{"checkpoint": "{}"}'])
def test_what_is_no_checkpoint_file_is_said_so(text: str, bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path) -> None:
    folder = unpacked(bundle("good"), tmp_path / "e")
    (tmp_path / "kept.json").write_text(text, "utf-8")
    done = run("python3 -I -S check.py held ../kept.json", folder, bare)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("BROKEN  a file cannot be read")
    assert len(done.stderr.splitlines()) == 1


def test_the_way_of_another_document_is_none_of_this_ones(bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path) -> None:
    """Everything in it is proven, of something else."""
    own, other = open_bundle(bundle("good")), open_bundle(bundle("lasting"))
    facts = {one["index"]: one for entries in (other, own) for one in json.loads(entries["ledger/facts.json"])}
    mixed = {name: data for name, data in own.items() if not name.startswith("others/")}
    mixed |= {name: data for name, data in other.items() if name.startswith("others/") or name == "hops.json"}
    mixed["ledger/facts.json"] = as_json([facts[index] for index in sorted(facts)])
    forged = retold(pack(mixed), lambda told: None)
    assert any("is not that of this document" in one.detail for one in report(forged).findings)
    assert run("python3 -I -S check.py", unpacked(forged, tmp_path), bare).returncode == 1


def test_nothing_is_proven_by_a_checkpoint_nobody_signed(bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path) -> None:
    def by_another(data: bytes) -> bytes:
        facts = json.loads(data)
        facts[0]["checkpoint"] = "fake"
        return as_json(facts)

    entries = open_bundle(lying(bundle("good"), "ledger/facts.json", by_another, manifest=True))
    forged = retold(pack(entries | {"ledger/fake.json": entries["ledger/checkpoint.json"]}), lambda told: None)
    with pytest.raises(BundleUnreadable, match="is no list of proofs"):
        report(forged)
    assert run("python3 -I -S check.py", unpacked(forged, tmp_path), bare).returncode == 1


def test_a_verdict_that_is_not_told_is_told_as_missing(bundle: Callable[[str], bytes]) -> None:
    hidden = lying(bundle("good"), "verdicts/recorded.json", lambda data: as_json({"judged": False}), manifest=True)
    assert "verdicts/recorded.json" in report(hidden).unproven


@pytest.mark.parametrize("name", ["hops.json", "contents.json", "verdicts/recorded.json", "ledger/facts.json", "receipt/statement.json"])
@pytest.mark.parametrize("data", [b"[]", b"{", b"[" * 100_000, b'{"deliveries": null, "others": [5], "omitted": 0}', b'{"x": "\\ud800"}'])
def test_nonsense_breaks_nobody(name: str, data: bytes, bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path) -> None:
    """Neither the reader nor the script ends with a traceback."""
    entries = open_bundle(bundle("good")) | {name: data}
    try:
        assert not check_bundle(read_bundle(entries)).holds
    except BundleUnreadable as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017 - either way is right
    done = run("python3 -I -S check.py", unpacked(pack(entries), tmp_path), bare)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_what_the_ledger_does_not_speak_of_is_named(bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path) -> None:
    """Whoever forges a step can say that it is too new for the checkpoint: then it is told as nobody's word but the folder's."""

    def too_new(told: dict[str, Any]) -> None:
        told["deliveries"][0]["steps"][-1] |= {"entry": None, "state": "done"}

    forged = retold(bundle("good"), too_new)
    assert report(forged).unproven == ("hops.json (H28.21: done)",)
    assert "UNPROVEN  the way to H28.21: done" in run("python3 -I -S check.py", unpacked(forged, tmp_path), bare).stdout
    assert report(bundle("good")).unproven == ()
    assert "verdicts/recorded.json" in report(bundle("unsealed")).unproven


def test_the_roots_are_compared_with_what_is_known_from_elsewhere(
    kept: Shelf, bundle: Callable[[str], bytes], bare: dict[str, str], tmp_path: Path
) -> None:
    """A folder made anew under a root of somebody's own answers every other question; and so would its README."""
    folder = unpacked(bundle("good"), tmp_path)
    (command,) = [command for _, command, _ in steps(folder) if "known" in command]
    assert run(command, folder, bare).returncode == 0
    for known in ("", kept.root.hex(), bare["KNOWN"].replace("0", "1")):
        assert run(command, folder, bare | {"KNOWN": known}).returncode == 1
    root = (folder / "certificates" / "authorities.pem").read_bytes()
    name = next(name for name in open_bundle(bundle("good")) if name.startswith("trust/at-"))
    forged = lying(bundle("good"), name, lambda data: data + root, manifest=True)
    assert [(one.rule, one.place.row) for one in report(forged).findings] == [("roots-differ", name)]
    assert run("python3 -I -S check.py", unpacked(forged, tmp_path / "forged"), bare).returncode == 1


@pytest.mark.parametrize("name", ["README.md", "README.vi.md", "check.py"])
def test_what_is_to_be_followed_and_is_not_ours_is_told(name: str, bundle: Callable[[str], bytes]) -> None:
    found = report(lying(bundle("good"), name, lambda data: data + b"\n", manifest=True))
    assert (found.holds, found.strange) == (True, (name,))
    assert report(bundle("good")).strange == ()


def test_another_documents_receipt_does_not_serve(bundle: Callable[[str], bytes]) -> None:
    entries, other = open_bundle(bundle("good")), open_bundle(bundle("lasting"))
    entries |= {name: data for name, data in other.items() if name.startswith("receipt/")}
    answers = report(pack(entries)).answers
    assert (answers.receipt, answers.included) == (False, False)


# --- the same again ---


@pytest.mark.parametrize("name", CASES)
def test_a_bundle_is_read_again_to_the_same_answers(name: str, bundle: Callable[[str], bytes]) -> None:
    data = bundle(name)
    assert looks_like_bundle(data)
    found = report(data)
    assert found.findings == ()
    assert found.holds is (name != "late")


def test_the_same_archive_gives_the_same_bytes(kept: Shelf, bundle: Callable[[str], bytes]) -> None:
    with Holdings(kept.path, fingerprints=[kept.root]) as holdings:
        (found,) = holdings.find(kept.packages["stamped"])
        again = write_bundle(open_dossier(holdings, found, load_policy(), outside=kept.newest), policy_bytes())
    assert again == bundle("stamped")
    with zipfile.ZipFile(io.BytesIO(again)) as archive:
        assert [info.filename for info in archive.infolist()] == sorted(archive.namelist())
        assert {(info.date_time, info.compress_type) for info in archive.infolist()} == {((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED)}


def verdicts(answers: Answers) -> list[tuple[Indication, SubIndication | None]]:
    return [(one.indication, one.sub_indication) for each in answers.signatures for one in each.verdicts]


def test_a_document_is_judged_at_another_time_too(kept: Shelf) -> None:
    """In 2040 the certificates are long over: receipt and ledger prove that the signatures, and the lists then in force, are older."""
    from datetime import UTC, datetime

    with Holdings(kept.path, fingerprints=[kept.root]) as holdings:
        dossiers = {
            name: open_dossier(holdings, holdings.find(kept.packages[name])[0], load_policy(), datetime(2040, 1, 1, tzinfo=UTC))
            for name in ("good", "in-time", "late", "unsealed")
        }
    found = {name: report(write_bundle(one, policy_bytes())) for name, one in dossiers.items()}
    assert {name: one.findings for name, one in found.items()} == dict.fromkeys(dossiers, ())
    passed = (Indication.TOTAL_PASSED, None)
    assert verdicts(found["good"].answers) == [passed] * 3
    assert verdicts(found["in-time"].answers) == [passed] * 2, "signed before the key was lost, which the receipt proves"
    assert verdicts(found["late"].answers)[0][1] is SubIndication.REVOKED_NO_POE
    assert passed not in verdicts(found["unsealed"].answers), "nothing proves yet that its lists are older than 2040"


# --- hostile zips ---


def zipped(
    *entries: tuple[str, bytes], compress: int = zipfile.ZIP_STORED, attributes: int = 0o100644 << 16, comment: bytes = b""
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compress) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type, info.create_system = attributes, compress, 3
            archive.writestr(info, data)
        archive.comment = comment
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "zip"),
        (b"PK\x03\x04", "zip"),
        (zipped(("../evil", b"x")), "'../evil'"),
        (zipped(("/etc/passwd", b"x")), "'/etc/passwd'"),
        (zipped(("a/./b", b"x")), "'a/./b'"),
        (zipped(("a\\b", b"x")), "'a\\\\b'"),
        (zipped(("C:x", b"x")), "'C:x'"),
        (zipped(("tài-liệu", b"x")), "'t\\xe0i-li\\u1ec7u'"),
        (zipped(("folder/", b"x")), "'folder/'"),
        (zipped(("a/b/c/d/e/f/g/h", b"x")), "'a/b/c/d/e/f/g/h'"),
        (zipped(("x" * 300, b"x")), f"'{'x' * 300}'"),
        (zipped(("File", b"1"), ("file", b"2")), "file"),
        (zipped(("a", b"1"), ("a/b", b"2")), "a/b"),
        (zipped(("link", b"/etc/passwd"), attributes=0o120777 << 16), "link"),
        (zipped(("bomb", bytes(10_000_000)), compress=zipfile.ZIP_DEFLATED), "bomb"),
        (zipped(("other", b"x" * 100), compress=zipfile.ZIP_BZIP2), "other"),
        (zipped(("a", b"x"), comment=b"hello"), "zip"),
        (zipped(("a", b"x"))[:-30], "zip"),
    ],
    ids=range(18),
)
def test_a_hostile_zip_is_refused_in_one_sentence(data: bytes, place: str) -> None:
    with pytest.raises(BundleUnreadable) as refusal:
        open_bundle(data)
    assert refusal.value.place == place
    assert "\n" not in str(refusal.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(BundleUnreadable, match="twice"):
        open_bundle(zipped(("a", b"1"), ("a", b"2")))


def test_entries_that_lie_over_each_other_are_refused() -> None:
    """Two lines of the directory over the same bytes: the way of a bomb whose ratio is small."""
    data = zipped(("a", b"x" * 100), ("b", b"y" * 100))
    second = data.rindex(b"PK\x01\x02")
    at = second + 42
    overlapping = data[:at] + bytes(4) + data[at + 4 :]
    with pytest.raises(BundleUnreadable):
        open_bundle(overlapping)


def test_a_bundle_zipped_again_by_somebody_is_still_one(bundle: Callable[[str], bytes]) -> None:
    entries = open_bundle(bundle("good"))
    again = zipped(*reversed(list(entries.items())), compress=zipfile.ZIP_DEFLATED)
    assert report(again).holds


@pytest.mark.parametrize("name", ["manifest.json", "contents.json", "package.edxml", "verdicts/recomputed.json", "receipt/statement.json",
                                  "ledger/checkpoint.json", "ledger/facts.json", "policy.toml", "certificates/anchors.pem"])  # fmt: skip
def test_a_part_that_is_missing_or_nonsense_is_named(name: str, bundle: Callable[[str], bytes]) -> None:
    whole = open_bundle(bundle("good"))
    without = {key: data for key, data in whole.items() if key != name}
    for entries in (without, whole | {name: b"[]"}, whole | {name: b"\xff\xfe"}, whole | {name: b"[" * 100_000}):
        try:
            assert not check_bundle(read_bundle(entries)).holds
        except BundleUnreadable as refusal:
            assert refusal.place.split("/")[0] in {name.split("/", maxsplit=1)[0], "verdicts or receipt"}  # noqa: PT017 - either way is right


@pytest.mark.parametrize(("said", "instead"), [(b'"number": "1"', b'"number": "7"'), (b'"document_id": "', b'"document_id": "x')])
def test_the_document_is_the_one_of_the_package(said: bytes, instead: bytes, bundle: Callable[[str], bytes]) -> None:
    def changed(data: bytes) -> bytes:
        assert said in data
        return data.replace(said, instead, 1)

    found = report(lying(bundle("good"), "contents.json", changed, manifest=True))
    assert [(one.rule, one.place.row) for one in found.findings] == [("file-differs", "contents.json")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=st.randoms(use_true_random=False))
def test_no_change_of_a_bundle_raises_anything_else_or_passes(choices: object, bundle: Callable[[str], bytes]) -> None:
    """A byte changed anywhere in any entry, the manifest written anew: refused, or not held, or a file that says nothing."""
    from random import Random

    rng = choices
    assert isinstance(rng, Random)
    whole = open_bundle(bundle("good"))
    name = rng.choice(sorted(whole))
    lie = lying(bundle("good"), name, flipped(rng.random()), manifest=name != "manifest.json")
    try:
        found = report(lie)
    except BundleUnreadable:
        return
    told = ("README", "check.py", "verdicts/recomputed.json", "trust/at-", "policy.toml", "certificates/")
    if found.holds:
        assert name.startswith(told), f"a change of {name} goes unseen"
