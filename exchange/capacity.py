"""Who is told to come later when more waits than workers can do: ordinary before urgent, the greedy before the others.

:func:`turned_away` is the rule, over a :class:`Load` and a :class:`exchange.settings.Capacity`; :class:`Gate` looks at the outbox from time
to time and applies it to what comes in. The line itself is fair (:mod:`exchange.outbox`): whoever hands in ten thousand waits behind
himself. So an age that counts is not the oldest row's, which is a greedy one's own, but that which the middle one of the organisations in
line sees.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import func, select

from exchange.errors import Overloaded
from exchange.settings import Capacity
from exchange.store.dialect import machine_now
from exchange.store.tables import outbox
from exchange.store.work import Store

URGENCIES = range(4)
"""Thường, khẩn, thượng khẩn, hỏa tốc; with an hour of delivery (hỏa tốc hẹn giờ, 4) it is no more urgent here."""
_NONE = [0] * len(URGENCIES)
_LOOK_SECONDS = 0.5
_LOOK_PART = 20
"""A look may cost one part in so many of the time: with a long line it is taken less often."""
_LONGEST_WAIT = 60
_WAITING = {
    dialect: select(
        outbox.c.sender, outbox.c.priority, func.count(), machine_now(dialect) - func.min(outbox.c.due_at),
    ).where(outbox.c.parked == 0, outbox.c.error == "").group_by(outbox.c.sender, outbox.c.priority)
    for dialect in ("sqlite", "postgresql")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one organisation has in line of one urgency: rows, and for how many seconds the oldest of them waits."""

    sender: str
    priority: int
    rows: int
    age: float


class Load:
    """What is in line, as it was looked at, and what came in since."""

    def __init__(self, waiting: Iterable[Waiting] = ()) -> None:
        self.rows = 0
        self._before: dict[str, list[int]] = {}
        oldest: list[dict[str, float]] = [{} for _ in URGENCIES]
        for one in waiting:
            self.add(one.sender, one.priority, one.rows)
            for urgency in range(urgency_of(one.priority) + 1):
                oldest[urgency][one.sender] = max(oldest[urgency].get(one.sender, 0.0), one.age)
        self._ages = [sorted(ages.values())[len(ages) // 2] if ages else 0.0 for ages in oldest]

    def add(self, sender: str, priority: int, rows: int = 1) -> None:
        """So many more came, or, with a negative number, went."""
        self.rows += rows
        before = self._before.setdefault(sender, [0] * len(URGENCIES))
        for urgency in range(urgency_of(priority) + 1):
            before[urgency] += rows
        if not before[0]:
            del self._before[sender]

    def rows_before(self, sender: str, urgency: int) -> int:
        """An organisation's rows that go before another of this urgency of its own."""
        return self._before.get(sender, _NONE)[urgency]

    def age(self, urgency: int) -> float:
        """For how long the middle one of the organisations that have rows of this urgency or a higher one in line waits already."""
        return self._ages[urgency]

    @property
    def senders(self) -> int:
        """How many organisations have anything in line."""
        return len(self._before)


def urgency_of(priority: int) -> int:
    """A package's priority as the four urgencies that are told apart here."""
    return min(max(priority, URGENCIES[0]), URGENCIES[-1])


def turned_away(load: Load, capacity: Capacity, sender: str, priority: int) -> Overloaded | None:
    """Why one more of this urgency and organisation may not come in now; ``None`` when it may."""
    urgency = urgency_of(priority)
    room, age = capacity.rows * (1 + urgency), load.age(urgency)
    seconds = round(min(max(1, age / 2), _LONGEST_WAIT))
    if load.rows >= room or age >= capacity.seconds:
        return Overloaded(seconds, "above-capacity")
    if 2 * load.rows >= room or 2 * age >= capacity.seconds:
        share = max(capacity.least_share, min(room, 2 * load.rows) // (load.senders + 1))
        if load.rows_before(sender, urgency) >= share:
            return Overloaded(seconds, "above-share")
    return None


class Gate:
    """Stands before the admission of one process. Without a capacity it is always open and looks at nothing."""

    def __init__(self, store: Store, capacity: Capacity | None) -> None:
        self._store, self._capacity = store, capacity
        self._load = Load()
        self._look_at = 0.0
        self._looking, self._lock = Lock(), Lock()

    def open_at_all(self, sender: str) -> None:
        """Asked before a package is read: whether it could come in if it were of the highest urgency. Raises :class:`Overloaded`."""
        if self._capacity is not None:
            self._look()
            with self._lock:
                _refuse(turned_away(self._load, self._capacity, sender, URGENCIES[-1]))

    def enter(self, sender: str, priority: int) -> None:
        """Let one in, and count it. Raises :class:`Overloaded`."""
        if self._capacity is not None:
            with self._lock:
                _refuse(turned_away(self._load, self._capacity, sender, priority))
                self._load.add(sender, priority)

    def _look(self) -> None:
        """Look at the line if that is due; one caller at a time does, the others need not wait for it."""
        if time.monotonic() < self._look_at or not self._looking.acquire(blocking=False):
            return
        try:
            began = time.monotonic()
            with self._store.asking() as work:
                rows = work.rows(_WAITING[work.dialect])
            found = Load(Waiting(sender, priority, count, max(float(age), 0.0)) for sender, priority, count, age in rows)
            ended = time.monotonic()
            with self._lock:
                self._load = found  # what came in while we looked is counted by the next look
            self._look_at = ended + max(_LOOK_SECONDS, _LOOK_PART * (ended - began))
        finally:
            self._looking.release()


def _refuse(why: Overloaded | None) -> None:
    if why is not None:
        raise why
