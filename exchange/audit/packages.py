"""Every package again: its exact bytes, its receipt, what its header says against the rows, and the verdict it would get today."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select

from exchange.admission import document_key, reported
from exchange.api import PackageKind
from exchange.audit.contents import CONTENT, Admitted, Blobs, Contents, Damaged
from exchange.audit.evidence import Epoch, Epochs
from exchange.audit.findings import Book, Finding, Place
from exchange.audit.ledger import Leaves
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation
from exchange.edxml.model import EdocHeader, StatusHeader
from exchange.edxml.reader import EdxmlPackage
from exchange.receipts import package_id_of, receipt_statement
from exchange.stages.mail import instant
from exchange.stages.verify import HEAD
from exchange.store.blobs import StoredBlob
from exchange.store.contents import StoredPackage
from exchange.store.facts import Fact, FactKind, Sealed, page
from exchange.store.tables import attachment, blob, delivery, document, verdict
from exchange.store.work import Store, Work
from exchange.verification import DETACHED, Attachment, Judgement, judge
from signing import Purpose, SignatureReport

RECEIPT = "EN 319 102-1 §5.3; RFC 5652"
HEADER = "QCVN 102:2016"
VERDICT = "Decree 30/2020 Art. 5; EN 319 102-1 §5.3"
_PAGE = 200
_OF_VERDICT = ("accepted", "rule", "sub_indication", "detail", "verifies")
_ATTACHED = (
    select(attachment.c.package, attachment.c.ordinal, blob.c.id, blob.c.sha256, blob.c.size, blob.c.template, blob.c.data, blob.c.upload)
    .join(blob, blob.c.id == attachment.c.blob)
    .where(attachment.c.package.between(bindparam("first"), bindparam("last")))
    .order_by(attachment.c.package, attachment.c.ordinal)
)
_DOCUMENTS = select(
    document.c.package, document.c.id, document.c.sender, document.c.number, document.c.notation, document.c.year, document.c.document_id
).where(document.c.package.between(bindparam("first"), bindparam("last")))
_RECIPIENTS = select(delivery.c.package, delivery.c.recipient).where(delivery.c.package.between(bindparam("first"), bindparam("last")))
_VERDICTS = select(verdict).where(verdict.c.package.between(bindparam("first"), bindparam("last")))


@dataclass(frozen=True, slots=True)
class SignedArtefact:
    """One artefact with its signatures as the audit judged it, for whoever adds more to say: a verdict over time, for instance.

    ``data`` is what the reports are about: the statement of a receipt, a whole letter, an annex (of a large one nothing); ``signature`` the
    detached CMS beside it, empty for a letter, which carries its two inside.
    """

    place: Place
    purpose: Purpose
    data: bytes
    signature: bytes
    reports: tuple[SignatureReport, ...]


Longer = Callable[[SignedArtefact], Iterable[Finding]]
"""The seam for more than the verdict at the moment recorded: findings about one signed artefact."""


@dataclass(slots=True)
class _Around:
    """Rows that belong to the packages of one page, by package."""

    blobs: dict[int, list[tuple[int, int, StoredBlob]]] = field(default_factory=dict)
    documents: dict[int, list[Any]] = field(default_factory=dict)
    recipients: dict[int, list[str]] = field(default_factory=dict)
    verdicts: dict[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Work, first: int, last: int) -> _Around:
        found, span = cls(), {"first": first, "last": last}
        for number, ordinal, row, *rest in work.rows(_ATTACHED, span):
            found.blobs.setdefault(number, []).append((ordinal, row, StoredBlob(*rest)))
        for line in work.all(_DOCUMENTS, span):
            found.documents.setdefault(line.package, []).append(line)
        for number, recipient in work.rows(_RECIPIENTS, span):
            found.recipients.setdefault(number, []).append(recipient)
        for line in work.all(_VERDICTS, span):
            found.verdicts[line.package] = line
        return found


class Packages:
    """Audits admissions."""

    def __init__(self, store: Store, book: Book, epochs: Epochs, leaves: Leaves, longer: Longer | None) -> None:
        self._store, self._book, self._epochs, self._leaves, self._longer = store, book, epochs, leaves, longer
        self._bytes = Contents(store, book)

    def audit(self) -> None:
        """All of them, a page at a time."""
        after = -1
        while True:
            with self._store.reading() as work:
                rows = page(work, FactKind.ADMISSION, after, _PAGE)
                around = _Around.of(work, rows[0][1].id, rows[-1][1].id) if rows else _Around()
            if not rows:
                return
            after = rows[-1][1].id
            for row, fact, sealed in rows:
                self._one(row, fact, sealed, around)
            self._book.advance("packages", len(rows))

    def _one(self, row: Any, fact: Fact, sealed: Sealed | None, around: _Around) -> None:
        self._leaves.check(FactKind.ADMISSION, row, fact, sealed)
        one = Admitted(*(*row[:12], tuple(row[12:18])))
        self._book.checked["packages"] += 1
        try:
            self._receipt(one)
            self._contents(one, around)
        except Damaged:
            self._book.skip("verdicts of damaged packages", "the package does not come back as it was received")
        except Exception as error:  # whatever a changed row makes the readers raise, it is this row that cannot be read
            self._book.find(one.place(), "unreadable", CONTENT, f"the package cannot be read: {type(error).__name__}: {error}")

    def _receipt(self, one: Admitted) -> None:
        self._book.checked["receipts"] += 1
        at = instant(one.at)
        stated = receipt_statement(one.package_id, one.sha256, OrganId.parse(one.sender), one.kind, at)
        differs = "the receipt says something else than the package's row"
        self._book.check(one.place("receipt"), ((one.statement == stated, "receipt-differs", RECEIPT, differs),))
        report, fault = self._epochs.axis_signature(one.signature, sha256(one.statement).digest(), at, Purpose.RECEIPT)
        if report is None:
            self._book.skip("receipts' signatures", fault)
            return
        self._book.checked["signatures"] += 1
        if fault:
            self._book.find(one.place("receipt"), "receipt-signature", RECEIPT, f"the receipt is not the axis' word: {fault}")
        self._more(one.place("receipt"), Purpose.RECEIPT, one.statement, one.signature, (report,))

    def _more(self, place: Place, purpose: Purpose, data: bytes, signature: bytes, reports: tuple[SignatureReport, ...]) -> None:
        if self._longer is not None and reports:
            for finding in self._longer(SignedArtefact(place, purpose, data, signature, reports)):
                self._book.find(finding.place, finding.rule, finding.clause, finding.detail)

    # --- bytes ---

    def _contents(self, one: Admitted, around: _Around) -> None:
        skeleton, blobs = self._bytes.of(one, around.blobs.get(one.id, []))
        if package_id_of(one.sender, one.sha256) != one.package_id:
            self._book.find(one.place(), "package-id", CONTENT, "its name is not the one its sender and bytes give it")
        found = StoredPackage(skeleton, ()).reread()
        if one.kind == PackageKind.EDOC.value:
            self._document(one, found, blobs, around)
        elif one.kind == PackageKind.STATUS.value:
            self._status(one, found)
        else:
            self._book.find(one.place(), "package-kind", HEADER, f"{one.kind!r} is no kind of package that is taken in")

    # --- header against rows ---

    def _status(self, one: Admitted, found: EdxmlPackage) -> None:
        self._book.checked["statuses"] += 1
        header = found.header
        if not isinstance(header, StatusHeader):
            self._book.find(one.place(), "package-kind", HEADER, "it is kept as a status package and is none")
            return
        said = (str(header.addressee), *reported(header), header.code.value, header.description)
        if one.status != said:
            self._book.find(one.place("status"), "status-differs", HEADER, "the row says something else than the status package itself")
        self._sender(one, header.sender_id)
        if (one.priority, one.operation) != (0, 0):
            self._book.find(one.place(), "header-differs", HEADER, "a status package has neither priority nor operation")

    def _sender(self, one: Admitted, stated: OrganId) -> None:
        newest = self._epochs.newest
        if newest is None or newest.directory is None:
            self._book.skip("senders", "the archive holds no register that can be read")
            return
        known = {str(organ.id) for epoch in self._epochs.all if epoch.directory and (organ := epoch.directory.lookup(stated))}
        if one.sender not in (known or {str(stated)}):
            self._book.find(one.place(), "sender-differs", HEADER, f"it was taken in from {one.sender} and says it is from {stated}")

    def _document(self, one: Admitted, found: EdxmlPackage, blobs: Blobs, around: _Around) -> None:
        self._book.checked["documents"] += 1
        header = found.header
        if not isinstance(header, EdocHeader):
            self._book.find(one.place(), "package-kind", HEADER, "it is kept as a document and is none")
            return
        self._sender(one, header.sender_id)
        differs = "priority or operation in the row are not the header's"
        self._book.check(one.place(), (
            ((one.priority, one.operation) == (int(header.priority), int(header.operation)), "header-differs", HEADER, differs),
            (one.status == (None,) * 6, "status-extra", HEADER, "a document has a row of what a status package reports"),
            (len(found.attachments) == len(blobs), "attachment-missing", CONTENT, "its attachments are not as many as its header names"),
        ))  # fmt: skip
        self._document_row(one, header, around.documents.get(one.id, []))
        self._recipients(one, header, around.recipients.get(one.id, []))
        if len(found.attachments) == len(blobs):
            self._verdict(one, found, blobs, around.verdicts.get(one.id))

    def _document_row(self, one: Admitted, header: EdocHeader, rows: list[Any]) -> None:
        key = document_key(OrganId.parse(one.sender), header)
        founds = header.operation in {Operation.NEW, Operation.REPLACE}
        if len(rows) != int(founds):
            detail = f"it has {len(rows)} rows in the list of documents and must have {int(founds)}"
            self._book.find(one.place("document", rows[0].id if rows else ""), "document-row", HEADER, detail)
            return
        expected = (str(key.sender), key.number, key.notation, key.year, header.document_id)
        for row in rows:
            if tuple(row[2:]) != expected:
                self._book.find(
                    one.place("document", row.id), "document-differs", HEADER, "the row of the document is not what its header says"
                )

    def _recipients(self, one: Admitted, header: EdocHeader, held: list[str]) -> None:
        named = [str(organ) for organ in header.recipient_ids]
        if header.operation is Operation.UPDATE:
            added = {str(organ) for organ in header.business.added()}
            extra, missing = set(held) - added, set[str]()
        else:
            wanted = set(named) if header.operation in {Operation.NEW, Operation.REPLACE} else set()
            extra, missing = set(held) - wanted, wanted - set(held)
        for organ in sorted(missing):
            self._book.find(
                one.place("delivery", organ), "delivery-missing", HEADER, f"it is addressed to {organ}, and no delivery says so"
            )
        for organ in sorted(extra):
            self._book.find(
                one.place("delivery", organ), "delivery-extra", HEADER, f"a delivery goes to {organ}, to whom it is not addressed"
            )

    # --- verdict ---

    def _verdict(self, one: Admitted, found: EdxmlPackage, blobs: Blobs, row: Any | None) -> None:
        if row is None:
            self._book.skip("verdicts", "the axis had not judged them yet")
            return
        epoch = self._epochs.of_verdict(row.id)
        if epoch is None or epoch.validator is None or epoch.directory is None:
            self._book.skip("verdicts", "the terms they were judged by cannot be read")
            return
        attachments = [self._attachment(info.name, stored, data) for info, (stored, data) in zip(found.attachments, blobs, strict=True)]
        said = self._judge(epoch, found, attachments, row.at)
        self._book.checked["verdicts"] += 1
        self._book.checked["signatures"] += len(said.reports)
        place = one.place("verdict", row.id)
        now = (int(said.accepted), said.rule, said.sub_indication, said.detail, said.verifies)
        recorded = (row.accepted, row.rule, row.sub_indication, row.detail, row.verifies)
        if row.at != one.at:
            self._book.find(place, "verdict-instant", VERDICT, "the verdict is not of the instant at which the package was taken in")
        if now != recorded:
            detail = f"the verdict recorded is {row.rule!r} and would be {said.rule!r}" + (f": {said.detail}" if said.detail else "")
            if row.rule == said.rule:
                name, was, is_now = next(one for one in zip(_OF_VERDICT, recorded, now, strict=True) if one[1] != one[2])
                detail = f"the verdict recorded has {name} {was!r}, made again it has {is_now!r}"
            self._book.find(place, "verdict-differs", VERDICT, detail)
        self._letters(one, attachments, said)

    def _judge(self, epoch: Epoch, found: EdxmlPackage, attachments: list[Attachment], at: int) -> Judgement:
        assert epoch.directory is not None and epoch.validator is not None  # noqa: S101, PT018 - the caller looked
        return judge(
            found.edoc,
            attachments,
            epoch.directory,
            epoch.validator,
            instant(at),
            secret_rule=not epoch.terms.accept_secret,
            letter_rule=not epoch.terms.accept_sealed_files,
        )

    def _attachment(self, name: str, stored: StoredBlob, data: bytes | None) -> Attachment:
        if data is None:
            return Attachment(name, next(stored.chunks(self._store), b"")[:HEAD], stored.sha256)
        return Attachment(name, data[:HEAD] if stored.large else data, stored.sha256)

    def _letters(self, one: Admitted, attachments: list[Attachment], said: Judgement) -> None:
        if self._longer is None:
            return
        letter = next((each for each in attachments if each.data.startswith(b"%PDF-")), None)
        named = {each.name: each for each in attachments}
        pairs = [(each, named[each.name + DETACHED]) for each in attachments if each.name + DETACHED in named and each is not letter]
        own = len(said.reports) - len(pairs)  # the letter's two come first, or none where it was refused unread
        if letter is not None:
            self._more(one.place(), Purpose.LETTER, letter.data, b"", said.reports[:own])
        for (annex, signature), report in zip(pairs, said.reports[own:], strict=True):
            self._more(one.place(), Purpose.ANNEX, annex.data, signature.data, (report,))
