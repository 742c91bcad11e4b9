"""Commands on documents already sent: take back, recall, update, replace; and the recipient's answers, 15 or 16.

Taking back (*lấy lại*, code 13) is for what went to the wrong place, recalling (*thu hồi*, type 1) for what is void: the recipient must
cancel it and report (Decree 30/2020 Art. 18.4). A replacement (type 3) is a document of its own and is answered by its 03.
"""

from __future__ import annotations

from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.domain.negotiation import Kind, Step
from exchange.edxml.model import Business, ReceiverChange
from exchange.errors import NegotiationClosed
from scenarios.office import dispatch, incoming, requests, wire
from scenarios.office.cases import Move, Replaces, Request
from scenarios.office.dispatch import Sent
from scenarios.office.errors import OfficeError
from scenarios.office.office import Office, Parcel, require
from scenarios.office.outgoing import Need, keeps_registers
from scenarios.world.model import Person

_URGENT = 1
"""A request lies on the desk like an urgent document."""


def has_left(office: Office, document: str) -> bool:
    """Whether the software has handed the document over."""
    return all(parcel.document != document or parcel.kind != "edoc" for parcel in office.outbox)


def take_back(office: Office, clerk: Person, sent: Sent, organ: OrganId, reason: str) -> None:
    """Ask one recipient to let go of what was not meant for it (13)."""
    moves = _ask(office, clerk, sent, Kind.TAKE_BACK, (organ,), reason)
    data = wire.write_take_back(office, sent, organ, reason)
    _leave(office, Parcel(sent.item.id, "status", data, StatusCode.TAKE_BACK.value, str(organ), moves))


def recall(office: Office, clerk: Person, sent: Sent, reason: str) -> None:
    """Declare it void at every recipient who has it by the axis (type 1)."""
    organs = requests.reachable(office, sent.item.id, sent.organs)
    moves = _ask(office, clerk, sent, Kind.RECALL, organs, reason)
    data = wire.write_operation(office, sent, organs, Business(Operation.RECALL, reason))
    _leave(office, Parcel(sent.item.id, "edoc", data, moves=moves))


def update(office: Office, clerk: Person, sent: Sent, reason: str, forgotten: OrganId | None = None) -> None:
    """Correct what the header says, or add a recipient that was forgotten (type 2)."""
    what = f"update {sent.item.id}"
    require(forgotten is None or forgotten not in sent.item.recipients, clerk.id, what, f"{forgotten} is a recipient already")
    organs = requests.reachable(office, sent.item.id, sent.organs)
    moves = _ask(office, clerk, sent, Kind.UPDATE, organs, reason)
    added = () if forgotten is None or not dispatch.add_recipient(office, sent, forgotten) else (forgotten,)
    business = Business(
        Operation.UPDATE,
        reason,
        document_id=sent.item.id,
        document_changed=not added,
        receivers_changed=bool(added),
        changes=tuple(ReceiverChange(organ, True) for organ in added),
    )
    data = wire.write_operation(office, sent, (*organs, *added), business)
    _leave(office, Parcel(sent.item.id, "edoc", data, moves=moves))


def replacement(office: Office, clerk: Person, sent: Sent, document: str, reason: str) -> Need:
    """Have a new document written in place of this one (type 3): it goes the whole way again, under a number of its own."""
    organs = requests.reachable(office, sent.item.id, sent.organs)
    _check(office, clerk, sent, Kind.REPLACE, organs, reason)
    item, gone = sent.item, frozenset(sent.organs) - frozenset(organs)
    return Need(
        id=document,
        type=item.type,
        scope=item.scope,
        recipients=tuple(organ for organ in item.recipients if organ not in gone),
        urgency=item.urgency,
        directive=item.directive,
        answers=item.answers,
        answered_arrival=item.answered_arrival,
        replaces=Replaces(item.id, sent.key, sent.register_number, organs, reason),
    )


def receive(office: Office, request: Request) -> None:
    """The software lays a request onto the desk of the clerk who took the document."""
    office.requests[request.document, request.sender] = request
    office.desks[office.clerk(request.document).id].put("answer", request, _URGENT)


def check(office: Office, clerk: Person, request: Request) -> str:
    """Verify the letter a request carries. The reason to refuse it, empty when it holds."""
    _require_open(office, clerk, request)
    return "" if request.item is None else incoming.verify(office, request.item)


def agree(office: Office, clerk: Person, request: Request) -> None:
    """Code 15: work on it stops and its metadata are kept as cancelled; an update is noted in the register."""
    _require_open(office, clerk, request)
    there = incoming.whereabouts(office, request.document, request.sender)
    require(there is not incoming.Place.NOWHERE, clerk.id, f"agree on {request.document}", "it is not here")
    note = f"{requests.word(request.kind)}: {request.reason}"[:500]
    moves: tuple[Move, ...] = ()
    if request.kind is Kind.UPDATE:
        incoming.note(office, request.document, request.sender, note)
    else:
        moves = incoming.cancel(office, request.document, request.sender, note)
    _answer(office, request, StatusCode.AGREED, StatusCode.AGREED.label, Step.AGREED, moves)


def refuse(office: Office, clerk: Person, request: Request, reason: str) -> None:
    """Code 16 with a reason: everything stays as it is."""
    _require_open(office, clerk, request)
    long_enough = len(reason) >= incoming.MIN_REASON
    require(long_enough, clerk.id, f"refuse {request.document}", f"a reason of at least {incoming.MIN_REASON} characters is needed")
    _answer(office, request, StatusCode.REFUSED, reason, Step.REFUSED)


def _ask(office: Office, clerk: Person, sent: Sent, kind: Kind, organs: tuple[OrganId, ...], reason: str) -> tuple[Move, ...]:
    _check(office, clerk, sent, kind, organs, reason)
    try:
        return requests.ask_all(office, kind, sent.item.id, sent.key, sent.register_number, organs, reason)
    except NegotiationClosed as error:
        raise OfficeError(clerk.id, f"{kind} {sent.item.id}", error.rule) from error


def _check(office: Office, clerk: Person, sent: Sent, kind: Kind, organs: tuple[OrganId, ...], reason: str) -> None:
    what, document = f"{kind} {sent.item.id}", sent.item.id
    own = clerk.id in office.people and sent.key.sender == office.id and keeps_registers(office, clerk)
    require(own, clerk.id, what, "only the sender's clerk may")
    require(bool(organs), clerk.id, what, "there is no recipient of whom it could be asked")
    require(all(organ in sent.organs for organ in organs), clerk.id, what, "it was not sent there by the axis")
    require(len(reason) >= incoming.MIN_REASON, clerk.id, what, f"a reason of at least {incoming.MIN_REASON} characters is needed")
    require(has_left(office, document), clerk.id, what, "it has not left the house yet")
    sent_back = office.services.registers.reported(office.name, document, StatusCode.RETURNED.value)
    require(all(str(organ) not in sent_back for organ in organs), clerk.id, what, "it was returned")


def _require_open(office: Office, clerk: Person, request: Request) -> None:
    what = f"answer about {request.document}"
    require(clerk.id in office.people and keeps_registers(office, clerk), clerk.id, what, "only the agency's clerk answers")
    open_here = office.requests.get((request.document, request.sender)) is request
    require(open_here, clerk.id, what, "nothing is asked, or it was answered")


def _answer(office: Office, request: Request, code: StatusCode, text: str, step: Step, also: tuple[Move, ...] = ()) -> None:
    del office.requests[request.document, request.sender]
    to = str(request.sender)
    moves = (Move(request.document, to, request.kind, step), *also)
    _leave(office, Parcel(request.document, "status", wire.write_status(office, request, code, text), code.value, to, moves))


def _leave(office: Office, parcel: Parcel) -> None:
    office.outbox.append(parcel)
    office.services.wake(office.id)
