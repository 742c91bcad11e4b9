"""The service's HTTP surface as a busy client uses it: one connection pool, one token per agency, answers as plain values.

Only what a load needs. What the service says wrong is told by status and slug; nothing here retries but for a token that has run out.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from zlib import crc32

import aiohttp

from exchange.web.parcels import read

SECONDS = 30.0
"""An answer that takes longer is none."""
SMALL = 1 << 20
"""Packages up to this size are sent in one piece."""
_HEAD = 8192
"""Bytes of a fetched package that are kept: a refusal is whole in them."""
_PROBLEM = 2000
Secrets = Callable[[str], str]
LINE_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a call may raise besides :class:`WireProblem`: the line is broken, or nobody answers."""


class WireProblem(Exception):
    """The service answered with something else than was asked for."""

    def __init__(self, status: int, slug: str, detail: str = "") -> None:
        super().__init__(status, slug, detail)
        self.status, self.slug, self.detail = status, slug, detail

    def __str__(self) -> str:
        return f"{self.status} {self.slug}" + (f": {self.detail}" if self.detail else "")


class Silent(Exception):
    """Nobody answers at an address: ``reason`` is ``refused``, ``late`` or ``other``."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"nobody answers at {self.url} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Answer:
    """To a submission: its status, the receipt or problem as JSON, and after how many seconds to come again (429)."""

    status: int
    body: Mapping[str, Any]
    retry_after: float = 0.0

    @property
    def slug(self) -> str:
        """Which problem: its rule where the package is to blame, else the last part of its type."""
        return str(self.body.get("rule") or str(self.body.get("type", "")).rpartition("/")[2] or self.status)


@dataclass(frozen=True, slots=True)
class Taken:
    """A package as it came out of a mailbox: SHA-256 of its bytes, and the first of them; of a long one neither, until it is fetched."""

    package_id: str
    kind: str
    size: int
    sha256: bytes = b""
    head: bytes = b""


@dataclass(slots=True)
class _Token:
    header: dict[str, str] = field(default_factory=dict)
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Wire:
    """All agencies' lines to one service. Use it as an asynchronous context manager."""

    def __init__(self, bases: Sequence[str], secrets: Secrets, mailboxes: Sequence[str] = (), connections: int = 1000) -> None:
        """``bases``: addresses of the service's API processes; each agency keeps to one of them.

        ``mailboxes``: those of the processes at which mail is collected, where they are others.
        """
        self._bases = [base.rstrip("/") for base in bases]
        self._mailboxes = [base.rstrip("/") for base in mailboxes] or self._bases
        self._secrets, self._connections = secrets, connections
        self._tokens: dict[str, _Token] = {}
        self._session: aiohttp.ClientSession | None = None
        self.sent = self.received = 0
        """Bytes of bodies."""

    async def __aenter__(self) -> Wire:
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=60)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=SECONDS + 30),
            skip_auto_headers=("User-Agent", "Accept"), auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(),
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session."""
        if self._session is None:
            raise RuntimeError("the wire is not open")
        return self._session

    async def ready(self, organ: str) -> None:
        """Raises :class:`Silent` or :class:`WireProblem` unless every address is the service's, knows the agency and gives it a token."""
        for base in dict.fromkeys((*self._bases, *self._mailboxes)):
            try:
                await self._token(organ, base)
            except LINE_ERRORS as error:
                raise Silent(base, _silence(error)) from None

    async def submit(self, organ: str, size: int, pieces: Callable[[], Iterable[bytes | memoryview]], seconds: float = SECONDS) -> Answer:
        """Hand in a package."""
        for again in (True, False):
            headers = {**await self._bearer(organ), "Content-Type": "application/edxml+xml", "Content-Length": str(size)}
            data: bytes | AsyncIterator[bytes] = b"".join(pieces()) if size <= SMALL else _streamed(pieces())
            call = self.session.post(f"{self._base(organ)}/v1/packages", data=data, headers=headers, timeout=_total(seconds, size))
            async with call as answer:
                body = await answer.read()
            if answer.status != 401 or not again:
                break
            self._tokens.pop(organ, None)
        self.sent += size
        return Answer(answer.status, _object(body), _seconds(answer.headers.get("Retry-After")))

    async def collect(self, organ: str, confirmed: Sequence[str], limit: int, wait: float) -> list[Taken]:
        """Confirm what was taken before, and take what waits: the answer comes when something does, or after ``wait`` seconds."""
        asked = {"outcomes": [{"package_id": name, "ok": True} for name in confirmed], "limit": limit, "wait": wait}
        url, headers = f"{self._mailbox(organ)}/v1/mailbox/collection", await self._bearer(organ)
        async with self.session.post(url, json=asked, headers=headers, timeout=_total(wait + SECONDS, 0)) as answer:
            if answer.status not in (200, 204):
                raise await self._refused(organ, answer)
            body = await answer.read()
        if answer.status == 204:
            return []
        self.received += len(body)
        try:
            parts = list(read(answer.headers.get("Content-Type", ""), body))
        except ValueError as error:
            raise WireProblem(answer.status, "not-understood", str(error)) from None
        return [_taken(headers, data) for headers, data in parts]

    async def fetch(self, organ: str, package_id: str, size: int) -> tuple[bytes, bytes]:
        """SHA-256 and beginning of a package that is too long for a page; nothing else of it is kept."""
        url, headers = f"{self._mailbox(organ)}/v1/mailbox/{package_id}", await self._bearer(organ)
        digest, head = sha256(), b""
        async with self.session.get(url, headers=headers, timeout=_total(SECONDS, size)) as answer:
            if answer.status != 200:
                raise await self._refused(organ, answer)
            async for piece in answer.content.iter_any():
                digest.update(piece)
                self.received += len(piece)
                if len(head) < _HEAD:
                    head += piece[: _HEAD - len(head)]
        return digest.digest(), head

    async def confirm(self, organ: str, package_ids: Sequence[str]) -> None:
        """Take packages out of the mailbox, and no others in."""
        body = {"outcomes": [{"package_id": name, "ok": True} for name in package_ids]}
        url, headers = f"{self._mailbox(organ)}/v1/mailbox/confirmations", await self._bearer(organ)
        async with self.session.post(url, json=body, headers=headers, timeout=_total(SECONDS, 0)) as answer:
            if answer.status not in (200, 204):
                raise await self._refused(organ, answer)

    async def deliveries(self, organ: str, package_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Where the caller's documents stand."""
        found = await self._get(organ, "/v1/deliveries", [("package", name) for name in package_ids], SECONDS)
        deliveries: list[dict[str, Any]] = found["deliveries"]
        return deliveries

    async def metrics(self) -> str:
        """The service's metrics, as one of its API processes tells them; empty when it shows none."""
        async with self.session.get(f"{self._bases[0]}/metrics", timeout=aiohttp.ClientTimeout(total=5)) as answer:
            return await answer.text() if answer.status == 200 else ""

    def _base(self, organ: str) -> str:
        return _own(self._bases, organ)

    def _mailbox(self, organ: str) -> str:
        return _own(self._mailboxes, organ)

    async def _get(self, organ: str, path: str, query: list[tuple[str, str]], seconds: float) -> dict[str, Any]:
        headers = await self._bearer(organ)
        async with self.session.get(f"{self._base(organ)}{path}", params=query, headers=headers, timeout=_total(seconds, 0)) as answer:
            if answer.status != 200:
                raise await self._refused(organ, answer)
            return _object(await answer.read())

    async def _refused(self, organ: str, answer: aiohttp.ClientResponse) -> WireProblem:
        if answer.status == 401:
            self._tokens.pop(organ, None)  # the next call gets a new one
        return await _problem(answer)

    async def _bearer(self, organ: str) -> dict[str, str]:
        """The header with the agency's token; a new one when it has less than a minute left."""
        token = self._tokens.setdefault(organ, _Token())
        now = asyncio.get_running_loop().time()
        if now < token.until:
            return token.header
        async with token.lock:
            if now >= token.until:
                value, seconds = await self._token(organ, self._base(organ))
                token.header, token.until = {"Authorization": f"Bearer {value}"}, now + max(seconds - 60.0, seconds / 2)
        return token.header

    async def _token(self, organ: str, base: str) -> tuple[str, float]:
        basic = b64encode(f"{organ}:{self._secrets(organ)}".encode()).decode()
        form = {"grant_type": "client_credentials", "scope": "submit receive audit"}
        url = f"{base}/oauth2/token"
        async with self.session.post(url, data=form, headers={"Authorization": f"Basic {basic}"}, timeout=_total(SECONDS, 0)) as answer:
            if answer.status != 200:
                raise await _problem(answer)
            body = _object(await answer.read())
        return str(body["access_token"]), float(body["expires_in"])


def _silence(error: BaseException) -> str:
    """Why there is no answer."""
    if isinstance(error, asyncio.TimeoutError):
        return "late"
    found = getattr(error, "os_error", error)
    return "refused" if isinstance(found, ConnectionRefusedError) else "other"


def _own(bases: Sequence[str], organ: str) -> str:
    """The process an agency keeps to."""
    return bases[crc32(organ.encode()) % len(bases)]


def _taken(headers: Mapping[str, str], data: memoryview) -> Taken:
    line = headers.get("truc-package", ""), headers.get("truc-kind", ""), int(headers.get("truc-size", "0"))
    return Taken(*line) if "content-location" in headers else Taken(*line, sha256(data).digest(), bytes(data[:_HEAD]))


def _total(seconds: float, size: int) -> aiohttp.ClientTimeout:
    """Time for an answer, and a second more for each MiB."""
    return aiohttp.ClientTimeout(total=seconds + size / (1 << 20), sock_connect=5.0)


async def _streamed(pieces: Iterable[bytes | memoryview]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield bytes(piece)


async def _problem(answer: aiohttp.ClientResponse) -> WireProblem:
    body = (await answer.read())[:_PROBLEM]
    said = _object(body)
    slug = str(said.get("type") or said.get("error") or answer.reason or "").rpartition("/")[2]
    return WireProblem(answer.status, slug, str(said.get("detail") or said.get("error_description") or ""))


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(header: str | None) -> float:
    return float(header) if header is not None and header.isdigit() else 0.0
