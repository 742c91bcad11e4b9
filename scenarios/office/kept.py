"""The copies agencies kept of the letters they registered, read out of the offices' file of a finished run as somebody left it.

The file belongs to the offices, and nothing in it is signed but the letters: any row may have been changed, and any value be of any type
and size. What a copy is worth is for others to say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError

from exchange.errors import StoreUnavailable
from exchange.store.reading import is_interrupted, open_archive, structure_faults
from exchange.store.work import Store
from scenarios.office.registers import ARCHIVED
from signing import PackedLetter

PAGE = 25
"""Rows in hand at a time, two letters each."""
_MOST: dict[type, int] = {str: 400, bytes: 1 << 20}
"""Longest values taken, in bytes: identifiers, and packed letters, which unpacked have no more than that."""
_FIRST = -(1 << 63)
_COLUMNS = tuple((column.name, column.type.python_type) for column in ARCHIVED.columns)
_VALUES = ", ".join(f"CASE WHEN length(CAST({name} AS BLOB)) <= {_MOST[kind]} THEN {name} END" for name, kind in _COLUMNS)
_ROWS = text(f"SELECT rowid, {_VALUES} FROM {ARCHIVED.name} WHERE rowid >= :first ORDER BY rowid LIMIT {PAGE}").bindparams(  # noqa: S608  # our names
    bindparam("first")
)
_MADE = text(f"SELECT type FROM sqlite_master WHERE name = '{ARCHIVED.name}'")  # noqa: S608  # our name
_PLAIN = text(f"SELECT sql NOT LIKE '%WITHOUT%ROWID%' FROM sqlite_master WHERE name = '{ARCHIVED.name}'")  # noqa: S608  # our name
_SHAPE = text(f"PRAGMA table_xinfo({ARCHIVED.name})")


class KeptUnreadable(Exception):
    """The offices' file, or its table of kept letters, cannot be read as that; the text says why."""


@dataclass(frozen=True, slots=True)
class KeptCopy:
    """One row: what the agency was delivered, and what it made of it."""

    agency: str
    document: str
    level: str
    delivered: PackedLetter
    kept: PackedLetter


@dataclass(frozen=True, slots=True)
class SpoiltRow:
    """A row that says nothing that can be read, with the reason."""

    row: int
    fault: str


def kept_copies(path: Path) -> Iterator[KeptCopy | SpoiltRow]:
    """Every row of the table, a page at a time; the file is only read. Raises :class:`KeptUnreadable`, also between two rows."""
    if is_interrupted(path):
        raise KeptUnreadable("a journal of an interrupted writing lies beside it")
    with _readable(), closing(Store(open_archive(path))) as store:
        _refuse_others(store)
        first = _FIRST
        while first < -_FIRST:
            with store.reading() as work:
                rows = work.rows(_ROWS, {"first": first})
            for number, *values in rows:
                yield _copy(number, values)
            if len(rows) < PAGE:
                return
            first = rows[-1][0] + 1


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (StoreUnavailable, DBAPIError, sqlite3.Error) as error:
        raise KeptUnreadable(str(getattr(error, "orig", error))) from error


def _refuse_others(store: Store) -> None:
    """A table of another shape may show one thing to one reader and another to the next."""
    with store.reading() as work:
        made, shape, faults = work.rows(_MADE), work.rows(_SHAPE), structure_faults(work)
        plain = bool(work.value(_PLAIN))
    if not made:
        raise KeptUnreadable(f"it holds no table {ARCHIVED.name}")
    found = {(name, bool(hidden)) for _, name, _, _, _, _, hidden in shape}
    if made != [("table",)] or not plain or found != {(name, False) for name, _ in _COLUMNS}:
        raise KeptUnreadable(f"its {ARCHIVED.name} is not the table that a run makes")
    if faults:
        raise KeptUnreadable(faults[0])


def _copy(number: int, values: Sequence[Any]) -> KeptCopy | SpoiltRow:
    for (name, kind), value in zip(_COLUMNS, values, strict=True):
        if type(value) is not kind or (isinstance(value, str) and not value.isprintable()):  # no UTF-8 is not printable either
            what = "a text" if kind is str else "a packed letter"
            return SpoiltRow(number, f"the column {name} does not hold {what} of at most {_MOST[kind]} bytes")
    agency, document, level, template, tail, kept_template, kept_tail = values
    return KeptCopy(agency, document, level, PackedLetter(template, tail), PackedLetter(kept_template, kept_tail))
