"""Every agency's software at its mailbox: it waits at the service for something to come, takes it, notes its bytes, and
confirms with the next question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import isnan

from exchange.receipts import read_refusal
from scenarios.load.book import Book
from scenarios.load.journal import Journal
from scenarios.load.wire import LINE_ERRORS, Taken, Wire, WireProblem

PAGE = 100
WAIT = 20.0
"""Seconds a mailbox is waited at."""
_LAST = 10.0
"""Seconds they have at the end to confirm what they took."""
_BREATH = 0.5
"""Seconds after which a line that broke is tried again."""


class Receivers:
    """All mailboxes of a field."""

    def __init__(self, wire: Wire, book: Book, journal: Journal, start: float, delivered: Callable[[int, int, float], None]) -> None:
        """``delivered`` is told of each document, the place of its recipient, and seconds since it was due."""
        self._wire, self._book, self._journal, self._start, self._delivered = wire, book, journal, start, delivered
        self._loop = asyncio.get_running_loop()
        self._places = {str(party.organ): place for place, party in enumerate(book.field.parties)}
        self._tasks: list[asyncio.Task[None]] = []
        self._busy: set[int] = set()
        """Those who are taking packages."""
        self._held: dict[int, list[str]] = {}
        """What each took and nobody said yet to be confirmed."""
        self._leaving = False

    def start(self) -> None:
        """Open every mailbox."""
        self._tasks = [self._loop.create_task(self._attend(place, organ)) for organ, place in self._places.items()]

    async def stop(self) -> None:
        """Leave them; what an agency has in hand it confirms first, if the service lets it."""
        self._leaving = True
        busy = [task for place, task in enumerate(self._tasks) if place in self._busy]
        if busy:
            await asyncio.wait(busy, timeout=_LAST)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        last = [self._loop.create_task(self._confirm(place, organ)) for organ, place in self._places.items() if self._held.get(place)]
        if last:
            await asyncio.wait(last, timeout=_LAST)

    async def _attend(self, place: int, organ: str) -> None:
        while not self._leaving:
            try:
                asked, held = self._loop.time(), self._held.get(place, [])
                parts = await self._wire.collect(organ, held, PAGE, WAIT)
                at = self._loop.time()
                self._confirmed(place)
                if parts:
                    self._busy.add(place)
                    await self._take(place, organ, parts, at - self._start)
                elif at - asked < _BREATH:  # a service that does not hold the line is asked twice a second
                    await asyncio.sleep(_BREATH - (at - asked))
            except (*LINE_ERRORS, WireProblem) as error:
                self._book.failed(f"mailbox {error.status if isinstance(error, WireProblem) else type(error).__name__}")
                await asyncio.sleep(_BREATH)
            finally:
                self._busy.discard(place)

    async def _confirm(self, place: int, organ: str) -> None:
        """Without asking for more. A line that breaks here leaves them in the mailbox, as it would anybody's."""
        with suppress(*LINE_ERRORS, WireProblem):
            await self._wire.confirm(organ, self._held[place])
            self._confirmed(place)

    def _confirmed(self, place: int) -> None:
        named = [number for name in self._held.pop(place, []) if (number := self._book.by_package.get(name)) is not None]
        ours = [number for number in named if self._book.pair(number, place) is not None]
        if ours:
            self._journal.confirmed(place, ours)

    async def _take(self, place: int, organ: str, parts: Sequence[Taken], at: float) -> None:
        for one in parts:
            self._seen(place, one, at)
        for one in parts:
            digest, head = (one.sha256, one.head) if one.sha256 else await self._wire.fetch(organ, one.package_id, one.size)
            self._taken(place, one, digest, head)
        self._held[place] = [one.package_id for one in parts]

    def _seen(self, place: int, one: Taken, at: float) -> None:
        """The mailbox shows a package: that is its delivery."""
        number = self._book.by_package.get(one.package_id)
        pair = None if number is None else self._book.pair(number, place)
        if number is not None and pair is not None and isnan(self._book.listed[pair]):
            self._book.listed[pair] = at
            self._delivered(number, place, at - self._book.shipments[number].at)

    def _taken(self, place: int, one: Taken, digest: bytes, head: bytes) -> None:
        book = self._book
        if one.kind == "refusal":
            self._refusal(head)
            return
        number = book.by_package.get(one.package_id)
        pair = None if number is None else book.pair(number, place)
        if number is None or pair is None:
            book.foreign += 1
            return
        if isnan(book.fetched[pair]):
            book.fetched[pair] = self._loop.time() - self._start
        self._journal.taken(number, place, one.package_id, digest)

    def _refusal(self, data: bytes) -> None:
        try:
            refusal = read_refusal(data).refusal
        except ValueError:
            self._book.failed("mailbox refusal that cannot be read")
            return
        number = self._book.by_package.get(refusal.package_id)
        place = self._places.get(refusal.recipient)
        pair = None if number is None or place is None else self._book.pair(number, place)
        if number is None or place is None or pair is None:
            self._book.foreign += 1
            return
        if isnan(self._book.refused[pair]):
            self._book.refused[pair] = self._loop.time() - self._start
        self._journal.refused(number, place, refusal.rule)
