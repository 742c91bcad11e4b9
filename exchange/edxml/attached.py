"""A package's attachments on their way to the store, and what is noted of the bytes around them."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from exchange.edxml.content import ContentDecoder
from exchange.edxml.skeleton import Run, Skeleton
from exchange.edxml.tree import Limits
from exchange.errors import EdxmlError


class AttachmentHandle(Protocol):
    """Where one attachment's decoded bytes go."""

    def write(self, data: bytes, /) -> object:
        """More bytes."""
        ...

    def close(self) -> str:
        """The attachment is complete; its reference in the store."""
        ...


class AttachmentSink(Protocol):
    """Opens a handle per attachment, in the order in which their contents stand in the package.

    When reading fails, handles stay unclosed: what they hold was never referred to and may be swept.
    """

    def open(self) -> AttachmentHandle:
        """A new attachment begins."""
        ...


@dataclass(slots=True)
class MemorySink:
    """Keeps attachments in memory under their SHA-256 (hex); for small packages."""

    data: dict[str, bytes] = field(default_factory=dict)

    def open(self) -> AttachmentHandle:
        """A new attachment begins."""
        return _MemoryHandle(self, [])


@dataclass(slots=True)
class _MemoryHandle:
    sink: MemorySink
    parts: list[bytes]

    def write(self, data: bytes, /) -> object:
        self.parts.append(data)
        return len(data)

    def close(self) -> str:
        whole = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        ref = hexlify(sha256(whole).digest()).decode()
        self.sink.data[ref] = whole
        return ref


class Nowhere:
    """A sink for reading a header again: its package comes without attachments."""

    def open(self) -> AttachmentHandle:
        """A new attachment begins."""
        return self

    def write(self, data: bytes, /) -> object:
        """Irregular base64 stands in the skeleton; it is not needed here."""
        return None

    def close(self) -> str:
        """Done."""
        return ""


class Attached:
    """Takes a package's markup and contents in their order. ``place`` tells where a package stands that exceeds its limits."""

    def __init__(self, sink: AttachmentSink, limits: Limits, place: Callable[[], str], *, exact: bool) -> None:
        self.stored: list[tuple[str, int]] = []
        """Reference and size of each content so far."""
        self.decoder: ContentDecoder | None = None
        """Of the content that is open."""
        self._sink, self._limits, self._place, self._exact = sink, limits, place, exact
        self._handle: AttachmentHandle | None = None
        self._pieces: list[bytes | Run] = []
        self._literal: list[bytes] = []
        self._literal_size = 0

    def keep(self, data: bytes) -> None:
        """Bytes to be kept as they came."""
        self._literal.append(data)
        self._literal_size += len(data)
        if self._literal_size > self._limits.markup:
            raise EdxmlError(self._place(), "too-large", f"more than {self._limits.markup} bytes of markup and irregular base64")

    def open(self) -> ContentDecoder:
        """A content begins."""
        index = len(self.stored)
        if index >= self._limits.attachments:
            raise EdxmlError(self._place(), "too-large", f"more than {self._limits.attachments} attachments")
        self._handle = handle = self._sink.open()
        self.decoder = ContentDecoder(index, handle.write, self.keep, self._run, self._limits.attachment, exact=self._exact)
        return self.decoder

    def close(self) -> None:
        """The open content is complete."""
        if self.decoder is not None and self._handle is not None:
            size = self.decoder.finish()
            self.stored.append((self._handle.close(), size))
        self.decoder = self._handle = None

    def skeleton(self) -> Skeleton:
        """The package without what the store holds; empty unless ``exact``."""
        if not self._exact:
            return Skeleton(())
        return Skeleton((*self._pieces, b"".join(self._literal)) if self._literal else tuple(self._pieces))

    def _run(self, run: Run) -> None:
        last = self._pieces[-1] if self._pieces and not self._literal else None
        if isinstance(last, Run) and _continues(last, run):
            self._pieces[-1] = Run(last.attachment, last.offset, last.length + run.length, run.width, run.newline, run.closed)
            return
        if self._literal:
            self._pieces.append(b"".join(self._literal))
            self._literal = []
        self._pieces.append(run)


def _continues(last: Run, run: Run) -> bool:
    """Whether ``run`` goes on where ``last`` stopped, at a line boundary. The decoder has refused padding in between."""
    same = (last.attachment, last.width, last.newline) == (run.attachment, run.width, run.newline)
    return same and last.offset + last.length == run.offset and (last.closed or not last.width)
