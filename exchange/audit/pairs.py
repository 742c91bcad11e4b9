"""Rows that must be there because others are, each rule one query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, exists, func, or_, select

from exchange.administration import Action
from exchange.api import PackageKind
from exchange.audit.findings import Book, Place
from exchange.domain.lifecycle import Operation
from exchange.domain.rank import ORDINARY
from exchange.outbox import Stage
from exchange.store.tables import (
    attachment,
    blob,
    delivery,
    document,
    intervention,
    mailbox,
    outbox,
    package,
    receipt,
    refusal,
    skeleton,
    status,
    upload,
    verdict,
)
from exchange.store.work import Store

_CLAUSE = "one transaction admits a package whole"
_IN = (PackageKind.EDOC.value, PackageKind.STATUS.value)


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows (id, package id) that are alone, and what is missing or too many with them."""

    table: str
    rule: str
    detail: str
    query: Select[Any]


def _alone(*conditions: Any) -> Select[Any]:
    return select(package.c.id, package.c.package_id).where(*conditions).order_by(package.c.id)


def _lines(*conditions: Any) -> Select[Any]:
    return select(mailbox.c.id, package.c.package_id).join(package, package.c.id == mailbox.c.package).where(*conditions)


_is_refusal = package.c.kind == PackageKind.REFUSAL.value
_is_status = package.c.kind == PackageKind.STATUS.value
_has_receipt = exists().where(receipt.c.package == package.c.id)
_has_skeleton = exists().where(skeleton.c.package == package.c.id)
_has_refusal = exists().where(refusal.c.package == package.c.id)
_has_status = exists().where(status.c.package == package.c.id)
_has_verdict = exists().where(verdict.c.package == package.c.id)
_is_waiting = exists().where(outbox.c.package == package.c.id, outbox.c.stage == Stage.VERIFY.value)
_is_answered = exists().where(refusal.c.about == package.c.id)
_is_refused = exists().where(verdict.c.package == package.c.id, verdict.c.accepted == 0)
_is_withdrawn = exists().where(document.c.package == package.c.id)
_is_opened_again = exists().where(
    intervention.c.organ == mailbox.c.organ, intervention.c.action.in_((Action.RESEND.value, Action.REPLAY.value))
)  # fmt: skip
_attached = select(attachment.c.blob).where(attachment.c.blob.is_not(None))
_uploaded = select(blob.c.upload).where(blob.c.upload.is_not(None))
"""As lists, gathered once: no index leads from a blob or an upload to what names it."""
_open_box = or_(
    (mailbox.c.open == 1) & ((mailbox.c.outcome != "") | mailbox.c.closed_at.is_not(None)) & ~_is_opened_again,
    (mailbox.c.open == 1) & ((mailbox.c.outcome == "") != mailbox.c.closed_at.is_(None)),
    (mailbox.c.open == 0) & ((mailbox.c.outcome == "") | mailbox.c.closed_at.is_(None)),
    mailbox.c.open.not_in((0, 1)),
)
_refused = package.alias()
_is_delivered = exists().where(delivery.c.package == mailbox.c.package, delivery.c.organ == mailbox.c.organ)
_is_urgent = (package.c.operation == Operation.NEW.value) & package.c.priority.between(1, ORDINARY)
_rank = case((_is_urgent, ORDINARY - package.c.priority), else_=ORDINARY)
_REPORTS = select(func.count()).select_from(mailbox).join(package).where(package.c.kind != PackageKind.EDOC.value)
_OPENED = select(func.count()).select_from(mailbox).where(mailbox.c.open == 1, mailbox.c.outcome != "", _is_opened_again)
PAIRS = (
    Pair("package", "receipt-missing", "it has no receipt", _alone(package.c.kind.in_(_IN), ~_has_receipt)),
    Pair("package", "skeleton-missing", "its bytes are gone", _alone(package.c.kind.in_(_IN), ~_has_skeleton)),
    Pair("package", "refusal-missing", "it is a refusal, and what was signed is gone",
         _alone(_is_refusal, ~_has_refusal)),
    Pair("package", "receipt-extra", "a refusal of the axis has a receipt", _alone(_is_refusal, _has_receipt)),
    Pair("package", "package-kind", "it is of no known kind", _alone(package.c.kind.not_in([kind.value for kind in PackageKind]))),
    Pair("status", "status-missing", "what the status package reports is gone",
         _alone(_is_status, ~_has_status)),
    Pair("status", "status-extra", "what is no status package reports something", _alone(~_is_status, _has_status)),
    Pair("verdict", "verdict-missing", "it was taken in, is not waiting to be judged, and has no verdict",
         _alone(package.c.kind == PackageKind.EDOC.value, ~_has_verdict, ~_is_waiting)),
    Pair("verdict", "verdict-extra", "what is no document has a verdict", _alone(package.c.kind != PackageKind.EDOC.value, _has_verdict)),
    Pair("refusal", "refusal-missing", "it was refused, and no refusal was signed",
         _alone(_is_refused, ~_is_answered, ~_is_withdrawn)),
    Pair("blob", "blob-extra", "the attachment belongs to no package",
         select(blob.c.id, blob.c.sha256).where(blob.c.id.not_in(_attached)).order_by(blob.c.sha256)),
    Pair("upload", "upload-extra", "chunks were adopted by no attachment",
         select(upload.c.id, upload.c.id).where(upload.c.adopted == 1, upload.c.id.not_in(_uploaded))),
    Pair("upload", "upload-unadopted", "an attachment stands in chunks that the next sweep would remove",
         select(upload.c.id, upload.c.id).where(upload.c.adopted != 1, upload.c.id.in_(_uploaded))),
    Pair("mailbox", "mailbox-differs", "a line of a mailbox is neither open nor closed",
         _lines(_open_box)),
    Pair("mailbox", "mailbox-differs", "its place in the mailbox is not that of its urgency",
         _lines(mailbox.c.rank != _rank)),
    Pair("mailbox", "mailbox-differs", "a notice of the axis lies in another mailbox than the refused one's, or since another instant",
         _lines(or_(mailbox.c.organ != _refused.c.sender, mailbox.c.available_at != package.c.admitted_at))
         .join(refusal, refusal.c.package == mailbox.c.package).join(_refused, _refused.c.id == refusal.c.about)),
    Pair("mailbox", "mailbox-extra", "a document lies in a mailbox to which no delivery leads",
         _lines(package.c.kind == PackageKind.EDOC.value, package.c.operation == Operation.NEW.value, ~_is_delivered)),
    Pair("mailbox", "mailbox-missing", "the refusal lies in no mailbox",
         _alone(_is_refusal, ~exists().where(mailbox.c.package == package.c.id))),
)  # fmt: skip


def audit_pairs(store: Store, book: Book) -> None:
    """Ask each rule once."""
    for pair in PAIRS:
        with store.reading() as work:
            rows = work.rows(pair.query)
        book.checked["pairs of rows"] += 1
        for number, name in rows:
            book.find(Place(pair.table, str(number), name if isinstance(name, str) else ""), pair.rule, _CLAUSE, pair.detail)
    with store.reading() as work:
        reports, opened = work.value(_REPORTS), work.value(_OPENED)
    book.skip("lines of mailboxes", "nothing signed says when a status or a notice of the axis was fetched", reports)
    book.skip("lines opened again", "only an operator's word, which nothing signs, says so", opened)
