"""An archive whose keys nothing enforces: a row that stands twice can hide one that is gone or forged from who reads by keys."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from exchange.audit import ArchiveReport, audit_archive
from exchange.store.engine import open_engine
from exchange.store.schema import unenforced
from exchange.store.tables import metadata
from tests.exchange.audit.conftest import Archive

TABLES = [table.name for table in metadata.sorted_tables]


def loosened(archive: Archive, folder: Path, *tables: str, also: str = "") -> Path:
    """The archive with these tables made anew: the same columns and rows, and none of their keys; then ``also``."""
    changed = folder / "changed.db"
    shutil.copy(archive.path, changed)
    db = sqlite3.connect(changed, isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for table in tables:
        columns = ", ".join(f"{name} {kind}" for _, name, kind, *_ in db.execute(f"PRAGMA table_info({table})"))
        db.executescript(f"CREATE TABLE bare ({columns}); INSERT INTO bare SELECT * FROM {table}; DROP TABLE {table};")
        db.execute(f"ALTER TABLE bare RENAME TO {table}")
    db.executescript(also)
    db.close()
    return changed


def missing(report: ArchiveReport) -> set[str]:
    return {one.place.table for one in report.findings if one.rule == "constraint-missing"}


@pytest.mark.parametrize("also", ["", "CREATE UNIQUE INDEX some ON package (id) WHERE id > 3", "CREATE INDEX some ON package (id)"])
def test_a_key_that_is_gone_is_listed(also: str, archive: Archive, tmp_path: Path) -> None:
    """Neither an index of some rows nor one that takes a value twice stands in for it."""
    report = audit_archive(loosened(archive, tmp_path, "package", also=also), outside=[archive.outside])
    assert {(one.place.table, one.rule, one.detail) for one in report.findings if one.rule == "constraint-missing"} == {
        ("package", "constraint-missing", "nothing in the database keeps id from being there twice"),
        ("package", "constraint-missing", "nothing in the database keeps package_id from being there twice"),
    }


def test_every_table_has_a_key_that_is_missed(archive: Archive, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{loosened(archive, tmp_path, *TABLES)}")
    assert {table for table, _ in unenforced(engine)} == set(TABLES)
    engine.dispose()


def test_a_reference_the_file_does_not_know_is_looked_at_all_the_same(archive: Archive, tmp_path: Path) -> None:
    """SQLite's own check asks only for those its tables declare: a delivery of a document that is not there would be passed over."""
    lost = "UPDATE delivery SET document = -86108 WHERE id = 5"
    report = audit_archive(loosened(archive, tmp_path, "delivery", also=lost), outside=[archive.outside])
    assert ("delivery", "5", "broken-reference") in {(one.place.table, one.place.row, one.rule) for one in report.findings}


@pytest.mark.parametrize("table", ["evidence", "negotiation", "delivery_event", "verdict", "refusal"])
def test_a_fact_twice_does_not_stand_in_for_one_that_is_gone(table: str, archive: Archive, tmp_path: Path) -> None:
    """As many facts have entries as there are entries, yet one is gone: both are listed, the one that is gone by its name."""
    key = next(column.name for column in metadata.tables[table].primary_key)
    with sqlite3.connect(archive.path) as db:
        (gone,) = db.execute(f"SELECT max({key}) FROM {table}").fetchone()
    db.close()
    twice = f"""
        DELETE FROM {table} WHERE {key} = {gone};
        INSERT INTO {table} SELECT * FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table});
    """
    report = audit_archive(loosened(archive, tmp_path, table, also=twice), outside=[archive.outside])
    assert missing(report) == {table}
    assert str(gone) in {one.place.row for one in report.findings if (one.place.table, one.rule) == (table, "fact-missing")}


def test_keys_with_indexes_of_other_names_are_keys(archive: Archive, tmp_path: Path) -> None:
    """What matters is that something enforces them, not how."""
    again = "CREATE UNIQUE INDEX one ON package (id); CREATE UNIQUE INDEX two ON package (package_id);"
    assert missing(audit_archive(loosened(archive, tmp_path, "package", also=again), outside=[archive.outside])) == set()
