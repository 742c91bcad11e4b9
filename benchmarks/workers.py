"""What a document costs one, two and four worker processes at one fixed rate: ``python -m benchmarks.workers --rate 20``.

Letters are handed in at an even pace, well below what one worker can do; real Celery workers of one child each, woken through a real
broker, judge, route and seal them. Processor time of all of them and of PostgreSQL is read from /proc, from the first letter until the
last lies in its mailboxes and is sealed. The numbers of workers take turns, so that whatever else the machine does falls on all of them.

Then the part of the work that only one process does at a time is measured by itself: sealing, under its lock. Routing is done by up to
sixteen at once, judging by any number, and a service has no hops. By Amdahl's law that part sets what any number of workers can gain.
Prints JSON; ends with 1 where four workers spend more than 1.25 times what one does on a document.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.admissions import of_postgres
from exchange.axis import Axis
from exchange.doorbell import Silent
from exchange.outbox import Stage
from exchange.store.engine import open_engine
from exchange.store.schema import ensure_schema
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, MINISTRY, PROVINCE, Doc, open_crew_of_field, open_served_field, send
from tests.servers import Postgres, Valkey, postgres_server, valkey_server
from tests.workers.cast import CeleryWorker, wait_until
from workers.bell import celery_bell

LIMIT = 1.25
WORKERS = (1, 2, 4)
RECIPIENTS = (DEPARTMENT, DISTRICT, MINISTRY)
_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Load:
    """Letters a second and in all, with which numbers of workers, how often; ``idle``: seconds of quiet whose cost is measured."""

    rate: float
    documents: int
    counts: tuple[int, ...]
    rounds: int
    idle: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the processor."""

    workers: float
    postgres: float

    def since(self, before: Spent) -> Spent:
        """What was spent meanwhile."""
        return Spent(self.workers - before.workers, self.postgres - before.postgres)

    def each(self, count: float) -> dict[str, float]:
        """In milliseconds for each of so many."""
        workers, postgres = 1000 * self.workers / count, 1000 * self.postgres / count
        return {"workers_ms": round(workers, 3), "postgres_ms": round(postgres, 3), "cpu_ms": round(workers + postgres, 3)}


@contextmanager
def workers(count: int, url: str, broker: str) -> Iterator[list[CeleryWorker]]:
    """So many, each a parent with one child, gone at the end."""
    with TemporaryDirectory() as folder:
        started = [CeleryWorker(url, broker, Path(folder) / f"{number}.log", "alone") for number in range(count)]
        try:
            for one in started:
                wait_until(lambda one=one: bool(one.children()), 60)  # type: ignore[misc]
            yield started
        finally:
            for one in started:
                one.stop()


@contextmanager
def _fresh(server: Postgres) -> Iterator[str]:
    """A database that was never anybody's: one that was emptied may be said to have as few rows as its server saw in it then."""
    url = server.create()
    engine = open_engine(url)
    ensure_schema(engine)
    engine.dispose()
    try:
        yield url
    finally:
        server.drop(url)


def spent(server: Postgres, started: Sequence[CeleryWorker]) -> Spent:
    """By all of them so far."""
    return Spent(sum(map(_of_process, [number for one in started for number in (one.process.pid, *one.children())])), of_postgres(server))


def _of_process(number: int) -> float:
    fields = Path(f"/proc/{number}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def at_rate(server: Postgres, valkey: Valkey, packages: Sequence[bytes], load: Load, count: int) -> dict[str, object]:
    """One load with so many workers."""
    rate = load.rate
    with _fresh(server) as url:
        axis = open_served_field(url, celery_bell(valkey.url))
        with workers(count, url, valkey.url) as started:
            _hand_in(axis, packages[:count], rate)  # every child has its crew and knows the certificates
            _done(axis, count)
            quiet, began = spent(server, started), time.monotonic()
            time.sleep(load.idle)
            idle, seconds = spent(server, started).since(quiet), time.monotonic() - began
            before, began = spent(server, started), time.monotonic()
            _hand_in(axis, packages[count:], rate)
            paced = time.monotonic() - began
            _done(axis, len(packages))
            cost, lasted = spent(server, started).since(before), time.monotonic() - began
        axis.close()
    documents = len(packages) - count
    return {
        "workers": count, "documents": documents, "rate": round(documents / paced, 1), "seconds": round(lasted, 1), **cost.each(documents),
        "idle_ms_a_second": idle.each(seconds),
    }  # fmt: skip


def _hand_in(axis: Axis, packages: Sequence[bytes], rate: float) -> None:
    began = time.monotonic()
    for number, package in enumerate(packages):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        send(axis, PROVINCE, package, 0)


def _done(axis: Axis, documents: int) -> None:
    """Until so many documents are delivered and everything is in the ledger."""

    def done() -> bool:
        time.sleep(1.0)  # each look costs the database, too
        standing = axis.standing()
        return standing.unsealed == 0 and not any(axis.depth().values()) and axis.receipts() == documents

    wait_until(done, _PATIENCE)


def serial(server: Postgres, packages: Sequence[bytes]) -> dict[str, float]:
    """What of a document's work one process alone does, by processor time, and what Amdahl's law says of it."""
    with _fresh(server) as url:
        axis, crew = open_served_field(url, Silent()), open_crew_of_field(url, Silent(), "alone")
        for package in packages:
            send(axis, PROVINCE, package, 0)
        steps = []
        for act in (lambda: crew.drain(Stage.VERIFY), crew.seal):
            before = time.process_time() + of_postgres(server)
            act()
            steps.append(time.process_time() + of_postgres(server) - before)
        crew.close()
        axis.close()
    shared, alone = steps
    part = alone / (shared + alone)
    told = {"judge_and_route_ms": 1000 * shared / len(packages), "seal_ms": 1000 * alone / len(packages), "serial_fraction": part}
    told |= {f"speed_up_of_{count}": 1 / (part + (1 - part) / count) for count in (2, 4, 16)}
    return {name: round(value, 3) for name, value in {**told, "limit_of_any_number": 1 / part}.items()}


def measure(load: Load) -> dict[str, object]:
    """All of it."""
    packages = [Doc(PROVINCE, RECIPIENTS, str(number)).package() for number in range(100, 100 + load.documents + max(load.counts))]
    found: dict[int, list[dict[str, object]]] = {count: [] for count in load.counts}
    with postgres_server() as server, valkey_server() as valkey:
        for turn in range(load.rounds):
            for count in load.counts if turn % 2 == 0 else load.counts[::-1]:
                found[count].append(at_rate(server, valkey, packages, load, count))
                print(json.dumps(found[count][-1]), file=sys.stderr, flush=True)
        alone = serial(server, packages)
    costs = {count: median(float(str(one["cpu_ms"])) for one in ones) for count, ones in found.items()}
    ratios = {str(count): round(cost / costs[load.counts[0]], 3) for count, cost in costs.items()}
    return {
        "limit": LIMIT,
        "ratio_of_cpu_to_one_worker": ratios,
        "cpu_ms": costs,
        "amdahl": alone,
        "runs": [one for ones in found.values() for one in ones],
    }


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=float, default=20.0, help="letters a second")
    options.add_argument("--documents", type=int, default=600, help="of each load")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--idle", type=float, default=12.0, help="seconds of quiet: more than the time between two sealings")
    options.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    options.add_argument("--unjudged", action="store_true", help="print the figures, whatever they are: too few to be judged")
    asked = options.parse_args()
    found = measure(Load(asked.rate, asked.documents, tuple(sorted(asked.workers)), asked.rounds, asked.idle))
    print(json.dumps(found, indent=1))
    ratios = found["ratio_of_cpu_to_one_worker"]
    assert isinstance(ratios, dict)
    return int(not asked.unjudged and max(ratios.values()) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
