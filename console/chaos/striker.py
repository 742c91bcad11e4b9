"""Strikes one after another: each at a moment at which work is claimed, the next when the last one's work has moved on and it is well."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from sqlalchemy import bindparam, func, select

from console.chaos.service import Struck, children, send
from exchange.api import Receipt
from exchange.errors import StoreError
from exchange.store.engine import open_engine
from exchange.store.tables import mailbox, outbox, package
from exchange.store.work import Store
from scenarios.chaos.feed import Feed
from scenarios.chaos.schedule import Blow, Strike, Target

LATE = 60.0
"""Seconds after which one no longer waits for a recovery."""
_PATIENCE = 15.0
_CLAIMS = select(outbox.c.id, outbox.c.lease).where(outbox.c.lease != "", outbox.c.parked == 0)
_STILL = select(func.count()).where(
    outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.lease.in_(bindparam("leases", expanding=True))
)
_ARRIVED = (
    select(func.count())
    .select_from(mailbox)
    .join(package, package.c.id == mailbox.c.package)
    .where(package.c.package_id == bindparam("name"))
)
_OPEN = select(func.count()).select_from(outbox)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one strike did. ``claimed``: rows in hand at that moment, of the one struck where it is a worker, otherwise of anybody;
    ``recovery``: seconds until they had moved on and a document handed in after it was delivered; ``back``: until what was struck was well.
    """

    strike: Strike
    claimed: int
    recovery: float
    back: float


class Striker:
    """Strikes one service."""

    def __init__(self, service: Struck, feed: Feed, recipients: int, seed: str) -> None:
        self._service, self._feed, self._recipients = service, feed, recipients
        self._chance = Random(f"{seed}/strikes")
        self._store = Store(open_engine(service.stand.database))
        self._host = socket.gethostname()

    def run(self, strikes: Iterable[Strike], told: Callable[[Outcome], None]) -> None:
        """All of them, until the documents are used up."""
        for one in strikes:
            if self._feed.exhausted:
                return
            told(self.strike(one))

    def strike(self, one: Strike) -> Outcome:
        """One, and what it takes to recover from it."""
        process, pid = self._service.choose(one.target, self._chance)
        claims = self._wait_for_claims(self._names(one.target, pid))
        if one.blow is Blow.KILL:
            send(pid, signal.SIGKILL)
            began = time.monotonic()
            claims = self._held(claims)
            if one.target is not Target.CHILD:  # whose parent sees to it
                self._service.start_again(process)
        else:
            self._service.disturb(one.target, one.blow, process, pid, self._chance)
            time.sleep(one.seconds)
            self._service.mend()
            began = time.monotonic()
        recovery = self._recovery(began, claims)
        self._service.wait_until_well(process)
        return Outcome(one, len(claims), round(recovery, 3), round(time.monotonic() - began, 3))

    def settle(self, seconds: float) -> int:
        """Wait until nothing is open; gives the rows that still are."""
        end = time.monotonic() + seconds
        while (left := self._ask_open()) and time.monotonic() < end:
            self._service.supervise()
            time.sleep(0.1)
        return left

    def close(self) -> None:
        """Give the database back."""
        self._store.close()

    def _ask_open(self) -> int:
        try:
            with self._store.asking() as work:
                return int(work.value(_OPEN))
        except StoreError:
            return 1

    def _names(self, target: Target, pid: int) -> tuple[str, ...]:
        """How leases of the struck begin; empty: whoever's."""
        if target is Target.CHILD:
            return (f"{self._host}-{pid}-",)
        return tuple(f"{self._host}-{child}-" for child in children(pid)) if target is Target.WORKER else ()

    def _wait_for_claims(self, names: Sequence[str]) -> dict[int, str]:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            with suppress(StoreError):
                found = self._claims(names)
                if found:
                    return found
            self._service.supervise()
            time.sleep(0.004)
        return {}

    def _claims(self, names: Sequence[str]) -> dict[int, str]:
        with self._store.asking() as work:
            rows = work.rows(_CLAIMS)
        return {number: lease for number, lease in rows if not names or str(lease).startswith(tuple(names))}

    def _held(self, before: dict[int, str]) -> dict[int, str]:
        """Those rows that are still under the same leases: what the dead one really had in hand."""
        with suppress(StoreError):
            now = self._claims(())
            return {number: lease for number, lease in before.items() if now.get(number) == lease}
        return before

    def _recovery(self, began: float, claims: dict[int, str]) -> float:
        probe: list[Receipt | None] = []
        asking = threading.Thread(target=lambda: probe.append(self._feed.probe()), name="probe", daemon=True)
        asking.start()
        while time.monotonic() - began < LATE:
            if not asking.is_alive() and self._moved(claims) and self._arrived(probe[0] if probe else None):
                return time.monotonic() - began
            self._service.supervise()
            time.sleep(0.02)
        return LATE

    def _moved(self, claims: dict[int, str]) -> bool:
        if not claims:
            return True
        with suppress(StoreError), self._store.asking() as work:
            return not work.value(_STILL, {"ids": list(claims), "leases": sorted(set(claims.values()))})
        return False

    def _arrived(self, receipt: Receipt | None) -> bool:
        if receipt is None:
            return False
        with suppress(StoreError), self._store.asking() as work:
            return int(work.value(_ARRIVED, {"name": receipt.package_id})) == self._recipients
        return False
