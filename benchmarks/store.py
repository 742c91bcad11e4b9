"""What a submission and a poll cost with ten thousand and with a million documents in the store: ``python -m benchmarks.store 1000000``.

Two databases of one PostgreSQL are filled from one archive (:mod:`tools.fill_store`), one to a hundredth of the other. Then both are asked
the same by turns: to admit a letter, to have it judged and routed, to show, hand out and close what waits in a mailbox, to show an empty
one, to seal, and to tell operators how they stand. Calls are of one package each, in process, so what is measured is the store and not
HTTP. Processor time is that of this process and of all of PostgreSQL's, ``fsync`` on; wall time depends on who else is on the machine.
Prints JSON; ends with 1 where submission or poll costs more than 1.2 times as much on the larger store.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from benchmarks.admissions import of_postgres
from exchange.api import Fetched
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.metrics import render
from exchange.outbox import Stage
from tests.servers import Postgres, postgres_server
from tools.drill_archive import START, Field, caller
from tools.fill_archive import build, header_of, package_of, served, submit
from tools.fill_store import PERIOD, TABLES, fill
from tools.plans import Recorder, whole_reads

LIMIT = 1.2
PROMISED = ("submit", "poll")
_ARCHIVE = 1000
_FIRST = 100
"""Number of the first letter measured: the archive's are of another year."""
_ANOTHER_YEAR = timedelta(days=120)
"""From the archive's day on: its numbers are taken in its own year."""
_SETTINGS = {"fsync": "on", "shared_buffers": "256MB", "max_wal_size": "8GB", "wal_level": "minimal", "max_wal_senders": "0"}
_PLANS = text("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")


@dataclass(slots=True)
class Sample:
    """One step on one store: seconds of the processor here and in the server, and the wall times of its calls."""

    here: float = 0.0
    there: float = 0.0
    walls: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        """In milliseconds for one call."""
        count, walls = len(self.walls), sorted(self.walls)
        return {
            "calls": count, "client_ms": round(1000 * self.here / count, 3), "postgres_ms": round(1000 * self.there / count, 3),
            "cpu_ms": round(1000 * (self.here + self.there) / count, 3), "p50_ms": round(1000 * walls[count // 2], 2),
            "p99_ms": round(1000 * walls[int(0.99 * count)], 2),
        }  # fmt: skip


class Stand:
    """One filled store, opened."""

    def __init__(self, server: Postgres, url: str, agencies: Field, documents: int) -> None:
        self.axis, self.crew = served(url, agencies)
        self.server, self.agencies, self.documents = server, agencies, documents
        self.samples: dict[str, Sample] = {}
        self.asked = [Recorder(self.axis._store.engine), Recorder(self.crew._desk.store.engine)]

    def each(self, name: str, acts: Iterable[Callable[[], object]]) -> None:
        """These calls, one after another, belong to one step."""
        sample = self.samples.setdefault(name, Sample())
        here, there = time.process_time(), of_postgres(self.server)
        for act in acts:
            began = time.perf_counter()
            act()
            sample.walls.append(time.perf_counter() - began)
        sample.here += time.process_time() - here
        sample.there += of_postgres(self.server) - there

    def round(self, letters: list[tuple[OrganId, bytes]], at: datetime) -> None:
        """One turn of everything an agency waits for."""
        axis, organs = self.axis, list(self.agencies.offices)
        self.each("submit", [lambda sent=sent: submit(axis, [sent], at) for sent in letters])
        self.each("judge and route", [lambda: self.crew.drain(Stage.VERIFY)])
        self.each("poll", [lambda organ=organ: _poll(self, organ, at) for organ in organs for _ in range(3)])
        self.each("empty poll", [lambda organ=organ: axis.waiting(caller(organ), at, 100) for organ in organs])

    def operators(self, at: datetime) -> None:
        """What operators and the schedule ask."""
        axis, day = self.axis, timedelta(days=1)
        operator = next(iter(self.agencies.offices))
        self.each("seal", [lambda: axis.seal(at)])
        self.each("expire", [self.crew.expire])
        self.each("metrics", [lambda: render(axis.standing(), axis.counts.read())])
        self.each("count a state", [lambda: axis.count(DeliveryState.FETCHED)])
        self.each("statistics of a day", [lambda: axis.traffic(caller(operator), at - day, at + day)])
        self.each("receipts signed", [axis.receipts])

    def plans(self) -> list[dict[str, object]]:
        """Statements of the axis' session that are planned anew at each execution instead of once for all."""
        with self.axis._store.reading() as work:
            rows = work.rows(_PLANS)
        return [{"statement": _short(said), "planned": custom} for said, generic, custom in rows if custom > 5 * (generic + 1)]

    def read_whole(self) -> list[str]:
        """What is read from end to end for these sizes and values, of tables that grow with documents."""
        statements = {**self.asked[0].statements, **self.asked[1].statements}
        return sorted({_short(str(one)) for one in whole_reads(self.axis._store.engine, statements, TABLES, generic=False)})

    def close(self) -> None:
        """Give everything back."""
        self.crew.close()
        self.axis.close()


def _short(said: str) -> str:
    return " ".join(said.split())[:240]


def _poll(stand: Stand, organ: OrganId, at: datetime) -> None:
    """Show what waits, fetch the first line and close it."""
    lines = stand.axis.waiting(caller(organ), at, 10)
    names = [line.package_id for line in lines[:1]]
    for package in stand.axis.fetch(caller(organ), names, at):
        package.read()
    stand.axis.confirm(caller(organ), [Fetched(name, True) for name in names], at)


def measure(documents: int, rounds: int, letters: int, archive: int) -> dict[str, object]:
    """Fill two stores and ask them by turns."""
    agencies = Field("store")
    with postgres_server(**_SETTINGS) as server:
        stands, filled = [], []
        for size in (documents // 100, documents):
            url, began = server.create(), time.perf_counter()
            build(url, agencies, archive)
            stands.append(Stand(server, url, agencies, fill(url, size)))
            filled.append({"documents": stands[-1].documents, "seconds": round(time.perf_counter() - began), **_sizes(server, url)})
            print(json.dumps(filled[-1]), file=sys.stderr, flush=True)
        number, at = _FIRST, START + max(_ANOTHER_YEAR, timedelta(seconds=PERIOD * (documents // archive + 1)))
        for turn in range(rounds):
            headers = [header_of(agencies, number + index, at.date()) for index in range(letters)]
            sent = [(one.sender_id, package_of(agencies, one)) for one in headers]
            number += letters
            for stand in stands if turn % 2 else stands[::-1]:
                stand.round(sent, at)
                if turn:
                    stand.operators(at + timedelta(seconds=turn))
                else:
                    stand.samples.clear()  # caches are warm now, and statements prepared
        told = [{name: one.told() for name, one in stand.samples.items()} for stand in stands]
        plans, whole = stands[1].plans(), stands[1].read_whole()
        for stand in stands:
            stand.close()
    ratios = {name: round(told[1][name]["cpu_ms"] / max(told[0][name]["cpu_ms"], 0.001), 3) for name in told[0]}
    return {
        "limit": LIMIT, "filled": filled, "ratio_of_cpu": ratios, "small": told[0], "large": told[1], "planned_anew": plans,
        "read_whole": whole,
    }  # fmt: skip


def _sizes(server: Postgres, url: str) -> dict[str, int]:
    ((size,),) = server.execute(f"SELECT pg_database_size('{url.rpartition('/')[2]}')")
    return {"bytes": int(size)}


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("documents", type=int, help="of the larger store; the smaller one has a hundredth")
    options.add_argument("--rounds", type=int, default=8)
    options.add_argument("--letters", type=int, default=48, help="submitted in each round")
    options.add_argument("--archive", type=int, default=_ARCHIVE, help="documents taken through the axis, to be copied")
    options.add_argument("--unjudged", action="store_true", help="print the figures, whatever they are: too few to be judged")
    asked = options.parse_args()
    found = measure(asked.documents, asked.rounds, asked.letters, asked.archive)
    print(json.dumps(found, ensure_ascii=False, indent=1))
    ratios = found["ratio_of_cpu"]
    assert isinstance(ratios, dict)
    return int(not asked.unjudged and any(ratios[name] > LIMIT for name in PROMISED))


if __name__ == "__main__":
    sys.exit(main())
