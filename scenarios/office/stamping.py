"""How software gets a time-stamp on a letter: it asks, waits, asks again, and in the end does without (the field: 3 times 180 seconds).

It looks whether an answer is one to its question, as RFC 3161 §2.4.2 demands at least; whether the authority's signature holds it leaves to
whoever reads the letter. (Assumption: the field's tools were seen to wait and to ask again, not what they check.)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal

import simpy

from scenarios.channels import Sender
from scenarios.kernel import Process
from scenarios.office import dispatch
from scenarios.office.cases import Draft
from scenarios.office.dispatch import Annex, Sent
from scenarios.office.office import Office
from scenarios.trace import Timestamped
from signing import (
    AwaitingStamp,
    FormatFailure,
    answers_request,
    await_timestamp,
    parse_token,
    read_time_stamp_request,
    read_time_stamp_response,
)

SILENT, SLOW, UNAVAILABLE, WRONG = "silent", "slow", "unavailable", "wrong"
"""Why no time-stamp was had."""
Later = Callable[[Sent], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of one request: a token, or why none; and how many tokens were signed for it."""

    token: bytes | None
    reason: str
    signed: int


def send_when_stamped(office: Office, item: Draft, files: tuple[Annex, ...], able: Sender, later: Later | None) -> Process:
    """Have an issued letter time-stamped, then send it; without a time-stamp when none is to be had. ``later`` is told what was sent."""
    silent = item.planned is not None and not item.planned.incident.stamped
    stamped = yield from obtain(office, item.id, "document", item.file(), silent=silent)
    item.letter = stamped or item.letter
    sent = dispatch.send(office, item, files, able)
    if later is not None:
        later(sent)


def obtain(
    office: Office, document: str, kind: Literal["document", "archive"], letter: bytes, *, silent: bool = False
) -> Generator[simpy.Event, Any, bytes | None]:
    """The letter with one time-stamp more, or ``None`` after so many tries; what came of it is written down.

    ``silent``: an incident has it that the service does not answer.
    """
    kernel, habits = office.services.kernel, office.services.kernel.habits
    awaiting, signed, reason = await_timestamp(letter), 0, ""
    tries = int(habits["time_stamp_tries"])
    for attempt in range(1, tries + 1):
        answer = yield from _ask(office, awaiting, f"{office.name}|{document}|{kind}|{kernel.now}", attempt, silent=silent)
        signed, reason = signed + answer.signed, answer.reason
        if answer.token is not None:
            stamped_at = kernel.instant_of(parse_token(answer.token).info.generated_at)
            kernel.record(Timestamped(kernel.now, office.name, document, kind, True, attempt, signed, "", stamped_at))
            return awaiting.with_token(answer.token)
    kernel.record(Timestamped(kernel.now, office.name, document, kind, False, tries, signed, reason, -1))
    return None


def _ask(office: Office, awaiting: AwaitingStamp, key: str, attempt: int, *, silent: bool) -> Generator[simpy.Event, Any, _Answer]:
    """One request and its answer, or the wait for one."""
    services, kernel = office.services, office.services.kernel
    patience = int(kernel.habits["time_stamp_timeout_seconds"])
    asked = services.time_stamping.ask(awaiting.digest, key, attempt)
    if silent or asked.seconds is None or asked.seconds >= patience:
        yield kernel.sleep(patience)
        return _Answer(None, SILENT if silent or asked.seconds is None else SLOW, 0)
    yield kernel.sleep(asked.seconds)
    return _taken(asked.request, services.time_stamping.answer(asked.request))


def _taken(request: bytes, response: bytes) -> _Answer:
    """The token in a response, if it is one and answers the request."""
    try:
        token = read_time_stamp_response(response)
    except FormatFailure:
        return _Answer(None, UNAVAILABLE, 0)
    try:
        objection = answers_request(parse_token(token).info, read_time_stamp_request(request))
    except FormatFailure as failure:
        objection = str(failure)
    return _Answer(None, WRONG, 1) if objection else _Answer(token, "", 1)
