"""Commands on documents coming in: check, register, return, assign, start, finish (Decree 30/2020 Art. 20–24).

Everything passes the clerk: what is not registered nobody is obliged to act on (Art. 22.1).
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import MailState, Operation, StatusCode
from exchange.domain.negotiation import Kind, Step
from scenarios.office import archive, wire
from scenarios.office.cases import Case, Incoming, Move
from scenarios.office.office import LEADERS, Office, Parcel, require
from scenarios.office.registers import FOLLOW_UP, INCOMING
from scenarios.trace import Channel, Checked, Registered, Returned, StampChecked
from scenarios.world.model import Person

MIN_REASON = 10
"""Shortest reason for a return (vendors: 10–500 characters)."""


class Place(Enum):
    """Where a document that came in stands."""

    QUEUED = auto()
    OPEN = auto()
    CLOSED = auto()
    NOWHERE = auto()
    """Never came, or was returned."""


def queue(office: Office, item: Incoming) -> None:
    """The software lays an arrived document into the arrival queue and onto the clerk's desk."""
    office.queue[item.document] = item
    office.desks[office.clerk(item.document).id].put("receive", item, item.urgency)


def check(office: Office, clerk: Person, item: Incoming) -> str:
    """The clerk verifies the letter for herself. The reason for a return, empty when it holds; paper is checked by eye."""
    _require_clerk(office, clerk, f"check {item.document}")
    require(item.document in office.queue, clerk.id, f"check {item.document}", "it is not in the arrival queue")
    return verify(office, item, keep=True)


def verify(office: Office, item: Incoming, *, keep: bool = False) -> str:
    """Judge what was fetched: the reason against it, empty when it holds; ``keep`` it at hand, then, for the archive."""
    if item.file is None:
        return ""
    kernel = office.services.kernel
    verdict, letter = wire.judge_kept(office, item)
    kernel.record(
        Checked(
            kernel.now, office.name, item.document, item.package, verdict.accepted, verdict.rule, verdict.sub_indication, verdict.verifies
        )
    )
    proven = None if verdict.stamped_at is None else kernel.instant_of(verdict.stamped_at)
    if verdict.stamps:
        failed = next((str(stamp.report.sub_indication) for stamp in verdict.stamps if not stamp.passed), "")
        at = -1 if proven is None else proven
        kernel.record(
            StampChecked(kernel.now, office.name, item.document, item.package, proven is not None, failed, at, verdict.stamp_verifies)
        )
    if keep and verdict.accepted:
        archive.checked(office, item.document, letter, proven)
    return "" if verdict.accepted else f"Chữ ký số không hợp lệ: {verdict.rule} {verdict.detail}".strip()[:500]


def is_duplicate(office: Office, item: Incoming) -> bool:
    """Duplicate alert: the identifier, or number and notation of the same issuer, stands in the register (Decree 30 Annex VI)."""
    registers = office.services.registers
    issuer = str(item.sender)
    return registers.known_document(office.name, item.document, issuer) or registers.known_number(
        office.name, issuer, item.number, item.notation
    )


def register(office: Office, clerk: Person, item: Incoming) -> Case:
    """Enter it in the incoming register under the next arrival number, report 03, and submit it to the leader."""
    _require_clerk(office, clerk, f"register {item.document}")
    require(item.document in office.queue, clerk.id, f"register {item.document}", "it is not in the arrival queue")
    require(not is_duplicate(office, item), clerk.id, f"register {item.document}", "it was registered before (duplicate alert)")
    kernel = office.services.kernel
    del office.queue[item.document]
    office.arrival_number += 1
    case = Case(replace(item, file=None), office.arrival_number)
    office.cases[case.arrival_number] = case
    office.services.registers.add(INCOMING, _row(office, case))
    kernel.record(
        Registered(kernel.now, office.name, item.document, item.channel, case.arrival_number, item.signed_at, item.arrived_at, item.urgency)
    )
    archive.entered(office, item.document)
    _tell(office, item, StatusCode.REGISTERED, MailState.REGISTERED, moves=_put_in_place(office, item))
    office.desks[office.signer(item.document).id].put("assign", case, item.urgency)
    return case


def send_back(office: Office, clerk: Person, item: Incoming, reason: str) -> None:
    """Return it before acceptance with a reason (code 02; by post for paper)."""
    _require_clerk(office, clerk, f"return {item.document}")
    require(item.document in office.queue, clerk.id, f"return {item.document}", "only what is in the arrival queue can be returned")
    require(len(reason) >= MIN_REASON, clerk.id, f"return {item.document}", f"a reason of at least {MIN_REASON} characters is needed")
    kernel = office.services.kernel
    del office.queue[item.document]
    office.at_hand.pop(item.document, None)
    kernel.record(Returned(kernel.now, office.name, item.document, item.channel, reason))
    _tell(office, item, StatusCode.RETURNED, MailState.RETURNED, reason, _replaces_nothing(office, item))


def assign(office: Office, leader: Person, case: Case, lead: Person, *, to_answer: bool, deadline: str) -> None:
    """The leader's instruction: exactly one lead handler, a deadline, or "for information" (04)."""
    require(leader.role in LEADERS, leader.id, f"assign arrival {case.arrival_number}", "only a leader gives instructions")
    require(case.arrival_number in office.cases, leader.id, f"assign arrival {case.arrival_number}", "it is not an open case here")
    require(case.lead is None, leader.id, f"assign arrival {case.arrival_number}", "it has a lead handler already")
    require(lead.id in office.people, leader.id, f"assign arrival {case.arrival_number}", f"{lead.id} works elsewhere")
    kernel, registers = office.services.kernel, office.services.registers
    case.lead, case.to_answer = lead, to_answer
    today = f"{kernel.moment:%d/%m/%Y}"
    key = {"agency": office.name, "arrival_number": case.arrival_number}
    registers.change(INCOMING, {**key, "unit_or_person": lead.unit, "transfer_date": today, "receipt": lead.name})
    follow = {"description": case.incoming.subject, "unit_or_person": lead.name, "deadline": deadline, "progress": "phân công"}
    registers.add(FOLLOW_UP, {**key, **follow, "reply_number": "", "note": ""})
    _tell(office, case.incoming, StatusCode.ASSIGNED)


def start(office: Office, officer: Person, case: Case) -> None:
    """The lead handler takes it up (05)."""
    _require_lead(officer, case, "start")
    require(not case.started, officer.id, f"start arrival {case.arrival_number}", "it was started before")
    case.started = True
    _tell(office, case.incoming, StatusCode.IN_PROCESS)


def process_at_once(office: Office, clerk: Person, case: Case) -> None:
    """What some vendors' software does on its own: 05 together with 03, and never a word again."""
    _require_clerk(office, clerk, f"process arrival {case.arrival_number}")
    require(case.lead is None, clerk.id, f"process arrival {case.arrival_number}", "somebody handles it")
    del office.cases[case.arrival_number]
    _tell(office, case.incoming, StatusCode.IN_PROCESS)


def finish(office: Office, officer: Person, case: Case) -> None:
    """The lead handler closes the case (06). The number of a reply is entered when the reply is issued."""
    _require_lead(officer, case, "finish")
    require(case.started, officer.id, f"finish arrival {case.arrival_number}", "it was never started")
    require(case.arrival_number in office.cases, officer.id, f"finish arrival {case.arrival_number}", "it is closed")
    del office.cases[case.arrival_number]
    row = {"agency": office.name, "arrival_number": case.arrival_number, "progress": "hoàn thành"}
    office.services.registers.change(FOLLOW_UP, row)
    _tell(office, case.incoming, StatusCode.DONE)


def whereabouts(office: Office, document: str, sender: OrganId) -> Place:
    """Where a sender's document stands here."""
    queued = office.queue.get(document)
    if queued is not None and queued.sender == sender:
        return Place.QUEUED
    if _case(office, document, sender) is not None:
        return Place.OPEN
    known = office.services.registers.known_document(office.name, document, str(sender))
    return Place.CLOSED if known else Place.NOWHERE


def note(office: Office, document: str, sender: OrganId, text: str) -> None:
    """Write it into the register's note, if the document stands there."""
    registers = office.services.registers
    number = registers.arrival(office.name, document, str(sender))
    if number is not None:
        registers.change(INCOMING, {"agency": office.name, "arrival_number": number, "note": text})


def cancel(office: Office, document: str, sender: OrganId, text: str) -> tuple[Move, ...]:
    """Taken back, recalled or replaced: work on it stops, its metadata stay with a note. Gives the replacements that end with it."""
    queued = office.queue.get(document)
    if queued is not None and queued.sender == sender:
        del office.queue[document]
        office.at_hand.pop(document, None)
        wire.forget(office, queued)
        return _replaces_nothing(office, queued)
    case = _case(office, document, sender)
    if case is not None:
        case.cancelled = True
        del office.cases[case.arrival_number]
        row = {"agency": office.name, "arrival_number": case.arrival_number, "progress": "đã hủy", "note": text}
        office.services.registers.change(FOLLOW_UP, row)
    note(office, document, sender, text)
    return ()


def _case(office: Office, document: str, sender: OrganId) -> Case | None:
    return next((case for case in office.cases.values() if (case.incoming.document, case.incoming.sender) == (document, sender)), None)


def _replaced(office: Office, item: Incoming) -> tuple[str, ...]:
    return tuple(old.document_id for old in item.replaces if not old.organs or office.id in old.organs)


def _put_in_place(office: Office, item: Incoming) -> tuple[Move, ...]:
    """What the registered document replaces here is cancelled."""
    text = f"{Operation.REPLACE.label}: {item.number}/{item.notation}"
    moves: list[Move] = []
    for old in _replaced(office, item):
        if whereabouts(office, old, item.sender) is not Place.NOWHERE:
            moves += (*cancel(office, old, item.sender, text), Move(old, str(item.sender), Kind.REPLACE, Step.AGREED))
    return tuple(moves)


def _replaces_nothing(office: Office, item: Incoming) -> tuple[Move, ...]:
    return tuple(Move(old, str(item.sender), Kind.REPLACE, Step.REFUSED) for old in _replaced(office, item))


def _require_clerk(office: Office, person: Person, what: str) -> None:
    allowed = person.id in office.people and (person.role == "clerk" or not office.staff("clerk"))
    require(allowed, person.id, what, "only the agency's clerk receives documents")


def _require_lead(officer: Person, case: Case, what: str) -> None:
    own = case.lead is not None and case.lead.id == officer.id
    require(own, officer.id, f"{what} arrival {case.arrival_number}", "somebody else handles it")


def _tell(
    office: Office, item: Incoming, code: StatusCode, mail: MailState | None = None, text: str = "", moves: tuple[Move, ...] = ()
) -> None:
    """Report to the sender: a status package where it came by the axis; else the carrier's record is moved on."""
    services = office.services
    if item.channel is Channel.AXIS:
        data = wire.write_status(office, item, code, text or code.label)
        office.outbox.append(Parcel(item.document, "status", data, code.value, str(item.sender), moves))
        services.wake(office.id)
    elif mail is not None:
        services.post.moved(item.document, office.name, mail)


def _row(office: Office, case: Case) -> dict[str, object]:
    item, kernel = case.incoming, office.services.kernel
    return {
        "agency": office.name,
        "arrival_number": case.arrival_number,
        "arrival_date": f"{kernel.moment:%d/%m/%Y}",
        "author": item.author,
        "number": item.number,
        "notation": item.notation,
        "date": f"{item.day:%d/%m/%Y}",
        "type_and_summary": f"{item.type_name}: {item.subject}",
        "unit_or_person": "",
        "transfer_date": "",
        "receipt": "",
        "note": str(item.channel),
        "document": item.document,
        "issuer": str(item.sender),
    }
