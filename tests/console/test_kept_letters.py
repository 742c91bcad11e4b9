"""The auditor and the letters that offices keep: what was made to last is held against what was delivered, whatever became of the file."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from base64 import encodebytes
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from console.audit.kept import LEVEL, STAMP, with_kept
from console.cli import app
from console.locale import catalogue
from console.reports.canonical import canonical
from exchange.audit import ArchiveReport
from exchange.audit.bundle_check import check_bundle
from exchange.audit.bundle_json import KEPT
from exchange.audit.bundle_read import read_bundle
from exchange.audit.bundle_zip import MANIFEST, open_bundle, pack
from exchange.audit.holdings import Holdings
from scenarios.office.kept import KeptCopy, kept_copies
from scenarios.world.file import load_world
from scenarios.world.pki import build
from signing import Artefacts, LetterClaims, SignatureLevel, add_store, augment_letter, letter_claims, pack_letter, unpack_letter
from tests.console.conftest import Day
from tests.console.test_verify_words import _ENGLISH

ROOT = Path(__file__).resolve().parents[2]
Tamper = Callable[[sqlite3.Connection], object]


def truc(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def run(years: Day, years_folder: Path) -> Path:
    return years_folder


@pytest.fixture
def changed(run: Path, tmp_path: Path) -> Callable[[Tamper], ArchiveReport]:
    """What is found of the copies alone when somebody changed the offices' file."""

    def audited(tamper: Tamper) -> ArchiveReport:
        shutil.copy(run / "offices.db", tmp_path)
        with closing(sqlite3.connect(tmp_path / "offices.db")) as db:
            tamper(db)
            db.commit()
        return with_kept(NOTHING, tmp_path / "offices.db", partial(Holdings, run / "axis.db"))

    return audited


NOTHING = ArchiveReport("", (), 0, {}, (), 0, ())


def rules(report: ArchiveReport) -> Counter[str]:
    assert report.errors == len(report.findings)
    return Counter(one.rule for one in report.findings)


def test_the_folder_of_a_run_is_audited_with_what_its_offices_keep(run: Path, years: Day) -> None:
    answer = truc("audit", str(run), "--json")
    assert answer.exit_code == 0, answer.output
    tree = json.loads(answer.stdout)
    copies = sum(years.tree["lasting"]["copies"].values())
    assert tree["checked"]["kept letters"] == copies
    assert tree["checked"]["time-stamps of kept letters"] > copies
    assert 0 < tree["checked"]["kept letters found valid"] < copies, "a leader's certificate was revoked"
    (levels,) = (one for one in tree["unchecked"] if one["what"] == "levels of kept letters")
    assert levels["count"] == copies


def test_the_file_of_the_axis_alone_is_audited_alone(run: Path, tmp_path: Path) -> None:
    """Nothing of the offices is said where they were not asked for, or have no file there."""
    shutil.copy(run / "axis.db", tmp_path)
    for place in (run / "axis.db", tmp_path):
        answer = truc("audit", str(place), "--json")
        assert answer.exit_code == 0
        assert "kept" not in answer.stdout


def test_the_offices_file_is_no_archive(run: Path) -> None:
    answer = truc("audit", str(run / "offices.db"), "--lang", "en")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "it is no archive of an axis" in answer.stderr


# --- what can be done to a copy ---

LASTING = "level = 'B-LTA'"


def sql(statement: str) -> Tamper:
    return lambda db: db.execute(statement)


def digit_changed(where: Callable[[bytes, LetterClaims], int]) -> Tamper:
    """One digit of a signature or time-stamp of a lasting copy, packed anew as somebody does who knows how."""

    def tamper(db: sqlite3.Connection) -> None:
        path = Path(db.execute("PRAGMA database_list").fetchone()[2])
        copy = next(one for one in kept_copies(path) if isinstance(one, KeptCopy) and one.level == "B-LTA")
        data = unpack_letter(copy.kept)
        at = where(data, letter_claims(data))
        packed = pack_letter(data[:at] + (b"1" if data[at : at + 1] == b"0" else b"0") + data[at + 1 :])
        assert packed is not None
        key = (packed.tail, copy.agency, copy.document)
        assert db.execute("UPDATE archived_letters SET tail = ? WHERE agency = ? AND document = ?", key).rowcount == 1

    return tamper


def signature(which: int) -> Callable[[bytes, LetterClaims], int]:
    """Near the end of a CMS stands its signature's value."""

    def where(data: bytes, read: LetterClaims) -> int:
        value = read.ranges[which]
        return value.opening + 1 + len(data[value.opening + 1 : value.closing - 1].rstrip(b"0")) - 40

    return where


def added_behind(level: str) -> Tamper:
    """Another world's root and lists in the store of a copy, behind all that is stamped: as whoever knows how adds them to any letter."""

    def tamper(db: sqlite3.Connection) -> None:
        path = Path(db.execute("PRAGMA database_list").fetchone()[2])
        copy = next(one for one in kept_copies(path) if isinstance(one, KeptCopy) and one.level == level)
        stranger = build(load_world("first-day", "1")).pki.root.certificate_der
        packed = pack_letter(add_store(unpack_letter(copy.kept), Artefacts(certificates=(stranger,))))
        assert packed is not None
        key = (packed.tail, copy.agency, copy.document)
        assert db.execute("UPDATE archived_letters SET tail = ? WHERE agency = ? AND document = ?", key).rowcount == 1

    return tamper


def brought_along(data: bytes, read: LetterClaims) -> int:
    """In the certificate of an authority that the newest time-stamp carries: nothing covers it."""
    authority = read.seal.archive_tokens[-1].certificates[-1].hex().encode()
    return data.index(authority, read.ranges[-1].opening) + len(authority) // 2


CHANGES: dict[str, tuple[Tamper, set[str]]] = {
    "tails zeroed": (sql(f"UPDATE archived_letters SET tail = zeroblob(length(tail)) WHERE {LASTING}"), {"kept-letter-unreadable"}),
    "tails cut": (sql("UPDATE archived_letters SET tail = substr(tail, 1, length(tail) - 9)"), {"kept-letter-unreadable"}),
    "tails gone": (sql("UPDATE archived_letters SET tail = x''"), {"kept-letter-unreadable"}),
    "taken back to what was delivered": (sql(f"UPDATE archived_letters SET tail = delivered_tail WHERE {LASTING}"), {"kept-letter-level"}),
    "a level renamed": (sql(f"UPDATE archived_letters SET level = 'B-LT' WHERE {LASTING}"), {"kept-letter-level"}),
    "a level that is none": (sql("UPDATE archived_letters SET level = 'B-Ω'"), {"kept-letter-level"}),
    "a byte of what was delivered": (digit_changed(signature(0)), {"kept-letter-differs", "kept-letter-stamp"}),
    "a byte of a time-stamp": (digit_changed(signature(-1)), {"kept-letter-stamp"}),
    "a byte of what a time-stamp brings along": (digit_changed(brought_along), {"kept-letter-stamp"}),
    "more behind the last time-stamp": (added_behind("B-LTA"), {"kept-letter-stamp"}),
    "more behind the time-stamp it came with": (added_behind("B-T"), {"kept-letter-stamp"}),
    "what was delivered": (sql("UPDATE archived_letters SET delivered_tail = x'00'"), {"kept-letter-differs"}),
    "what was delivered made to last": (sql("UPDATE archived_letters SET delivered_tail = tail"), {"kept-letter-differs"}),
    "the letter of another document": (
        sql(
            "UPDATE archived_letters SET (tail, level) = (SELECT tail, level FROM archived_letters WHERE rowid = "
            "(SELECT max(rowid) FROM archived_letters)) WHERE rowid = (SELECT min(rowid) FROM archived_letters)"
        ),
        {"kept-letter-differs"},
    ),
    "another keeper": (
        sql("UPDATE archived_letters SET agency = 'H28.77' WHERE rowid = 1"),
        {"kept-letter-unknown", "kept-letter-missing"},
    ),
    "a document that never was": (
        sql("UPDATE archived_letters SET document = 'x' WHERE rowid = 1"),
        {"kept-letter-unknown", "kept-letter-missing"},
    ),
    "a copy deleted": (sql("DELETE FROM archived_letters WHERE rowid = 1"), {"kept-letter-missing"}),
    "a template that is none": (sql("UPDATE archived_letters SET template = zeroblob(32)"), {"kept-letter-unreadable"}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_to_a_copy_is_found_and_told(change: str, changed: Callable[[Tamper], ArchiveReport]) -> None:
    tamper, expected = CHANGES[change]
    report = changed(tamper)
    assert set(rules(report)) == expected
    text = catalogue("vi")
    for one in report.findings:
        told = text.phrase(one.detail)
        assert told != one.detail
        assert not _ENGLISH.search(told), told
        assert one.place.table == "archived_letters"
        assert text.label("audit-rule", one.rule) != one.rule
        assert one.clause in {LEVEL, STAMP} or one.clause != text.phrase(one.clause)


def test_each_of_the_copies_changed_is_named(run: Path, changed: Callable[[Tamper], ArchiveReport]) -> None:
    """The one change that an audit once passed over: the tails of all that was to last."""
    with closing(sqlite3.connect(run / "offices.db")) as db:
        rows = db.execute(f"SELECT agency || '/' || document FROM archived_letters WHERE {LASTING}").fetchall()
    report = changed(CHANGES["tails zeroed"][0])
    assert sorted(one.place.row for one in report.findings) == sorted(row for (row,) in rows)
    assert all(one.place.package_id for one in report.findings)


def test_that_all_copies_are_gone_can_only_be_asked(changed: Callable[[Tamper], ArchiveReport]) -> None:
    report = changed(sql("DELETE FROM archived_letters"))
    assert report.holds
    (one,) = report.unchecked
    assert (one.what, one.count > 70) == ("kept letters", True)
    assert one.why != catalogue("vi").phrase(one.why)


# --- a file that is no offices' file any more ---

SPOILT: dict[str, tuple[Tamper, str]] = {
    "a text for bytes": (sql("UPDATE archived_letters SET tail = 'x' WHERE rowid = 1"), "kept-letter-row"),
    "a number for bytes": (sql("UPDATE archived_letters SET template = 7 WHERE rowid = 1"), "kept-letter-row"),
    "bytes for a text": (sql("UPDATE archived_letters SET document = x'ff' WHERE rowid = 1"), "kept-letter-row"),
    "a text that is no UTF-8": (sql("UPDATE archived_letters SET agency = CAST(x'ff' AS TEXT) WHERE rowid = 1"), "kept-letter-row"),
    "a text without end": (sql("UPDATE archived_letters SET level = printf('%.100000c', 'B') WHERE rowid = 1"), "kept-letter-row"),
    "bytes without end": (sql("UPDATE archived_letters SET tail = zeroblob(30000000) WHERE rowid = 1"), "kept-letter-row"),
    "the first row of all": (sql("UPDATE archived_letters SET rowid = -9223372036854775808, tail = 7 WHERE rowid = 1"), "kept-letter-row"),
    "the last row of all": (sql("UPDATE archived_letters SET rowid = 9223372036854775807, tail = 7 WHERE rowid = 1"), "kept-letter-row"),
    "no table": (sql("DROP TABLE archived_letters"), "kept-letters-unreadable"),
    "a view": (
        lambda db: db.executescript("ALTER TABLE archived_letters RENAME TO a; CREATE VIEW archived_letters AS SELECT rowid, * FROM a"),
        "kept-letters-unreadable",
    ),
    "a column more": (sql("ALTER TABLE archived_letters ADD COLUMN rowid"), "kept-letters-unreadable"),
    "a column less": (sql("ALTER TABLE archived_letters DROP COLUMN level"), "kept-letters-unreadable"),
    "a table without row numbers": (
        lambda db: db.executescript(
            "ALTER TABLE archived_letters RENAME TO a; CREATE TABLE archived_letters (agency, document, level, delivered_template, "
            "delivered_tail, template, tail, PRIMARY KEY (agency, document)) WITHOUT ROWID; INSERT INTO archived_letters SELECT * FROM a"
        ),
        "kept-letters-unreadable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
def test_whatever_stands_in_the_file_is_told(spoilt: str, changed: Callable[[Tamper], ArchiveReport]) -> None:
    tamper, rule = SPOILT[spoilt]
    report = changed(tamper)
    found = rules(report)
    assert found[rule] == 1
    assert set(found) <= {rule, "kept-letter-missing"}
    for one in report.findings:
        assert "\n" not in one.detail
        told = catalogue("vi").phrase(one.detail)
        assert told != one.detail
        assert not _ENGLISH.search(told), told


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + bytes(4000)])
def test_a_foreign_file_is_one_finding(data: bytes, run: Path, tmp_path: Path) -> None:
    shutil.copy(run / "axis.db", tmp_path)
    (tmp_path / "offices.db").write_bytes(data)
    answer = truc("audit", str(tmp_path), "--lang", "en")
    assert answer.exit_code == 1
    assert "the letters kept by the offices cannot be read" in answer.stdout
    assert "Traceback" not in answer.output


def test_a_damaged_archive_of_the_axis_is_no_traceback(run: Path, tmp_path: Path) -> None:
    shutil.copy(run / "offices.db", tmp_path)
    data = bytearray((run / "axis.db").read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    (tmp_path / "axis.db").write_bytes(data)
    answer = truc("audit", str(tmp_path), "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["errors"]


# --- the copies as files ---


@pytest.fixture(scope="module")
def letters(run: Path, years: Day, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``tools/take_out_letters.py`` lays out, from a run in which somebody spoilt two rows of the offices' file."""
    folder = tmp_path_factory.mktemp("letters")
    for name in ("axis.db", "offices.db"):
        shutil.copy(run / name, folder)
    with closing(sqlite3.connect(folder / "offices.db")) as db:
        db.execute("UPDATE archived_letters SET tail = 7 WHERE rowid = 1")
        db.execute("UPDATE archived_letters SET tail = x'00' WHERE rowid = 2")
        db.commit()
    (folder / "measures.json").write_text(canonical(years.tree), encoding="utf-8")
    command = [sys.executable, str(ROOT / "tools" / "take_out_letters.py"), str(folder), str(folder / "out")]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("is left out") == len(done.stderr.splitlines()) == 2
    assert done.stdout.splitlines()[-1].startswith(f"./truc verify {folder}/out/kept/*.pdf --trust {folder}/out/trust --at ")
    return folder / "out"


def test_kept_copies_are_taken_out_beside_the_letters_delivered(letters: Path, run: Path) -> None:
    copies = [one for one in kept_copies(run / "offices.db") if isinstance(one, KeptCopy)]
    written = {path.stem: path.read_bytes() for path in (letters / "kept").glob("*.pdf")}
    assert len(written) == len(copies) - 2
    delivered = [path.read_bytes() for path in letters.glob("*.pdf")]
    assert all(any(copy.startswith(letter) for letter in delivered) for copy in written.values())
    for one in copies:
        data = unpack_letter(one.kept)
        assert written.get(f"{one.agency}-{one.document}", data) == data


def test_a_lasting_copy_is_judged_years_later_and_a_delivered_letter_no_more(letters: Path, run: Path) -> None:
    """What augmenting is for, as an auditor sees it."""
    lasting = [one for one in kept_copies(run / "offices.db") if isinstance(one, KeptCopy) and one.level == "B-LTA"]
    paths = [path for one in lasting if (path := letters / "kept" / f"{one.agency}-{one.document}.pdf").exists()]
    judged = ("--trust", "signed-for-years", "--at", "2026-01-05")
    answer = truc("verify", *map(str, paths), *judged, "--json")
    verdicts = Counter(_verdict(one) for one in json.loads(answer.stdout)["files"])
    assert verdicts["B-LTA", "TOTAL-PASSED"] >= len(paths) - 3 > 0, "a leader lost a key"
    answer = truc("verify", *map(str, letters.glob("*.pdf")), *judged, "--json")
    assert {_verdict(one)[1] for one in json.loads(answer.stdout)["files"]} == {"INDETERMINATE"}


def _verdict(file: dict[str, Any]) -> tuple[str, str]:
    seal = file["documents"][0]["signatures"][-1]
    return seal["level"], seal["indication"]


# --- a copy in a bundle ---


@pytest.fixture(scope="module")
def lasting(run: Path) -> KeptCopy:
    return next(one for one in kept_copies(run / "offices.db") if isinstance(one, KeptCopy) and one.level == "B-LTA")


@pytest.fixture(scope="module")
def entries(run: Path, lasting: KeptCopy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A bundle about a letter that its keepers made last."""
    path = tmp_path_factory.mktemp("bundle") / "e.zip"
    answer = truc("evidence", lasting.document, "--db", str(run), "-o", str(path), "--anchor", root())
    assert answer.exit_code == 0, answer.output
    return open_bundle(path.read_bytes())


def root() -> str:
    return sha256(build(load_world("signed-for-years", "1")).pki.root.certificate_der).hexdigest()


def findings(entries: dict[str, bytes]) -> set[tuple[str, str]]:
    report = check_bundle(read_bundle(entries))
    return {(one.place.row, one.rule) for one in report.findings} | {(name, "strange") for name in report.strange}


def with_letter(entries: dict[str, bytes], data: bytes) -> dict[str, bytes]:
    """The bundle with another copy, entered in its manifest by somebody who knows how."""
    manifest = json.loads(entries[MANIFEST])
    manifest["files"][KEPT] = {"sha256": sha256(data).hexdigest(), "size": len(data)}
    return entries | {KEPT: data, MANIFEST: json.dumps(manifest).encode()}


def test_a_bundle_brings_the_copy_made_to_last_latest(entries: dict[str, bytes], run: Path, lasting: KeptCopy) -> None:
    copies = [one for one in kept_copies(run / "offices.db") if isinstance(one, KeptCopy) and one.document == lasting.document]
    assert entries[KEPT] in {unpack_letter(one.kept) for one in copies}
    assert letter_claims(entries[KEPT]).seal.level == "B-LTA"
    assert entries[KEPT].startswith(entries["attachments/01.pdf"])
    assert findings(entries) == set()


def test_whoever_holds_the_bundle_can_judge_the_copy(entries: dict[str, bytes], tmp_path: Path) -> None:
    """With nothing but what lies in it and the root known from elsewhere."""
    for name, data in entries.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    day = max(token.generated_at for token in letter_claims(entries[KEPT]).seal.archive_tokens).isoformat()
    answer = truc("verify", str(tmp_path / KEPT), "--trust", str(tmp_path), "--anchor", root(), "--at", day)
    assert answer.exit_code == 0, answer.output


def test_the_bundles_own_script_asks_whether_it_is_a_copy_at_all(entries: dict[str, bytes], tmp_path: Path) -> None:
    """Whoever exchanged it wrote the manifest anew; the last one is another letter, whose own time-stamp holds."""
    whole, letter = entries[KEPT], entries["attachments/01.pdf"]
    digit = signature(-1)(whole, letter_claims(whole))
    changed = whole[:digit] + (b"1" if whole[digit : digit + 1] == b"0" else b"0") + whole[digit + 1 :]
    inside = len(letter) + 9
    for data, words in (
        (whole, "holds   kept: "),
        (letter, "BROKEN  kept: "),
        (letter + b"\n% more", "BROKEN  kept: "),
        (whole + b"\n% more", f"UNPROVEN  {KEPT}: what stands at its end"),
        (whole[:inside] + b"x" + whole[inside + 1 :], "BROKEN  kept: "),
        (b"%" + whole, "BROKEN  kept: "),
        (b"", "BROKEN  kept: "),
        (changed, "holds   kept: "),  # hashes alone say nothing of a signature
        (hashed(letter, 64), "holds   kept: "),  # nor that a digest stands in a token
        (hashed(letter, 65), "BROKEN  kept: "),  # each costs a reading of the whole
    ):
        code, said = scripted(with_letter(entries, data), tmp_path)
        assert (code, words in said) == (int(words.startswith("BROKEN")), True), said


def hashed(letter: bytes, times: int) -> bytes:
    """Something of the form of so many time-stamps behind a letter."""
    for _ in range(times):
        opening = len(letter) + len(b"/ByteRange [0 000000000 000000000 1]")
        letter += b"/ByteRange [0 %09d %09d 1]" % (opening, opening + 66)
        letter += b"<" + sha256(letter + b"\n").hexdigest().encode() + b">\n"
    return letter


def scripted(entries: dict[str, bytes], folder: Path) -> tuple[int, str]:
    for name, data in entries.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    command = [sys.executable, "-I", "-S", "check.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_copy_that_is_none_is_found_in_a_bundle(entries: dict[str, bytes]) -> None:
    whole = entries[KEPT]
    assert findings(entries | {KEPT: whole[:-1]}) == {(KEPT, "file-changed"), (KEPT, "file-differs")}
    assert findings(with_letter(entries, whole[:9] + b"x" + whole[10:])) == {(KEPT, "file-differs")}
    assert findings(with_letter(entries, b"")) == {(KEPT, "file-differs")}
    at = signature(-1)(whole, letter_claims(whole))
    for changed in (
        whole[:at] + (b"1" if whole[at : at + 1] == b"0" else b"0") + whole[at + 1 :],  # its newest time-stamp
        whole + b"\n% more",
        entries["attachments/01.pdf"] + b"\n% more",
        add_store(whole, Artefacts(certificates=(build(load_world("first-day", "1")).pki.root.certificate_der,))),
    ):
        assert findings(with_letter(entries, changed)) == {(KEPT, "file-differs")}
    other = entries | {"kept/other.pdf": b"x"}
    assert ("kept/other.pdf", "file-extra") in findings(other)
    without = {name: data for name, data in entries.items() if name != KEPT}
    assert findings(without) == {(KEPT, "file-missing")}


def pem(label: str, items: Iterable[bytes]) -> bytes:
    return b"".join(b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), encodebytes(one), label.encode()) for one in items)


def test_an_exchanged_copy_is_told_by_verify(entries: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    path.write_bytes(pack(entries))
    told = truc("verify", str(path), "--trust", "signed-for-years", "--lang", "vi")
    assert told.exit_code == 0, told.output
    path.write_bytes(pack(with_letter(entries, entries["attachments/01.pdf"] + b"\n% more")))
    told = truc("verify", str(path), "--trust", "signed-for-years", "--lang", "vi")
    assert (told.exit_code, f"{KEPT}: bản lưu trữ không đọc được như một văn bản" in told.stdout) == (1, True), told.output


def test_a_copy_stamped_under_a_root_that_the_bundle_brings_along_is_told(entries: dict[str, bytes], tmp_path: Path) -> None:
    """Everything in the bundle fits, but the root is somebody's own: it is none of those known from elsewhere."""
    own, at = build(load_world("first-day", "1")).pki, datetime(2021, 9, 29, 20, tzinfo=UTC)
    lists = tuple(own.crls(at))
    artefacts = Artefacts(certificates=own.trust_store().authorities, crls=lists)
    copy = augment_letter(entries["attachments/01.pdf"], SignatureLevel.LTA, lambda digest: own.stamp(digest, at), artefacts)
    root_too = {
        name: data + pem("CERTIFICATE", [own.root.certificate_der])
        for name, data in entries.items()
        if name == "certificates/anchors.pem" or name.startswith("trust/at-")
    }
    root_too[f"trust/at-{int(at.timestamp())}.pem"] = root_too["certificates/anchors.pem"] + pem("X509 CRL", lists)
    changed = with_letter(entries | root_too, copy)
    manifest = json.loads(changed[MANIFEST])
    manifest["files"] |= {name: {"sha256": sha256(data).hexdigest(), "size": len(data)} for name, data in root_too.items()}
    changed |= {MANIFEST: json.dumps(manifest).encode()}
    assert {found for found in findings(changed) if found[1] != "strange"} == set(), "by its own roots it is whole"
    path = tmp_path / "e.zip"
    path.write_bytes(pack(changed))
    told = truc("verify", str(path), "--trust", "signed-for-years", "--lang", "en")
    assert (told.exit_code, f"{KEPT}: its time-stamp 2 gives NO_" in told.stdout) == (1, True), told.output


def test_a_spoilt_copy_does_not_take_the_place_of_a_good_one(run: Path, lasting: KeptCopy, tmp_path: Path) -> None:
    """Whoever writes into an office's file must not choose what goes into the bundle: of two copies the later is spoilt, then both are."""
    (tmp_path / "r").mkdir()
    for name in ("axis.db", "offices.db"):
        shutil.copy(run / name, tmp_path / "r")
    copies = [one for one in kept_copies(run / "offices.db") if isinstance(one, KeptCopy)]
    document = next(name for name, count in Counter(one.document for one in copies if one.level == "B-LTA").items() if count > 1)
    own = sorted((one for one in copies if one.document == document), key=_newest, reverse=True)
    good = {unpack_letter(one.kept) for one in own}
    for one in own:
        path = tmp_path / "e.zip"
        assert truc("evidence", document, "--db", str(tmp_path / "r"), "-o", str(path), "--anchor", root()).exit_code == 0
        assert open_bundle(path.read_bytes())[KEPT] in good
        data = unpack_letter(one.kept)
        good.remove(data)
        at = signature(-1)(data, letter_claims(data))
        packed = pack_letter(data[:at] + (b"1" if data[at : at + 1] == b"0" else b"0") + data[at + 1 :])
        assert packed is not None
        with closing(sqlite3.connect(tmp_path / "r" / "offices.db")) as db:
            key = (packed.tail, one.agency, one.document)
            assert db.execute("UPDATE archived_letters SET tail = ? WHERE agency = ? AND document = ?", key).rowcount == 1
            db.commit()
    assert truc("evidence", document, "--db", str(tmp_path / "r"), "-o", str(path), "--anchor", root()).exit_code == 0
    assert KEPT not in open_bundle(path.read_bytes())


def _newest(one: KeptCopy) -> datetime:
    return max(token.generated_at for token in letter_claims(unpack_letter(one.kept)).seal.archive_tokens)


def test_where_nobody_keeps_a_copy_the_bundle_has_none(run: Path, lasting: KeptCopy, tmp_path: Path) -> None:
    """As of the axis' file alone, and out of a spoilt file of the offices."""
    (tmp_path / "r").mkdir()
    shutil.copy(run / "axis.db", tmp_path / "r")
    (tmp_path / "r" / "offices.db").write_bytes(b"no database")
    for place in (run / "axis.db", tmp_path / "r"):
        path = tmp_path / "e.zip"
        assert truc("evidence", lasting.document, "--db", str(place), "-o", str(path), "--anchor", root()).exit_code == 0
        assert KEPT not in open_bundle(path.read_bytes())
