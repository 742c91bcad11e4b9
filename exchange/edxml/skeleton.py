"""A package's exact bytes with its attachments cut out: what comes back is identical, byte for byte, and an attachment is stored once.

A skeleton is a row of pieces: literal bytes, and runs of base64 that can be written again from the decoded attachment because their lines
are regular. What is irregular or not canonical stays literal.
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from exchange.errors import EdxmlError
from signing import quickly_made

BLANKS = b" \t\r\n"
_MAGIC = b"TSK1"
_SLICE = 147_456
"""Decoded bytes encoded at once for a run on a single line: a multiple of 3."""


class Run(NamedTuple):
    """``length`` decoded bytes of attachment ``attachment`` from ``offset`` on, as base64 in lines.

    ``width`` characters to a line, ``newline`` between lines; 0 and empty: a single line. ``closed``: ``newline`` after the last line too.
    """

    attachment: int
    offset: int
    length: int
    width: int = 0
    newline: bytes = b""
    closed: bool = False


def render(data: bytes, width: int, newline: bytes, *, closed: bool) -> bytes:
    """Base64 of ``data`` in lines of ``width`` characters (0: one line)."""
    text = b2a_base64(data, newline=False)
    if not width:
        return text
    lines = newline.join([text[start : start + width] for start in range(0, len(text), width)])
    return lines + newline if closed else lines


@quickly_made
@dataclass(frozen=True, slots=True)
class Skeleton:
    """Literals and runs in order. Store :meth:`pack`; get the package back with :func:`rebuild`."""

    pieces: tuple[bytes | Run, ...]

    @property
    def literals(self) -> list[bytes]:
        """The bytes kept as they came, by turns with the attachments' text."""
        return [piece for piece in self.pieces if isinstance(piece, bytes)]

    @property
    def literal_size(self) -> int:
        """How many these are."""
        return sum(map(len, self.literals))

    def pack(self) -> bytes:
        """One byte string for storage: magic, length of the JSON layout, layout, literals."""
        layout: list[object] = []
        for piece in self.pieces:
            if isinstance(piece, bytes):
                layout.append(len(piece))
            else:
                newline = piece.newline.decode("ascii")
                layout.append([piece.attachment, piece.offset, piece.length, piece.width, newline, int(piece.closed)])
        head = _LAYOUT(layout).encode()
        return b"".join([_MAGIC, len(head).to_bytes(4, "big"), head, *(p for p in self.pieces if isinstance(p, bytes))])

    @classmethod
    def unpack(cls, data: bytes) -> Skeleton:
        """The inverse of :meth:`pack`. Raises :class:`EdxmlError` (rule ``skeleton``) when ``data`` was not made by it."""
        if data[:4] != _MAGIC:
            raise EdxmlError("byte 0", "skeleton", "no packed skeleton")
        start = 8 + int.from_bytes(data[4:8], "big")
        pieces: list[bytes | Run] = []
        for entry in json.loads(data[8:start]):
            if isinstance(entry, int):
                pieces.append(data[start : start + entry])
                start += entry
            else:
                attachment, offset, length, width, newline, closed = entry
                pieces.append(Run(attachment, offset, length, width, newline.encode("ascii"), bool(closed)))
        if start != len(data):
            raise EdxmlError(f"byte {start}", "skeleton", "layout and literals disagree")
        return cls(tuple(pieces))

    @classmethod
    def unpack_exact(cls, data: bytes) -> Skeleton | None:
        """As :meth:`unpack`; ``None`` for what :meth:`pack` would write otherwise."""
        start = 8 + int.from_bytes(data[4:8], "big")
        if data.startswith(_MAGIC):
            one = _ONE_LETTER.fullmatch(data, 8, start)
            if one is not None:  # a package whose only attachment stands on a single line
                before, length, after = map(int, one.groups())
                if start + before + after == len(data):
                    return cls((data[start : start + before], Run(0, 0, length), data[start + before :]))
            if data[8:start] == b"[%d]" % (len(data) - start):  # one literal: a package without attachments
                return cls((data[start:],))
        skeleton = cls.unpack(data)
        return skeleton if skeleton.pack() == data else None


_ONE_LETTER = re.compile(rb'\[([1-9][0-9]{0,9}),\[0,0,([1-9][0-9]{0,9}),0,"",0\],([1-9][0-9]{0,9})\]')
_LAYOUT = json.JSONEncoder(separators=(",", ":")).encode


class Shared(NamedTuple):
    """A decoded attachment at hand in pieces: by turns what others have as well, whose text is kept, and what is its own."""

    pieces: tuple[bytes, ...]
    size: int
    """Bytes of all of them."""

    def fits(self, run: Run) -> bool:
        """Whether a run is all of the attachment on a single line, where only groups of three bytes matter."""
        whole = type(run.offset) is type(run.length) is int and (run.offset, run.length) == (0, self.size)
        return whole and type(run.width) is int and run.width == 0

    def text(self) -> list[bytes]:
        """Its base64 on a single line, in pieces."""
        held, found = b"", list[bytes]()
        for number, piece in enumerate(self.pieces):
            if number % 2 or len(piece) < _KEPT_FROM:
                held += piece
                continue
            head = -len(held) % 3
            text, left = _kept_text(piece, head)
            found += (b2a_base64(held + piece[:head], newline=False), text)
            held = left
        found.append(b2a_base64(held, newline=False))
        return found


_KEPT_FROM = 1024


@lru_cache(maxsize=2048)
def _kept_text(piece: bytes, head: int) -> tuple[bytes, bytes]:
    """The text of the groups of a piece from ``head`` on, and the bytes left over."""
    end = head + (len(piece) - head) // 3 * 3
    return b2a_base64(piece[head:end], newline=False), piece[end:]


class _Source:
    """Takes exact amounts from chunks of any size."""

    __slots__ = ("_chunks", "_rest")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def take(self, amount: int) -> bytes:
        parts, got = [self._rest], len(self._rest)
        while got < amount:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise EdxmlError("attachment", "skeleton", "the stored attachment is shorter than its package needs")
            parts.append(chunk)
            got += len(chunk)
        whole = b"".join(parts) if len(parts) > 1 else self._rest
        self._rest = whole[amount:]
        return whole[:amount]


def rebuild(skeleton: Skeleton, attachments: Sequence[Iterable[bytes] | Shared]) -> Iterator[bytes]:
    """The package's bytes again, a chunk at a time, from the decoded chunks of its attachments (index = order in the package).

    Memory stays below a few hundred kilobytes whatever the attachments' size. Raises :class:`EdxmlError` when an attachment is too short.
    """
    sources: list[_Source | Shared] = [one if isinstance(one, Shared) else _Source(one) for one in attachments]
    for piece in skeleton.pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        source = sources[piece.attachment]
        if not isinstance(source, Shared):
            yield from _rebuild_run(piece, source)
        elif source.fits(piece):
            sources[piece.attachment] = _Source(())  # nothing is left of it
            yield from source.text()
        else:
            plain = sources[piece.attachment] = _Source(source.pieces)
            yield from _rebuild_run(piece, plain)


def _rebuild_run(run: Run, source: _Source) -> Iterator[bytes]:
    # whole groups of lines whose characters are a multiple of 4, so that every slice but the last decodes to whole bytes
    step = _SLICE if not run.width else max(1, _SLICE // (3 * run.width)) * 3 * run.width
    left = run.length
    while left > 0:
        amount = min(step, left)
        left -= amount
        yield render(source.take(amount), run.width, run.newline, closed=run.closed or left > 0)
