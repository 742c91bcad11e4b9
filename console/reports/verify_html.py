"""The verification report as one HTML file: no request to anywhere, readable on paper, the verdict before everything else."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from console.reports.markup import GENERATOR, Markup, join, table, tag
from console.verify.words import Told


def html(told: Told) -> bytes:
    """The whole document, UTF-8."""
    style = "".join(files("console.reports").joinpath(name).read_text("utf-8") for name in ("report.css", "verify.css"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        GENERATOR,
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{told['title']} · {told['subtitle']}"),
        tag("style", Markup(style)),
    )
    parts = [_head(told), *(_file(one, told) for one in told["files"]), _reading(told)]
    return f"<!doctype html>\n{tag('html', head, tag('body', tag('main', *parts)), lang=told['lang'])}\n".encode()


def _head(told: Told) -> Markup:
    totals = [tag("p", told["totals"], class_="question")] if told["totals"] else []
    notes = [tag("p", told["alarm"], class_="alarm")] if told["alarm"] else []
    notes += [tag("p", note, class_="caution") for note in told["notes"]]
    return tag("header", tag("h1", told["title"]), *totals, pairs(told["facts"]), *notes, class_="sheet")


def pairs(rows: Sequence[Sequence[str]]) -> Markup:
    """Names with their values, one under the other."""
    return tag("dl", *(join([tag("dt", name), tag("dd", value)]) for name, value in rows), class_="pairs")


def _file(one: Told, told: Told) -> Markup:
    labels = told["labels"]
    parts = [_verdict(one, labels)]
    if one["header"]:
        parts.append(tag("h3", labels["header"]))
        parts.append(pairs(one["header"]))
    if one["equal"]:
        parts.append(tag("p", one["equal"], class_="passed"))
    parts += [_problem(problem, labels) for problem in one["problems"]]
    parts += [part for document in one["documents"] for part in _document(document, one, labels)]
    return tag("section", *parts, class_="file")


def _verdict(one: Told, labels: dict[str, str]) -> Markup:
    """The banner: plain words first, the standard's terms last."""
    rows = [[labels[key], one[key]] for key in ("wrong", "since", "do") if one[key]]
    terms = [tag("code", one["terms"]), " · "] if one["terms"] else []
    return tag(
        "div",
        tag("p", one["name"], class_="name"),
        tag("h2", tag("span", one["word"], class_="stamp"), " ", one["headline"]),
        *([pairs(rows)] if rows else []),
        tag("p", *terms, f"{one['kind']} · {one['size']} · SHA-256 ", tag("code", one["sha256"]), class_="note"),
        class_=f"banner {one['verdict']}",
    )


def _document(document: Told, one: Told, labels: dict[str, str]) -> list[Markup]:
    parts = []
    if not one["single"]:
        stamp = tag("span", document["word"], class_=f"stamp {document['verdict']}")
        parts.append(tag("h3", stamp, f" {document['name']} ", tag("small", f"{document['kind']} · {document['size']}")))
        parts.append(tag("p", document["headline"]))
    if document["content"]:
        parts.append(tag("p", document["content"], class_="note"))
    parts += [_problem(problem, labels) for problem in document["problems"]]
    parts += [_signature(signature, labels) for signature in document["signatures"]]
    if document["coverage"]["spans"]:
        parts.append(_bytes(document["coverage"], labels))
    return parts


def _signature(one: Told, labels: dict[str, str]) -> Markup:
    title = [tag("span", one["word"], class_=f"stamp {one['verdict']}"), f" {one['title']} ", tag("small", one["terms"])]
    parts = [tag("h3", *title), pairs(one["facts"])]
    if not one["told-above"]:
        parts += [tag("p", tag("b", one["headline"]))] if one["headline"] else []
        parts += [tag("p", one["since"])] if one["since"] else []
        parts += [tag("p", one["missing"], class_="caution")] if one["missing"] else []
    parts += [_problem(problem, labels) for problem in one["problems"]]
    if one["chain"]:
        parts += [tag("h4", labels["chain"]), chain(one["chain"])]
    if one["tokens"]:
        parts += [tag("h4", labels["tokens"]), *(_token(token, labels) for token in one["tokens"])]
    if one["timeline"]:
        parts += [tag("h4", labels["timeline"]), timeline(one["timeline"], labels)]
    if one["opinions"]:
        parts += [tag("h4", labels["opinions"]), *(_opinion(opinion) for opinion in one["opinions"])]
    if one["counters"]:
        parts += [tag("h4", labels["counters"]), tag("p", labels["counters-note"], class_="note")]
        parts += [_signature(counter, labels) for counter in one["counters"]]
    parts.append(_passed(one["passed"], one["passed-count"]))
    return tag("div", *parts, class_="signature")


def _problem(one: Told, labels: dict[str, str]) -> Markup:
    lines = [tag("p", tag("b", f"{one['word']}: "), one["title"])]
    if one["detail"]:
        lines.append(tag("p", tag("span", f"{labels['found']} ", class_="label"), one["detail"]))
    if one["do"] and one["status"] != "information":
        lines.append(tag("p", tag("span", f"{labels['do']} ", class_="label"), one["do"]))
    lines.append(tag("p", tag("code", one["name"]), f" · {one['clause']}" if one["clause"] else "", class_="note"))
    return tag("div", *lines, class_=f"problem {one['status']}")


def chain(links: list[Told]) -> Markup:
    """The chain drawn: the anchor on top, each certificate hanging on the one above."""
    drawn = Markup("")
    for link in reversed(links):
        lines = [
            tag("b", link["name"]),
            tag("span", f" {link['role']} · {link['period']}", class_="label"),
            tag("p", link["sentence"], class_=f"state {link['state']}"),
            tag("p", tag("code", link["serial"]), class_="note") if link["serial"] else "",
        ]
        drawn = tag("ul", tag("li", tag("div", *lines, class_=f"link {link['state']}"), drawn))
    return tag("div", drawn, class_="chain")


def timeline(stretches: list[Told], labels: dict[str, str]) -> Markup:
    """The verdict over control time: a strip whose colours are the verdicts, numbered boundaries, and what moved each."""
    bars, marks, at = [], [], 0.0
    for number, one in enumerate(stretches, 1):
        width = 100 * one["share"]
        bars.append(
            tag(
                "rect", tag("title", f"{one['from']}: {one['title']}"), x=_percent(at), width=_percent(width), y=18, height=26,
                class_=f"verdict-{one['verdict']}",
            )
        )  # fmt: skip
        marks.append(tag("line", x1=_percent(at), x2=_percent(at), y1=14, y2=48, class_="edge"))
        if width > 2.2 or number == 1:
            marks.append(tag("text", str(number), x=_percent(at + width / 2), y=35, text_anchor="middle", class_="on"))
        if width > 9:
            marks.append(tag("text", one["day"], x=_percent(at), y=61, text_anchor="start"))
        if one["now"] is not None:
            here = _percent(at + width * one["now"])
            marks.append(tag("line", x1=here, x2=here, y1=8, y2=50, class_="goal"))
            anchor = "end" if at + width * one["now"] > 80 else "start"
            marks.append(tag("text", labels["now"], x=here, y=8, text_anchor=anchor, class_="here"))
        at += width
    strip = tag("svg", *bars, *marks, class_="strip", height=66, role="img", aria_label=labels["timeline"])
    rows = [
        [str(number), one["from"], tag("span", one["word"], class_=one["verdict"]), one["title"], one["because"]]
        for number, one in enumerate(stretches, 1)
    ]
    head = ["", labels["from"], labels["verdict"], "", labels["because"]]
    return join([strip, tag("p", labels["not-to-scale"], class_="note"), table(head, rows)])


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _token(token: Told, labels: dict[str, str]) -> Markup:
    first = tag(
        "p", tag("b", token["title"]), ": ", tag("span", token["sentence"], class_=token["verdict"]), " ", tag("code", token["terms"])
    )
    return tag("div", first, *(_problem(one, labels) for one in token["problems"]), chain(token["chain"]) if token["chain"] else "")


def _opinion(one: Told) -> Markup:
    said = [tag("p", f"“{one['said']}”", class_="note")] if one["said"] and one["relation"] in ("unknown", "explained") else []
    answer = f" · {one['question']}: {one['answer']}. "
    words = [tag("b", one["judge"]), answer, tag("span", one["sentence"], class_=f"relation-{one['relation']}"), f" {one['explained']}"]
    return tag("div", tag("p", *words), *said)


def _passed(checks: list[Told], count: str) -> Markup:
    items = [tag("li", check["title"], " ", tag("span", check["clause"], class_="label")) for check in checks]
    return tag("details", tag("summary", count), tag("ul", *items, class_="passed-list"))


def _bytes(coverage: Told, labels: dict[str, str]) -> Markup:
    bars, at = [], 0.0
    for span in coverage["spans"]:
        width = 100 * span["share"]
        place = {"x": _percent(at), "width": _percent(max(width, 0.3))}
        bars.append(tag("rect", tag("title", f"{span['range']}: {span['label']}"), **place, y=2, height=20, class_=f"bytes-{span['kind']}"))
        at += width
    used = dict.fromkeys(span["kind"] for span in coverage["spans"])
    legend = [tag("span", tag("i", class_=f"swatch bytes-{kind}"), coverage["kinds"][kind]) for kind in used]
    rows = [[span["range"], span["count"], span["label"]] for span in coverage["spans"]]
    return tag(
        "div",
        tag("h3", labels["bytes"]),
        tag("p", coverage["sentence"], class_="passed" if coverage["whole"] else "failed"),
        tag("svg", *bars, class_="track", height=24, role="img", aria_label=labels["bytes"]),
        tag("p", *legend, class_="legend"),
        table([labels["of"], "", ""], rows, numbers=(1,)),
        class_="signature",
    )


def _reading(told: Told) -> Markup:
    return tag("section", tag("h2", told["labels"]["reading"]), *(tag("p", sentence) for sentence in told["reading"]), class_="reading")
