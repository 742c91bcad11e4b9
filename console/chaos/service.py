"""The service that is struck: the processes of ``truc up``, and in between wires that can be cut, a clock that jumps, a disk that fills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

from console.up import health
from console.up.health import Unwell
from console.up.log import Log
from console.up.place import Stand, Wish, make_stand, probes
from console.up.programs import Program, ProgramFailed, free_port
from console.up.supervisor import Process, Supervisor
from scenarios.chaos.proxy import Wire
from scenarios.chaos.schedule import DISTURBANCES, KILLS, Blow, Target

SERVICES: Mapping[Target, str] = {
    Target.API: "axis", Target.WORKER: "worker", Target.CHILD: "worker", Target.BROKER: "valkey", Target.DATABASE: "postgres",
    Target.BEAT: "beat",
}  # fmt: skip
_WELL_SECONDS = 90.0
_SLOW_SECONDS = 0.02
_DISK = "1536m"
_JUMPS = ("5400", "-5400", "172800")
"""Seconds by which a wall clock jumps: longer than a token holds, and back."""
_MOVED = Path(__file__).with_name("moved")
"""Goes before all else on the path of our own processes."""


class Struck:
    """The service, from its start to its end. Use it in ``with``: everything it started is gone afterwards, but for ``logs``."""

    def __init__(self, wish: Wish, logs: Path, *, apis: int = 2, broker: bool = True) -> None:
        self._wish, self._apis, self._broker = wish, apis, broker
        self._exits = ExitStack()
        self._wires: dict[Target, Wire] = {}
        self._clock, self._logs = logs / "clock", logs
        self._disk: Path | None = None
        self._stopped: list[int] = []
        self.deaths: Counter[str] = Counter()
        """Parts that ended without being struck, by service; they were started again."""

    def __enter__(self) -> Struck:
        """Make everything ready and start it. Raises what ``truc up`` raises."""
        try:
            self._open()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        self.mend()
        self._exits.close()

    def _open(self) -> None:
        self._mount()
        self._set_clock("0")
        self._stand = make_stand(self._wish, self._with_clock(), self._wire)
        gone = {"pki"} if self._broker else {"pki", "valkey"}
        kept = [one for one in self._stand.processes if one.service.name not in gone]
        first = next(index for index, one in enumerate(kept) if one.service.name == "axis")
        others = [_another(kept[first], number, self._stand.place.values["port"]) for number in range(2, self._apis + 1)]
        kept[first + 1 : first + 1] = others
        self._ask = probes(self._wish, self._stand)
        self._ask["axis"] = self._apis_are_well
        if not self._broker:
            self._ask |= {"valkey": lambda: None, "beat": lambda: None}
        self.processes = kept
        self._supervisor = Supervisor(kept, self._ask, lambda *_: None, lambda: False)
        self._exits.callback(self._supervisor.stop)
        self._supervisor.start()

    @property
    def stand(self) -> Stand:
        """Its addresses."""
        return self._stand

    @property
    def urls(self) -> tuple[str, ...]:
        """Where its API processes answer."""
        return tuple(f"http://127.0.0.1:{_port(one)}" for one in self.processes if one.service.name == "axis")

    def _apis_are_well(self) -> None:
        for url in self.urls:
            health.http(f"{url}/readyz")

    def possible(self) -> tuple[tuple[Target, Blow, float], ...]:
        """The disturbances that this machine can bring about."""
        lacking = set() if self._disk is not None else {Blow.FULL}
        return tuple(one for one in DISTURBANCES if one[1] not in lacking and one[0] in self.mortal())

    def mortal(self) -> dict[Target, int]:
        """Who is there to be struck, with the share of kills of each."""
        gone = set() if self._broker else {Target.BROKER, Target.BEAT}
        return {target: weight for target, weight in KILLS.items() if target not in gone}

    def choose(self, target: Target, chance: Random) -> tuple[Process, int]:
        """One of them: the process that is watched over, and the process id to strike (of one of its children, where that is meant)."""
        process = chance.choice([one for one in self.processes if one.service.name == SERVICES[target]])
        self.wait_until_well(process)
        below = children(process.pid) if target is Target.CHILD else []
        return process, chance.choice(below) if below else process.pid

    def start_again(self, process: Process) -> None:
        """Start what was ended, and again while it does not stay: a database must first be left alone by those who used it."""
        process.program.kill_all()
        process.log.finish(1.0)
        process.start()

    def supervise(self) -> None:
        """Start again whatever ended by itself: a part may give up over what was done to another, and whoever runs a service sees to it."""
        for one in self.processes:
            if not one.service.once and one.program.ended is not None:
                self.deaths[one.service.name] += 1
                self.start_again(one)

    def wait_until_well(self, process: Process) -> None:
        """Until it is as it was. Raises :class:`console.up.programs.ProgramFailed` when it does not become so."""
        end = time.monotonic() + _WELL_SECONDS
        while True:
            try:
                self.supervise()
                self._ask[process.service.name]()
                return
            except Unwell as error:
                if time.monotonic() > end:
                    raise ProgramFailed(f"{process.name}: {error}: {list(process.log.last)}") from None
                time.sleep(0.05)

    def disturb(self, target: Target, blow: Blow, process: Process, pid: int, chance: Random) -> None:
        """Begin a disturbance."""
        wire = self._wires.get(target)
        if blow is Blow.STOP:
            self._stopped = [pid, *(_descendants(pid) if target is Target.DATABASE else ())]
            _signal(self._stopped, signal.SIGSTOP)
        elif blow is Blow.RESTART:
            process.program.kill(process.service.stop)
            self.start_again(process)
        elif blow is Blow.SLOW and wire is not None:
            wire.slow(_SLOW_SECONDS)
        elif blow is Blow.CUT and wire is not None:
            wire.cut()
        elif blow is Blow.SILENT and wire is not None:
            wire.silence()
        elif blow is Blow.JUMP:
            self._set_clock(chance.choice(_JUMPS))
        elif blow is Blow.FULL and self._disk is not None:
            _fill(self._disk / "ballast")

    def mend(self) -> None:
        """End whatever disturbance there is."""
        for wire in self._wires.values():
            wire.mend()
        _signal(self._stopped, signal.SIGCONT)
        self._stopped = []
        self._set_clock("0")
        if self._disk is not None:
            (self._disk / "ballast").unlink(missing_ok=True)

    def _wire(self, name: str, port: int) -> int:
        wire = self._exits.enter_context(Wire("127.0.0.1", port))
        self._wires[Target(name)] = wire
        return wire.port

    def _mount(self) -> None:
        """A disk of their own for all parts, where we may have one; what they say is written elsewhere."""
        data = self._wish.data
        data.mkdir(parents=True, exist_ok=True)
        mount, unmount = shutil.which("mount"), shutil.which("umount")
        if mount is not None and unmount is not None and os.geteuid() == 0:
            words = [mount, "-t", "tmpfs", "-o", f"size={_DISK},mode=0755", "tmpfs", str(data)]
            if subprocess.run(words, capture_output=True, check=False).returncode == 0:  # noqa: S603 - our own words
                self._exits.callback(subprocess.run, [unmount, "-l", str(data)], capture_output=True, check=False)
                self._disk = data
        self._logs.mkdir(parents=True, exist_ok=True)
        (data / "logs").symlink_to(self._logs, target_is_directory=True)

    def _with_clock(self) -> dict[str, str]:
        """The environment of our own processes: their Python asks the file how far its wall clock is off."""
        paths = [str(_MOVED), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TRUC_MOVED_CLOCK": str(self._clock)}

    def _set_clock(self, offset: str) -> None:
        with suppress(OSError):
            self._clock.write_text(f"{offset}\n", "ascii")


def _another(one: Process, number: int, port: str) -> Process:
    """One more process like this, at a port of its own."""
    words = [str(free_port()) if word == port else word for word in one.program.command]
    log = Log(one.log.path.with_name(f"{one.name}-{number}.log"), f"{one.name}-{number}")
    return Process(f"{one.name}-{number}", one.service, Program(words, environment=one.program.environment), log)


def _port(one: Process) -> str:
    return one.program.command[one.program.command.index("--port") + 1]


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):  # each knows those it started itself
        with suppress(OSError):
            found += [int(one) for one in thread.read_text("ascii").split()]
    return found


def _descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from _descendants(child)


def _signal(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        send(pid, number)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to one process, if it is there; 0 would be everybody of our own group."""
    if pid > 0:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _fill(path: Path) -> None:
    """Take what is left of a disk."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * (1 << 20))
