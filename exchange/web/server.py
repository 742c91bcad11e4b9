"""The HTTP server: uvicorn, with a bound on heads of requests and on how slowly they may come, which it has not by itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from exchange.web.limits import WebSettings

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_GRACE_SECONDS = 10


def bounded(settings: WebSettings) -> type[asyncio.Protocol]:
    """uvicorn's protocol, with a limit on the head's size and on the time until it is whole."""

    class Bounded(HttpToolsProtocol):
        """One connection."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """Somebody connected: the head must be there in time."""
            super().connection_made(cast("asyncio.Transport", transport))
            self.access_log = False  # an address may hold what a careless caller put there, a token even
            self.in_head, self.head_bytes, self.parsed_bytes = True, 0, 0
            self.deadline: asyncio.TimerHandle | None = self._hurry()

        def connection_lost(self, exc: Exception | None) -> None:
            """Nothing is waited for any more."""
            self._relax()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            """More of it. A head whose end does not come is given up; one that is whole but too long is not understood."""
            if self.in_head:
                self.head_bytes += len(data)
            super().data_received(data)
            if self.in_head and self.head_bytes > settings.header_bytes and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

        def on_url(self, url: bytes) -> None:
            """A part of the address."""
            self._count(url)
            super().on_url(url)

        def on_header(self, name: bytes, value: bytes) -> None:
            """A line of the head."""
            self._count(name + value)
            super().on_header(name, value)

        def _count(self, part: bytes) -> None:
            self.parsed_bytes += len(part)
            if self.parsed_bytes > settings.header_bytes:
                raise ValueError("the head of the request is too long")  # httptools makes its own error of it, and uvicorn an answer

        def on_message_begin(self) -> None:
            """The next head begins."""
            super().on_message_begin()
            self.in_head, self.head_bytes, self.parsed_bytes = True, 0, 0
            if self.deadline is None:
                self.deadline = self._hurry()

        def on_headers_complete(self) -> None:
            """The head is whole."""
            self.in_head = False
            self._relax()
            super().on_headers_complete()

        def on_response_complete(self) -> None:
            """An answer that came before the end of the body: the rest is read, and dropped, for a while only."""
            unread = self.cycle.response_complete and self.cycle.more_body  # else another request was sent after it, and is being read
            super().on_response_complete()
            if unread and not self.transport.is_closing():
                self._relax()
                self.deadline = self._hurry()

        def on_message_complete(self) -> None:
            """All of the body is there."""
            super().on_message_complete()
            if self.cycle.response_complete:
                self._relax()

        def _hurry(self) -> asyncio.TimerHandle:
            return self.loop.call_later(settings.header_seconds, self._give_up)

        def _relax(self) -> None:
            if self.deadline is not None:
                self.deadline.cancel()
                self.deadline = None

        def _give_up(self) -> None:
            self.deadline = None
            if not self.transport.is_closing():
                self.transport.close()

    return Bounded


class Server(uvicorn.Server):
    """uvicorn's server, which tells when it is about to stop, so that nobody who waits keeps it from stopping."""

    def __init__(self, config: uvicorn.Config, before_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_stop = before_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        self._before_stop()
        await super().shutdown(sockets)


def make_server(app: ASGIApp, settings: WebSettings, before_stop: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """A server for the app; run it with ``server.run(sockets=[…])``. A stop lets answers in hand be finished."""
    options: dict[str, Any] = {
        "http": bounded(settings), "ws": "none", "loop": "auto", "log_config": None, "access_log": False, "server_header": False,
        "proxy_headers": False, "limit_concurrency": settings.connections, "backlog": 1024, "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
    }  # fmt: skip
    return Server(uvicorn.Config(app, **options), before_stop)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Answers are sent at once, not gathered."""
    listening = socket.create_server((host, port), backlog=1024, reuse_port=False)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
