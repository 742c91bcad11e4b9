"""The clock of a run: a SimPy environment on business time, office hours, and the one sink every fact goes to.

``now`` is whole seconds since the world's start date 00:00 (+07:00). Nothing here reads the machine's clock, and nothing depends on how
many days are run, so the trace of one day is the beginning of the trace of five.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, time, timedelta
from typing import Any

import simpy

from exchange.domain.calendar import AFTERNOON, MORNING, VN, Calendar
from scenarios.people.habits import Habits, habits
from scenarios.trace import Record, Sink
from scenarios.world.model import World

DAY = 86_400
WINDOWS = tuple((opens.hour * 3600 + opens.minute * 60, closes.hour * 3600 + closes.minute * 60) for opens, closes in (MORNING, AFTERNOON))
"""Office hours as seconds of the day."""

Process = Generator[simpy.Event, Any, None]


class Kernel:
    """Business time, office hours and the sink of one run."""

    def __init__(self, world: World, sink: Sink) -> None:
        self.world = world
        self.env = simpy.Environment()
        self.seed = world.seed
        self.habits: Habits = habits(world)
        self.calendar = Calendar(world.holidays)
        self.start = datetime.combine(world.start, time(), VN)
        self.emit: Sink = sink
        self._working: list[bool] = []

    @property
    def now(self) -> int:
        """The business instant in whole seconds since the start."""
        return int(self.env.now)

    @property
    def moment(self) -> datetime:
        """The business instant as an aware datetime (+07:00)."""
        return self.start + timedelta(seconds=self.env.now)

    def moment_of(self, at: int) -> datetime:
        """The aware datetime of an instant."""
        return self.start + timedelta(seconds=at)

    def instant_of(self, moment: datetime) -> int:
        """The whole second of an aware datetime."""
        return int((moment - self.start).total_seconds())

    def sleep(self, seconds: int) -> simpy.Event:
        """An event after so many seconds."""
        return self.env.timeout(seconds)

    def until(self, at: int) -> simpy.Event:
        """An event at an instant, at once when it is past."""
        return self.env.timeout(max(0, at - self.now))

    def at(self, at: int, action: Callable[[], None]) -> None:
        """Do something at an instant, at once when it is past: smaller than a process for what only waits once."""
        event = self.until(at)
        event.callbacks.append(lambda _: action())

    def start_process(self, process: Process) -> None:
        """Let a generator live."""
        self.env.process(process)

    def is_working(self, day: int) -> bool:
        """Whether the ``day``-th day of the run (0 = start) is a working day."""
        while len(self._working) <= day:
            date = (self.start + timedelta(days=len(self._working))).date()
            self._working.append(self.calendar.is_working_day(date))
        return self._working[day]

    def office_open(self, at: int) -> int:
        """``at`` if offices are open then, else the next opening."""
        day, second = divmod(at, DAY)
        while True:
            if self.is_working(day):
                for opens, closes in WINDOWS:
                    if second < closes:
                        return day * DAY + max(second, opens)
            day, second = day + 1, 0

    def after_work(self, at: int, seconds: int) -> int:
        """The instant when ``seconds`` of office time have passed since ``at``."""
        at = self.office_open(at)
        while seconds > 0:
            day, second = divmod(at, DAY)
            closes = next(end for _, end in WINDOWS if second < end)
            if second + seconds <= closes:
                return at + seconds
            seconds -= closes - second
            at = self.office_open(day * DAY + closes)
        return at

    def working_day_end(self, days: int) -> int:
        """The midnight after the ``days``-th working day."""
        day = -1
        while days > 0:
            day += 1
            days -= self.is_working(day)
        return (day + 1) * DAY

    def record(self, record: Record) -> None:
        """Write one fact down."""
        self.emit(record)
