"""Where synchronous work is done: a bounded number of threads, and a bounded number of requests that wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from exchange.errors import Overloaded

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


class Pool:
    """Threads for the axis' calls. Every one of them uses one database connection at most, or two where it seals."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, name)
        self._limit, self._busy = threads + waiting, 0

    async def run(self, call: Callable[Parameters, Answer], *args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        """The answer of a call, made in a thread. Raises :class:`Overloaded` when too many wait already."""
        if self._busy >= self._limit:
            raise Overloaded(1, "no-thread")
        self._busy += 1
        try:
            future = asyncio.wrap_future(self._threads.submit(call, *args, **kwargs))
        except BaseException:
            self._busy -= 1
            raise
        future.add_done_callback(self._leave)
        # whoever asked may go away; the call is finished all the same, and counted until then
        return await asyncio.shield(future)

    def _leave(self, future: asyncio.Future[Answer]) -> None:
        self._busy -= 1
        if not future.cancelled():
            future.exception()  # looked at, should nobody be there any more to hear of it

    async def each(self, items: Iterator[bytes]) -> AsyncIterator[bytes]:
        """The items of a synchronous iterator, each fetched in a thread."""
        while (item := await self.run(_next, items)) is not None:
            yield item

    def close(self) -> None:
        """Let what runs end, and nothing begin."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def _next(items: Iterator[bytes]) -> bytes | None:
    return next(items, None)
