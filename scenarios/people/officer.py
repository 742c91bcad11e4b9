"""What an officer chooses: submit a draft, take up a case, finish it with or without an answer, read what is circulated, publish."""

from __future__ import annotations

from hashlib import sha256

from scenarios.office import incoming, internal, outgoing
from scenarios.office.cases import Answers, Case, Draft
from scenarios.office.dispatch import scope_of
from scenarios.office.office import Office
from scenarios.office.outgoing import Need
from scenarios.people import errands
from scenarios.streams import share
from scenarios.trace import Channel
from scenarios.world.model import Person


def write(office: Office, me: Person, item: Draft) -> None:
    """The draft is written: up the line with it."""
    outgoing.submit(office, me, item)


def start(office: Office, me: Person, case: Case) -> None:
    """Take the case up."""
    if case.cancelled:
        return
    incoming.start(office, me, case)
    office.desks[me.id].put("finish", case, case.incoming.urgency)


def finish(office: Office, me: Person, case: Case) -> None:
    """Close the case; some are answered with a document of our own."""
    if case.cancelled:
        return
    kernel, item = office.services.kernel, case.incoming
    answerable = case.to_answer and not item.is_reply and item.recipients == 1 and item.channel is not Channel.COURIER
    answerable = answerable and item.sender in office.services.agencies
    if answerable and share(kernel.seed, office.name, item.document, "reply") < kernel.habits["reply_share"]:
        errands.begin(office, _reply(office, case))
    incoming.finish(office, me, case)


def read(office: Office, me: Person, going: internal.Round) -> None:
    """Take note and pass it on."""
    internal.read(office, me, going)


def publish(office: Office, me: Person, item: Draft) -> None:
    """Put a directive on the portal."""
    office.services.portal.publish(office, me, item)


def _reply(office: Office, case: Case) -> Need:
    """A reply's identifier comes from the answered document's: one reply each, and no counter that others could shift."""
    item = case.incoming
    tail = int.from_bytes(sha256(item.document.encode()).digest()[:4], "big") % 100_000_000
    return Need(
        id=f"{office.name},{office.services.kernel.moment.year},TL{tail:08d}",
        type="CV",
        scope=scope_of(office, office.services.agencies[item.sender]),
        recipients=(item.sender,),
        urgency=item.urgency,
        answers=Answers(item.sender, item.document, item.number, item.notation, item.day),
        answered_arrival=case.arrival_number,
    )
