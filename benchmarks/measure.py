"""Timing contenders against each other: short slices in turn, so that a busy moment of the machine falls on all of them; medians.

Seconds are the processor's: all contenders work in this one thread, and what other programs take of the core is nobody's merit or fault.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of doing the same work. ``batch(n)`` does it n times and raises when it did not succeed."""

    name: str
    batch: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Rate:
    """Operations per second: the median over the rounds, with the slowest and the fastest round."""

    name: str
    median: float
    low: float
    high: float
    count: int
    """Operations timed in all."""


def repeated(operation: Callable[[], object]) -> Callable[[int], None]:
    """A batch that calls ``operation`` n times; it must raise when it fails."""

    def batch(count: int) -> None:
        for _ in range(count):
            operation()

    return batch


def interleave(contenders: Sequence[Contender], slice_seconds: float) -> dict[str, Rate]:
    """Time every contender in ``ROUNDS`` slices of about ``slice_seconds``, round robin; by name.

    One core: slices follow each other in this thread. A contender slower than a slice does one operation in it.
    """
    counts = {contender.name: _count_for(contender, slice_seconds) for contender in contenders}
    rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(ROUNDS):
        for contender in contenders:
            count = counts[contender.name]
            rates[contender.name].append(count / _seconds(contender, count))
    return {name: Rate(name, statistics.median(values), min(values), max(values), counts[name] * ROUNDS) for name, values in rates.items()}


def _seconds(contender: Contender, count: int) -> float:
    start = time.process_time()
    contender.batch(count)
    return time.process_time() - start


def _count_for(contender: Contender, slice_seconds: float) -> int:
    """Operations that fill a slice; finding out also warms caches, which is meant: trust objects and templates are reused by all."""
    count = 1
    while (spent := _seconds(contender, count)) < slice_seconds / 4:
        count *= 2 if spent > slice_seconds / 50 else 8
    return max(1, round(count * slice_seconds / spent))
