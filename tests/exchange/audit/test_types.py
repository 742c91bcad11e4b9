"""SQLite keeps any type in any column, and the ledger's payloads do not tell bytes from their digits: an audit lists what is of another."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, Table, Text

from exchange.audit import audit_archive
from exchange.store.tables import metadata
from tests.exchange.audit.conftest import Archive

TYPES = {"text": "CAST({} AS BLOB)", "blob": "hex({})", "integer": "CAST({} AS BLOB)"}
"""A value of another type that looks the same, by the type there is."""


def copy_of(archive: Archive, folder: Path) -> sqlite3.Connection:
    shutil.copy(archive.path, folder / "changed.db")
    db = sqlite3.connect(folder / "changed.db", isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    return db


@pytest.mark.parametrize(
    ("table", "column", "twin"),
    [("delivery_event", "reason", "x''"), ("negotiation", "route", "x''"), ("mailbox", "reason", "x''")],
)
def test_empty_bytes_for_an_empty_text_are_listed(table: str, column: str, twin: str, archive: Archive, tmp_path: Path) -> None:
    """The one value whose digits are the value itself: no hash of the ledger differs, and nothing but its type tells."""
    db = copy_of(archive, tmp_path)
    (row,) = db.execute(f"SELECT min(id) FROM {table} WHERE {column} = ''").fetchone()
    db.execute(f"UPDATE {table} SET {column} = {twin} WHERE id = ?", (row,))
    db.close()
    report = audit_archive(tmp_path / "changed.db", outside=[archive.outside])
    assert [(one.place.table, one.place.row, one.detail) for one in report.findings if one.rule == "value-type"] == [
        (table, str(row), f"the column {column} holds a value of the type blob")
    ]
    assert {one.rule for one in report.findings} <= {"value-type", "mailbox-differs"}


def test_every_column_is_asked(archive: Archive, tmp_path: Path) -> None:
    """One value of each column of each table that has rows, of another type: each is listed where it stands."""
    db, changed = copy_of(archive, tmp_path), set()
    for table in metadata.sorted_tables:
        rows = [number for (number,) in db.execute(f"SELECT rowid FROM {table.name} ORDER BY rowid")]
        for number, column in enumerate(one for one in table.columns if not one.primary_key):
            place = _change(db, table, column.name, rows[number % len(rows)]) if rows else None
            if place is not None:
                changed.add((table.name, place, column.name))
    db.close()
    listed = {
        (one.place.table, one.place.row, one.detail.split()[2])
        for one in audit_archive(tmp_path / "changed.db", outside=[archive.outside]).findings
        if one.rule == "value-type"
    }
    assert listed == changed
    assert len(changed) > 70


def _change(db: sqlite3.Connection, table: Table, column: str, rowid: int) -> str | None:
    """Give a value another type; the row's key, or nothing where it is NULL or others have the new value."""
    kind = "blob" if isinstance(table.c[column].type, LargeBinary) else "text" if isinstance(table.c[column].type, Text) else "integer"
    key = " || '/' || ".join(one.name for one in table.primary_key.columns)
    try:
        done = db.execute(
            f"UPDATE {table.name} SET {column} = {TYPES[kind].format(column)} WHERE rowid = ? AND typeof({column}) = ?", (rowid, kind)
        )
    except sqlite3.IntegrityError:
        return None
    return str(db.execute(f"SELECT {key} FROM {table.name} WHERE rowid = ?", (rowid,)).fetchone()[0]) if done.rowcount else None
