"""The rows of an admission: everything one submitted package leaves in the database, written for a whole call at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select, tuple_

from exchange.api import PackageKind
from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import DeliveryState, Operation
from exchange.domain.rank import urgency_in_line
from exchange.edxml.model import EdocHeader
from exchange.outbox import Stage, Task, post
from exchange.store.blobs import StagedBlob, adopt
from exchange.store.ids import reserve_ids, reserve_several
from exchange.store.tables import attachment, delivery, delivery_event, document, package, receipt, skeleton, status
from exchange.store.work import Work


@dataclass(slots=True)
class Admission:
    """One package on its way in. Instants are epoch seconds; ``key`` and ``header`` for documents, ``status`` for reports."""

    package_id: str
    sender: str
    sha256: bytes
    kind: PackageKind
    size: int
    admitted_at: int
    priority: int
    operation: int
    skeleton: bytes
    staged: Sequence[StagedBlob]
    status: tuple[str, str, str, int, str, str] | None = None
    """(about, number, notation, year, code, description)."""
    key: DocumentKey | None = None
    header: EdocHeader | None = None
    owner: str = ""
    """Whose document it is about: the sender's own, or the one a report answers."""
    statement: bytes = b""
    signature: bytes = b""
    row: int = field(default=0)

    @property
    def urgency(self) -> int:
        """In a line: 0 ordinary, 4 the most urgent."""
        return urgency_in_line(self.operation, self.priority)

    @property
    def founds_document(self) -> bool:
        """Whether the package is a document of its own: new (0) or a replacement (3), not an operation on an earlier one."""
        return self.key is not None and self.operation in {Operation.NEW, Operation.REPLACE}


_DOCUMENT_KEY = tuple_(document.c.sender, document.c.number, document.c.notation, document.c.year)
_KEYS = select(document.c.sender, document.c.number, document.c.notation, document.c.year).where(
    _DOCUMENT_KEY.in_(bindparam("keys", expanding=True))
)
_AFFECTED = select(document.c.id).where(document.c.sender == bindparam("sender"))
_BY_ID = _AFFECTED.where(document.c.document_id == bindparam("document_id")).order_by(document.c.id)
_BY_KEY = _AFFECTED.where(
    document.c.number == bindparam("number"), document.c.notation == bindparam("notation"), document.c.year == bindparam("year")
)
_RECIPIENTS = select(delivery.c.recipient, delivery.c.organ).where(delivery.c.document == bindparam("document"))
_INSERT_PACKAGE = insert(package)
_INSERT_SKELETON = insert(skeleton)
_INSERT_ATTACHMENT = insert(attachment)
_INSERT_RECEIPT = insert(receipt)
_INSERT_DOCUMENT = insert(document)
_INSERT_DELIVERY = insert(delivery)
_INSERT_EVENT = insert(delivery_event)
_INSERT_STATUS = insert(status)


def known_documents(work: Work, keys: Sequence[DocumentKey | None]) -> set[DocumentKey]:
    """Those of the keys that a document has already."""
    wanted = [(str(key.sender), key.number, key.notation, key.year) for key in keys if key is not None]
    if not wanted:
        return set()
    return {DocumentKey(OrganId.parse(row.sender), row.number, row.notation, row.year) for row in work.all_of(_KEYS, "keys", wanted)}


def write_admissions(work: Work, admissions: Sequence[Admission]) -> None:
    """Insert packages, skeletons, attachments, receipts, documents, deliveries, reports and outbox rows."""
    if not admissions:
        return
    blobs = adopt(work, [blob for one in admissions for blob in one.staged])
    founding = [one for one in admissions if one.founds_document]
    named = sum(len(one.header.recipient_ids) for one in founding if one.header is not None)
    ids = reserve_several(work, {package: len(admissions), document: len(founding), delivery: named})
    for number, one in zip(ids[package], admissions, strict=True):
        one.row = number
    work.many(_INSERT_PACKAGE, [_package_row(one) for one in admissions])
    work.many(_INSERT_SKELETON, [{"package": one.row, "data": one.skeleton} for one in admissions])
    work.many(_INSERT_RECEIPT, [{"package": one.row, "statement": one.statement, "signature": one.signature} for one in admissions])
    work.many(
        _INSERT_ATTACHMENT,
        [
            {"package": one.row, "ordinal": ordinal, "blob": blobs[blob.sha256]}
            for one in admissions
            for ordinal, blob in enumerate(one.staged)
        ],
    )
    work.many(_INSERT_STATUS, [_status_row(one.row, one.status) for one in admissions if one.status is not None])
    documents = [one for one in admissions if one.kind is PackageKind.EDOC]
    _write_documents(work, documents, ids[document], ids[delivery])
    for stage, kind in ((Stage.VERIFY, PackageKind.EDOC), (Stage.ROUTE, PackageKind.STATUS)):
        tasks = [Task(one.row, one.sender, one.owner, one.admitted_at, one.urgency) for one in admissions if one.kind is kind]
        if tasks:
            post(work, stage, tasks)


def _package_row(one: Admission) -> dict[str, Any]:
    return {
        "id": one.row, "package_id": one.package_id, "sender": one.sender, "sha256": one.sha256, "kind": one.kind.value, "size": one.size,
        "admitted_at": one.admitted_at, "priority": one.priority, "operation": one.operation,
    }  # fmt: skip


def _status_row(row: int, said: tuple[str, str, str, int, str, str]) -> dict[str, Any]:
    about, number, notation, year, code, description = said
    return {
        "package": row, "about": about, "number": number, "notation": notation, "year": year, "code": code, "description": description,
    }  # fmt: skip


def _write_documents(work: Work, admissions: Sequence[Admission], ids: Sequence[int], delivery_ids: Sequence[int]) -> None:
    """``ids`` for the documents founded here, ``delivery_ids`` for their deliveries."""
    founding = [one for one in admissions if one.founds_document]
    documents, deliveries = [], []
    for number, one in zip(ids, founding, strict=True):
        if one.key is None or one.header is None:
            continue
        key = one.key
        documents.append({
            "id": number, "sender": str(key.sender), "number": key.number, "notation": key.notation, "year": key.year,
            "document_id": one.header.document_id, "package": one.row,
        })  # fmt: skip
        deliveries += [_delivery(number, one, str(organ)) for organ in one.header.recipient_ids]
    work.many(_INSERT_DOCUMENT, documents)
    _write_deliveries(work, deliveries, delivery_ids)
    added: dict[tuple[object, object], dict[str, Any]] = {}
    for one in admissions:
        if one.operation == Operation.UPDATE:
            for row in _added(work, one):
                added.setdefault((row["document"], row["recipient"]), row)
    _write_deliveries(work, list(added.values()), reserve_ids(work, delivery, len(added)))


def _write_deliveries(work: Work, deliveries: Sequence[dict[str, Any]], ids: Sequence[int]) -> None:
    for number, row in zip(ids, deliveries, strict=True):
        row["id"] = number
    work.many(_INSERT_DELIVERY, deliveries)
    work.many(
        _INSERT_EVENT,
        [{"delivery": row["id"], "at": row["since"], "state": row["state"], "cause": row["package"], "reason": ""} for row in deliveries],
    )


def _delivery(number: int, one: Admission, organ: str) -> dict[str, Any]:
    return {
        "document": number, "package": one.row, "recipient": organ, "organ": organ, "state": DeliveryState.RECEIVED.value,
        "since": one.admitted_at, "reason": "", "route": "", "available_at": None, "transport": "", "transport_at": None,
    }  # fmt: skip


def _added(work: Work, one: Admission) -> list[dict[str, Any]]:
    """New deliveries of the affected document, to the recipients an update names as added and who do not have it yet."""
    header = one.header
    if header is None or one.key is None:
        return []
    added = header.business.added()
    named = [str(organ) for organ in header.recipient_ids if organ in added]
    affected = find_document(work, one.sender, header.business.document_id, one.key) if named else None
    if affected is None:
        return []
    there = {code for row in work.all(_RECIPIENTS, {"document": affected}) for code in row}
    return [_delivery(affected, one, organ) for organ in named if organ not in there]


def find_document(work: Work, sender: str, document_id: str, key: DocumentKey | None) -> int | None:
    """The earlier document meant: by its code (``key``), by its DocumentId, or by both.

    An operation on a document carries that document's code, which is what its letter is held against; a DocumentId that names another one
    of the sender's documents would let one document travel as another. An unknown DocumentId says nothing: three spellings circulate.
    """
    named = [int(row.id) for row in work.all(_BY_ID, {"sender": sender, "document_id": document_id})] if document_id else []
    if key is None:
        return named[0] if named else None
    found = work.value(_BY_KEY, {"sender": sender, "number": key.number, "notation": key.notation, "year": key.year})
    return None if found is None or (named and found not in named) else int(found)
