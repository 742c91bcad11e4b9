"""Counts by measure, agency and day: all that the rates and their intervals are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from scenarios.measures.catalogue import MeasureId
from scenarios.measures.interval import Cell

DAY = 86_400


@dataclass(slots=True)
class _Count:
    """A cell in the making. Pairs of one document come together, so its last document and that one's pairs are enough for Σ m²."""

    n: int = 0
    d: int = 0
    q: int = 0
    document: str = ""
    pairs: int = 0

    def add(self, document: str, hit: bool) -> None:
        if document != self.document:
            self.document, self.pairs = document, 0
        self.q += 2 * self.pairs + 1
        self.pairs += 1
        self.d += 1
        self.n += hit


@dataclass(slots=True)
class Cells:
    """The table the folds write into. ``rest`` says for every count that is not in the numerator why not."""

    counts: dict[tuple[MeasureId, str], dict[int, _Count]] = field(default_factory=dict)
    rest: Counter[tuple[MeasureId, str, str]] = field(default_factory=Counter)
    """Keyed by measure, agency, cause."""
    secret: Counter[tuple[MeasureId, str]] = field(default_factory=Counter)
    """Left out of the denominator as secret: keyed by measure, agency."""

    def add(self, measure: MeasureId, agency: str, at: int, document: str, cause: str | None) -> None:
        """Count one unit on the day of ``at``: in the numerator when ``cause`` is ``None``, otherwise in the rest for that cause."""
        days = self.counts.setdefault((measure, agency), {})
        day = at // DAY
        if day not in days:
            days[day] = _Count()
        days[day].add(document, cause is None)
        if cause is not None:
            self.rest[measure, agency, cause] += 1

    def withdraw(self, measure: MeasureId, agency: str, at: int, cause: str) -> None:
        """Take one unit, counted on the day of ``at``, out of the numerator again: what was sent did not travel."""
        self.counts[measure, agency][at // DAY].n -= 1
        self.rest[measure, agency, cause] += 1

    def restore(self, measure: MeasureId, agency: str, at: int, cause: str) -> None:
        """Undo :meth:`withdraw`: a later attempt succeeded."""
        self.counts[measure, agency][at // DAY].n += 1
        self.rest[measure, agency, cause] -= 1

    def of(self, measure: MeasureId, agency: str) -> Iterator[Cell]:
        """The finished cells of one measure and agency."""
        for day, count in sorted(self.counts.get((measure, agency), {}).items()):
            yield Cell(agency, day, count.n, count.d, count.q)
