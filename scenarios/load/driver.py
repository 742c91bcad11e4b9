"""The open loop: each document leaves when it is due, whatever became of those before it, and its latency counts from that instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from scenarios.load.book import Book, Outcome
from scenarios.load.journal import Journal
from scenarios.load.wire import LINE_ERRORS, Answer, Wire

MOST_TRIES = 20
"""After so many answers "above capacity" a document is given up."""
_SHORTEST_WAIT = 0.5
_CATCHING_UP = 32
"""So many documents that are overdue leave at once before others on the loop have their turn."""
_BEAT = 0.02


class Driver:
    """Sends the documents of a book."""

    def __init__(
        self, wire: Wire, book: Book, journal: Journal, start: float, chance: Random, answered: Callable[[int, float], None]
    ) -> None:
        """``start``: the loop's time of second 0. ``answered`` is told of each document and its latency in seconds."""
        self._wire, self._book, self._journal, self._start = wire, book, journal, start
        self._chance, self._answered = chance, answered
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """Documents that left and have no answer yet."""
        return len(self._under_way)

    async def run(self) -> None:
        """Send everything, and wait for the last answer."""
        started = 0
        for number, shipment in enumerate(self._book.shipments):
            left = self._start + shipment.at - self._loop.time()
            if left > 0 or started % _CATCHING_UP == 0:
                await asyncio.sleep(max(0.0, left))
            started = started + 1 if left <= 0 else 0
            task = self._loop.create_task(self._send(number))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def _send(self, number: int) -> None:
        book, now = self._book, self._now
        book.sent[number] = now()
        outcome = Outcome.UNANSWERED
        while outcome in (Outcome.UNANSWERED, Outcome.TURNED_AWAY):
            book.tries[number] += 1
            try:
                answer = await self._post(number)
            except LINE_ERRORS as error:
                why = type(error).__name__
                book.failed(f"submit {why}")
                self._journal.unanswered(number, why)
                break
            outcome = self._told(number, answer)
            if outcome is Outcome.TURNED_AWAY and book.tries[number] < MOST_TRIES:
                await asyncio.sleep(max(answer.retry_after, _SHORTEST_WAIT) * (0.75 + 0.5 * self._chance.random()))
            elif outcome is Outcome.UNANSWERED or book.tries[number] >= MOST_TRIES:
                break
        book.outcome[number] = outcome
        if outcome in (Outcome.ACCEPTED, Outcome.STORED):
            book.answered[number] = now()
            self._answered(number, book.answered[number] - book.shipments[number].at)

    def _post(self, number: int) -> asyncio.Future[Answer]:
        entry = self._book.shipments[number].entry
        organ = str(self._book.field.parties[entry.sender].organ)
        return asyncio.ensure_future(self._wire.submit(organ, entry.size, lambda: self._book.corpus.pieces(entry.index)))

    def _told(self, number: int, answer: Answer) -> Outcome:
        if answer.status in (200, 201):
            stored = answer.status == 200
            digest = self._book.shipments[number].entry.sha256
            self._journal.submitted(number, digest, dict(answer.body), stored=stored)
            # after a try without an answer, "stored" is this run's own
            return Outcome.STORED if stored and self._book.tries[number] == 1 else Outcome.ACCEPTED
        if answer.status == 429:
            self._book.failed("submit 429")
            return Outcome.TURNED_AWAY
        if answer.status >= 500:
            self._book.failed(f"submit {answer.status}")
            self._journal.unanswered(number, f"{answer.status} {answer.slug}")
            return Outcome.UNANSWERED
        self._book.failed(f"submit {answer.status} {answer.slug}")
        self._journal.rejected(number, answer.status, answer.slug)
        return Outcome.REJECTED

    def _now(self) -> float:
        return self._loop.time() - self._start

    async def ask_again(self) -> None:
        """Hand in once more what had no answer: the same package gives the same receipt, so its fate is known afterwards."""
        open_ones = [number for number in range(len(self._book)) if self._book.outcome[number] == Outcome.UNANSWERED]
        for number in open_ones:
            self._book.tries[number] += 1
            try:
                answer = await self._post(number)
            except LINE_ERRORS as error:
                self._book.failed(f"asked again {type(error).__name__}")
                continue
            outcome = self._told(number, answer)
            if outcome is not Outcome.TURNED_AWAY:
                self._book.outcome[number] = outcome


async def keep_beat(book: Book) -> None:
    """Sample how late the event loop is, fifty times a second, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _BEAT
        await asyncio.sleep(_BEAT)
        book.lag.append(max(0.0, loop.time() - due))
