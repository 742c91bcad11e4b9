"""Runs the stages, one batch at a time. The same code inline and in a worker.

A batch of documents is claimed in one transaction, judged outside of any, and settled in another. A batch to be routed is locked, done and
settled in one, in order. When a batch fails, its rows are tried one by one, so that one bad row never holds up the others; the one that
fails waits or is parked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from exchange.breakers import trip
from exchange.errors import StoreUnavailable
from exchange.logs import about
from exchange.outbox import EVERYTHING, SHARDS, Claim, Reach, Stage, claim_batch, claim_these, give_back, lock, postpone
from exchange.retry import Decision, decide
from exchange.stages.batch import load_admitted
from exchange.stages.desk import Desk
from exchange.stages.guard import Guard, NoGuard
from exchange.stages.mail import Mail
from exchange.stages.route import run_route
from exchange.stages.times import Times
from exchange.stages.verify import judge_claims, record
from exchange.store.locks import free_shards
from exchange.store.work import Conflict, again

_log = logging.getLogger("truc.stages")
_DOCUMENTS = 32
_DEATHS = 2
"""An attempt that ends without a word weighs half of one that ends with an error: machines die of other things than documents, too."""
_PARTS = 2
"""A router takes half of the shards at a time, and leaves the others to the next one."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one batch did. ``more``: there may be other rows, to be looked for at once; without rows: only others can do them."""

    rows: int
    mail: list[Mail]
    more: bool


class Runner:
    """Claims and handles batches of one worker. ``worker`` names it in its leases, which must not be anybody else's."""

    def __init__(self, desk: Desk, worker: str = "inline", guard: Guard | None = None) -> None:
        self._desk = desk
        self.times = Times()
        """Of batches that went through, where business time is the machine's."""
        self._guard = guard or NoGuard()
        self._leases = (f"{worker}-{number}" for number in count(1))
        self._part = count()

    def batch(self, stage: Stage) -> int:
        """Rows claimed at once. Documents come with their letters, so a batch of them is small: its attachments are in memory together."""
        size = self._desk.settings.claim_size
        return min(size, _DOCUMENTS) if stage is Stage.VERIFY else size

    def run(self, stage: Stage, reach: Reach) -> Done:
        """One batch of one stage."""
        return self._verify(reach) if stage is Stage.VERIFY else self._route(reach)

    def _verify(self, reach: Reach) -> Done:
        settings = self._desk.settings
        with self._desk.store.writing() as work:
            size, lease = self.batch(Stage.VERIFY), next(self._leases)
            claims, more = claim_batch(work, Stage.VERIFY, size, reach, lease=lease, seconds=settings.lease_seconds)
        if not claims:
            return Done(0, [], more)
        if claims[0].attempt > settings.max_attempts * _DEATHS:
            self._park(claims[0])
            return Done(1, [], more=True)
        began = time.monotonic()
        with self._guard.holding(claims):
            try:
                done = Done(len(claims), self._handle(Stage.VERIFY, claims), more)
                self._note(Stage.VERIFY, claims, reach, began)
                return done
            except StoreUnavailable:
                self._put_back(claims)
                raise
            except Exception:  # whatever one row raises, the others of its batch must go on; it is tried alone and its error kept
                return Done(len(claims), self._one_by_one(Stage.VERIFY, claims), more)

    def _park(self, one: Claim) -> None:
        """Whoever judges it dies, by a crash that no code of ours sees: it comes alone, and no more."""
        with self._desk.store.writing() as work:
            trip(work, one.sender)
        self._give_back(Stage.VERIFY, one, Decision(park=True, wait=0, reason=f"{one.attempt - 1} attempts at it ended without a word"))

    def _route(self, reach: Reach) -> Done:
        parts = 1 if self._desk.store.dialect == "sqlite" else _PARTS
        first = next(self._part)
        done = [self._route_shards(reach, range((first + part) % parts, SHARDS, parts)) for part in range(parts)]
        return Done(sum(one.rows for one in done), [mail for one in done for mail in one.mail], any(one.more for one in done))

    def _route_shards(self, reach: Reach, shards: Sequence[int]) -> Done:
        rows: list[Claim] = []
        began = time.monotonic()

        def locked() -> list[Mail]:
            with self._desk.metering.settling(self._desk.store) as (work, _):
                ours = free_shards(work, shards)
                rows[:] = [] if ours == [] else lock(work, Stage.ROUTE, self.batch(Stage.ROUTE), reach, ours)
                return run_route(work, self._desk, rows) if rows else []

        try:
            mail = again(locked)
            self._note(Stage.ROUTE, rows, reach, began)
            return Done(len(rows), mail, len(rows) == self.batch(Stage.ROUTE))
        except StoreUnavailable:
            raise
        except Exception:  # as above: now each in a transaction of its own, under a lease that counts its attempt
            with self._desk.store.writing() as work:
                claims = claim_these(work, rows, lease=next(self._leases), seconds=self._desk.settings.lease_seconds)
            return Done(len(rows), self._one_by_one(Stage.ROUTE, claims), more=True)

    def _note(self, stage: Stage, claims: Sequence[Claim], reach: Reach, began: float) -> None:
        if reach == EVERYTHING:
            self.times.note(stage, [one.waited for one in claims], time.monotonic() - began)

    def _handle(self, stage: Stage, claims: Sequence[Claim]) -> list[Mail]:
        return verify(self._desk, claims, self._guard) if stage is Stage.VERIFY else route(self._desk, claims)

    def _one_by_one(self, stage: Stage, claims: Sequence[Claim]) -> list[Mail]:
        mail: list[Mail] = []
        for one in claims:
            try:
                mail += self._handle(stage, [one])
            except StoreUnavailable:
                self._put_back(claims)
                raise
            except Exception as error:  # the row's own error: recorded with the row, shown to people, retried or parked
                self._give_back(stage, one, decide(error, one.attempt, self._desk.settings.max_attempts))
        return mail

    def _give_back(self, stage: Stage, one: Claim, decision: Decision) -> None:
        with self._desk.store.writing() as work:
            give_back(work, one, decision)
            admitted = load_admitted(work, [one.package])[one.package]
        said = about(
            stage=stage.value, package=admitted.package_id, sender=one.sender, attempt=one.attempt, reason=decision.reason,
            wait=None if decision.park else decision.wait,
        )  # fmt: skip
        _log.log(logging.ERROR if decision.park else logging.WARNING, "parked" if decision.park else "to be tried again", extra=said)

    def _put_back(self, claims: Sequence[Claim]) -> None:
        """The machine failed, not the rows: free them at once if it still lets us; otherwise their lease runs out."""
        with suppress(StoreUnavailable, Conflict), self._desk.store.writing() as work:
            postpone(work, claims)


def verify(desk: Desk, claims: Sequence[Claim], guard: Guard) -> list[Mail]:
    """Judge claimed documents and settle them."""
    judged = list(judge_claims(desk, claims, guard))

    def written() -> list[Mail]:
        with desk.metering.settling(desk.store) as (work, settlement):
            return record(work, desk, judged, settlement)

    return again(written)


def route(desk: Desk, claims: Sequence[Claim]) -> list[Mail]:
    """Route what was claimed under a lease."""

    def written() -> list[Mail]:
        with desk.metering.settling(desk.store) as (work, _):
            return run_route(work, desk, claims)

    return again(written)
