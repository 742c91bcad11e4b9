"""Status packages: a report moves its delivery, a request or an answer moves a negotiation; then the package travels on.

Only the party whose move it is is heard: codes 01–06, 15 and 16 from the recipient, 13 from the sender of the document. A report that the
table of transitions does not allow is refused (signed) and does not travel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from exchange.domain.lifecycle import Event, StatusCode, allowed, event_of
from exchange.domain.negotiation import Kind, answer
from exchange.errors import IllegalTransition, NegotiationClosed
from exchange.stages.batch import Admitted, Batch, reachable
from exchange.stages.mail import instant
from exchange.stages.moves import Held
from exchange.stages.negotiations import (
    can_be_asked,
    close_replacement,
    close_request,
    earlier,
    end_replacements,
    open_request,
    replaced_by,
)
from exchange.store.tables import document, status
from exchange.store.work import Work

_REPORTS = select(status).where(status.c.package.in_(bindparam("packages", expanding=True)))
_DOCUMENT = select(document.c.id).where(
    document.c.sender == bindparam("sender"),
    document.c.number == bindparam("number"),
    document.c.notation == bindparam("notation"),
    document.c.year == bindparam("year"),
)
_LATEST = (
    select(document.c.id)
    .where(document.c.sender == bindparam("sender"), document.c.number == bindparam("number"), document.c.notation == bindparam("notation"))
    .order_by(document.c.year.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one status package says. ``year`` 0: it gives no promulgation date, the latest document of that code is meant."""

    about: str
    number: str
    notation: str
    year: int
    code: StatusCode
    description: str


def load_reports(work: Work, packages: Sequence[int]) -> dict[int, Report]:
    """Reports by package row id."""
    if not packages:
        return {}
    rows = work.all(_REPORTS, {"packages": list(packages)})
    return {row[0]: Report(row.about, row.number, row.notation, row.year, StatusCode(row.code), row.description) for row in rows}


def report(batch: Batch, one: Admitted, said: Report) -> None:
    """Apply one status package and send it on, or refuse it."""
    addressee, rule, detail = reachable(batch, said.about)
    if addressee is None:
        batch.refuse(one, said.about, rule, detail)
        return
    owner, recipient = (one.sender, str(addressee.id)) if said.code.by_sender else (str(addressee.id), one.sender)
    held = _delivery(batch, owner, recipient, said)
    if held is None:
        what = f"{said.number}/{said.notation}"
        batch.refuse(one, said.about, "unknown-document", f"{owner} sent {recipient} no document {what}")
        return
    try:
        stays = _apply(batch, one, said, held)
    except IllegalTransition as error:
        batch.refuse(one, said.about, "illegal-transition", str(error))
        return
    except NegotiationClosed as error:
        batch.refuse(one, said.about, "negotiation-closed", str(error))
        return
    if not stays:
        batch.send(one, addressee, status=True)


def _delivery(batch: Batch, owner: str, recipient: str, said: Report) -> Held | None:
    known = {"sender": owner, "number": said.number, "notation": said.notation}
    found = batch.work.value(_DOCUMENT, {**known, "year": said.year}) if said.year else batch.work.value(_LATEST, known)
    return None if found is None else batch.moves.find(found, recipient)


def _apply(batch: Batch, one: Admitted, said: Report, held: Held) -> bool:
    """Move delivery or negotiation; gives whether the package stays with the axis (a take-back that needed nobody's consent)."""
    event = event_of(said.code)
    if event is not None:
        reason = said.description if said.code is StatusCode.RETURNED else ""
        batch.moves.move(held, event, one.at, cause=one.id, reason=reason)
        if said.code is StatusCode.REGISTERED:
            _replace_old(batch, one, held)
        end_replacements(batch.work, batch.moves, held, by=one.id, at=one.at)
        return False
    if said.code is StatusCode.TAKE_BACK:
        return _take_back(batch, one, said, held)
    _answer(batch, one, said, held)
    return False


def _take_back(batch: Batch, one: Admitted, said: Report, held: Held) -> bool:
    if allowed(held.state, Event.WITHDRAWN):
        batch.moves.move(held, Event.WITHDRAWN, one.at, cause=one.id, reason=said.description)
        end_replacements(batch.work, batch.moves, held, by=one.id, at=one.at)
        return True
    if not can_be_asked(held, Kind.TAKE_BACK):
        raise IllegalTransition(held.state.value, Event.TAKE_BACK_AGREED.value)
    open_request(batch.work, Kind.TAKE_BACK, held, asked_by=one.id, at=one.at, reason=said.description, route="")
    return False


def _answer(batch: Batch, one: Admitted, said: Report, held: Held) -> None:
    pending = [record for record in earlier(batch.work, held) if record.record.pending]
    if not pending:
        raise NegotiationClosed(said.code.label, "nothing was asked about this document")
    closed = answer(pending[0].record, said.code, instant(one.at))
    if closed.outcome is not None:
        batch.moves.move(held, closed.outcome, one.at, cause=one.id, reason=pending[0].record.reason)
        end_replacements(batch.work, batch.moves, held, by=one.id, at=one.at)
    close_request(batch.work, pending[0], closed, by=one.id, at=one.at)


def _replace_old(batch: Batch, one: Admitted, held: Held) -> None:
    """A replacement was registered: what it replaces at this recipient is replaced now."""
    for number, old in replaced_by(batch.work, held.package):
        former = batch.moves.by_id(old)
        if former.organ == held.organ and allowed(former.state, Event.REPLACEMENT_REGISTERED):
            batch.moves.move(former, Event.REPLACEMENT_REGISTERED, one.at, cause=one.id)
            close_replacement(batch.work, number, by=one.id, at=one.at)
