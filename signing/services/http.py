"""The little of HTTP that the services need, on plain ASGI 3: a bounded request in, one answer out, problems as a line of text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_EMPTY_PIECES = 64
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """Method, decoded path, and headers by lower-case name (the first of each)."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def media_type(self) -> str:
        """The media type of the body without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    body: bytes
    media_type: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Problem(Exception):
    """What is wrong with a request: an HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str, *headers: tuple[str, str]) -> None:
        super().__init__(status, sentence)
        self.status, self.sentence, self.headers = status, sentence, headers

    def answer(self) -> Answer:
        """The sentence as the response."""
        return Answer(f"{self.sentence}\n".encode(), _TEXT, self.status, self.headers)


def text(sentences: str) -> Answer:
    """A page of plain text."""
    return Answer(sentences.encode(), _TEXT)


def request_of(scope: Message) -> Request:
    """The head of a request from its ASGI scope."""
    headers: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        headers.setdefault(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1"))
    return Request(str(scope["method"]), str(scope["path"]), headers)


def allow(request: Request, *methods: str) -> None:
    """Refuse other methods than these."""
    if request.method not in methods:
        raise Problem(405, f"{request.method} is not for this address; use {' or '.join(methods)}.", ("allow", ", ".join(methods)))


async def body_of(request: Request, receive: Receive, limit: int) -> bytes:
    """The body, at most ``limit`` bytes: what is announced as longer is not read, what turns out longer not to its end."""
    too_long = Problem(413, f"The request is too long: at most {limit} bytes.")
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise too_long
    body = bytearray()
    for _ in range(limit + _EMPTY_PIECES):  # each piece holds something, but for a few: nobody sends nothing for ever
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "The request ended early.")
        body += message.get("body", b"")
        if len(body) > limit:
            raise too_long
        if not message.get("more_body", False):
            return bytes(body)
    raise too_long


async def send_answer(answer: Answer, send: Send, *, head_only: bool) -> None:
    """Send a response; to HEAD its headers alone. No cache may keep it: the same address says another thing at another moment."""
    headers = [
        ("content-type", answer.media_type),
        ("content-length", str(len(answer.body))),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        *answer.headers,
    ]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body})


async def disconnected(receive: Receive) -> None:
    """Wait until the other side hangs up."""
    while (await receive())["type"] != "http.disconnect":
        continue
