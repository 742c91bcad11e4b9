"""Workers killed at random while they hold claims: what must hold afterwards, and how long the work of a dead one lies still.

    python -m tests.workers.kills --kills 200 --workers 3 --seed 1

Every kill waits for a moment at which rows are claimed, and the next one until those of the last have moved on. The report is printed as
JSON; the exit code is 1 when anything was lost, doubled or too late.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine, text

from exchange.api import Receipt, Submission
from exchange.doorbell import Silent
from exchange.store.engine import open_engine
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, MINISTRY, PROVINCE, Doc, at, caller, open_served_field
from tests.servers import postgres_server

ROOT = Path(__file__).parents[2]
RECIPIENTS = (DEPARTMENT, DISTRICT, MINISTRY)
LEASE_SECONDS = 3
WORKER = """
import sys
from exchange.doorbell import Silent
from tests.exchange.axis.field import open_crew_of_field
crew = open_crew_of_field(sys.argv[1], Silent(), sys.argv[2], lease_seconds=int(sys.argv[3]), claim_size=8)
print("ready", flush=True)
crew.patrol(0.02, 1.0)
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What a campaign saw. ``slowest``: seconds until the last row claimed by a killed worker had moved on."""

    accepted: int
    kills: int
    holding: int
    lost: int
    doubled: int
    open: int
    slowest: float
    sealed: int

    @property
    def held(self) -> bool:
        """Whether nothing was lost or doubled and all of it moved on in time."""
        return self.lost == self.doubled == self.open == 0 and self.slowest <= 10


class Worker:
    """One worker process, on nothing but the database."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, url, name, str(LEASE_SECONDS)], stdout=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        )  # fmt: skip

    def wait(self) -> None:
        """Until it works."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """Without a word."""
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


def packages(count: int, start: int = 100) -> list[bytes]:
    """Documents to three recipients each."""
    return [Doc(PROVINCE, RECIPIENTS, str(start + number)).package() for number in range(count)]


def campaign(url: str, *, kills: int, workers: int, documents: Sequence[bytes], seed: str, pause: float = 0.02) -> Report:
    """Hand documents in, one after another and again from the first, which changes nothing, while workers are killed."""
    chance, receipts = Random(seed), dict[str, Receipt]()
    axis = open_served_field(url, Silent())
    stop = threading.Event()

    def submit() -> None:
        while not stop.is_set():
            for package in documents:
                (answer,) = axis.submit(caller(PROVINCE), [Submission(package)], at(0))
                assert isinstance(answer, Receipt)
                assert receipts.setdefault(answer.package_id, answer) == answer
                if stop.wait(pause):
                    return
            return

    engine = open_engine(url)
    crew = [Worker(url, f"w{number}") for number in range(workers)]
    for one in crew:
        one.wait()
    submitting = threading.Thread(target=submit)
    submitting.start()
    slowest, holding, started = 0.0, 0, workers
    for _ in range(kills):
        if not submitting.is_alive():
            break
        index = chance.randrange(workers)
        held = _wait_for_claims(engine, crew[index].name, submitting)
        crew[index].kill()
        killed = time.monotonic()
        rows = _claims(engine, crew[index].name)
        holding += bool(rows and held)
        dead, crew[index] = crew[index].name, Worker(url, f"w{started}")
        started += 1
        crew[index].wait()
        while _claims(engine, dead):
            time.sleep(0.05)
        if rows:
            slowest = max(slowest, time.monotonic() - killed)
    submitting.join()
    end = time.monotonic() + 60
    while _count(engine, "SELECT count(*) FROM outbox") and time.monotonic() < end:
        time.sleep(0.05)
    for one in crew:
        one.kill()
    report = _examine(engine, len(receipts), kills, holding, slowest)
    engine.dispose()
    axis.close()
    return report


def _wait_for_claims(engine: Engine, name: str, submitting: threading.Thread) -> bool:
    while submitting.is_alive():
        if _claims(engine, name):
            return True
        time.sleep(0.001)
    return False


def _claims(engine: Engine, name: str) -> int:
    return _count(engine, "SELECT count(*) FROM outbox WHERE lease LIKE :name", name=f"{name}-%")


def _count(engine: Engine, statement: str, **values: Any) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(statement), values).scalar_one())


def _examine(engine: Engine, accepted: int, kills: int, holding: int, slowest: float) -> Report:
    """The invariants, from the tables: accepted × recipients = delivered, each once, each judged once, each by the same steps."""
    wanted = accepted * len(RECIPIENTS)
    delivered = _count(engine, "SELECT count(*) FROM delivery WHERE state = 'waiting'")
    doubled = sum(
        _count(engine, f"SELECT count(*) FROM (SELECT 1 FROM {table} GROUP BY {key} HAVING count(*) > 1) AS twice")
        for table, key in (
            ("mailbox", "organ, package"), ("verdict", "package"), ("delivery_event", "delivery, state"), ("receipt", "package"),
            ("document", "sender, number, notation, year"),
        )
    )  # fmt: skip
    mail, events = (_count(engine, f"SELECT count(*) FROM {table}") for table in ("mailbox", "delivery_event"))
    lost = abs(wanted - delivered) + abs(wanted - mail) + abs(2 * wanted - events)
    lost += abs(accepted - _count(engine, "SELECT count(*) FROM verdict")) + abs(accepted - _count(engine, "SELECT count(*) FROM receipt"))
    still = _count(engine, "SELECT count(*) FROM outbox")
    sealed = _count(engine, "SELECT count(*) FROM ledger_entry WHERE kind = 'admission'")
    return Report(accepted, kills, holding, lost, doubled, still, round(slowest, 2), sealed)


def main() -> int:
    """The long form."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--workers", type=int, default=3)
    options.add_argument("--documents", type=int, default=2000)
    options.add_argument("--seed", default="1")
    asked = options.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(stack.enter_context(postgres_server()).database())
        report = campaign(url, kills=asked.kills, workers=asked.workers, documents=packages(asked.documents), seed=asked.seed)
    print(json.dumps({**asdict(report), "seed": asked.seed, "held": report.held}))
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
