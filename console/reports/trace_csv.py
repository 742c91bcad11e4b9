"""The trace as one CSV file, written fact by fact while the run goes on.

Columns are ``record`` (the kind), ``at`` (seconds since the world's start), ``instant`` (the same as date and time, +07:00), ``agency``,
and then every field any kind has, in alphabetical order; a field a kind does not have stays empty. UTF-8, commas, line feeds.
"""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, get_args

from exchange.domain.calendar import VN
from scenarios.trace import Record

_FIRST = ("record", "at", "instant", "agency")
_KINDS: tuple[type, ...] = get_args(Record)
_FIELDS = {kind: tuple(kind.__dataclass_fields__) for kind in _KINDS}  # type: ignore[attr-defined]
COLUMNS = (*_FIRST, *sorted({name for fields in _FIELDS.values() for name in fields} - set(_FIRST)))


class TraceCsv:
    """A sink that writes each record as a line. Use as a context manager; raises OSError where the file cannot be written."""

    def __init__(self, path: Path, start: date) -> None:
        self._path = path
        self._start = datetime.combine(start, time(), VN)
        self._file: IO[str] | None = None
        places = {name: number for number, name in enumerate(COLUMNS)}
        self._places = {kind: [(name, places[name]) for name in fields] for kind, fields in _FIELDS.items()}
        self._last: tuple[int, str] = (-1, "")

    def __enter__(self) -> TraceCsv:
        self._file = self._path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")  # csv's own default is the Windows line end
        self._writer.writerow(COLUMNS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, record: Record) -> None:
        """Write one line."""
        line: list[object] = [""] * len(COLUMNS)
        kind = type(record)
        line[0], line[2] = kind.__name__, self._instant(record.at)
        for name, place in self._places[kind]:
            value = getattr(record, name)
            line[place] = int(value) if value is True or value is False else value
        self._writer.writerow(line)

    def _instant(self, at: int) -> str:
        if self._last[0] != at:
            self._last = (at, (self._start + timedelta(seconds=at)).isoformat())
        return self._last[1]
