"""What watches over work in hand: leases are renewed while it goes on, and a document that takes too long ends its process.

A thread can renew and look at the clock; it cannot stop another one that computes. So judging is done where the process may be given up: in
a child of a worker, which its parent replaces. Before it goes the thread writes down whose fault it was and frees what else was claimed. A
computation that lets no other thread run is ended by the interpreter's own watchdog a little later, without a word; its lease runs out.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Protocol

from exchange.breakers import trip
from exchange.errors import StoreError
from exchange.logs import about
from exchange.outbox import Claim, postpone, renew, time_out
from exchange.store.work import Conflict, Store

_log = logging.getLogger("truc.stages")
GIVEN_UP = 70
"""Exit code of a process that was given up (EX_SOFTWARE)."""
_STDERR = 2
"""By its number: what stands in `sys.stderr` need not be a file."""
_GRACE = 5
"""Seconds after the limit at which the interpreter's watchdog ends what this thread could not."""


class Guard(Protocol):
    """Watches over the claims of one worker."""

    def holding(self, claims: Sequence[Claim]) -> AbstractContextManager[None]:
        """While inside, the leases of these claims do not run out."""
        ...

    def document(self, claim: Claim) -> AbstractContextManager[None]:
        """While inside, this one is being judged: for no longer than a document may take."""
        ...


class NoGuard:
    """One process owns the database and nobody waits to take over."""

    def holding(self, claims: Sequence[Claim]) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def document(self, claim: Claim) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()


class Keeper:
    """Renews leases every quarter of their time and gives up a process whose document takes more than ``limit`` seconds."""

    def __init__(self, store: Store, lease_seconds: int, limit: int, give_up: Callable[[int], object] = os._exit) -> None:
        self._store, self._seconds, self._limit, self._give_up = store, lease_seconds, limit, give_up
        self._claims: tuple[Claim, ...] = ()
        self._current: tuple[Claim, float] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._armed: float | None = None
        """When the last resort was set. It is a thread of the interpreter's own, so one does for the documents of some seconds."""

    @contextmanager
    def holding(self, claims: Sequence[Claim]) -> Iterator[None]:
        """See :meth:`Guard.holding`."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._watch, name="leases", daemon=True)
            self._thread.start()
        with self._lock:
            self._claims = tuple(claims)
        try:
            yield
        finally:
            with self._lock:
                self._claims = ()
            self._disarm()

    @contextmanager
    def document(self, claim: Claim) -> Iterator[None]:
        """See :meth:`Guard.document`."""
        now = time.monotonic()
        self._current = (claim, now)
        if self._armed is None or now - self._armed > _GRACE / 2:
            self._armed = now
            faulthandler.dump_traceback_later(self._limit + _GRACE, exit=True, file=_STDERR)
        try:
            yield
        finally:
            self._current = None
            if not self._claims:
                self._disarm()

    def _disarm(self) -> None:
        if self._armed is not None:
            self._armed = None
            faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        pause = min(self._seconds / 4, self._limit / 4)
        while True:
            time.sleep(pause)
            with self._lock:
                self._look()

    def _look(self) -> None:
        if not self._claims:
            return
        current = self._current
        wait = 0
        late = current is not None and time.monotonic() - current[1] > self._limit
        # the next look may find the database again; until then the lease runs
        with suppress(StoreError, Conflict), self._store.writing() as work:
            if late and current is not None:
                time_out(work, current[0], self._limit)
                wait = trip(work, current[0].sender)
                postpone(work, [one for one in self._claims if one.id != current[0].id])
            else:
                renew(work, self._claims, self._seconds)
        if late and current is not None:
            said = about(row=current[0].package, sender=current[0].sender, seconds=self._limit, held_back=wait)
            _log.error("a document took too long, and its process ends", extra=said)
            self._give_up(GIVEN_UP)
