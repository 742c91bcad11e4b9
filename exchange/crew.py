"""The stages as a worker process runs them: woken by a bell or by its own patience, one at a time, until there is nothing to do.

Which stage a bell names is a hint. Whatever is run, it is run until it has no more, and then what it led to.
"""

from __future__ import annotations

import logging
import math
import time
from contextlib import suppress
from threading import RLock

from exchange.api import Checkpoint
from exchange.dispatch import expire_mail, machine_clock, move, reach_of_workers
from exchange.doorbell import Doorbell
from exchange.errors import StoreUnavailable
from exchange.logs import about
from exchange.outbox import EVERYTHING, FOLLOWS, Reach, Stage, look
from exchange.stages.desk import Desk
from exchange.stages.guard import Keeper
from exchange.stages.mail import instant
from exchange.stages.runner import Runner
from exchange.stages.seal import seal
from exchange.store.blobs import sweep
from exchange.store.engine import Lock, alone
from exchange.store.work import Conflict

_log = logging.getLogger("truc.worker")
_LOOK_BACK_SECONDS = 30.0
"""So often a process that seals looks for what a slow transaction left behind."""


class Crew:
    """One worker process's hands. Its threads take turns: a process does one thing at a time."""

    def __init__(self, desk: Desk, doorbell: Doorbell, name: str) -> None:
        self._desk, self._doorbell = desk, doorbell
        self._runner = Runner(desk, name, Keeper(desk.store, desk.settings.lease_seconds, desk.settings.document_seconds))
        self._turn = RLock()
        self._looked_back = -math.inf

    def drain(self, stage: Stage) -> int:
        """Run a stage until it has no more work, and then the ones it left work for; gives how many rows.

        While there is more of the first, others are rung for to begin with the next.
        """
        done = 0
        with self._turn:
            while True:
                reach, open_stages = self._look()
                if stage not in open_stages:
                    break
                batch = self._runner.run(stage, reach)
                done += batch.rows
                if not batch.rows or not batch.more:
                    break
                for following in FOLLOWS[stage]:
                    self._doorbell.ring(following)
            if done and stage is Stage.ROUTE:
                self.deliver()
            return done + sum(self.drain(following) for following in FOLLOWS[stage] if done)

    def deliver(self) -> int:
        """Move what is on the road up to the machine's now; gives how much mail. Where a kernel drives, it moves the hops itself."""
        with self._turn:
            if not self._desk.hops or reach_of_workers(self._desk.store) != EVERYTHING:
                return 0
            mail, _ = move(self._desk, machine_clock(self._desk.store))
            return len(mail)

    def expire(self) -> int:
        """Have mail expire that nobody fetched, as of the machine's now; gives how much. Where a kernel drives, it sees to it itself."""
        with self._turn:
            if self._desk.settings.expire_days is None or reach_of_workers(self._desk.store) != EVERYTHING:
                return 0
            return len(expire_mail(self._desk, machine_clock(self._desk.store)))

    def seal(self) -> Checkpoint | None:
        """Seal as of the machine's now, unless somebody does already or a kernel drives."""
        with self._turn, alone(self._desk.store.engine, Lock.SEALING) as ours:
            if not ours or reach_of_workers(self._desk.store) != EVERYTHING:
                return None
            now = time.monotonic()
            stragglers = now - self._looked_back >= _LOOK_BACK_SECONDS
            sealed = seal(self._desk, instant(machine_clock(self._desk.store)), stragglers=stragglers)
            if stragglers:
                self._looked_back = now
            return sealed

    def sweep(self) -> int:
        """Everything that can be done without being told; gives how many rows and pieces of mail moved."""
        with self._turn:
            _, open_stages = self._look()
            return sum(self.drain(stage) for stage in Stage if stage in open_stages) + self.deliver()

    def _look(self) -> tuple[Reach, set[Stage]]:
        with self._desk.store.asking() as work:
            return look(work)

    def tell_times(self) -> None:
        """Add to the database what this process counted of its stages' times."""
        with self._turn:
            self._runner.times.add_to(self._desk.store)

    def tidy(self) -> int:
        """Remove attachments that were staged and never adopted."""
        with self._turn:
            return sweep(self._desk.store, _IDLE_SECONDS)

    def patrol(self, every: float, seal_every: float) -> None:
        """For ever: look for work oneself, so that a broker that is gone costs nothing but the wait. Runs in a thread of its own."""
        sealed = time.monotonic()
        while True:
            time.sleep(every)
            try:
                self.sweep()
                if time.monotonic() - sealed >= seal_every:
                    self.tell_times()
                    self.expire()
                    self.seal()
                    sealed = time.monotonic()
            except (StoreUnavailable, Conflict) as error:  # it is tried again
                _log.warning("the patrol found no way", extra=about(reason=str(error)))

    def close(self) -> None:
        """Give the database back."""
        with suppress(StoreUnavailable, Conflict):
            self.tell_times()
        self._desk.store.close()


_IDLE_SECONDS = 3600
