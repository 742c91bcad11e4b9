"""A working life: take what is due, spend the time it takes, give the command.

The choices stand in :mod:`clerk`, :mod:`leader` and :mod:`officer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange.domain.document import Urgency
from scenarios.kernel import Kernel, Process
from scenarios.office.office import Office
from scenarios.people import clerk, leader, mistakes, officer
from scenarios.streams import about, stream
from scenarios.world.model import Person

Choice = Callable[[Office, Person, Any], None]

CHOICES: dict[str, Choice] = {
    "write": officer.write,
    "initial": leader.initial,
    "sign": leader.sign,
    "issue": clerk.issue,
    "receive": clerk.receive,
    "assign": leader.assign,
    "start": officer.start,
    "finish": officer.finish,
    "read": officer.read,
    "publish": officer.publish,
    "correct": mistakes.correct,
    "answer": mistakes.answer,
}
"""Who is asked what to do about a piece of work."""
_MINUTES = {
    "initial": "initial_minutes",
    "sign": "sign_minutes",
    "issue": "issue_minutes",
    "receive": "receive_minutes",
    "assign": "assign_minutes",
    "read": "read_minutes",
    "publish": "publish_minutes",
}


def person(office: Office, me: Person) -> Process:
    """One member of staff, whatever the role."""
    kernel = office.services.kernel
    chance = stream(kernel.seed, me.id, "work")
    desk = office.desks[me.id]
    while True:
        work = yield from desk.next()
        minutes = _minutes(kernel, work.verb, work.item)
        if minutes:
            pause = about(chance, minutes * 60)
            out_of_hours = -work.rank >= Urgency.EXPRESS
            yield kernel.until(kernel.now + pause if out_of_hours else kernel.after_work(kernel.now, pause))
        CHOICES[work.verb](office, me, work.item)


def _minutes(kernel: Kernel, verb: str, item: Any) -> float:
    if verb == "write":
        return kernel.habits["internal_draft_minutes" if item.internal else "draft_minutes"]
    if verb == "finish":
        return kernel.habits["handle_minutes" if item.to_answer else "read_minutes"]
    return kernel.habits[_MINUTES[verb]] if verb in _MINUTES else 0.0
