"""The facts the ledger is over, read as they stand: what is sealed, and what an audit reads again. One reading for both.

A fact is one row of history with what belongs to it. Its payload is a JSON array of the values in a fixed order (bytes as hexadecimal
digits), so that whoever has the database can compute it with a few lines of any language. Every column of the row is in it, or follows
from what is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, and_, bindparam, func, select

from exchange.domain.lifecycle import DeliveryState
from exchange.store.tables import (
    attachment,
    blob,
    delivery,
    delivery_event,
    evidence,
    ledger_entry,
    letter_stamp,
    negotiation,
    package,
    receipt,
    refusal,
    skeleton,
    status,
    trust,
    verdict,
)
from exchange.store.work import Work


class FactKind(StrEnum):
    """What a ledger entry is about, in the order in which one seal takes them."""

    EVIDENCE = "evidence"
    """An artefact verdicts stand on: certificate, revocation list, register."""
    TRUST = "trust"
    """Which of them were in force from a verdict on."""
    ADMISSION = "admission"
    """A package taken in, with its receipt; of a status package also what it reports."""
    VERDICT = "verdict"
    """With what was found of the letter's time-stamps."""
    REFUSAL = "refusal"
    EVENT = "event"
    """A delivery came into a state."""
    REQUEST = "request"
    """A negotiation was opened."""
    ANSWER = "answer"
    """It was answered."""


class Fact(NamedTuple):
    """One fact. ``agency``: in whose sequence it counts; '' for those of the axis itself. ``package_*`` are empty where there is none."""

    id: int
    agency: str
    package_id: str
    package_sha256: str
    payload: bytes


class Sealed(NamedTuple):
    """The ledger entry of a fact, if it has one."""

    id: int
    agency: str
    sequence: int
    leaf: bytes


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_FIRST = DeliveryState.RECEIVED.value
_QUOTED: Callable[[str], str] = json.encoder.encode_basestring


def pack(values: list[Any]) -> bytes:
    """Payload of these values: integers, texts, NULLs and bytes, each told apart from the others."""
    return _JSON([value.hex() if isinstance(value, bytes) else value for value in values]).encode("utf-8", "surrogateescape")


_ENTRY = (ledger_entry.c.id, ledger_entry.c.agency, ledger_entry.c.sequence, ledger_entry.c.leaf)
_PACKAGE = (package.c.package_id, package.c.sender, package.c.sha256)
_about = package.alias("about")
_SOURCES: dict[FactKind, tuple[ColumnElement[int], Select[Any]]] = {
    FactKind.EVIDENCE: (evidence.c.id, select(evidence.c.id, evidence.c.kind, evidence.c.sha256, evidence.c.data)),
    FactKind.TRUST: (trust.c.id, select(trust.c.id, trust.c.after, trust.c.statement)),
    FactKind.ADMISSION: (
        receipt.c.package,
        select(
            *package.c, receipt.c.statement, receipt.c.signature, skeleton.c.data, status.c.about, status.c.number, status.c.notation,
            status.c.year, status.c.code, status.c.description,
        )
        .select_from(receipt)
        .join(package, package.c.id == receipt.c.package)
        .join(skeleton, skeleton.c.package == receipt.c.package)
        .outerjoin(status, status.c.package == receipt.c.package),
    ),
    FactKind.VERDICT: (
        verdict.c.id,
        select(*verdict.c, *_PACKAGE, letter_stamp.c.stamped_at, letter_stamp.c.sub_indication, letter_stamp.c.verifies)
        .join(package, package.c.id == verdict.c.package)
        .outerjoin(letter_stamp, letter_stamp.c.package == verdict.c.package),
    ),
    FactKind.REFUSAL: (
        refusal.c.package,
        select(*package.c, refusal.c.about, refusal.c.recipient, refusal.c.rule, refusal.c.sub_indication, refusal.c.statement,
               refusal.c.signature, _about.c.package_id, _about.c.sender, _about.c.sha256)
        .select_from(refusal)
        .join(package, package.c.id == refusal.c.package)
        .join(_about, _about.c.id == refusal.c.about),
    ),
    FactKind.EVENT: (
        delivery_event.c.id,
        select(*delivery_event.c, delivery.c.document, delivery.c.recipient, package.c.package_id, package.c.sha256, delivery.c.organ,
               delivery.c.route)
        .join(delivery, delivery.c.id == delivery_event.c.delivery)
        .join(package, package.c.id == delivery.c.package),
    ),
    FactKind.REQUEST: (
        negotiation.c.id,
        select(
            negotiation.c.id, negotiation.c.kind, negotiation.c.delivery, negotiation.c.asked_by, negotiation.c.asked_at,
            negotiation.c.reason, negotiation.c.route, delivery.c.recipient, package.c.package_id, package.c.sha256,
        )
        .join(delivery, delivery.c.id == negotiation.c.delivery)
        .join(package, package.c.id == negotiation.c.asked_by),
    ),
    FactKind.ANSWER: (
        negotiation.c.id,
        select(
            negotiation.c.id, negotiation.c.step, negotiation.c.answered_by, negotiation.c.answered_at, delivery.c.recipient,
            package.c.package_id, package.c.sha256,
        )
        .join(delivery, delivery.c.id == negotiation.c.delivery)
        .join(package, package.c.id == negotiation.c.answered_by)
        .where(negotiation.c.step != "asked"),
    ),
}  # fmt: skip


def _paged(kind: FactKind) -> Select[Any]:
    """Facts of a kind with their entries, a page at a time in the order of their ids."""
    fact, source = _SOURCES[kind]
    joined = source.add_columns(*_ENTRY).outerjoin(ledger_entry, and_(ledger_entry.c.kind == kind.value, ledger_entry.c.fact == fact))
    return joined.where(fact > bindparam("after")).order_by(fact).limit(bindparam("limit"))


_PAGES = {kind: _paged(kind) for kind in FactKind}
_UNSEALED = {kind: page.where(ledger_entry.c.id.is_(None)) for kind, page in _PAGES.items()}
_BEHIND = {
    kind: source.where(fact > bindparam("after")).order_by(fact).limit(bindparam("limit")) for kind, (fact, source) in _SOURCES.items()
}
_ORPHANS = {
    kind: select(ledger_entry.c.id, ledger_entry.c.fact)
    .where(ledger_entry.c.kind == kind.value, ~source.where(fact == ledger_entry.c.fact).correlate(ledger_entry).exists())
    .order_by(ledger_entry.c.id)
    for kind, (fact, source) in _SOURCES.items()
}
_LAST = select(func.max(ledger_entry.c.fact)).where(ledger_entry.c.kind == bindparam("kind"))
_ATTACHED = (
    select(attachment.c.package, attachment.c.ordinal, blob.c.sha256, blob.c.size, blob.c.template, blob.c.data)
    .join(blob, blob.c.id == attachment.c.blob)
    .where(attachment.c.package >= bindparam("first"), attachment.c.package <= bindparam("last"))
    .order_by(attachment.c.package, attachment.c.ordinal)
)
KEYS: Mapping[FactKind, tuple[Table, Column[Any]]] = MappingProxyType({
    FactKind.EVIDENCE: (evidence, evidence.c.id), FactKind.TRUST: (trust, trust.c.id), FactKind.ADMISSION: (package, receipt.c.package),
    FactKind.VERDICT: (verdict, verdict.c.id), FactKind.REFUSAL: (refusal, refusal.c.package),
    FactKind.EVENT: (delivery_event, delivery_event.c.id), FactKind.REQUEST: (negotiation, negotiation.c.id),
    FactKind.ANSWER: (negotiation, negotiation.c.id),
})  # fmt: skip
"""The table and the column whose value is a fact's id."""
_IN_ANY_ORDER = frozenset({FactKind.ANSWER})
"""Kinds whose facts do not come in the order of their ids: they are few and looked for among all."""


def unsealed(work: Work, kind: FactKind, late: int, limit: int) -> list[Fact]:
    """Facts of a kind that no ledger entry speaks of yet, in the order of their ids.

    ``late``: how many ids before the last sealed one are looked at again, since another transaction may commit late.
    """
    last = work.value(_LAST, {"kind": kind.value})
    after = -1 if last is None or kind in _IN_ANY_ORDER else last - late
    # behind the last one sealed there are no entries, so none need be looked for
    statements = _UNSEALED if late or kind in _IN_ANY_ORDER else _BEHIND
    rows = work.rows(statements[kind], {"after": after, "limit": limit})
    return list(_facts(work, kind, rows))


def page(work: Work, kind: FactKind, after: int, limit: int) -> list[tuple[Any, Fact, Sealed | None]]:
    """Facts of a kind with ids above ``after``: the row as read, the fact, and its entry."""
    rows = work.rows(_PAGES[kind], {"after": after, "limit": limit})
    facts = _facts(work, kind, rows)
    return [(row, fact, None if row[-4] is None else Sealed._make(row[-4:])) for row, fact in zip(rows, facts, strict=True)]


def orphans(work: Work, kind: FactKind) -> list[tuple[Any, ...]]:
    """Entries whose fact is not there, or not with all that belongs to it: (entry, fact)."""
    return work.rows(_ORPHANS[kind])


def _facts(work: Work, kind: FactKind, rows: list[Any]) -> Iterator[Fact]:
    if kind is FactKind.ADMISSION:
        return _admissions(work, rows)
    return map(_MAKERS[kind], rows)


def _admissions(work: Work, rows: list[Any]) -> Iterator[Fact]:
    attached: dict[int, list[Any]] = {}
    if rows:
        for number, *one in work.rows(_ATTACHED, {"first": rows[0][0], "last": rows[-1][0]}):
            attached.setdefault(number, []).append(one)
    for row in rows:
        own = attached.get(row[0], [])
        try:
            payload = _admission(row, own)
        except (TypeError, AttributeError):  # SQLite keeps any type in any column
            values = [*row[:9], *map(_digest, row[9:12]), [[*map(_hex, one[:4]), _digest(one[4])] for one in own]]
            payload = pack(values if row[12] is None else [*values, *row[12:18]])
        yield Fact(row[0], row[2], row[1], _hex(row[3]) or "", payload)


def _admission(row: Any, attached: Sequence[Any]) -> bytes:
    """As :func:`pack` would write it, in a third of the time. Raises TypeError or AttributeError for a value of an unusual type."""
    number, name, sender, digest, kind, size, at, priority, operation, statement, signature, skeleton, about, *said = row
    text = (
        f'[{number},{_QUOTED(name)},{_QUOTED(sender)},"{digest.hex()}",{_QUOTED(kind)},{size},{at},{priority},{operation},'
        f'"{sha256(statement).hexdigest()}","{sha256(signature).hexdigest()}","{sha256(skeleton).hexdigest()}",'
        f"[{','.join([_attachment(*one) for one in attached])}]"
    )
    if about is not None:
        reported, notation, year, code, description = said[:5]
        text += f",{_QUOTED(about)},{_QUOTED(reported)},{_QUOTED(notation)},{year},{_QUOTED(code)},{_QUOTED(description)}"
    return f"{text}]".encode("utf-8", "surrogateescape")


def _attachment(ordinal: int, digest: bytes, size: int, template: bytes | None, data: bytes | None) -> str:
    packed = "null" if template is None else f'"{template.hex()}"'
    kept = "null" if data is None else f'"{sha256(data).hexdigest()}"'
    return f'[{ordinal},"{digest.hex()}",{size},{packed},{kept}]'


def _hex(value: bytes | None) -> str | None:
    return value.hex() if isinstance(value, bytes) else value


def _digest(value: bytes | None) -> str | None:
    """Digest of bytes too long to stand in a payload; of what is no bytes, itself."""
    return sha256(value).hexdigest() if isinstance(value, bytes) else value


def _evidence(row: Any) -> Fact:
    return Fact(row[0], "", "", "", pack([*row[:3], _digest(row[3])]))


def _trust(row: Any) -> Fact:
    return Fact(row[0], "", "", "", pack([*row[:2], _digest(row[2])]))


def _verdict(row: Any) -> Fact:
    stamps = list(row[11:14]) if row[13] is not None else []
    return Fact(row[0], row[9], row[8], _hex(row[10]) or "", pack([*row[:8], *stamps]))


def _refusal(row: Any) -> Fact:
    return Fact(row[0], row[16], row[15], _hex(row[17]) or "", pack(list(row[:15])))


def _event(row: Any) -> Fact:
    number, about, at, state, cause, reason, document, recipient, package_id, digest, organ, route, *_ = row
    # whose mailbox and by which road is decided when a delivery leaves its first state, and never again
    first = state == _FIRST
    try:  # as pack() would write it: events are most of what there is, and this takes a third of the time
        text = f"[{number},{about},{at},{_QUOTED(state)},{cause},{_QUOTED(reason)},{document},{_QUOTED(recipient)}"
        text += "]" if first else f",{_QUOTED(organ)},{_QUOTED(route)}]"
        payload = text.encode("utf-8", "surrogateescape")
    except TypeError:  # SQLite keeps any type in any column
        payload = pack([*row[:8]] if first else [*row[:8], organ, route])
    return Fact(number, recipient, package_id, _hex(digest) or "", payload)


def _request(row: Any) -> Fact:
    return Fact(row[0], row[7], row[8], _hex(row[9]) or "", pack(list(row[:8])))


def _answer(row: Any) -> Fact:
    return Fact(row[0], row[4], row[5], _hex(row[6]) or "", pack(list(row[:5])))


_MAKERS: dict[FactKind, Callable[[Any], Fact]] = {
    FactKind.EVIDENCE: _evidence, FactKind.TRUST: _trust, FactKind.VERDICT: _verdict, FactKind.REFUSAL: _refusal,
    FactKind.EVENT: _event, FactKind.REQUEST: _request, FactKind.ANSWER: _answer,
}  # fmt: skip
