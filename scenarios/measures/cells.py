"""Counts by measure, agency and day: all that the rates and their intervals are made of."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from scenarios.measures.catalogue import MeasureId
from scenarios.measures.interval import Cell

DAY = 86_400

_ROW = 4
_DAY, _N, _D, _Q = range(_ROW)


class _Days:
    """The cells of one measure and agency in the making, one row of four small integers a day: a year of a province is a million of them.

    Each stays below 2³² (Σ m² of a day: a thousand documents to two thousand recipients each).
    """

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows = array("I")

    def add(self, day: int, hit: bool, before: int) -> None:
        """Count one unit, ``before`` of whose document are counted already: m² grows by 2m + 1."""
        rows, at = self._rows, self._find(day)
        if at is None:
            at = len(rows)
            rows.extend((day, 0, 0, 0))
        rows[at + _Q] += 2 * before + 1
        rows[at + _D] += 1
        rows[at + _N] += hit

    def correct(self, day: int, by: int) -> None:
        """Change the numerator of a day that was counted on. Raises :class:`KeyError` for any other."""
        at = self._find(day)
        if at is None:
            raise KeyError(day)
        self._rows[at + _N] += by

    def cells(self, agency: str) -> Iterator[Cell]:
        """The finished cells by day."""
        rows = self._rows
        for at in sorted(range(0, len(rows), _ROW), key=rows.__getitem__):
            yield Cell(agency, rows[at + _DAY], rows[at + _N], rows[at + _D], rows[at + _Q])

    def _find(self, day: int) -> int | None:
        rows = self._rows
        return next((at for at in range(len(rows) - _ROW, -1, -_ROW) if rows[at] == day), None)


@dataclass(slots=True)
class Cells:
    """The table the folds write into. ``rest`` says for every count that is not in the numerator why not."""

    counts: dict[tuple[MeasureId, str], _Days] = field(default_factory=dict)
    rest: Counter[tuple[MeasureId, str, str]] = field(default_factory=Counter)
    """Keyed by measure, agency, cause."""
    secret: Counter[tuple[MeasureId, str]] = field(default_factory=Counter)
    """Left out of the denominator as secret: keyed by measure, agency."""

    def add(self, measure: MeasureId, agency: str, at: int, cause: str | None, before: int = 0) -> None:
        """Count one unit on the day of ``at``: in the numerator when ``cause`` is ``None``, otherwise in the rest for that cause.

        ``before``: how many of the same document this measure has counted already.
        """
        days = self.counts.get((measure, agency))
        if days is None:
            days = self.counts[measure, agency] = _Days()
        days.add(at // DAY, cause is None, before)
        if cause is not None:
            self.rest[measure, agency, cause] += 1

    def withdraw(self, measure: MeasureId, agency: str, at: int, cause: str) -> None:
        """Take one unit, counted on the day of ``at``, out of the numerator again: what was sent did not travel."""
        self.counts[measure, agency].correct(at // DAY, -1)
        self.rest[measure, agency, cause] += 1

    def restore(self, measure: MeasureId, agency: str, at: int, cause: str) -> None:
        """Undo :meth:`withdraw`: a later attempt succeeded."""
        self.counts[measure, agency].correct(at // DAY, 1)
        self.rest[measure, agency, cause] -= 1

    def of(self, measure: MeasureId, agency: str) -> Iterator[Cell]:
        """The finished cells of one measure and agency."""
        days = self.counts.get((measure, agency))
        return iter(()) if days is None else days.cells(agency)
