"""Breakers: an agency whose documents cost workers their lives waits, so that it cannot take everybody else's with it.

Nothing is pushed to recipients, who fetch for themselves: a dead one costs nobody anything, and what it leaves lying expires. What one
agency can use up are the workers that judge what it sends. A document that takes longer than it may, or ends the process that judges it, is
a failure of its sender; after three within an hour its documents are left in line for a minute, and twice as long after each further one,
up to an hour. Then they are tried again. An hour without a failure, and nothing is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from exchange.store.dialect import insert_new, machine_now
from exchange.store.tables import breaker
from exchange.store.work import Work

THRESHOLD = 3
FORGOTTEN = 3600
"""Seconds without a failure after which a sender begins anew."""
_FIRST, _LONGEST = 60, 3600
_DIALECTS = ("sqlite", "postgresql")
_NOW = {dialect: select(machine_now(dialect)) for dialect in _DIALECTS}
_FAILED = select(breaker.c.failures, breaker.c.failed_at).where(breaker.c.agency == bindparam("agency")).with_for_update()
_FAIL = (
    update(breaker)
    .where(breaker.c.agency == bindparam("b_agency"))
    .values(failures=bindparam("b_failures"), failed_at=bindparam("b_at"), open_until=bindparam("b_until"))
)
_REMOVE = delete(breaker).where(breaker.c.agency == bindparam("b_agency"))
_OPEN = {
    dialect: select(breaker.c.agency, breaker.c.failures, breaker.c.open_until - machine_now(dialect))
    .where(breaker.c.open_until > machine_now(dialect))
    .order_by(breaker.c.agency)
    for dialect in _DIALECTS
}


@dataclass(frozen=True, slots=True)
class Breaker:
    """One that is open: whose, after how many failures, and for how many seconds more."""

    agency: str
    failures: int
    seconds: int


def wait_after(failures: int) -> int:
    """Seconds for which a sender's documents wait after so many failures."""
    return 0 if failures < THRESHOLD else min(_FIRST << min(failures - THRESHOLD, 10), _LONGEST)


def trip(work: Work, agency: str) -> int:
    """A document of this agency cost a worker its life; gives for how many seconds its others wait."""
    now = int(work.value(_NOW[work.dialect]))
    # two workers may be lost to one sender at once: the second waits for the first, and counts on
    work.run(insert_new(breaker, "agency", work.dialect), {"agency": agency, "failures": 0, "failed_at": now, "open_until": now})
    ((failures, failed_at),) = work.rows(_FAILED, {"agency": agency})
    count = 1 if now - failed_at > FORGOTTEN else int(failures) + 1
    wait = wait_after(count)
    work.run(_FAIL, {"b_agency": agency, "b_failures": count, "b_at": now, "b_until": now + wait})
    return wait


def close(work: Work, agency: str) -> bool:
    """Forget an agency's failures (after people have mended the cause); gives whether there were any."""
    return bool(work.run(_REMOVE, {"b_agency": agency}))


def open_breakers(work: Work) -> tuple[Breaker, ...]:
    """Those that are open now."""
    return tuple(Breaker(agency, failures, int(left)) for agency, failures, left in work.rows(_OPEN[work.dialect]))
