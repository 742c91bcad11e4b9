"""The unit of work: one transaction, statements in, plain tuples out, machine faults under one name.

Transactions are never nested: opening one inside another is a programming error and says so, in memory and on disk alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError

from exchange.errors import StoreUnavailable
from exchange.store.engine import begin_sql, fault_of

Row = Mapping[str, Any]


class Work:
    """One open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name

    def all(self, statement: Executable, parameters: Row | None = None) -> list[Any]:
        """Every row of a query."""
        return list(self._connection.execute(statement, parameters or {}).all())

    def first(self, statement: Executable, parameters: Row | None = None) -> Any | None:
        """The first row of a query, or ``None``."""
        return self._connection.execute(statement, parameters or {}).first()

    def value(self, statement: Executable, parameters: Row | None = None) -> Any:
        """The first column of the first row; ``None`` when there is no row."""
        return self._connection.execute(statement, parameters or {}).scalar()

    def run(self, statement: Executable, parameters: Row | None = None) -> int:
        """Execute once; returns the number of rows touched."""
        return self._connection.execute(statement, parameters or {}).rowcount

    def many(self, statement: Executable, rows: Sequence[Row]) -> None:
        """Execute once per row of parameters, in one call to the driver; nothing when there are none."""
        if rows:
            self._connection.execute(statement, rows)


class Store:
    """Opens units of work on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._open = local()

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """A transaction that commits at the end of the block and rolls back on any error. Raises :class:`StoreUnavailable`."""
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
        try:
            with self.engine.connect() as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql(begin_sql("sqlite", writing=writing))
                yield Work(connection)
                if writing:
                    connection.commit()
        except DBAPIError as error:
            reason = fault_of(error.orig)
            if reason is None:
                raise
            raise StoreUnavailable(reason) from error
        finally:
            self._open.busy = False

