"""A Celery worker as a test starts it: the field's axis, real prefork children, any number of times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from console.chaos.service import children

ROOT = Path(__file__).parents[2]
MAIN = """
import sys
from tests.exchange.axis.field import HOPS, open_crew_of_field
from workers.app import lease_name, serve
from workers.bell import celery_bell
url, broker, log = sys.argv[1:4]
hops = HOPS if "hops" in sys.argv else ()
children = 1 if "alone" in sys.argv else 2
serve(lambda: open_crew_of_field(url, celery_bell(broker), lease_name(), hops), broker, children=children)
"""


class CeleryWorker:
    """A parent with two children, or with one (``alone``)."""

    def __init__(self, url: str, broker: str, log: Path, *words: str) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", MAIN, url, broker, str(log), *words], stdout=file, stderr=file, cwd=ROOT, start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    def children(self) -> list[int]:
        """Process ids of the pool."""
        return children(self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the parent a signal; gives its exit code, once its children are gone as well."""
        children = self.children() if self.process.poll() is None else []
        self.process.send_signal(number)
        code = self.process.wait(40)
        wait_until(lambda: not any(alive(one) for one in children), 20)
        return code


def alive(process: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(holds: Callable[[], bool], seconds: float) -> float:
    """Seconds until it holds; fails when it does not in time."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"did not come true within {seconds} seconds"
        time.sleep(0.02)
    return time.monotonic() - began
