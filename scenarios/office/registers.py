"""The registers of all simulated offices in one SQLite file: rows are written in batches, so memory does not grow with the week.

Columns are the minimum ones of Decree 30/2020 Annex IV: outgoing 10, incoming 10, follow-up 7, each with the agency in front. Two lookups
raise the duplicate alert of Annex VI: by document identifier, and by number, notation and issuer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from exchange.errors import StoreUnavailable
from exchange.store.ailments import fault_of
from signing import PackedLetter

OFFICES = "offices.db"
"""The file in the folder of a run."""
METADATA = MetaData()

OUTGOING = Table(
    "outgoing_register",
    METADATA,
    Column("agency", String, primary_key=True),
    Column("register_number", Integer, primary_key=True),
    Column("document", String, nullable=False),
    Column("number_notation", String, nullable=False),
    Column("date", String, nullable=False),
    Column("type_and_summary", String, nullable=False),
    Column("signer", String, nullable=False),
    Column("recipients", String, nullable=False),
    Column("file_kept_by", String, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("transfer_date", String, nullable=False),
    Column("receipt", String, nullable=False),
    Column("note", String, nullable=False),
)
INCOMING = Table(
    "incoming_register",
    METADATA,
    Column("agency", String, primary_key=True),
    Column("arrival_number", Integer, primary_key=True),
    Column("arrival_date", String, nullable=False),
    Column("author", String, nullable=False),
    Column("number", String, nullable=False),
    Column("notation", String, nullable=False),
    Column("date", String, nullable=False),
    Column("type_and_summary", String, nullable=False),
    Column("unit_or_person", String, nullable=False),
    Column("transfer_date", String, nullable=False),
    Column("receipt", String, nullable=False),
    Column("note", String, nullable=False),
    Column("document", String, nullable=False),
    Column("issuer", String, nullable=False),
    Index("incoming_document", "agency", "document"),
    Index("incoming_number", "agency", "issuer", "number", "notation"),
)
FOLLOW_UP = Table(
    "follow_up",
    METADATA,
    Column("agency", String, primary_key=True),
    Column("arrival_number", Integer, primary_key=True),
    Column("description", String, nullable=False),
    Column("unit_or_person", String, nullable=False),
    Column("deadline", String, nullable=False),
    Column("progress", String, nullable=False),
    Column("reply_number", String, nullable=False),
    Column("note", String, nullable=False),
)
TRACKING = Table(
    "status_history",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("agency", String, nullable=False),
    Column("document", String, nullable=False),
    Column("partner", String, nullable=False),
    Column("code", String, nullable=False),
    Column("at", Integer, nullable=False),
)
KEPT = Table(
    "kept_letters",
    METADATA,
    Column("agency", String, primary_key=True),
    Column("document", String, primary_key=True),
    Column("template", LargeBinary, nullable=False),
    Column("tail", LargeBinary, nullable=False),
)
ARCHIVED = Table(
    "archived_letters",
    METADATA,
    Column("agency", String, primary_key=True),
    Column("document", String, primary_key=True),
    Column("level", String, nullable=False),
    Column("delivered_template", LargeBinary, nullable=False),
    Column("delivered_tail", LargeBinary, nullable=False),
    Column("template", LargeBinary, nullable=False),
    Column("tail", LargeBinary, nullable=False),
)
"""Registered letters as they were delivered, and as their keepers made them last (:mod:`scenarios.office.archive`); both packed."""
MAIL = Table(
    "mail",
    METADATA,
    Column("document", String, primary_key=True),
    Column("recipient", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("state", String, nullable=False),
    Index("mail_state", "state"),
)
SUBMITTED = Table(
    "submitted",
    METADATA,
    Column("package", String, primary_key=True),
    Column("agency", String, nullable=False),
    Column("document", String, nullable=False),
)
WITNESS = Table(
    "witness",
    METADATA,
    Column("document", String, primary_key=True),
    Column("signed_at", Integer, nullable=False),
    Column("sent_at", Integer, nullable=False),
)
"""When a document was signed and sent, for the trace alone (:mod:`scenarios.office.witness`)."""
FACTS = Table(
    "delivery_facts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("document", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("at", Integer, nullable=False),
    Column("package", String, nullable=False),
)
"""What the trace says about deliveries by the axis, for reconciliation."""
AXIS_ROWS = Table(
    "axis_rows",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("package", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("state", String, nullable=False),
    Column("at", Integer, nullable=False),
    Column("transport", String, nullable=False),
    Column("transport_at", Integer, nullable=False),
)
"""What the axis says about the same deliveries, copied from its export at the end of a run."""
_BATCH = 2_000
_BY_DOCUMENT = "SELECT 1 FROM incoming_register WHERE agency = ? AND document = ? AND issuer = ? LIMIT 1"
_BY_NUMBER = "SELECT 1 FROM incoming_register WHERE agency = ? AND issuer = ? AND number = ? AND notation = ? LIMIT 1"


class Registers:
    """Batched writing to the offices' database; reading sees everything written, also what still waits in the batch.

    Every call that touches the file raises :class:`exchange.errors.StoreUnavailable` when the disk is full, read-only or gone.
    """

    def __init__(self, path: Path) -> None:
        self._engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _fast)
        with _faults():
            METADATA.create_all(self._engine)
            self._connection: Connection = self._engine.connect()
            self._driver: Any = self._connection.connection.driver_connection
        self._waiting: list[tuple[Table, dict[str, Any]]] = []
        self._updates: list[tuple[Table, dict[str, Any]]] = []
        self._fresh_documents: set[tuple[str, str, str]] = set()
        self._fresh_numbers: set[tuple[str, str, str, str]] = set()

    def add(self, table: Table, row: Mapping[str, Any]) -> None:
        """Enter a row."""
        self._waiting.append((table, dict(row)))
        if table is INCOMING:
            self._fresh_documents.add((row["agency"], row["document"], row["issuer"]))
            self._fresh_numbers.add((row["agency"], row["issuer"], row["number"], row["notation"]))
        self._flush_when_full()

    def change(self, table: Table, row: Mapping[str, Any]) -> None:
        """Set columns of an entered row, named by its primary key columns in ``row``."""
        self._updates.append((table, dict(row)))
        self._flush_when_full()

    def known_document(self, agency: str, document: str, issuer: str) -> bool:
        """Duplicate alert: this identifier of the same issuer was registered here before (Decree 30 Annex VI).

        Every sender writes identifiers as it likes: another one's must not keep a genuine document out.
        """
        if (agency, document, issuer) in self._fresh_documents:
            return True
        return self._there(_BY_DOCUMENT, (agency, document, issuer))

    def known_number(self, agency: str, issuer: str, number: str, notation: str) -> bool:
        """Duplicate alert: the same number and notation of the same issuer was registered here before."""
        if (agency, issuer, number, notation) in self._fresh_numbers:
            return True
        return self._there(_BY_NUMBER, (agency, issuer, number, notation))

    def submitted(self, package: str) -> tuple[str, str]:
        """Sender and document of a package handed to the axis; both empty for none (a status package)."""
        self.flush()
        query = select(SUBMITTED.c.agency, SUBMITTED.c.document).where(SUBMITTED.c.package == package)
        found = self._connection.execute(query).first()
        return (found.agency, found.document) if found is not None else ("", "")

    def witnessed(self, document: str) -> tuple[int, int] | None:
        """When a document was signed and sent."""
        self.flush()
        found = self._connection.execute(select(WITNESS.c.signed_at, WITNESS.c.sent_at).where(WITNESS.c.document == document)).first()
        return None if found is None else (found.signed_at, found.sent_at)

    def arrival(self, agency: str, document: str, issuer: str) -> int | None:
        """Arrival number under which a document of this issuer stands in the incoming register; ``None`` when it does not."""
        self.flush()
        columns = INCOMING.c
        where = (columns.agency == agency, columns.document == document, columns.issuer == issuer)
        return self._connection.execute(select(columns.arrival_number).where(*where)).scalar()

    def archived(self, agency: str, document: str) -> PackedLetter:
        """The copy of a letter in the agency's archive, as it is now."""
        self.flush()
        columns = ARCHIVED.c
        where = (columns.agency == agency, columns.document == document)
        found = self._connection.execute(select(columns.template, columns.tail).where(*where)).one()
        return PackedLetter(found.template, found.tail)

    def reported(self, agency: str, document: str, code: str) -> frozenset[str]:
        """Partners who reported this code about a document of the agency's."""
        self.flush()
        columns = TRACKING.c
        where = (columns.agency == agency, columns.document == document, columns.code == code)
        return frozenset(self._connection.execute(select(columns.partner).where(*where)).scalars())

    def sorted_facts(self) -> Iterator[Any]:
        """Rows of ``delivery_facts`` by document and recipient, in the order noted."""
        columns = FACTS.c
        yield from self._stream(select(FACTS).order_by(columns.document, columns.recipient, columns.id))

    def sorted_axis_rows(self) -> Iterator[Any]:
        """Rows of ``axis_rows`` with the document their package carried, by document and recipient."""
        columns, document = AXIS_ROWS.c, func.coalesce(SUBMITTED.c.document, "").label("document")
        joined = AXIS_ROWS.outerjoin(SUBMITTED, SUBMITTED.c.package == columns.package)
        yield from self._stream(select(AXIS_ROWS, document).select_from(joined).order_by(document, columns.recipient, columns.id))

    def _stream(self, query: Select[Any]) -> Iterator[Any]:
        self.flush()
        with self._engine.connect() as connection:
            yield from connection.execution_options(yield_per=1000).execute(query)

    def flush(self) -> None:
        """Write the batch in one transaction."""
        if not self._waiting and not self._updates:
            return
        with _faults(), self._driver:
            for table, rows in _grouped(self._waiting):
                self._driver.executemany(_insert(table, tuple(rows[0])), rows)
            for table, rows in _grouped(self._updates):
                self._update(table, rows)
        self._waiting, self._updates = [], []
        self._fresh_documents.clear()
        self._fresh_numbers.clear()

    def rows(self, table: Table) -> Iterator[Mapping[str, Any]]:
        """All rows of a table in primary key order, streamed."""
        self.flush()
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=1000).execute(select(table).order_by(*table.primary_key.columns)):
                yield dict(row._mapping)

    def count(self, table: Table, **where: str) -> int:
        """How many rows have these values."""
        self.flush()
        query = select(func.count()).select_from(table)
        for name, value in where.items():
            query = query.where(table.c[name] == value)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def close(self) -> None:
        """Let go of the file; what waits in the batch is lost unless it was flushed."""
        self._connection.close()
        self._engine.dispose()

    def _flush_when_full(self) -> None:
        if len(self._waiting) + len(self._updates) >= _BATCH:
            self.flush()

    def _update(self, table: Table, rows: list[dict[str, Any]]) -> None:
        by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            by_columns.setdefault(tuple(sorted(row)), []).append(row)
        for names, values in by_columns.items():
            self._driver.executemany(_set(table, names), values)

    def _there(self, query: str, values: tuple[str, ...]) -> bool:
        with _faults():
            return self._driver.execute(query, values).fetchone() is not None


@cache
def _insert(table: Table, names: tuple[str, ...]) -> str:
    """The driver's own text: rows go in by the thousand, and through SQLAlchemy each is bound twice."""
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608  # our names


@cache
def _set(table: Table, names: tuple[str, ...]) -> str:
    keys = [column.name for column in table.primary_key.columns]
    values = ", ".join(f"{name} = :{name}" for name in names if name not in keys)
    return f"UPDATE {table.name} SET {values} WHERE {' AND '.join(f'{key} = :{key}' for key in keys)}"  # noqa: S608  # our names


def _grouped(rows: list[tuple[Table, dict[str, Any]]]) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    groups: dict[str, tuple[Table, list[dict[str, Any]]]] = {}
    for table, row in rows:
        groups.setdefault(table.name, (table, []))[1].append(row)
    yield from groups.values()


@contextmanager
def _faults() -> Iterator[None]:
    """The house's own name for what the machine does to a database."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        reason = fault_of(error.orig if isinstance(error, DBAPIError) else error)
        if reason is None:
            raise
        raise StoreUnavailable(reason) from error


def _fast(connection: Any, _record: Any) -> None:
    """The file belongs to one run and can be made again from the seed: it need not survive a power cut."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()
