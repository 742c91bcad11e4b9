"""What was asked about documents already sent: one small table, on the screen and on the page, and none where nothing was asked."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from console.locale import catalogue
from console.reports.canonical import Tree
from console.reports.html import page
from console.reports.model import report_tree
from console.terminal import show
from scenarios.measures import Fold
from scenarios.run import run
from scenarios.world.file import load_world
from scenarios.world.model import Assumption

KINDS = {
    "en": ("take-back", "recall", "update", "replacement"),
    "vi": ("lấy lại", "thu hồi", "cập nhật", "thay thế"),
}


def screen(tree: Tree, lang: str) -> str:
    out = StringIO()
    show(tree, catalogue(lang), Console(file=out, width=140))
    return out.getvalue()


def played(folder: Path, share: float) -> Tree:
    """A first day on which so many documents go wrong, a quarter each way."""
    world = load_world("first-day", "1")
    keys = ("take_back_share", "recall_share", "update_share", "replace_share")
    world = replace(world, assumptions=(*world.assumptions, *(Assumption(key, share / 4, "test") for key in keys)))
    fold = Fold(world)
    result = run(world, days=1, sink=fold.add, workdir=folder)
    return report_tree(world, fold.finish(), result)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_table_stands_where_something_was_asked(tmp_path: Path, lang: str) -> None:
    tree, text = played(tmp_path, 1.0), catalogue(lang)
    assert tree["negotiations"]
    for found in (screen(tree, lang), page(tree, text)):
        assert text("report.negotiations") in found
    names = dict(zip(("take-back", "recall", "update", "replace"), KINDS[lang], strict=True))
    for item in tree["negotiations"]:
        assert 0 < item["asked"] >= item["agreed"] + item["refused"]
        counts = [str(item[step]) for step in ("asked", "agreed", "refused")]
        (line,) = (line for line in screen(tree, lang).splitlines() if line.strip().startswith(names[item["kind"]]))
        assert line.split()[-3:] == counts


def test_no_table_where_nothing_was_asked(tmp_path: Path) -> None:
    tree, text = played(tmp_path, 0.0), catalogue("en")
    assert tree["negotiations"] == []
    for found in (screen(tree, "en"), page(tree, text)):
        assert text("report.negotiations") not in found
