"""What the axis' processes counted, written down with the work it was done for: so a run can print and compare it, wherever it was done.

A process counts its raw signature operations itself (:data:`signing.METER`). Here the count of one transaction's work is written in that
very transaction: a process that is killed neither loses the count of work that is settled, nor leaves one of work that is not. *Settled*
are the operations of the judgements, receipts, refusals and checkpoints of this transaction. *Again* is whatever else the process did since
its last report: work given up or overtaken by another process, and what simulated authorities signed in it. What a killed process did for
nothing, nobody knows.

Certificate paths are kept by a process once it worked them out, so how often one is verified depends on how many processes there are. Each
step of a path is therefore told under the name it is kept under (:class:`signing.PathStep`): told for the first time, it is a fact about
the axis; told once more, it is work done again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Protocol

from sqlalchemy import bindparam, func, insert, select

from exchange.store.tables import operation, path_step
from exchange.store.work import Store, Work
from signing import METER, READING, PathStep, Purpose

_OPERATION = insert(operation)
_STEP = insert(path_step)
_STEPS = select(path_step).where(path_step.c.id > bindparam("after")).order_by(path_step.c.id).limit(bindparam("limit"))
_TOTALS = select(
    operation.c.kind, operation.c.purpose, func.sum(operation.c.settled).label("settled"), func.sum(operation.c.again).label("again")
).group_by(operation.c.kind, operation.c.purpose)
_PATH = frozenset({Purpose.CERTIFICATE, Purpose.CRL})
_OURS = frozenset(
    [("signs", purpose) for purpose in (Purpose.RECEIPT, Purpose.REFUSAL, Purpose.CHECKPOINT)]
    + [("verifies", purpose) for purpose in (Purpose.LETTER, Purpose.ANNEX, Purpose.TIMESTAMP, *_PATH)]
)
"""What an axis does: everything else is done in its processes by the authorities it is simulated with."""
Reading = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Operations:
    """Raw operations of one purpose, as all processes of the axis reported them."""

    kind: str
    """``signs`` or ``verifies``."""
    purpose: str
    settled: int
    again: int


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a certificate path that a process verified. ``key`` is empty for one that is verified for each document anew."""

    cursor: int
    subject: str
    key: bytes
    verifies: int


@dataclass(slots=True)
class Done:
    """What one judgement took: raw operations, and steps of paths that lead nowhere and are therefore kept by nobody."""

    operations: Reading = ()
    strangers: list[PathStep] = field(default_factory=list)


@dataclass(slots=True)
class Settlement:
    """What one transaction settles."""

    done: list[Done] = field(default_factory=list)


class Metering(Protocol):
    """How a process keeps count."""

    def note(self, subject: str, steps: tuple[PathStep, ...]) -> None:
        """A path was worked out (:data:`signing.validation.path.OnPath`)."""
        ...

    def judging(self) -> AbstractContextManager[Done]:
        """One judgement; what it took is known when the block ends."""
        ...

    def settling(self, store: Store) -> AbstractContextManager[tuple[Work, Settlement]]:
        """A writing transaction that settles work, with the count of that work."""
        ...


class Unmetered:
    """A service that no kernel drives: nobody reads the counts, so nobody writes them."""

    def note(self, subject: str, steps: tuple[PathStep, ...]) -> None:
        """Nothing."""

    @contextmanager
    def judging(self) -> Iterator[Done]:
        """Nothing."""
        yield Done()

    @contextmanager
    def settling(self, store: Store) -> Iterator[tuple[Work, Settlement]]:
        """A writing transaction."""
        with store.writing() as work:
            yield work, Settlement()


class Paths:
    """Steps of paths only: for an axis that lives in the process which reads the meter anyway."""

    def __init__(self, worker: str = "inline") -> None:
        self._worker = worker
        self._kept: list[PathStep] = []
        """Kept by this process, and not in the database yet: whoever needs the path next may be settled first."""
        self._done = Done()

    def note(self, subject: str, steps: tuple[PathStep, ...]) -> None:
        """See :meth:`Metering.note`."""
        for step in steps:
            (self._kept if step.key else self._done.strangers).append(step)

    @contextmanager
    def judging(self) -> Iterator[Done]:
        """See :meth:`Metering.judging`."""
        self._done = Done()
        yield self._done

    @contextmanager
    def settling(self, store: Store) -> Iterator[tuple[Work, Settlement]]:
        """See :meth:`Metering.settling`."""
        settlement = Settlement()
        with store.writing() as work:
            yield work, settlement
            told = len(self._kept)
            self._write(work, settlement)
        del self._kept[:told]  # now that it is committed

    def _write(self, work: Work, settlement: Settlement) -> None:
        steps = [*self._kept, *(step for one in settlement.done for step in one.strangers)]
        rows = [{"worker": self._worker, "subject": one.subject, "key": one.key, "verifies": one.verifies} for one in steps]
        work.many(_STEP, rows)


class Reported(Paths):
    """Everything: for a process whose meter nobody else can read. Its transactions take turns, so that each knows what is its own."""

    def __init__(self, worker: str) -> None:
        super().__init__(worker)
        self._turn = RLock()
        self._reported = METER.reading()
        self._astray = 0
        """Verifications for strangers' certificates since the last report."""

    def note(self, subject: str, steps: tuple[PathStep, ...]) -> None:
        """See :meth:`Metering.note`."""
        super().note(subject, steps)
        self._astray += sum(step.verifies for step in steps if not step.key)

    @contextmanager
    def judging(self) -> Iterator[Done]:
        """See :meth:`Metering.judging`."""
        before = METER.reading()
        with super().judging() as done:
            yield done
        done.operations = _difference(METER.reading(), before)

    @contextmanager
    def settling(self, store: Store) -> Iterator[tuple[Work, Settlement]]:
        """See :meth:`Metering.settling`."""
        with self._turn:
            before = METER.reading()
            with super().settling(store) as (work, settlement):
                yield work, settlement
                now = METER.reading()
                self._report(work, settlement, _difference(now, before), now)
            self._reported, self._astray = now, 0

    def _report(self, work: Work, settlement: Settlement, here: Reading, now: Reading) -> None:
        """``here``: what was done inside the transaction. Of paths everything is settled but what leads nowhere for nobody."""
        found = sum(step.verifies for one in settlement.done for step in one.strangers)
        rows = []
        for place, (kind, purpose) in enumerate(READING):
            total = now[place] - self._reported[place]
            if not total:
                continue
            settled = 0
            if (kind, purpose) in _OURS:
                settled = here[place] + sum(one.operations[place] for one in settlement.done)
                if purpose in _PATH:
                    settled = total - (self._astray - found if purpose is Purpose.CERTIFICATE else 0)
            row = {"worker": self._worker, "kind": kind, "purpose": purpose.value, "settled": settled, "again": total - settled}
            rows.append(row)
        work.many(_OPERATION, rows)


def _difference(now: Reading, before: Reading) -> Reading:
    return tuple([one - other for one, other in zip(now, before, strict=True)])


def operations(store: Store) -> tuple[Operations, ...]:
    """The sums of all reports."""
    with store.reading() as work:
        return tuple(Operations(row.kind, row.purpose, int(row.settled), int(row.again)) for row in work.all(_TOTALS))


def steps(store: Store, after: int, limit: int) -> tuple[StepRecord, ...]:
    """Steps of paths told after a cursor."""
    with store.reading() as work:
        rows = work.all(_STEPS, {"after": after, "limit": limit})
    return tuple(StepRecord(row.id, row.subject, bytes(row.key), row.verifies) for row in rows)
