"""How long rows wait for a stage and how long it has them in hand, as histograms: counted in a process, added to the database now and then.

A process counts in memory, a batch at a time, and adds its counts to a table of some dozen rows every few seconds
(:class:`exchange.crew.Crew`): no document costs a statement more. What a process that is killed had not added yet is lost, and with it some
seconds of a statistic.

Waiting counts from admission, by the database's clock. Business instants are whole seconds, so it is told to the second; where a kernel
moves business time it would say nothing, and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exchange.outbox import Stage
from exchange.store.tables import stage_time
from exchange.store.work import Store, Work, again


class What(StrEnum):
    """What is measured of a row."""

    WAITED = "waited"
    """From its admission until the stage took it."""
    TOOK = "took"
    """From then until its batch was settled."""


BOUNDS: Mapping[What, tuple[int, ...]] = {
    What.WAITED: (1_000, 2_000, 3_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 86_400_000),
    What.TOOK: (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000),
}
"""Upper bounds of the buckets in milliseconds; a last one without a bound follows."""
UNBOUNDED = -1
"""Its name in the table."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Rows up to ``bound`` milliseconds and above the bound before it; ``total``: their milliseconds together."""

    bound: int
    count: int
    total: int


Histogram = tuple[Bucket, ...]


def _adding(dialect: str) -> Insert:
    made = sqlite_insert(stage_time) if dialect == "sqlite" else postgresql_insert(stage_time)
    more = {name: stage_time.c[name] + made.excluded[name] for name in ("count", "total")}
    return made.on_conflict_do_update(index_elements=["stage", "what", "bound"], set_=more)


_ADD = {dialect: _adding(dialect) for dialect in ("sqlite", "postgresql")}
_ALL = select(stage_time.c.stage, stage_time.c.what, stage_time.c.bound, stage_time.c.count, stage_time.c.total)


class Times:
    """What one process counted since it last added it to the database. One thread at a time."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str, int], tuple[int, int]] = {}

    def note(self, stage: Stage, waited: Iterable[float], took: float) -> None:
        """A batch is settled: how long each of its rows had waited, and how long all were in hand, in seconds."""
        rows = 0
        for seconds in waited:
            rows += 1
            self._count(stage, What.WAITED, seconds, 1)
        if rows:
            self._count(stage, What.TOOK, took, rows)

    def _count(self, stage: Stage, what: What, seconds: float, rows: int) -> None:
        passed = max(0, round(seconds * 1000))
        bound = next((bound for bound in BOUNDS[what] if passed <= bound), UNBOUNDED)
        count, total = self._counted.get((stage.value, what.value, bound), (0, 0))
        self._counted[stage.value, what.value, bound] = count + rows, total + rows * passed

    def add_to(self, store: Store) -> None:
        """Add what was counted; it is kept for the next time when the database fails."""
        if not self._counted:
            return
        rows = [  # in one order in every process: none waits for another in a ring
            {"stage": stage, "what": what, "bound": bound, "count": count, "total": total}
            for (stage, what, bound), (count, total) in sorted(self._counted.items())
        ]

        def added() -> None:
            with store.writing() as work:
                work.many(_ADD[work.dialect], rows)

        again(added)
        self._counted.clear()


def histograms(work: Work) -> dict[tuple[Stage, What], Histogram]:
    """All that was added by any process, each with every bucket in order, the one without a bound last."""
    found = {(stage, what, bound): (int(count), int(total)) for stage, what, bound, count, total in work.rows(_ALL)}
    told: dict[tuple[Stage, What], Histogram] = {}
    for stage in Stage:
        for what, bounds in BOUNDS.items():
            buckets = [Bucket(bound, *found.get((stage.value, what.value, bound), (0, 0))) for bound in (*bounds, UNBOUNDED)]
            if any(one.count for one in buckets):
                told[stage, what] = tuple(buckets)
    return told
