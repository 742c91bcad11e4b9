"""An SQLite file that is only read, as others left it: opened so that nothing beside it changes, and asked whether it is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Column, Engine, Integer, LargeBinary, Table, Text, create_engine, event, or_, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.pool import QueuePool

from exchange.store.engine import BUSY_SECONDS
from exchange.store.plans import plain_type

if TYPE_CHECKING:
    from exchange.store.work import Work


def open_archive(path: Path) -> Engine:
    """An engine that can only read an SQLite file, as others left it. Nothing is connected yet.

    Texts that are not UTF-8 come as they are (with surrogates) instead of ending the query: an audit must be able to name the row.
    A query's first row or all its rows are read, never some of them.
    """
    path = path.resolve()  # what belongs to the file lies beside it, not beside a link to it
    # reading a WAL database leaves its shared memory beside it; a file without a log is written by nobody and needs none
    log = path.with_name(path.name + "-wal")
    alone = not log.exists() or log.stat().st_size == 0
    address = f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if alone else "")
    engine = create_engine("sqlite://", creator=lambda: _connect_archive(address), poolclass=QueuePool)
    event.listen(engine, "connect", _prepare_archive)
    return engine


def is_interrupted(path: Path) -> bool:
    """Whether a writing was broken off that SQLite would undo at the next opening: what stands in the file is then not what it holds."""
    path = path.resolve()
    journal = path.with_name(path.name + "-journal")
    with suppress(OSError), journal.open("rb") as file:
        return any(file.read(8))
    return False


def _connect_archive(address: str) -> sqlite3.Connection:
    return sqlite3.connect(
        address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, cached_statements=512, isolation_level=None, factory=_Archive
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


def before_the_first(work: Work, table: Table) -> list[str]:
    """Keys of rows that stand before the first row a table can have: whoever reads page after page never comes to them."""
    numbers = [column for column in table.primary_key.columns if isinstance(column.type, Integer)]
    below = [column < (0 if table.name == "ledger_entry" or column.name in _FROM_NOTHING else 1) for column in numbers]
    if not below:
        return []
    return ["/".join(map(str, row)) for row in work.rows(select(*table.primary_key.columns).where(or_(*below)).limit(100))]


_FROM_NOTHING = ("ordinal", "position")
"""Keys that are counted from 0 on."""


def collated(work: Work) -> list[str]:
    """Tables and indexes that compare texts by a collation of their own; the schema's compare bytes."""
    if work.dialect != "sqlite":
        return [name for (name,) in work.rows(_COLLATED)]
    return [name for (name,) in work.rows(text("SELECT name FROM sqlite_master WHERE sql LIKE '%collate%' ORDER BY name"))]


_COLLATED = text(
    "SELECT DISTINCT t.relname FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_collation o ON o.oid = a.attcollation "
    "WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p', 'i', 'I') AND t.relname NOT LIKE 'alembic%' "
    "AND o.collname NOT IN ('C', 'POSIX') ORDER BY 1"
)


def spread(work: Work) -> list[str]:
    """Tables whose rows stand in several: in PostgreSQL a key of a table says nothing of those that inherit from it."""
    return [] if work.dialect == "sqlite" else [name for (name,) in work.rows(_SPREAD)]


_SPREAD = text(
    "SELECT DISTINCT t.relname FROM pg_class t JOIN pg_inherits i ON t.oid IN (i.inhparent, i.inhrelid) "
    "WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p') ORDER BY 1"
)


def retyped(work: Work, table: Table) -> list[tuple[str, str]]:
    """Columns of another type than the schema's, as (column, type found); a type may compare its values in its own way.

    SQLite's columns have none to speak of: see :func:`strange_values`.
    """
    if work.dialect == "sqlite":
        return []
    kinds = {column.name: plain_type(column.type, _CATALOGUE) for column in table.columns}
    found = {name: (kind, of) for name, kind, of in work.rows(_TYPES, {"table": table.name})}
    wanted = {kind: work.value(_TYPE, {"kind": kind}) for kind in set(kinds.values())}
    return [(name, found[name][0]) for name, kind in kinds.items() if name in found and found[name][1] != wanted[kind]]


_CATALOGUE: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
_TYPES = text(
    "SELECT a.attname, format_type(a.atttypid, NULL), a.atttypid::bigint FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid "
    "WHERE t.relname = :table AND t.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"
)
_TYPE = text("SELECT to_regtype(:kind)::oid::bigint")


def broken_references(work: Work, tables: Iterable[Table]) -> list[tuple[str, str, str]]:
    """Rows that name a row that is not there: (table, row, table named).

    Each reference of the schema is asked by itself: SQLite's own check asks only for those the file declares, and ends where a key is
    missing that one of them leads to.
    """
    found = []
    for key in sorted((key for table in tables for key in table.foreign_keys), key=lambda key: (key.parent.table.name, key.parent.name)):
        table = key.parent.table
        there = select(key.column)
        if work.first(there.where(key.column.is_(None)).limit(1)) is not None:
            there = there.where(key.column.is_not(None))  # nothing is outside of a list that holds NULL; no key does, but where it is none
        rows = work.rows(select(*table.primary_key.columns).where(key.parent.is_not(None), key.parent.not_in(there)))
        found += [(table.name, "/".join(map(str, row)), key.column.table.name) for row in rows]
    return found


def strange_values(work: Work, table: Table) -> list[tuple[str, str, str]]:
    """Values of another type than their column's, as (row, column, type found); nothing on databases that take none.

    SQLite keeps any type in any column, and a payload does not tell empty bytes from an empty text, nor bytes from their digits
    (:mod:`exchange.store.payloads`). What a row's own header says is enough: no value is read.
    """
    if work.dialect != "sqlite":
        return []
    strange = [(column.name, _strange(column)) for column in table.columns]
    keys = table.primary_key.columns.keys()
    found = ", ".join((*keys, *(f"CASE WHEN {condition} THEN typeof({name}) END" for name, condition in strange)))
    query = f"SELECT {found} FROM {table.name} WHERE {' OR '.join(condition for _, condition in strange)}"  # noqa: S608 - names of ours
    return sorted(
        ("/".join(map(str, row[: len(keys)])), name, kind)
        for row in work.rows(text(query))
        for (name, _), kind in zip(strange, row[len(keys) :], strict=True)
        if kind is not None
    )


def _strange(column: Column[Any]) -> str:
    """Written by hand: compiling such a query by the dozen takes as long as asking it of ten thousand rows."""
    condition = f"typeof({column.name}) <> '{_kind(column)}'"
    return f"({condition} AND {column.name} IS NOT NULL)" if column.nullable else condition


def _kind(column: Column[Any]) -> str:
    """What SQLite calls the type of what belongs into a column."""
    return "blob" if isinstance(column.type, LargeBinary) else "text" if isinstance(column.type, Text) else "integer"
