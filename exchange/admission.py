"""Use case submit: bound, parse, deduplicate, store, answer with a signed receipt. One transaction for all that is small.

Nothing here looks at a letter, a certificate or the directory's state: that is decided by stages. Packages are parsed before the
transaction opens, their large attachments staged as they arrive; the transaction looks for earlier packages and numbers, inserts what is
new, and signs each receipt alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from io import RawIOBase
from typing import BinaryIO, cast

from sqlalchemy import bindparam, select

from exchange.api import PackageKind, Receipt, Rejection, Submission
from exchange.capacity import Gate
from exchange.counts import Counts
from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.doorbell import Doorbell
from exchange.edxml.attached import AttachmentHandle
from exchange.edxml.model import EdocHeader, StatusHeader
from exchange.edxml.reader import EdxmlPackage, read
from exchange.edxml.rules import sentence_of
from exchange.edxml.tree import Limits
from exchange.errors import EdxmlError, InvalidNumber, Overloaded
from exchange.outbox import Stage
from exchange.receipts import package_id_of, receipt_statement
from exchange.stages.desk import Desk
from exchange.stages.mail import instant
from exchange.store.admissions import Admission, known_documents, write_admissions
from exchange.store.blobs import BlobWriter, Budget, MemoryBudget, StagedBlob, drop
from exchange.store.tables import package, receipt
from exchange.store.work import Store, Work, again

_RECEIPTS = select(
    package.c.package_id, package.c.sender, package.c.sha256, package.c.admitted_at, receipt.c.statement, receipt.c.signature
).join(receipt, receipt.c.package == package.c.id)
_NO_DAY = date(1, 1, 1)
_KNOWN = _RECEIPTS.where(package.c.package_id.in_(bindparam("ids", expanding=True)))


@dataclass(slots=True)
class _Sink:
    """Hands attachments to blob writers; the reference of an attachment is its place in ``staged``."""

    store: Store
    budget: Budget
    staged: list[StagedBlob] = field(default_factory=list)
    writers: list[BlobWriter] = field(default_factory=list)

    def open(self) -> AttachmentHandle:
        """A new attachment begins."""
        self.writers.append(BlobWriter(self.store, self.budget))
        return _Handle(self, self.writers[-1])


@dataclass(slots=True)
class _Handle:
    sink: _Sink
    writer: BlobWriter

    def write(self, data: bytes, /) -> object:
        self.writer.write(data)
        return None

    def close(self) -> str:
        self.sink.staged.append(self.writer.finish())
        return str(len(self.sink.staged) - 1)


class _Hashing(RawIOBase):
    """Digests and bounds a stream while the reader reads it."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        super().__init__()
        self._source, self._limit, self._size = source, limit, 0
        self.digest = sha256()

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes. Raises :class:`EdxmlError` (rule ``too-large``) beyond the limit."""
        data = self._source.read(size)
        self._size += len(data)
        self.digest.update(data)
        if self._size > self._limit:
            raise _too_large(self._limit)
        return data


def _too_large(limit: int) -> EdxmlError:
    return EdxmlError("edXML", "too-large", f"a package may have {limit} bytes")


class Admissions:
    """Admits packages of authenticated callers."""

    def __init__(self, desk: Desk, canonical: Callable[[OrganId], OrganId], doorbell: Doorbell) -> None:
        self._store, self._settings, self._notary, self._metering = desk.store, desk.settings, desk.notary, desk.metering
        self._canonical, self._doorbell = canonical, doorbell
        self._limits = Limits(attachment=desk.settings.max_attachment_bytes)
        self._gate = Gate(desk.store, desk.settings.capacity)
        self.counts = Counts()

    def submit(
        self, sender: OrganId, aliases: frozenset[OrganId], submissions: Sequence[Submission], at: datetime
    ) -> tuple[Receipt | Rejection, ...]:
        """Admit each package or say why not, in order. ``aliases``: codes under which the caller may stand in ``From``.

        Raises :class:`exchange.errors.Overloaded` for the whole call.
        """
        budget = MemoryBudget(self._settings.memory_bytes)
        read_in: list[Admission | Rejection] = []
        try:
            read_in.extend(self.read(sender, aliases, one, at, budget) for one in submissions)
        except Overloaded:
            self.abandon([one for one in read_in if isinstance(one, Admission)])
            raise
        answers = iter(self.admit([one for one in read_in if isinstance(one, Admission)]))
        return tuple(next(answers) if isinstance(one, Admission) else one for one in read_in)

    def read(
        self, sender: OrganId, aliases: frozenset[OrganId], submission: Submission, at: datetime, budget: Budget
    ) -> Admission | Rejection:
        """Parse a package, its large attachments staged as they come. Raises :class:`exchange.errors.Overloaded`."""
        staged: list[Admission] = []
        try:
            self._gate.open_at_all(str(sender))
            read_in = self._read(sender, aliases, submission, at, budget)
            if isinstance(read_in, Admission):
                staged.append(read_in)
                self._gate.enter(str(sender), read_in.urgency)
        except Overloaded as error:
            self.counts.add("truc_overloads", error.rule)
            self.abandon(staged)
            raise
        if isinstance(read_in, Rejection):
            self.counts.add("truc_rejections", read_in.rule)
        return read_in

    def admit(self, candidates: Sequence[Admission]) -> list[Receipt | Rejection]:
        """Write what was read, of whatever callers, in one transaction; the answers in order. What was staged for nothing is removed."""
        if not candidates:
            return []
        answers = again(lambda: self._admit(candidates))  # another process may admit one of them between our look and our write
        self.abandon(candidates)
        for stage, kind in ((Stage.VERIFY, PackageKind.EDOC), (Stage.ROUTE, PackageKind.STATUS)):
            if any(one.kind is kind for one in candidates):
                self._doorbell.ring(stage)
        self._count(candidates, answers)
        return [answers[id(one)] for one in candidates]

    def _count(self, candidates: Sequence[Admission], answers: dict[int, Receipt | Rejection]) -> None:
        for one in candidates:
            answer = answers[id(one)]
            if isinstance(answer, Rejection):
                self.counts.add("truc_rejections", answer.rule)
            elif one.signature:  # not a package that was there already
                self.counts.add("truc_admissions", one.kind.value)

    def abandon(self, candidates: Sequence[Admission]) -> None:
        """Uploads nobody adopted, of packages or attachments that were there already or are not wanted, go now, not at the next sweep."""
        staged = {blob.upload for one in candidates for blob in one.staged if blob.upload is not None}
        for number in sorted(staged):
            with self._store.writing() as work:
                drop(work, number)

    def _read(
        self, sender: OrganId, aliases: frozenset[OrganId], submission: Submission, at: datetime, budget: Budget
    ) -> Admission | Rejection:
        sink = _Sink(self._store, budget)
        source = submission.package
        limit = self._settings.max_package_bytes
        try:
            if isinstance(source, bytes):
                if len(source) > limit:
                    raise _too_large(limit)
                found, digest = read(source, sink, self._limits, at=at), sha256(source).digest()
            else:
                stream = _Hashing(source, limit)
                found = read(cast("BinaryIO", stream), sink, self._limits, at=at)
                digest = stream.digest.digest()
            return self._admission(sender, aliases, found, digest, sink.staged, at)
        except EdxmlError as error:
            for writer in sink.writers:
                writer.abandon()
            return Rejection(error.rule, error.place, sentence_of(error))

    def _admission(
        self, sender: OrganId, aliases: frozenset[OrganId], found: EdxmlPackage, digest: bytes, staged: list[StagedBlob], at: datetime
    ) -> Admission:
        header = found.header
        if header.sender_id not in aliases:
            raise EdxmlError("MessageHeader/From/OrganId", "sender-mismatch", f"{sender} may not send as {header.sender_id}")
        if isinstance(header, StatusHeader):
            number, notation, year = reported(header)
            about = str(header.addressee)
            owner = str(sender) if header.code.by_sender else str(self._canonical(header.addressee))
            return Admission(
                package_id_of(str(sender), digest), str(sender), digest, PackageKind.STATUS, found.size, round(at.timestamp()), 0, 0,
                found.skeleton.pack(), [], status=(about, number, notation, year, header.code.value, header.description), owner=owner,
            )  # fmt: skip
        return Admission(
            package_id_of(str(sender), digest), str(sender), digest, PackageKind.EDOC, found.size, round(at.timestamp()),
            int(header.priority), int(header.operation), found.skeleton.pack(),
            staged, key=document_key(sender, header), header=header, owner=str(sender),
        )  # fmt: skip

    def _admit(self, candidates: Sequence[Admission]) -> dict[int, Receipt | Rejection]:
        with self._metering.settling(self._store) as (work, _):
            # in this order: the same package may be committed by another process between the two questions, and is then no duplicate
            numbers = known_documents(work, [one.key for one in candidates if one.founds_document])
            known = self._stored_receipts(work, candidates)
            answers: dict[int, Receipt | Rejection] = {}
            fresh: dict[str, Admission] = {}
            for one in candidates:
                if one.package_id in known:
                    answers[id(one)] = known[one.package_id]
                elif one.package_id not in fresh:
                    if one.founds_document and one.key in numbers:
                        answers[id(one)] = _duplicate(one)
                        continue
                    if one.founds_document and one.key is not None:
                        numbers.add(one.key)
                    fresh[one.package_id] = one
            for one in fresh.values():
                one.statement = receipt_statement(
                    one.package_id, one.sha256, OrganId.parse(one.sender), one.kind.value, instant(one.admitted_at)
                )
                one.signature = self._notary.receipt(one.statement)
            write_admissions(work, list(fresh.values()))
        for one in candidates:
            if id(one) not in answers:
                first = fresh[one.package_id]
                answers[id(one)] = _receipt(first, stored=first is not one)
        return answers

    def _stored_receipts(self, work: Work, candidates: Sequence[Admission]) -> dict[str, Receipt]:
        rows = work.all_of(_KNOWN, "ids", [one.package_id for one in candidates])
        return {
            package_id: Receipt(package_id, bytes(digest), instant(admitted_at), bytes(statement), bytes(signature), stored=True)
            for package_id, _, digest, admitted_at, statement, signature in rows
        }


def _duplicate(one: Admission) -> Rejection:
    place = "MessageHeader/Code/CodeNumber"
    return Rejection("duplicate-number", place, f"{place}: document {one.key} was submitted before with other bytes")


def _receipt(one: Admission, *, stored: bool) -> Receipt:
    return Receipt(one.package_id, one.sha256, instant(one.admitted_at), one.statement, one.signature, stored)


def document_key(sender: OrganId, header: EdocHeader) -> DocumentKey:
    """The key under which a sender's document is known. Raises :class:`EdxmlError` when number or notation is none."""
    try:
        return DocumentKey.of(sender, header.number, header.notation, header.promulgation_date)
    except InvalidNumber as error:
        raise EdxmlError("MessageHeader/Code", "wrong-type", str(error)) from None


def reported(header: StatusHeader) -> tuple[str, str, int]:
    """(number, notation, year) of the document a status package is about; year 0 when it gives no day. Raises :class:`EdxmlError`."""
    day = header.response_for.promulgation_date
    try:
        key = DocumentKey.of(header.document_sender, *header.number_and_notation, day or _NO_DAY)
    except InvalidNumber as error:
        raise EdxmlError("MessageHeader/ResponseFor/Code", "wrong-type", str(error)) from None
    return key.number, key.notation, key.year if day is not None else 0
