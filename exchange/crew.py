"""The stages as a worker process runs them: woken by a bell or by its own patience, one at a time, until there is nothing to do.

Which stage a bell names is a hint. Whatever is run, it is run until it has no more, and what it leads to with it.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import RLock

from exchange.api import Checkpoint
from exchange.dispatch import expire_mail, machine_clock, move, reach_of_workers
from exchange.doorbell import Doorbell
from exchange.errors import SealedLater, StoreUnavailable
from exchange.logs import about
from exchange.outbox import EVERYTHING, FOLLOWS, Reach, Stage, look
from exchange.stages.desk import Desk
from exchange.stages.guard import Keeper
from exchange.stages.mail import instant
from exchange.stages.runner import Runner
from exchange.stages.seal import seal
from exchange.store.blobs import sweep
from exchange.store.entries import newest_checkpoint
from exchange.store.locks import Lock, alone
from exchange.store.work import Conflict

_log = logging.getLogger("truc.worker")
_SEAL_SECONDS = 1.0
"""Who has work without an end seals in between, so often: the longer it is put off, the longer one sealing keeps documents waiting."""
_LOOK_BACK_SECONDS = 30.0
"""So often a process that seals looks for what a slow transaction left behind."""


class Crew:
    """One worker process's hands. Its threads take turns: a process does one thing at a time."""

    def __init__(self, desk: Desk, doorbell: Doorbell, name: str) -> None:
        self._desk, self._doorbell = desk, doorbell
        self._runner = Runner(desk, name, Keeper(desk.store, desk.settings.lease_seconds, desk.settings.document_seconds))
        self._turn = RLock()
        self._looked_back = -math.inf
        self._patrols = False

    def drain(self, stage: Stage) -> int:
        """Run a stage, and after each of its batches one of those that follow, until there is no more; gives how many rows.

        In turn, so that nobody's urgent document waits for the end of another stage's line. While there is more, others are rung for.
        """
        done, more, due = 0, True, time.monotonic() + _SEAL_SECONDS
        stages = (stage, *FOLLOWS[stage])
        with self._turn:
            while more:
                reach, open_stages = self._look()
                if not done and stage not in open_stages:
                    return 0
                moved, more = self._one_of_each(stages, reach, open_stages)
                done += moved
                for following in FOLLOWS[stage] if more else ():
                    self._doorbell.ring(following)
                if more and self._patrols and time.monotonic() >= due:
                    due = time.monotonic() + self._in_between()
            if done:
                self.deliver()
        return done

    def _in_between(self) -> float:
        """What must not wait for the end of work, of a process that patrols; gives in how many seconds it is due again.

        A fault of it keeps nobody from judging.
        """
        try:
            self.tell_times()
            self.seal(apart=_SEAL_SECONDS)
        except Exception:  # whatever it is: who seals by the schedule meets it too, and there it is told as what it is
            _log.exception("not sealed")
            return _LOOK_BACK_SECONDS
        return _SEAL_SECONDS

    def _one_of_each(self, stages: Sequence[Stage], reach: Reach, open_stages: set[Stage]) -> tuple[int, bool]:
        """A batch of each stage that has work or was left some by the one before; gives how many rows, and whether there may be more."""
        moved, more = 0, False
        for stage in stages:
            if moved or stage in open_stages:
                batch = self._runner.run(stage, reach)
                moved += batch.rows
                more = more or (batch.more and batch.rows > 0)
        return moved, more

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

    def seal(self, apart: float = 0) -> Checkpoint | None:
        """Seal as of the machine's now, unless somebody does already, did so less than ``apart`` seconds ago, or a kernel drives."""
        with self._turn, alone(self._desk.store.engine, Lock.SEALING) as ours:
            if not ours or reach_of_workers(self._desk.store) != EVERYTHING:
                return None
            if apart and self._sealed_since(machine_clock(self._desk.store) - apart):
                return None
            now = time.monotonic()
            stragglers = now - self._looked_back >= _LOOK_BACK_SECONDS
            sealed = seal(self._desk, instant(machine_clock(self._desk.store)), stragglers=stragglers)
            if stragglers:
                self._looked_back = now
            return sealed

    def _sealed_since(self, moment: float) -> bool:
        with self._desk.store.reading() as work:
            newest = newest_checkpoint(work)
        return newest is not None and newest.at > moment

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
        sealed, self._patrols = time.monotonic(), True
        while True:
            time.sleep(every)
            try:
                self.sweep()
                if time.monotonic() - sealed >= seal_every:
                    self.tell_times()
                    self.expire()
                    self.seal()
                    sealed = time.monotonic()
            except (StoreUnavailable, Conflict, SealedLater) as error:  # it is tried again; the database's clock may have been set back
                _log.warning("the patrol found no way", extra=about(reason=str(error)))

    def close(self) -> None:
        """Give the database back."""
        with suppress(StoreUnavailable, Conflict):
            self.tell_times()
        self._desk.store.close()


_IDLE_SECONDS = 3600
