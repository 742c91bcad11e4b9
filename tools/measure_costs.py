"""What a document and a status package cost the axis on PostgreSQL: processor time here and in the server, bytes kept, bytes of its log.

    python -m tools.measure_costs --documents 500

Documents carry one letter signed twice and go to three recipients; a status package reports 01. Calls are of sixteen packages, as the axis
gathers them under load. The last rows are the same calls over HTTP, sixteen at once, by what they cost the process that serves them: with
authentication, gathering, the database's client and all. Prints a table for docs/measurements/costs.md. Time is the processor's, so other
work on the machine shows little.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from exchange.api import Fetched, Receipt, Receive, Submission, Submit
from exchange.client import HttpAxis
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import StatusCode
from exchange.doorbell import Silent
from exchange.outbox import Stage
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    MINISTRY,
    NEIGHBOUR,
    PROVINCE,
    Doc,
    at,
    caller,
    open_crew_of_field,
    open_served_field,
    report,
)
from tests.servers import Postgres, postgres_server

RECIPIENTS = (DEPARTMENT, DISTRICT, MINISTRY)
CALL = 16
ROOT = Path(__file__).resolve().parents[1]
SERVER = """
import sys
from exchange.doorbell import Silent
from tests.exchange.axis.field import open_served_field
from tests.exchange.web.host import DRIVEN, hosting
axis = open_served_field(sys.argv[1], Silent())
with hosting(axis, DRIVEN) as url:
    print(url, flush=True)
    sys.stdin.read()
axis.close()
"""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of the processor for one package of a step, here and in PostgreSQL."""

    step: str
    packages: int
    here: float
    there: float


class Meter:
    """Times steps by the processor's clock, this process's and the server's."""

    def __init__(self, server: Postgres, measured: int | None = None) -> None:
        assert server.program is not None
        assert server.program.process is not None
        self._parent = server.program.process.pid
        self._measured = measured or os.getpid()
        self.costs: list[Cost] = []

    @contextmanager
    def step(self, name: str, packages: int) -> Iterator[None]:
        """What happens inside is one step for so many packages."""
        here, there = self._here(), self._server()
        yield
        spent = (self._here() - here) * 1000 / packages, (self._server() - there) * 1000 / packages
        self.costs.append(Cost(name, packages, *spent))

    def _here(self) -> float:
        """Seconds of the process that is measured."""
        fields = Path(f"/proc/{self._measured}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def _server(self) -> float:
        """Seconds of the server and all its processes, those that ended included."""
        total = 0.0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == self._parent:
                total += (int(fields[11]) + int(fields[12])) / _TICK
            elif int(folder.name) == self._parent:
                total += sum(map(int, fields[11:15])) / _TICK
        return total


def calls(axis: Submit, sender: OrganId, packages: Sequence[bytes]) -> None:
    """Submit in calls of sixteen; all of them must be received."""
    for start in range(0, len(packages), CALL):
        answers = axis.submit(caller(sender), [Submission(one) for one in packages[start : start + CALL]], at(0))
        assert all(isinstance(one, Receipt) for one in answers)


def take_all(axis: Receive, organ: OrganId) -> int:
    """Fetch and confirm everything, in pages of a hundred."""
    count = 0
    while lines := axis.waiting(caller(organ), at(60), 100):
        names = [one.package_id for one in lines]
        assert all(one.read() for one in axis.fetch(caller(organ), names, at(60)))
        axis.confirm(caller(organ), [Fetched(name, True) for name in names], at(60))
        count += len(names)
    return count


def measure(server: Postgres, url: str, documents: int) -> tuple[list[Cost], dict[str, float]]:
    """Costs by step, and bytes by what they are of."""
    axis, crew, meter = open_served_field(url, Silent()), open_crew_of_field(url, Silent(), "cost"), Meter(server)
    docs = [Doc(PROVINCE, RECIPIENTS, str(number)) for number in range(100, 100 + documents)]
    packages = [one.package() for one in docs]
    statuses = {organ: [report(organ, one, StatusCode.ARRIVED) for one in docs] for organ in RECIPIENTS}
    size, log = _of(server, url)
    steps: list[tuple[str, int, Callable[[], object]]] = [
        ("document: submit", documents, lambda: calls(axis, PROVINCE, packages)),
        ("document: verify and route", documents, lambda: crew.drain(Stage.VERIFY)),
        ("document: seal", documents, crew.seal),
        ("document: fetch and confirm, three recipients", documents, lambda: [take_all(axis, organ) for organ in RECIPIENTS]),
    ]
    for name, count, act in steps:
        with meter.step(name, count):
            act()
    size_after, log_after = _of(server, url)
    held = {
        "bytes of a package as sent": sum(map(len, packages)) / documents,
        "bytes kept of a document": (size_after - size) / documents,
        "bytes of log of a document": (log_after - log) / documents,
    }
    count = documents * len(RECIPIENTS)
    steps = [
        ("status: submit", count, lambda: [calls(axis, organ, statuses[organ]) for organ in RECIPIENTS]),
        ("status: route", count, lambda: crew.drain(Stage.ROUTE)),
        ("status: seal", count, crew.seal),
        ("status: fetch and confirm", count, lambda: take_all(axis, PROVINCE)),
    ]
    for name, number, act in steps:
        with meter.step(name, number):
            act()
    size_last, log_last = _of(server, url)
    held |= {
        "bytes of a status as sent": sum(len(one) for of in statuses.values() for one in of) / count,
        "bytes kept of a status": (size_last - size_after) / count,
        "bytes of log of a status": (log_last - log_after) / count,
    }
    crew.close()
    axis.close()
    return meter.costs, held


def measure_http(server: Postgres, url: str, documents: int) -> list[Cost]:
    """Costs of the process that serves HTTP, by step."""
    docs = [Doc(PROVINCE, RECIPIENTS, str(number)) for number in range(100, 100 + documents)]
    packages = [one.package() for one in docs]
    statuses = [report(DEPARTMENT, one, StatusCode.ARRIVED) for one in docs]
    open_served_field(url, Silent()).close()  # enrols the members
    command = [sys.executable, "-c", SERVER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603 - ourselves
        assert process.stdout is not None
        address, meter = process.stdout.readline().strip(), Meter(server, process.pid)
        crew = open_crew_of_field(url, Silent(), "cost")
        with HttpAxis(address, caller(PROVINCE)) as far, ThreadPoolExecutor(CALL) as pool:
            with meter.step("HTTP: submit a document", documents):
                list(pool.map(lambda one: calls(far, PROVINCE, [one]), packages))
            crew.drain(Stage.VERIFY)
            with meter.step("HTTP: ask an empty mailbox", documents):
                list(pool.map(lambda _: far.waiting(caller(NEIGHBOUR), at(60)), range(documents)))
            with meter.step("HTTP: fetch and confirm a document", documents):
                take_all(far, DEPARTMENT)
            with meter.step("HTTP: submit a status", documents):
                list(pool.map(lambda one: calls(far, DEPARTMENT, [one]), statuses))
            crew.drain(Stage.ROUTE)
            with meter.step("HTTP: fetch and confirm a status", documents):
                take_all(far, PROVINCE)
        crew.close()
        process.communicate("")
    return meter.costs


def _of(server: Postgres, url: str) -> tuple[float, float]:
    """Bytes of the database, and of the log written so far."""
    name = url.rpartition("/")[2]
    ((size, log),) = server.execute(f"SELECT pg_database_size('{name}'), pg_current_wal_lsn() - '0/0'::pg_lsn")
    return float(size), float(log)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--documents", type=int, default=500)
    asked = options.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        url = stack.enter_context(server.database())
        costs, held = measure(server, url, asked.documents)
        costs += measure_http(server, stack.enter_context(server.database()), asked.documents)
    print("| step | CPU client, ms | CPU PostgreSQL, ms |\n|---|---|---|")
    for one in costs:
        print(f"| {one.step} | {one.here:.2f} | {one.there:.2f} |")
    print("\n| what | bytes |\n|---|---|")
    for name, value in held.items():
        print(f"| {name} | {value:.0f} |")


if __name__ == "__main__":
    main()
