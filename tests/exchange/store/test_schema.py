"""The database: its version, its triggers, and what it says when the machine fails."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from exchange.administration import Deed
from exchange.api import Receipt, Submission
from exchange.audit import audit_archive
from exchange.errors import StoreUnavailable, StoreVersionMismatch
from exchange.metering import Reported
from exchange.store import schema
from exchange.store.engine import open_engine
from exchange.store.schema import MIGRATIONS, ensure_schema, upgrade
from exchange.store.tables import APPEND_ONLY, VERSION, metadata
from exchange.store.work import Store
from signing import add_document_timestamp
from tests import empty_databases
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    PROVINCE,
    TODAY,
    Doc,
    at,
    caller,
    file_url,
    letter,
    open_field,
    pki,
    send,
    states,
    take,
    total,
)


@pytest.fixture(autouse=True)
def migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here every empty database is brought up by Alembic."""
    monkeypatch.setattr(schema, "upgrade", upgrade)


def test_a_database_of_other_tests_is_what_the_migrations_make() -> None:
    """Table by table, index by index, row by row; the second one is the copy."""
    dumps = []
    for bring in (upgrade, empty_databases.upgrade, empty_databases.upgrade):
        engine = open_engine("sqlite://")
        bring(engine)
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            dumps.append(sorted(raw.iterdump()))
        engine.dispose()
    assert dumps[0] == dumps[1] == dumps[2]
    assert len(dumps[0]) > 50
    assert upgrade is empty_databases.MIGRATE is not empty_databases.upgrade


def packages(count: int, start: int = 100) -> list[bytes]:
    return [Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(start + number)).package() for number in range(count)]


def test_the_migrations_make_exactly_the_tables_of_the_code() -> None:
    engine = open_engine("sqlite://")
    ensure_schema(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == VERSION


def test_a_database_of_another_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    open_field(file_url(path)).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreVersionMismatch) as caught:
        open_field(file_url(path))
    assert str(caught.value) == f"the database is at schema 9999, this release needs {VERSION}"


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    raw.close()
    with pytest.raises(StoreVersionMismatch):
        open_field(file_url(path))
    with sqlite3.connect(path) as raw:
        assert [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")] == ["recipes"]
    raw.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at", None])
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "axis.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content * 100)
    with pytest.raises(StoreUnavailable):
        open_field(file_url(path))


def test_the_history_and_the_ledger_can_only_be_added_to(tmp_path: Path) -> None:
    """Every table of the list, each with a row at least: a trigger speaks for rows only."""
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path), metering=Reported("here"))
    send(axis, PROVINCE, packages(1)[0], 0)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "7", letter=b"none").package(), 0)
    for package in packages(40, 200):
        send(axis, PROVINCE, package, 0)
    stamped = add_document_timestamp(letter(PROVINCE, (DEPARTMENT,), "8", TODAY), lambda digest: pki().stamp(digest, at(-60)))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "8", letter=stamped).package(), 0)
    axis.settle(at(60))
    axis.administration.requeue(None, Deed("an", "mended"))
    axis.seal(at(60))
    axis.close()
    raw = sqlite3.connect(path)
    for table in APPEND_ONLY:
        assert raw.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
        column = next(iter(table.columns)).name
        for statement in (f"DELETE FROM {table.name}", f"UPDATE {table.name} SET {column} = {column}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(statement)
    raw.close()


OLD = Path(__file__).parent / "data" / "axis-0001.sql.gz"
"""An axis of the first release, written out by ``iterdump``: documents, annexes in chunks, refusals, statuses, a take-back agreed to."""


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with sqlite3.connect(path) as raw:
        names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        found = {name: sorted(raw.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}
    raw.close()
    return found


def old_database(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(path) as raw:
        raw.executescript(gzip.decompress(OLD.read_bytes()).decode())
    raw.close()
    return dump(path)


def test_a_database_of_the_first_release_moves_on_with_everything_in_it(tmp_path: Path) -> None:
    """Every row of every old table is the same afterwards; the axis goes on in it, seals all of it, and an audit finds nothing wrong."""
    path = tmp_path / "axis.db"
    before = old_database(path)
    with pytest.raises(StoreVersionMismatch):
        open_field(file_url(path))
    engine = open_engine(file_url(path))
    upgrade(engine)
    engine.dispose()
    after = dump(path)
    former = {name: [row[: len(before[name][0])] for row in rows] for name, rows in after.items() if before.get(name)}
    assert former == {name: rows for name, rows in before.items() if rows} | {"alembic_version": [(VERSION,)]}
    new = {
        "breaker",
        "checkpoint",
        "evidence",
        "horizon",
        "intervention",
        "ledger_entry",
        "ledger_node",
        "letter_stamp",
        "lockout",
        "operation",
        "path_step",
        "stage_time",
        "trust",
    }
    assert {name for name in after if name not in before} == new
    axis = open_field(file_url(path))
    sealed = axis.seal(at(3600))
    assert sealed.size > len(before["receipt"]) + len(before["delivery_event"]) + len(before["verdict"]) + len(before["refusal"])
    send(axis, PROVINCE, packages(1, 900)[0], 4000)
    axis.settle(at(4060))
    axis.seal(at(4060))
    axis.close()
    report = audit_archive(path)
    assert report.findings == ()
    assert report.checked["packages"] == len(before["receipt"]) + 1
    for table in ("receipt", "verdict", "ledger_entry"):
        with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(f"DELETE FROM {table}")
        raw.close()


def test_the_second_schema_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    before = old_database(path)
    engine = open_engine(file_url(path))
    upgrade(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.commit()
    engine.dispose()
    assert dump(path) == before


def test_a_read_only_database_takes_nothing_and_still_shows_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path))
    receipt = send(axis, PROVINCE, packages(1)[0], 0)
    axis.settle(at(60))
    axis.close()
    reader = open_field_read_only(path)
    with pytest.raises(StoreUnavailable) as caught:
        send(reader, PROVINCE, packages(1, 200)[0], 70)
    assert "read-only" in str(caught.value)
    assert set(states(reader, receipt, PROVINCE).values()) == {"waiting"}
    reader.close()


def open_field_read_only(path: Path):  # type: ignore[no-untyped-def]
    """An axis whose connections may not write: what a read-only disk does to SQLite."""
    from sqlalchemy import event

    axis = open_field(file_url(path))
    engine = axis._store.engine
    axis._store.close()

    def refuse_writes(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only=ON")

    event.listen(engine, "connect", refuse_writes)
    return axis


def test_a_full_disk_leaves_nothing_half_done_and_what_was_accepted_whole(tmp_path: Path) -> None:
    """The file may grow by a few pages only; the submission that does not fit leaves no row, and the axis goes on when there is room."""
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path))
    first = send(axis, PROVINCE, packages(1)[0], 0)
    limit_pages(axis._store, 8)
    big = Doc(PROVINCE, (DEPARTMENT,), "77", annexes=(os.urandom(200_000),)).package()
    huge = Doc(PROVINCE, (DEPARTMENT,), "78", annexes=(os.urandom(1_000_000),)).package()
    for package in (big, huge):
        with pytest.raises(StoreUnavailable) as caught:
            axis.submit(caller(PROVINCE), [Submission(package)], at(10))
        assert "full" in str(caught.value)
    assert axis.receipts() == 1
    assert total(axis) == 2
    limit_pages(axis._store, 100_000)
    axis.sweep(0)
    (answer,) = axis.submit(caller(PROVINCE), [Submission(huge)], at(20))
    assert isinstance(answer, Receipt)
    axis.settle(at(100))
    assert set(states(axis, first, PROVINCE).values()) == {"waiting"}
    assert huge in take(axis, DEPARTMENT, 100)
    axis.close()


def limit_pages(store: Store, extra: int) -> None:
    cursor = store.connect().cursor()
    pages = cursor.execute("PRAGMA page_count").fetchone()[0]
    cursor.execute(f"PRAGMA max_page_count={pages + extra}")
    cursor.close()


def test_a_full_disk_during_settling_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path))
    receipts = [send(axis, PROVINCE, package, 0) for package in packages(40)]
    limit_pages(axis._store, 1)
    with pytest.raises(StoreUnavailable):
        axis.settle(at(60))
    assert total(axis) == 80
    axis.close()
    axis = open_field(file_url(path))
    axis.settle(at(600))
    assert all(set(states(axis, receipt, PROVINCE).values()) == {"waiting"} for receipt in receipts)
    assert len(take(axis, DEPARTMENT, 600)) == 40
    axis.close()


CHILD = """
import os, resource, sys
from exchange.errors import StoreUnavailable
from tests.exchange.axis.field import *
axis = open_field(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
admitted = 0
try:
    for number in range(100, 200):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number), annexes=(os.urandom(100_000),)).package(), 0)
        admitted += 1
except StoreUnavailable as error:
    print(admitted, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a matter of POSIX")
def test_a_disk_that_takes_no_more_from_the_process(tmp_path: Path) -> None:
    """The operating system refuses to let the files grow: one sentence, and every receipt given is honoured afterwards."""
    url = file_url(tmp_path / "axis.db")
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", CHILD, url], cwd=root, env=environment, capture_output=True, check=True)
    admitted, sentence = done.stdout.decode().split(maxsplit=1)
    assert sentence.startswith("the database cannot be used: the disk")
    axis = open_field(url)
    assert axis.receipts() == total(axis) == int(admitted) > 0
    axis.settle(at(100))
    assert len(take(axis, DEPARTMENT, 100)) == int(admitted)
    axis.close()


def test_units_of_work_are_never_nested() -> None:
    store = Store(open_engine("sqlite://"))
    with store.writing(), pytest.raises(RuntimeError, match="inside another"), store.reading():
        pass
    with store.reading():
        pass
    store.close()


def test_what_a_former_release_left_in_mailboxes_gets_its_rank(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    old_database(path)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE package SET priority = 3 WHERE id = 4")
        raw.execute("UPDATE package SET priority = 3, operation = 1 WHERE id = 1")
    raw.close()
    engine = open_engine(file_url(path))
    upgrade(engine)
    engine.dispose()
    with sqlite3.connect(path) as raw:
        assert set(raw.execute("SELECT package, rank FROM mailbox WHERE package IN (1, 4) OR rank <> 4")) == {(1, 4), (4, 1)}
    raw.close()
