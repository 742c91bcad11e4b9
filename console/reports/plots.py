"""The report's plots as inline SVG. Horizontal places are percents of the width, so a plot fits a telephone and a sheet of paper alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from console.locale import Text
from console.reports.canonical import Tree
from console.reports.markup import Markup, join, tag

ROADS = ("axis", "party-network", "e-mail", "paper", "courier")
_FLOW_HEIGHT = 110


class Scale:
    """The common axis of all rates: from the tenth below the lowest thing shown up to one."""

    def __init__(self, rows: Sequence[Tree]) -> None:
        shown = [rate for row in rows for rate in (row, *row["parts"]) if rate["interval"]["method"] != "none"]
        lows = [rate["interval"]["low"] for rate in shown] + [row["target"]["percent"] / 100 for row in rows]
        self.low = max(0.0, min(0.9, int(min(lows, default=0.0) * 10) / 10))

    def place(self, fraction: float) -> str:
        """Where a rate lies, as percent of the width."""
        return f"{100 * (max(fraction, self.low) - self.low) / (1 - self.low):.2f}%"

    def ticks(self) -> list[int]:
        """Whole percents to be labelled: six at most."""
        low = round(100 * self.low)
        step = 10 if low >= 50 else 20
        return [percent for percent in range(low, 101) if percent == low or (100 - percent) % step == 0]


def rate_axis(scale: Scale) -> Markup:
    """The labels above the rates."""
    labels = [
        tag("text", f"{percent} %", x=scale.place(percent / 100), y=12, text_anchor=_anchor(percent, scale)) for percent in scale.ticks()
    ]
    return tag("svg", *labels, class_="track axis", height=16, aria_hidden="true")


def _anchor(percent: int, scale: Scale) -> str:
    if percent == 100:
        return "end"
    return "start" if percent == round(100 * scale.low) else "middle"


def rate_track(rate: Tree, target: Tree, scale: Scale, label: str) -> Markup:
    """One rate: bar for its interval, dot for itself, tick for the target."""
    grid = [
        tag("line", x1=scale.place(percent / 100), x2=scale.place(percent / 100), y1=0, y2=22, class_="grid") for percent in scale.ticks()
    ]
    goal = scale.place(target["percent"] / 100)
    parts = [*grid, tag("line", x1=goal, x2=goal, y1=1, y2=21, class_="goal")]
    if rate["rate"] is not None:
        if rate["interval"]["method"] != "none":
            ends = {"x1": scale.place(rate["interval"]["low"]), "x2": scale.place(rate["interval"]["high"])}
            parts.append(tag("line", **ends, y1=11, y2=11, class_=f"interval {rate['verdict']}"))
        parts.append(tag("circle", cx=scale.place(rate["rate"]), cy=11, r=4.5, class_=f"dot {rate['verdict']}"))
    return tag("svg", tag("title", label), *parts, class_="track", height=22, role="img")


def legend(codes: Sequence[str], family: str, text: Text) -> Markup:
    """Coloured squares with the names of codes."""
    items = [tag("span", tag("i", class_=f"swatch {family}-{code}"), text.label(family, code)) for code in codes]
    return tag("p", *items, class_="legend")


def flow(tree: Tree, days: Mapping[int, str], text: Text) -> Markup:
    """One panel a day: bars of pairs per hour, stacked by road. ``days``: label of each day index shown."""
    hours: dict[int, Counter[str]] = {}
    for item in tree["flow"]:
        hours.setdefault(item["hour"], Counter())[item["channel"]] += item["pairs"]
    if not hours:
        return tag("p", text("report.none"))
    clock = [hour % 24 for hour in hours]
    first, last = min(7, *clock), max(17, *clock)
    most = max(count.total() for count in hours.values())
    panels = []
    for day, label in days.items():
        box = (first, last - first + 1, most)
        bars = [_bar(hours.get(24 * day + hour, Counter()), hour, box, text) for hour in range(first, last + 1)]
        base = tag("line", x1="0%", x2="100%", y1=_FLOW_HEIGHT, y2=_FLOW_HEIGHT, class_="base")
        marks = _clock(first, last)
        plot = tag("svg", *bars, base, *marks, class_="day", height=_FLOW_HEIGHT + 18, role="img", aria_label=label)
        total = sum(hours.get(24 * day + hour, Counter()).total() for hour in range(24))
        panels.append(tag("figure", tag("figcaption", label, " · ", text.number(total)), plot))
    return join([legend([road for road in ROADS if any(count[road] for count in hours.values())], "channel", text), _grid(panels)])


def _grid(panels: Sequence[Markup]) -> Markup:
    return tag("div", *panels, class_="days")


def _clock(first: int, last: int) -> list[Markup]:
    width = 100 / (last - first + 1)
    hours = [hour for hour in range(first, last + 1) if hour % 3 == 0]
    return [tag("text", str(hour), x=f"{(hour - first) * width:.2f}%", y=_FLOW_HEIGHT + 14, text_anchor="middle") for hour in hours]


def _bar(count: Counter[str], hour: int, box: tuple[int, int, int], text: Text) -> Markup:
    """One hour. ``box``: first hour shown, how many are shown, most pairs of any hour."""
    first, places, most = box
    width, y, parts = 100 / places, float(_FLOW_HEIGHT), []
    place = hour - first
    for road in ROADS:
        if count[road]:
            height = (_FLOW_HEIGHT - 4) * count[road] / most
            y -= height
            across = {"x": f"{place * width + width * 0.1:.2f}%", "width": f"{width * 0.8:.2f}%"}
            down = {"y": f"{y:.2f}", "height": f"{height:.2f}"}
            parts.append(tag("rect", tag("title", _hour(hour, road, count[road], text)), **across, **down, class_=f"channel-{road}"))
    return tag("g", *parts)


def _hour(hour: int, road: str, count: int, text: Text) -> str:
    return f"{hour:02d}–{hour + 1:02d} · {text.label('channel', road)}: {text.number(count)}"


def cause_bar(counts: Mapping[str, int], whole: int, scale: float, text: Text) -> Markup:
    """One stacked bar: each cause's share of ``whole``; the full width stands for the share ``scale``."""
    x, parts = 0.0, []
    for cause, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        width = 100 * count / whole / scale
        label = f"{text.label('cause', cause)}: {text.number(count)} ({text.percent(count / whole)})"
        parts.append(tag("rect", tag("title", label), x=f"{x:.2f}%", width=f"{width:.2f}%", y=3, height=16, class_=f"cause-{cause}"))
        x += width
    return tag("svg", *parts, class_="track", height=22, role="img", aria_label=text("report.causes"))
