"""Admissions on PostgreSQL with and without micro-batches: ``python -m benchmarks.admissions 2000`` prints the table as JSON.

So many letters of about 88 KB as packages, three recipients each, are handed in by 8 to 64 callers at once, each in a thread that waits for
its answer; once each in a transaction of its own, once through the gatherer. CPU is that of this process (callers and axis) and of all of
PostgreSQL's; wall time depends on who else is on the machine.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from exchange.api import Caller, Receipt, Submission
from exchange.axis import Axis
from exchange.doorbell import Silent
from exchange.gathering import Gatherer
from tests.exchange.axis.field import MEMBERS, Doc, at, caller, open_served_field
from tests.servers import Postgres, postgres_server

CALLERS = (8, 16, 32, 64)
Hand = Callable[[Caller, bytes], object]


def main() -> int:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    packages = list(_packages(count))
    with postgres_server() as server:
        rows = [_measure(server, packages, callers, gathered=gathered) for callers in CALLERS for gathered in (False, True)]
    print(json.dumps(rows, indent=1))
    return 0


def _packages(count: int) -> Iterator[tuple[Caller, bytes]]:
    for number in range(count):
        sender = MEMBERS[number % len(MEMBERS)]
        recipients = tuple(organ for organ in MEMBERS if organ != sender)[:3]
        yield caller(sender), Doc(sender, recipients, str(1000 + number)).package()


def _measure(server: Postgres, packages: list[tuple[Caller, bytes]], callers: int, *, gathered: bool) -> dict[str, object]:
    with server.database() as url:
        axis = open_served_field(url, Silent())
        gatherer = Gatherer(axis) if gathered else None
        waits: list[float] = []
        own, theirs, began = time.process_time(), of_postgres(server), time.perf_counter()
        _hand_in(packages, callers, _hand(axis, gatherer), waits)
        seconds = time.perf_counter() - began
        own, theirs = time.process_time() - own, of_postgres(server) - theirs
        if gatherer is not None:
            gatherer.close()
        axis.close()
    waits.sort()
    count = len(packages)
    return {
        "callers": callers, "gathered": gathered, "admissions_per_second": round(count / seconds, 1),
        "client_ms": round(1000 * own / count, 2), "postgres_ms": round(1000 * theirs / count, 2),
        "p50_ms": round(1000 * waits[count // 2]), "p99_ms": round(1000 * waits[int(0.99 * count)]),
        "mean_batch": round(gatherer.admitted / gatherer.batches, 1) if gatherer is not None else 1,
    }  # fmt: skip


def _hand(axis: Axis, gatherer: Gatherer | None) -> Hand:
    if gatherer is not None:
        return lambda who, package: gatherer.submit(who, Submission(package), at(0), 60)
    return lambda who, package: axis.submit(who, [Submission(package)], at(0))[0]


def _hand_in(packages: list[tuple[Caller, bytes]], callers: int, hand: Hand, waits: list[float]) -> None:
    left, turn = iter(packages), Lock()

    def one(_: int) -> None:
        while True:
            with turn:
                found = next(left, None)
            if found is None:
                return
            began = time.perf_counter()
            assert isinstance(hand(*found), Receipt)
            waits.append(time.perf_counter() - began)

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(one, range(callers)))


def of_postgres(server: Postgres) -> float:
    """Seconds of the processor of all of its processes; nought where it runs elsewhere."""
    if server.program is None or server.program.process is None:
        return 0.0
    parent, ticks = server.program.process.pid, 0
    for folder in Path("/proc").iterdir():
        try:
            fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if folder.name == str(parent):
            ticks += sum(map(int, fields[11:15]))  # its own, and those of children that ended
        elif fields[1] == str(parent):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
