"""Audits over PostgreSQL: the same facts give the same report, the same bundles byte for byte and the same answers as in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from exchange.audit import ArchiveReport, Place, audit_archive
from exchange.audit.bundle_write import write_bundle
from exchange.audit.dossier import open_dossier
from exchange.audit.holdings import Holdings
from exchange.audit.reach import Index, Question
from exchange.checkpoints import read_checkpoint
from exchange.errors import ArchiveUnreadable
from exchange.store.engine import open_engine
from exchange.store.tables import APPEND_ONLY
from signing import load_policy, policy_bytes
from tests.exchange.audit import shelf
from tests.exchange.audit.conftest import Archive
from tests.exchange.audit.shelf import OTHER, START, Shelf
from tests.judges import needs_postgres
from tests.servers import Postgres
from tools.drill_archive import Field, build_archive

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A few documents with their statuses, refusals and negotiations, in a file."""
    path, field = tmp_path_factory.mktemp("stores") / "axis.db", Field("stores", agencies=4)
    return Archive(path, field, read_checkpoint(build_archive(path, field, 30, "2")))


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[str]:
    """A database for the archive of all tests."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="module")
def served(archive: Archive, database: str) -> str:
    """The same documents in PostgreSQL: an axis to which the same happened signs the same."""
    assert read_checkpoint(build_archive(database, archive.field, 30, "2")) == archive.outside
    return database


def same(one: ArchiveReport, other: ArchiveReport) -> bool:
    """All but what it is called."""
    return replace(one, path="") == replace(other, path="")


def test_the_report_is_that_of_the_file(archive: Archive, served: str) -> None:
    report = audit_archive(served, outside=[archive.outside])
    assert report.holds
    assert same(report, audit_archive(archive.path, outside=[archive.outside]))
    assert "truc" in report.path


CHANGES = (
    ("delivery_event", "reason = 'x' || reason", "reason = substr(reason, 2)", "id", "leaf-differs"),
    ("package", "priority = priority + 1", "priority = priority - 1", "id", "leaf-differs"),
    ("verdict", "at = at - 60", "at = at + 60", "id", "leaf-differs"),
    ("delivery", "since = since - 1", "since = since + 1", "id", "state-differs"),
    ("ledger_entry", "sequence = sequence + 1000000", "sequence = sequence - 1000000", "id", "sequence-gap"),
    ("checkpoint", "size = size + 1", "size = size - 1", "id", "checkpoint-differs"),
)


@pytest.mark.parametrize(("table", "change", "back", "key", "rule"), CHANGES)
def test_a_change_is_found_where_it_was_made(
    archive: Archive, served: str, table: str, change: str, back: str, key: str, rule: str
) -> None:
    engine = open_engine(served)

    def execute(assignment: str) -> int:
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN")
            row = int(connection.execute(text(f"SELECT min({key}) FROM {table}")).scalar_one())
            for one in APPEND_ONLY:
                connection.execute(text(f"ALTER TABLE {one.name} DISABLE TRIGGER USER"))
            connection.execute(text(f"UPDATE {table} SET {assignment} WHERE {key} = {row}"))
            for one in APPEND_ONLY:
                connection.execute(text(f"ALTER TABLE {one.name} ENABLE TRIGGER USER"))
            return row

    row = execute(change)
    try:
        found = audit_archive(served, outside=[archive.outside]).findings
    finally:
        execute(back)
        engine.dispose()
    assert rule in {one.rule for one in found if one.place == Place(table, str(row), one.place.package_id)}, found


ORGAN = "ALTER TABLE mailbox ALTER COLUMN organ TYPE"
AS_IT_WAS = f'{ORGAN} text COLLATE "C"'
LOOSE = (
    (f'{ORGAN} text COLLATE "default"', AS_IT_WAS, ("collation", "mailbox")),
    ("CREATE TABLE more () INHERITS (mailbox)", "DROP TABLE more", ("table-spread", "mailbox")),
    (f'{ORGAN} char(64) COLLATE "C"', AS_IT_WAS, ("column-type", "mailbox")),
)  # fmt: skip


@pytest.mark.parametrize(("change", "back", "told"), LOOSE)
def test_what_loosens_a_database_s_own_comparisons_is_told(
    archive: Archive, served: str, change: str, back: str, told: tuple[str, str]
) -> None:
    """What a key or a comparison passes over, an audit that reads by it would pass over too."""
    engine = open_engine(served)

    def execute(statements: str) -> None:
        with engine.connect() as connection:
            for statement in ("BEGIN", *statements.split("; "), "COMMIT"):
                connection.exec_driver_sql(statement)

    execute(change)
    try:
        found = audit_archive(served, outside=[archive.outside]).findings
    finally:
        execute(back)
        engine.dispose()
    assert told in {(one.rule, one.place.table) for one in found}, found


def test_bundles_and_answers_are_those_of_the_file(postgres: Postgres, tmp_path: Path) -> None:
    kept = shelf.build(tmp_path / "axis.db")
    with postgres.database() as url:
        there = shelf.build(url)
        assert there.packages == kept.packages
        assert there.newest == kept.newest
        for name in kept.packages:
            assert bundle(there, name) == bundle(kept, name), name
        answers = [reach(one) for one in (kept, there)]
    assert answers[0] == answers[1]
    assert len(answers[0]) > 0


def bundle(kept: Shelf, name: str) -> bytes:
    with Holdings(kept.path, fingerprints=[kept.root]) as holdings:
        (found,) = holdings.find(kept.packages[name])
        return write_bundle(open_dossier(holdings, found, load_policy(), outside=kept.newest), policy_bytes())


def reach(kept: Shelf) -> list[object]:
    question = Question(START, load_policy(), outside=(kept.early,), fingerprints=(kept.root,))
    index = Index(kept.path, question)
    leader = kept.field.offices[OTHER].leader.certificate_der
    return list(index.reach(leader).documents)


def test_an_address_that_leads_to_no_archive_is_refused_in_one_sentence_without_its_password(postgres: Postgres) -> None:
    with pytest.raises(ArchiveUnreadable, match="cannot be read as a database") as refused:
        audit_archive("postgresql+psycopg://truc:geheim@127.0.0.1:9/none")
    assert "geheim" not in str(refused.value)
    with pytest.raises(ArchiveUnreadable, match="cannot be opened as a database"):
        audit_archive("no address")
    url = postgres.create()
    with pytest.raises(ArchiveUnreadable, match="it holds no tables"):
        audit_archive(url)
    postgres.drop(url)
