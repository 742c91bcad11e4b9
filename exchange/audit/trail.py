"""What became of one package, as the archive tells it: the way to each recipient, and every package that moved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from exchange.api import PackageKind
from exchange.audit.entered import Fact, Proven, Prover
from exchange.audit.holdings import Holdings
from exchange.stages.mail import instant
from exchange.store.facts import FactKind
from exchange.store.tables import delivery, delivery_event, document, package, receipt, refusal
from exchange.store.work import Work

MOST_OTHERS = 2000
"""Packages about one document that are gathered: a broadcast to a whole province has that many answers."""
RECEIPT = select(receipt.c.statement, receipt.c.signature).where(receipt.c.package == bindparam("package"))
_NOTICE = select(refusal.c.statement, refusal.c.signature).where(refusal.c.package == bindparam("package"))
_REFUSED = select(refusal.c.package).where(refusal.c.about == bindparam("package"))
_HOPS = (
    select(
        delivery.c.id, delivery.c.recipient, delivery.c.organ, delivery.c.route, delivery.c.available_at, delivery.c.transport,
        delivery.c.transport_at, package.c.package_id.label("founder"),
    )
    .join(document, document.c.id == delivery.c.document)
    .join(package, package.c.id == document.c.package)
    .where((document.c.package == bindparam("package")) | (delivery.c.package == bindparam("package")))
    .order_by(delivery.c.id)
)  # fmt: skip
_EVENTS = (
    select(
        delivery_event.c.id, delivery_event.c.delivery, delivery_event.c.at, delivery_event.c.state, delivery_event.c.reason,
        delivery_event.c.cause, package.c.package_id,
    )
    .join(package, package.c.id == delivery_event.c.cause)
    .where(delivery_event.c.delivery.in_(bindparam("deliveries", expanding=True)))
    .order_by(delivery_event.c.id)
)  # fmt: skip
_OTHERS = (
    select(package.c.id, package.c.package_id, package.c.kind, package.c.sender, package.c.admitted_at)
    .where(package.c.id.in_(bindparam("rows", expanding=True)))
    .order_by(package.c.id)
)


@dataclass(frozen=True, slots=True)
class Word:
    """A statement of the axis and its detached CAdES-B over it."""

    statement: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a delivery; ``cause`` is the package that moved it, ``entry`` its place in the ledger, where that is proven."""

    at: datetime
    state: str
    cause: str
    reason: str
    entry: int | None


@dataclass(frozen=True, slots=True)
class Journey:
    """The way to one recipient: hops joined by ``>``, when it lay in the mailbox, what the recipient's software said, and every step.

    ``founder`` is the package that brought the document.
    """

    founder: str
    recipient: str
    organ: str
    route: str
    available_at: datetime | None
    transport: str
    transport_at: datetime | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Another package that moved the document: a status, a recall, an update, with its receipt; or a refusal, which has no bytes.

    ``entry`` is its place in the ledger, where that is proven.
    """

    package_id: str
    kind: str
    sender: str
    admitted_at: datetime
    data: bytes
    word: Word | None
    entry: int | None


@dataclass(frozen=True, slots=True)
class Trail:
    """``omitted`` counts packages beyond :data:`MOST_OTHERS`."""

    journeys: tuple[Journey, ...]
    others: tuple[Other, ...]
    omitted: int


def follow(holdings: Holdings, row: int, prover: Prover) -> Trail:
    """The trail of the package with this row id. Raises :class:`exchange.errors.StoreError` where the file is damaged."""
    with holdings.store.reading() as work:
        hops = work.all(_HOPS, {"package": row})
        events: dict[int, list[Any]] = {hop.id: [] for hop in hops}
        for event in work.all_of(_EVENTS, "deliveries", list(events)):
            events[event.delivery].append(event)
        causes = {event.cause for found in events.values() for event in found}
        causes |= {one[0] for one in work.all(_REFUSED, {"package": row})}
        rows = sorted(causes - {row})
        others = work.all_of(_OTHERS, "rows", rows[:MOST_OTHERS])
        words = {one.id: _word(work, one) for one in others}
    steps = prover.prove((FactKind.EVENT, event.id) for found in events.values() for event in found)
    taken_in = prover.prove((_fact_kind(one), one.id) for one in others)
    journeys = tuple(_journey(hop, events[hop.id], steps) for hop in hops)
    gathered = (
        Other(
            one.package_id, one.kind, one.sender, instant(one.admitted_at),
            b"" if one.kind == PackageKind.REFUSAL else holdings.package(one.id), words[one.id], _entry(taken_in, _fact_kind(one), one.id),
        )
        for one in others
    )  # fmt: skip
    return Trail(journeys, tuple(gathered), max(0, len(rows) - MOST_OTHERS))


def _fact_kind(other: Any) -> FactKind:
    return FactKind.REFUSAL if other.kind == PackageKind.REFUSAL else FactKind.ADMISSION


def _entry(proven: Mapping[Fact, Proven], kind: FactKind, number: int) -> int | None:
    found = proven.get((kind, number))
    return None if found is None else found.index


def _word(work: Work, other: Any) -> Word | None:
    found = work.first(_NOTICE if other.kind == PackageKind.REFUSAL else RECEIPT, {"package": other.id})
    return None if found is None else Word(found.statement, found.signature)


def _journey(hop: Any, events: list[Any], proven: Mapping[Fact, Proven]) -> Journey:
    steps = tuple(
        Step(instant(one.at), one.state, one.package_id, one.reason, _entry(proven, FactKind.EVENT, one.id)) for one in events
    )  # fmt: skip
    available, fetched = (None if moment is None else instant(moment) for moment in (hop.available_at, hop.transport_at))
    return Journey(hop.founder, hop.recipient, hop.organ, hop.route, available, hop.transport, fetched, steps)
