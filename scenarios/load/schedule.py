"""When documents are sent: a curve of intensity over the run, and instants drawn from it beforehand.

An open loop sends at these instants whatever the service does, and every latency counts from them, so that a service which stands still
cannot hide the requests it held up (coordinated omission).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import sqrt
from random import Random

_STEPS = 5
_DAY = (
    (0.0, 0.25), (1.0, 0.9), (1.5, 1.6), (3.5, 1.6), (4.0, 0.8), (4.5, 0.2), (5.5, 0.2), (6.5, 1.3), (9.0, 1.3), (9.5, 0.6), (10.0, 0.1),
)  # fmt: skip
"""Hours from 7:30 on, and intensity: peaks from 9 to 11 and from 14 to 16:30 (field notes on peaks; the heights are an assumption)."""
_MONTH_END = (
    (0.0, 0.4), (1.0, 1.4), (1.5, 2.4), (4.0, 2.0), (4.5, 0.9), (5.5, 0.9), (6.5, 2.6), (9.5, 2.6), (10.0, 1.2),
)  # fmt: skip
"""The same for the last day of a month, when reports are due: nearly twice an ordinary day, without a pause at noon (assumption)."""


class Shape(StrEnum):
    """How the rate goes over the run."""

    CONSTANT = "constant"
    STEP = "step"
    RAMP = "ramp"
    SOAK = "soak"
    """Constant too, and asked at the end whether its last quarter is slower than its first."""
    DAY = "day"
    MONTH_END = "month-end"
    """An ordinary day, and the last one of the month."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Intensity in documents per second over seconds: straight lines between ``(second, rate)``; two at one second are a jump."""

    points: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        """Where it ends."""
        return self.points[-1][0]

    @property
    def total(self) -> float:
        """Documents to be expected."""
        return sum(_area(one, other) for one, other in _pairs(self.points))

    def scaled(self, seconds: float, mean: float) -> Curve:
        """The same form over ``seconds``, at ``mean`` documents a second on the average."""
        across, up = seconds / self.seconds, mean * self.seconds / self.total
        return Curve(tuple((at * across, rate * up) for at, rate in self.points))

    def rate(self, at: float) -> float:
        """Intensity at a second; after the end none."""
        for (start, low), (end, high) in _pairs(self.points):
            if start <= at < end:
                return low + (high - low) * (at - start) / (end - start)
        return 0.0


def curve(shape: Shape, rate: float, seconds: float) -> Curve:
    """The curve of a shape. ``rate`` is the average of a day's shapes, the highest of step and ramp, and the only one of the others."""
    if shape is Shape.RAMP:
        return Curve(((0.0, 0.0), (seconds, rate)))
    if shape is Shape.STEP:
        width = seconds / _STEPS
        return Curve(tuple(point for step in range(_STEPS) for point in _level(step * width, width, rate * (step + 1) / _STEPS)))
    if shape is Shape.DAY:
        return Curve(_DAY).scaled(seconds, rate)
    if shape is Shape.MONTH_END:
        return Curve((*_DAY, *((10.0 + hour, level) for hour, level in _MONTH_END))).scaled(seconds, rate)
    return Curve(_level(0.0, seconds, rate))


def _level(start: float, width: float, rate: float) -> tuple[tuple[float, float], ...]:
    return (start, rate), (start + width, rate)


def instants(form: Curve, chance: Random | None) -> array[float]:
    """Seconds from the start, ascending: a Poisson process with the curve's intensity, or evenly spaced under it without ``chance``."""
    drawn = array("d")
    gap = _even if chance is None else lambda: chance.expovariate(1.0)
    wanted, passed = gap() if chance is not None else 0.5, 0.0
    for one, other in _pairs(form.points):
        area = _area(one, other)
        while wanted < passed + area:
            drawn.append(one[0] + _where(wanted - passed, one, other))
            wanted += gap()
        passed += area
    return drawn


def _even() -> float:
    return 1.0


def _where(area: float, one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far into a straight piece its first ``area`` reaches: slope·x²/2 + rate·x = area."""
    (start, low), (end, high) = one, other
    slope = (high - low) / (end - start)
    root = sqrt(max(0.0, low * low + 2 * slope * area))
    return 2 * area / (low + root) if low + root > 0 else 0.0


def _area(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[0] - one[0]) * (one[1] + other[1]) / 2


def _pairs(points: Sequence[tuple[float, float]]) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    return ((one, other) for one, other in pairwise(points) if other[0] > one[0])
