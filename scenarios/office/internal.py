"""Documents that stay inside the agency: who reads them, and whether they end on screen or on paper, and why."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.channels import Circulation, Hand, circulate
from scenarios.office.cases import Draft
from scenarios.office.errors import OfficeError
from scenarios.office.office import Office
from scenarios.office.registers import KEPT
from scenarios.streams import rendezvous
from scenarios.trace import InternalEnded
from scenarios.world.model import Person
from signing import pack_letter


@dataclass(slots=True)
class Round:
    """An internal document on its way from reader to reader."""

    item: Draft
    unread: list[Person]


def readers(office: Office, officer: Person, key: str) -> tuple[Person, ...]:
    """One person each of the units it is circulated to; in an agency of one unit a colleague."""
    kernel = office.services.kernel
    units = tuple(unit for unit in office.agency.units if unit != officer.unit)
    wanted = max(1, round(kernel.habits["internal_readers_mean"]))
    found = []
    for unit in rendezvous(kernel.seed, f"{key}/units", units, wanted):
        people = tuple(person for person in office.agency.people if person.unit == unit and person.id != officer.id)
        reader = office.pick(f"{key}/{unit}", people)
        if reader is not None:
            found.append(reader)
    if not found:
        colleague = office.pick(f"{key}/colleague", tuple(person for person in office.agency.people if person.id != officer.id))
        found = [colleague] if colleague is not None else []
    return tuple(found)


def circulate_document(office: Office, item: Draft) -> None:
    """After issue: keep the letter and lay it on the first reader's desk."""
    if item.letter and office.services.keep:
        packed = pack_letter(item.file())
        if packed is not None:
            row = {"agency": office.name, "document": item.id, "template": packed.template_sha256, "tail": packed.tail}
            office.services.registers.add(KEPT, row)
    item.letter = b""
    _pass_on(office, Round(item, list(item.readers)))


def read(office: Office, reader: Person, going: Round) -> None:
    """A reader takes note and passes it on; the last one ends it."""
    if not going.unread or going.unread[0].id != reader.id:
        raise OfficeError(reader.id, f"read {going.item.id}", "it is not on this desk")
    going.unread.pop(0)
    _pass_on(office, going)


def _pass_on(office: Office, going: Round) -> None:
    if going.unread:
        office.desks[going.unread[0].id].put("read", going, going.item.urgency)
        return
    kernel, agency, item = office.services.kernel, office.agency, going.item
    rule = any(rule.copy == "only" and rule.catches(item.type) for rule in kernel.world.paper_rules if rule.scope == "internal")
    hands = tuple(Hand(person.has_computer, person.trained) for person in item.readers)
    cause = circulate(Circulation(agency.software, rule, item.by_hand, hands))
    kernel.record(InternalEnded(kernel.now, office.name, item.id, agency.level.value, agency.bloc.value, cause is None, cause))
