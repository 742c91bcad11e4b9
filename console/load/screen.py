"""A load on the screen."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text as Cell

from console.load import words
from console.load.tree import verdict
from console.locale import Text
from console.reports.canonical import Tree

_WIDTH = 120


def show(tree: Tree, text: Text) -> None:
    """Verdict, thresholds, latencies, the sum; the rest stands in the page."""
    screen = Console(highlight=False)
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen = Console(highlight=False, width=_WIDTH)
    screen.print(words.headline(tree, text), style="green" if verdict(tree) == "held" else "red", markup=False)
    facts = Table.grid(padding=(0, 2))
    for name, value in words.facts(tree, text):
        facts.add_row(Cell(name, style="dim"), Cell(value))
    screen.print(facts)
    head = [text("load.word.threshold"), text("load.word.value"), text("load.word.limit"), text("load.word.held")]
    _table(screen, text("load.thresholds"), head, words.threshold_rows(tree, text))
    if tree["knee"]:
        _table(screen, text("load.knee"), knee_words(text), words.knee_rows(tree, text))
    for metric in words.METRICS:
        _table(screen, text.label("load-metric", metric), words.latency_words(text), words.latency_rows(tree, metric, text))
    _table(screen, text("load.stages"), words.stage_words(text), words.stage_rows(tree, text))
    _table(screen, text("load.cpu"), [text("load.word.process"), text("load.word.cpu")], words.cpu_rows(tree, text))
    head = [text("load.word.figure"), text("load.word.before"), text("load.word.now"), text("load.word.ratio")]
    _table(screen, text("load.compared"), head, words.compared_rows(tree, text))
    screen.print()
    screen.print(words.sum_sentence(tree, text), style=None if tree["reckoning"]["holds"] else "red", markup=False)
    _table(screen, "", ["", text("word.count"), text("load.word.wrong")], words.sum_rows(tree, text))
    for sentence in words.wrong_sentences(tree):
        screen.print(f"  {sentence}", style="red", markup=False)


def knee_words(text: Text) -> list[str]:
    """Heads of the table of steps."""
    return [
        text("load.word.offered"),
        text("load.word.done"),
        "submit p99",
        "delivered p99",
        text("load.word.errors"),
        text("load.word.verdict"),
    ]


def _table(screen: Console, title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    found = list(rows)
    if not found:
        return
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for place, name in enumerate(head):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=place > 0)
    for row in found:
        table.add_row(*(Cell(cell) for cell in row))
    screen.print()
    screen.print(table)
