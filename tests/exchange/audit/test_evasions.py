"""Ways around an audit: rows where it does not look, files it does not open, words of somebody who is not the axis."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.audit import ArchiveReport, audit_archive
from exchange.errors import ArchiveUnreadable
from tests.exchange.audit.conftest import Archive


def opened(path: Path) -> sqlite3.Connection:
    """For writing, its triggers dropped."""
    db = sqlite3.connect(path, isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    return db


def audited(archive: Archive, folder: Path, *statements: str) -> ArchiveReport:
    """The audit of a copy to which these statements were done."""
    path = folder / "changed.db"
    shutil.copy(archive.path, path)
    with closing(opened(path)) as db:
        for statement in statements:
            db.execute(statement)
    return audit_archive(path, outside=[archive.outside])


def rules(report: ArchiveReport) -> set[str]:
    return {one.rule for one in report.findings}


TO_THE_FRONT = {
    "evidence": "UPDATE evidence SET id = -9 WHERE id = (SELECT max(id) FROM evidence)",
    "ledger_entry": "UPDATE ledger_entry SET id = -7 WHERE id = (SELECT max(id) FROM ledger_entry)",
    "verdict": "UPDATE verdict SET id = 0 WHERE id = 1",
    "checkpoint": "INSERT INTO checkpoint SELECT 0, size, root, at, statement, signature FROM checkpoint WHERE id = 1",
    "mailbox": "UPDATE mailbox SET id = -id",
}


@pytest.mark.parametrize("table", TO_THE_FRONT)
def test_no_row_stands_before_the_first(archive: Archive, tmp_path: Path, table: str) -> None:
    """Pages begin at the first key a table can have."""
    report = audited(archive, tmp_path, "PRAGMA foreign_keys = OFF", TO_THE_FRONT[table])
    assert any(one.rule == "key-before-first" and one.place.table == table for one in report.findings)


def test_texts_are_compared_by_their_bytes(archive: Archive, tmp_path: Path) -> None:
    """By a collation that knows no capitals, 'event' and 'eVENT' are one kind: the second row is passed over."""
    report = audited(archive, tmp_path, "CREATE INDEX kinds ON ledger_entry (kind COLLATE NOCASE)")
    assert rules(report) == {"collation"}


def test_a_link_is_followed_to_what_lies_beside_the_file(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "axis.db", tmp_path / "link.db"
    shutil.copy(archive.path, real)
    link.symlink_to(real)
    with closing(opened(real)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("UPDATE delivery_event SET at = at - 1")
        found = [rules(audit_archive(path, outside=[archive.outside])) for path in (real, link)]
    assert found[0] == found[1] > {"leaf-differs"}


def test_a_writing_broken_off_is_not_read_past(archive: Archive, tmp_path: Path) -> None:
    """What stands in such a file is not what SQLite would say it holds."""
    path = tmp_path / "axis.db"
    shutil.copy(archive.path, path)
    journal = tmp_path / "axis.db-journal"
    journal.write_bytes(bytes(512))
    assert audit_archive(path, outside=[archive.outside]).holds, "a journal whose head was cleared undoes nothing"
    journal.write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(504))
    with pytest.raises(ArchiveUnreadable, match="a journal of an interrupted writing lies beside it"):
        audit_archive(path, outside=[archive.outside])


def test_nobody_else_becomes_the_axis(archive: Archive, tmp_path: Path) -> None:
    """Terms that name an agency's certificate as the axis': what it seals is not the axis' word, however new."""
    path = tmp_path / "changed.db"
    shutil.copy(archive.path, path)
    agency = next(iter(archive.field.offices.values())).seal_signs.holder.certificate_der
    with closing(opened(path)) as db:
        terms = json.loads(db.execute("SELECT statement FROM trust ORDER BY id DESC LIMIT 1").fetchone()[0])
        terms["axis"] = sha256(agency).hexdigest()
        said = json.dumps(terms, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        db.execute("INSERT INTO evidence (kind, sha256, data) VALUES ('axis', ?, ?)", (sha256(agency).digest(), agency))
        db.execute("INSERT INTO trust (after, statement) SELECT max(id), ? FROM verdict", (said,))
    assert "axis-renamed" in rules(audit_archive(path, outside=[archive.outside]))


NOTICE = "package IN (SELECT package FROM refusal)"
MAILBOXES: dict[str, tuple[str, str]] = {
    "a notice in another mailbox": (f"UPDATE mailbox SET organ = 'H17' WHERE {NOTICE}", "mailbox-differs"),
    "a notice at another time": (f"UPDATE mailbox SET available_at = available_at + 60 WHERE {NOTICE}", "mailbox-differs"),
    "a document in one mailbox more": (
        "INSERT INTO mailbox (organ, package, available_at, open, outcome, reason, rank)"
        " SELECT 'H99', package, available_at, 1, '', '', rank FROM mailbox"
        " WHERE package IN (SELECT id FROM package WHERE kind = 'edoc' AND operation = 0) LIMIT 1",
        "mailbox-extra",
    ),
}


@pytest.mark.parametrize("change", MAILBOXES)
def test_mailboxes_hold_what_is_theirs(archive: Archive, tmp_path: Path, change: str) -> None:
    statement, rule = MAILBOXES[change]
    assert rules(audited(archive, tmp_path, statement)) == {rule}


def test_an_operators_word_is_told_as_one(archive: Archive, tmp_path: Path) -> None:
    """Lines opened again are excused by an intervention, which anybody may write who writes in the file."""
    forged = (
        "INSERT INTO intervention (at, operator, action, organ, package_id, reason, rows)"
        " SELECT DISTINCT 1, 'x', 'resend', organ, '', '', 1 FROM mailbox"
    )
    report = audited(archive, tmp_path, forged, "UPDATE mailbox SET open = 1 WHERE outcome != ''")
    (told,) = [one for one in report.unchecked if one.what == "lines opened again"]
    assert told.count > 0
