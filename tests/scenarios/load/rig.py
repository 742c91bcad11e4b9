"""The whole service for a load, as processes on this machine: PostgreSQL, Valkey, the API, a worker with its children, the schedule.

    python -m tests.scenarios.load.rig --children 2 --axes 1

starts it and prints its address and the process to watch, until interrupted. PostgreSQL then writes to the disk before it answers
(``fsync`` on), as no test needs it to.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.console.test_axis import address
from tests.console.test_service import running, wait_for
from tests.servers import postgres_server, valkey_server

WORLD = "load-field"


@dataclass(frozen=True, slots=True)
class Rig:
    """A running service."""

    urls: tuple[str, ...]
    axes: tuple[subprocess.Popen[bytes], ...]
    worker: subprocess.Popen[bytes]


@contextmanager
def rig(folder: Path, database: str, broker: str, *, children: int = 1, axes: int = 1) -> Iterator[Rig]:
    """The service over a database and a broker, ended with the block."""
    with ExitStack() as stack:
        apis, urls = [], []
        for number in range(axes):
            log = folder / f"axis{number}.log"
            words = ("axis", WORLD, "--database", database, "--broker", broker, "--port", "0")
            apis.append(stack.enter_context(running(log, *words)))
            urls.append(address(log, apis[-1]))
        log = folder / "worker.log"
        words = ("worker", WORLD, "--database", database, "--broker", broker, "--children", str(children))
        worker = stack.enter_context(running(log, *words))
        wait_for(log, "Worker of", worker)
        stack.enter_context(running(folder / "beat.log", "beat", "--broker", broker, "--state", str(folder / "beat")))
        yield Rig(tuple(urls), tuple(apis), worker)


def main() -> None:
    """Until interrupted or told to stop."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):  # a shell that starts it in the background has it ignore the second
        signal.signal(number, stop)
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--children", type=int, default=2)
    options.add_argument("--axes", type=int, default=1)
    asked = options.parse_args()
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server(fsync="on", shared_buffers="256MB", max_wal_size="2GB"))
        broker = stack.enter_context(valkey_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truc-rig-")))
        url = stack.enter_context(postgres.database())
        running_rig = stack.enter_context(rig(folder, url, broker.url, children=asked.children, axes=asked.axes))
        print(f"{' '.join(running_rig.urls)} --watch {os.getpid()}", flush=True)
        with suppress(KeyboardInterrupt):
            time.sleep(1 << 20)


if __name__ == "__main__":
    main()
