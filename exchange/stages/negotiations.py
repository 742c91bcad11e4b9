"""Negotiation records in the database: asked by a package, answered by another, about one delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import DeliveryState, Event, allowed
from exchange.domain.negotiation import Kind, Negotiation, Step, ask
from exchange.stages.mail import instant
from exchange.stages.moves import Held, Moves
from exchange.store.tables import document, negotiation
from exchange.store.work import Work

_OF_DELIVERY = (
    select(
        negotiation.c.id, negotiation.c.kind, negotiation.c.asked_at, negotiation.c.reason, negotiation.c.step, negotiation.c.answered_at
    )
    .where(negotiation.c.delivery == bindparam("delivery"))
    .order_by(negotiation.c.id)
)
_REPLACES = select(negotiation.c.id, negotiation.c.delivery).where(
    negotiation.c.asked_by == bindparam("asked_by"), negotiation.c.kind == Kind.REPLACE.value, negotiation.c.step == Step.ASKED.value
)
_KEY = select(document.c.sender, document.c.number, document.c.notation, document.c.year).where(document.c.id == bindparam("id"))
_ASK = insert(negotiation)
_CLOSE = (
    update(negotiation)
    .where(negotiation.c.id == bindparam("b_id"), negotiation.c.step == Step.ASKED.value)
    .values(step=bindparam("b_step"), answered_by=bindparam("b_by"), answered_at=bindparam("b_at"))
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A negotiation with its row id."""

    id: int
    record: Negotiation


_COMING = (DeliveryState.RECEIVED, DeliveryState.IN_TRANSIT, DeliveryState.WAITING)
_OUTCOMES = {
    Kind.RECALL: Event.RECALL_AGREED,
    Kind.TAKE_BACK: Event.TAKE_BACK_AGREED,
    Kind.UPDATE: Event.UPDATE_AGREED,
    Kind.REPLACE: Event.REPLACEMENT_REGISTERED,
}


def can_be_asked(held: Held, kind: Kind) -> bool:
    """Whether an answer could still move the delivery: it is at the recipient in a state the table knows, or on its way there."""
    return held.state in _COMING or allowed(held.state, _OUTCOMES[kind])


def earlier(work: Work, held: Held) -> list[Recorded]:
    """Every negotiation about one delivery, oldest first."""
    rows = work.all(_OF_DELIVERY, {"delivery": held.id})
    if not rows:
        return []
    key = document_key(work, held.document)
    return [Recorded(row.id, _record(key, held, row)) for row in rows]


def document_key(work: Work, number: int) -> DocumentKey:
    """The key of one document row."""
    (row,) = work.all(_KEY, {"id": number})
    return DocumentKey(OrganId(row.sender), row.number, row.notation, row.year)


def _record(key: DocumentKey, held: Held, row: Any) -> Negotiation:
    answered = None if row.answered_at is None else instant(row.answered_at)
    return Negotiation(Kind(row.kind), key, OrganId(held.recipient), instant(row.asked_at), row.reason, Step(row.step), answered)


def check_request(work: Work, kind: Kind, held: Held, *, at: int, reason: str) -> None:
    """Raises :class:`NegotiationClosed` when this may not be asked now."""
    request = Negotiation(kind, document_key(work, held.document), OrganId(held.recipient), instant(at), reason)
    ask([one.record for one in earlier(work, held)], request)


def open_request(work: Work, kind: Kind, held: Held, *, asked_by: int, at: int, reason: str, route: str) -> None:
    """Record a request. Raises :class:`NegotiationClosed` when none may be asked now."""
    check_request(work, kind, held, at=at, reason=reason)
    work.run(
        _ASK,
        {
            "kind": kind.value, "delivery": held.id, "asked_by": asked_by, "asked_at": at, "reason": reason, "step": Step.ASKED.value,
            "route": route, "answered_by": None, "answered_at": None,
        },
    )  # fmt: skip


def close_request(work: Work, one: Recorded, closed: Negotiation, *, by: int, at: int) -> None:
    """Record the answer."""
    work.run(_CLOSE, {"b_id": one.id, "b_step": closed.step.value, "b_by": by, "b_at": at})


def replaced_by(work: Work, package: int) -> list[tuple[int, int]]:
    """Replacements still open that this package asked for: (negotiation, delivery of the old document)."""
    return [(row.id, row.delivery) for row in work.all(_REPLACES, {"asked_by": package})]


def close_replacement(work: Work, number: int, *, by: int, at: int, registered: bool = True) -> None:
    """The new document was registered, or it ended otherwise and will replace nothing."""
    work.run(_CLOSE, {"b_id": number, "b_step": (Step.AGREED if registered else Step.REFUSED).value, "b_by": by, "b_at": at})


_ENDED = frozenset({DeliveryState.RETURNED, DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.TAKEN_BACK, DeliveryState.RECALLED})


def end_replacements(work: Work, moves: Moves, held: Held, *, by: int, at: int) -> None:
    """A delivery came to an end: what it was to replace at this recipient stands, and may be recalled or replaced again."""
    if held.state not in _ENDED:
        return
    for number, old in replaced_by(work, held.package):
        if moves.by_id(old).organ == held.organ:
            close_replacement(work, number, by=by, at=at, registered=False)
