"""Agencies outside the study: nobody there is simulated, their software answers alone.

What it received it registers after a while, sending 03 and 05 together and never 06, as some vendors' software does; what it has to write
passes the same commands in one go. Every signature and every check is as real as anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from scenarios.kernel import Process
from scenarios.office import incoming, outgoing
from scenarios.office.cases import Draft, Incoming, Request
from scenarios.office.office import Office
from scenarios.people import clerk, mistakes
from scenarios.streams import share, stream
from scenarios.world.model import Person


def desk(office: Office, me: Person) -> Process:
    """Work off one desk at once, without anybody's hours."""
    kernel = office.services.kernel
    while True:
        work = yield from office.desks[me.id].next()
        if work.verb == "receive" and isinstance(work.item, Incoming):
            kernel.at(_when(office, work.item), partial(_receive, office, me, work.item))
        elif isinstance(work.item, Request):
            mistakes.answer(office, me, work.item)
        elif isinstance(work.item, Draft):
            _pass(office, me, work.verb, work.item)


def _pass(office: Office, me: Person, verb: str, item: Draft) -> None:
    commands: dict[str, Callable[[Office, Person, Draft], object]] = {
        "write": outgoing.submit, "initial": outgoing.initial, "sign": outgoing.sign, "issue": outgoing.issue
    }  # fmt: skip
    if verb in commands:
        commands[verb](office, me, item)


def _when(office: Office, item: Incoming) -> int:
    """The instant at which it is looked at."""
    kernel = office.services.kernel
    wait = stream(kernel.seed, office.name, item.document, "counterpart").expovariate(1.0) * kernel.habits["counterpart_hours"] * 3600
    return kernel.after_work(kernel.now, int(wait))


def _receive(office: Office, me: Person, item: Incoming) -> None:
    kernel = office.services.kernel
    if item.document not in office.queue:
        return
    reason = incoming.check(office, me, item)
    if not reason and incoming.is_duplicate(office, item):
        reason = clerk.DUPLICATE
    if not reason and share(kernel.seed, office.name, item.document, "competent") < kernel.habits["not_competent_share"]:
        reason = clerk.NOT_COMPETENT
    if reason:
        incoming.send_back(office, me, item, reason)
    else:
        case = incoming.register(office, me, item)
        incoming.process_at_once(office, me, case)
