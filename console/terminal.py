"""The one screen after a run: rates beside targets, causes, waiting times, refusals, raw operations, conservation."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text as Line

from console.incidents import debriefings, incident_rows, incident_words
from console.lasting import lasting_rows, survival_rows, survival_words
from console.locale import Text
from console.reports.canonical import Tree

_STYLES = {"held": "green", "short": "red", "undecided": "yellow"}
_CAUSES_SHOWN = 8
_REFUSALS_SHOWN = 6
_WITH_SOURCES = 100
"""Columns from which the rates have room for where their targets stand; the report always names it."""
_LAW = " Art. "
_COUNT = 4
"""Column of numbers in the table of later verdicts."""
PAPER_MEASURES = (
    "internal-electronic",
    "official-wholly-electronic",
    "outside-province-electronic",
    "party-electronic",
    "directives-on-portal",
)
"""Rates whose rest is a document on paper, each document once (the wholly electronic row includes what the form row lacks)."""


def show(tree: Tree, text: Text, console: Console) -> None:
    """Print the screen."""
    console.print(_rates(tree, text, with_sources=console.width >= _WITH_SOURCES))
    columns = Table.grid(padding=(0, 3))
    columns.add_row(_causes(tree, text), _operations(tree, text))
    asked = [_negotiations(tree, text)] if tree["negotiations"] else []
    asked += _incidents(tree, text, console.width) if "incidents" in tree else []
    asked += _lasting(tree, text, console.width) if "lasting" in tree else []
    for part in (columns, _waiting(tree, text), _refusals(tree, text), *asked, _conservation(tree, text)):
        console.print()
        console.print(part)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    return table


def _whole_words(title: str, heads: list[str], rows: list[list[str]], width: int) -> Table:
    """A table of sentences, flush left: where it must wrap, each column first gets room for its longest word."""
    table = _table(title, *heads)
    for column in table.columns:
        column.justify = "left"
    for cells in rows:
        table.add_row(*cells)
    columns = list(zip(heads, *rows, strict=True))
    least = [max(cell_len(word) for cell in column for word in cell.split()) for column in columns]
    most = [max(map(cell_len, column)) for column in columns]
    spare = width - sum(least) - 2 * (len(columns) - 1)
    if spare >= 0 and sum(most) + 3 * len(columns) > width:
        table.collapse_padding = True
        for column, room in zip(table.columns, _shared(least, most, spare), strict=True):
            column.width = room
    return table


def _shared(least: list[int], most: list[int], spare: int) -> list[int]:
    """Widths from the least: what is to spare goes to all alike, and what one does not need to the others."""
    widths = list(least)
    wishes = sorted(range(len(least)), key=lambda place: most[place] - least[place])
    for done, place in enumerate(wishes):
        more = min(most[place] - least[place], spare // (len(wishes) - done))
        widths[place], spare = widths[place] + more, spare - more
    return widths


def target_text(target: Tree, text: Text) -> str:
    """``≥ 90 %``, or ``> 90 %`` where the source says *over*."""
    sign = ">" if target["over"] else "≥" if target["percent"] < 100 else "="
    return f"{sign} {text.number(target['percent'])} %"


def interval_text(interval: Tree, text: Text) -> str:
    """``91.2 – 95.0 %``, a dash where there is nothing to say."""
    if interval["method"] == "none":
        return "–"
    return f"{text.number(100 * interval['low'], 1)} – {text.percent(interval['high'])}"


def source_text(row: Tree, text: Text) -> str:
    """Where a target stands: ids of figures as they are, articles of law in the reader's language."""
    named = []
    for source in row["sources"]:
        decree, law, article = source.partition(_LAW)
        named.append(text("report.law", decree=decree, article=article) if law else source)
    return ", ".join(named)


def _rates(tree: Tree, text: Text, *, with_sources: bool) -> RenderableType:
    words = ("measure", "counted", "rate", "interval", "target", "verdict", *(("source",) if with_sources else ()))
    table = _table(text("report.rates"), *(text(f"word.{word}") for word in words))
    for row in shown_rows(tree):
        verdict = Line(text.label("verdict", row["verdict"]), style=_STYLES[row["verdict"]])
        table.add_row(
            row["title"][text.lang],
            f"{text.number(row['n'])} / {text.number(row['d'])}",
            text.percent(row["rate"]),
            interval_text(row["interval"], text),
            target_text(row["target"], text),
            verdict,
            *((source_text(row, text),) if with_sources else ()),
        )
    table.caption, table.caption_justify = text("report.rates.caption"), "left"
    return table


def shown_rows(tree: Tree) -> list[Tree]:
    """The scenario's own targets, and whatever else was counted."""
    return [row for row in tree["measures"] if row["held-against"] or row["d"]]


def _causes(tree: Tree, text: Text) -> RenderableType:
    levels = [level for level in ("province", "district", "commune") if any(item["level"] == level for item in tree["causes"])]
    counts: Counter[tuple[str, str]] = Counter()
    for item in tree["causes"]:
        if item["measure"] in PAPER_MEASURES:
            counts[item["cause"], item["level"]] += item["count"]
    if not counts:
        return _sentence("report.causes", text("report.causes.none"), text)
    table = _table(text("report.causes"), text("word.cause"), *(text.label("level", level) for level in levels), text("word.total"))
    causes: Counter[str] = Counter()
    for (cause, _), count in counts.items():
        causes[cause] += count
    for cause, total in _ranked(causes)[:_CAUSES_SHOWN]:
        table.add_row(text.label("cause", cause), *(text.number(counts[cause, level]) for level in levels), text.number(total))
    table.caption, table.caption_justify = text("report.causes.caption"), "left"
    return table


def _sentence(title: str, sentence: str, text: Text) -> RenderableType:
    return Line.assemble((text(title), "bold"), "\n", sentence)


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _waiting(tree: Tree, text: Text) -> RenderableType:
    stages = ("arrival", "registration")
    heads = [text(f"brief.{stage}.{word}") for stage in stages for word in ("median", "p90")]
    table = _table(text("report.deadlines"), text("word.channel"), text("word.count"), *heads)
    for channel, found in waiting_by_road(tree).items():
        times = [text.minutes(found[stage][key]) if stage in found else "–" for stage in stages for key in ("median", "p90")]
        table.add_row(text.label("channel", channel), text.number(found["arrival"]["count"] if "arrival" in found else 0), *times)
    return table


def waiting_by_road(tree: Tree) -> dict[str, dict[str, Tree]]:
    """Road → stage → distribution."""
    roads: dict[str, dict[str, Tree]] = {}
    for item in tree["waiting"]:
        roads.setdefault(item["channel"], {})[item["stage"]] = item
    return roads


def _refusals(tree: Tree, text: Text) -> RenderableType:
    returned = text("report.returned.count", count=text.number(sum(tree["returned"].values()))) if tree["returned"] else ""
    if not tree["refusals"]:
        return _sentence("report.refusals", "\n".join(filter(None, (text("report.refusals.none"), returned))), text)
    words = [text(f"word.{word}") for word in ("by", "rule", "sub-indication", "count")]
    table = _table(text("report.refusals"), *words)
    lines = sorted(tree["refusals"], key=lambda item: (-item["count"], item["by"], item["rule"]))
    for item in lines[:_REFUSALS_SHOWN]:
        table.add_row(text.label("refuser", item["by"]), item["rule"], item["sub-indication"] or "–", text.number(item["count"]))
    more = text("report.more", count=len(lines) - _REFUSALS_SHOWN) if len(lines) > _REFUSALS_SHOWN else ""
    table.caption = "\n".join(filter(None, (more, text("report.refusals.note"), returned)))
    table.caption_justify = "left"
    return table


def _negotiations(tree: Tree, text: Text) -> RenderableType:
    table = _table(text("report.negotiations"), *negotiation_words(text))
    for cells in negotiation_rows(tree, text):
        table.add_row(*cells)
    return table


def _incidents(tree: Tree, text: Text, width: int) -> list[RenderableType]:
    """What the world broke on purpose, whether the axis said what the catalogue of faults expects, and each case for the debriefing."""
    table = _whole_words(text("report.incidents"), incident_words(text), incident_rows(tree, text), width)
    table.caption, table.caption_justify = text("report.incidents.note"), "left"
    return [table, *(_debriefing(heading, lines) for heading, lines in debriefings(tree, text))]


def _debriefing(heading: str, lines: list[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.title, grid.title_justify, grid.title_style = heading, "left", "bold"
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, sentence in lines:
        grid.add_row(f"  {label}", sentence)
    return grid


def _lasting(tree: Tree, text: Text, width: int) -> list[RenderableType]:
    """How letters were made to last, and what those kept would be worth later."""
    table = _table(text("report.lasting", level=tree["lasting"]["level"]), text("word.letters"), text("word.count"))
    for cells in lasting_rows(tree, text):
        table.add_row(*cells)
    if not tree["lasting"]["survival"]:
        return [table]
    later = _whole_words(text("report.survival"), survival_words(text), survival_rows(tree, text), width)
    later.columns[_COUNT].justify = "right"
    later.caption, later.caption_justify = text("report.survival.note", level=tree["lasting"]["level"]), "left"
    return [table, later]


def negotiation_words(text: Text) -> list[str]:
    """Heads of the table of negotiations."""
    return [text(f"word.{word}") for word in ("kind", "asked", "agreed", "refused")]


def negotiation_rows(tree: Tree, text: Text) -> list[list[str]]:
    """Requests by kind: how many were asked, agreed to, refused."""
    steps = ("asked", "agreed", "refused")
    return [[text.label("negotiation", item["kind"]), *(text.number(item[step]) for step in steps)] for item in tree["negotiations"]]


def _operations(tree: Tree, text: Text) -> RenderableType:
    table = _table(text("report.operations"), text("word.purpose"), text("word.signs"), text("word.verifies"))
    counted = {(line["purpose"], line["kind"]): line["counted"] for line in tree["operations"]}
    purposes = [purpose for purpose in dict.fromkeys(line["purpose"] for line in tree["operations"]) if _any(counted, purpose)]
    for purpose in purposes:
        table.add_row(text.label("purpose", purpose), *(text.number(counted.get((purpose, kind), 0)) for kind in ("signs", "verifies")))
    totals = [sum(count for (_, kind), count in counted.items() if kind == wanted) for wanted in ("signs", "verifies")]
    table.add_row(text("word.total"), *(text.number(total) for total in totals), style="bold")
    table.caption = operations_text(tree, text)
    table.caption_justify = "left"
    return table


def _any(counted: dict[tuple[str, str], int], purpose: str) -> bool:
    return any(count for (name, _), count in counted.items() if name == purpose)


def operations_text(tree: Tree, text: Text) -> str:
    """Whether the count at the call equals what the trace implies, and where not."""
    unequal = [
        f"{text('word.' + line['kind'])} {text.label('purpose', line['purpose'])} {line['counted']} ≠ {line['implied']}"
        for line in tree["operations"]
        if line["counted"] != line["implied"]
    ]
    return text("report.operations.unequal", difference="; ".join(unequal)) if unequal else text("report.operations.equal")


def _conservation(tree: Tree, text: Text) -> RenderableType:
    lines = Line(text("report.conservation"), style="bold", overflow="fold")
    for road, ledger in tree["conservation"].items():
        states = " · ".join(f"{text.label('state', state)} {text.number(count)}" for state, count in ledger["states"].items() if count)
        lines.append(f"\n{text('report.conservation.' + road)}: {sum_text(ledger, text)}", style="not bold" if ledger["equal"] else "red")
        lines.append(f"\n  {states}" if states else "", style="not bold dim")
    lines.append(f"\n{door_text(tree, text)}\n{reconciliation_text(tree, text)}", style="not bold")
    return lines


def sum_text(ledger: Tree, text: Text) -> str:
    """Both sides of one conservation sum in a sentence."""
    key = "report.conservation.sum" if ledger["equal"] else "report.conservation.broken"
    return text(key, left=text.number(ledger["traced"]), right=text.number(ledger["stored"]))


def door_text(tree: Tree, text: Text) -> str:
    """Where the axis' pairs of the trace are: submitted, not yet, or turned away."""
    door, submitted = tree["at-the-door"], tree["conservation"]["axis"]["traced"]
    numbers = {"submitted": submitted, "outbox": door["outbox"], "rejected": door["rejected"]}
    numbers["pairs"] = sum(numbers.values())
    return text("report.conservation.door", **{name: text.number(number) for name, number in numbers.items()})


def reconciliation_text(tree: Tree, text: Text) -> str:
    """How many pairs trace and axis agree on, or the first on which they do not."""
    found = tree["reconciliation"]
    if found["differences"]:
        return text("report.unreconciled", count=text.number(len(found["differences"])), first=found["differences"][0])
    return text("report.reconciled", count=text.number(found["facts"]))
