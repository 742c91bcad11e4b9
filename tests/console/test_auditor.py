"""The auditor's commands over a real archive: what they promise about screens, files, languages and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.audit.words import FINDINGS_SHOWN
from console.cli import app
from exchange.audit.bundle_zip import open_bundle, pack
from exchange.checkpoints import checkpoint_statement, read_checkpoint, read_statement, write_checkpoint
from scenarios.world.file import load_world
from scenarios.world.pki import build
from tests.exchange.audit.test_evasions import opened
from tests.judges import needs_typst

DOCUMENT = "1/KH-UBND/H28"


def truc(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "140"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the first day, as anybody makes it."""
    out = tmp_path_factory.mktemp("r")
    assert truc("run", "first-day", "--out", str(out), "--lang", "en").exit_code == 0
    return out


@pytest.fixture(scope="module")
def root() -> str:
    """SHA-256 of the run's root, known from elsewhere."""
    return sha256(build(load_world("first-day", "1")).pki.root.certificate_der).hexdigest()


@pytest.fixture(scope="module")
def axis() -> str:
    return sha256(build(load_world("first-day", "1")).axis.certificate_der).hexdigest()


@pytest.fixture
def changed(folder: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A copy to be tampered with, at ``tmp_path/axis.db``."""
    shutil.copy(folder / "axis.db", tmp_path / "axis.db")
    connection = sqlite3.connect(tmp_path / "axis.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    connection.close()


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


# --- audit ---


def test_an_archive_that_holds_and_is_confirmed_from_outside(folder: Path, root: str) -> None:
    files = {path: digest(path) for path in folder.iterdir()}
    answer = truc("audit", str(folder), "--checkpoint", str(folder / "witness-central.json"), "--anchor", root, "--lang", "en")
    assert answer.exit_code == 0, answer.output
    assert "HOLDS" in answer.stdout
    unchecked = answer.stdout.partition("What could not be checked")[2].partition("What was checked")[0]
    assert unchecked.count("nothing signed speaks of it") == 3, "members, what is on its way, what the work took"
    assert "documents/s" in answer.stderr
    assert {path: digest(path) for path in folder.iterdir()} == files, "an audit leaves everything as it was, and nothing beside it"


def test_unconfirmed_it_says_what_is_missing_and_how_to_bring_it(folder: Path, root: str) -> None:
    for lang, word in (("en", "UNCONFIRMED"), ("vi", "CHƯA XÁC NHẬN")):
        answer = truc("audit", str(folder / "axis.db"), "--lang", lang)
        assert answer.exit_code == 0
        assert word in answer.stdout
        assert root in answer.stdout.replace("\n", "").replace(" ", "")
        assert "--anchor" in answer.stdout
        assert "--checkpoint" in answer.stdout


def test_every_error_is_in_the_json_and_in_the_report_the_first_on_the_screen(changed: sqlite3.Connection, tmp_path: Path) -> None:
    rows = changed.execute("SELECT package, signature FROM receipt").fetchall()
    changed.executemany(
        "UPDATE receipt SET signature = ? WHERE package = ?", [(data[:-1] + bytes([data[-1] ^ 1]), row) for row, data in rows]
    )
    changed.commit()
    path, page = str(tmp_path / "axis.db"), tmp_path / "report.html"
    answer = truc("audit", path, "--html", str(page), "--lang", "en")
    tree = json.loads(truc("audit", path, "--json", "--lang", "en").stdout)
    assert answer.exit_code == 1
    assert len(tree["findings"]) == tree["errors"] > FINDINGS_SHOWN
    assert tree["rules"]["receipt-signature"] == 30
    assert f"Errors found: {tree['errors']}." in answer.stdout
    assert "a receipt is not signed by the axis" in answer.stdout
    assert "more; --html and --json have all of them" in answer.stdout
    written = page.read_text("utf-8")
    assert all(one["package"] in written for one in tree["findings"])


def test_what_an_archive_holds_cannot_write_markup_or_move_the_cursor(changed: sqlite3.Connection, tmp_path: Path) -> None:
    changed.execute("UPDATE package SET kind = '<script>\x1b[2J\u202e' WHERE id = 1")
    changed.commit()
    answer = truc("audit", str(tmp_path / "axis.db"), "--html", str(tmp_path / "r.html"), "--lang", "vi")
    assert answer.exit_code == 1
    for shown in (answer.stdout, (tmp_path / "r.html").read_text("utf-8")):
        assert "\x1b[2J" not in shown
        assert "\u202e" not in shown
    assert "<script>" not in (tmp_path / "r.html").read_text("utf-8")


def test_a_verdict_over_time_names_what_moves_each_boundary(folder: Path, tmp_path: Path) -> None:
    answer = truc("audit", str(folder), "--timeline", DOCUMENT, "--html", str(tmp_path / "r.html"), "--json", "--lang", "en")
    assert answer.exit_code == 0, answer.output
    timelines = json.loads(answer.stdout)["timelines"]
    assert [one["signature"] for one in timelines] == ["ky_lanh_dao", "dau_co_quan"]
    last = timelines[0]["timeline"][-1]
    assert last["indication"] == "TOTAL-PASSED"
    assert last["until"] > "2024", "the receipt and the ledger keep it after its certificate's end"
    assert any("begins" in one["because"] for one in timelines[0]["timeline"])
    assert '<svg class="strip"' in (tmp_path / "r.html").read_text("utf-8")


def test_all_timelines(folder: Path) -> None:
    timelines = json.loads(truc("audit", str(folder), "--timeline", "all", "--json").stdout)["timelines"]
    assert len(timelines) == 14
    assert {one["timeline"][-1]["indication"] for one in timelines} == {"TOTAL-PASSED"}


@pytest.mark.parametrize("command", ["audit", "evidence", "blast-radius"])
def test_what_is_no_archive_is_wrong_usage_in_one_sentence(command: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database", encoding="utf-8")
    shutil.copy(folder / "axis.db", tmp_path / "old.db")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    (tmp_path / "empty").mkdir()
    for name in ("text", "old.db", "empty", "absent", "empty/absent"):
        path = str(tmp_path / name)
        given = {
            "audit": ("audit", path),
            "evidence": ("evidence", DOCUMENT, "--db", path, "-o", str(tmp_path / "e.zip")),
            "blast-radius": ("blast-radius", "x", "--since", "2021-09-27", "--db", path),
        }
        answer = truc(*given[command], "--lang", "en")
        assert (answer.exit_code, answer.stdout) == (2, ""), name
        assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert not (tmp_path / "e.zip").exists()


def test_wrong_options_are_told_apart(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}", encoding="utf-8")
    (tmp_path / "long.json").write_bytes(b" " * 65_537)
    os.mkfifo(tmp_path / "pipe")
    db = str(folder)
    for arguments, said in (
        (("audit", "a" * 300), "cannot be read: File name too long."),
        (("evidence", DOCUMENT, "--db", "a" * 300, "-o", str(tmp_path / "e.zip")), f"{'a' * 300} cannot be read: File name too long."),
        (("blast-radius", f"CN={'a' * 300}", "--since", "2021-09-27", "--db", db), "No certificate"),
        (("audit", db, "--checkpoint", str(tmp_path / "c.json")), "no checkpoint"),
        (("audit", db, "--checkpoint", str(tmp_path / "none")), "there is no such file"),
        (("audit", db, "--checkpoint", str(tmp_path / "pipe")), "is no regular file"),
        (("audit", db, "--checkpoint", str(tmp_path / "long.json")), "files of at most 65,536 bytes are read"),
        (("audit", db, "--trust", str(tmp_path / "none")), "No such file"),
        (("audit", db, "--anchor", "abc"), "SHA-256"),
        (("audit", db, "--timeline", "77/XX"), "no document"),
        (("audit", db, "--timeline", DOCUMENT, "--policy", "nobody"), "no such policy"),
        (("audit", db, "--policy", "nobody"), "--policy is about timelines"),
        (("audit", db, "--at", "2030-01-01"), "--at is about timelines"),
        (("audit", db, "--timeline", DOCUMENT, "--at", "yesterday"), "--at"),
        (("audit", db, "--html", str(tmp_path / "no" / "r.html")), "cannot be written"),
        (("evidence", "77/XX", "--db", db, "-o", str(tmp_path / "e.zip")), "no document"),
        (("evidence", DOCUMENT, "--db", db, "-o", str(tmp_path)), "no file name"),
        (("evidence", DOCUMENT, "--db", db, "-o", str(tmp_path / "no" / "e.zip")), "cannot be written"),
        (("blast-radius", "nobody at all", "--since", "2021-09-27", "--db", db), "No certificate"),
        (("blast-radius", "Nguyễn", "--since", "2021-09-27", "--db", db), "Several certificates"),
        (("blast-radius", str(tmp_path / "c.json"), "--since", "2021-09-27", "--db", db), "one certificate"),
        (("blast-radius", "x", "--since", "27.9.", "--db", db), "--since: 27.9. is no moment of the years 1990 to 2199; write the day as"),
        (("blast-radius", "x", "--since", "27/9/2021", "--db", db), "--since: write 27/9/2021 as 2021-09-27."),
        (("blast-radius", "x", "--since", "27/09/2021 14:00", "--db", db), "--since: write 27/09/2021 14:00 as 2021-09-27T14:00."),
        (("blast-radius", "x", "--since", "2021-09-27", "--at", "2021-01-01", "--db", db), "after --since"),
    ):
        answer = truc(*arguments, "--lang", "en")
        assert answer.exit_code == 2, (arguments, answer.output)
        assert said in answer.stderr, (arguments, answer.stderr)
        if arguments[0] == "audit" and "--html" not in arguments:
            assert len(answer.stderr.splitlines()) == 1, "before an audit that may take long"


def test_without_typst_a_printed_report_is_a_part_missing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    answer = truc("audit", str(folder), "--pdf", str(tmp_path / "r.pdf"), "--lang", "en")
    assert answer.exit_code == 3
    assert "typst" in answer.stderr


@needs_typst
@pytest.mark.parametrize("lang", ["en", "vi"])
def test_reports_are_printed_where_typst_is(lang: str, folder: Path, tmp_path: Path) -> None:
    audit, blast = tmp_path / "a.pdf", tmp_path / "b.pdf"
    assert truc("audit", str(folder), "--timeline", DOCUMENT, "--pdf", str(audit), "--lang", lang).exit_code == 0
    radius = ("blast-radius", "Lê Xuân Long", "--since", "2021-09-27T14:00", "--db", str(folder), "--pdf", str(blast))
    assert truc(*radius, "--lang", lang).exit_code == 1
    for path in (audit, blast):
        assert path.read_bytes().startswith(b"%PDF-")


# --- evidence ---


@pytest.fixture(scope="module")
def bundle(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "e.zip"
    kept = str(folder / "witness-central.json")
    answer = truc("evidence", DOCUMENT, "-o", str(path), "--db", str(folder), "--checkpoint", kept, "--lang", "en")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.strip() == str(path)
    assert "place in the ledger: holds" in answer.stderr
    return path


@pytest.mark.parametrize("name", ["README.md", "README.vi.md"])
def test_a_bundle_names_its_document_as_the_letter_does(bundle: Path, name: str) -> None:
    assert " 01/KH-UBND" in open_bundle(bundle.read_bytes())[name].decode().splitlines()[0]


def test_evidence_about_a_document_found_by_any_of_its_names(folder: Path, bundle: Path, tmp_path: Path) -> None:
    for name in (
        "1/KH-UBND",
        "01/KH-UBND/H28",
        "H28,2021,2700001",
        json.loads(open_bundle(bundle.read_bytes())["manifest.json"])["package_id"],
    ):
        path = tmp_path / "again.zip"
        kept = str(folder / "witness-central.json")
        assert truc("evidence", name, "-o", str(path), "--db", str(folder), "--checkpoint", kept).exit_code == 0
        assert path.read_bytes() == bundle.read_bytes(), name


def test_another_root_than_the_archives_is_said_to_be_that(folder: Path) -> None:
    answer = truc("audit", str(folder), "--anchor", "00" * 32, "--lang", "en")
    assert answer.exit_code == 1
    assert "none of those you named: the archive stands on SHA-256" in answer.stdout
    assert "give it by --anchor" not in answer.stdout.partition("What is wrong")[0]


def test_a_checkpoint_that_says_nothing_about_the_document_is_refused(folder: Path, tmp_path: Path) -> None:
    """It was left out without a word, and 'later checkpoint: holds' stood under it."""
    kept = read_checkpoint((folder / "witness-central.json").read_bytes())
    given = ("evidence", DOCUMENT, "-o", str(tmp_path / "e.zip"), "--db", str(folder), "--lang", "en")
    for size, said in ((10**6, "speaks of 1000000 entries, the archive has"), (1, "is older than the first one over the document")):
        one = kept.checkpoint
        statement = checkpoint_statement(one.origin, one.number, size, one.root, one.at)
        (tmp_path / "c.json").write_bytes(write_checkpoint(read_statement(statement, one.signature), kept.certificate))
        answer = truc(*given, "--checkpoint", str(tmp_path / "c.json"))
        assert (answer.exit_code, answer.stdout) == (2, "")
        assert said in answer.stderr
        assert not (tmp_path / "e.zip").exists()
    assert "checkpoint brought along" not in truc(*given).stderr
    assert "checkpoint brought along: holds" in truc(*given, "--checkpoint", str(folder / "witness-central.json")).stderr


DAMAGES = {
    "a receipt of another type": "UPDATE receipt SET signature = 'x'",
    "an instant out of reach": "UPDATE package SET admitted_at = 99999999999999",
    "a skeleton of another type": "UPDATE skeleton SET data = -1",
    "a checkpoint that is none": "UPDATE checkpoint SET statement = x'78'",
    "no receipt": "DELETE FROM receipt",
    "a checkpoint with another number": "UPDATE checkpoint SET id = 99 WHERE id = 1",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_evidence_out_of_a_damaged_archive_is_one_sentence(damage: str, folder: Path, tmp_path: Path) -> None:
    """No traceback, no waiting without end, and no bundle unless one can be made."""
    shutil.copy(folder / "axis.db", tmp_path / "axis.db")
    with closing(opened(tmp_path / "axis.db")) as db:
        db.execute(DAMAGES[damage])
    answer = truc("evidence", DOCUMENT, "-o", str(tmp_path / "e.zip"), "--db", str(tmp_path), "--lang", "en")
    assert answer.exit_code in (0, 2)
    assert (tmp_path / "e.zip").exists() is (answer.exit_code == 0)
    assert answer.exit_code == 0 or answer.stderr.count("\n") == 1


def test_a_document_found_under_a_number_that_is_not_its_own_is_told(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "axis.db", tmp_path / "axis.db")
    with closing(opened(tmp_path / "axis.db")) as db:
        db.execute("UPDATE document SET number = '99' WHERE document_id = 'H28,2021,2700001'")
    answer = truc("evidence", "99/KH-UBND", "-o", str(tmp_path / "e.zip"), "--db", str(tmp_path), "--lang", "en")
    assert answer.exit_code == 1
    assert "the archive lists it as 99/KH-UBND, and the package says 1/KH-UBND" in answer.stderr


def test_truc_verify_takes_a_bundle_and_trusts_only_what_is_confirmed(bundle: Path, root: str, axis: str) -> None:
    given = ("verify", str(bundle), "--at", "2040-01-01", "--json")
    alone, rooted, confirmed = truc(*given), truc(*given, "--anchor", root), truc(*given, "--anchor", root, "--anchor", axis)
    assert (alone.exit_code, rooted.exit_code, confirmed.exit_code) == (1, 1, 0)
    reasons = [json.loads(one.stdout)["files"][0] for one in (alone, rooted, confirmed)]
    assert [one["kind"] for one in reasons] == ["bundle"] * 3
    first = [one["documents"][0]["signatures"][0]["sub-indication"] for one in reasons]
    assert first == ["NO_CERTIFICATE_CHAIN_FOUND", "OUT_OF_BOUNDS_NO_POE", None]
    assert [sum(check["name"] == "bundle-axis" for check in one["checks"]) for one in reasons] == [1, 1, 0]
    assert reasons[2]["documents"][0]["signatures"][0]["proven-by"] == "receipt"
    now = json.loads(truc("verify", str(bundle), "--json", "--anchor", root, "--anchor", axis).stdout)["files"][0]
    over_time = [one["indication"] for one in now["documents"][0]["signatures"][0]["timeline"]]
    assert "TOTAL-FAILED" not in over_time, "before its certificate began a letter is accused of nothing: nothing proves that it was there"


def test_a_bundle_is_judged_by_its_scenario_and_takes_what_its_own_advice_names(bundle: Path, axis: str) -> None:
    """A scenario brings its roots and says who its axis is; another world's does neither, and naming the axis is not refused then."""
    given = ("verify", str(bundle), "--at", "2026-01-01", "--lang", "en")
    ours = truc(*given, "--trust", "first-day")
    assert ours.exit_code == 0, ours.output
    assert "by the axis' receipt" in ours.stdout
    other = truc(*given, "--trust", "first-day:2", "--anchor", axis)
    assert other.exit_code == 1
    assert "NO_CERTIFICATE_CHAIN_FOUND" in other.stdout
    assert "It is not known whether the receipt is that of the axis" not in other.stdout


def test_a_bundle_brings_the_register_of_an_axis_that_is_known(bundle: Path, root: str, axis: str, tmp_path: Path) -> None:
    """The register is the axis' word, like the receipt: it counts for nothing while it is not known whose bundle it is."""
    given = ("verify", str(bundle), "--at", "2040-01-01", "--json", "--anchor", root)
    unknown, known = (json.loads(truc(*given, *more).stdout)["files"][0] for more in ((), ("--anchor", axis)))
    assert (unknown["register"], known["register"], known["verdict"]) == ("", str(bundle), "passed")
    (tmp_path / "r.json").write_bytes(b'{"organisations":[],"signers":[]}')
    asked = json.loads(truc(*given, "--anchor", axis, "--register", str(tmp_path / "r.json")).stdout)["files"][0]
    assert (asked["register"], asked["verdict"]) == (str(tmp_path / "r.json"), "failed")
    assert [check["name"] for check in asked["checks"]][:3] == ["unknown-sender", "leader-not-of-sender", "organisation-not-sender"]


def test_a_bundle_lends_nothing_to_others_and_a_name_that_fits_nothing_is_said(bundle: Path, tmp_path: Path) -> None:
    """Its list of roots may hold anything, the axis of the scenario too; that one is known as the axis and not as a root."""
    entries = open_bundle(bundle.read_bytes())
    axis = entries["certificates/axis.pem"]
    entries["certificates/anchors.pem"] += axis
    (tmp_path / "h.zip").write_bytes(pack(entries))
    answer = truc("verify", str(bundle), str(tmp_path / "h.zip"), "--trust", "first-day", "--at", "2021-09-28", "--json")
    assert len(json.loads(answer.stdout)["trust"]["anchors"]) == 1
    answer = truc("verify", str(bundle), "--trust", "first-day", "--anchor", "00" * 32, "--lang", "en")
    assert answer.exit_code == 2
    assert f"has the SHA-256 {'00' * 32}" in answer.stderr


def test_an_archive_named_instead_of_a_file_is_told_what_takes_one(folder: Path) -> None:
    for path in (folder, folder / "axis.db"):
        answer = truc("verify", str(path), "--lang", "en")
        assert answer.exit_code == 2
        assert f"`truc audit {path}`" in answer.stderr


def test_a_bundle_that_lies_fails_with_what_is_wrong(bundle: Path, root: str, axis: str, tmp_path: Path) -> None:
    entries = open_bundle(bundle.read_bytes())
    entries["hops.json"] += b"\n"
    (tmp_path / "lie.zip").write_bytes(pack(entries))
    answer = truc("verify", str(tmp_path / "lie.zip"), "--anchor", root, "--anchor", axis, "--at", "2021-09-28", "--lang", "en")
    assert answer.exit_code == 1
    assert "hops.json: it is not the file that was put in" in answer.stdout
    strange = open_bundle(bundle.read_bytes())
    strange["check.py"] += b"\n"
    listed = json.loads(strange["manifest.json"])
    listed["files"]["check.py"] = {"sha256": sha256(strange["check.py"]).hexdigest(), "size": len(strange["check.py"])}
    (tmp_path / "lie.zip").write_bytes(pack(strange | {"manifest.json": json.dumps(listed).encode()}))
    given = ("verify", str(tmp_path / "lie.zip"), "--anchor", root, "--anchor", axis, "--at", "2021-09-28")
    assert "check.py is not what this program writes" in truc(*given, "--lang", "en").stdout
    assert "check.py không phải thứ chương trình này ghi" in truc(*given, "--lang", "vi").stdout
    del entries["package.edxml"]
    (tmp_path / "lie.zip").write_bytes(pack(entries))
    for lang, said in (("en", "package.edxml is missing"), ("vi", "package.edxml bị thiếu")):
        answer = truc("verify", str(tmp_path / "lie.zip"), "--lang", lang)
        assert answer.exit_code == 2
        assert said in answer.stderr


# --- blast radius ---


def test_what_changes_is_told_with_documents_agencies_and_verdicts(folder: Path, tmp_path: Path) -> None:
    given = ("blast-radius", "Lê Xuân Long", "--since", "2021-09-27T14:00", "--db", str(folder))
    answer = truc(*given, "--html", str(tmp_path / "r.html"), "--lang", "en")
    assert answer.exit_code == 1, answer.output
    for said in ("02/UBND-KGVX", "REVOKED_NO_POE", "They do not stand on this key", "Still hold"):
        assert said in answer.stdout
    tree = json.loads(truc(*given, "--json").stdout)
    assert [one["name"] for one in tree["documents"]] == ["02/UBND-KGVX"]
    assert (tree["depending"], tree["standing"], tree["changing"]) == ({"letter": 2}, {"letter": 1}, {"letter": 1})
    assert "02/UBND-KGVX" in (tmp_path / "r.html").read_text("utf-8")


def test_a_key_that_changes_nothing_ends_with_zero(folder: Path) -> None:
    answer = truc("blast-radius", "cơ quan Đảng", "--since", "2021-09-27", "--db", str(folder), "--lang", "vi")
    assert answer.exit_code == 0, answer.output
    assert "GIỮ NGUYÊN" in answer.stdout


def test_the_axis_key_takes_its_receipts_along_unless_a_witness_kept_a_checkpoint(folder: Path) -> None:
    given = ("blast-radius", "Trục liên thông", "--since", "2021-09-27T17:00", "--at", "2021-09-28", "--db", str(folder), "--json")
    alone = json.loads(truc(*given).stdout)
    helped = json.loads(truc(*given, "--checkpoint", str(folder / "witness-central.json")).stdout)
    assert alone["changing"]["receipt"] == 30
    assert alone["axis"] is helped["axis"] is True
    assert "receipt" not in helped["changing"]
