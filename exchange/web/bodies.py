"""Bodies of requests: bounded in size, in time and in what all of them together take; the long ones in a file, never in memory."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from exchange.errors import Overloaded
from exchange.web.limits import WebSettings
from exchange.web.problems import BadRequest
from exchange.web.wording import sentence_of

_JSON_BYTES = 1 << 20
_ROOM_SECONDS = 5
Json = TypeVar("Json", bound=BaseModel)


class Spool:
    """Takes bodies in. What is held is given back when the block that holds it ends."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self.memory = 0
        self.disk = 0

    @asynccontextmanager
    async def body(self, request: Request, limit: int) -> AsyncIterator[bytes | BinaryIO]:
        """The body, as bytes or as a file to be read once. Raises :class:`BadRequest`, :class:`Overloaded`."""
        held = _Held(self, limit)
        try:
            yield await self._receive(request, held)
        finally:
            held.give_back()

    async def _receive(self, request: Request, held: _Held) -> bytes | BinaryIO:
        announced = request.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > held.limit:
            raise _too_large(held.limit)
        chunks, began = request.stream(), time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._settings.chunk_seconds):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise BadRequest("too-slow", f"nothing came for {self._settings.chunk_seconds:g} s") from None
            if chunk is None:
                return held.whole()
            held.write(chunk)
            allowed = self._settings.chunk_seconds + held.size / self._settings.slowest
            if time.monotonic() - began > allowed:
                raise BadRequest("too-slow", f"{held.size} bytes took longer than {allowed:.0f} s")

    def holds(self, memory: int, disk: int) -> None:
        """Count what one body takes more. Raises :class:`Overloaded`."""
        if disk and self.disk + disk > self._settings.bodies_disk:
            raise Overloaded(_ROOM_SECONDS, "no-room")
        self.memory += memory
        self.disk += disk

    def fits(self, size: int) -> bool:
        """Whether a body of this size, and so many bytes more of all, may stay in memory."""
        return size <= self._settings.body_memory and self.memory + size <= self._settings.bodies_memory


class _Held:
    """One body while it comes."""

    def __init__(self, spool: Spool, limit: int) -> None:
        self._spool, self.limit, self.size = spool, limit, 0
        self._parts: list[bytes] = []
        self._file: BinaryIO | None = None
        self._memory = self._disk = 0

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self.limit:
            raise _too_large(self.limit)
        if self._file is None and self._spool.fits(self.size):
            self._parts.append(chunk)
            self._count(len(chunk), 0)
            return
        try:
            # to the page cache: a microsecond or two for each 64 KB, less than a thread's turn
            self._to_file(chunk)
        except OSError:  # the disk is full before our own bound is reached
            raise Overloaded(_ROOM_SECONDS, "no-room") from None

    def _to_file(self, chunk: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="truc-body-")  # noqa: SIM115 - closed by give_back; it has no name in the folder
            chunk = b"".join([*self._parts, chunk])
            self._parts.clear()
            self._count(-self._memory, 0)
        self._count(0, len(chunk))
        self._file.write(chunk)
        self._file.flush()

    def _count(self, memory: int, disk: int) -> None:
        self._spool.holds(memory, disk)
        self._memory += memory
        self._disk += disk

    def whole(self) -> bytes | BinaryIO:
        if self._file is None:
            return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._file.seek(0)
        return self._file

    def give_back(self) -> None:
        self._spool.holds(-self._memory, 0)
        self._spool.disk -= self._disk
        self._memory = self._disk = 0
        self._parts.clear()
        if self._file is not None:
            self._file.close()


async def json_of(request: Request, spool: Spool, kind: type[Json]) -> Json:
    """A small JSON body. Raises :class:`BadRequest` when it is none, or not what the route takes."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("media-type", "the body is application/json")
    async with spool.body(request, _JSON_BYTES) as body:
        data = body if isinstance(body, bytes) else body.read()
    try:
        return kind.model_validate(json.loads(data))
    except ValidationError as error:
        raise BadRequest("malformed", sentence_of(error.errors()[0], ("body",))) from None
    except (ValueError, RecursionError):
        raise BadRequest("malformed", "body: must be JSON in UTF-8") from None


def _too_large(limit: int) -> BadRequest:
    return BadRequest("too-large", f"a body may have {limit} bytes")
