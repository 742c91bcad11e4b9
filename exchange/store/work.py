"""The unit of work: one transaction, statements in, plain rows out, machine faults under one name.

Transactions are never nested: opening one inside another is a programming error and says so, in memory and on disk alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import local
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import Engine, Executable, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from exchange.errors import StoreUnavailable
from exchange.store.ailments import UNREACHABLE, fault_of, overtaken
from exchange.store.dialect import begin_sql
from exchange.store.plans import Plan, Plans, Row
from exchange.store.recent import Recent

_NO_ROW: Row = {}
_SLICE = 500
_RECENT = {"sqlite": 12 << 20, "postgresql": 24 << 20}
"""Bytes of small packages and letters kept after reading them: some hours of a province's broadcasts in a run, and in a service 250 letters
that several agencies come for at their own pace."""


class Conflict(Exception):
    """Another transaction wrote the same unique row first, or two of them waited for each other: to be tried again from its beginning."""


_TRIES = 5
Answer = TypeVar("Answer")


def again(transaction: Callable[[], Answer]) -> Answer:
    """Do a whole unit of work, and from its beginning while others are in its way. Raises :class:`Conflict` when they always are."""
    for _ in range(_TRIES - 1):
        try:
            return transaction()
        except Conflict:
            continue
    return transaction()


class Work:
    """One open transaction.

    On PostgreSQL rows that are only added wait until something else is asked or the transaction ends, and then go together in one
    statement: each way to the server and back costs more than writing a row.
    """

    def __init__(self, cursor: Any, plans: Plans, dialect: str) -> None:
        self._cursor, self._plans, self.dialect = cursor, plans, dialect
        self._added: list[tuple[Plan, dict[str, Any]]] = []

    def all(self, statement: Executable, parameters: Row = _NO_ROW) -> list[Any]:
        """Every row of a query, as named tuples."""
        plan = self._execute(statement, parameters)
        return [plan.make(row) for row in self._cursor.fetchall()]

    def rows(self, statement: Executable, parameters: Row = _NO_ROW) -> list[tuple[Any, ...]]:
        """As :meth:`all`, the rows without names as the driver gives them: for many of them at once."""
        self._execute(statement, parameters)
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def all_of(self, statement: Executable, name: str, values: Sequence[Any], parameters: Row = _NO_ROW) -> list[Any]:
        """As :meth:`all` for an IN list ``name`` that callers may make as long as they like: a driver takes only so many parameters."""
        if len(values) <= _SLICE:
            return self.all(statement, {**parameters, name: values})
        return [row for part in _slices(values) for row in self.all(statement, {**parameters, name: part})]

    def rows_of(self, statement: Executable, name: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """As :meth:`all_of`, the rows as :meth:`rows` gives them."""
        return [row for part in _slices(values) for row in self.rows(statement, {name: list(part)})]

    def first(self, statement: Executable, parameters: Row = _NO_ROW) -> Any | None:
        """The first row of a query, or ``None``."""
        plan = self._execute(statement, parameters)
        row = self._cursor.fetchone()
        return None if row is None else plan.make(row)

    def value(self, statement: Executable, parameters: Row = _NO_ROW) -> Any:
        """The first column of the first row; ``None`` when there is no row."""
        self._execute(statement, parameters)
        row = self._cursor.fetchone()
        return None if row is None else row[0]

    def each(self, statement: Executable, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """For each row of parameters the first row of a query that has one for any, as :meth:`rows` gives it."""
        asked = self._plans.asked(statement, rows[0]) if rows else ""
        if not asked:
            return [self.rows(statement, row)[0] for row in rows]
        self.write_out()
        self._cursor.execute(asked, {name: [row[name] for row in rows] for name in rows[0]})
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def run(self, statement: Executable, parameters: Row = _NO_ROW) -> int:
        """Execute once; returns the number of rows touched."""
        self._execute(statement, parameters)
        touched: int = self._cursor.rowcount
        return touched

    def many(self, statement: Executable, rows: Sequence[Row]) -> None:
        """Execute for each row of parameters, in one call to the driver; nothing when there are none. No two change the same row."""
        if not rows:
            return
        plan = self._plans.of(statement, rows[0])
        if len(rows) == 1 and not plan.adds:
            self.run(statement, rows[0])
            return
        arrays = plan.gather(rows)
        if arrays is None:
            self.write_out()
            self._cursor.executemany(plan.sql, [plan.arguments(row) for row in rows])
        elif plan.adds:
            self._added.append((plan, arrays))
        else:
            self.write_out()
            self._cursor.execute(plan.gathered, arrays)

    def write_out(self) -> None:
        """Add the rows that wait."""
        if self._added:
            added, self._added = self._added, []
            self._cursor.execute(*self._plans.together(added))

    def _execute(self, statement: Executable, parameters: Row) -> Plan:
        plan = self._plans.of(statement, parameters)
        self.write_out()
        self._cursor.execute(*plan.bind(parameters))
        return plan


def _slices(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _SLICE] for start in range(0, len(values), _SLICE))


class Store:
    """Opens units of work on one engine.

    On SQLite every thread keeps its connection from one unit of work to the next: fetching it from the pool and giving it back costs as
    much as a short transaction itself. A connection that met an error is given back and another one opened.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.plans = Plans(engine.dialect)
        self._keeps = self.dialect == "sqlite"
        self.recent = Recent(_RECENT[self.dialect])
        self._own = _Own()
        self._kept: WeakSet[PoolProxiedConnection] = WeakSet()  # a thread that ended lets go of its own
        dbapi: Any = engine.dialect.loaded_dbapi
        self._error: type[Exception] = dbapi.Error
        self._integrity: type[Exception] = dbapi.IntegrityError

    def writing(self) -> AbstractContextManager[Work]:
        """A transaction that commits at the end of the block and rolls back on any error.

        Raises :class:`StoreUnavailable` when the machine fails, :class:`Conflict` when a unique row was there already.
        """
        return _Transaction(self, begin_sql(self.dialect, writing=True), writing=True)

    def reading(self) -> AbstractContextManager[Work]:
        """A transaction that sees one consistent moment and changes nothing. Raises :class:`StoreUnavailable`."""
        return _Transaction(self, begin_sql(self.dialect, writing=False), writing=False)

    def asking(self) -> AbstractContextManager[Work]:
        """As :meth:`reading`, for exactly one query: it sees one moment by itself, and SQLite needs no BEGIN around it."""
        return _Transaction(self, "", writing=False)

    def close(self) -> None:
        """Give the connections back, those other threads kept included; in memory, the data goes with them."""
        while self._kept:
            self._kept.pop().close()
        self._own = _Own()
        self.recent.clear()
        self.engine.dispose()

    def enter(self) -> None:
        """Mark this thread as busy. Raises RuntimeError when it is."""
        if self._own.busy:
            raise RuntimeError("a unit of work was opened inside another")
        self._own.busy = True

    def leave(self, connection: PoolProxiedConnection | None) -> None:
        """This thread's unit of work is over; its connection goes back to the pool unless the thread keeps it."""
        self._own.busy = False
        if connection is not self._own.connection and connection is not None:
            connection.close()

    def connect(self) -> PoolProxiedConnection:
        """This thread's connection, or one from the pool."""
        if self._own.connection is not None:
            return self._own.connection
        connection = self.engine.raw_connection()
        if self._keeps:
            self._own.connection = connection
            self._kept.add(connection)
        return connection

    def forget(self, connection: PoolProxiedConnection | None) -> None:
        """Something went wrong on it: this thread keeps it no more."""
        if self._own.connection is connection and connection is not None:
            self._own.connection = None
            self._kept.discard(connection)

    def explain(self, error: BaseException | None) -> None:
        """Raise the package's own name for a driver's error, if it has one."""
        if isinstance(error, NoConnection):
            raise StoreUnavailable("every connection to the database is in use") from error
        found = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(error, DBAPIError) and not isinstance(error, self._error):
            return
        reason = fault_of(found)
        if reason == UNREACHABLE:
            self.engine.dispose()  # what else is in the pool was connected to the same server
        if reason is not None:
            raise StoreUnavailable(reason) from found
        if isinstance(found, self._integrity) or overtaken(found):
            raise Conflict(str(found)) from found


class _Own(local):
    """What one thread has of a store."""

    def __init__(self) -> None:
        self.busy = False
        self.connection: PoolProxiedConnection | None = None


class _Transaction(AbstractContextManager[Work]):
    """One unit of work, from BEGIN to COMMIT or ROLLBACK."""

    __slots__ = ("_begin", "_connection", "_cursor", "_driver", "_store", "_work", "_writing")

    def __init__(self, store: Store, begin: str, *, writing: bool) -> None:
        self._store, self._begin, self._writing = store, begin, writing
        self._connection: PoolProxiedConnection | None = None

    def __enter__(self) -> Work:
        store = self._store
        store.enter()
        try:
            self._connection = store.connect()
            driver: Any = self._connection.dbapi_connection
            self._driver, self._cursor = driver, driver.cursor()
            if self._begin:
                self._cursor.execute(self._begin)
            self._work = Work(self._cursor, store.plans, store.dialect)
            return self._work
        except BaseException as error:
            self._abandon(error)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error is not None:
            self._abandon(error)
            return
        try:
            self._work.write_out()
            self._cursor.close()  # ends a query that was not read to its end: no snapshot outlives its unit of work
            if self._writing:
                self._driver.commit()
            elif self._begin:
                self._driver.rollback()
        except BaseException as failed:
            self._abandon(failed)
            raise
        self._store.leave(self._connection)

    def _abandon(self, error: BaseException) -> None:
        """Give the connection back, which rolls back, and raise the error under the package's own name."""
        self._store.forget(self._connection)
        try:
            self._store.leave(self._connection)  # the pool rolls back what was not committed
        finally:
            self._store.explain(error)
