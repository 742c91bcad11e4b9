"""Attachments: stored once by SHA-256, small ones in one row, large ones in chunk rows, letters of our layout as their tail.

Small attachments wait in memory for the admission transaction. A large one is staged as it arrives, in short transactions under an upload
id; the admission transaction adopts the upload by naming it in a ``blob`` row. Uploads nobody adopted are orphans, removed by
:func:`sweep`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from sqlalchemy import bindparam, delete, func, insert, select, update

from exchange.errors import DamagedBlob
from exchange.store.dialect import insert_new, machine_now
from exchange.store.ids import reserve_ids
from exchange.store.tables import blob, chunk, upload
from exchange.store.work import Store, Work
from signing import PackedLetter, pack_letter, quickly_made, unpack_letter

CHUNK = 256 * 1024
"""Bytes of one chunk row."""
_CHUNKS_PER_TRANSACTION = 16
_PDF = b"%PDF-"


@dataclass(frozen=True, slots=True)
class StagedBlob:
    """One attachment received: in memory (``data``; a letter of ours as its tail against ``template``) or in the chunks of ``upload``."""

    sha256: bytes
    size: int
    template: bytes | None
    data: bytes | None
    upload: int | None


class Budget(Protocol):
    """Says how much of what comes may wait in memory for the admission."""

    def take(self, size: int) -> bool:
        """Whether ``size`` bytes more fit; takes them if so."""
        ...


@dataclass(slots=True)
class MemoryBudget:
    """Bytes that attachments of one call may still keep in memory."""

    left: int

    def take(self, size: int) -> bool:
        """Whether ``size`` bytes more fit; takes them if so."""
        if size > self.left:
            return False
        self.left -= size
        return True


class BlobWriter:
    """Receives one attachment a piece at a time. Never holds more than sixteen chunks."""

    def __init__(self, store: Store, budget: Budget) -> None:
        self._store = store
        self._budget = budget
        self._digest = sha256()
        self._size = 0
        self._pending = bytearray()
        self._upload: int | None = None
        self._ordinal = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises :class:`StoreUnavailable` when they cannot be staged."""
        self._digest.update(piece)
        self._size += len(piece)
        self._pending += piece
        if self._upload is None and len(self._pending) > CHUNK:
            self._begin()
        if self._upload is not None and len(self._pending) >= CHUNK * _CHUNKS_PER_TRANSACTION:
            self._flush(CHUNK)

    def finish(self) -> StagedBlob:
        """No more bytes will come."""
        digest = self._digest.digest()
        if self._upload is None:
            template, data = _packed(bytes(self._pending))
            if self._budget.take(len(data)):
                return StagedBlob(digest, self._size, template, data, None)
            self._begin()
        self._flush(1)
        return StagedBlob(digest, self._size, None, None, self._upload)

    def abandon(self) -> None:
        """The package was refused: what was staged goes at once."""
        if self._upload is not None:
            with self._store.writing() as work:
                drop(work, self._upload)

    def _begin(self) -> None:
        with self._store.writing() as work:
            (self._upload,) = reserve_ids(work, upload, 1)
            work.run(_BEGIN, {"id": self._upload, "touched_at": work.value(_NOW[work.dialect]), "adopted": 0})

    def _flush(self, least: int) -> None:
        rows = []
        while len(self._pending) >= least and self._pending:
            rows.append({"upload": self._upload, "ordinal": self._ordinal, "data": bytes(self._pending[:CHUNK])})
            del self._pending[:CHUNK]
            self._ordinal += 1
        with self._store.writing() as work:
            for row in rows:  # not as one array of them: it would be in memory once more
                work.run(_KEEP, row)
            work.run(_TOUCH, {"b_id": self._upload, "b_at": work.value(_NOW[work.dialect])})


_NOW = {dialect: select(machine_now(dialect)) for dialect in ("sqlite", "postgresql")}
_BEGIN = insert(upload)
_KEEP = insert(chunk)
_TOUCH = update(upload).where(upload.c.id == bindparam("b_id")).values(touched_at=bindparam("b_at"))
_ADOPT = update(upload).where(upload.c.id == bindparam("b_id")).values(adopted=1)
_KNOWN = select(blob.c.sha256, blob.c.id).where(blob.c.sha256.in_(bindparam("digests", expanding=True)))
_UPLOADED = select(blob.c.upload).where(blob.c.upload.in_(bindparam("uploads", expanding=True)))
_BLOBS = select(blob.c.id, blob.c.sha256, blob.c.size, blob.c.template, blob.c.data, blob.c.upload).where(
    blob.c.id.in_(bindparam("ids", expanding=True))
)
_ORPHAN = select(upload.c.id).where(upload.c.id == bindparam("id"), upload.c.adopted == 0)
_DROP_CHUNKS = delete(chunk).where(chunk.c.upload == bindparam("b_id"))
_DROP_UPLOAD = delete(upload).where(upload.c.id == bindparam("b_id"))
_CHUNK = select(chunk.c.data).where(chunk.c.upload == bindparam("upload"), chunk.c.ordinal == bindparam("ordinal"))


def adopt(work: Work, staged: Sequence[StagedBlob]) -> dict[bytes, int]:
    """Give every attachment its blob row, new or already there; returns blob ids by SHA-256."""
    wanted = {one.sha256: one for one in sorted(staged, key=lambda one: one.sha256)}  # two calls take the same ones in the same order
    if not wanted:
        return {}
    known = _known(work, list(wanted))
    fresh = [one for digest, one in wanted.items() if digest not in known]
    if not fresh:
        return known
    work.many(
        insert_new(blob, "sha256", work.dialect),
        [_row(number, one) for number, one in zip(reserve_ids(work, blob, len(fresh)), fresh, strict=True)],
    )
    ours = _known(work, [one.sha256 for one in fresh])
    uploads = [one.upload for one in fresh if one.upload is not None]
    if uploads:
        work.many(_ADOPT, [{"b_id": number} for (number,) in work.rows(_UPLOADED, {"uploads": uploads})])
    return known | ours


def _known(work: Work, digests: Sequence[bytes]) -> dict[bytes, int]:
    return {bytes(digest): number for digest, number in work.all_of(_KNOWN, "digests", digests)}


def _row(number: int, one: StagedBlob) -> dict[str, object]:
    return {"id": number, "sha256": one.sha256, "size": one.size, "template": one.template, "data": one.data, "upload": one.upload}


def _packed(data: bytes) -> tuple[bytes | None, bytes]:
    packed = pack_letter(data) if data.startswith(_PDF) else None
    return (None, data) if packed is None else (packed.template_sha256, packed.tail)


@quickly_made
@dataclass(frozen=True, slots=True)
class StoredBlob:
    """One attachment as the database holds it. ``upload`` names the chunks of a large one."""

    sha256: bytes
    size: int
    template: bytes | None
    data: bytes | None
    upload: int | None

    @property
    def large(self) -> bool:
        """Whether there is more of it than one chunk: not to be held in memory as a whole."""
        return self.size > CHUNK

    def _letter(self, store: Store, template: bytes, tail: bytes) -> bytes:
        found = store.recent.get(self.sha256)
        if found is not None:
            return found
        data = unpack_letter(PackedLetter(template, tail))
        if sha256(data).digest() != self.sha256:  # drawn anew from its metadata: a release that draws otherwise must not pass unseen
            raise DamagedBlob(self.sha256.hex())
        return store.recent.keep(self.sha256, data)

    def chunks(self, store: Store) -> Iterator[bytes]:
        """The exact bytes, a chunk at a time; each chunk is read in a transaction of its own. Raises :class:`DamagedBlob`."""
        if self.data is not None:
            yield self.data if self.template is None else self._letter(store, self.template, self.data)
            return
        ordinal, sent = 0, 0
        while sent < self.size:
            with store.reading() as work:
                data: bytes = work.value(_CHUNK, {"upload": self.upload, "ordinal": ordinal})
            yield data
            sent += len(data)
            ordinal += 1


def load(work: Work, ids: Sequence[int]) -> dict[int, StoredBlob]:
    """The rows of some blobs; the chunks of large ones stay where they are."""
    if not ids:
        return {}
    return {row.id: StoredBlob(row.sha256, row.size, row.template, row.data, row.upload) for row in work.all_of(_BLOBS, "ids", list(ids))}


def sweep(store: Store, idle_seconds: int) -> int:
    """Remove uploads nobody adopted and nobody wrote to for so many machine seconds; returns how many. One short transaction each."""
    removed = 0
    while True:
        with store.writing() as work:
            orphan = work.value(
                select(func.min(upload.c.id)).where(upload.c.adopted == 0, upload.c.touched_at <= machine_now(work.dialect) - idle_seconds)
            )
            if orphan is None:
                return removed
            drop(work, orphan)
        removed += 1


def drop(work: Work, number: int) -> None:
    """Remove one upload with its chunks, unless it was adopted."""
    if work.value(_ORPHAN, {"id": number}) is not None:
        work.run(_DROP_CHUNKS, {"b_id": number})
        work.run(_DROP_UPLOAD, {"b_id": number})
