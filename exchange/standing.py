"""How the axis stands now, from the queues alone: small tables, however much history there is. What operators watch and alarms stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select

from exchange.breakers import Breaker, open_breakers
from exchange.domain.transit import SECOND
from exchange.outbox import Stage
from exchange.stages.times import Histogram, What, histograms
from exchange.store.dialect import machine_now
from exchange.store.facts import FactKind
from exchange.store.tables import checkpoint, crossing, ledger_entry, outbox, receipt, refusal
from exchange.store.work import Store, Work

_DIALECTS = ("sqlite", "postgresql")
_OPEN = outbox.c.parked == 0


def _stages(dialect: str) -> Any:
    now = machine_now(dialect)
    leased = and_(_OPEN, outbox.c.lease != "")
    return select(
        outbox.c.stage,
        func.count().filter(_OPEN),
        now - func.min(outbox.c.due_at).filter(_OPEN),
        func.count().filter(leased, outbox.c.ready_at > now),
        func.count().filter(leased, outbox.c.ready_at <= now),
        func.count().filter(_OPEN, outbox.c.lease == "", outbox.c.error != ""),
        func.count().filter(outbox.c.parked == 1),
    ).group_by(outbox.c.stage)


_STAGES = {dialect: _stages(dialect) for dialect in _DIALECTS}
_HOPS = {
    dialect: select(crossing.c.hop, func.count(), machine_now(dialect) - func.min(crossing.c.ready) / SECOND).group_by(crossing.c.hop)
    for dialect in _DIALECTS
}
_REFUSED = select(refusal.c.rule, func.count()).group_by(refusal.c.rule)
_SEALED = select(func.coalesce(func.max(ledger_entry.c.fact), 0)).where(ledger_entry.c.kind == FactKind.ADMISSION.value)
_UNSEALED = select(func.count()).where(receipt.c.package > _SEALED.scalar_subquery())
_CHECKPOINT = {
    dialect: select(checkpoint.c.size, machine_now(dialect) - checkpoint.c.at).order_by(checkpoint.c.id.desc()).limit(1)
    for dialect in _DIALECTS
}


@dataclass(frozen=True, slots=True)
class StageStanding:
    """The rows of one stage. Ages in seconds of the database's clock."""

    open: int = 0
    """All that are to be done, in whosever hands."""
    oldest: float = 0.0
    held: int = 0
    """Under a lease that holds."""
    expired: int = 0
    """Under a lease that has run out: whoever held it is gone or stands still, and nobody has taken over yet."""
    failed: int = 0
    """Waiting for another attempt."""
    parked: int = 0
    """Dead letters: given up after too many attempts, for people to see."""


@dataclass(frozen=True, slots=True)
class HopStanding:
    """Packages on their way to or over one hop."""

    packages: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole."""

    stages: Mapping[Stage, StageStanding]
    hops: Mapping[str, HopStanding]
    refusals: Mapping[str, int]
    """Signed refusals ever, by their rule."""
    breakers: tuple[Breaker, ...]
    """Senders whose documents are left in line."""
    unsealed: int
    """Packages admitted that are in no ledger entry yet."""
    sealed: int
    """Entries of the newest checkpoint."""
    sealed_ago: float | None
    """Seconds since the newest checkpoint, ``None`` before the first."""
    times: Mapping[tuple[Stage, What], Histogram]
    """How long rows waited for a stage and were in its hands, as workers told it."""


def standing(store: Store) -> Standing:
    """As it is at one moment. Raises :class:`exchange.errors.StoreUnavailable`."""
    with store.reading() as work:
        stages, hops = _stage_rows(work), work.rows(_HOPS[work.dialect])
        refusals = {str(rule): int(count) for rule, count in work.rows(_REFUSED)}
        unsealed = int(work.value(_UNSEALED))
        breakers = open_breakers(work)
        newest = work.rows(_CHECKPOINT[work.dialect])
        times = histograms(work)
    sealed, ago = (newest[0][0], max(float(newest[0][1]), 0.0)) if newest else (0, None)
    return Standing(
        stages,
        {str(hop): HopStanding(count, max(float(age), 0.0)) for hop, count, age in hops},
        refusals,
        breakers,
        unsealed,
        sealed,
        ago,
        times,
    )


def _stage_rows(work: Work) -> dict[Stage, StageStanding]:
    found = {stage: StageStanding() for stage in Stage}
    for stage, rows, oldest, held, expired, failed, parked in work.rows(_STAGES[work.dialect]):
        found[Stage(stage)] = StageStanding(rows, max(float(oldest or 0), 0.0), held, expired, failed, parked)
    return found
