"""Waiting at mailboxes: one look for all who wait, a few times a second, and only while somebody does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.domain.identifiers import OrganId
from exchange.errors import ExchangeError, Overloaded
from exchange.web.pool import Pool

_LOOK_SECONDS = 0.25
_MOST = 16
"""Requests of one agency that may wait at once."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """One request. ``at``: its instant where a scenario drives; otherwise the present one at each look."""

    organ: OrganId
    at: datetime | None
    come: asyncio.Event


class Arrivals:
    """``ask`` names those of some organisations in whose mailboxes something waits at an instant."""

    def __init__(self, pool: Pool, ask: Callable[[Sequence[OrganId], datetime], Iterable[OrganId]], now: Callable[[], datetime]) -> None:
        self._pool, self._ask, self._now = pool, ask, now
        self._waiters: set[_Waiter] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    async def wait(self, organ: OrganId, at: datetime | None, seconds: float) -> None:
        """Until something may be there, or the time is over, or the service stops. Raises :class:`Overloaded`."""
        if self._closed:
            return
        if sum(one.organ == organ for one in self._waiters) >= _MOST:
            raise Overloaded(1, "agency-waits")
        waiter = _Waiter(organ, at, asyncio.Event())
        self._waiters.add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await waiter.come.wait()
        except TimeoutError:
            return
        finally:
            self._waiters.discard(waiter)

    def close(self) -> None:
        """Nobody waits any more: the service stops."""
        self._closed = True
        for waiter in self._waiters:
            waiter.come.set()

    async def _look(self) -> None:
        while self._waiters and not self._closed:
            await asyncio.sleep(_LOOK_SECONDS)
            for at in {waiter.at for waiter in self._waiters}:
                group = [waiter for waiter in self._waiters if waiter.at == at]
                try:
                    found = set(await self._pool.run(self._ask, sorted({one.organ for one in group}), at or self._now()))
                except ExchangeError:  # a database that is away, threads that are all busy: looked at again
                    continue
                for waiter in group:
                    if waiter.organ in found:
                        waiter.come.set()
