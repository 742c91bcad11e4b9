"""The tamper drill in small: fifty changes of every kind, audited against a checkpoint kept outside, all found and every one listed."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from exchange.audit import ArchiveReport, Finding, Place, audit_archive
from tests.exchange.audit.conftest import Archive
from tools.tamper_changes import CHANGES, KEYED, Change, stand_twice
from tools.tamper_drill import Round, drill, missed


@pytest.fixture(scope="module")
def rounds(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> list[Round]:
    """Four audits: one of them with the newest package gone and its end of the ledger, one with a ledger written and signed anew,
    one in which a row stands twice in a table without its keys."""
    folder: Path = tmp_path_factory.mktemp("drill")
    return list(drill(archive.path, archive.outside, archive.field.signer, 50, 14, "ci", folder))


def test_all_fifty_changes_are_found_and_each_is_listed(rounds: list[Round]) -> None:
    assert sum(len(one.changes) for one in rounds) == 50
    assert [change for one in rounds for change in one.missed] == []


def test_the_drill_is_about_something(rounds: list[Round]) -> None:
    """Every way of changing something has its turn, and most tables."""
    kinds = Counter(change.kind for one in rounds for change in one.changes)
    assert set(kinds) >= {"byte", "delete", "delete-newest", "fork", "reorder", "back-date", "twice"}
    assert len(CHANGES) == 6
    assert len({table for one in rounds for change in one.changes for table, _ in change.rows}) > 10


def test_a_ledger_written_and_signed_anew_contradicts_only_the_checkpoint_outside(rounds: list[Round]) -> None:
    forked = [one for one in rounds if any(change.kind == "fork" for change in one.changes)]
    assert forked
    for one in forked:
        assert one.rules & {"ledger-forked", "outside-root"}


@pytest.mark.parametrize("table", KEYED)
def test_a_row_stands_twice_where_the_keys_were_taken(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr("tools.tamper_changes.KEYED", (table,))
    copy = tmp_path / "keyless.db"
    shutil.copy(archive.path, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        change = stand_twice(db, Random(table))
    found = audit_archive(copy, outside=[archive.outside])
    assert missed([change], found) == ()
    assert "constraint-missing" in {one.rule for one in found.findings if one.place.table == table}


def test_a_change_that_no_finding_points_to_counts_as_missed() -> None:
    """The drill itself can fail: a finding elsewhere does not count, one at the row or about the package does."""
    change = Change("byte", "x", frozenset({("verdict", "3")}), "abc")

    def report(place: Place) -> ArchiveReport:
        return ArchiveReport("x", (Finding(place, "r", "c", "d"),), 1, {}, (), 0, ())

    assert missed([change], report(Place("verdict", "4"))) == (change,)
    assert missed([change], report(Place("package", "3", "abd"))) == (change,)
    assert missed([change], report(Place("verdict", "3"))) == ()
    assert missed([change], report(Place("blob", "9", "abc"))) == ()
