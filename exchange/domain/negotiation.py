"""Four negotiations about a document already sent, each with its own record: recall, take-back, update, replace.

*Thu hồi* (recall, package type 1: the document is void) is not *lấy lại* (take-back, code 13: it was sent to the wrong place). Both, and an
update (type 2), are answered by 15 or 16. A replacement (type 3) is a document of its own and knows no 15/16: the old one becomes replaced
when the recipient registers the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import Event, Operation, StatusCode
from exchange.errors import NegotiationClosed


class Kind(StrEnum):
    """What is asked."""

    RECALL = "recall"
    TAKE_BACK = "take-back"
    UPDATE = "update"
    REPLACE = "replace"

    @classmethod
    def of(cls, operation: Operation) -> Kind | None:
        """The negotiation a package of this type opens; ``None`` for a new document."""
        return _BY_OPERATION.get(operation)


class Step(StrEnum):
    """How far it got."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"


_BY_OPERATION = {Operation.RECALL: Kind.RECALL, Operation.UPDATE: Kind.UPDATE, Operation.REPLACE: Kind.REPLACE}
_OUTCOMES = {
    Kind.RECALL: Event.RECALL_AGREED,
    Kind.TAKE_BACK: Event.TAKE_BACK_AGREED,
    Kind.UPDATE: Event.UPDATE_AGREED,
    Kind.REPLACE: Event.REPLACEMENT_REGISTERED,
}


@dataclass(frozen=True, slots=True)
class Negotiation:
    """One request about one (document, recipient), and its answer when there is one."""

    kind: Kind
    document: DocumentKey
    recipient: OrganId
    asked_at: datetime
    reason: str
    step: Step = Step.ASKED
    answered_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the recipient's clerk has yet to answer."""
        return self.step is Step.ASKED

    @property
    def outcome(self) -> Event | None:
        """What the answer does to the delivery: an event on 15, nothing otherwise."""
        return _OUTCOMES[self.kind] if self.step is Step.AGREED else None


def ask(earlier: Iterable[Negotiation], request: Negotiation) -> Negotiation:
    """Open a request about a (document, recipient) with these earlier ones.

    Raises :class:`NegotiationClosed` while one is pending (vendors: only if none is pending or the last was answered 16; an agreed
    update does not stand in the way of the next request), without a reason, or after an agreed recall or take-back.
    """
    if not request.reason.strip():
        raise NegotiationClosed(request.kind.value, "a reason is mandatory")
    for one in earlier:
        if one.pending:
            raise NegotiationClosed(request.kind.value, f"a {one.kind.value} is still unanswered")
        if one.step is Step.AGREED and one.kind in {Kind.RECALL, Kind.TAKE_BACK}:
            raise NegotiationClosed(request.kind.value, f"a {one.kind.value} was agreed before")
    return request


def answer(request: Negotiation, code: StatusCode, at: datetime) -> Negotiation:
    """The record with its answer 15 or 16. Raises :class:`NegotiationClosed` when it was answered before or cannot be by this code."""
    if request.kind is Kind.REPLACE:
        raise NegotiationClosed(request.kind.value, "a replacement is answered by the new document's 03, not by 15 or 16")
    return _closed(request, code, at)


def registered(request: Negotiation, at: datetime) -> Negotiation:
    """A replacement's record once the new document was registered (03). Raises :class:`NegotiationClosed` for other kinds."""
    if request.kind is not Kind.REPLACE:
        raise NegotiationClosed(request.kind.value, "only a replacement is closed by a 03")
    return _closed(request, StatusCode.AGREED, at)


def _closed(request: Negotiation, code: StatusCode, at: datetime) -> Negotiation:
    steps = {StatusCode.AGREED: Step.AGREED, StatusCode.REFUSED: Step.REFUSED}
    if not request.pending:
        raise NegotiationClosed(request.kind.value, "it was answered before")
    if code not in steps:
        raise NegotiationClosed(request.kind.value, f"{code.value} is no answer, 15 and 16 are")
    return replace(request, step=steps[code], answered_at=at)
