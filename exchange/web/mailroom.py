"""Waiting at mailboxes and collecting from them: one turn for all callers, some times a second, and only while there are any.

A turn confirms what all of them took before, in one transaction, and reads in another what is there for all who wait: a letter to three
agencies is put together once. What all of one turn get is bounded; whoever it does not reach is served in one of the next, which then come
without delay.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import accumulate
from typing import TypeVar

from exchange.api import Bearer, Envelope, Fetched
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.errors import Overloaded, StoreUnavailable
from exchange.mailbox import PAGE_BYTES
from exchange.web.pool import Pool

_GAP_SECONDS = 0.2
"""From the beginning of one turn to the next: what came meanwhile shares a transaction."""
_REST_SECONDS = 0.02
"""At least so long between turns, however long they take."""
_MOST = 16
"""Requests of one agency that may wait at once."""
_OUTCOMES = 2000
"""Confirmations of one transaction."""
_BYTES = 4 << 20
"""Bytes of the packages of one turn; who gets none of them is served in the next, which then comes without delay."""
_PASSED_SECONDS = 2.0
"""Whoever has been passed over for so long comes first, whatever others have: urgent mail without end keeps nobody from his."""
Part = tuple[Envelope, bytes | None]
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class _Waiter:
    """One request. ``at``: its instant where a scenario drives; otherwise the present one at each turn."""

    bearer: Bearer
    organ: OrganId
    at: datetime | None
    until: float
    """Seconds on the loop's clock; then it is answered with what there is."""
    outcomes: Sequence[Fetched] = ()
    """What it confirms first; nothing once that is done."""
    limit: int = 0
    """Packages it takes; 0: it is only told that there may be some."""
    looked: bool = False
    passed: float = math.inf
    """Since when there is mail for it that no turn reached, on the loop's clock."""
    answer: asyncio.Future[list[Part]] = field(default_factory=asyncio.Future)

    def give(self, parts: list[Part]) -> None:
        if not self.answer.done():
            self.answer.set_result(parts)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Mailroom:
    """Of one process. It belongs to the event loop; the axis' calls are made in threads."""

    def __init__(self, pool: Pool, axis: Axis, now: Callable[[], datetime]) -> None:
        self._pool, self._axis, self._now = pool, axis, now
        self._waiters: list[_Waiter] = []
        self._standing: Counter[OrganId] = Counter()
        self._turning: asyncio.Task[None] | None = None
        self._closed = False

    async def wait(self, bearer: Bearer, organ: OrganId, at: datetime | None, seconds: float) -> None:
        """Until something may be there, or the time is over, or the service stops. Raises :class:`Overloaded`."""
        if not self._closed:
            await self._stand(_Waiter(bearer, organ, at, _time() + seconds))

    async def collect(
        self, bearer: Bearer, organ: OrganId, outcomes: Sequence[Fetched], at: datetime | None, limit: int, seconds: float
    ) -> list[Part]:
        """Confirm, then the first packages as soon as there are any; none when the time is over.

        A package longer than ``PAGE_BYTES`` comes without its bytes. Raises what :meth:`exchange.api.Receive.collect` does, and
        :class:`Overloaded`; a confirmation then is done wholly or not at all, and may be said again.
        """
        if self._closed:
            raise Overloaded(1, "closing")
        return await self._stand(_Waiter(bearer, organ, at, _time() + seconds, outcomes, limit))

    def close(self) -> None:
        """Nobody waits any more: the service stops."""
        self._closed = True
        for waiter in self._waiters:
            if waiter.outcomes:
                waiter.fail(Overloaded(1, "closing"))
            else:
                waiter.give([])

    async def _stand(self, waiter: _Waiter) -> list[Part]:
        if self._standing[waiter.organ] >= _MOST:
            raise Overloaded(1, "agency-waits")
        self._waiters.append(waiter)
        self._standing[waiter.organ] += 1
        if self._turning is None or self._turning.done():
            self._turning = asyncio.create_task(self._run())
        try:
            return await waiter.answer
        finally:
            self._waiters.remove(waiter)
            self._standing[waiter.organ] -= 1

    async def _run(self) -> None:
        while self._waiters and not self._closed:
            began, left = _time(), False
            for group in _by_instant(self._waiters):
                left |= await self._turn(group, group[0].at or self._now())
            await asyncio.sleep(_REST_SECONDS if left else max(began + _GAP_SECONDS - _time(), _REST_SECONDS))

    async def _turn(self, group: Sequence[_Waiter], at: datetime) -> bool:
        """One turn for those who wait at one instant; gives whether it did not reach all of them.

        A fault of the database is told to those who just came; the others wait on.
        """
        left = False
        try:
            await self._confirm(_within(_OUTCOMES, group), at)
            left = await self._look([one for one in group if not one.outcomes and not one.answer.done()], at)
        except Exception as error:  # told to whom it concerns, and the next turn comes all the same
            lasting = isinstance(error, StoreUnavailable | Overloaded)
            for one in group:
                if one.outcomes or not one.looked or not lasting:
                    one.fail(error)
        end = _time()
        for one in group:
            if one.looked and end >= one.until:
                one.give([])
        return left

    async def _confirm(self, waiters: Sequence[_Waiter], at: datetime) -> None:
        if not waiters:
            return

        def confirm(ones: Sequence[_Waiter]) -> list[Exception | None]:
            return [*self._axis.confirm_all([(one.bearer, one.outcomes) for one in ones], at)]

        for one, error in zip(waiters, await self._pool.run(_apart, confirm, waiters), strict=True):
            one.outcomes = ()
            if error is not None:
                one.fail(error)

    async def _look(self, waiters: Sequence[_Waiter], at: datetime) -> bool:
        if not waiters:
            return False
        there = await self._pool.run(self._axis.with_mail, sorted({one.organ for one in waiters}), at)
        found = [one for one in waiters if one.organ in there]
        # who has urgent mail does not wait for the others' pages; otherwise they are served as they came
        late = _time() - _PASSED_SECONDS
        collecting = sorted((one for one in found if one.limit), key=lambda one: -1 if one.passed < late else there[one.organ])
        parts = await self._pool.run(_apart, partial(self._pages, at), collecting) if collecting else []
        for one in waiters:
            one.looked = True
        for one in found:
            if not one.limit:
                one.give([])
        for waiter, page in zip(collecting, parts, strict=True):
            if isinstance(page, Exception):
                waiter.fail(page)
            elif page is None:
                waiter.looked, waiter.passed = False, min(waiter.passed, _time())
            elif page:
                waiter.give(page)
            else:
                waiter.passed = math.inf
        return None in parts

    def _pages(self, at: datetime, waiters: Sequence[_Waiter]) -> list[list[Part] | Exception | None]:
        """In a thread: what each of them gets, bytes and all; ``None`` for those whom this turn does not reach."""
        pages = self._axis.pages([(one.bearer, one.limit) for one in waiters], at, _BYTES)
        return [
            [(one.envelope, one.read() if one.envelope.size <= PAGE_BYTES else None) for one in page] if isinstance(page, tuple) else page
            for page in pages
        ]


def _apart(call: Callable[[Sequence[_Waiter]], list[Answer | Exception]], waiters: Sequence[_Waiter]) -> list[Answer | Exception]:
    """What a call gives each; if it fails, what it gives each half, until who fails stands alone. Raises :class:`StoreUnavailable`."""
    try:
        return call(waiters)
    except StoreUnavailable:
        raise
    except Exception as error:  # a package that is damaged, say: the mailboxes of others are whole
        if len(waiters) == 1:
            return [error]
        half = len(waiters) // 2
        return _apart(call, waiters[:half]) + _apart(call, waiters[half:])


def _time() -> float:
    return asyncio.get_running_loop().time()


def _by_instant(waiters: Sequence[_Waiter]) -> list[list[_Waiter]]:
    groups: dict[datetime | None, list[_Waiter]] = {}
    for one in waiters:
        groups.setdefault(one.at, []).append(one)
    return list(groups.values())


def _within(most: int, waiters: Sequence[_Waiter]) -> list[_Waiter]:
    """Those whose confirmations fit into one transaction, the short ones first: who confirms much keeps nobody else waiting."""
    asking = sorted((one for one in waiters if one.outcomes and not one.answer.done()), key=lambda one: len(one.outcomes))
    return [one for one, total in zip(asking, accumulate(len(one.outcomes) for one in asking), strict=True) if total <= most]
