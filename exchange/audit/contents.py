"""The exact bytes of a package: skeleton and attachments each by itself, then the whole, as they were received."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, func, select

from exchange.audit.findings import Book, Place
from exchange.edxml.skeleton import Skeleton, rebuild
from exchange.store.blobs import StoredBlob
from exchange.store.tables import chunk
from exchange.store.work import Store
from signing import PackedLetter, unpack_letter

CONTENT = "the package's SHA-256 in its receipt"
_CHUNKS = select(func.count(), func.sum(func.length(chunk.c.data))).where(chunk.c.upload == bindparam("upload"))
Blobs = list[tuple[StoredBlob, bytes | None]]
"""Attachments in order, each with its bytes unless they stand in chunks."""


@dataclass(slots=True)
class Admitted:
    """One admission in hand."""

    id: int
    package_id: str
    sender: str
    sha256: bytes
    kind: str
    size: int
    at: int
    priority: int
    operation: int
    statement: bytes
    signature: bytes
    skeleton: bytes
    status: tuple[Any, ...]

    def place(self, table: str = "package", row: object = None) -> Place:
        return Place(table, str(self.id if row is None else row), self.package_id)


class Damaged(Exception):
    """A part of a package is not what it must be; it was written down as a finding."""


class Contents:
    """Puts packages together again."""

    def __init__(self, store: Store, book: Book) -> None:
        self._store, self._book = store, book

    def of(self, one: Admitted, attached: Sequence[tuple[int, int, StoredBlob]]) -> tuple[Skeleton, Blobs]:
        """Skeleton and attachments (ordinal, blob row, blob) of a package whose bytes are those received. Raises :class:`Damaged`."""
        skeleton = self._skeleton(one)
        blobs = self._blobs(one, attached)
        digest, size = sha256(), 0
        for piece in rebuild(skeleton, [self._pieces(stored, data) for stored, data in blobs]):
            digest.update(piece)
            size += len(piece)
        if digest.digest() != one.sha256 or size != one.size:
            detail = f"its bytes do not come back as they were received ({size} bytes, {one.size} were)"
            self._book.find(one.place(), "package-differs", CONTENT, detail)
            raise Damaged
        return skeleton, blobs

    def _skeleton(self, one: Admitted) -> Skeleton:
        try:
            skeleton = Skeleton.unpack(one.skeleton)
            if skeleton.pack() == one.skeleton:
                return skeleton
            detail = "the skeleton is not in the form in which it was written"
        except Exception as error:  # a changed skeleton may break its reader anywhere
            detail = f"the skeleton cannot be read: {error}"
        self._book.find(one.place("skeleton"), "skeleton-damaged", CONTENT, detail)
        raise Damaged

    def _blobs(self, one: Admitted, attached: Sequence[tuple[int, int, StoredBlob]]) -> list[tuple[StoredBlob, bytes | None]]:
        """The attachments in order, each checked against its own digest; of a large one the bytes stay where they are."""
        found, damaged = [], False
        for expected, (ordinal, number, stored) in enumerate(attached):
            if ordinal != expected:
                self._book.find(
                    one.place("attachment"), "attachment-order", CONTENT, f"it has attachment {ordinal} where {expected} must follow"
                )
                damaged = True
            self._book.checked["attachments"] += 1
            try:
                fault, data = self._blob(stored)
            except Exception as error:  # whatever the unpacking of changed bytes raises
                fault, data = f"it cannot be unpacked: {error}", None
            if fault:
                damaged = True
                self._book.find(
                    one.place("blob", number), "blob-damaged", CONTENT, f"attachment {ordinal} is not what was received: {fault}"
                )
            found.append((stored, data))
        if damaged:
            raise Damaged
        return found

    def _blob(self, stored: StoredBlob) -> tuple[str, bytes | None]:
        """Why a blob is damaged, or nothing; and its bytes unless they stand in chunks."""
        if stored.upload is not None:
            if stored.data is not None or stored.template is not None:
                return "it stands in two places", None
            return self._chunked(stored), None
        if not isinstance(stored.data, bytes):
            return "its bytes are missing", None
        data = stored.data if stored.template is None else unpack_letter(PackedLetter(stored.template, stored.data))
        if len(data) != stored.size:
            return f"it has {len(data)} bytes, {stored.size} were received", None
        return "" if sha256(data).digest() == stored.sha256 else "its digest differs", data

    def _chunked(self, stored: StoredBlob) -> str:
        digest, size, count = sha256(), 0, 0
        for piece in stored.chunks(self._store):
            digest.update(piece)
            size += len(piece)
            count += 1
        with self._store.reading() as work:
            rows, held = work.rows(_CHUNKS, {"upload": stored.upload})[0]
        if (rows, held) != (count, stored.size) or size != stored.size:
            return f"its {rows} chunks hold {held} bytes, {stored.size} were received"
        return "" if digest.digest() == stored.sha256 else "its digest differs"

    def _pieces(self, stored: StoredBlob, data: bytes | None) -> Iterator[bytes]:
        return iter((data,)) if data is not None else stored.chunks(self._store)
