"""Every agency's software at its mailbox: it waits at the service for something to come, fetches, checks the bytes, and confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

from exchange.receipts import read_refusal
from scenarios.load.book import Book
from scenarios.load.journal import Journal
from scenarios.load.wire import LINE_ERRORS, Wire, WireProblem

PAGE = 100
WAIT = 20.0
"""Seconds a mailbox is waited at."""
_AT_ONCE = 4
"""Packages an agency fetches side by side."""
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
        """Those who have lines in hand."""
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

    async def _attend(self, place: int, organ: str) -> None:
        while not self._leaving:
            try:
                asked = self._loop.time()
                lines = await self._wire.waiting(organ, PAGE, WAIT)
                at = self._loop.time()
                if lines:
                    self._busy.add(place)
                    await self._take(place, organ, lines, at - self._start)
                    self._busy.discard(place)
                elif at - asked < _BREATH:  # a service that does not hold the line is asked twice a second
                    await asyncio.sleep(_BREATH - (at - asked))
            except (*LINE_ERRORS, WireProblem) as error:
                self._busy.discard(place)
                self._book.failed(f"mailbox {error.status if isinstance(error, WireProblem) else type(error).__name__}")
                await asyncio.sleep(_BREATH)

    async def _take(self, place: int, organ: str, lines: Sequence[dict[str, Any]], at: float) -> None:
        for line in lines:
            self._seen(place, line, at)
        queue = list(reversed(lines))

        async def fetch() -> None:
            while queue:
                await self._fetch(place, organ, queue.pop())

        await asyncio.gather(*(fetch() for _ in range(min(_AT_ONCE, len(lines)))))
        await self._wire.confirm(organ, [line["package_id"] for line in lines])
        ours = [number for line in lines if (number := self._book.by_package.get(line["package_id"])) is not None]
        self._journal.confirmed(place, [number for number in ours if self._book.pair(number, place) is not None])

    def _seen(self, place: int, line: dict[str, Any], at: float) -> None:
        """The mailbox shows a package: that is its delivery."""
        number = self._book.by_package.get(line["package_id"])
        pair = None if number is None else self._book.pair(number, place)
        if number is not None and pair is not None and isnan(self._book.listed[pair]):
            self._book.listed[pair] = at
            self._delivered(number, place, at - self._book.shipments[number].at)

    async def _fetch(self, place: int, organ: str, line: dict[str, Any]) -> None:
        name, book = line["package_id"], self._book
        taken = await self._wire.fetch(organ, name, line["size"])
        if line["kind"] == "refusal":
            self._refusal(taken.head)
            return
        number = book.by_package.get(name)
        pair = None if number is None else book.pair(number, place)
        if number is None or pair is None:
            book.foreign += 1
            return
        if isnan(book.fetched[pair]):
            book.fetched[pair] = self._loop.time() - self._start
        self._journal.taken(number, place, name, taken.sha256)

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
