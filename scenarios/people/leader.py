"""What those who read and decide choose: initial, sign, and write instructions."""

from __future__ import annotations

from datetime import timedelta

from scenarios.office import incoming, outgoing
from scenarios.office.cases import Case, Draft
from scenarios.office.office import Office
from scenarios.streams import share, stream
from scenarios.world.model import Person

_WORKING_SECONDS = 8 * 3600


def initial(office: Office, me: Person, item: Draft) -> None:
    """Answer for the content."""
    outgoing.initial(office, me, item)


def sign(office: Office, me: Person, item: Draft) -> None:
    """Approve and sign."""
    outgoing.sign(office, me, item)


def assign(office: Office, me: Person, case: Case) -> None:
    """The instruction: who leads, whether it is to be answered, until when."""
    if case.cancelled:
        return
    kernel, item = office.services.kernel, case.incoming
    to_answer = share(kernel.seed, office.name, item.document, "information") >= kernel.habits["for_information_share"]
    handlers = office.staff("officer") or office.staff("unit-head") or office.agency.people
    lead = office.pick(f"{item.document}/lead", handlers)
    if lead is None:
        return
    deadline = kernel.moment + timedelta(days=2 if item.urgency else 7)
    incoming.assign(office, me, case, lead, to_answer=to_answer, deadline=f"{deadline:%d/%m/%Y}")
    days = kernel.habits["start_days"] * (0.1 if item.urgency else 1.0)
    wait = int(stream(kernel.seed, office.name, item.document, "start").expovariate(1.0) * days * _WORKING_SECONDS)
    office.desks[lead.id].put("start", case, item.urgency, kernel.after_work(kernel.now, wait))
