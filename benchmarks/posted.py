"""Every package posted four times at once, twice at each of two API processes: ``python -m benchmarks.posted 2500``.

Two processes serve HTTP over one PostgreSQL, a third runs the stages. Sixteen clients post, each over connections of its own; each
package's four copies leave together. Then it is counted: of each package one answer 201 and three 200, all four the same bytes; one
document, one receipt, one delivery to each of two recipients, and in their mailboxes the very bytes. Ends with 1 when anything is not so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import local

import httpx
from sqlalchemy import func, select

from exchange.api import Fetched
from exchange.client import HttpAxis
from exchange.domain.identifiers import OrganId
from exchange.doorbell import Silent
from exchange.store.engine import open_engine
from exchange.store.tables import delivery, document, receipt
from tests.exchange.axis.field import DEPARTMENT, NEIGHBOUR, PROVINCE, Doc, at, caller, open_served_field
from tests.exchange.web.conftest import INSTANT
from tests.servers import postgres_server
from tools.measure_costs import SERVER

TIMES = 4
CLIENTS = 16
RECIPIENTS = (DEPARTMENT, NEIGHBOUR)
ROOT = Path(__file__).resolve().parents[1]
WORKER = """
import sys, threading
from exchange.doorbell import Silent
from tests.exchange.axis.field import open_crew_of_field
crew, over = open_crew_of_field(sys.argv[1], Silent(), "worker"), threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print("ready", flush=True)
while not over.wait(0.1):
    crew.sweep()
crew.close()
"""
_PATIENCE = 120.0


@contextmanager
def process(source: str, url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python process and the first line it says; it ends when its input does."""
    command = [sys.executable, "-c", source, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as started:
        assert started.stdout is not None
        try:
            yield started, started.stdout.readline().strip()
        finally:
            started.communicate("")


def post_all(url: str, documents: int) -> dict[str, object]:
    """Post them, wait until all is delivered, and count."""
    open_served_field(url, Silent()).close()  # enrols the members
    packages = [Doc(PROVINCE, RECIPIENTS, str(number)).package() for number in range(10, 10 + documents)]
    with ExitStack() as stack:
        doors = [stack.enter_context(process(SERVER, url))[1] for _ in range(2)]
        stack.enter_context(process(WORKER, url))
        headers = {"Content-Type": "application/edxml+xml", "Truc-Instant": INSTANT, "Authorization": _token(doors[0])}
        own, clients = local(), SimpleQueue[httpx.Client]()
        for _ in range(CLIENTS):  # one for each thread: a client that threads share has closed a socket another was reading
            clients.put(stack.enter_context(httpx.Client(timeout=_PATIENCE)))

        def arrive() -> None:
            own.http = clients.get()

        def post(number: int) -> httpx.Response:
            answer: httpx.Response = own.http.post(f"{doors[number % 2]}/v1/packages", content=packages[number // TIMES], headers=headers)
            return answer

        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS, initializer=arrive) as pool:
            answers = list(pool.map(post, range(documents * TIMES)))
        seconds = time.perf_counter() - began
        with HttpAxis(doors[1], caller(PROVINCE)) as axis:
            mail = {str(organ): _delivered(axis, organ, packages) for organ in RECIPIENTS}
    alike = sum(
        len({answer.content for answer in answers[first : first + TIMES]}) == 1
        and Counter(answer.status_code for answer in answers[first : first + TIMES]) == {201: 1, 200: TIMES - 1}
        for first in range(0, len(answers), TIMES)
    )
    return {
        "packages": documents, "posted": len(answers), "seconds": round(seconds, 1),
        "answers": dict(Counter(str(answer.status_code) for answer in answers)), "accepted_once_with_four_identical_receipts": alike,
        "rows": _rows(url), "mail_with_the_same_bytes": mail,
    }  # fmt: skip


def _token(door: str) -> str:
    who = caller(PROVINCE)
    answer = httpx.post(f"{door}/oauth2/token", data={"grant_type": "client_credentials"}, auth=(str(who.organ), who.secret))
    return f"Bearer {answer.raise_for_status().json()['access_token']}"


def _delivered(axis: HttpAxis, organ: OrganId, packages: list[bytes]) -> int:
    """How many of the packages lie in a mailbox, each once and whole, when all have come or patience ends."""
    who, end = caller(organ), time.monotonic() + _PATIENCE
    wanted, found = set(packages), 0
    while found < len(packages) and time.monotonic() < end:
        lines = axis.waiting(who, at(7200), 100)
        got = axis.fetch(who, [line.package_id for line in lines], at(7200))
        for one in got:
            wanted.remove(one.read())
            found += 1
        if lines:
            axis.confirm(who, [Fetched(line.package_id, True) for line in lines], at(7200))
        else:
            time.sleep(0.2)
    return found


def _rows(url: str) -> dict[str, int]:
    engine = open_engine(url)
    with engine.connect() as connection:
        counts = {table.name: select(func.count()).select_from(table) for table in (document, receipt, delivery)}
        found = {name: int(connection.execute(count).scalar_one()) for name, count in counts.items()}
    engine.dispose()
    return found


def holds(found: dict[str, object]) -> bool:
    """Whether everything is as it must be."""
    documents = found["packages"]
    assert isinstance(documents, int)
    return (
        found["answers"] == {"201": documents, "200": documents * (TIMES - 1)}
        and found["accepted_once_with_four_identical_receipts"] == documents
        and found["rows"] == {"document": documents, "receipt": documents, "delivery": documents * len(RECIPIENTS)}
        and found["mail_with_the_same_bytes"] == dict.fromkeys(map(str, RECIPIENTS), documents)
    )


def main() -> int:
    """Post, count and print."""
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 2500
    with postgres_server() as server, server.database() as url:
        found = post_all(url, documents)
    print(json.dumps({**found, "holds": holds(found)}, indent=1))
    return 0 if holds(found) else 1


if __name__ == "__main__":
    sys.exit(main())
