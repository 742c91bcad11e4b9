"""The drill of docs/operation.md: back up while documents come in, destroy, restore, and see what is there and what is not.

Whatever was acknowledged before the backup began is there; what was acknowledged after it may be missing, is found by the receipts the
agencies kept, and is taken in again from their own copies.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from console.cli import app
from console.up.programs import postgres_programs
from exchange.api import Receipt, Submission
from exchange.audit import audit_archive
from exchange.axis import Axis
from exchange.crew import Crew
from exchange.domain.lifecycle import DeliveryState
from exchange.doorbell import Silent
from exchange.outbox import Stage
from exchange.settings import AxisSettings
from exchange.store.engine import open_engine
from exchange.store.schema import version_of
from exchange.web.wire import ReceiptBody
from exchange.witness import Inconsistent, observe
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    PROVINCE,
    Doc,
    at,
    caller,
    file_url,
    open_crew_of_field,
    open_field,
    open_served_field,
    send,
    take,
)
from tests.judges import needs_postgres
from tests.servers import Postgres

ROOT = Path(__file__).resolve().parent.parent
OPERATION = ROOT / "docs" / "operation.md"
RECIPIENTS = (DEPARTMENT, DISTRICT)
DUMP = "pg_dump --format=custom --file=axis.dump"
RESTORE = "pg_restore --exit-on-error --single-transaction --no-owner --dbname=truc axis.dump"
SQLITE = "sqlite3.connect('axis.db').backup(sqlite3.connect('copy.db'))"


@dataclass
class Traffic:
    """Documents one after another until told to stop; what was acknowledged, in order, as its sender keeps it."""

    axis: Axis
    packages: Sequence[bytes]
    act: Callable[[], object]
    acknowledged: list[Receipt] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()

        def run() -> None:
            for number, package in enumerate(self.packages):
                if stop.is_set():
                    return
                self.acknowledged.append(send(self.axis, PROVINCE, package, 0))
                if number % 10 == 0:
                    self.act()
                time.sleep(0.002)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def wait(self, count: int) -> None:
        end = time.monotonic() + 60
        while len(self.acknowledged) < count:
            assert time.monotonic() < end
            time.sleep(0.005)


def packages(count: int) -> list[bytes]:
    return [Doc(PROVINCE, RECIPIENTS, str(number)).package() for number in range(100, 100 + count)]


def client(command: str, url: str, folder: Path) -> None:
    """Run one of PostgreSQL's own programs as the page says, for a database by its address."""
    programs, words = postgres_programs(), shlex.split(command)
    given = make_url(url)
    told = {"PGHOST": str(given.host), "PGPORT": str(given.port), "PGUSER": str(given.username), "PGDATABASE": str(given.database)}
    if given.password:
        told["PGPASSWORD"] = str(given.password)
    found = shutil.which(words[0], path=f"{programs or ''}{os.pathsep}{os.environ['PATH']}")
    assert found is not None
    words = [found, *(word.replace("--dbname=truc", f"--dbname={given.database}") for word in words[1:])]
    done = subprocess.run(words, cwd=folder, env={**os.environ, **told}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def keep(receipts: Sequence[Receipt], path: Path) -> Path:
    """Receipts as an agency's software keeps them."""
    path.write_text("".join(ReceiptBody.of(one).model_dump_json() + "\n" for one in receipts), encoding="utf-8")
    return path


def missing(url: str, receipts: Sequence[Receipt], folder: Path) -> list[str]:
    """What the operator's command says."""
    words = ["admin", "missing", str(keep(receipts, folder / "receipts.jsonl")), "--database", url, "--json", "--lang", "en"]
    done = CliRunner().invoke(app, words)
    found = [one["package"] for one in json.loads(done.stdout)]
    assert done.exit_code == (1 if found else 0)
    return found


def again(axis: Axis, traffic: Traffic, lost: Sequence[str]) -> None:
    """The senders submit what is missing once more: the same bytes, the same package ids."""
    for package, receipt in zip(traffic.packages, traffic.acknowledged, strict=False):
        if receipt.package_id in lost:
            (answer,) = axis.submit(caller(PROVINCE), [Submission(package)], at(5000))
            assert isinstance(answer, Receipt)
            assert answer.package_id == receipt.package_id


def swept_until(crew: Crew, axis: Axis, wanted: int) -> None:
    """Work that somebody held when the dump was made is free when that lease ends, some seconds on."""
    end = time.monotonic() + 3 * AxisSettings().lease_seconds
    while axis.count(DeliveryState.WAITING) < wanted and time.monotonic() < end:
        time.sleep(0.2)
        crew.sweep()


@needs_postgres
def test_a_dump_under_traffic_holds_all_that_was_acknowledged_before_it(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.create()
    axis, crew = open_served_field(url, Silent()), open_crew_of_field(url, Silent(), "before")
    traffic = Traffic(axis, packages(400), crew.sweep)
    with traffic.running():
        traffic.wait(40)
        before = list(traffic.acknowledged)
        client(DUMP, url, tmp_path)
        traffic.wait(len(traffic.acknowledged) + 20)
    crew.sweep()
    seen = crew.seal()
    assert seen is not None
    crew.close()
    axis.close()
    postgres.drop(url)

    restored = postgres.create()
    client(RESTORE, restored, tmp_path)
    engine = open_engine(restored)
    assert version_of(engine)
    engine.dispose()
    lost = missing(restored, traffic.acknowledged, tmp_path)
    assert not {one.package_id for one in before} & set(lost)
    assert 20 <= len(lost) < len(traffic.acknowledged)
    axis, crew = open_served_field(restored, Silent()), open_crew_of_field(restored, Silent(), "after")
    again(axis, traffic, lost)
    crew.sweep()
    assert missing(restored, traffic.acknowledged, tmp_path) == []
    wanted = len(traffic.acknowledged) * len(RECIPIENTS)
    swept_until(crew, axis, wanted)
    assert axis.count(DeliveryState.WAITING) == wanted == len({(one.document, one.recipient) for one in axis.export_deliveries()})
    for kept, package in zip(before, traffic.packages, strict=False):
        (answer,) = axis.submit(caller(PROVINCE), [Submission(package)], at(9000))
        assert answer == kept  # the very receipt, not a new one
    resealed = crew.seal()
    assert resealed is not None
    found = observe(seen, resealed, (), lambda _: "")
    assert isinstance(found, Inconsistent)  # a witness is not told fairy tales: the ledger it saw is not this one
    assert found.rule in {"shrunk", "forked", "back-dated"}
    assert crew.drain(Stage.VERIFY) == 0
    crew.close()
    axis.close()
    postgres.drop(restored)


def test_a_copy_under_traffic_holds_all_that_was_acknowledged_before_it_and_passes_an_audit(tmp_path: Path) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"))
    traffic = Traffic(axis, packages(120), lambda: axis.settle(at(10)))
    with traffic.running():
        traffic.wait(20)
        before = list(traffic.acknowledged)
        source, copy = sqlite3.connect(tmp_path / "axis.db"), sqlite3.connect(tmp_path / "copy.db")
        source.backup(copy)
        source.close()
        copy.close()
        traffic.wait(len(traffic.acknowledged) + 5)
    axis.close()
    for path in tmp_path.glob("axis.db*"):
        path.unlink()
    (tmp_path / "copy.db").rename(tmp_path / "axis.db")

    url = file_url(tmp_path / "axis.db")
    lost = missing(url, traffic.acknowledged, tmp_path)
    assert not {one.package_id for one in before} & set(lost)
    assert lost
    axis = open_field(url)
    again(axis, traffic, lost)
    axis.settle(at(6000))
    assert missing(url, traffic.acknowledged, tmp_path) == []
    assert len(take(axis, DEPARTMENT, 6000)) == len(traffic.acknowledged)
    axis.seal(at(6000))
    axis.close()
    report = audit_archive(tmp_path / "axis.db")
    assert [one for one in report.findings if one.rule != "anchors-unconfirmed"] == []
    assert report.checked["packages"] == len(traffic.acknowledged)


def test_the_page_says_the_commands_that_were_drilled() -> None:
    text = OPERATION.read_text("utf-8")
    assert [command for command in (DUMP, RESTORE, SQLITE) if command not in text] == []
