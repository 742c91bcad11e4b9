"""The facts the ledger is over, read as they stand: what is sealed, and what an audit reads again. One reading for both.

A fact is one row of history with what belongs to it. Its payload is a JSON array of the values in a fixed order (bytes as hexadecimal
digits), so that whoever has the database can compute it with a few lines of any language. Every column of the row is in it, or follows
from what is; but no row id: other rows are named by their packages, so that two axes to which the same happened have the same ledger.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, and_, bindparam, select

from exchange.domain.lifecycle import DeliveryState
from exchange.store.dialect import keep_plans_short
from exchange.store.tables import (
    attachment,
    blob,
    delivery,
    delivery_event,
    document,
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
_about, _cause, _founder, _carrier = (package.alias(name) for name in ("about", "cause", "founder", "carrier"))


class _Source(NamedTuple):
    """Where the facts of a kind stand: the column of their ids, the query, and the order in which one sealing takes them.

    What the order goes by are facts. Row ids decide only between packages that one sender handed in within one second, and between events
    of one delivery: there they are the order in which it happened.
    """

    fact: ColumnElement[int]
    query: Select[Any]
    order: tuple[ColumnElement[Any], ...]


_SOURCES: dict[FactKind, _Source] = {
    FactKind.EVIDENCE: _Source(
        evidence.c.id,
        select(evidence.c.id, evidence.c.kind, evidence.c.sha256, evidence.c.data).select_from(evidence),
        (evidence.c.kind, evidence.c.sha256),
    ),
    FactKind.TRUST: _Source(
        trust.c.id,
        select(trust.c.id, trust.c.after, trust.c.statement, package.c.package_id)
        .select_from(trust)
        .outerjoin(verdict, verdict.c.id == trust.c.after)
        .outerjoin(package, package.c.id == verdict.c.package),
        (trust.c.id,),
    ),
    FactKind.ADMISSION: _Source(
        receipt.c.package,
        select(
            *package.c, receipt.c.statement, receipt.c.signature, skeleton.c.data, status.c.about, status.c.number, status.c.notation,
            status.c.year, status.c.code, status.c.description,
        )
        .select_from(receipt)
        .join(package, package.c.id == receipt.c.package)
        .join(skeleton, skeleton.c.package == receipt.c.package)
        .outerjoin(status, status.c.package == receipt.c.package),
        (package.c.admitted_at, package.c.sender, package.c.id),
    ),
    FactKind.VERDICT: _Source(
        verdict.c.id,
        select(*verdict.c, *_PACKAGE, letter_stamp.c.stamped_at, letter_stamp.c.sub_indication, letter_stamp.c.verifies)
        .select_from(verdict)
        .join(package, package.c.id == verdict.c.package)
        .outerjoin(letter_stamp, letter_stamp.c.package == verdict.c.package),
        (verdict.c.at, package.c.sender, package.c.id),
    ),
    FactKind.REFUSAL: _Source(
        refusal.c.package,
        select(*package.c, refusal.c.about, refusal.c.recipient, refusal.c.rule, refusal.c.sub_indication, refusal.c.statement,
               refusal.c.signature, _about.c.package_id, _about.c.sender, _about.c.sha256)
        .select_from(refusal)
        .join(package, package.c.id == refusal.c.package)
        .join(_about, _about.c.id == refusal.c.about),
        (package.c.admitted_at, _about.c.sender, _about.c.id, refusal.c.recipient),
    ),
    FactKind.EVENT: _Source(
        delivery_event.c.id,
        select(*delivery_event.c, delivery.c.document, delivery.c.recipient, package.c.package_id, package.c.sha256, delivery.c.organ,
               delivery.c.route, _cause.c.package_id, _founder.c.package_id)
        .select_from(delivery_event)
        .join(delivery, delivery.c.id == delivery_event.c.delivery)
        .join(package, package.c.id == delivery.c.package)
        .join(_cause, _cause.c.id == delivery_event.c.cause)
        .join(document, document.c.id == delivery.c.document)
        .join(_founder, _founder.c.id == document.c.package),
        (delivery_event.c.at, _cause.c.sender, _cause.c.id, package.c.id, delivery.c.recipient, delivery_event.c.id),
    ),
    FactKind.REQUEST: _Source(
        negotiation.c.id,
        select(
            negotiation.c.id, negotiation.c.kind, negotiation.c.delivery, negotiation.c.asked_by, negotiation.c.asked_at,
            negotiation.c.reason, negotiation.c.route, delivery.c.recipient, package.c.package_id, package.c.sha256, _carrier.c.package_id,
        )
        .select_from(negotiation)
        .join(delivery, delivery.c.id == negotiation.c.delivery)
        .join(package, package.c.id == negotiation.c.asked_by)
        .join(_carrier, _carrier.c.id == delivery.c.package),
        (negotiation.c.asked_at, package.c.sender, package.c.id, delivery.c.recipient, _carrier.c.id),
    ),
    FactKind.ANSWER: _Source(
        negotiation.c.id,
        select(
            negotiation.c.id, negotiation.c.step, negotiation.c.answered_by, negotiation.c.answered_at, delivery.c.recipient,
            package.c.package_id, package.c.sha256, negotiation.c.kind, _cause.c.package_id, _carrier.c.package_id,
        )
        .select_from(negotiation)
        .join(delivery, delivery.c.id == negotiation.c.delivery)
        .join(package, package.c.id == negotiation.c.answered_by)
        .join(_cause, _cause.c.id == negotiation.c.asked_by)
        .join(_carrier, _carrier.c.id == delivery.c.package)
        .where(negotiation.c.step != "asked"),
        (negotiation.c.answered_at, package.c.sender, package.c.id, delivery.c.recipient, _carrier.c.id, _cause.c.id),
    ),
}  # fmt: skip


def _with_entries(kind: FactKind, query: Select[Any]) -> Select[Any]:
    return query.outerjoin(ledger_entry, and_(ledger_entry.c.kind == kind.value, ledger_entry.c.fact == _SOURCES[kind].fact))


def _paged(kind: FactKind) -> Select[Any]:
    """Facts of a kind with their entries, a page at a time in the order of their ids."""
    fact, source, _ = _SOURCES[kind]
    joined = _with_entries(kind, source).add_columns(*_ENTRY)
    return joined.where(fact > bindparam("after")).order_by(fact).limit(bindparam("limit"))


def _unsealed(kind: FactKind) -> Select[Any]:
    """Ids of the facts of a kind that have no entry, in the order in which they are to be entered."""
    fact, source, order = _SOURCES[kind]
    # that entries are looked at from the same id on follows from the join, but a planner does not see it: it would read the whole ledger
    entry = and_(ledger_entry.c.kind == kind.value, ledger_entry.c.fact == fact, ledger_entry.c.fact > bindparam("after"))
    joined = source.outerjoin(ledger_entry, entry).with_only_columns(fact)
    return joined.where(fact > bindparam("after"), ledger_entry.c.id.is_(None)).order_by(*order)


_PAGES = {kind: _paged(kind) for kind in FactKind}
_UNSEALED = {kind: _unsealed(kind) for kind in FactKind}
_ENTERED = {
    kind: _with_entries(kind, source.query).add_columns(*_ENTRY).where(source.fact == bindparam("fact"))
    for kind, source in _SOURCES.items()
}
_THESE = {kind: source.query.where(source.fact.in_(bindparam("facts", expanding=True))) for kind, source in _SOURCES.items()}
_ORPHANS = {
    kind: select(ledger_entry.c.id, ledger_entry.c.fact)
    .where(ledger_entry.c.kind == kind.value, ~source.where(fact == ledger_entry.c.fact).correlate(ledger_entry).exists())
    .order_by(ledger_entry.c.id)
    for kind, (fact, source, _) in _SOURCES.items()
}
_BEYOND = 1 << 62
_LAST = (  # SQLite keeps any type in any column, and orders what is no number behind all numbers
    select(ledger_entry.c.fact)
    .where(ledger_entry.c.kind == bindparam("kind"), ledger_entry.c.id < bindparam("size"), ledger_entry.c.fact < _BEYOND)
    .order_by(ledger_entry.c.fact.desc())
    .limit(1)
)
_ATTACHED = (
    select(attachment.c.package, attachment.c.ordinal, blob.c.sha256, blob.c.size, blob.c.template, blob.c.data)
    .join(blob, blob.c.id == attachment.c.blob)
    .where(attachment.c.package.in_(bindparam("facts", expanding=True)))
    .order_by(attachment.c.package, attachment.c.ordinal)
)
KEYS: Mapping[FactKind, tuple[Table, Column[Any]]] = MappingProxyType({
    FactKind.EVIDENCE: (evidence, evidence.c.id), FactKind.TRUST: (trust, trust.c.id), FactKind.ADMISSION: (package, receipt.c.package),
    FactKind.VERDICT: (verdict, verdict.c.id), FactKind.REFUSAL: (refusal, refusal.c.package),
    FactKind.EVENT: (delivery_event, delivery_event.c.id), FactKind.REQUEST: (negotiation, negotiation.c.id),
    FactKind.ANSWER: (negotiation, negotiation.c.id),
})  # fmt: skip
"""The table and the column whose value is a fact's id."""
_SHORT_SECONDS, _LONG_SECONDS = 30, 600
"""For some hundred facts by their ids; and for what no sealing has seen, which the first time may be a whole database."""
_IN_ANY_ORDER = frozenset({FactKind.ANSWER})
"""Kinds whose facts do not come in the order of their ids: they are few and looked for among all."""


def last_sealed(work: Work, kind: FactKind, size: int) -> int | None:
    """The highest fact of a kind among the first ``size`` entries: one sealing takes all there are, so what lies below has an entry,
    but for what a slow transaction brought since."""
    found = work.value(_LAST, {"kind": kind.value, "size": size})
    return None if found is None else int(found)


def unsealed(work: Work, kind: FactKind, size: int, late: int) -> array[int]:
    """Ids of the facts of a kind that no ledger entry speaks of yet, in the order in which they are to be entered.

    ``size``: entries of the newest checkpoint. ``late``: how many ids before the last one sealed there are looked at again, since another
    transaction may commit late.
    """
    keep_plans_short(work, _LONG_SECONDS)
    last = None if kind in _IN_ANY_ORDER else last_sealed(work, kind, size)
    return array("q", [row[0] for row in work.rows(_UNSEALED[kind], {"after": -1 if last is None else last - late})])


def these(work: Work, kind: FactKind, facts: Sequence[int]) -> list[Fact]:
    """The facts of these ids, in this order."""
    keep_plans_short(work, _SHORT_SECONDS, by_ids=True)
    found = {fact.id: fact for fact in _facts(work, kind, work.rows_of(_THESE[kind], "facts", facts))}
    return [found[number] for number in facts]


def page(work: Work, kind: FactKind, after: int, limit: int) -> list[tuple[Any, Fact, Sealed | None]]:
    """Facts of a kind with ids above ``after``: the row as read, the fact, and its entry."""
    rows = work.rows(_PAGES[kind], {"after": after, "limit": limit})
    facts = _facts(work, kind, rows)
    return [(row, fact, _entry(row)) for row, fact in zip(rows, facts, strict=True)]


def one(work: Work, kind: FactKind, fact: int) -> tuple[Any, Fact, Sealed | None]:
    """One fact, as :func:`page` gives many. Raises LookupError when it is not there, or not with all that belongs to it."""
    rows = work.rows(_ENTERED[kind], {"fact": fact})
    if not rows:
        raise LookupError(f"there is no {kind} {fact}")
    (found,) = _facts(work, kind, rows)
    return rows[0], found, _entry(rows[0])


def _entry(row: Any) -> Sealed | None:
    return None if row[-4] is None else Sealed._make(row[-4:])


def orphans(work: Work, kind: FactKind) -> list[tuple[Any, ...]]:
    """Entries whose fact is not there, or not with all that belongs to it: (entry, fact)."""
    return work.rows(_ORPHANS[kind])


def _facts(work: Work, kind: FactKind, rows: list[Any]) -> Iterator[Fact]:
    if kind is FactKind.ADMISSION:
        return _admissions(work, rows)
    return map(_MAKERS[kind], rows)


def _admissions(work: Work, rows: list[Any]) -> Iterator[Fact]:
    attached: dict[int, list[Any]] = {}
    for number, *one in work.rows_of(_ATTACHED, "facts", [row[0] for row in rows]):
        attached.setdefault(number, []).append(one)
    for row in rows:
        own = attached.get(row[0], [])
        try:
            payload = _admission(row, own)
        except _OF_ANY_TYPE:  # SQLite keeps any type in any column
            values = [*row[1:9], *map(_digest, row[9:12]), [[*map(_hex, one[:4]), _digest(one[4])] for one in own]]
            payload = pack(values if row[12] is None else [*values, *row[12:18]])
        yield Fact(row[0], row[2], row[1], _hex(row[3]) or "", payload)


_OF_ANY_TYPE = (TypeError, ValueError, AttributeError)


def _admission(row: Any, attached: Sequence[Any]) -> bytes:
    """As :func:`pack` would write it, in a third of the time. Raises one of ``_OF_ANY_TYPE`` for a value of an unusual type."""
    _, name, sender, digest, kind, size, at, priority, operation, statement, signature, skeleton, about, *said = row
    text = (
        f'[{_QUOTED(name)},{_QUOTED(sender)},"{digest.hex()}",{_QUOTED(kind)},{size:d},{at:d},{priority:d},{operation:d},'
        f'"{sha256(statement).hexdigest()}","{sha256(signature).hexdigest()}","{sha256(skeleton).hexdigest()}",'
        f"[{','.join([_attachment(*one) for one in attached])}]"
    )
    if about is not None:
        reported, notation, year, code, description = said[:5]
        text += f",{_QUOTED(about)},{_QUOTED(reported)},{_QUOTED(notation)},{year:d},{_QUOTED(code)},{_QUOTED(description)}"
    return f"{text}]".encode("utf-8", "surrogateescape")


def _attachment(ordinal: int, digest: bytes, size: int, template: bytes | None, data: bytes | None) -> str:
    packed = "null" if template is None else f'"{template.hex()}"'
    kept = "null" if data is None else f'"{sha256(data).hexdigest()}"'
    return f'[{ordinal:d},"{digest.hex()}",{size:d},{packed},{kept}]'


def _hex(value: bytes | None) -> str | None:
    return value.hex() if isinstance(value, bytes) else value


def _digest(value: bytes | None) -> str | None:
    """Digest of bytes too long to stand in a payload; of what is no bytes, itself."""
    return sha256(value).hexdigest() if isinstance(value, bytes) else value


def _evidence(row: Any) -> Fact:
    return Fact(row[0], "", "", "", pack([row[1], row[2], _digest(row[3])]))


def _trust(row: Any) -> Fact:
    """From which verdict on these terms hold is told by the package judged last before; '' for terms that hold from the beginning."""
    return Fact(row[0], "", "", "", pack(["" if row[1] == 0 else row[3], _digest(row[2])]))


def _verdict(row: Any) -> Fact:
    stamps = list(row[11:14]) if row[13] is not None else []
    return Fact(row[0], row[9], row[8], _hex(row[10]) or "", pack([*row[2:8], *stamps]))


def _refusal(row: Any) -> Fact:
    return Fact(row[0], row[16], row[15], _hex(row[17]) or "", pack([*row[1:9], *row[10:15]]))


def _event(row: Any) -> Fact:
    number, _, at, state, _, reason, _, recipient, package_id, digest, organ, route, cause, founder, *_ = row
    # whose mailbox and by which road is decided when a delivery leaves its first state, and never again
    first = state == _FIRST
    try:  # as pack() would write it: events are most of what there is, and this takes a third of the time
        text = f"[{at:d},{_QUOTED(state)},{_QUOTED(cause)},{_QUOTED(reason)},{_QUOTED(founder)},{_QUOTED(recipient)}"
        text += "]" if first else f",{_QUOTED(organ)},{_QUOTED(route)}]"
        payload = text.encode("utf-8", "surrogateescape")
    except _OF_ANY_TYPE:
        said = [at, state, cause, reason, founder, recipient]
        payload = pack(said if first else [*said, organ, route])
    return Fact(number, recipient, package_id, _hex(digest) or "", payload)


def _request(row: Any) -> Fact:
    number, kind, _, _, at, reason, route, recipient, package_id, digest, carrier, *_ = row
    return Fact(number, recipient, package_id, _hex(digest) or "", pack([kind, carrier, recipient, at, reason, route]))


def _answer(row: Any) -> Fact:
    number, step, _, at, recipient, package_id, digest, kind, asker, carrier, *_ = row
    return Fact(number, recipient, package_id, _hex(digest) or "", pack([kind, asker, carrier, recipient, step, at]))


_MAKERS: dict[FactKind, Callable[[Any], Fact]] = {
    FactKind.EVIDENCE: _evidence, FactKind.TRUST: _trust, FactKind.VERDICT: _verdict, FactKind.REFUSAL: _refusal,
    FactKind.EVENT: _event, FactKind.REQUEST: _request, FactKind.ANSWER: _answer,
}  # fmt: skip
