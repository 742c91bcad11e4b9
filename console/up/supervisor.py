"""Keeps processes running: starts them when what they need is well, starts those again that die, ends them in the reverse order.

Nothing is lost by any end of any of them (the rows are the work), so there is no state to rescue: a process that died is started again
after a wait that doubles, and that is all.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from console.up.health import Unwell
from console.up.log import Log
from console.up.programs import Program
from console.up.services import Condition, Service

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY_SECONDS = 60.0
"""A process that ran so long has shown that it can: its next wait is the first again."""
_PAUSE = 0.1
_START_SECONDS = 120.0


class Event(StrEnum):
    """What a supervisor tells about."""

    DIED = "died"
    STARTED = "started"
    STOPPING = "stopping"
    STUBBORN = "stubborn"


class StartFailed(Exception):
    """A part did not become well; ``name``, what is wrong with it, and where its log is."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        super().__init__(name, reason, log)
        self.name, self.reason, self.log = name, reason, log


@dataclass(slots=True)
class Process:
    """One process of a service, over all its starts."""

    name: str
    service: Service
    program: Program
    log: Log
    began: float = 0.0
    deaths: int = 0
    due: float | None = None
    """When it is to be started again; ``None`` while it runs."""

    def start(self) -> int:
        """Start it now; its process id, which may have ended already."""
        running = self.program.start(subprocess.PIPE)
        if running.stdout is not None:
            self.log.follow(running.stdout)
        self.began, self.due = time.monotonic(), None
        return running.pid

    @property
    def pid(self) -> int:
        """Its process id; 0 while there is none."""
        return self.program.process.pid if self.program.process is not None and self.program.ended is None else 0


Tell = Callable[[Event, Process, int, float], None]
"""Event, whom it concerns, its exit code or the id of its new process, seconds until it is started again."""


@dataclass(slots=True)
class Supervisor:
    """The processes of some services, in the order in which they are started. ``probes``: by service, raise :class:`Unwell`."""

    processes: Sequence[Process]
    probes: Mapping[str, Callable[[], object]]
    tell: Tell
    stopped: Callable[[], bool]
    """Whether somebody asked for the end."""
    well: set[str] = field(default_factory=set)

    def start(self) -> bool:
        """Start everything, each when what it needs is there; gives whether it got so far before the end was asked for.

        Raises :class:`StartFailed`.
        """
        for service, processes in self._services():
            for name, condition in service.after.items():
                if not self._reached(name, condition):
                    return False
            for one in processes:
                one.start()
        return all(self._reached(service.name, Condition.HEALTHY) for service, _ in self._services() if not service.once)

    def run(self) -> None:
        """Start again whoever dies, until the end is asked for."""
        while not self.stopped():
            self.look()
            time.sleep(_PAUSE)

    def look(self) -> None:
        """Look at each process once."""
        now = time.monotonic()
        for one in self.processes:
            if one.service.once:
                continue
            if one.due is not None:
                if now >= one.due:
                    self.tell(Event.STARTED, one, one.start(), 0.0)
            elif (code := one.program.ended) is not None:
                one.log.finish()
                one.deaths = 0 if now - one.began >= STEADY_SECONDS else one.deaths + 1
                wait = min(FIRST_WAIT * 2 ** max(one.deaths - 1, 0), LONGEST_WAIT)
                one.due = now + wait
                self.tell(Event.DIED, one, code, wait)

    def stop(self) -> None:
        """End everything in the reverse order; whoever does not end in its time is ended."""
        for service, processes in reversed(list(self._services())):
            running = [one for one in processes if one.program.ended is None and one.program.process is not None]
            for one in running:
                self.tell(Event.STOPPING, one, 0, 0.0)
                one.program.tell(service.stop)
            end = time.monotonic() + service.grace
            for one in running:
                try:
                    one.program.process and one.program.process.wait(max(end - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    self.tell(Event.STUBBORN, one, 0, 0.0)
                one.program.kill_all()
                one.log.finish()

    def _services(self) -> Iterator[tuple[Service, list[Process]]]:
        for name in dict.fromkeys(one.service.name for one in self.processes):
            processes = [one for one in self.processes if one.service.name == name]
            yield processes[0].service, processes

    def _reached(self, name: str, condition: Condition) -> bool:
        """Wait until a service is as it has to be; whether it was before the end was asked for. Raises :class:`StartFailed`."""
        processes = [one for one in self.processes if one.service.name == name]
        if not processes or name in self.well:  # one of somebody else's: its address was given, and it was asked already
            return True
        end, wrong = time.monotonic() + _START_SECONDS, ""
        while not self.stopped():
            try:
                self._ask(name, condition, processes)
            except Unwell as error:
                wrong = str(error)
            else:
                self.well.add(name)
                return True
            if time.monotonic() > end or any(one.deaths > 2 for one in processes):
                raise StartFailed(name, self._last_words(processes) or wrong, processes[0].log.path)
            self.look()
            time.sleep(_PAUSE)
        return False

    def _ask(self, name: str, condition: Condition, processes: Sequence[Process]) -> None:
        if condition is Condition.DONE:
            for one in processes:
                code = one.program.ended
                if code is None:
                    raise Unwell(f"{one.name} has not ended yet")
                one.log.finish()
                if code:
                    raise StartFailed(name, self._last_words(processes), one.log.path)
            return
        for one in processes:
            if not one.pid:
                raise Unwell(f"{one.name} does not run")
        self.probes[name]()

    def _last_words(self, processes: Sequence[Process]) -> str:
        return next((one.log.last[-1] for one in processes if one.log.last), "")


def ending_with_us(command: Sequence[str], service: Service) -> list[str]:
    """The command, told to end when we die without a word, where the machine can say so (Linux, util-linux)."""
    teller = shutil.which("setpriv")
    return [teller, "--pdeathsig", service.stop.name.removeprefix("SIG"), *command] if teller else list(command)
