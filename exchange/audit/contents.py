"""The exact bytes of a package: skeleton and attachments each by itself, then the whole, as they were received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, select

from exchange.audit.findings import Book, Place
from exchange.edxml.skeleton import Shared, Skeleton, rebuild
from exchange.store.blobs import StoredBlob
from exchange.store.tables import attachment, blob, chunk, package, receipt, skeleton
from exchange.store.work import Store
from signing import PackedLetter, UnpackedLetter, open_letters

CONTENT = "the package's SHA-256 in its receipt"
_whole = exists().where(
    package.c.id == attachment.c.package, receipt.c.package == attachment.c.package, skeleton.c.package == attachment.c.package
)  # fmt: skip
_LEFT_OVER = (
    select(blob.c.id, package.c.package_id)
    .join(attachment, attachment.c.blob == blob.c.id)
    .outerjoin(package, package.c.id == attachment.c.package)
    .where(attachment.c.package.in_(select(attachment.c.package).where(~_whole)))
    .order_by(blob.c.id)
)
_BLOB = select(blob.c.sha256, blob.c.size, blob.c.template, blob.c.data, blob.c.upload).where(blob.c.id == bindparam("blob"))
_CHUNKS = select(func.count(), func.sum(func.length(chunk.c.data))).where(chunk.c.upload == bindparam("upload"))


class Held(NamedTuple):
    """An attachment in hand: its row; its bytes, or the letter in them where it is kept packed; neither for one that stands in chunks."""

    stored: StoredBlob
    data: bytes | None
    letter: UnpackedLetter | None


Blobs = list[Held]
"""Attachments in their order."""
Placed = Sequence[tuple[int, int, StoredBlob]]
"""Attachments of a package as its rows name them: ordinal, row of the blob, blob."""
Letters = Mapping[int, UnpackedLetter | Exception]
"""Packed letters opened, or why they could not be, by row of the blob."""


def open_all(blobs: Iterable[tuple[int, StoredBlob]]) -> Letters:
    """Those of some blobs (row, blob) that are kept as packed letters."""
    packed = {
        row: PackedLetter(blob.template, blob.data)
        for row, blob in blobs
        if blob.template is not None and isinstance(blob.data, bytes) and blob.upload is None
    }
    return dict(zip(packed, open_letters(list(packed.values())), strict=True))


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

    def whole(self, one: Admitted, skeleton: Skeleton, blobs: Blobs) -> None:
        """See that the package's bytes are those received. Raises :class:`Damaged`."""
        digest, size = sha256(), 0
        for piece in rebuild(skeleton, [self._pieces(held) for held in blobs]):
            digest.update(piece)
            size += len(piece)
        if digest.digest() != one.sha256 or size != one.size:
            detail = f"its bytes do not come back as they were received ({size} bytes, {one.size} were)"
            self._book.find(one.place(), "package-differs", CONTENT, detail)
            raise Damaged

    def skeleton(self, one: Admitted) -> Skeleton:
        """A package's skeleton. Raises :class:`Damaged`."""
        try:
            skeleton = Skeleton.unpack_exact(one.skeleton)
            if skeleton is not None:
                return skeleton
            detail = "the skeleton is not in the form in which it was written"
        except Exception as error:  # a changed skeleton may break its reader anywhere
            detail = f"the skeleton cannot be read: {error}"
        self._book.find(one.place("skeleton"), "skeleton-damaged", CONTENT, detail)
        raise Damaged

    def blobs(self, one: Admitted, attached: Placed, letters: Letters) -> Blobs:
        """The attachments in order, each checked against its own digest; of a large one the bytes stay where they are.

        Raises :class:`Damaged`.
        """
        found: Blobs = []
        damaged = False
        for expected, (ordinal, number, stored) in enumerate(attached):
            if ordinal != expected:
                self._book.find(
                    one.place("attachment"), "attachment-order", CONTENT, f"it has attachment {ordinal} where {expected} must follow"
                )
                damaged = True
            self._book.checked["attachments"] += 1
            try:
                fault, data, letter = self._blob(stored, letters.get(number))
            except Exception as error:  # whatever the unpacking of changed bytes raises
                fault, data, letter = f"it cannot be unpacked: {error}", None, None
            if fault:
                damaged = True
                self._book.find(
                    one.place("blob", number), "blob-damaged", CONTENT, f"attachment {ordinal} is not what was received: {fault}"
                )
            found.append(Held(stored, data, letter))
        if damaged:
            raise Damaged
        return found

    def left_over(self) -> None:
        """Attachments of packages that are not there as a whole, which nobody else looks at: each against its own digest."""
        with self._store.reading() as work:
            rows = work.rows(_LEFT_OVER)
        for number, package_id in rows:  # one after the other: how many there are is somebody else's choice
            with self._store.reading() as work:
                stored = StoredBlob(*work.rows(_BLOB, {"blob": number})[0])
            try:
                fault, *_ = self._blob(stored, open_all([(number, stored)]).get(number))
            except Exception as error:  # whatever the unpacking of changed bytes raises
                fault = f"it cannot be unpacked: {error}"
            if fault:
                place = Place("blob", str(number), package_id if isinstance(package_id, str) else "")
                self._book.find(place, "blob-damaged", CONTENT, f"the attachment is not what was received: {fault}")

    def _blob(self, stored: StoredBlob, opened: UnpackedLetter | Exception | None) -> tuple[str, bytes | None, UnpackedLetter | None]:
        """Why a blob is damaged, or nothing; its bytes where they are kept in one row as they are, or the letter they are kept as."""
        if stored.upload is not None:
            if stored.data is not None or stored.template is not None:
                return "it stands in two places", None, None
            return self._chunked(stored), None, None
        if not isinstance(stored.data, bytes):
            return "its bytes are missing", None, None
        if isinstance(opened, Exception):
            raise opened
        letter = opened
        size, digest = (len(stored.data), sha256(stored.data).digest()) if letter is None else (letter.size, letter.sha256)
        if size != stored.size:
            return f"it has {size} bytes, {stored.size} were received", None, None
        return "" if digest == stored.sha256 else "its digest differs", stored.data if letter is None else None, letter

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

    def _pieces(self, one: Held) -> Iterable[bytes] | Shared:
        if one.letter is not None:
            return Shared(one.letter.pieces, one.letter.size)
        return one.stored.chunks(self._store) if one.data is None else (one.data,)
