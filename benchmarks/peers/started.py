"""Our service as processes: the API and a worker, waited for as long as a busy machine needs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.world import NAME, SEED
from tests.console.test_service import running

_PATIENCE = 300.0


@contextmanager
def axis(folder: Path, database: str, broker: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The API over a database; the process and its address."""
    log = folder / "axis.log"
    with running(log, "axis", NAME, "--seed", SEED, "--database", database, "--broker", broker, "--port", "0") as process:
        yield process, _line(log, "http://", process)


@contextmanager
def worker(folder: Path, database: str, broker: str, children: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with its children."""
    log = folder / "worker.log"
    words = ("worker", NAME, "--seed", SEED, "--database", database, "--broker", broker, "--children", str(children))
    with running(log, *words) as process:
        _line(log, "Worker of", process)
        yield process


@contextmanager
def program(command: list[str], surroundings: Mapping[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program, spoken to by lines."""
    with subprocess.Popen(command, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            yield process
        finally:
            process.terminate()


def _line(log: Path, begin: str, process: subprocess.Popen[bytes]) -> str:
    """The line of a log that begins so, once it is there."""
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience:
        whole = log.read_text("utf-8", "replace")
        found = [line for line in whole.splitlines(keepends=True) if line.startswith(begin) and line.endswith("\n")]
        if found:
            return found[0].strip()
        assert process.poll() is None, whole
        time.sleep(0.1)
    raise AssertionError(f"it did not say {begin!r} in {_PATIENCE:.0f} seconds: {log.read_text('utf-8', 'replace')}")
