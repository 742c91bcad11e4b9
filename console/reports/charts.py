"""Line charts as inline SVG: some lines over one horizontal and one vertical axis, linear or logarithmic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from console.reports.markup import Markup, join, tag

_WIDTH, _HEIGHT = 760, 266
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 26, 34
_TICKS = 5
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, its points in order of x, and which colour (``one`` … ``four`` of charts.css; ``four`` is dashed: drawn last, it
    shows what it runs along).
    """

    name: str
    points: Sequence[Point]
    colour: str
    dots: bool = False
    """Draw the points alone."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A limit: a dashed line across at ``y``, or down at ``x``, with its name."""

    name: str
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it counts, how a value is written, and whether it is logarithmic (then values are above zero)."""

    name: str
    write: Callable[[float], str]
    log: bool = False
    low: float | None = None
    """Where it begins, when not at the lowest value (0 for a linear one)."""


def chart(label: str, lines: Sequence[Line], x: Axis, y: Axis, marks: Sequence[Mark] = ()) -> Markup:
    """The chart with its legend. ``label`` is what a reader who does not see it is told."""
    shown = [line for line in lines if line.points]
    if not shown:
        return Markup("")
    across = _Scale(x, [px for line in shown for px, _ in line.points] + [mark.x for mark in marks if mark.x is not None])
    up = _Scale(y, [py for line in shown for _, py in line.points] + [mark.y for mark in marks if mark.y is not None])
    parts = [*_grid(across, up, x, y), *(_mark(mark, across, up) for mark in marks), *(_line(line, across, up) for line in shown)]
    plot = tag("svg", tag("title", label), *parts, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", class_="chart", role="img")
    names = [tag("span", tag("i", class_=f"swatch line-{line.colour}"), line.name) for line in shown]
    return tag("figure", plot, tag("p", *names, class_="legend"))


class _Scale:
    """From values to a share of the way, 0 to 1, and the values to be labelled."""

    def __init__(self, axis: Axis, values: Sequence[float]) -> None:
        finite = [value for value in values if isfinite(value) and (value > 0 or not axis.log)]
        low, high = min(finite, default=1.0), max(finite, default=1.0)
        self._log = axis.log
        if axis.log:
            floor_of, ceiling = floor(log10(axis.low or low) + 1e-9), ceil(log10(high) - 1e-9)
            self.low, self.high = 10.0**floor_of, 10.0 ** max(ceiling, floor_of + 1)
            self.ticks = [10.0**power for power in range(round(log10(self.low)), round(log10(self.high)) + 1)]
        else:
            self.low = min(0.0, low) if axis.low is None else axis.low
            step = _round((max(high, self.low + 1e-9) - self.low) / _TICKS)
            self.high = self.low + step * ceil((high - self.low) / step + 1e-9)
            self.ticks = [self.low + step * tick for tick in range(round((self.high - self.low) / step) + 1)]

    def __call__(self, value: float) -> float:
        if self._log:
            value = max(value, self.low)
            return (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return (value - self.low) / (self.high - self.low)


def _round(step: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** floor(log10(step)) if step > 0 else 1.0
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step * (1 - 1e-9))


def _x(share: float) -> str:
    return f"{_LEFT + share * (_WIDTH - _LEFT - _RIGHT):.1f}"


def _y(share: float) -> str:
    return f"{_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM):.1f}"


def _grid(across: _Scale, up: _Scale, x: Axis, y: Axis) -> list[Markup]:
    parts = []
    for value in up.ticks:
        at = _y(up(value))
        parts.append(tag("line", x1=_x(0), x2=_x(1), y1=at, y2=at, class_="grid"))
        parts.append(tag("text", y.write(value), x=_LEFT - 6, y=at, text_anchor="end", dominant_baseline="middle"))
    below = _HEIGHT - _BOTTOM + 14
    parts += [tag("text", x.write(value), x=_x(across(value)), y=below, text_anchor="middle") for value in across.ticks]
    parts.append(tag("line", x1=_x(0), x2=_x(1), y1=_y(0), y2=_y(0), class_="base"))
    parts.append(tag("text", x.name, x=_x(1), y=_HEIGHT - 4, text_anchor="end"))
    parts.append(tag("text", y.name, x=_x(0), y=12, text_anchor="start"))
    return parts


def _line(line: Line, across: _Scale, up: _Scale) -> Markup:
    places = [(_x(across(px)), _y(up(py))) for px, py in line.points if isfinite(py)]
    if line.dots:
        return join([tag("circle", cx=px, cy=py, r=4, class_=f"point line-{line.colour}") for px, py in places])
    return tag("polyline", points=" ".join(f"{px},{py}" for px, py in places), class_=f"line line-{line.colour}")


def _mark(mark: Mark, across: _Scale, up: _Scale) -> Markup:
    if mark.y is not None:
        at = _y(up(mark.y))
        name = tag("text", mark.name, x=_x(1), y=float(at) - 4, text_anchor="end")
        return join([tag("line", x1=_x(0), x2=_x(1), y1=at, y2=at, class_="mark"), name])
    at = _x(across(mark.x or 0.0))
    name = tag("text", mark.name, x=float(at) + 4, y=_TOP + 10, text_anchor="start")
    return join([tag("line", x1=at, x2=at, y1=_y(0), y2=_y(1), class_="mark"), name])
