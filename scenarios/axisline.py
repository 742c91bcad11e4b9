"""When the axis works and when each agency's software calls it.

Everything happens on whole minutes: at each due minute first the axis settles all that is due (so nothing is open when time has moved on),
then the agencies whose phase it is and who have something to do run their cycles, in order of their code.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from datetime import datetime

from simpy import Event

from exchange.api import Settled
from exchange.domain.identifiers import OrganId
from scenarios.kernel import Kernel, Process
from scenarios.office.software import Software
from scenarios.streams import share

MINUTE = 60


class AxisLine:
    """The calendar of cycles. ``settle(until)`` is the axis'; ``judged()`` writes down what it judged since the last call."""

    def __init__(
        self, kernel: Kernel, softwares: Mapping[OrganId, Software], settle: Callable[[datetime], Settled], judged: Callable[[], None]
    ) -> None:
        self._kernel = kernel
        self._softwares = softwares
        self._settle = settle
        self._judged = judged
        self._due: list[tuple[int, OrganId]] = []
        self._planned: dict[OrganId, int] = {}
        self._mail: set[OrganId] = set()
        self.settled_at = 0
        """Instant of the last settling."""
        self._axis_due: int | None = None
        self._alarm: Event | None = None
        self._phases = {organ: self._phase(organ, software) for organ, software in softwares.items()}

    def _phase(self, organ: OrganId, software: Software) -> tuple[int, int]:
        period = max(1, software.office.agency.poll_minutes)
        return int(share(self._kernel.seed, str(organ), "poll") * period), period

    def wake(self, organ: OrganId) -> None:
        """An office has something for the axis: it leaves with the software's next cycle."""
        self._plan(organ, self._kernel.now + 1)
        if self._alarm is not None:
            alarm, self._alarm = self._alarm, None
            alarm.succeed()

    def run(self) -> Process:
        """Work through the due minutes, for ever."""
        while True:
            due = self._next()
            if due is None or due > self._kernel.now:
                self._alarm = self._kernel.env.event()
                yield self._alarm if due is None else self._kernel.until(due) | self._alarm
                self._alarm = None
                continue
            self._minute()

    def _minute(self) -> None:
        now = self._kernel.now
        settled = self._settle(self._kernel.moment)
        self.settled_at = now
        self._judged()
        for organ, since in settled.mail:
            self._mail.add(organ)
            self._plan(organ, max(now, self._kernel.instant_of(since)))
        self._axis_due = None if settled.open_until is None else self._minute_at(max(now + 1, self._kernel.instant_of(settled.open_until)))
        called = False
        while self._due and self._due[0][0] <= now:
            at, organ = heapq.heappop(self._due)
            if self._planned.get(organ) != at:
                continue
            del self._planned[organ]
            called = True
            mail = organ in self._mail
            self._mail.discard(organ)
            self._softwares[organ].cycle(mail=mail)
        if called:
            self._axis_due = now + MINUTE

    def _next(self) -> int | None:
        candidates = [self._axis_due] if self._axis_due is not None else []
        if self._due:
            candidates.append(self._due[0][0])
        return min(candidates) if candidates else None

    def _plan(self, organ: OrganId, at: int) -> None:
        """Plan the first cycle of this agency at or after ``at``."""
        if organ not in self._phases:
            return
        phase, period = self._phases[organ]
        minute = self._minute_at(at) // MINUTE
        cycle = (minute + (phase - minute) % period) * MINUTE
        planned = self._planned.get(organ)
        if planned is None or cycle < planned:
            self._planned[organ] = cycle
            heapq.heappush(self._due, (cycle, organ))

    @staticmethod
    def _minute_at(at: int) -> int:
        return -(-at // MINUTE) * MINUTE
