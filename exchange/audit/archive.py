"""Audits a whole archive, a file or a database, on a machine that never saw the axis. Lists every error, never stops at the first, and
keeps little in memory however large the archive.

What is checked, in this order; each thing by its own bytes, never by what a row says about them:

(1) the file: SQLite's own structure, and rows that name rows which are not there
(2) the evidence: by what verdicts were judged, and whether the anchors are confirmed from outside     EN 319 102-1 §5.2.6
(3) the ledger: every fact is what its leaf was made of, indexes and sequences without a gap, kept nodes, roots, checkpoints
    and their signatures, and the checkpoints brought along from outside                               RFC 9162 §2.1
(4) every package: its exact bytes, its receipt, header and rows, and the verdict it would get again   RFC 5652, EN 319 102-1 §5.3
(5) every delivery: each step by the table of transitions, by what may cause it, at its instant; negotiations, refusals
(6) rows that must be there because others are, lines of mailboxes among them
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import Engine, Table, func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from exchange.api import Checkpoint
from exchange.audit.deliveries import Deliveries
from exchange.audit.evidence import Epochs, Lists, TrustFolder, load_epochs
from exchange.audit.findings import Book, Finding, OnProgress, Place, Sink, Unchecked
from exchange.audit.ledger import (
    Kept,
    Leaves,
    Witnessed,
    audit_facts,
    audit_tree,
    compare_roots,
    read_checkpoints,
    read_outside,
    sealed_last,
)
from exchange.audit.mailboxes import audit_mailboxes
from exchange.audit.packages import Longer, Packages
from exchange.audit.pairs import audit_pairs
from exchange.checkpoints import CheckpointFile
from exchange.errors import ArchiveUnreadable, StoreUnavailable
from exchange.store import entries
from exchange.store.engine import open_engine
from exchange.store.facts import FactKind
from exchange.store.reading import (
    before_the_first,
    broken_references,
    collated,
    is_interrupted,
    open_archive,
    retyped,
    spread,
    strange_values,
    structure_faults,
)
from exchange.store.schema import NAMELESS, missing_from, unenforced, version_of
from exchange.store.tables import (
    VERSION,
    breaker,
    crossing,
    delivery_event,
    hop,
    horizon,
    intervention,
    ledger_entry,
    lockout,
    member,
    metadata,
    operation,
    outage,
    outbox,
    path_step,
    stage_time,
    upload,
)
from exchange.store.work import Store

_WITHOUT_CONTENT = tuple(kind for kind in FactKind if kind is not FactKind.ADMISSION)
Given = TypeVar("Given")
UNSIGNED: Mapping[str, tuple[Table, ...]] = MappingProxyType({
    "who may enter": (member, lockout),
    "what operators did by hand": (intervention,),
    "what waits or is on its way": (outbox, crossing, hop, outage, upload),
    "what the axis' work took": (breaker, horizon, operation, path_step, stage_time),
})  # fmt: skip
"""Tables of the axis' own work by what they say: no signature and no entry of the ledger speaks of their rows."""
WORKING = tuple(table for tables in UNSIGNED.values() for table in tables)
_STRUCTURE = "SQLite file format; keys, foreign keys and types of the schema"


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What an audit found. ``findings`` is empty when they went to a sink; ``errors`` counts them in any case."""

    path: str
    findings: tuple[Finding, ...]
    errors: int
    checked: Mapping[str, int]
    """What was checked, how many of it."""
    unchecked: tuple[Unchecked, ...]
    """What could not be checked, and why."""
    entries: int
    """Ledger entries found."""
    anchors: tuple[bytes, ...]
    """SHA-256 of the anchors the archive names; to be compared with what is known from outside."""
    newest: Checkpoint | None = None
    """The newest checkpoint of the archive that can be read, whether or not it is the axis' word."""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong with what could be checked."""
        return self.errors == 0


def audit_archive(
    place: Path | str,
    *,
    outside: Sequence[CheckpointFile] = (),
    trust: TrustFolder | None = None,
    fingerprints: Iterable[bytes] = (),
    longer: Longer | None = None,
    sink: Sink | None = None,
    progress: OnProgress | None = None,
) -> ArchiveReport:
    """Audit the archive in an SQLite file, or in the PostgreSQL database of an address, opened for reading only.

    A database that is written meanwhile is looked at step by step: a finding about its last seconds may be no more than that.

    ``outside``: checkpoints kept elsewhere, by witnesses for instance, which the ledger must contain. ``trust``: anchors, authorities and
    lists to judge by; else those of the archive serve, confirmed by ``fingerprints`` (SHA-256) or reported as unconfirmed. ``longer`` may
    add findings about each signed artefact. Findings go to ``sink`` as they are made, or into the report. Raises
    :class:`ArchiveUnreadable` when the file is no archive.
    """
    told: list[Finding] = []
    store = open_to_read(place)
    try:
        book = Book(told.append if sink is None else sink, progress)
        book.total = _step(book, "file", lambda: _extent(store), 0)
        return _audit(_said(place), store, book, told, outside, trust, fingerprints, longer)
    finally:
        store.close()


def _audit(
    place: str, store: Store, book: Book, told: list[Finding], outside: Sequence[CheckpointFile], trust: TrustFolder | None,
    fingerprints: Iterable[bytes], longer: Longer | None,
) -> ArchiveReport:  # fmt: skip
    _step(book, "file", lambda: _structure(store, book), None)
    epochs = _step(book, "evidence", lambda: load_epochs(store, book, trust, fingerprints), Epochs((), {}, Lists()))
    kept: list[Kept] = _step(book, "ledger", lambda: read_checkpoints(store, book, epochs), [])
    witnessed = read_outside(book, outside, kept, epochs)
    unknown: tuple[dict[FactKind, int], bool] = ({}, False)
    leaves = Leaves(book, epochs, *_step(book, "ledger", lambda: _sealed(store, witnessed), unknown))
    size = _step(book, "ledger", lambda: _ledger(store, book, leaves, kept, witnessed), 0)
    deliveries = Deliveries(store, book, epochs)
    _step(book, "packages", Packages(store, book, epochs, leaves, longer).audit, None)
    _step(book, "deliveries", deliveries.audit, None)
    _step(book, "negotiations", deliveries.negotiations, None)
    _step(book, "refusals", deliveries.refusals, None)
    _step(book, "pairs", lambda: audit_pairs(store, book), None)
    _step(book, "mailboxes", lambda: audit_mailboxes(store, book, epochs), None)
    newest = kept[-1].checkpoint if kept else None
    return ArchiveReport(place, tuple(told), book.findings, dict(book.checked), book.unchecked(), size, _anchors(epochs), newest)


def _sealed(store: Store, outside: Sequence[Witnessed]) -> tuple[dict[FactKind, int], bool]:
    """The highest fact sealed by kind, and whether a checkpoint from outside speaks of more entries than there are."""
    with store.reading() as work:
        size = entries.size(work)
    return sealed_last(store), any(one.checkpoint.size > size for one in outside)


def _ledger(store: Store, book: Book, leaves: Leaves, kept: list[Kept], outside: Sequence[Witnessed]) -> int:
    """All of the ledger but the admissions' leaves; gives how many entries there are."""
    audit_facts(store, leaves, _WITHOUT_CONTENT)
    tree = audit_tree(store, book, {one.checkpoint.size for one in kept} | {one.checkpoint.size for one in outside})
    compare_roots(book, tree, kept, outside)
    return tree.size


def open_to_read(place: Path | str) -> Store:
    """An archive's store, for reading only: an SQLite file, or a PostgreSQL database by its address.

    Raises :class:`ArchiveUnreadable` when there is none, or it is of another version.
    """
    name, engine = _said(place), _engine(place)
    try:
        found = version_of(engine)
        missing = missing_from(engine) if found == VERSION else ()
    except (DBAPIError, StoreUnavailable) as error:
        engine.dispose()
        what = "a database" if isinstance(place, str) else "an SQLite database"
        raise ArchiveUnreadable(name, f"it cannot be read as {what} ({getattr(error, 'orig', error)})") from error
    fault = _unfit(found, missing)
    if fault:
        engine.dispose()
        raise ArchiveUnreadable(name, fault)
    return Store(engine)


def _unfit(version: str, missing: Sequence[str]) -> str:
    """Why a database that can be read is no archive for an audit; empty if it is one."""
    if not version:
        return "it holds no tables: it is no archive"
    if version == NAMELESS:
        return "it is no archive of an axis: it names no schema (table alembic_version)"
    if version > VERSION:
        return f"its schema is {version}, of a later release; an audit by this one needs {VERSION}"
    if version != VERSION:
        return f"its schema is {version}, an audit needs {VERSION}: bring a copy of it up to date by truc migrate"
    return f"it is no whole archive: {', '.join(missing)} missing" if missing else ""


def _engine(place: Path | str) -> Engine:
    if isinstance(place, Path):
        if not place.is_file():
            raise ArchiveUnreadable(str(place), "there is no such file")
        if is_interrupted(place):
            rule = "a journal of an interrupted writing lies beside it: let SQLite open a copy once, which changes it, and audit that"
            raise ArchiveUnreadable(str(place), rule)
        return open_archive(place)
    try:
        return open_engine(place)
    except (ArgumentError, ImportError) as error:
        raise ArchiveUnreadable(place, f"it cannot be opened as a database ({error})") from error


def _said(place: Path | str) -> str:
    """Its name, without a password."""
    if isinstance(place, Path):
        return str(place)
    try:
        return make_url(place).render_as_string(hide_password=True)
    except ArgumentError:
        return place


def _extent(store: Store) -> int:
    """Rows to look at, for the progress."""
    with store.reading() as work:
        sealed, events = (work.value(select(func.count()).select_from(one)) for one in (ledger_entry, delivery_event))
    return int(2 * sealed + events)


def _step(book: Book, name: str, step: Callable[[], Given], instead: Given) -> Given:
    """A step that the file itself cannot carry ends with a finding, and the next one begins."""
    try:
        return step()
    except (StoreUnavailable, DBAPIError, sqlite3.Error) as error:
        book.find(Place(name, ""), "file-damaged", _STRUCTURE, f"the {name} cannot be read to the end: {error}")
        book.skip(name, "the file cannot be read to its end")
        return instead


def _structure(store: Store, book: Book) -> None:
    for table, columns in unenforced(store.engine):
        detail = f"nothing in the database keeps {', '.join(columns)} from being there twice"
        book.find(Place(table, ""), "constraint-missing", _STRUCTURE, detail)
    with store.reading() as work:
        faults, broken = structure_faults(work), broken_references(work, metadata.sorted_tables)
        early = [(table.name, key) for table in metadata.sorted_tables if table not in WORKING for key in before_the_first(work, table)]
        foreign, several = collated(work), spread(work)
        types = [(table.name, *one) for table in metadata.sorted_tables for one in retyped(work, table)]
        strange = [(table.name, *one) for table in metadata.sorted_tables for one in strange_values(work, table)]
    for fault in faults:
        book.find(Place("file", ""), "file-damaged", _STRUCTURE, fault)
    for table in foreign:
        book.find(Place(table, ""), "collation", _STRUCTURE, "it compares texts by a collation of its own: rows may be passed over")
    for table in several:
        book.find(
            Place(table, ""),
            "table-spread",
            _STRUCTURE,
            "its rows stand in several tables, whose keys hold for each alone",
        )
    for table, column, found in types:
        book.find(Place(table, ""), "column-type", _STRUCTURE, f"the column {column} is of the type {found}, not of the schema's")
    for table, key in early:
        book.find(Place(table, key), "key-before-first", _STRUCTURE, "the row stands before the first one that a table can have")
    for table, row, parent in broken:
        book.find(Place(table, row), "broken-reference", _STRUCTURE, f"the row names one of {parent} that is not there")
    for table, key, column, found in strange:
        book.find(Place(table, key), "value-type", _STRUCTURE, f"the column {column} holds a value of the type {found}")
    book.checked["tables"] += len(inspect(store.engine).get_table_names())
    with store.reading() as work:
        for what, tables in UNSIGNED.items():
            rows = sum(work.value(select(func.count()).select_from(table)) for table in tables)
            book.skip(what, "nothing signed speaks of it: rows may have been added, changed or taken away", rows, none_too=member in tables)


def _anchors(epochs: Epochs) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(digest for epoch in epochs.all for digest in epoch.terms.anchors))
