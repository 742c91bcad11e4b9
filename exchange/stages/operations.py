"""Operations on a document sent before: recall (1), update (2), replace (3). Each opens a negotiation per recipient and travels.

A recipient that an update names as added gets the document for the first time: a new delivery, carried by the update's package.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import Event, Operation, allowed
from exchange.domain.negotiation import Kind
from exchange.edxml.model import EdocHeader, Replacement
from exchange.errors import NegotiationClosed
from exchange.outbox import Stage
from exchange.stages.batch import Admitted, Batch, NotYet, deliver_new, reachable
from exchange.stages.moves import Held
from exchange.stages.negotiations import can_be_asked, check_request, open_request
from exchange.store.admissions import find_document
from exchange.store.contents import load_header
from exchange.store.tables import document, outbox

_FOUNDER = select(document.c.package).where(document.c.id == bindparam("id"))
_UNJUDGED = select(outbox.c.id).where(outbox.c.stage == Stage.VERIFY.value, outbox.c.package == bindparam("package"), outbox.c.parked == 0)


def operate(batch: Batch, one: Admitted, carried: Sequence[Held]) -> None:
    """Do one operation. ``carried``: deliveries that this very package makes. Raises :class:`NotYet` before anything is done."""
    header = load_header(batch.work, one.id)
    if header.operation is Operation.REPLACE:
        _replace(batch, one, header, carried)
        return
    affected = _affected(batch, one.sender, header.business.document_id, header.key)
    if affected is None:
        what = f"{one.sender} sent no document {header.number}/{header.notation}"
        if header.business.document_id:
            what += ", or the DocumentId of the operation names another one"
        for organ in header.recipient_ids:
            batch.refuse(one, str(organ), "unknown-document", what)
        return
    added = {held.recipient for held in carried}
    if carried:
        there = {held.organ for held in batch.moves.of_document(affected) if held.package != one.id}
        deliver_new(batch, one, carried, there)
    kind = Kind.RECALL if header.operation is Operation.RECALL else Kind.UPDATE
    for organ in header.recipient_ids:
        if str(organ) not in added:
            _ask(batch, one, kind, affected, organ, header.business.reason)


def _affected(batch: Batch, sender: str, document_id: str, key: DocumentKey | None) -> int | None:
    """The earlier document meant. Raises :class:`NotYet` while the axis has not judged it."""
    found = find_document(batch.work, sender, document_id, key)
    if found is not None:
        founder = batch.work.value(_FOUNDER, {"id": found})
        if batch.work.first(_UNJUDGED, {"package": founder}) is not None:
            raise NotYet
    return found


def _ask(batch: Batch, one: Admitted, kind: Kind, affected: int, organ: OrganId, reason: str) -> None:
    found, rule, detail = reachable(batch, str(organ))
    if found is None:
        batch.refuse(one, str(organ), rule, detail)
        return
    held = batch.moves.find(affected, str(found.id))
    if held is None:
        batch.refuse(one, str(organ), "not-a-recipient", f"{organ} was never sent this document")
    elif not can_be_asked(held, kind):
        batch.refuse(one, str(organ), "illegal-transition", f"a {kind.value} is not allowed in state {held.state.value}")
    else:
        try:
            open_request(batch.work, kind, held, asked_by=one.id, at=one.at, reason=reason, route=batch.road(one, found))
        except NegotiationClosed as error:
            batch.refuse(one, str(organ), "negotiation-closed", str(error))
        else:
            batch.send(one, found)


def _replace(batch: Batch, one: Admitted, header: EdocHeader, carried: Sequence[Held]) -> None:
    former = [
        (entry, _codes(batch, entry), _affected(batch, one.sender, entry.document_id, None)) for entry in header.business.replacements
    ]
    going = []
    for held in carried:
        if not allowed(held.state, Event.ROUTED):
            continue  # taken back meanwhile
        problem = _ask_replacements(batch, one, header, held, former)
        if problem is None:
            going.append(held)
        else:
            batch.fail(one, held, *problem)
    deliver_new(batch, one, going, set())


def _ask_replacements(
    batch: Batch, one: Admitted, header: EdocHeader, held: Held, former: Sequence[tuple[Replacement, frozenset[str], int | None]]
) -> tuple[str, str] | None:
    """Record what this recipient's copy replaces; gives (rule, detail) when it cannot be."""
    if not former:
        return "unknown-document", "a replacement names what it replaces (ReplacementInfoList)"
    found, rule, detail = reachable(batch, held.recipient)
    if found is None:
        return rule, detail
    asked: dict[int, Held] = {}
    for entry, concerned, old in former:
        if concerned and str(found.id) not in concerned:
            continue
        before = None if old is None else batch.moves.find(old, str(found.id))
        if before is None:
            return "unknown-document", f"{one.sender} sent {held.recipient} no document {entry.document_id}"
        if not can_be_asked(before, Kind.REPLACE):
            return "illegal-transition", f"{Event.REPLACEMENT_REGISTERED.value} is not allowed in state {before.state.value}"
        try:
            check_request(batch.work, Kind.REPLACE, before, at=one.at, reason=header.business.reason)
        except NegotiationClosed as error:
            return "negotiation-closed", str(error)
        asked[before.id] = before
    for before in asked.values():  # all of them or none: a request without its document could never be answered
        open_request(batch.work, Kind.REPLACE, before, asked_by=one.id, at=one.at, reason=header.business.reason, route="")
    return None


def _codes(batch: Batch, entry: Replacement) -> frozenset[str]:
    """Codes of the organisations concerned, aliases resolved; none: all of the new document's."""
    found = ((organ, batch.desk.directory.lookup(organ)) for organ in entry.organs)
    return frozenset(str(organ if known is None else known.id) for organ, known in found)
