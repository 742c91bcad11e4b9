"""Small traces by hand: one line per fact, so that a test can say what must be counted."""

from __future__ import annotations

from datetime import date

from scenarios.trace import AgencyOpened, Cause, Channel, Dispatched, Drafted, Scope, Signed
from scenarios.world.model import World

DAY = 86_400
NINE = 9 * 3_600
"""Nine in the morning of the first day."""


def world(province: str = "17") -> World:
    """A province and a calendar; Monday 27/9/2021 is the first day. Folds need nothing else."""
    return World(
        name="by-hand",
        question="?",
        seed="1",
        start=date(2021, 9, 27),
        province=province,
        holidays=frozenset(),
        agencies=(),
        hops=(),
        assumptions=(),
        targets=(),
    )


def opened(
    agency: str,
    level: str = "commune",
    bloc: str = "state",
    *,
    province: str = "17",
    exchanges: bool = True,
    certificates: int = 1,
    staff: int = 0,
    mailboxes: int = 0,
) -> AgencyOpened:
    return AgencyOpened(0, agency, agency, level, bloc, province, exchanges, certificates, certificates, staff, mailboxes)


def signed(
    document: str, agency: str, at: int = NINE, *, scope: Scope = Scope.STATE_IN_PROVINCE, urgency: int = 0
) -> list[Drafted | Signed]:
    return [
        Drafted(at, agency, document, scope, "CV", urgency, False, False, f"{agency}/1"),
        Signed(at, agency, document, f"{agency}/2", True, None),
    ]


def dispatched(
    document: str,
    agency: str,
    recipient: str,
    channel: Channel = Channel.AXIS,
    cause: Cause | None = None,
    *,
    at: int = NINE,
    scope: Scope = Scope.STATE_IN_PROVINCE,
    paper_cause: Cause | None = None,
) -> Dispatched:
    return Dispatched(at, agency, document, recipient, scope, channel, cause, paper_cause is not None, paper_cause, "commune", "state")
