"""One call of ``truc chaos``: start a service, strike it while documents come in, reckon, tell."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from console.chaos.service import Struck
from console.chaos.striker import Outcome, Striker
from console.known import world_of
from console.locale import Text
from console.outcome import DONE, SHORT, UNREACHED, USAGE, Unusable
from console.up.place import Wish as Place
from console.up.programs import ProgramFailed, ProgramMissing
from console.up.supervisor import StartFailed
from exchange.api import Caller
from exchange.client import HttpAxis
from exchange.domain.identifiers import OrganId
from exchange.errors import ExchangeError
from exchange.settings import AxisSettings
from scenarios import secrets
from scenarios.chaos.feed import Document, Feed, reckon
from scenarios.chaos.report import Campaign, recovered
from scenarios.chaos.schedule import DISTURBANCES, Blow, schedule
from scenarios.chaos.watch import Watched, Watcher
from scenarios.load.corpus import Corpus, prepare
from scenarios.load.draw import Recipe
from scenarios.load.field import Field, FieldTooSmall, open_field
from scenarios.load.profiles import PROFILES
from scenarios.world.pki import build

_PATIENCE = 120.0
"""Seconds for which a sender asks again: longer than any recovery that is not already a failure."""
_SETTLE = 60.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    kills: int
    seed: str
    scenario: str
    agencies: int
    apis: int
    workers: int
    burst: int
    every: float
    broker: bool
    disturb: bool
    json: bool
    cache: Path


def perform(wish: Wish, text: Text) -> int:
    """The exit code: 0 it held, 1 it did not, 2 wrong usage, 3 a part could not be started."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        found = run(wish, text, talk)
    except FieldTooSmall as error:
        talk.print(text.of_world(str(error)), markup=False)
        return USAGE
    except (Unusable, ValueError) as error:
        talk.print(str(error), markup=False)
        return USAGE
    except ProgramMissing as error:
        talk.print(text("up.missing", **error.values), markup=False)
        return UNREACHED
    except (ProgramFailed, StartFailed, ExchangeError, OSError) as error:
        talk.print(text("error.unreachable", error=error), markup=False)
        return UNREACHED
    if wish.json:
        typer.echo(json.dumps(found.tree(), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(lines(found, text)))
    return DONE if found.holds else SHORT


def run(wish: Wish, text: Text, talk: Console) -> Campaign:
    """The campaign. Raises what starting a service raises."""
    world = world_of(wish.scenario, wish.seed, text)
    issued = build(world)
    field = open_field(world, issued, wish.agencies)
    count = max(wish.kills, 1) * _PER_KILL * wish.burst
    talk.print(text("chaos.corpus", count=text.number(count)), markup=False)
    recipe = Recipe(PROFILES["letters"], count, wish.agencies)
    with _folder() as folder:
        corpus = prepare(field, recipe, wish.cache)
        place = Place(wish.scenario, wish.seed, folder / "data", wish.workers, 2, "127.0.0.1", 0, 0, None, None, json=False)
        with Struck(place, folder / "logs", apis=wish.apis, broker=wish.broker) as service:
            talk.print(text("chaos.started", urls=", ".join(service.urls)), markup=False)
            return _campaign(wish, text, talk, service, _Field(field, corpus, wish.seed))


_PER_KILL = 5
"""Bursts that there are documents for, per kill."""


class _Field(Sequence[Document]):
    """The documents of a corpus, put together when they are asked for."""

    def __init__(self, field: Field, corpus: Corpus, seed: str) -> None:
        self._corpus, self.recipients = corpus, corpus.recipe.profile.recipients
        self._callers = [secrets.caller(seed, party.organ) for party in field.parties]
        self.members: dict[OrganId, Caller] = {one.organ: one for one in self._callers}

    def __len__(self) -> int:
        return len(self._corpus)

    def __getitem__(self, index: int) -> Document:  # type: ignore[override]  # nobody asks for a part of them
        entry = self._corpus.entry(index)
        recipients = tuple(self._callers[place].organ for place in entry.recipients)
        return Document(self._callers[entry.sender], recipients, self._corpus.package(index))


def _campaign(wish: Wish, text: Text, talk: Console, service: Struck, field: _Field) -> Campaign:
    began = time.monotonic()
    operator = secrets.caller(wish.seed, AxisSettings().organ)
    possible = service.possible() if wish.disturb else ()
    outcomes: list[Outcome] = []

    def told(one: Outcome) -> None:
        outcomes.append(one)
        strike = one.strike
        talk.print(
            text("chaos.strike", number=strike.number + 1, target=strike.target.value, blow=strike.blow.value, claimed=one.claimed,
                 seconds=f"{one.recovery:.2f}"), markup=False,
        )  # fmt: skip

    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # that connections break is what this is about
    with ExitStack() as stack:
        axes = [stack.enter_context(HttpAxis(url, operator, driven=False, patience=_PATIENCE)) for url in service.urls]
        feed = Feed(axes, field, field.members, wish.seed)
        watcher, striker = Watcher(service.stand.database), Striker(service, feed, field.recipients, wish.seed)
        watcher.start()
        feed.start(wish.burst, wish.every)
        try:
            striker.run(schedule(wish.kills, wish.seed, possible, service.mortal()), told)
            feed.stop()
            left = striker.settle(_SETTLE)
            feed.take_all()
        finally:
            feed.stop()
            watched: Watched = watcher.stop()
            striker.close()
    kills = [(one.strike.target.value, one.claimed, one.recovery) for one in outcomes if one.strike.blow is Blow.KILL]
    others = [
        (f"{one.strike.target.value} {one.strike.blow.value}", one.claimed, one.recovery)
        for one in outcomes
        if one.strike.blow is not Blow.KILL
    ]
    there = {(target, blow) for target, blow, _ in service.possible()}
    left_out = [f"{target.value} {blow.value}" for target, blow, _ in DISTURBANCES if (target, blow) not in there]
    return Campaign(
        recovered(kills), recovered(others), left_out, reckon(field, feed.held), feed.held, watched, left, dict(service.deaths),
        time.monotonic() - began,
    )  # fmt: skip


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="truc-chaos-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lines(found: Campaign, text: Text) -> Iterator[str]:
    """The result for people."""
    for name, one in (*found.kills.items(), *found.disturbances.items()):
        yield text("chaos.line", name=name, count=text.number(one.count), claimed=text.number(one.claimed), p50=f"{one.p50:.2f}",
                   slowest=f"{one.slowest:.2f}")  # fmt: skip
    for name in found.left_out:
        yield text("chaos.left-out", name=name)
    sums = found.reckoning
    yield text("chaos.sums", documents=text.number(sums.accepted), pairs=text.number(sums.pairs), lost=text.number(sums.lost),
               doubled=text.number(sums.doubled), changed=text.number(sums.changed))  # fmt: skip
    yield text("chaos.looks", looks=text.number(found.watched.looks), breaches=text.number(sum(found.watched.breaches.values())))
    yield text("chaos.held" if found.holds else "chaos.broken")


def default_cache() -> Path:
    """Where letters signed once are kept for the next campaign."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "truc" / "corpus"
