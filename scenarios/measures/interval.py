"""A 95 % interval for a rate counted over documents that are not independent of each other.

The rate is a ratio R = Σn / Σd over cells, a cell being what one agency did on one day. Documents of one agency share its people and
software, documents of one day share its outages, pairs of one broadcast share one decision; so the variance of R is clustered both ways
(Cameron, Gelbach and Miller 2011): V = V_agency + V_day - V_cell, each from the residuals n - R·d summed over that kind of cluster, times
G/(G-1). V is never taken smaller than V_cell, nor than one independent decision per document would give. The quantile is Student's, with
Satterthwaite's degrees of freedom over *effective* clusters 1/Σw² (w: share of the denominator), and the limits are Wilson's for the
effective number of trials R(1-R)/V, so they stay within 0…1.

Where all cells agree (R is 0 or 1) the variance cannot be seen; then each cell counts as one trial and the exact binomial bound holds
(Clopper and Pearson 1934): 0.025^(1/cells). ``tests/scenarios/measures`` shows the coverage on worlds whose truth is known.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from scenarios.measures.statistics import student_quantile

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_TINY = 1e-300


class Method(StrEnum):
    """How the limits were found; the report prints it beside them."""

    AGENCY_AND_DAY = "agency-and-day"
    """Wilson limits on a variance clustered by agency and by day."""
    AGENCY = "agency"
    """The same, clustered by agency alone: one day only, or units and persons counted once over all days."""
    DAY = "day"
    """The same, clustered by day alone: one agency only."""
    EXACT = "exact-cells"
    """Exact binomial bound, each cell one trial: all cells agree."""
    NONE = "none"
    """Nothing was counted, or all of it in one cell whose documents differ."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one agency did on one day: ``n`` of ``d`` counted; ``q`` is Σ (pairs of one document)², which shows broadcasts."""

    agency: str
    day: int
    n: int
    d: int
    q: int


@dataclass(frozen=True, slots=True)
class Interval:
    """Limits as fractions of one, with the effective number of independent trials they stand on."""

    low: float
    high: float
    method: Method
    effective: float
    df: float
    agencies: int
    days: int


@dataclass(frozen=True, slots=True)
class _Component:
    """The variance one way of clustering sees, and its effective number of clusters 1/Σw²."""

    variance: float
    effective: float

    @property
    def spread(self) -> float:
        """Satterthwaite's term: squared variance over its degrees of freedom."""
        return self.variance**2 / max(1.0, self.effective - 1)


def ratio_interval(cells: Iterable[Cell]) -> Interval:
    """The interval for Σn/Σd over ``cells``. Cells with d = 0 say nothing and are passed over."""
    counted = [cell for cell in cells if cell.d > 0]
    agencies, days = len({cell.agency for cell in counted}), len({cell.day for cell in counted})
    if not counted:
        return Interval(0.0, 1.0, Method.NONE, 0.0, 0.0, 0, 0)
    total = sum(cell.d for cell in counted)
    rate = sum(cell.n for cell in counted) / total
    if rate in (0.0, 1.0):
        return _exact(rate, len(counted), agencies, days)
    method = _method(agencies, days)
    if method is Method.NONE:
        return Interval(0.0, 1.0, method, 0.0, 0.0, agencies, days)
    variance, df = _variance(counted, rate, total, method)
    effective = rate * (1 - rate) / variance
    low, high = _wilson(rate, effective, _quantile(df))
    return Interval(low, high, method, effective, df, agencies, days)


def _method(agencies: int, days: int) -> Method:
    if agencies > 1 and days > 1:
        return Method.AGENCY_AND_DAY
    if agencies > 1:
        return Method.AGENCY
    return Method.DAY if days > 1 else Method.NONE


def _exact(rate: float, cells: int, agencies: int, days: int) -> Interval:
    bound: float = _TAIL ** (1 / cells)
    low, high = (bound, 1.0) if rate == 1.0 else (0.0, 1 - bound)
    return Interval(low, high, Method.EXACT, float(cells), float(cells), agencies, days)


def _variance(cells: list[Cell], rate: float, total: int, method: Method) -> tuple[float, float]:
    """Variance of the rate and its degrees of freedom; every kind of cluster the method names stands at least twice."""
    cell = _component(cells, rate, total, lambda c: (c.agency, c.day))
    agency = _component(cells, rate, total, lambda c: c.agency)
    day = _component(cells, rate, total, lambda c: c.day)
    if method is Method.AGENCY_AND_DAY:
        variance, parts = agency.variance + day.variance - cell.variance, [agency, day, cell]
    else:
        only = agency if method is Method.AGENCY else day
        variance, parts = only.variance, [only]
    if variance <= cell.variance:  # neither agencies nor days add anything: the cells speak alone, with all their freedom
        variance, parts = cell.variance, [cell]
    floor = rate * (1 - rate) * sum(c.q for c in cells) / total**2
    variance = max(variance, floor)
    return variance, max(1.0, variance**2 / max(sum(part.spread for part in parts), _TINY))


def _component(cells: list[Cell], rate: float, total: int, key: Callable[[Cell], Hashable]) -> _Component:
    residuals: defaultdict[Hashable, float] = defaultdict(float)
    weights: defaultdict[Hashable, float] = defaultdict(float)
    for cell in cells:
        residuals[key(cell)] += (cell.n - rate * cell.d) / total
        weights[key(cell)] += cell.d / total
    clusters = len(residuals)
    correction = clusters / (clusters - 1) if clusters > 1 else 1.0
    return _Component(correction * math.fsum(e * e for e in residuals.values()), 1 / math.fsum(w * w for w in weights.values()))


def _wilson(rate: float, effective: float, t: float) -> tuple[float, float]:
    """Wilson's limits (1927) with t for z and the effective number of trials (Dean and Pagano 2015)."""
    shrink = 1 + t * t / effective
    centre = (rate + t * t / (2 * effective)) / shrink
    half = t * math.sqrt(rate * (1 - rate) / effective + t * t / (4 * effective**2)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


@lru_cache(maxsize=4096)
def _quantile(df: float) -> float:
    return student_quantile(1 - _TAIL, df)
