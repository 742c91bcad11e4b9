"""A wire that can be made slow, cut or silent: a TCP proxy between two processes of this machine.

    with Wire("127.0.0.1", 5432) as wire:
        open_engine(f"postgresql+psycopg://truc@127.0.0.1:{wire.port}/truc")
        wire.slow(0.05)

It runs in a thread of its own, and asynchronously within, since a service has some dozens of connections.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import TracebackType

_PIECE = 65_536


class Wire:
    """Listens on a port of its own on 127.0.0.1 and carries what comes to ``host:port`` and back."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._delay = 0.0
        self._is_cut = False
        self._speaks = True
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._goes_on = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self.port = 0
        self.carried = 0
        """Bytes in both directions."""

    def __enter__(self) -> Wire:
        """Begin to listen."""
        self._thread.start()
        self._call(self._begin())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End every connection, and listen no more."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def slow(self, seconds: float) -> None:
        """Every piece of data is so much later."""
        self._delay = seconds

    def cut(self) -> None:
        """End what there is and refuse what comes."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._drop)

    def silence(self) -> None:
        """Keep every connection and carry nothing; what comes waits."""
        self._speaks = False
        self._loop.call_soon_threadsafe(self._goes_on.clear)

    def mend(self) -> None:
        """As if nothing had been."""
        self._delay, self._is_cut, self._speaks = 0.0, False, True
        self._loop.call_soon_threadsafe(self._goes_on.set)

    def _call(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)  # type: ignore[arg-type]

    async def _begin(self) -> None:
        self._goes_on.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._server.close()
        self._goes_on.set()
        self._drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _drop(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._ends.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            await self._goes_on.wait()
            if self._is_cut:
                return
            from_far, far = await asyncio.open_connection(*self._to)
            self._ends.add(far)
            await asyncio.gather(self._pump(reader, far), self._pump(from_far, writer))
        except OSError:
            return
        finally:
            for end in (writer, far):
                if end is not None:
                    self._ends.discard(end)
                    end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_PIECE):
            if self._delay:
                await asyncio.sleep(self._delay)
            if not self._speaks:
                await self._goes_on.wait()
            sink.write(data)
            await sink.drain()
            self.carried += len(data)
        with suppress(OSError):
            sink.write_eof()
