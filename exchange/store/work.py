"""The unit of work: one transaction, statements in, plain rows out, machine faults under one name.

Transactions are never nested: opening one inside another is a programming error and says so, in memory and on disk alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any

from sqlalchemy import Engine, Executable
from sqlalchemy.exc import DBAPIError

from exchange.errors import StoreUnavailable
from exchange.store.engine import begin_sql, fault_of
from exchange.store.plans import Plans, Row

_NO_ROW: Row = {}


class Conflict(Exception):
    """Another transaction wrote the same unique row first."""


class Work:
    """One open transaction."""

    def __init__(self, cursor: Any, plans: Plans, dialect: str) -> None:
        self._cursor, self._plans, self.dialect = cursor, plans, dialect

    def all(self, statement: Executable, parameters: Row = _NO_ROW) -> list[Any]:
        """Every row of a query, as named tuples."""
        plan = self._plans.of(statement, parameters)
        self._cursor.execute(*plan.bind(parameters))
        return [plan.make(row) for row in self._cursor.fetchall()]

    def first(self, statement: Executable, parameters: Row = _NO_ROW) -> Any | None:
        """The first row of a query, or ``None``."""
        plan = self._plans.of(statement, parameters)
        self._cursor.execute(*plan.bind(parameters))
        row = self._cursor.fetchone()
        return None if row is None else plan.make(row)

    def value(self, statement: Executable, parameters: Row = _NO_ROW) -> Any:
        """The first column of the first row; ``None`` when there is no row."""
        self._cursor.execute(*self._plans.of(statement, parameters).bind(parameters))
        row = self._cursor.fetchone()
        return None if row is None else row[0]

    def run(self, statement: Executable, parameters: Row = _NO_ROW) -> int:
        """Execute once; returns the number of rows touched."""
        self._cursor.execute(*self._plans.of(statement, parameters).bind(parameters))
        touched: int = self._cursor.rowcount
        return touched

    def many(self, statement: Executable, rows: Sequence[Row]) -> None:
        """Execute once per row of parameters, in one call to the driver; nothing when there are none."""
        if len(rows) == 1:
            self.run(statement, rows[0])
        elif rows:
            plan = self._plans.of(statement, rows[0])
            self._cursor.executemany(plan.sql, [plan.arguments(row) for row in rows])


class Store:
    """Opens units of work on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._plans = Plans(engine.dialect)
        self._open = local()
        dbapi: Any = engine.dialect.loaded_dbapi
        self._error: type[Exception] = dbapi.Error
        self._integrity: type[Exception] = dbapi.IntegrityError

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """A transaction that commits at the end of the block and rolls back on any error.

        Raises :class:`StoreUnavailable` when the machine fails, :class:`Conflict` when a unique row was there already.
        """
        with self._transaction(writing=True) as work:
            yield work

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """A transaction that sees one consistent moment and changes nothing. Raises :class:`StoreUnavailable`."""
        with self._transaction(writing=False) as work:
            yield work

    def close(self) -> None:
        """Give the connections back; in memory, the data goes with them."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Work]:
        if getattr(self._open, "busy", False):
            raise RuntimeError("a unit of work was opened inside another")
        self._open.busy = True
        dialect = self.engine.dialect.name
        connection = None
        try:
            connection = self.engine.raw_connection()
            cursor = connection.cursor()
            if begin := begin_sql(dialect, writing=writing):
                cursor.execute(begin)
            yield Work(cursor, self._plans, dialect)
            if writing:
                connection.commit()
        except (DBAPIError, self._error) as error:
            self._explain(error.orig if isinstance(error, DBAPIError) else error)
            raise
        finally:
            if connection is not None:
                connection.close()  # back to the pool, which rolls back what was not committed
            self._open.busy = False

    def _explain(self, error: BaseException | None) -> None:
        """Raise the package's own name for a driver's error, if it has one."""
        reason = fault_of(error)
        if reason is not None:
            raise StoreUnavailable(reason) from error
        if isinstance(error, self._integrity):
            raise Conflict(str(error)) from error
