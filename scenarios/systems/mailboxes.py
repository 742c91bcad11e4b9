"""Official mailboxes: who opens the own one on a working day, and how many messages go out (figures b06 and b15)."""

from __future__ import annotations

from scenarios.channels import Hand
from scenarios.kernel import DAY, WINDOWS, Process
from scenarios.office.office import Office
from scenarios.streams import poisson, stream
from scenarios.trace import MailboxUsed


def mailboxes(office: Office) -> Process:
    """All mailboxes of one agency, day after day. Every holder takes the same draws whatever comes out."""
    kernel = office.services.kernel
    holders = tuple(person for person in office.agency.people if person.mailbox)
    chances = {person.id: stream(kernel.seed, person.id, "mailbox") for person in holders}
    day = 0
    while holders:
        if kernel.is_working(day):
            yield kernel.until(day * DAY)
            today = []
            for person in holders:
                chance = chances[person.id]
                opens, at, messages = chance.random(), chance.random(), poisson(chance, kernel.habits["messages_mean"])
                able = person.regular and Hand(person.has_computer, person.trained).cause is None
                if opens < kernel.habits["sign_in_share" if able else "sign_in_rare_share"]:
                    today.append((_moment(at), person.id, messages))
            for second, name, messages in sorted(today):
                yield kernel.until(day * DAY + second)
                kernel.record(MailboxUsed(kernel.now, office.name, name, messages))
        day += 1


def _moment(draw: float) -> int:
    """A second of the day inside office hours."""
    offset = int(draw * sum(end - start for start, end in WINDOWS))
    for start, end in WINDOWS:
        if offset < end - start:
            return start + offset
        offset -= end - start
    return WINDOWS[-1][1]
