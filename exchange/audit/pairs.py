"""Rows that must be there because others are, each rule one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, select

from exchange.api import PackageKind
from exchange.audit.findings import Book, Place
from exchange.domain.lifecycle import Operation
from exchange.outbox import Stage
from exchange.store.tables import (
    attachment,
    blob,
    document,
    member,
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
    clause: str = _CLAUSE


def alone(*conditions: Any) -> Select[Any]:
    return select(package.c.id, package.c.package_id).where(*conditions).order_by(package.c.id)


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
_attached = select(attachment.c.blob).where(attachment.c.blob.is_not(None))
_uploaded = select(blob.c.upload).where(blob.c.upload.is_not(None))
"""As lists, gathered once: no index leads from a blob or an upload to what names it."""
PAIRS = (
    Pair("package", "receipt-missing", "it has no receipt", alone(package.c.kind.in_(_IN), ~_has_receipt)),
    Pair("package", "skeleton-missing", "its bytes are gone", alone(package.c.kind.in_(_IN), ~_has_skeleton)),
    Pair("package", "refusal-missing", "it is a refusal, and what was signed is gone",
         alone(_is_refusal, ~_has_refusal)),
    Pair("package", "receipt-extra", "a refusal of the axis has a receipt", alone(_is_refusal, _has_receipt)),
    Pair("package", "package-kind", "it is of no known kind", alone(package.c.kind.not_in([kind.value for kind in PackageKind]))),
    Pair("status", "status-missing", "what the status package reports is gone",
         alone(_is_status, ~_has_status)),
    Pair("status", "status-extra", "what is no status package reports something", alone(~_is_status, _has_status)),
    Pair("verdict", "verdict-missing", "it was taken in, is not waiting to be judged, and has no verdict",
         alone(package.c.kind == PackageKind.EDOC.value, ~_has_verdict, ~_is_waiting)),
    Pair("verdict", "verdict-extra", "what is no document has a verdict", alone(package.c.kind != PackageKind.EDOC.value, _has_verdict)),
    Pair("refusal", "refusal-missing", "it was refused, and no refusal was signed",
         alone(_is_refused, ~_is_answered, ~_is_withdrawn)),
    Pair("member", "member-missing", "it handed in packages, and is no member",
         select(func.min(package.c.sender), func.min(package.c.package_id)).where(
             package.c.kind.in_(_IN), package.c.sender.not_in(select(member.c.organ).where(member.c.organ.is_not(None)))
         ).group_by(package.c.sender)),
    Pair("document", "document-differs", "it is said to come with a package that brings no document",
         select(document.c.id, package.c.package_id).join(package, package.c.id == document.c.package).where(
             (package.c.kind != PackageKind.EDOC.value) | package.c.operation.not_in((Operation.NEW.value, Operation.REPLACE.value)))),
    Pair("blob", "blob-extra", "the attachment belongs to no package",
         select(blob.c.id, blob.c.sha256).where(blob.c.id.not_in(_attached)).order_by(blob.c.sha256)),
    Pair("upload", "upload-extra", "chunks were adopted by no attachment",
         select(upload.c.id, upload.c.id).where(upload.c.adopted == 1, upload.c.id.not_in(_uploaded))),
    Pair("upload", "upload-unadopted", "an attachment stands in chunks that the next sweep would remove",
         select(upload.c.id, upload.c.id).where(upload.c.adopted != 1, upload.c.id.in_(_uploaded))),
)  # fmt: skip


def audit_pairs(store: Store, book: Book) -> None:
    """Ask each rule once."""
    ask(store, book, PAIRS)


def ask(store: Store, book: Book, pairs: Iterable[Pair]) -> None:
    """Each rule by its query: what it gives is a finding."""
    for pair in pairs:
        with store.reading() as work:
            rows = work.rows(pair.query)
        book.checked["pairs of rows"] += 1
        for number, name in rows:
            book.find(Place(pair.table, str(number), name if isinstance(name, str) else ""), pair.rule, pair.clause, pair.detail)
