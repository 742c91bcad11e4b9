"""Claim, renew, settle, relay: the queue both modes share. The row is the work; a bell rung about it may be lost.

Documents to be judged are claimed in one transaction, by state and never by cursor, and settled in another: the lease that lies between
gives the rows to the next claimer when it runs out, and what deletes or renews asks for the lease's token, so a late worker changes
nothing. What is to be routed keeps its order: it is locked, done and deleted in one transaction, shard by shard
(:func:`exchange.store.locks.free_shards`). Leases and waits run on the database's machine time, due times are business instants.

A row's place in the line for judgement is its ``turn``: urgency first, and within an urgency start-time fair queueing. A row takes the turn
after its sender's last waiting one, but none before the next to be served. So a sender who hands in ten thousand at once waits behind
himself, and the next sender's first document is among the next to be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zlib import crc32

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from exchange.retry import Decision
from exchange.store.dialect import machine_now, machine_seconds
from exchange.store.locks import skip_locked
from exchange.store.tables import breaker, horizon, outbox, package
from exchange.store.texts import storable
from exchange.store.work import Store, Work


class Stage(StrEnum):
    """What a row asks for, in the order a document walks. A status package is asked nothing before ROUTE."""

    VERIFY = "verify"
    """Judge the letter: depends on nothing but the package, so senders take turns."""
    ROUTE = "route"
    """Move deliveries and negotiations and choose the roads: new documents by urgency, all else in order of admission, for one package may
    undo another."""


FOLLOWS = {Stage.VERIFY: frozenset({Stage.ROUTE}), Stage.ROUTE: frozenset[Stage]()}
"""The stages for which a stage leaves work."""
SHARDS = 16
"""Packages about one sender's documents are in one of these, and are routed by urgency and in the order of admission."""


@dataclass(frozen=True, slots=True)
class Task:
    """Work for a stage. ``owner``: whose document it is about; ``due_at``: business instant (epoch seconds).

    ``priority``: its urgency in line (:mod:`exchange.domain.rank`); nothing that is about a document overtakes it.
    """

    package: int
    sender: str
    owner: str
    due_at: int
    priority: int

    @property
    def shard(self) -> int:
        """The same for all packages about one owner's documents, in every process."""
        return crc32(self.owner.encode()) % SHARDS


@dataclass(frozen=True, slots=True)
class Claim:
    """One row held under a lease. ``package`` is the row id of the package, ``due_at`` the business instant (epoch seconds)."""

    id: int
    package: int
    sender: str
    due_at: int
    attempt: int
    lease: str
    timeouts: int = 0
    """How many attempts ended because judging took longer than it may."""
    counted: bool = True
    """Whether the row says so already: not while it is only locked."""
    waited: float = 0.0
    """Seconds since the business instant at which it was due, by the database's clock."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a stage may go: rows due by ``until`` of packages admitted up to ``package``."""

    until: int
    package: int = 1 << 62


EVERYTHING = Reach(1 << 62)


@dataclass(frozen=True, slots=True)
class Parked:
    """A row set aside after too many attempts, for people to see."""

    stage: Stage
    package_id: str
    attempts: int
    error: str


_DIALECTS = ("sqlite", "postgresql")
_CLASS = 1 << 40
"""Turns of one urgency."""
_MOST_URGENT = 7
_COLUMNS = (
    outbox.c.id, outbox.c.package, outbox.c.sender, outbox.c.due_at, outbox.c.attempts, outbox.c.lease, outbox.c.timeouts, outbox.c.turn,
)  # fmt: skip
_DUE = (
    outbox.c.stage == bindparam("stage"), outbox.c.parked == 0, outbox.c.due_at <= bindparam("until"),
    outbox.c.package <= bindparam("upto"),
)  # fmt: skip
_HELD_BACK = {dialect: select(breaker.c.agency).where(breaker.c.open_until > machine_now(dialect)) for dialect in _DIALECTS}
"""Senders whose breaker is open: their documents are not judged now (:mod:`exchange.breakers`); what is judged is routed."""
_OPEN = select(*_COLUMNS).where(*_DUE).order_by(outbox.c.turn, outbox.c.package).limit(bindparam("window"))
_READY = {
    dialect: _OPEN.add_columns(machine_seconds(dialect).label("now")).where(outbox.c.ready_at <= machine_now(dialect))
    for dialect in _DIALECTS
}
_CLAIMABLE = {dialect: skip_locked(query, dialect) for dialect, query in _READY.items()}
_IN_SHARDS = _CLAIMABLE["postgresql"].where(outbox.c.shard.in_(bindparam("shards", expanding=True)))
_JUDGEABLE = {dialect: query.where(outbox.c.sender.not_in(_HELD_BACK[dialect])) for dialect, query in _READY.items()}
_TO_JUDGE = {dialect: skip_locked(query, dialect) for dialect, query in _JUDGEABLE.items()}
_UNFINISHED = {
    dialect: select(outbox.c.id)
    .where(
        *_DUE,
        or_(outbox.c.ready_at <= machine_now(dialect), outbox.c.lease != "", outbox.c.error == ""),
        or_(outbox.c.stage != Stage.VERIFY.value, outbox.c.lease != "", outbox.c.sender.not_in(_HELD_BACK[dialect])),
    )
    .limit(1)
    for dialect in _DIALECTS
}
_UNTIL, _UPTO = (func.coalesce(select(column).scalar_subquery(), 1 << 62) for column in (horizon.c.until, horizon.c.package))
_LOOK = {
    dialect: select(
        _UNTIL,
        _UPTO,
        *(
            select(outbox.c.id)
            .where(
                outbox.c.stage == stage.value,
                outbox.c.parked == 0,
                outbox.c.due_at <= _UNTIL,
                outbox.c.package <= _UPTO,
                outbox.c.ready_at <= machine_now(dialect),
                *([outbox.c.sender.not_in(_HELD_BACK[dialect])] if stage is Stage.VERIFY else []),
            )
            .exists()
            for stage in Stage
        ),
    )
    for dialect in _DIALECTS
}
_THESE = {
    dialect: skip_locked(
        select(*_COLUMNS, machine_seconds(dialect).label("now"))
        .where(outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.parked == 0, outbox.c.ready_at <= machine_now(dialect))
        .order_by(outbox.c.turn, outbox.c.package),
        dialect,
    )
    for dialect in _DIALECTS
}
_TAKE = {
    dialect: update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values(lease=bindparam("b_lease"), attempts=outbox.c.attempts + 1, ready_at=machine_now(dialect) + bindparam("b_seconds"))
    for dialect in _DIALECTS
}
_RENEW = {
    dialect: update(outbox)
    .where(outbox.c.id == bindparam("b_id"), outbox.c.lease == bindparam("b_lease"))
    .values(ready_at=machine_now(dialect) + bindparam("b_seconds"))
    for dialect in _DIALECTS
}
_GIVE_BACK = {
    dialect: update(outbox)
    .where(outbox.c.id == bindparam("b_id"), outbox.c.lease == bindparam("b_lease"))
    .values(
        lease="",
        error=bindparam("b_error"),
        parked=bindparam("b_parked"),
        attempts=outbox.c.attempts - bindparam("b_uncounted"),
        # rows that failed together come back one after another: spread by their ids, over a quarter of the wait
        ready_at=machine_now(dialect) + bindparam("b_wait") + outbox.c.id * 7919 % bindparam("b_spread"),
    )
    for dialect in _DIALECTS
}
_TIME_OUT = (
    update(outbox)
    .where(outbox.c.id == bindparam("b_id"), outbox.c.lease == bindparam("b_lease"))
    .values(lease="", ready_at=0, timeouts=outbox.c.timeouts + 1, error=bindparam("b_error"))
)
_HELD = select(outbox.c.id, outbox.c.lease).where(outbox.c.id.in_(bindparam("ids", expanding=True)))
_HELD_LOCKED = _HELD.order_by(outbox.c.id).with_for_update()
_DELETE = delete(outbox).where(outbox.c.id == bindparam("b_id"))
_INSERT = insert(outbox)
_NEXT_DUE = select(func.min(outbox.c.due_at)).where(outbox.c.parked == 0, outbox.c.stage == bindparam("stage"))
_OF_CLASS = (
    outbox.c.stage == bindparam("stage"), outbox.c.parked == 0, outbox.c.turn >= bindparam("base"),
    outbox.c.turn < bindparam("above"),
)  # fmt: skip
_LINE = select(
    select(func.min(outbox.c.turn)).where(*_OF_CLASS, outbox.c.attempts == 0).scalar_subquery().label("first"),
    select(func.max(outbox.c.turn)).where(*_OF_CLASS, outbox.c.sender == bindparam("sender")).scalar_subquery().label("last"),
)


def post(work: Work, stage: Stage, tasks: Sequence[Task]) -> None:
    """Write down work for a stage. What is judged is routed by its urgency, and within that in the order of admission."""
    turns = _turns(work, stage, tasks) if stage is Stage.VERIFY else [-one.priority for one in tasks]
    work.many(
        _INSERT,
        [
            {
                "stage": stage.value, "package": one.package, "sender": one.sender, "due_at": one.due_at, "priority": one.priority,
                "attempts": 0, "ready_at": 0, "lease": "", "parked": 0, "error": "", "turn": turn, "shard": one.shard, "timeouts": 0,
            }
            for one, turn in zip(tasks, turns, strict=True)
        ],
    )  # fmt: skip


def _turns(work: Work, stage: Stage, tasks: Sequence[Task]) -> list[int]:
    """The place in the line of each. Two transactions at once may give one sender the same turn twice: he gains a document, no more."""
    places = [((_MOST_URGENT - min(max(one.priority, 0), _MOST_URGENT)) * _CLASS, one.sender) for one in tasks]
    lines = list(dict.fromkeys(places))
    ends = work.each(_LINE, [{"stage": stage.value, "base": base, "above": base + _CLASS, "sender": sender} for base, sender in lines])
    following = {
        (base, sender): max(base if first is None else first, base if last is None else last + 1)
        for (base, sender), (first, last) in zip(lines, ends, strict=True)
    }
    turns = []
    for place in places:
        turns.append(following[place])
        following[place] += 1
    return turns


def claim(work: Work, stage: Stage, count: int, *, until: int, lease: str, seconds: int, upto: int = EVERYTHING.package) -> list[Claim]:
    """Take up to ``count`` open rows within reach under a lease, in the order of their turns. A row that was tried before comes alone."""
    return claim_batch(work, stage, count, Reach(until, upto), lease=lease, seconds=seconds)[0]


def claim_batch(work: Work, stage: Stage, count: int, reach: Reach, *, lease: str, seconds: int) -> tuple[list[Claim], bool]:
    """As :func:`claim`, and whether there may be more."""
    said = {"stage": stage.value, "until": reach.until, "upto": reach.package, "window": count}
    rows = work.all((_TO_JUDGE if stage is Stage.VERIFY else _CLAIMABLE)[work.dialect], said)
    chosen = _together(rows if len(rows) < count else _urgent(rows))
    return _take(work, chosen, lease, seconds), len(rows) == count or len(chosen) < len(rows)


def _urgent(rows: Sequence[Any]) -> Sequence[Any]:
    """Where more wait than a batch takes, what is urgent among them goes without the others: it is not to wait until they are judged."""
    last = rows[-1].turn // _CLASS
    return [row for row in rows if row.turn // _CLASS < last] or rows


def _together(rows: Sequence[Any]) -> Sequence[Any]:
    """Whoever died of a row may have died of this one: the others of its batch must not die with it again."""
    for index, row in enumerate(rows):
        if row.attempts:
            return rows[: max(index, 1)]
    return rows


def _take(work: Work, rows: Sequence[Any], lease: str, seconds: int) -> list[Claim]:
    work.many(_TAKE[work.dialect], [{"b_id": row.id, "b_lease": lease, "b_seconds": seconds} for row in rows])
    return [_claim(row, lease) for row in rows]


def _claim(row: Any, lease: str, *, counted: bool = True) -> Claim:
    waited = row.now - row.due_at
    return Claim(row.id, row.package, row.sender, row.due_at, row.attempts + 1, lease, row.timeouts, counted, waited)


def lock(work: Work, stage: Stage, count: int, reach: Reach, shards: Sequence[int] | None) -> list[Claim]:
    """The next rows of these shards (``None``: of all), in order, locked until the transaction ends; nothing is written about it."""
    said: dict[str, Any] = {"stage": stage.value, "until": reach.until, "upto": reach.package, "window": count}
    query = _CLAIMABLE[work.dialect] if shards is None else _IN_SHARDS
    rows = work.all(query, said if shards is None else {**said, "shards": shards})
    return [_claim(row, row.lease, counted=False) for row in rows]


def claim_these(work: Work, rows: Sequence[Claim], *, lease: str, seconds: int) -> list[Claim]:
    """Take these rows under a lease, but for those that others have or did meanwhile."""
    return _take(work, work.all(_THESE[work.dialect], {"ids": [one.id for one in rows]}), lease, seconds)


def renew(work: Work, claims: Sequence[Claim], seconds: int) -> None:
    """Hold claimed rows for longer; rows another worker took over meanwhile stay with it."""
    work.many(_RENEW[work.dialect], [{"b_id": one.id, "b_lease": one.lease, "b_seconds": seconds} for one in claims])


def still_held(work: Work, claims: Sequence[Claim]) -> list[Claim]:
    """Those of the claims whose lease still holds, locked; asked first in the transaction that does the effects."""
    held = {row.id: row.lease for row in work.all(_HELD_LOCKED, {"ids": [one.id for one in claims]})}
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
            "b_uncounted": 0, "b_wait": decision.wait, "b_spread": decision.wait // 4 + 1,
        },
    )  # fmt: skip


def postpone(work: Work, claims: Sequence[Claim], seconds: int = 0) -> None:
    """It is not their turn yet: back in the queue, the attempt not counted, for so many machine seconds behind all others."""
    said = {"b_error": "", "b_parked": 0, "b_wait": seconds, "b_spread": 1}
    rows = [{"b_id": one.id, "b_lease": one.lease, "b_uncounted": int(one.counted), **said} for one in claims]
    work.many(_GIVE_BACK[work.dialect], rows)


def time_out(work: Work, one: Claim, seconds: int) -> None:
    """Judging it took longer than ``seconds``: free for the next attempt, which will know."""
    work.run(_TIME_OUT, {"b_id": one.id, "b_lease": one.lease, "b_error": f"judging it took longer than {seconds} seconds"})


def ringing(work: Work, reach: Reach) -> set[Stage]:
    """The stages that have open work within reach: whose bell to ring. A broker's doorbell says no more than this."""
    said = {"until": reach.until, "upto": reach.package, "window": 1}
    queries = {Stage.VERIFY: _JUDGEABLE[work.dialect], Stage.ROUTE: _READY[work.dialect]}
    return {stage for stage in Stage if work.first(queries[stage], {"stage": stage.value, **said}) is not None}


def look(work: Work) -> tuple[Reach, set[Stage]]:
    """How far workers may go (to the horizon where a kernel drives, else everywhere), and which stages have open work within that.

    One statement: a worker that finds nothing to do has spent no more.
    """
    ((until, upto, *there),) = work.rows(_LOOK[work.dialect])
    return Reach(until, upto), {stage for stage, found in zip(Stage, there, strict=True) if found}


def unfinished(work: Work, reach: Reach) -> set[Stage]:
    """The stages with rows within reach that are open or in somebody's hands. What waits after a failure is not among them."""
    said = {"until": reach.until, "upto": reach.package}
    return {stage for stage in Stage if work.first(_UNFINISHED[work.dialect], {"stage": stage.value, **said}) is not None}


def relay(store: Store, ring: Callable[[Stage], None], reach: Reach) -> None:
    """Ring for every stage that has work. Rung too often or not at all, nothing is lost or doubled: the rows are the work."""
    with store.reading() as work:
        stages = ringing(work, reach)
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


_RELEASE = update(outbox).where(outbox.c.parked == 1).values(parked=0, attempts=0, ready_at=0, lease="", error="", timeouts=0)
_RELEASE_ONE = _RELEASE.where(outbox.c.package == select(package.c.id).where(package.c.package_id == bindparam("b_name")).scalar_subquery())


def release(work: Work, package_id: str | None = None) -> int:
    """Put parked rows back in their queue, all of them or one package's, with their attempts forgotten (after people mended the cause)."""
    return work.run(_RELEASE) if package_id is None else work.run(_RELEASE_ONE, {"b_name": package_id})


def release_leases(work: Work) -> int:
    """Forget every lease: said at start by a process that owns the database alone, so that nobody waits for the dead."""
    return work.run(update(outbox).where(outbox.c.lease != "", outbox.c.parked == 0).values(ready_at=0, lease=""))
