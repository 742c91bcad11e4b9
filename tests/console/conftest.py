"""One real first day, run once for all tests that look at what the console makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from console.reports.canonical import Tree
from console.reports.model import report_tree
from console.reports.trace_csv import TraceCsv
from console.story import Storyteller
from scenarios.measures import Fold
from scenarios.run import run
from scenarios.trace import Record
from scenarios.world.file import load_world
from tests.console.verify_lab import Desk, lay_out


@dataclass(frozen=True, slots=True)
class Day:
    """A run: its records, report and story, and the trace as written."""

    records: list[Record]
    tree: Tree
    story: Storyteller
    csv: bytes


def play(folder: Path, days: int = 1, seed: str = "1", scenario: str = "first-day") -> Day:
    world = load_world(scenario, seed)
    fold, story, records = Fold(world), Storyteller(world), list[Record]()
    with TraceCsv(folder / "trace.csv", world.start) as trace:

        def sink(record: Record) -> None:
            for each in (fold.add, story.add, records.append, trace.add):
                each(record)

        result = run(world, days=days, sink=sink, workdir=folder)
    return Day(records, report_tree(world, fold.finish(), result), story, (folder / "trace.csv").read_bytes())


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return play(tmp_path_factory.mktemp("first-day"))


@pytest.fixture(scope="session")
def years_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where :func:`years` leaves its databases; for reading only."""
    return tmp_path_factory.mktemp("years")


@pytest.fixture(scope="session")
def years(years_folder: Path) -> Day:
    """Letters made to last by those who keep them."""
    return play(years_folder, days=3, scenario="signed-for-years")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Signed files of every fate, and what to trust about them."""
    return lay_out(tmp_path_factory.mktemp("verify"))
