"""A person's desk: work waiting, in the order in which it becomes due.

Ordinary work waits for the person's next sitting, urgent work is taken at once in office hours, express work rings out of hours too
(Decree 30/2020 Art. 18 and 23: urgent documents at once).
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from scenarios.kernel import DAY, WINDOWS, Kernel
from scenarios.streams import share

URGENT = 1
EXPRESS = 3


@dataclass(frozen=True, slots=True, order=True)
class Work:
    """One thing to do: what, from when on, how urgent."""

    due: int
    rank: int
    serial: int
    verb: str = field(compare=False)
    item: Any = field(compare=False)


class Desk:
    """Work waiting for one person. ``sittings`` times a day the person works it off; 0 means: whenever the office is open."""

    def __init__(self, kernel: Kernel, owner: str, sittings: int) -> None:
        self._kernel = kernel
        self._heap: list[Work] = []
        self._serial = 0
        self._alarm: simpy.Event | None = None
        self._awaited: int | None = None
        self._timers: dict[int, simpy.Event] = {}
        """Of the instants waited for that are still to come: after an interruption the same one is waited for again."""
        self._times = _sitting_times(kernel.seed, owner, sittings) if sittings else ()
        self._ring = int(kernel.habits["answer_minutes_urgent"] * 60)

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, verb: str, item: Any, urgency: int = 0, not_before: int = 0) -> None:
        """Lay work on the desk. ``urgency`` is the edXML Priority (0–4)."""
        self._serial += 1
        due = self._due(max(self._kernel.now, not_before), urgency)
        heapq.heappush(self._heap, Work(due, -urgency, self._serial, verb, item))
        if self._alarm is not None and (self._awaited is None or due < self._awaited):
            alarm, self._alarm = self._alarm, None
            alarm.succeed()

    def next(self) -> Generator[simpy.Event, Any, Work]:
        """Wait for the next work that is due, the most urgent first."""
        while not self._heap or self._heap[0].due > self._kernel.now:
            self._alarm = self._kernel.env.event()
            self._awaited = self._heap[0].due if self._heap else None
            if self._awaited is None:
                yield self._alarm
            else:
                yield self._timer(self._awaited) | self._alarm
                self._timers = {at: timer for at, timer in self._timers.items() if at > self._kernel.now}
            self._alarm = None
        return heapq.heappop(self._heap)

    def _timer(self, at: int) -> simpy.Event:
        if at not in self._timers:
            self._timers[at] = self._kernel.until(at)
        return self._timers[at]

    def _due(self, at: int, urgency: int) -> int:
        if urgency >= EXPRESS:
            opened = self._kernel.office_open(at)
            return at if opened == at else min(opened, at + self._ring)
        if urgency >= URGENT or not self._times:
            return self._kernel.office_open(at)
        return self._next_sitting(at)

    def _next_sitting(self, at: int) -> int:
        day, second = divmod(at, DAY)
        while True:
            if self._kernel.is_working(day):
                for time in self._times:
                    if time >= second:
                        return day * DAY + time
            day, second = day + 1, 0


def _sitting_times(seed: str, owner: str, count: int) -> tuple[int, ...]:
    """Times of day (seconds) spread over the office hours, shifted per person."""
    open_seconds = sum(end - start for start, end in WINDOWS)
    step = open_seconds / count
    shift = share(seed, owner, "sittings")
    times = []
    for index in range(count):
        offset = int(step * (index + shift))
        for start, end in WINDOWS:
            if offset < end - start:
                times.append(start + offset)
                break
            offset -= end - start
    return tuple(times)
