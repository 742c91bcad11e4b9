"""The one place that knows the dialects: how an engine is opened, locks are skipped, machine time is read and faults are named.

Traps kept in here: SQLite's driver opens transactions late unless told otherwise, ignores foreign keys without a pragma, silently drops
``FOR UPDATE SKIP LOCKED``, and shares one connection in memory; PostgreSQL has other names for the same faults.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Double,
    Engine,
    FromClause,
    Insert,
    Integer,
    Select,
    Table,
    bindparam,
    cast,
    create_engine,
    event,
    extract,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from exchange.errors import StoreUnavailable
from exchange.store.texts import dumpers

if TYPE_CHECKING:
    from exchange.store.work import Work

_BUSY_SECONDS = 30.0
_SQLITE_FAULTS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the database is read-only",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reports an input/output error",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_PERM: "access to the database file is denied",
    sqlite3.SQLITE_BUSY: "the database is locked by another process",
}
UNREACHABLE = "the database is not reachable"
NO_ENTRY = "the database refuses this user, or the password is wrong or missing"
_LETS_NOBODY_IN = re.compile(r"no password supplied|authentication failed|no pg_hba\.conf entry|(?:role|user) \"[^\"]*\" does not exist")
"""What a server says, or the driver for it, before there is a connection that could have a state (its messages are in English, as we set up
servers; in another language it is one that is not reachable)."""
_POSTGRES_FAULTS = {
    "53": "the database server is out of resources",
    "25006": "the database is read-only",
    "25P03": "the database ended a transaction that stood still",
    "08": UNREACHABLE,
    "57P": UNREACHABLE,
    "57014": "the database ended a query that took too long",
    "3D000": "the database does not exist",
    "28": NO_ENTRY,
}
_OVERTAKEN = ("40001", "40P01")
"""Two transactions wanted the same rows in different orders, and the server ended this one."""
_STANDSTILL_SECONDS = 6
"""A process that stands still within a transaction loses it, and with it the rows it locked."""
_CONNECTIONS = 12
"""Of one process. What is opened beyond a pool's size is closed after each use: with 64 threads that cost more than their statements."""
_KEYED = "-c enable_seqscan=off -c jit=off"
"""Every statement of the service finds its rows by an index (tests/exchange/store/test_plans.py). The queue is empty at one moment and has
twenty thousand rows at the next: a plan that is kept must not be one for an empty table, which would read and sort all of it each time."""
_POSTGRES_ARGUMENTS = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
    "client_encoding": "UTF8",
    # our tables' hot ends are in memory
    "options": f"-c idle_in_transaction_session_timeout={_STANDSTILL_SECONDS}s -c timezone=UTC -c random_page_cost=1.1 {_KEYED}",
}  # fmt: skip


_DRIVERS = frozenset({"sqlite", "sqlite+pysqlite", "postgresql+psycopg"})


def database_at(url: str | URL) -> URL:
    """The address of a database the axis can be on. Raises sqlalchemy's ``ArgumentError``, which repeats no password."""
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    if address is None or address.drivername not in _DRIVERS:
        given = "this is no such address" if address is None else f"not {address.drivername}://…"
        raise ArgumentError(f"the axis' database is at sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME; {given}") from None
    return address


def open_engine(url: str | URL) -> Engine:
    """An engine for ``sqlite://`` (memory), ``sqlite:///path`` or ``postgresql+psycopg://…``. Nothing is connected yet.

    Raises what :func:`database_at` does.
    """
    address = database_at(url)
    if address.get_backend_name() != "sqlite":
        engine = create_engine(address, connect_args={**_POSTGRES_ARGUMENTS, **address.query}, pool_size=_CONNECTIONS, max_overflow=0)
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    arguments: dict[str, Any] = {"timeout": _BUSY_SECONDS, "check_same_thread": False, "cached_statements": 512}
    if in_memory(address):
        engine = create_engine(address, connect_args=arguments, poolclass=StaticPool)
    else:
        engine = create_engine(address, connect_args=arguments, max_overflow=-1)  # every thread keeps one
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_postgres(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    raw.autocommit = True  # transactions begin where the unit of work says so, with the isolation it says
    for kind, dumper in zip((str, list), dumpers(), strict=True):
        raw.adapters.register_dumper(kind, dumper)


def open_archive(path: Path) -> Engine:
    """An engine that can only read an SQLite file, as others left it. Nothing is connected yet.

    Texts that are not UTF-8 come as they are (with surrogates) instead of ending the query: an audit must be able to name the row.
    A query's first row or all its rows are read, never some of them.
    """
    # reading a WAL database leaves its shared memory beside it; a file without a log is written by nobody and needs none
    log = path.with_name(path.name + "-wal")
    alone = not log.exists() or log.stat().st_size == 0
    address = f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if alone else "")
    engine = create_engine("sqlite://", creator=lambda: _connect_archive(address), poolclass=QueuePool)
    event.listen(engine, "connect", _prepare_archive)
    return engine


def _connect_archive(address: str) -> sqlite3.Connection:
    return sqlite3.connect(
        address, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False, cached_statements=512, isolation_level=None, factory=_Archive
    )


class _Archive(sqlite3.Connection):
    """Gives any text: as UTF-8, which is quick, until one is met that is none."""

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(factory or _ArchiveCursor)


class _ArchiveCursor(sqlite3.Cursor):
    """Asks again where a text is no UTF-8."""

    def execute(self, sql: str, parameters: Any = ()) -> _ArchiveCursor:
        self._asked = (sql, parameters)
        return super().execute(sql, parameters)

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.OperationalError as error:
            self._ask_again(error)
        return super().fetchall()

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.OperationalError as error:
            self._ask_again(error)
        return super().fetchone()

    def _ask_again(self, error: sqlite3.OperationalError) -> None:
        if self.connection.text_factory is _lenient or not str(error).startswith("Could not decode"):
            raise error
        self.connection.text_factory = _lenient
        super().execute(*self._asked)


def _prepare_archive(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    # 4 MB of pages: with more of them SQLite reads from memory what would be in the processor's cache, and the system keeps the file anyway
    for pragma in ("query_only=ON", "temp_store=MEMORY", "cache_size=-4096"):
        raw.execute(f"PRAGMA {pragma}").close()


def _lenient(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def structure_faults(work: Work) -> list[str]:
    """What SQLite itself finds wrong with its file, at most a hundred sentences; nothing on other databases."""
    if work.dialect != "sqlite":
        return []
    return [row[0] for row in work.rows(text("PRAGMA integrity_check(100)")) if row[0] != "ok"]


def broken_references(work: Work) -> list[tuple[str, int, str]]:
    """Rows that name a row that is not there: (table, row id, table named); nothing on databases that cannot have any."""
    if work.dialect != "sqlite":
        return []
    return [(table, row, parent) for table, row, parent, _ in work.rows(text("PRAGMA foreign_key_check"))]


def open_existing(url: str) -> Engine:
    """As :func:`open_engine`, for whoever only looks: an SQLite file that is not there would be made by being opened.

    Raises :class:`exchange.errors.StoreUnavailable`, and what :func:`database_at` does.
    """
    address = database_at(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise StoreUnavailable(f"there is no file {address.database or '(in memory)'}")
    return open_engine(address)


def in_memory(address: str | URL) -> bool:
    """Whether the database vanishes with its process."""
    url = database_at(address)
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    raw.isolation_level = None  # transactions begin where the unit of work says so, not at the first INSERT
    cursor = connection.cursor()
    try:
        for pragma in ("foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-8192", "wal_autocheckpoint=2000"):
            cursor.execute(f"PRAGMA {pragma}")
        if not cursor.execute("PRAGMA query_only").fetchone()[0]:
            _use_wal(cursor)
    finally:
        cursor.close()


def _use_wal(cursor: Any) -> None:
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise  # a read-only disk keeps its journal mode and may still be read; the first write will say what is wrong


def begin_sql(dialect: str, *, writing: bool) -> str:
    """How a transaction opens.

    SQLite takes its write lock at once, so that a read cannot be overtaken before its write; PostgreSQL's writers lock the rows they read
    before they change them, and see what others committed meanwhile. A reader sees one moment on both.
    """
    if dialect != "sqlite":
        return "BEGIN" if writing else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    return "BEGIN IMMEDIATE" if writing else "BEGIN"


def skip_locked(statement: Select[Any], dialect: str) -> Select[Any]:
    """Lock the rows chosen and pass over those another worker holds. SQLite has one writer at a time and needs no row locks."""
    return statement if dialect == "sqlite" else statement.with_for_update(skip_locked=True)


def reserve_ids(work: Work, table: Table, count: int) -> range | list[int]:
    """Ids for rows that are about to be inserted. SQLite's writer holds the only write lock; PostgreSQL draws from the sequence."""
    if count == 0:
        return []
    if work.dialect == "sqlite":
        last = int(work.value(_last_id(table)))
        return range(last + 1, last + 1 + count)
    return sorted(row[0] for row in work.all(_drawn_ids(table), {"count": count}))


def reserve_several(work: Work, counts: Mapping[Table, int]) -> dict[Table, Sequence[int]]:
    """As :func:`reserve_ids`, for several tables in one question."""
    wanted = {table: count for table, count in counts.items() if count}
    if work.dialect == "sqlite" or len(wanted) < 2:
        return {table: reserve_ids(work, table, count) for table, count in counts.items()}
    found: dict[Table, list[int]] = {table: [] for table in counts}
    tables = tuple(wanted)
    for place, number in work.rows(_drawn_of_several(tables), {f"count{place}": wanted[table] for place, table in enumerate(tables)}):
        found[tables[place]].append(number)
    return {table: sorted(numbers) for table, numbers in found.items()}


@cache
def insert_new(table: Table, key: str, dialect: str) -> Insert:
    """Insert rows but for those whose unique ``key`` is there, or is just being written by another transaction: that one is waited for."""
    made = sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)
    return made.on_conflict_do_nothing(index_elements=[key])


_LATE = 50_000
"""No transaction stands still for longer than some seconds (see above); a busy axis draws some thousand ids of one table in each."""


_SOON = 4_000
"""Nearly all are committed before so many more were drawn."""


def late_ids(dialect: str, *, all_of_them: bool = True) -> int:
    """How far behind the newest id of a table a row may still appear: SQLite's one writer commits in the order of its ids, PostgreSQL's
    writers draw ids from a sequence and commit when they are done. ``all_of_them``: or else how far nearly none do.
    """
    if dialect == "sqlite":
        return 0
    return _LATE if all_of_them else _SOON


@cache
def _last_id(table: Table) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0))


@cache
def _drawn_ids(table: Table) -> Select[Any]:
    return select(func.nextval(func.pg_get_serial_sequence(table.name, "id"))).select_from(_series("count"))


@cache
def _drawn_of_several(tables: tuple[Table, ...]) -> CompoundSelect[Any]:
    drawn = (func.nextval(func.pg_get_serial_sequence(table.name, "id")) for table in tables)
    return union_all(*(select(literal(place, Integer), one).select_from(_series(f"count{place}")) for place, one in enumerate(drawn)))


def _series(count: str) -> FromClause:
    return func.generate_series(1, bindparam(count, type_=Integer)).alias("n")


def machine_now(dialect: str) -> ColumnElement[int]:
    """The database's own clock in epoch seconds: it rules leases and retries, never a business fact."""
    if dialect == "sqlite":
        return cast(func.strftime("%s", "now"), BigInteger)
    return cast(extract("epoch", func.clock_timestamp()), BigInteger)


def machine_seconds(dialect: str) -> ColumnElement[float]:
    """The same with its fraction."""
    if dialect == "sqlite":
        return (func.julianday("now") - _JULIAN_EPOCH) * 86_400.0
    return cast(extract("epoch", func.clock_timestamp()), Double)


_JULIAN_EPOCH = 2_440_587.5
"""Julian day of 1970-01-01T00:00Z."""
_FREE_SHARDS = text("SELECT n FROM unnest(CAST(:shards AS integer[])) AS n WHERE pg_try_advisory_xact_lock(:family, n)")
_WAIT_FOR = text("SELECT pg_advisory_xact_lock(:family, :number)")
_TRY_FOR = text("SELECT pg_try_advisory_xact_lock(:family, :number)")
_HOLD = text("SELECT pg_try_advisory_lock(:family, :number)")
_HOLD_LATER = text("SELECT pg_advisory_lock(:family, :number)")
_SHORT = text(
    "SELECT set_config('statement_timeout', :seconds, true), set_config('join_collapse_limit', :joins, true), "
    "set_config('enable_mergejoin', :many, true), set_config('enable_hashjoin', :many, true)"
)
_LET_GO = text("SELECT pg_advisory_unlock(:family, :number)")
_FAMILY = 0x54525543
"""Advisory locks are two numbers; the first says that they are ours."""


class Lock(IntEnum):
    """What only one transaction or process does at a time, across machines. SQLite's write lock says that by itself."""

    OPENING = 1
    """Bringing the schema up, writing down the terms."""
    HOPS = 2
    """Computing departures."""
    SEALING = 3
    ROUTE = 4
    """Moving deliveries by packages about one sender's documents: a family of its own, one lock for each shard."""


def free_shards(work: Work, shards: Sequence[int]) -> list[int] | None:
    """Those of the shards no other transaction routes now, locked until this one ends; ``None`` where there is one writer anyway."""
    if work.dialect == "sqlite":
        return None
    return [row[0] for row in work.rows(_FREE_SHARDS, {"shards": list(shards), "family": _FAMILY + Lock.ROUTE})]


def keep_plans_short(work: Work, seconds: int, *, by_ids: bool = False) -> None:
    """End a statement of this transaction that takes longer, and ``by_ids`` take rows of known ids one by one from each table it names.

    What a server last counted may be long ago, or say little of the newest rows: one that emptied and filled its tables since has twice
    been seen at a sealing for twenty minutes, and one of a million documents read all blobs for a hundred. Ended with
    :class:`StoreUnavailable`, a sealing is tried again, and the server has counted by then.
    """
    if work.dialect != "sqlite":
        work.rows(_SHORT, {"seconds": f"{seconds}s", "joins": "1" if by_ids else "8", "many": "off" if by_ids else "on"})


def wait_for(work: Work, lock: Lock) -> None:
    """Have the lock until the transaction ends, after whoever has it now."""
    if work.dialect != "sqlite":
        work.run(_WAIT_FOR, {"family": _FAMILY, "number": int(lock)})


def try_for(work: Work, lock: Lock) -> bool:
    """Have the lock until the transaction ends, unless somebody has it now."""
    return work.dialect == "sqlite" or bool(work.value(_TRY_FOR, {"family": _FAMILY, "number": int(lock)}))


@contextmanager
def alone(engine: Engine, lock: Lock, *, wait: bool = False) -> Iterator[bool]:
    """Whether nobody else, on any machine, is inside with the same lock; it is held across transactions, and by no one who died.

    With ``wait`` nobody is, from the moment the block begins.
    """
    if engine.dialect.name == "sqlite":
        yield True
        return
    with engine.connect() as connection:
        said = {"family": _FAMILY, "number": int(lock)}
        held = wait or bool(connection.execute(_HOLD, said).scalar())
        if wait:
            connection.execute(_HOLD_LATER, said)
        try:
            yield held
        finally:
            if held:
                connection.execute(_LET_GO, said)


def append_only_ddl(name: str, dialect: str) -> tuple[str, ...]:
    """Triggers that forbid UPDATE and DELETE on one table."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        f"CREATE OR REPLACE FUNCTION {name}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{name} is append-only'; END $$",
        f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION {name}_append_only()",
    )


def fault_of(error: BaseException | None) -> str | None:
    """What ails the machine in one phrase, or ``None`` when the error is not the machine's."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return None if code is None else _SQLITE_FAULTS.get(code & 0xFF)
    state = str(getattr(error, "sqlstate", None) or "")
    if not state and _lost_connection(error):
        return NO_ENTRY if _LETS_NOBODY_IN.search(str(error)) else UNREACHABLE
    return next((phrase for prefix, phrase in _POSTGRES_FAULTS.items() if state.startswith(prefix)), None)


def _lost_connection(error: BaseException | None) -> bool:
    """Whether psycopg says, without a word from the server, that there is none any more."""
    names = {"OperationalError", "InterfaceError"}
    return any(one.__module__.startswith("psycopg") and one.__name__ in names for one in type(error).__mro__)


def overtaken(error: BaseException | None) -> bool:
    """Whether the transaction lost against another one and would go through if it were tried again."""
    return str(getattr(error, "sqlstate", None) or "") in _OVERTAKEN
