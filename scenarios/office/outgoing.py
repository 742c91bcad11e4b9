"""Commands on documents going out: draft, initial, sign, issue. Each checks who may give it and when, then lays the work on the next desk.

Order of Decree 30/2020 Art. 14: number and date, register, seal, issue; signer and numberer are different people (Art. 32). An approved
draft cannot be edited: there is no command for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from exchange.domain.document import GENERAL, SECRET, document_type, format_number
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc
from scenarios.channels import Hand, Sender, hand_cause
from scenarios.office import dispatch, incidents, internal, stamping
from scenarios.office.cases import Answers, Draft, Replaces, Stage
from scenarios.office.letters import letter_content
from scenarios.office.office import LEADERS, Office, require
from scenarios.office.registers import FOLLOW_UP, OUTGOING
from scenarios.trace import Cause, Drafted, Initialled, Issued, Scope, Signed
from scenarios.world.lettering import notation_of
from scenarios.world.model import Person
from signing import LetterPress

PRESS = LetterPress()
"""The machine that prints letters; it keeps a template per seal and leader and nothing about any document."""


@dataclass(frozen=True, slots=True)
class Need:
    """Why a document has to be written, before anybody wrote a word."""

    id: str
    type: str
    scope: Scope
    recipients: tuple[OrganId, ...]
    urgency: int = 0
    secret: bool = False
    directive: bool = False
    internal: bool = False
    answers: Answers | None = None
    answered_arrival: int = 0
    replaces: Replaces | None = None


def draft(office: Office, officer: Person, need: Need) -> Draft:
    """An officer opens a draft: type, urgency, recipients, and who will initial and sign it."""
    require(officer.id in office.people, officer.id, f"draft for {office.name}", "that is another agency's software")
    drafts = officer.role in ("officer", "unit-head", *LEADERS) or not office.staff("officer")
    require(drafts, officer.id, f"draft {need.id}", "drafting is for officers")
    require(bool(need.recipients), officer.id, f"draft {need.id}", "a document has at least one recipient")
    require(need.id not in office.drafts, officer.id, f"draft {need.id}", "a draft with this identifier is open")
    kernel = office.services.kernel
    item = Draft(
        id=need.id,
        type=need.type,
        urgency=need.urgency,
        secret=need.secret,
        directive=need.directive,
        internal=need.internal,
        scope=need.scope,
        officer=officer,
        head=office.head_of(officer.unit),
        signer=office.signer(need.id),
        recipients=need.recipients,
        drafter=officer if need.internal else _typist(office, officer, need.id),
        answers=need.answers,
        answered_arrival=need.answered_arrival,
        replaces=need.replaces,
        readers=internal.readers(office, officer, need.id) if need.internal else (),
    )
    office.drafts[need.id] = item
    kernel.record(Drafted(kernel.now, office.name, item.id, item.scope, item.type, item.urgency, item.secret, item.directive, officer.id))
    return item


def submit(office: Office, officer: Person, item: Draft) -> None:
    """The officer hands the finished draft to the unit head, or straight to the leader where the unit has none."""
    require(item.officer.id == officer.id, officer.id, f"submit {item.id}", "somebody else drafts it")
    require(item.stage is Stage.DRAFTED, officer.id, f"submit {item.id}", f"it is already {item.stage}")
    reader = item.head or item.signer
    office.desks[reader.id].put("initial", item, item.urgency)


def initial(office: Office, head: Person, item: Draft) -> None:
    """The unit head answers for the content (Decree 30 Art. 12)."""
    expected = item.head or item.signer
    require(head.id == expected.id, head.id, f"initial {item.id}", f"{expected.id} heads the drafting unit")
    require(item.stage is Stage.DRAFTED, head.id, f"initial {item.id}", f"it is already {item.stage}")
    kernel = office.services.kernel
    item.stage = Stage.INITIALLED
    kernel.record(Initialled(kernel.now, office.name, item.id, head.id))
    office.desks[item.signer.id].put("sign", item, item.urgency)


def sign(office: Office, leader: Person, item: Draft) -> None:
    """The leader approves and signs: with the own key, or by hand for a cause."""
    require(leader.role in LEADERS, leader.id, f"sign {item.id}", "only a leader of the agency has the authority")
    require(leader.id == item.signer.id, leader.id, f"sign {item.id}", f"it was submitted to {item.signer.id}")
    require(item.stage is not Stage.DRAFTED, leader.id, f"sign {item.id}", "the head of the drafting unit has not initialled it")
    require(item.stage is Stage.INITIALLED, leader.id, f"sign {item.id}", f"it is already {item.stage}")
    kernel = office.services.kernel
    item.by_hand = signing_cause(office, item)
    item.notation = notation_of(office.agency.bloc, office.agency.abbreviation, item.type, item.officer.unit)
    if item.by_hand is None:
        item.planned = incidents.next_for(office, item)
        key = incidents.leader(office, item)
        require(key is not None, leader.id, f"sign {item.id}", "there is no token in the reader")
        if key is not None:
            item.set_aside(PRESS.sign(incidents.content(office, item), key, at=claimed_at(office, item)))
    item.stage, item.signed_at = Stage.SIGNED, kernel.now
    kernel.record(Signed(kernel.now, office.name, item.id, leader.id, item.by_hand is None, item.by_hand))
    office.desks[office.clerk(item.id).id].put("issue", item, item.urgency)


def issue(office: Office, clerk: Person, item: Draft, later: stamping.Later | None = None) -> dispatch.Sent | None:
    """The clerk numbers, seals, registers and sends (Decree 30 Art. 14–18); gives what left the house, ``None`` for what stays in it.

    Where letters are time-stamped a sealed one leaves when its time-stamp is there, or will not come: then ``later`` is told.
    """
    other = clerk.role not in LEADERS and clerk.id != item.signer.id
    require(other, clerk.id, f"number {item.id}", "signer and numberer are different people")
    require(keeps_registers(office, clerk), clerk.id, f"number {item.id}", "only the clerk numbers, seals and registers")
    require(item.stage is Stage.SIGNED, clerk.id, f"number {item.id}", f"it is {item.stage}, not signed")
    services, kernel = office.services, office.services.kernel
    day = kernel.moment.date()
    item.day = day
    item.number = format_number(office.give_number(day.year, SECRET if item.secret else GENERAL))
    office.register_number += 1
    seals = 0
    if item.by_hand is None:
        seal = incidents.seal(office, item)
        if seal is None or not office.holds(office.agency.organisation_certificate):
            item.by_hand, item.letter = Cause.NO_CERTIFICATE, b""
        else:
            item.letter = PRESS.issue(item.file(), item.number, day, seal, at=claimed_at(office, item))
            seals = 1
    item.stage = Stage.ISSUED
    annexes = dispatch.annexes(office, item) if seals and not item.internal else ()
    number = office.register_number
    kernel.record(Issued(kernel.now, office.name, item.id, item.number, item.notation, number, seals + len(annexes)))
    if item.planned is not None:
        incidents.befall(office, item)
    _register(office, item, clerk)
    if item.answered_arrival:
        answered = {"agency": office.name, "arrival_number": item.answered_arrival, "reply_number": f"{item.number}/{item.notation}"}
        services.registers.change(FOLLOW_UP, answered)
    del office.drafts[item.id]
    if item.internal:
        internal.circulate_document(office, item)
        return None
    able = sender_facts(office, item)
    if seals and kernel.world.stamps and not (item.planned is not None and item.planned.changes_file):
        kernel.start_process(stamping.send_when_stamped(office, item, annexes, able, later))
        return None
    return dispatch.send(office, item, annexes, able)


def claimed_at(office: Office, item: Draft) -> datetime | None:
    """The time the agency's tool writes into its signatures: none, or Vietnamese time labelled UTC (domain.md §6.3)."""
    kernel = office.services.kernel
    if item.planned is not None and item.planned.incident.clock:
        return kernel.moment + item.planned.incident.clock
    return kernel.moment.replace(tzinfo=UTC) if office.id in kernel.world.field.clock_ahead else None


def signing_cause(office: Office, item: Draft) -> Cause | None:
    """Why this draft is signed by hand at this moment, ``None`` when with keys."""
    if item.secret:
        return Cause.SECRET
    return hand_cause(sender_facts(office, item))


def sender_facts(office: Office, item: Draft) -> Sender:
    """What the agency has and can for this draft now (the facts of :mod:`scenarios.channels`)."""
    agency, clerk = office.agency, office.clerk(item.id)
    return Sender(
        bloc=agency.bloc,
        software=agency.software,
        connected=agency.connected,
        seal=office.holds(agency.organisation_certificate),
        signer_key=office.holds(item.signer.certificate),
        drafter=Hand(item.drafter.has_computer, item.drafter.trained),
        signer=Hand(item.signer.has_computer, item.signer.trained),
        clerk=Hand(clerk.has_computer, clerk.trained),
    )


def _typist(office: Office, officer: Person, key: str) -> Person:
    """Who enters an official draft: the officer, or a colleague of the unit or the clerk where the officer cannot."""
    if officer.has_computer and officer.trained:
        return officer
    colleagues = tuple(person for person in office.agency.people if person.unit == officer.unit and person.role in ("officer", "clerk"))
    able = tuple(person for person in (*colleagues, *office.staff("clerk")) if person.has_computer and person.trained)
    return office.pick(f"{key}/typist", able) or officer


def keeps_registers(office: Office, person: Person) -> bool:
    """Whether this person keeps the registers here: the clerk, or anybody where there is none."""
    return person.role == "clerk" or not office.staff("clerk")


def _register(office: Office, item: Draft, clerk: Person) -> None:
    kernel = office.services.kernel
    names = ", ".join(str(organ) for organ in item.recipients[:20]) + (" …" if len(item.recipients) > 20 else "")
    separator = "-" if office.agency.bloc is Bloc.PARTY else "/"
    office.services.registers.add(
        OUTGOING,
        {
            "agency": office.name,
            "register_number": office.register_number,
            "document": item.id,
            "number_notation": f"{item.number}{separator}{item.notation}",
            "date": f"{kernel.moment:%d/%m/%Y}",
            "type_and_summary": f"{document_type(item.type).name}: {letter_content(office, item).subject}",
            "signer": item.signer.name,
            "recipients": names,
            "file_kept_by": item.officer.unit,
            "copies": len(item.recipients),
            "transfer_date": f"{kernel.moment:%d/%m/%Y}",
            "receipt": clerk.name,
            "note": "" if item.by_hand is None else str(item.by_hand),
        },
    )
