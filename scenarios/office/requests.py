"""What an agency asked about documents it had sent, and what came of it: the sender's side of the four negotiations.

The rules are those of :mod:`exchange.domain.negotiation`. On an agreed recall the sender's copy is frozen: nothing can be asked about it
any more, and the outgoing register keeps how it went (Decree 30/2020 Annex VI).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.domain.negotiation import Kind, Negotiation, Step, answer, ask, registered
from exchange.errors import NegotiationClosed
from scenarios.office.cases import Asked, Draft, Move
from scenarios.office.office import Office
from scenarios.office.registers import OUTGOING

_STEPS = {Step.AGREED: "đồng ý", Step.REFUSED: "từ chối", Step.ASKED: "chưa trả lời"}


def word(kind: Kind) -> str:
    """Vietnamese name of a negotiation, as it stands in the registers."""
    return StatusCode.TAKE_BACK.label if kind is Kind.TAKE_BACK else Operation[kind.name].label


def ask_all(
    office: Office, kind: Kind, document: str, key: DocumentKey, register_number: int, organs: tuple[OrganId, ...], reason: str
) -> tuple[Move, ...]:
    """Open a negotiation with each of these recipients, or with none. Raises :class:`exchange.errors.NegotiationClosed`."""
    known = office.asked.get(document) or Asked(register_number)
    moment = office.services.kernel.moment
    fresh = {organ: ask(_earlier(known, organ), Negotiation(kind, key, organ, moment, reason)) for organ in organs}
    if fresh:
        known.latest.update(fresh)
        office.asked[document] = known
        _note(office, known)
    return tuple(Move(document, str(organ), kind, Step.ASKED) for organ in organs)


def reachable(office: Office, document: str, organs: tuple[OrganId, ...]) -> tuple[OrganId, ...]:
    """Those of the recipients who have not sent the document back and of whom something can be asked about it now."""
    returned = office.services.registers.reported(office.name, document, StatusCode.RETURNED.value)
    return tuple(organ for organ in organs if str(organ) not in returned and _open(office, document, organ))


def replaced_at(office: Office, item: Draft, organs: tuple[OrganId, ...]) -> tuple[OrganId, ...]:
    """At which of these recipients a new document replaces the old one it was written for."""
    old = item.replaces
    return () if old is None else reachable(office, old.document, tuple(organ for organ in organs if organ in old.organs))


def answered(office: Office, document: str, organ: OrganId, code: StatusCode) -> None:
    """A recipient's status package came: 15 or 16, or 03 or 02 of a replacement. Anything else moves no negotiation."""
    old = office.replacing.get(document, document)
    known = office.asked.get(old)
    one = known.latest.get(organ) if known else None
    if known is None or one is None or not one.pending or (one.kind is Kind.REPLACE) != (old != document):
        return
    moment = office.services.kernel.moment
    if one.kind is Kind.REPLACE:
        if code is StatusCode.REGISTERED:
            known.latest[organ] = registered(one, moment)
        elif code is StatusCode.RETURNED:
            known.latest[organ] = replace(one, step=Step.REFUSED, answered_at=moment)
    elif code in (StatusCode.AGREED, StatusCode.REFUSED):
        known.latest[organ] = answer(one, code, moment)
    _note(office, known)


def lapsed(office: Office, document: str, organ: OrganId) -> None:
    """The axis did not take the request, or what carried it: as good as refused."""
    known = office.asked.get(office.replacing.get(document, document))
    one = known.latest.get(organ) if known else None
    if known is not None and one is not None and one.pending:
        known.latest[organ] = replace(one, step=Step.REFUSED, answered_at=office.services.kernel.moment)
        _note(office, known)


def _earlier(known: Asked | None, organ: OrganId) -> tuple[Negotiation, ...]:
    return () if known is None or organ not in known.latest else (known.latest[organ],)


def _open(office: Office, document: str, organ: OrganId) -> bool:
    for one in _earlier(office.asked.get(document), organ):
        try:
            ask((one,), one)
        except NegotiationClosed:
            return False
    return True


def _note(office: Office, known: Asked) -> None:
    """The outgoing register says what was asked and how many agreed, refused, or have not answered."""
    counts = Counter((one.kind, one.step) for one in known.latest.values())
    parts = [f"{word(kind)}: {_STEPS[step]} {count}" for (kind, step), count in sorted(counts.items())]
    row = {"agency": office.name, "register_number": known.register_number, "note": "; ".join(parts)}
    office.services.registers.change(OUTGOING, row)
