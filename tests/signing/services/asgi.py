"""The application without a server: called in process, or behind the standard library's for judges that speak HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

from signing.services.app import TrustServices
from signing.services.http import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0 when nothing did."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "")


def call(
    app: TrustServices, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, chunk: int = 1 << 20
) -> Reply:
    """One request, its body in pieces of ``chunk`` bytes; the other side hangs up once the body is sent and nothing more is to come."""
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    incoming: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)} for number, piece in enumerate(pieces, 1)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    asyncio.run(app(scope, receive, send))
    if not sent:
        return Reply(0, {}, b"")
    start, rest = sent[0], sent[1:]
    answered = {bytes(name).decode(): bytes(value).decode() for name, value in start["headers"]}
    return Reply(int(start["status"]), answered, b"".join(bytes(message["body"]) for message in rest))


@contextmanager
def serving(app: TrustServices) -> Iterator[str]:
    """The application on a free port of this machine; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            reply = call(app, self.command, self.path, body, dict(self.headers.items()))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_HEAD = _pass_on  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the tests look at answers."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
