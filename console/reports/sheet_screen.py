"""A sheet on the screen: the answer, then facts and tables, of long ones the first rows."""

from __future__ import annotations

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Line

from console.reports.sheet import Section, Sheet, Strip, Table
from console.verify.screen import STYLES, screen


def show_sheet(sheet: Sheet) -> None:
    """Print it on standard output."""
    console = screen()
    console.print(Line.assemble((f" {sheet.word} ", f"bold reverse {STYLES[sheet.verdict]}"), " ", (sheet.headline, "bold")))
    console.print(Line(sheet.subtitle, style="dim"))
    for rows in (sheet.banner, sheet.facts):
        if rows:
            console.print(Padding(_pairs(rows), (0, 0, 0, 2)))
    for note in sheet.notes:
        console.print(Line(note, style="yellow"))
    for section in sheet.sections:
        if not section.page:
            console.print(_section(section, console))


def _pairs(rows: object) -> RenderableType:
    grid = Grid.grid(padding=(0, 2))
    for name, value in rows:  # type: ignore[attr-defined]
        grid.add_row(Line(name, style="dim"), Line(value, overflow="fold"))
    return grid


def _section(one: Section, console: Console) -> RenderableType:
    parts: list[RenderableType] = ["", Line(one.title, style="bold")]
    parts += [Line(sentence) for sentence in one.sentences]
    parts += [Line(caution, style="yellow") for caution in one.cautions]
    parts += [_pairs(one.pairs)] if one.pairs else []
    parts += [_table(part) for part in one.tables]
    parts += [part for strip in one.strips for part in _strip(strip)]
    return Group(*parts)


def _table(one: Table) -> RenderableType:
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, head in enumerate(one.head):
        grid.add_column(head, justify="right" if place in one.numbers else "left", overflow="fold")
    for row in one.rows[: one.shown]:
        grid.add_row(*(Line(cell) for cell in row))
    more = len(one.rows) > one.shown and one.more
    return Group(grid, Line(one.more, style="dim")) if more else grid


def _strip(one: Strip) -> list[RenderableType]:
    grid = Grid.grid(padding=(0, 2))
    for stretch in one.stretches:
        grid.add_row(
            Line("▶" if stretch["now"] is not None else " "), Line(stretch["from"]),
            Line(stretch["word"], style=STYLES[stretch["verdict"]]), Line(stretch["because"], style="dim", overflow="fold"),
        )  # fmt: skip
    return [Line(one.title), Padding(grid, (0, 0, 0, 2))]
