"""Processes are started in order, started again when they die, and ended in the reverse order; with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from console.up.health import Unwell
from console.up.log import Log
from console.up.programs import Program
from console.up.services import Condition, Image, Service
from console.up.supervisor import Event, Process, StartFailed, Supervisor, ending_with_us

FOREVER = "echo up; exec sleep 1000"
TRAP = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"


class Stage:
    """Some services made of shell commands, and what was told of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told, self.stopping = folder, list[tuple[str, str]](), False
        self.processes: list[Process] = []
        self.probes: dict[str, Callable[[], object]] = {}

    def add(self, name: str, script: str, *, after: Mapping[str, Condition] | None = None, once: bool = False, grace: int = 5) -> None:
        service = Service(name, Image.TRUC, (), None, after=after or {}, once=once, grace=grace)
        program = Program(["/bin/sh", "-c", script])
        self.processes.append(Process(name, service, program, Log(self.folder / f"{name}.log", name)))
        self.probes[name] = lambda: None

    def open(self) -> Supervisor:
        return Supervisor(self.processes, self.probes, self.tell, lambda: self.stopping)

    def tell(self, event: Event, process: Process, code: int, wait: float) -> None:
        self.told.append((event.value, process.name))

    def said(self, name: str) -> list[str]:
        lines = (self.folder / f"{name}.log").read_text("utf-8").splitlines()
        assert all(f"Z {name} | " in line for line in lines)
        return [line.split(" | ", 1)[1] for line in lines]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    for one in made.processes:
        one.program.kill_all()
        one.log.finish()


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_service_starts_when_what_it_needs_is_well(stage: Stage) -> None:
    order: list[str] = []
    stage.add("base", FOREVER)
    stage.add("make", "sleep 0.3; echo made", after={"base": Condition.HEALTHY}, once=True)
    stage.add("user", FOREVER, after={"make": Condition.DONE})
    asked = iter([Unwell("not yet"), Unwell("not yet"), None])

    def probe() -> None:
        order.append("asked")
        assert stage.processes[1].began == 0.0
        problem = next(asked, None)
        if problem:
            raise problem

    stage.probes["base"] = probe
    supervisor = stage.open()
    assert supervisor.start()
    assert order == ["asked"] * 3
    assert stage.processes[1].program.ended == 0
    assert stage.processes[0].began < stage.processes[1].began < stage.processes[2].began
    supervisor.stop()


def test_everything_ends_in_the_reverse_order_and_says_its_last_words(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        stage.add(name, TRAP)
    supervisor = stage.open()
    assert supervisor.start()
    until(lambda: all(list(one.log.last) == ["up"] for one in stage.processes))
    supervisor.stop()
    assert stage.told == [("stopping", name) for name in ("three", "two", "one")]
    assert all(stage.said(name) == ["up", "bye"] for name in ("one", "two", "three"))
    assert all(one.program.ended == 0 for one in stage.processes)


def test_who_does_not_end_is_ended_with_all_it_started(stage: Stage) -> None:
    stage.add("deaf", "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1; done", grace=1)
    supervisor = stage.open()
    assert supervisor.start()
    until(lambda: bool(stage.processes[0].log.last))
    child = int(stage.processes[0].log.last[0])
    supervisor.stop()
    assert stage.told == [("stopping", "deaf"), ("stubborn", "deaf")]
    assert stage.processes[0].program.ended == -signal.SIGKILL
    until(lambda: not Path(f"/proc/{child}").exists())


def test_who_dies_is_started_again_after_a_wait_that_doubles(stage: Stage) -> None:
    stage.add("steady", FOREVER)
    stage.add("frail", "echo up; sleep 0.05; exit 3")
    supervisor = stage.open()
    for one in stage.processes:
        one.start()
    began = time.monotonic()
    while stage.told.count(("died", "frail")) < 3:
        supervisor.look()
        time.sleep(0.01)
    took = time.monotonic() - began
    assert 1.5 < took < 5  # half a second, then one
    assert stage.told == [("died", "frail"), ("started", "frail")] * 2 + [("died", "frail")]
    stage.processes[1].program.ended  # noqa: B018 - reaped
    supervisor.stop()
    assert stage.said("frail") == ["up"] * 3


def test_a_process_that_was_killed_is_started_again(stage: Stage) -> None:
    stage.add("worker", FOREVER)
    supervisor = stage.open()
    assert supervisor.start()
    before = stage.processes[0].pid
    os.kill(before, signal.SIGKILL)
    until(lambda: bool(supervisor.look()) or ("started", "worker") in stage.told)
    assert stage.processes[0].pid not in (0, before)
    supervisor.stop()


def test_what_does_not_come_up_is_named_with_its_last_words(stage: Stage) -> None:
    stage.add("make", "echo 'no such table' >&2; exit 3", once=True)
    stage.add("user", FOREVER, after={"make": Condition.DONE})
    with pytest.raises(StartFailed) as caught:
        stage.open().start()
    assert (caught.value.name, caught.value.reason) == ("make", "no such table")
    assert stage.processes[1].began == 0.0


def test_the_end_may_be_asked_for_during_the_start(stage: Stage) -> None:
    stage.add("slow", FOREVER)

    def probe() -> None:
        stage.stopping = True
        raise Unwell("not yet")

    stage.probes["slow"] = probe
    supervisor = stage.open()
    assert not supervisor.start()
    supervisor.stop()
    assert stage.processes[0].program.ended == -signal.SIGTERM


def test_a_log_is_begun_anew_before_it_grows_too_large(tmp_path: Path) -> None:
    log = Log(tmp_path / "x.log", "x", largest=1000)
    process = Program(["/bin/sh", "-c", "for i in $(seq 60); do echo line $i; done"]).start(subprocess.PIPE)
    assert process.stdout is not None
    log.follow(process.stdout)
    process.wait()
    log.finish()
    assert log.path.stat().st_size <= 1100
    assert (tmp_path / "x.log.1").stat().st_size <= 1100
    assert list(log.last) == [f"line {number}" for number in range(56, 61)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_processes_end_when_whoever_started_them_dies_without_a_word(tmp_path: Path) -> None:
    script = """
import subprocess, sys
from console.up.services import Image, Service
from console.up.supervisor import ending_with_us
from console.up.programs import Program
program = Program(ending_with_us(["/bin/sleep", "1000"], Service("x", Image.TRUC, (), None)))
print(program.start(subprocess.DEVNULL).pid, flush=True)
sys.stdin.read()
"""
    root = Path(__file__).parents[3]
    keeper = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert keeper.stdout is not None
    child = int(keeper.stdout.readline())
    until(lambda: Path(f"/proc/{child}/comm").read_text().strip() == "sleep")  # from then on it has asked to be told
    keeper.kill()
    keeper.communicate()
    until(lambda: not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text())
    assert ending_with_us(["x"], Service("x", Image.TRUC, (), None))[-1] == "x"
