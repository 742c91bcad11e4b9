"""The results of a fold: rates with their intervals and verdicts, why the rest is on paper, waiting times, amounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from scenarios.measures.catalogue import MeasureSpec, Target
from scenarios.measures.interval import Cell, Interval, Method, ratio_interval
from scenarios.trace import Channel


class Verdict(StrEnum):
    """A target against an interval."""

    HELD = "held"
    """The whole interval is at the target or above (above, where the source says *over*)."""
    SHORT = "short"
    """The whole interval is below the target."""
    UNDECIDED = "undecided"
    """The target lies inside the interval, or nothing was counted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``n`` of ``d`` counted, the interval of the long-run rate behind it, and what that says of the target."""

    n: int
    d: int
    interval: Interval
    verdict: Verdict

    @property
    def value(self) -> float | None:
        """The rate as a fraction of one; ``None`` when nothing was counted."""
        return self.n / self.d if self.d else None


@dataclass(frozen=True, slots=True)
class Part:
    """The rate of the agencies of one level and bloc."""

    level: str
    bloc: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Row:
    """One measure: the headline over the agencies its source speaks of, and all agencies of the province by level and bloc."""

    spec: MeasureSpec
    rate: Rate
    secret: int
    """Left out of the headline's denominator as secret."""
    parts: tuple[Part, ...]
    causes: Mapping[str, int]
    """Why the headline's rest is not in the numerator; sums to d - n."""


@dataclass(frozen=True, slots=True)
class CauseCount:
    """How many of one measure's rest one level has for one cause."""

    measure: str
    level: str
    bloc: str
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A distribution of waiting times, counted by whole minutes."""

    stage: str
    """``arrival``: signed until arrived; ``registration``: arrived until registered."""
    channel: Channel
    count: int
    median: int
    p90: int
    longest: int


def judge(interval: Interval, target: Target) -> Verdict:
    """Hold an interval against a target."""
    if interval.method is Method.NONE:
        return Verdict.UNDECIDED
    if interval.high < target.bar or (target.over and interval.high <= target.bar):
        return Verdict.SHORT
    if interval.low > target.bar or (interval.low == target.bar and not target.over):
        return Verdict.HELD
    return Verdict.UNDECIDED


def rate_of(cells: Iterable[Cell], target: Target) -> Rate:
    """Sum cells to a rate with interval and verdict."""
    counted = list(cells)
    interval = ratio_interval(counted)
    return Rate(sum(c.n for c in counted), sum(c.d for c in counted), interval, judge(interval, target))


def waiting(stage: str, channel: Channel, minutes: Counter[int]) -> Waiting:
    """Median and ninetieth percentile of a count by minutes (the smallest value that so many do not exceed)."""
    total = minutes.total()
    ranks = {"median": -(-total // 2), "p90": -(-9 * total // 10)}
    values: dict[str, int] = {}
    seen = 0
    for value in sorted(minutes):
        seen += minutes[value]
        for name, rank in ranks.items():
            if seen >= rank:
                values.setdefault(name, value)
    return Waiting(stage, channel, total, values["median"], values["p90"], max(minutes))
