"""The report as one HTML file: style and plots inside it, no request to anywhere, readable on paper and in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from importlib.resources import files

from console.incidents import debriefings, incident_rows, incident_words
from console.lasting import disturbances, lasting_rows, survival_rows, survival_words
from console.locale import Text
from console.reasons import meaning
from console.reports import plots
from console.reports.canonical import Tree
from console.reports.markup import Markup, join, table, tag
from console.terminal import (
    PAPER_MEASURES,
    door_text,
    interval_text,
    negotiation_rows,
    negotiation_words,
    operations_text,
    reconciliation_text,
    shown_rows,
    source_text,
    sum_text,
    target_text,
    waiting_by_road,
)
from exchange.domain.calendar import VN
from scenarios.measures.catalogue import SPECS, MeasureId


def page(tree: Tree, text: Text) -> str:
    """The whole document."""
    title = text("report.title", name=tree["scenario"]["name"])
    style = files("console.reports").joinpath("report.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    sections = (
        *(_header, _rates, _definitions, _flow, _causes, _deadlines, _refusals, _incidents, _negotiations, _lasting),
        *(_operations, _conservation, _assumptions, _files),
    )
    body = tag("body", tag("main", *(section(tree, text) for section in sections)))
    return f"<!doctype html>\n{tag('html', head, body, lang=text.lang)}\n"


def start_of(tree: Tree) -> datetime:
    """Midnight at the start of the run."""
    return datetime.combine(date.fromisoformat(tree["scenario"]["start"]), time(), VN)


_WEEK = 5


def question_of(tree: Tree, text: Text) -> str:
    """The scenario's question: translated where it is one of the library, otherwise in its author's words.

    One that speaks of a working week is asked of the days that were run, where they are others.
    """
    key = f"scenario.{tree['scenario']['name']}"
    if tree["days"] != _WEEK and f"{key}.days" in text.texts:
        return text(f"{key}.days", days=text.number(tree["days"]))
    return text.texts.get(key, tree["scenario"]["question"])


def _section(title: str, *children: object, note: str = "", kind: str | None = None) -> Markup:
    return tag("section", tag("h2", title), *([tag("p", note, class_="note")] if note else []), *children, class_=kind)


def _header(tree: Tree, text: Text) -> Markup:
    amounts = tree["amounts"]
    subtitle = text(
        "report.subtitle",
        days=text.number(tree["days"]),
        start=text.day(start_of(tree)),
        seed=tree["seed"],
        documents=text.number(sum(amounts["documents"].values())),
        issued=text.number(amounts["issued"]),
        agencies=text.number(sum(item["count"] for item in tree["agencies"])),
    )
    tiles = [(text.label("scope", scope), count) for scope, count in amounts["documents"].items()]
    planned = list(_planned(tree, text))
    boxes = [tag("div", tag("b", text.number(count)), tag("span", label)) for label, count in tiles]
    return tag(
        "header",
        tag("h1", text("report.title", name=tree["scenario"]["name"])),
        tag("p", question_of(tree, text), class_="question"),
        tag("p", subtitle),
        *([tag("p", text("start.faults", faults="; ".join(planned)))] if planned else []),
        tag("div", *boxes, class_="tiles"),
        tag("p", text("report.honest"), class_="note"),
    )


def _planned(tree: Tree, text: Text) -> Iterator[str]:
    """What was out of order and when: buses, and trust services. Faults of letters have a section."""
    for one in tree["faults"]:
        since, until = (text.instant(datetime.fromisoformat(one[key])) for key in ("since", "until"))
        yield text("start.outage", hop=one["hop"], since=since, until=until)
    yield from disturbances(tree["services"], text)


def _rates(tree: Tree, text: Text) -> Markup:
    rows = shown_rows(tree)
    scale = plots.Scale(rows)
    blocks = [_measure(row, scale, text) for row in rows]
    return _section(text("report.rates"), *blocks, note=text("report.rates.note"), kind="rates")


def _measure(row: Tree, scale: plots.Scale, text: Text) -> Markup:
    goal = f"{text('word.target').lower()} {target_text(row['target'], text)} · {source_text(row, text)}".replace(" %", "\u00a0%")
    goal = re.sub(r"([≥>=]) ", "\\1\u00a0", goal)
    lines = [_rate_line(text("report.headline"), row, row["target"], scale, text, kind="rate head")]
    for part in row["parts"] if len(row["parts"]) > 1 else []:
        aside = "" if SPECS[MeasureId(row["id"])].headline(part["level"], part["bloc"]) else " *"
        name = f"{text.label('level', part['level'])} · {text.label('bloc', part['bloc'])}{aside}"
        lines.append(_rate_line(name, part, row["target"], scale, text, kind="rate"))
    axis = tag("div", tag("span"), plots.rate_axis(scale), class_="rate labels")
    return tag("div", tag("h3", row["title"][text.lang], " ", tag("small", goal)), axis, *lines, class_="measure")


def _rate_line(name: str, rate: Tree, target: Tree, scale: plots.Scale, text: Text, kind: str) -> Markup:
    numbers = f"{text.percent(rate['rate'])}"
    detail = f"{interval_text(rate['interval'], text)} · {text.number(rate['n'])} / {text.number(rate['d'])}"
    return tag(
        "div",
        tag("span", name, class_="name"),
        plots.rate_track(rate, target, scale, f"{name}: {numbers} ({detail})"),
        tag("b", numbers, class_="value"),
        tag("span", detail, class_="detail"),
        tag("span", text.label("verdict", rate["verdict"]), class_=f"verdict {rate['verdict']}"),
        class_=kind,
    )


def _definitions(tree: Tree, text: Text) -> Markup:
    rows = []
    for row in tree["measures"]:
        interval = row["interval"]
        method = text(
            "report.interval.note",
            method=text.label("method", interval["method"]),
            trials=text.number(interval["effective"]),
            agencies=text.number(interval["agencies"]),
            days=text.number(interval["days"]),
        )
        secret = [tag("br"), text("report.secret", count=text.number(row["secret"]))] if row["secret"] else []
        title = join([row["title"][text.lang], f" ({text.label('unit', row['unit'])})", tag("br"), tag("code", row["id"])])
        rows.append([title, row["numerator"][text.lang], join([row["denominator"][text.lang], *secret]), method, source_text(row, text)])
    words = [text(f"word.{word}") for word in ("measure", "numerator", "denominator", "method", "source")]
    return _section(text("report.definitions"), table(words, rows), note=text("report.definitions.note"), kind="definitions")


def _flow(tree: Tree, text: Text) -> Markup:
    start = start_of(tree)
    days = {day: text.day(start + timedelta(days=day)) for day in sorted({item["hour"] // 24 for item in tree["flow"]})}
    return _section(text("report.flow"), plots.flow(tree, days, text), note=text("report.flow.note"))


def _causes(tree: Tree, text: Text) -> Markup:
    rows = {row["id"]: row for row in tree["measures"]}
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for item in tree["causes"]:
        if item["measure"] in PAPER_MEASURES:
            found.setdefault((item["measure"], item["level"], item["bloc"]), {})[item["cause"]] = item["count"]
    wholes = {(row["id"], part["level"], part["bloc"]): part["d"] for row in tree["measures"] for part in row["parts"]}
    if not found:
        return _section(text("report.causes"), tag("p", text("report.causes.none")))
    widest = max(sum(counts.values()) / wholes[key] for key, counts in found.items())
    blocks: list[Markup] = []
    for measure in PAPER_MEASURES:
        groups = [(part["level"], part["bloc"]) for part in rows[measure]["parts"]]
        keys = [(measure, *group) for group in groups if (measure, *group) in found]
        lines = [_cause_line(found[key], wholes[key], widest, key[1:], text) for key in keys]
        if lines:
            blocks.append(tag("div", tag("h3", rows[measure]["title"][text.lang]), *lines, class_="measure"))
    shown = sorted({cause for counts in found.values() for cause in counts})
    return _section(text("report.causes"), plots.legend(shown, "cause", text), *blocks, note=text("report.causes.note"))


def _cause_line(counts: dict[str, int], whole: int, widest: float, group: tuple[str, str], text: Text) -> Markup:
    rest = sum(counts.values())
    return tag(
        "div",
        tag("span", f"{text.label('level', group[0])} · {text.label('bloc', group[1])}", class_="name"),
        plots.cause_bar(counts, whole, widest, text),
        tag("b", text.percent(rest / whole), class_="value"),
        tag("span", f"{text.number(rest)} / {text.number(whole)}", class_="detail"),
        class_="rate",
    )


def _deadlines(tree: Tree, text: Text) -> Markup:
    stages = ("arrival", "registration")
    keys = ("count", "median", "p90", "longest")
    words = {key: text(f"word.{key}").lower().replace(" %", "\u00a0%") for key in keys}
    head = [text("word.channel"), *(f"{text.label('stage', stage)}: {words[key]}" for stage in stages for key in keys)]
    rows = []
    for road, found in waiting_by_road(tree).items():
        cells = [_waited(found.get(stage), key, text) for stage in stages for key in keys]
        rows.append([text.label("channel", road), *cells])
    return _section(text("report.deadlines"), table(head, rows, numbers=range(1, len(head))), note=text("report.deadlines.note"))


def _waited(item: Tree | None, key: str, text: Text) -> str:
    if item is None:
        return "–"
    return text.number(item[key]) if key == "count" else text.minutes(item[key])


def _refusals(tree: Tree, text: Text) -> Markup:
    rows = [
        [
            text.label("refuser", item["by"]),
            tag("code", item["rule"]),
            tag("code", item["sub-indication"] or "–"),
            meaning(item["rule"], item["sub-indication"], text) or "–",
            text.number(item["count"]),
        ]
        for item in sorted(tree["refusals"], key=lambda item: (-item["count"], item["by"], item["rule"]))
    ]
    words = [text(f"word.{word}") for word in ("by", "rule", "sub-indication", "meaning", "count")]
    parts = [table(words, rows, numbers=[4]) if rows else tag("p", text("report.refusals.none"))]
    if tree["returned"]:
        returned = [[reason, text.number(count)] for reason, count in sorted(tree["returned"].items())]
        parts += [tag("h3", text("report.returned")), table([text("word.reason"), text("word.count")], returned, numbers=[1])]
    return _section(text("report.refusals"), *parts, note=text("report.refusals.note") if rows else "")


def _incidents(tree: Tree, text: Text) -> Markup:
    if "incidents" not in tree:
        return Markup("")
    parts = [table(incident_words(text), incident_rows(tree, text))]
    for heading, lines in debriefings(tree, text):
        parts += [tag("h3", heading), *(tag("p", tag("b", f"{label}: "), sentence) for label, sentence in lines)]
    return _section(text("report.incidents"), *parts, note=text("report.incidents.note"))


def _negotiations(tree: Tree, text: Text) -> Markup:
    if not tree["negotiations"]:
        return Markup("")
    rows = table(negotiation_words(text), negotiation_rows(tree, text), numbers=range(1, 4))
    return _section(text("report.negotiations"), rows, note=text("report.negotiations.note"))


def _lasting(tree: Tree, text: Text) -> Markup:
    if "lasting" not in tree:
        return Markup("")
    level = tree["lasting"]["level"]
    parts = [table([text("word.letters"), text("word.count")], lasting_rows(tree, text), numbers=[1])]
    if tree["lasting"]["survival"]:
        parts += [tag("h3", text("report.survival")), tag("p", text("report.survival.note", level=level), class_="note")]
        parts += [table(survival_words(text), survival_rows(tree, text), numbers=[4])]
    return _section(text("report.lasting", level=level), *parts)


def _operations(tree: Tree, text: Text) -> Markup:
    head = [text("word.purpose"), "", text("word.called"), text("word.implied")]
    rows = [
        [text.label("purpose", line["purpose"]), text(f"word.{line['kind']}"), text.number(line["counted"]), text.number(line["implied"])]
        for line in tree["operations"]
        if line["counted"] or line["implied"]
    ]
    return _section(text("report.operations"), tag("p", operations_text(tree, text)), table(head, rows, numbers=[2, 3]))


def _conservation(tree: Tree, text: Text) -> Markup:
    blocks = []
    for road, ledger in tree["conservation"].items():
        rows = [[text.label("state", state), text.number(count)] for state, count in ledger["states"].items()]
        rows.append([tag("b", text("word.total")), tag("b", text.number(ledger["stored"]))])
        states = table([text("word.state"), text("word.count")], rows, numbers=[1])
        blocks.append(tag("div", tag("h3", text(f"report.conservation.{road}")), tag("p", sum_text(ledger, text)), states))
    notes = [tag("p", door_text(tree, text)), tag("p", reconciliation_text(tree, text))]
    return _section(text("report.conservation"), *notes, tag("div", *blocks, class_="columns"))


def _assumptions(tree: Tree, text: Text) -> Markup:
    sources = {"assumption": text("word.assumption").lower()}
    rows = [
        [text.assumption(item["key"], item["label"]), _value(item["value"], text), sources.get(item["source"], item["source"])]
        for item in tree["assumptions"]
    ]
    words = [text(f"word.{word}") for word in ("assumption", "value", "source")]
    parts = [table(words, rows, numbers=[1])]
    if tree["paper-rules"]:
        rules = [[text.assumption(f"paper-rule.{rule['id']}", rule["label"]), rule["source"]] for rule in tree["paper-rules"]]
        parts += [tag("h3", text("report.rules")), table([text("word.rule"), text("word.source")], rules)]
    return _section(text("report.assumptions"), *parts, note=text("report.assumptions.note"), kind="small")


def _value(value: float, text: Text) -> str:
    digits = next(digits for digits in range(7) if digits == 6 or round(value, digits) == value)
    return text.number(value, digits)


def _files(tree: Tree, text: Text) -> Markup:
    lines = [text("report.files.measures"), text("report.files.trace", start=tree["scenario"]["start"])]
    return _section(text("report.files"), tag("ul", *(tag("li", line) for line in lines)), kind="small")
