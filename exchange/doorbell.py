"""The doorbell: a hint that a stage has work. The rows are the work; a ring that is lost, late or doubled changes nothing but the delay.

Who knows how to reach the workers (:mod:`workers.bell`, by a broker) brings a function that sends one ring; :class:`Coalesced` makes a
doorbell of it that never waits for the broker, never fails, and rings five times a second at most, however many packages come in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from exchange.outbox import Stage

GAP = 0.2
"""Seconds between two rings; the first after a pause is rung at once. What came meanwhile is done together."""


class Doorbell(Protocol):
    """Whoever leaves work for a stage rings, after the transaction that wrote the rows."""

    def ring(self, stage: Stage) -> None:
        """Say that a stage has work. Returns at once and never raises."""
        ...


class Silent:
    """Nobody is to be woken: the embedded axis, and workers that only look for themselves."""

    def ring(self, stage: Stage) -> None:
        """Nothing."""


class Coalesced:
    """Rings through ``send`` from a thread of its own, which starts with the first ring and ends with the process.

    ``send`` may raise and may take its time; ``missed`` counts the rings that failed, for whoever watches the broker.
    """

    def __init__(self, send: Callable[[Stage], None], gap: float = GAP) -> None:
        self._send, self._gap = send, gap
        self._due: set[Stage] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.rung = 0
        self.missed = 0

    def ring(self, stage: Stage) -> None:
        """See :meth:`Doorbell.ring`."""
        with self._changed:
            if self._thread is None or not self._thread.is_alive():  # the second: in a child that was forked after the first ring
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
            self._due.add(stage)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._due))
                due, self._due = self._due, set()
            for stage in sorted(due):
                try:
                    self._send(stage)
                    self.rung += 1
                except Exception:  # whatever a broker's client raises, the rows are there and are found without a bell
                    self.missed += 1
            time.sleep(self._gap)
