"""What a side spent of the processor: its processes and all they started, read from ``/proc`` before and after."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scenarios.load import machine
from tests.servers import Postgres, Valkey

THIS = 0
"""In place of a process number: this process itself."""


@dataclass(frozen=True, slots=True)
class Spent:
    """So many documents took this many seconds, of the wall clock and of the processor by part."""

    documents: int
    wall: float
    processor: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Documents per second of the processor, over all parts."""
        return self.documents / sum(self.processor.values())

    @property
    def per_document(self) -> str:
        """Milliseconds of the processor by part, and documents per second of the wall clock, in words."""
        parts = ", ".join(f"{name} {1000 * seconds / self.documents:.1f}" for name, seconds in self.processor.items())
        return f"{1000 / self.rate:.1f} ms of the processor per document ({parts}); {self.documents / self.wall:.0f}/s by the wall clock"


def spent(parts: Mapping[str, int], work: Callable[[int], object], documents: int) -> Spent:
    """Have ``documents`` done by ``work``. ``parts``: name → process, whose descendants count with it."""
    before, began = _use(parts), time.monotonic()
    work(documents)
    wall, after = time.monotonic() - began, _use(parts)
    return Spent(documents, wall, {name: after[name] - before[name] for name in parts})


def _use(parts: Mapping[str, int]) -> dict[str, float]:
    return {name: time.process_time() if pid == THIS else _of(pid) for name, pid in parts.items()}


def _of(pid: int) -> float:
    found = machine.use(frozenset({pid}))
    assert found is not None, "processes are counted by /proc, which this system has not"
    return sum(seconds for role, seconds in found.roles.items() if role != "driver")


def number_of(server: Postgres | Valkey) -> int:
    """Process number of a server started here."""
    program = server.program
    assert program is not None, "without TRUC_TEST_POSTGRES and TRUC_TEST_REDIS: the servers' own processor time is counted"
    assert program.process is not None
    return program.process.pid
