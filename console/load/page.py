"""A load as one HTML file: style and charts inside it, no request to anywhere, readable on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from math import log10

from hdrh.histogram import HdrHistogram

from console.load import words
from console.load.screen import knee_words
from console.load.tree import verdict
from console.locale import Text
from console.reports.canonical import Tree
from console.reports.charts import Axis, Line, Mark, chart
from console.reports.markup import Markup, table, tag

_CURVE = (0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99)
_FEWEST = 0.999
"""Documents that lie above a percentile which is drawn, but for what rounding takes: of 70, none is above the 98.6th."""


def page(tree: Tree, text: Text) -> str:
    """The whole document."""
    title = text("load.title", profile=tree["run"]["profile"])
    style = "".join(files("console.reports").joinpath(name).read_text("utf-8") for name in ("report.css", "charts.css"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    parts = (_header, _thresholds, _knee, _course, _latencies, _curve, _quarters, _sum, _time, _compared, _method)
    body = tag("body", tag("main", *(part(tree, text) for part in parts)))
    return f"<!doctype html>\n{tag('html', head, body, lang=text.lang)}\n"


def _section(title: str, *children: object, note: str = "") -> Markup:
    return tag("section", tag("h2", title), *([tag("p", note, class_="note")] if note else []), *children)


def _rows(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    return table(head, rows, numbers=range(1, len(head)))


def _header(tree: Tree, text: Text) -> Markup:
    kind = "held" if verdict(tree) == "held" else "short"
    found = [[name, value] for name, value in words.facts(tree, text)]
    return tag(
        "header",
        tag("h1", text("load.title", profile=text.label("load-profile", tree["run"]["profile"]))),
        tag("p", words.headline(tree, text), class_=f"verdict-line {kind}"),
        table(["", ""], found),
    )


def _thresholds(tree: Tree, text: Text) -> Markup:
    rows = [[tag("code", name), value, limit, held] for name, value, limit, held in words.threshold_rows(tree, text)]
    if not rows:
        return Markup("")
    head = [text("load.word.threshold"), text("load.word.value"), text("load.word.limit"), text("load.word.held")]
    return _section(text("load.thresholds"), _rows(head, rows))


def _knee(tree: Tree, text: Text) -> Markup:
    knee = tree["knee"]
    if not knee:
        return Markup("")
    limits = knee["limits"]
    rule = text(
        "load.knee.rule", submit=words.seconds(limits["submit"], text), delivered=words.seconds(limits["delivered"], text),
        done=text.percent(knee["rule"]["done"], 0),
    )  # fmt: skip
    lines = [
        Line(text.label("load-metric", metric), [(step["rate"], step[metric]) for step in knee["steps"] if step[metric]], colour, dots=True)
        for metric, colour in (("submit", "one"), ("delivered", "three"))
    ]
    marks = [Mark(f"submit {words.seconds(limits['submit'], text)}", y=limits["submit"])]
    marks += [Mark(f"delivered {words.seconds(limits['delivered'], text)}", y=limits["delivered"])]
    marks += [Mark(text("load.knee.mark", held=text.number(knee["held"], 1)), x=knee["held"])] if knee["held"] else []
    across = Axis(text("load.axis.offered"), text.number)
    plot = chart(text("load.knee"), lines, across, _latency_axis(text, "p99"), marks)
    return _section(text("load.knee"), plot, _rows(knee_words(text), words.knee_rows(tree, text)), note=rule)


def _latency_axis(text: Text, name: str) -> Axis:
    return Axis(name, lambda value: words.seconds(value, text), log=True)


def _course(tree: Tree, text: Text) -> Markup:
    """Rates and latencies over the time of the run."""
    series = tree["summary"]["series"]
    across = Axis(text("load.axis.time"), text.number)
    rates = [
        Line(text.label("load-line", name), [(one["at"], one[name]) for one in series], colour)
        for name, colour in (("answered", "one"), ("listed", "three"), ("due", "four"))
    ]
    up = Axis(text("load.axis.rate"), text.number)
    latencies = [
        Line(f"{text.label('load-metric', metric)} {name}", [(one["at"], one[metric][name]) for one in series if one[metric]], colour)
        for metric, name, colour in (
            ("submit", "p50", "one"), ("submit", "p99", "two"), ("delivered", "p50", "three"), ("delivered", "p99", "four"),
        )
    ]  # fmt: skip
    warm = [Mark(text("load.mark.warm-up"), x=tree["run"]["warm_up"])] if tree["run"]["warm_up"] else []
    return _section(
        text("load.course"),
        chart(text("load.course"), rates, across, up, warm),
        chart(text("load.course.latency"), latencies, across, _latency_axis(text, text("load.axis.latency")), warm),
        note=text("load.course.note"),
    )


def _latencies(tree: Tree, text: Text) -> Markup:
    parts = []
    for metric in words.METRICS:
        parts += [tag("h3", text.label("load-metric", metric)), _rows(words.latency_words(text), words.latency_rows(tree, metric, text))]
    return _section(text("load.latencies"), *parts, note=text("load.latencies.note"))


def _curve(tree: Tree, text: Text) -> Markup:
    """Latency by percentile, the axis stretched towards its end: 90, 99, 99.9 are equally far apart."""
    lines = []
    for metric, colour in (("submit", "one"), ("delivered", "three"), ("fetched", "four")):
        encoded = tree["summary"]["latencies"][metric]["all"].get("hdr")
        if encoded:
            found = HdrHistogram.decode(encoded)
            told = [one for one in _CURVE if found.get_total_count() * (100 - one) / 100 >= _FEWEST]
            points = [(100 / (100 - one), found.get_value_at_percentile(one) / 1e6) for one in told]
            lines.append(Line(text.label("load-metric", metric), points, colour))
    across = Axis(text("load.axis.percentile"), lambda value: _percentile(value, text), log=True)
    plot = chart(text("load.curve"), lines, across, _latency_axis(text, text("load.axis.latency")))
    return _section(text("load.curve"), plot) if plot else Markup("")


def _percentile(value: float, text: Text) -> str:
    """What a place on the stretched axis is called: 10 is 90 %, 1,000 is 99.9 %."""
    return f"{text.number(100 - 100 / value, max(0, round(log10(value)) - 2))} %"


def _quarters(tree: Tree, text: Text) -> Markup:
    head = ["", "submit p50", "submit p99", "delivered p50", "delivered p99"]
    return _section(text("load.quarters"), _rows(head, words.quarter_rows(tree, text)), note=text("load.quarters.note"))


def _sum(tree: Tree, text: Text) -> Markup:
    kind = "held" if tree["reckoning"]["holds"] else "short"
    states = [[text.label("state", state), text.number(count)] for state, count in tree["reckoning"]["states"].items()]
    wrong = [tag("p", sentence, class_="short") for sentence in words.wrong_sentences(tree)]
    return _section(
        text("load.reckoning"),
        tag("p", words.sum_sentence(tree, text), class_=kind),
        _rows(["", text("word.count"), text("load.word.wrong")], words.sum_rows(tree, text)),
        *wrong,
        _rows([text("word.state"), text("word.count")], states),
        note=text("load.reckoning.note"),
    )


def _time(tree: Tree, text: Text) -> Markup:
    """Where the time goes: by process from outside, by stage from the service's own metrics."""
    parts: list[Markup] = []
    cpu = tree["cpu"].get("per_document") or {}
    if cpu:
        parts += [_bar(cpu, text), _rows([text("load.word.process"), text("load.word.cpu")], words.cpu_rows(tree, text))]
    stages = list(words.stage_rows(tree, text))
    shown = _rows(words.stage_words(text), stages) if stages else tag("p", text("load.stages.none"))
    parts += [tag("h3", text("load.stages")), shown, tag("p", text("load.stages.note"), class_="note")]
    return _section(text("load.time"), *parts, note=text("load.time.note"))


def _bar(cpu: Tree, text: Text) -> Markup:
    whole = sum(cpu.values()) or 1.0
    x, parts = 0.0, []
    for role, value in cpu.items():
        width = 100 * value / whole
        label = f"{text.label('load-role', role)}: {text.number(value, 2)} ms"
        parts.append(tag("rect", tag("title", label), x=f"{x:.2f}%", width=f"{width:.2f}%", y=3, height=16, class_=f"bar-{role}"))
        x += width
    return tag("svg", *parts, class_="track", height=22, role="img", aria_label=text("load.cpu"))


def _compared(tree: Tree, text: Text) -> Markup:
    if not tree["compared"]:
        return Markup("")
    head = [text("load.word.figure"), text("load.word.before"), text("load.word.now"), text("load.word.ratio")]
    differing = tree.get("differing") or []
    warning = [tag("p", text("load.compared.differing", conditions=", ".join(differing)), class_="short")] if differing else []
    rows = [[tag("code", row[0]), *row[1:]] for row in words.compared_rows(tree, text)]
    return _section(text("load.compared"), *warning, _rows(head, rows), note=text("load.compared.note"))


def _method(tree: Tree, text: Text) -> Markup:
    lag = tree["lag"]
    lines = [
        text("load.method.open"), text("load.method.delivered"), text("load.method.corpus"),
        text("load.method.lag", lag=words.seconds(lag["p99"], text), limit=words.seconds(lag["limit"], text)), text("load.method.errors"),
    ]  # fmt: skip
    return _section(text("load.method"), tag("ul", *(tag("li", line) for line in lines)))
