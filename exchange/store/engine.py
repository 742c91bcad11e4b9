"""How an engine is opened, on SQLite or on PostgreSQL, and what every connection is told first.

What the two databases otherwise say differently stands beside this file, and nowhere else: statements in :mod:`exchange.store.dialect`,
ids in :mod:`exchange.store.ids`, locks in :mod:`exchange.store.locks`, faults in :mod:`exchange.store.ailments`, an archive that is only
read in :mod:`exchange.store.reading`.

Traps kept in here: SQLite's driver opens transactions late unless told otherwise, ignores foreign keys without a pragma, and shares one
connection in memory.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from exchange.errors import StoreUnavailable
from exchange.store.texts import dumpers

BUSY_SECONDS = 30.0
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
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 512}
    if in_memory(address):
        engine = create_engine(address, connect_args=arguments, poolclass=StaticPool)
    else:
        engine = create_engine(address, connect_args=arguments, max_overflow=-1)  # every thread keeps one
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


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


def _prepare_postgres(connection: DBAPIConnection, _record: object) -> None:
    raw: Any = connection
    raw.autocommit = True  # transactions begin where the unit of work says so, with the isolation it says
    for kind, dumper in zip((str, list), dumpers(), strict=True):
        raw.adapters.register_dumper(kind, dumper)


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
