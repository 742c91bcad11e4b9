"""One scenario twice: alone, and against an axis whose stages real workers run over PostgreSQL and a broker. The same bytes must come out.

    python -m tests.workers.same hoa-binh-2021 --days 1 --seed 7 --children 2 --kills 20 --out DIR

``--kills``: children of the worker killed by SIGKILL while they hold claims, by chance. The report is printed as JSON; the exit code is 1
when any file differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from random import Random

from sqlalchemy import Engine, text

from exchange.store.engine import open_engine
from tests.servers import postgres_server, valkey_server

ROOT = Path(__file__).parents[2]
TRUC = "import sys; sys.argv[0] = 'truc'; from console.cli import main; main()"
FILES = ("measures.json", "trace.csv", "report.html")
_LEASE = re.compile(r"-(\d+)-\d+-\d+$")
"""A lease is host, process, start and number (workers.app.lease_name)."""


@dataclass(frozen=True, slots=True)
class Twice:
    """What came out. ``differing``: lines that are not the same, by file; ``again``: what processes of the axis did once more."""

    scenario: str
    days: int | None
    seed: str
    children: int
    kills: int
    alone_seconds: float
    served_seconds: float
    lines: dict[str, int]
    differing: dict[str, int]
    again: str
    exits: tuple[int, int]
    over: str = "database"
    """How the kernel reached the axis: its database, or an API process over HTTP."""

    @property
    def same(self) -> bool:
        """Whether both ended well and wrote the same bytes."""
        return self.exits == (0, 0) and bool(self.lines) and not any(self.differing.values())


class Killer(threading.Thread):
    """Kills children of workers that hold claims, by chance, until so many are dead; a child's successor is its parent's affair."""

    def __init__(self, url: str, kills: int, seed: str) -> None:
        super().__init__(name="killer", daemon=True)
        self._engine, self._left, self._chance = open_engine(url), kills, Random(seed)
        self._ended = threading.Event()
        self.killed = 0

    def run(self) -> None:
        """A short while between two kills, so that the dead one's successor is there."""
        while self._left and not self._ended.wait(self._chance.uniform(0.05, 1.5)):
            holder = self._until_claimed()
            if holder is not None:
                try:
                    os.kill(holder, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self._left, self.killed = self._left - 1, self.killed + 1

    def _until_claimed(self) -> int | None:
        while not self._ended.wait(0.001):
            leases = _leases(self._engine)
            if leases:
                return self._chance.choice(leases)
        return None

    def end(self) -> None:
        """No more."""
        self._ended.set()
        self.join()
        self._engine.dispose()


def _leases(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        try:
            found = connection.execute(text("SELECT DISTINCT lease FROM outbox WHERE lease <> ''")).scalars()
            return [int(match[1]) for lease in found if (match := _LEASE.search(lease))]
        except Exception:  # the tables are not there yet
            return []


def twice(
    folder: Path,
    database: str,
    broker: str,
    scenario: str,
    *,
    seed: str,
    days: int | None = None,
    children: int = 2,
    kills: int = 0,
    http: bool = False,
) -> Twice:
    """Run it both ways; what both wrote stays in ``folder``. ``http``: an API process stands between kernel and database."""
    world = [scenario, "--seed", seed]
    wanted = [*world, *([] if days is None else ["--days", str(days)])]
    (alone, alone_seconds), (alone_exit, _) = _timed(folder, "alone", wanted, ())
    with ExitStack() as parts:
        place: tuple[str, ...] = ("--axis", database, "--broker", broker)
        if http:
            place = ("--axis", parts.enter_context(_api(folder, world, database, broker)))
        parts.enter_context(_part(folder, "worker", [*world, "--children", str(children)], database, broker))
        killer = Killer(database, kills, seed)
        killer.start()
        (served, served_seconds), (served_exit, said) = _timed(folder, "served", wanted, place)
        killer.end()
    names = [*FILES, *sorted(path.name for path in alone.glob("witness-*.json"))]
    lines, differing = {}, {}
    for name in names:
        one, two = ((at / name).read_bytes().splitlines() if (at / name).exists() else [] for at in (alone, served))
        lines[name], differing[name] = len(one), sum(a != b for a, b in zip_longest(one, two))
    again = next((line for line in said.splitlines() if line.startswith("Done once more")), "")
    return Twice(
        scenario, days, seed, children, killer.killed, alone_seconds, served_seconds, lines, differing, again, (alone_exit, served_exit),
        "HTTP" if http else "database",
    )  # fmt: skip


def _timed(folder: Path, name: str, wanted: list[str], more: tuple[str, ...]) -> tuple[tuple[Path, float], tuple[int, str]]:
    out, began = folder / name, time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", TRUC, "run", *wanted, *more, "--out", str(out), "--lang", "en"], cwd=ROOT, env=_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    (folder / f"{name}.log").write_text(done.stdout + done.stderr)
    return (out, round(time.monotonic() - began, 1)), (done.returncode, done.stderr)


@contextmanager
def _api(folder: Path, words: list[str], database: str, broker: str) -> Iterator[str]:
    """An API process; gives the address it says."""
    with _part(folder, "axis", [*words, "--port", "0"], database, broker) as process:
        log = folder / "axis.log"
        for _ in range(1200):
            found = re.search(r"^http://\S+$", log.read_text(), re.MULTILINE)
            if found is not None:
                yield found[0]
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(log.read_text())


@contextmanager
def _part(folder: Path, name: str, words: list[str], database: str, broker: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", TRUC, name, *words, "--driven", "--database", database, "--broker", broker, "--lang", "en"]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def main() -> int:
    """The long form."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("scenario", nargs="?", default="hoa-binh-2021")
    options.add_argument("--days", type=int)
    options.add_argument("--seed", default="7")
    options.add_argument("--children", type=int, default=2)
    options.add_argument("--kills", type=int, default=0)
    options.add_argument("--http", action="store_true")
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    with ExitStack() as stack:
        folder = asked.out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truc-same-")))
        folder.mkdir(parents=True, exist_ok=True)
        database = stack.enter_context(stack.enter_context(postgres_server()).database())
        broker = stack.enter_context(valkey_server()).url
        found = twice(
            folder, database, broker, asked.scenario, seed=asked.seed, days=asked.days, children=asked.children, kills=asked.kills,
            http=asked.http,
        )  # fmt: skip
    print(json.dumps({**asdict(found), "same": found.same}, indent=1))
    return 0 if found.same else 1


if __name__ == "__main__":
    sys.exit(main())
