"""The facts the ledger is over, read as they stand: what is sealed, and what an audit reads again. One reading for both.

A fact is one row of history with what belongs to it; :mod:`exchange.store.payloads` says how it is written.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, Table, and_, bindparam, select

from exchange.store import payloads
from exchange.store.dialect import keep_plans_short
from exchange.store.payloads import digest_of, hexadecimal, pack
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


Found = tuple[Any, Fact, Sealed | None]
"""A row as read, the fact it is, and its entry."""
Attached = dict[int, list[Any]]
"""Rows of attachments by package: package, ordinal, blob, and of that its SHA-256, size, template, data and upload."""
_sealed: Callable[[tuple[Any, ...]], Sealed] = partial(tuple.__new__, Sealed)
_fact: Callable[[tuple[int, str, str, str, bytes]], Fact] = partial(tuple.__new__, Fact)
"""As ``Sealed._make`` and ``Fact._make``, in half the time: rows have the length they have."""
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
_ATTACHMENTS = (
    select(attachment.c.package, attachment.c.ordinal, blob.c.id, blob.c.sha256, blob.c.size, blob.c.template, blob.c.data, blob.c.upload)
    .join(blob, blob.c.id == attachment.c.blob)
    .order_by(attachment.c.package, attachment.c.ordinal)
)
_ATTACHED = _ATTACHMENTS.where(attachment.c.package.in_(bindparam("facts", expanding=True)))
_ATTACHED_BETWEEN = _ATTACHMENTS.where(attachment.c.package.between(bindparam("first"), bindparam("last")))
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


def page(work: Work, kind: FactKind, after: int, limit: int) -> list[Found]:
    """Facts of a kind with ids above ``after``."""
    if kind is FactKind.ADMISSION:
        return admissions(work, after, limit)[0]
    rows = work.rows(_PAGES[kind], {"after": after, "limit": limit})
    make = _MAKERS[kind]
    return [(row, make(row), _entry(row)) for row in rows]


def admissions(work: Work, after: int, limit: int) -> tuple[list[Found], Attached]:
    """As :func:`page` of admissions, with the rows of their attachments."""
    rows = work.rows(_PAGES[FactKind.ADMISSION], {"after": after, "limit": limit})
    attached = _by_package(work.rows(_ATTACHED_BETWEEN, {"first": rows[0][0], "last": rows[-1][0]}) if rows else ())
    return [(row, _admission(row, attached.get(row[0], ())), _entry(row)) for row in rows], attached


def one(work: Work, kind: FactKind, fact: int) -> Found:
    """One fact, as :func:`page` gives many. Raises LookupError when it is not there, or not with all that belongs to it."""
    rows = work.rows(_ENTERED[kind], {"fact": fact})
    if not rows:
        raise LookupError(f"there is no {kind} {fact}")
    (found,) = _facts(work, kind, rows)
    return rows[0], found, _entry(rows[0])


def _entry(row: Any) -> Sealed | None:
    return None if row[-4] is None else _sealed(row[-4:])


def orphans(work: Work, kind: FactKind) -> list[tuple[Any, ...]]:
    """Entries whose fact is not there, or not with all that belongs to it: (entry, fact)."""
    return work.rows(_ORPHANS[kind])


def _facts(work: Work, kind: FactKind, rows: list[Any]) -> Iterable[Fact]:
    if kind is not FactKind.ADMISSION:
        return map(_MAKERS[kind], rows)
    attached = _by_package(work.rows_of(_ATTACHED, "facts", [row[0] for row in rows]))
    return [_admission(row, attached.get(row[0], ())) for row in rows]


def _by_package(rows: Iterable[Any]) -> Attached:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _admission(row: Any, attached: Sequence[Any]) -> Fact:
    return _fact((row[0], row[2], row[1], hexadecimal(row[3]) or "", payloads.admission(row, attached)))


def _evidence(row: Any) -> Fact:
    return Fact(row[0], "", "", "", pack([row[1], row[2], digest_of(row[3])]))


def _trust(row: Any) -> Fact:
    """From which verdict on these terms hold is told by the package judged last before; '' for terms that hold from the beginning."""
    return Fact(row[0], "", "", "", pack(["" if row[1] == 0 else row[3], digest_of(row[2])]))


def _verdict(row: Any) -> Fact:
    return _fact((row[0], row[9], row[8], hexadecimal(row[10]) or "", payloads.verdict(row)))


def _refusal(row: Any) -> Fact:
    return Fact(row[0], row[16], row[15], hexadecimal(row[17]) or "", pack([*row[1:9], *row[10:15]]))


def _event(row: Any) -> Fact:
    return _fact((row[0], row[7], row[8], hexadecimal(row[9]) or "", payloads.event(row)))


def _request(row: Any) -> Fact:
    number, kind, _, _, at, reason, route, recipient, package_id, digest, carrier, *_ = row
    return Fact(number, recipient, package_id, hexadecimal(digest) or "", pack([kind, carrier, recipient, at, reason, route]))


def _answer(row: Any) -> Fact:
    number, step, _, at, recipient, package_id, digest, kind, asker, carrier, *_ = row
    return Fact(number, recipient, package_id, hexadecimal(digest) or "", pack([kind, asker, carrier, recipient, step, at]))


_MAKERS: dict[FactKind, Callable[[Any], Fact]] = {
    FactKind.EVIDENCE: _evidence, FactKind.TRUST: _trust, FactKind.VERDICT: _verdict, FactKind.REFUSAL: _refusal,
    FactKind.EVENT: _event, FactKind.REQUEST: _request, FactKind.ANSWER: _answer,
}  # fmt: skip
