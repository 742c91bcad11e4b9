"""One load from the first document to the reckoning. The clock is the event loop's; nothing here knows a screen."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from scenarios.load import machine
from scenarios.load.book import Book, Outcome
from scenarios.load.corpus import Corpus
from scenarios.load.driver import Driver, keep_beat
from scenarios.load.field import Field
from scenarios.load.journal import Journal
from scenarios.load.machine import between
from scenarios.load.receivers import Receivers
from scenarios.load.reckoning import Reckoning, reckon
from scenarios.load.schedule import Curve, instants
from scenarios.load.stages import Depths, profile
from scenarios.load.summary import Tree, summarise
from scenarios.load.wire import Wire
from scenarios.streams import stream
from signing import Validator

LAG_LIMIT = 0.05
"""Seconds: a run in which the event loop was later than this more than once in a hundred times measured its driver."""
_LEAD = 0.3
_POLL = 0.1
_TELL = 1.0


class AlreadyThere(Exception):
    """The axis holds documents of this series already: its answers would be those of look-ups."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done. ``warm_up`` and ``drain`` in seconds; ``first`` is where in the corpus this run begins."""

    curve: Curve
    warm_up: float
    drain: float
    poisson: bool = True
    first: int = 0
    receive: bool = True
    watch: frozenset[int] = frozenset()
    """Processes whose descendants are the service; empty: whatever looks like one."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a load stands, for whoever watches. Latencies in seconds, since the last such moment."""

    at: float
    """Of the phase: seconds since it began."""
    seconds: float
    """How long it takes, or may take where it ends by itself."""
    due: int
    answered: int
    delivered: int
    in_flight: int
    submit_p99: float
    delivered_p99: float
    phase: str = "load"


class _Recent:
    """Latencies since somebody was last told: a histogram would take longer to ask than the load's own work takes."""

    def __init__(self) -> None:
        self.count, self._latencies = 0, list[float]()

    def add(self, latency: float) -> None:
        """One more."""
        self.count += 1
        self._latencies.append(latency)

    def p99(self) -> float:
        """Their 99th percentile, 0 when there are none; the next ones are counted anew."""
        latencies, self._latencies = sorted(self._latencies), []
        return latencies[int(0.99 * (len(latencies) - 1))] if latencies else 0.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came out of one load."""

    summary: Tree
    cpu: Tree
    stages: list[Tree]
    documents: int

    @property
    def lag(self) -> float:
        """99th percentile of the event loop's lateness, in seconds."""
        return float(self.summary["latencies"]["lag"]["all"].get("p99", 0.0))

    @property
    def valid(self) -> bool:
        """Whether the driver kept up."""
        return self.lag <= LAG_LIMIT


Watch = Callable[[Moment], None]


async def perform(field: Field, corpus: Corpus, order: Order, wire: Wire, journal: Path, watch: Watch) -> tuple[Book, Loaded]:
    """Send everything, wait until what was accepted has come out or ``drain`` is over, and sum up. The reckoning is made apart.

    Raises :class:`AlreadyThere`, and what :class:`Wire` raises when the service is not ready.
    """
    chance = stream(field.world.seed, "load", "arrivals", str(order.first))
    at = instants(order.curve, chance if order.poisson else None)
    book = Book(field, corpus, order.first, at)
    await wire.ready(str(field.parties[0].organ))
    record_of = Journal(journal)
    try:
        with _quiet():
            return book, await _load(book, order, wire, record_of, watch)
    finally:
        record_of.close()


async def _load(book: Book, order: Order, wire: Wire, journal: Journal, watch: Watch) -> Loaded:
    loop, answered, listed = asyncio.get_running_loop(), _Recent(), _Recent()
    start = loop.time() + _LEAD
    chance = stream(book.field.world.seed, "load", "retries")
    driver = Driver(wire, book, journal, start, chance, lambda _, latency: answered.add(latency))
    receivers = Receivers(wire, book, journal, start, lambda _, __, latency: listed.add(latency))
    if order.receive:
        receivers.start()
    beat = loop.create_task(keep_beat(book))
    teller = loop.create_task(_tell(book, order, driver, (answered, listed), start, watch))
    depths = Depths()
    reader = loop.create_task(depths.read(wire))
    before = machine.use(order.watch)
    try:
        sending = loop.create_task(driver.run())
        await _first_is_new(book, sending)
        await sending
        beat.cancel()
        reader.cancel()
        await driver.ask_again()
        if order.receive:
            await _drained(book, order.drain, watch)
    finally:
        for task in (beat, teller, reader):
            task.cancel()
        await receivers.stop()
    after = machine.use(order.watch)
    done = sum(1 for outcome in book.outcome if outcome in (Outcome.ACCEPTED, Outcome.STORED))
    summary = summarise(book, order.warm_up, order.curve.seconds)
    return Loaded(summary, between(before, after, done), profile(depths, summary["latencies"]), len(book))


async def _first_is_new(book: Book, sending: asyncio.Task[None]) -> None:
    """Stop at once where the first answers are those to packages that were there before."""
    while not sending.done() and not any(outcome != Outcome.NONE for outcome in book.outcome):
        await asyncio.sleep(_POLL)
    if any(outcome == Outcome.STORED for outcome in book.outcome[:_FIRST]):
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        raise AlreadyThere


_FIRST = 100


async def _drained(book: Book, seconds: float, watch: Watch) -> None:
    """Wait until every accepted pair has come out, or time is up."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while book.open_pairs() and loop.time() < end:
        await asyncio.sleep(_POLL)


async def _tell(book: Book, order: Order, driver: Driver, recent: tuple[_Recent, _Recent], start: float, watch: Watch) -> None:
    loop = asyncio.get_running_loop()
    due = 0
    while True:
        await asyncio.sleep(_TELL)
        now = loop.time() - start
        while due < len(book) and book.shipments[due].at <= now:
            due += 1
        submit, delivered = (one.p99() for one in recent)
        after = now - order.curve.seconds
        name, at, seconds = ("load", now, order.curve.seconds) if after < 0 else ("drain", min(after, order.drain), order.drain)
        watch(Moment(at, seconds, due, recent[0].count, recent[1].count, driver.in_flight, submit, delivered, name))


@contextmanager
def _quiet() -> Iterator[None]:
    """No garbage collection during the load: it would be lateness of the driver's own making. What it holds does not grow in cycles."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def settle_accounts(book: Book, journal: Path, wire: Wire, validator: Validator, certificate: bytes, watch: Watch) -> Reckoning:
    """The reckoning of a load, after it."""

    def told(share: float) -> None:
        watch(Moment(share, 1.0, len(book), 0, 0, 0, 0.0, 0.0, "reckoning"))

    return await reckon(book, journal, wire, validator, certificate, told)
