"""Claim, renew, settle, relay: the queue both modes share. The row is the work; a bell rung about it may be lost.

A stage claims a batch in one transaction, by state and never by cursor, and does its effects and deletes the rows in another. A lease
that runs out gives the rows to the next claimer; deleting and renewing ask for the lease token, so a late worker changes nothing. Leases
and waits run on machine time, due times are business instants.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from exchange.retry import Decision
from exchange.store.engine import machine_now, skip_locked, storable
from exchange.store.tables import outbox, package
from exchange.store.work import Store, Work


class Stage(StrEnum):
    """What a row asks for, in the order a document walks. A status package is asked nothing before ROUTE."""

    VERIFY = "verify"
    """Judge the letter: depends on nothing but the package, so senders take turns."""
    ROUTE = "route"
    """Move deliveries and negotiations and choose the roads: in order of admission, since one package may undo another."""


FOLLOWS = {Stage.VERIFY: frozenset({Stage.ROUTE}), Stage.ROUTE: frozenset[Stage]()}
"""The stages for which a stage leaves work."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One row held under a lease. ``package`` is the row id of the package, ``due_at`` the business instant (epoch seconds)."""

    id: int
    package: int
    sender: str
    due_at: int
    attempt: int
    lease: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A row set aside after too many attempts, for people to see."""

    stage: Stage
    package_id: str
    attempts: int
    error: str


_FAIR_WINDOW = 4
_OPEN = (
    select(outbox.c.id, outbox.c.package, outbox.c.sender, outbox.c.due_at, outbox.c.attempts)
    .where(outbox.c.stage == bindparam("stage"), outbox.c.parked == 0, outbox.c.due_at <= bindparam("until"))
    .order_by(outbox.c.due_at, outbox.c.package)
    .limit(bindparam("window"))
)
_READY = {dialect: _OPEN.where(outbox.c.ready_at <= machine_now(dialect)) for dialect in ("sqlite", "postgresql")}
_TAKE = {
    dialect: update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values(lease=bindparam("b_lease"), attempts=outbox.c.attempts + 1, ready_at=machine_now(dialect) + bindparam("b_seconds"))
    for dialect in ("sqlite", "postgresql")
}
_RENEW = {
    dialect: update(outbox)
    .where(outbox.c.id == bindparam("b_id"), outbox.c.lease == bindparam("b_lease"))
    .values(ready_at=machine_now(dialect) + bindparam("b_seconds"))
    for dialect in ("sqlite", "postgresql")
}
_GIVE_BACK = {
    dialect: update(outbox)
    .where(outbox.c.id == bindparam("b_id"), outbox.c.lease == bindparam("b_lease"))
    .values(
        lease="",
        error=bindparam("b_error"),
        parked=bindparam("b_parked"),
        attempts=outbox.c.attempts - bindparam("b_uncounted"),
        ready_at=machine_now(dialect) + bindparam("b_wait"),
    )
    for dialect in ("sqlite", "postgresql")
}
_HELD = select(outbox.c.id, outbox.c.lease).where(outbox.c.id.in_(bindparam("ids", expanding=True)))
_DELETE = delete(outbox).where(outbox.c.id == bindparam("b_id"))
_INSERT = insert(outbox)
_NEXT_DUE = select(func.min(outbox.c.due_at)).where(outbox.c.parked == 0, outbox.c.stage == bindparam("stage"))


def post(work: Work, stage: Stage, rows: Iterable[tuple[int, str, int, int]]) -> None:
    """Write down work for a stage: (package, sender, due instant, priority) each."""
    work.many(
        _INSERT,
        [
            {
                "stage": stage.value, "package": number, "sender": sender, "due_at": due, "priority": priority,
                "attempts": 0, "ready_at": 0, "lease": "", "parked": 0, "error": "",
            }
            for number, sender, due, priority in rows
        ],
    )  # fmt: skip


def claim(work: Work, stage: Stage, count: int, *, until: int, lease: str, seconds: int) -> list[Claim]:
    """Take up to ``count`` open rows due by ``until`` under a lease: oldest first; for VERIFY, senders take turns within a window."""
    query = skip_locked(_READY[work.dialect], work.dialect)
    wanted = count * _FAIR_WINDOW if stage is Stage.VERIFY else count
    window = work.all(query, {"stage": stage.value, "until": until, "window": wanted})
    chosen = window if len(window) <= count else list(_in_turn(window, count))
    work.many(_TAKE[work.dialect], [{"b_id": row.id, "b_lease": lease, "b_seconds": seconds} for row in chosen])
    return [Claim(row.id, row.package, row.sender, row.due_at, row.attempts + 1, lease) for row in chosen]


def _in_turn(window: Sequence[Any], count: int) -> Iterator[Any]:
    """One sender's flood does not keep the others waiting: each in turn gives its oldest row."""
    queues: dict[str, deque[Any]] = defaultdict(deque)
    for row in window:
        queues[row.sender].append(row)
    turns = deque(queues.values())
    for _ in range(count):
        queue = turns.popleft()
        yield queue.popleft()
        if queue:
            turns.append(queue)


def renew(work: Work, claims: Sequence[Claim], seconds: int) -> None:
    """Hold claimed rows for longer; rows another worker took over meanwhile stay with it."""
    work.many(_RENEW[work.dialect], [{"b_id": one.id, "b_lease": one.lease, "b_seconds": seconds} for one in claims])


def still_held(work: Work, claims: Sequence[Claim]) -> list[Claim]:
    """Those of the claims whose lease still holds; asked first in the transaction that does the effects."""
    held = {row.id: row.lease for row in work.all(_HELD, {"ids": [one.id for one in claims]})}
    return [one for one in claims if held.get(one.id) == one.lease]


def settle(work: Work, claims: Sequence[Claim]) -> None:
    """The work is done: the rows go, in the transaction of the effects."""
    work.many(_DELETE, [{"b_id": one.id} for one in claims])


def give_back(work: Work, one: Claim, decision: Decision) -> None:
    """The attempt failed: wait and try again, or park."""
    work.run(
        _GIVE_BACK[work.dialect],
        {
            "b_id": one.id, "b_lease": one.lease, "b_error": storable(decision.reason), "b_parked": int(decision.park),
            "b_uncounted": 0, "b_wait": decision.wait,
        },
    )  # fmt: skip


def postpone(work: Work, claims: Sequence[Claim], seconds: int = 0) -> None:
    """It is not their turn yet: back in the queue, the attempt not counted, for so many machine seconds behind all others."""
    rows = [{"b_id": one.id, "b_lease": one.lease, "b_error": "", "b_parked": 0, "b_uncounted": 1, "b_wait": seconds} for one in claims]
    work.many(_GIVE_BACK[work.dialect], rows)


def ringing(work: Work, until: int) -> set[Stage]:
    """The stages that have open work due by then: whose bell to ring. A broker's doorbell says no more than this."""
    return {stage for stage in Stage if work.first(_READY[work.dialect], {"stage": stage.value, "until": until, "window": 1}) is not None}


def relay(store: Store, ring: Callable[[Stage], None], until: int) -> None:
    """Ring for every stage that has work. Rung too often or not at all, nothing is lost or doubled: the rows are the work."""
    with store.reading() as work:
        stages = ringing(work, until)
    for stage in Stage:
        if stage in stages:
            ring(stage)


def next_due(work: Work) -> int | None:
    """The earliest business instant at which an open row is due."""
    found = [work.value(_NEXT_DUE, {"stage": stage.value}) for stage in Stage]
    return min((one for one in found if one is not None), default=None)


def depth(work: Work) -> dict[Stage, int]:
    """Open rows per stage, parked ones included."""
    counted = dict(work.all(select(outbox.c.stage, func.count()).group_by(outbox.c.stage)))
    return {stage: counted.get(stage.value, 0) for stage in Stage}


def parked(store: Store) -> tuple[Parked, ...]:
    """What was set aside, oldest first."""
    query = (
        select(outbox.c.stage, package.c.package_id, outbox.c.attempts, outbox.c.error)
        .join(package, package.c.id == outbox.c.package)
        .where(outbox.c.parked == 1)
        .order_by(outbox.c.id)
    )
    with store.reading() as work:
        return tuple(Parked(Stage(stage), name, attempts, error) for stage, name, attempts, error in work.all(query))


def release(work: Work) -> int:
    """Put every parked row back in its queue, with its attempts forgotten (after people have mended the cause)."""
    return work.run(update(outbox).where(outbox.c.parked == 1).values(parked=0, attempts=0, ready_at=0, lease="", error=""))


def release_leases(work: Work) -> int:
    """Forget every lease: said at start by a process that owns the database alone, so that nobody waits for the dead."""
    return work.run(update(outbox).where(outbox.c.lease != "", outbox.c.parked == 0).values(ready_at=0, lease=""))
