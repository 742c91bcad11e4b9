"""One run from start to report: say what will be done, let the world live, fold its trace, write what was asked for."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text as Cell
from sqlalchemy.exc import ArgumentError

from console.incidents import announced
from console.known import world_of
from console.lasting import asked_in_a_run, disturbances, disturbed
from console.locale import Text
from console.options import ARCHIVE
from console.outcome import DONE, SHORT, UNREACHED, USAGE, Unusable
from console.reports.canonical import Tree, canonical
from console.reports.html import page, question_of
from console.reports.model import inconsistencies, not_held, report_tree
from console.reports.trace_csv import TraceCsv
from console.story import Storyteller
from console.terminal import show, target_text
from console.where import place_of
from exchange.domain.calendar import VN
from exchange.errors import ExchangeError
from scenarios.measures import CATALOGUE, Fold
from scenarios.office.registers import OFFICES
from scenarios.places import AxisInUse, Place
from scenarios.run import Operation, run
from scenarios.run import Progress as Moment
from scenarios.trace import Record
from scenarios.world.bounds import MOST_DAYS
from scenarios.world.model import World
from signing import Service, SigningError

_WEEK = 5
_STORY_AGENCIES = 10
"""A world of so few agencies tells the story of one document."""
_WIDTH = 120
"""Columns of the screen where it goes to a file."""
DATABASES = (ARCHIVE, OFFICES)
WITNESSES = "witness-*.json"
REPORTS = ("report.html", "measures.json", "trace.csv")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    scenario: str
    days: int | None
    seed: str
    out: Path | None
    json: bool
    require_targets: bool
    axis: str | None = None
    """Where the axis is; in this process when nowhere is said."""
    broker: str | None = None


def perform(wish: Wish, text: Text) -> int:
    """Run it and print it; the exit code."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        world = world_of(wish.scenario, wish.seed, text)
        days = working_days(wish, world, text)
        place, mode = place_of(wish.axis, wish.broker, text)
        _announce(world, days, mode, text, talk)
        with _folder(wish.out, text) as folder:
            return _perform(wish, world, days, place, folder, text, talk)
    except (Unusable, ArgumentError) as error:
        talk.print(str(error), markup=False)
        return USAGE
    except SigningError as error:  # a title or a name that no letter has room for
        talk.print(text("error.world", name=wish.scenario, error=error), markup=False)
        return USAGE
    except AxisInUse as error:
        talk.print(text("error.place.used", receipts=error.receipts), markup=False)
        return USAGE
    except ImportError:
        talk.print(text("error.workers"), markup=False)
        return UNREACHED
    except (ExchangeError, OSError) as error:
        talk.print(text("error.unreachable", error=error), markup=False)
        return UNREACHED


def working_days(wish: Wish, world: World, text: Text) -> int:
    """How many working days to run: those asked for, else the world's own, else by its size. Raises :class:`Unusable`."""
    if wish.days is None:
        if world.days is not None:
            return world.days
        return 1 if len(world.agencies) <= _STORY_AGENCIES else _WEEK
    if not 1 <= wish.days <= MOST_DAYS:
        raise Unusable(text("error.days", days=wish.days, most=MOST_DAYS))
    return wish.days


@contextmanager
def _folder(out: Path | None, text: Text) -> Iterator[Path]:
    """The folder databases and reports go to: the one asked for, cleared of an earlier run, or one that is gone afterwards."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="truc-") as name:
            yield Path(name)
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
        old = [path for database in DATABASES for path in out.glob(f"{database}*")]
        old += out.glob(WITNESSES)
        for path in (*old, *(out / report for report in REPORTS)):  # no earlier report may stand beside what an interrupted run leaves
            path.unlink(missing_ok=True)
    except OSError as error:
        raise Unusable(text("error.out", out=out, reason=text.reason(error))) from None
    yield out


def _perform(wish: Wish, world: World, days: int, place: Place, folder: Path, text: Text, talk: Console) -> int:
    fold, story = Fold(world), Storyteller(world)
    began = monotonic()
    with ExitStack() as stack:
        sinks: list[Callable[[Record], None]] = [fold.add]
        if len(world.agencies) <= _STORY_AGENCIES:
            sinks.append(story.add)
        if wish.out is not None:
            sinks.append(stack.enter_context(TraceCsv(folder / "trace.csv", world.start)).add)
        watch = stack.enter_context(_watching(text, talk))
        result = run(world, days=days, sink=_all(sinks), workdir=folder, progress=watch, place=place)
    tree = report_tree(world, fold.finish(), result)
    _ended(tree, result.again, monotonic() - began, text, talk)
    _print(wish, tree, story, text)
    if wish.out is not None:
        _write(tree, folder, text, talk)
    return _verdict(wish, tree, text, talk)


def _all(sinks: list[Callable[[Record], None]]) -> Callable[[Record], None]:
    def sink(record: Record) -> None:
        for each in sinks:
            each(record)

    return sink


def _announce(world: World, days: int, mode: str, text: Text, talk: Console) -> None:
    start = datetime.combine(world.start, time(), VN)
    line = text("start.line", name=world.name, seed=world.seed, days=days, start=text.day(start), mode=mode)
    faults = [
        text("start.outage", hop=hop.id, since=text.instant(since), until=text.instant(until))
        for hop in world.hops
        for since, until in hop.outages
    ]
    asked = asked_in_a_run(world)
    faults += disturbances(disturbed(world, asked), text)
    unasked = disturbances(disturbed(world, [service for service in Service if service not in asked]), text)
    goals = [
        f"{text(f'measure.{spec.id}.title')} {target_text({'percent': spec.target.percent, 'over': spec.target.over}, text)} ({source})"
        for spec in CATALOGUE
        for source in spec.sources
        if source in world.targets
    ]
    talk.print(line, style="bold", markup=False)
    question = question_of({"scenario": {"name": world.name, "question": world.question}, "days": days}, text)
    for sentence in (
        text("start.question", question=question),
        text("start.faults", faults="; ".join([*faults, *announced(world, text)]) or text("start.no-faults")),
        *([text("start.unasked", faults="; ".join(unasked))] if unasked else []),
        text("start.targets", targets=" · ".join(goals) or text("start.no-targets")),
        text("start.test"),
    ):
        talk.print(sentence, markup=False)


@contextmanager
def _watching(text: Text, talk: Console) -> Iterator[Callable[[Moment], None]]:
    """Tell how far the run is: a bar on a terminal, a line every tenth of the time elsewhere."""
    began = monotonic()

    def sentence(now: Moment) -> str:
        rate = now.documents / max(monotonic() - began, 1e-3)
        return text("progress.line", moment=text.instant(now.moment), documents=text.number(now.documents), rate=text.number(rate))

    if not talk.is_terminal:
        yield _lines(sentence, talk)
        return
    with Progress(BarColumn(24), TaskProgressColumn(), TextColumn("{task.description}"), console=talk, transient=True) as bar:
        task = bar.add_task(text("progress.building"), total=1.0)
        yield lambda now: bar.update(task, completed=now.fraction, description=sentence(now))


def _lines(sentence: Callable[[Moment], str], talk: Console) -> Callable[[Moment], None]:
    told = 0

    def tell(now: Moment) -> None:
        nonlocal told
        if int(10 * now.fraction) > told:
            told = int(10 * now.fraction)
            talk.print(sentence(now), markup=False)

    return tell


def _ended(tree: Tree, again: Sequence[Operation], seconds: float, text: Text, talk: Console) -> None:
    documents = sum(tree["amounts"]["documents"].values())
    values = {
        "documents": text.number(documents),
        "records": text.number(tree["amounts"]["facts"]),
        "seconds": text.number(seconds, 1),
        "rate": text.number(documents / max(seconds, 1e-3)),
    }
    talk.print(text("progress.done", **values), markup=False)
    if again:  # a fact of the machines, so it stands here and in no report
        done = (f"{text.label('purpose', one.purpose)} {text(f'word.{one.kind}')} {text.number(one.metered)}" for one in again)
        talk.print(text("progress.again", operations="; ".join(done)), markup=False)


def _print(wish: Wish, tree: Tree, story: Storyteller, text: Text) -> None:
    if wish.json:
        sys.stdout.write(canonical(tree))
        return
    screen = Console(highlight=False)
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen = Console(highlight=False, width=_WIDTH)
    title, sentences = story.tell(text)
    if sentences:
        screen.print(title, style="bold", markup=False)
        lines = Table.grid(padding=(0, 2))
        for clock, sentence in sentences:
            lines.add_row(Cell(clock), Cell(sentence))
        screen.print(lines)
        screen.print()
    show(tree, text, screen)


def _write(tree: Tree, folder: Path, text: Text, talk: Console) -> None:
    (folder / "report.html").write_text(page(tree, text), encoding="utf-8", newline="\n")
    (folder / "measures.json").write_text(canonical(tree), encoding="utf-8", newline="\n")
    kept = [folder / name for name in (*REPORTS, *DATABASES) if (folder / name).exists()] + sorted(folder.glob("witness-*.json"))
    talk.print(text("progress.written", files=", ".join(map(str, kept))), markup=False)


def _verdict(wish: Wish, tree: Tree, text: Text, talk: Console) -> int:
    broken = inconsistencies(tree)
    if broken:
        talk.print(text("error.inconsistent", parts=", ".join(text(f"report.{part}") for part in broken)), style="red", markup=False)
        return SHORT
    titles = {row["id"]: row["title"][text.lang] for row in tree["measures"]}
    short = [titles[measure] for measure in not_held(tree)]
    if wish.require_targets and short:
        talk.print(text("error.targets", measures="; ".join(short)), markup=False)
        return SHORT
    return DONE
