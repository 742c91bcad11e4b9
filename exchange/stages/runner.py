"""Runs the stages: one batch at a time, claimed in one transaction and settled in another. The same code inline and in a worker.

When a batch fails, its rows are tried one by one, so that one bad row never holds up the others; the one that fails waits or is parked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count

from exchange.errors import StoreUnavailable
from exchange.outbox import Claim, Stage, claim, give_back, postpone
from exchange.retry import decide
from exchange.stages.desk import Desk
from exchange.stages.mail import Mail
from exchange.stages.route import run_route
from exchange.stages.verify import judge_claims, record

_DOCUMENTS = 32


class Runner:
    """Claims and handles batches of one worker. ``worker`` names it in its leases."""

    def __init__(self, desk: Desk, worker: str = "inline") -> None:
        self._desk = desk
        self._leases = (f"{worker}-{number}" for number in count(1))

    def batch(self, stage: Stage) -> int:
        """Rows claimed at once. Documents come with their letters, so a batch of them is small: its attachments are in memory together."""
        size = self._desk.settings.claim_size
        return min(size, _DOCUMENTS) if stage is Stage.VERIFY else size

    def run(self, stage: Stage, until: int) -> tuple[int, list[Mail]]:
        """One batch of one stage: (rows claimed, mail posted)."""
        settings = self._desk.settings
        with self._desk.store.writing() as work:
            claims = claim(work, stage, self.batch(stage), until=until, lease=next(self._leases), seconds=settings.lease_seconds)
        if not claims:
            return 0, []
        try:
            return len(claims), self._handle(stage, claims)
        except StoreUnavailable:
            self._put_back(claims)
            raise
        except Exception:  # whatever one row raises, the others of its batch must go on; it is tried alone and its error kept
            return len(claims), self._one_by_one(stage, claims)

    def _handle(self, stage: Stage, claims: Sequence[Claim]) -> list[Mail]:
        return _HANDLERS[stage](self._desk, claims)

    def _one_by_one(self, stage: Stage, claims: Sequence[Claim]) -> list[Mail]:
        mail: list[Mail] = []
        for one in claims:
            try:
                mail += self._handle(stage, [one])
            except StoreUnavailable:
                self._put_back(claims)
                raise
            except Exception as error:  # the row's own error: recorded with the row, shown to people, retried or parked
                decision = decide(error, one.attempt, self._desk.settings.max_attempts)
                with self._desk.store.writing() as work:
                    give_back(work, one, decision)
        return mail

    def _put_back(self, claims: Sequence[Claim]) -> None:
        """The machine failed, not the rows: free them at once if it still lets us; otherwise their lease runs out."""
        with suppress(StoreUnavailable), self._desk.store.writing() as work:
            postpone(work, claims)


def _verify(desk: Desk, claims: Sequence[Claim]) -> list[Mail]:
    judged = list(judge_claims(desk, claims))
    with desk.store.writing() as work:
        return record(work, desk, judged)


def _route(desk: Desk, claims: Sequence[Claim]) -> list[Mail]:
    with desk.store.writing() as work:
        return run_route(work, desk, claims)


_HANDLERS: dict[Stage, Callable[[Desk, Sequence[Claim]], list[Mail]]] = {Stage.VERIFY: _verify, Stage.ROUTE: _route}
