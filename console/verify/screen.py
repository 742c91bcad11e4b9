"""One screen per file: the verdict in plain words first, then who, when, the chain, what failed, and every byte."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text as Line
from rich.tree import Tree as Branches

from console.verify.words import Told

STYLES = {"passed": "green", "failed": "red", "undecided": "yellow"}
_STATES = {"good": "green", "bad": "red", "unknown": "yellow", "anchor": "bold"}
_STATUS = {"failed": "red", "warning": "yellow", "information": "dim"}
_BYTES = {"covered": ("█", "green"), "signature": ("▓", "cyan"), "structure": ("▒", "blue"), "nothing": ("░", "red")}
_BAR = 60
_WIDTH = 110
BRIEF_FROM = 6
"""Files from which those that passed are told in one line."""


def screen() -> Console:
    """Standard output as wide as it is; a fixed width where it goes to a file."""
    found = Console(highlight=False)
    return found if found.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=_WIDTH)


def show(told: Told) -> None:
    """Print it."""
    console = screen()
    brief = len(told["files"]) >= BRIEF_FROM
    for one in told["files"]:
        console.print(_brief(one) if brief and one["verdict"] == "passed" else _file(one, told))
    for line in _foot(told):
        console.print(line)


def _brief(one: Told) -> RenderableType:
    return Line.assemble((one["word"], f"bold {STYLES[one['verdict']]}"), "  ", (one["name"], "bold"), "  ", one["headline"])


def _file(one: Told, told: Told) -> RenderableType:
    labels = told["labels"]
    parts: list[RenderableType] = [Rule(Line(f"{one['name']}", style="bold"), align="left", style="dim")]
    parts.append(Line(f"{one['kind']} · {one['size']} · SHA-256 {one['sha256'][:16]}…", style="dim"))
    parts.append(_verdict(one, labels))
    if one["header"]:
        parts.append(Padding(_rows([*one["header"]]), (0, 0, 0, 2)))
    if one["equal"]:
        parts.append(Padding(Line(one["equal"], style="green"), (0, 0, 0, 2)))
    parts += [_problem(problem) for problem in one["problems"]]
    for document in one["documents"]:
        parts += _document(document, one, labels)
    return Group(*parts, "")


def _verdict(one: Told, labels: dict[str, str]) -> RenderableType:
    """The verdict in the user's words, then what is wrong, since when, what to do; the standard's terms last."""
    lines = Table.grid(padding=(0, 1))
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row(Line(one["word"], style=f"bold {STYLES[one['verdict']]}"), Line(one["headline"], style="bold"))
    for key in ("wrong", "since", "do"):
        if one[key]:
            lines.add_row(Line(labels[key], style="dim"), Line(one[key]))
    if one["terms"]:
        lines.add_row("", Line(one["terms"], style="dim"))
    return Padding(lines, (1, 0, 0, 0))


def _document(document: Told, one: Told, labels: dict[str, str]) -> Iterator[RenderableType]:
    if not one["single"]:
        yield Padding(Line.assemble((document["name"], "bold"), f"  {document['kind']} · {document['size']}"), (1, 0, 0, 0))
        yield Line.assemble((document["word"], f"bold {STYLES[document['verdict']]}"), " ", document["headline"])
    if document["content"]:
        yield Line(document["content"], style="dim")
    yield from (_problem(problem) for problem in document["problems"])
    for signature in document["signatures"]:
        yield Padding(_signature(signature, labels), (1, 0, 0, 0))
    if document["coverage"]["spans"]:
        yield Padding(_bytes(document["coverage"], labels), (1, 0, 0, 0))


def _signature(one: Told, labels: dict[str, str]) -> RenderableType:
    title = Line.assemble((one["title"], "bold"), "  ", (one["word"], STYLES[one["verdict"]]), "  ", (one["terms"], "dim"))
    parts: list[RenderableType] = [_rows(one["facts"])]
    if not one["told-above"]:
        parts += [Line(one[key], style=style) for key, style in (("headline", "bold"), ("since", ""), ("missing", "bold")) if one[key]]
    parts += [_problem(problem) for problem in one["problems"]]
    if one["chain"]:
        parts.append(_chain(one["chain"], labels))
    for token in one["tokens"]:
        parts.append(Line.assemble((token["title"], STYLES[token["verdict"]]), ": ", token["sentence"], (f" ({token['terms']})", "dim")))
        parts += [_problem(problem) for problem in token["problems"]]
    parts += [_opinion(opinion) for opinion in one["opinions"]]
    if one["counters"]:
        parts.append(Line.assemble((labels["counters"], "bold"), "  ", (labels["counters-note"], "dim")))
        parts += [Padding(_signature(counter, labels), (0, 0, 0, 2)) for counter in one["counters"]]
    parts.append(Line(one["passed-count"], style="dim"))
    return Group(title, Padding(Group(*parts), (0, 0, 0, 2)))


def _rows(rows: list[list[str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(name, Line(value))
    return grid


def _problem(one: Told) -> RenderableType:
    """A check that did not pass: sentence, what was found, what to do, the clause."""
    style = _STATUS[one["status"]]
    below = [Line(one["detail"])] if one["detail"] else []
    if one["do"] and one["status"] != "information":
        below.append(Line(f"→ {one['do']}"))
    below.append(Line(f"{one['name']} · {one['clause']}", style="dim"))
    return Group(Line.assemble((f"{one['word']}: ", style), one["title"]), Padding(Group(*below), (0, 0, 0, 2)))


def _chain(links: list[Told], labels: dict[str, str]) -> RenderableType:
    """Anchor on top, signer below."""
    top = Branches(Line(labels["chain"], style="dim"), guide_style="dim")
    at = top
    for link in links:
        line = Line.assemble((link["name"], "bold"), f" · {link['role']} · {link['period']}\n", (link["sentence"], _STATES[link["state"]]))
        at = at.add(line)
    return top


def _bytes(coverage: Told, labels: dict[str, str]) -> RenderableType:
    bar = Line()
    for span, cells in zip(coverage["spans"], _cells([span["share"] for span in coverage["spans"]]), strict=True):
        sign, style = _BYTES[span["kind"]]
        bar.append(sign * cells, style=style)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for span in coverage["spans"]:
        sign, style = _BYTES[span["kind"]]
        grid.add_row(span["range"], Line.assemble((sign, style), " ", span["label"]))
    head = Line.assemble((labels["bytes"], "bold"), "  ", (coverage["sentence"], "green" if coverage["whole"] else "red"))
    return Group(head, Padding(Group(bar, grid), (0, 0, 0, 2)))


def _cells(shares: list[float]) -> list[int]:
    """Cells of the bar for each span; none is too small to be seen."""
    return [max(1, round(_BAR * share)) for share in shares]


def _opinion(one: Told) -> RenderableType:
    style = {"agrees": "green", "explained": "yellow", "unknown": "bold red"}.get(one["relation"], "dim")
    line = Line.assemble((f"{one['judge']}", "bold"), f" · {one['question']}: {one['answer']}. ", (one["sentence"], style))
    if one["explained"]:
        line.append(f" {one['explained']}")
    if one["said"] and one["relation"] in ("unknown", "explained"):
        line.append(f"\n  “{one['said']}”", style="dim")
    return line


def _foot(told: Told) -> Iterator[RenderableType]:
    """What all files have in common, at the end, where the eye is when the screen stands still."""
    yield Rule(style="dim")
    if told["totals"]:
        yield Line(told["totals"], style="bold")
    yield _rows(told["facts"])
    if told["alarm"]:
        yield Line(told["alarm"], style="bold white on red")
    for note in told["notes"]:
        yield Line(note)
