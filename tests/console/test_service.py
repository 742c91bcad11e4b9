"""The commands of the networked service, as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from exchange.store.engine import open_engine
from exchange.store.schema import version_of
from exchange.store.tables import VERSION
from tests.judges import needs_postgres, needs_valkey
from tests.servers import Postgres, Valkey, free_port

ROOT = Path(__file__).parents[2]


def truc(*words: str) -> tuple[int, str]:
    """Run a command in this process."""
    done = CliRunner().invoke(app, [*words, "--lang", "en"])
    return done.exit_code, done.output


@contextmanager
def running(log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command as a process of its own."""
    command = [sys.executable, "-c", "import sys; sys.argv[0] = 'truc'; from console.cli import main; main()", *words, "--lang", "en"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(log: Path, words: str, process: subprocess.Popen[bytes]) -> None:
    """Until a process has said so."""
    for _ in range(1200):
        if words in log.read_text("utf-8", "replace"):
            return
        assert process.poll() is None, log.read_text("utf-8", "replace")
        time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8", "replace"))


@pytest.mark.parametrize("database", ["mysql://u:secret@x/y", "postgresql://u:secret@x/y", "nonsense secret"])
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("migrate",), id="migrate"),
        pytest.param(("axis", "first-day"), id="axis"),
        pytest.param(("worker", "first-day", "--broker", "redis://127.0.0.1:1/0"), marks=needs_valkey, id="worker"),
        pytest.param(("admin", "members"), id="admin"),
    ],
)
def test_what_is_no_address_of_a_database_is_said_in_a_sentence(words: tuple[str, ...], database: str) -> None:
    code, said = truc(*words, "--database", database)
    assert code == 2
    assert "is at sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME" in said
    assert "secret" not in said


@needs_postgres
def test_a_database_is_brought_up_once_and_then_left_alone(postgres: Postgres) -> None:
    url = postgres.create()
    assert truc("migrate", "--database", url) == (0, f"The database was at schema 0000 and is at {VERSION}.\n")
    assert truc("migrate", "--database", url) == (0, f"The database was at schema {VERSION} and is at {VERSION}.\n")
    engine = open_engine(url)
    assert version_of(engine) == VERSION
    engine.dispose()
    postgres.drop(url)


@needs_postgres
def test_what_is_no_database_of_ours_is_said_to_be_none(postgres: Postgres) -> None:
    url = postgres.create()
    engine = open_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE recipes (name text)")
    engine.dispose()
    code, said = truc("migrate", "--database", url)
    assert (code, "schema none" in said) == (3, True)
    postgres.drop(url)
    code, said = truc("migrate", "--database", url)
    assert (code, "does not exist" in said or "not reachable" in said) == (3, True)
    code, said = truc("migrate", "--database", f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    assert (code, "not reachable" in said) == (3, True)
    assert truc("migrate", "--database", "no address")[0] == 2


@needs_postgres
@needs_valkey
def test_a_worker_starts_says_whose_it_is_and_stops_when_told(postgres_url: str, valkey: Valkey, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with running(log, "worker", "first-day", "--database", postgres_url, "--broker", valkey.url, "--children", "1") as process:
        wait_for(log, "Worker of first-day, seed 1, 1 children.", process)
        wait_for(log, "[queues]", process)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text("utf-8", "replace")
    assert truc("worker", "no-such-world", "--database", postgres_url, "--broker", valkey.url)[0] == 2


@needs_valkey
def test_the_schedule_rings_for_every_stage_and_carries_nothing(valkey: Valkey, tmp_path: Path) -> None:
    from redis import Redis

    log, rung = tmp_path / "beat.log", set[str]()
    stages = {"truc.verify", "truc.route", "truc.deliver", "truc.seal"}
    broker = valkey.url.replace("/0", "/5")
    with (
        Redis.from_url(broker, socket_timeout=30) as client,
        running(log, "beat", "--broker", broker, "--state", str(tmp_path / "beat")) as process,
    ):
        wait_for(log, "The schedule runs.", process)
        end = time.monotonic() + 30
        while not stages <= rung and time.monotonic() < end:
            found = client.blpop(["truc"], timeout=10)
            assert found is not None, log.read_text("utf-8", "replace")
            message = json.loads(found[1])
            rung.add(message["headers"]["task"])
            assert message["headers"]["argsrepr"] == "()"
            assert len(found[1]) < 2000
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text("utf-8", "replace")
    assert stages <= rung
