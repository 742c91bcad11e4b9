"""``truc doctor`` on a service: three lines each, the same whether a part is there, stands still or is gone."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from console import service_doctor
from console.cli import app
from exchange.administration import Deed
from exchange.doorbell import Silent
from exchange.presence import Part, Presence, known_as, processes
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, file_url, open_crew_of_field, open_field, send
from tests.judges import needs_postgres, needs_valkey
from tests.servers import Postgres, Valkey, free_port
from workers.settings import PULSE


def ask(*words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and by title the second and third line of each part."""
    done = CliRunner().invoke(app, ["doctor", *words, "--lang", "en"])
    lines = done.output.splitlines()
    assert len(lines) % 3 == 0, done.output
    parts = {lines[index]: (lines[index + 1].strip(), lines[index + 2].strip()) for index in range(0, len(lines), 3)}
    assert all(
        second.startswith(("asked at: ", "should be: ")) and third.startswith(("found: ", "missing: ")) for second, third in parts.values()
    )
    return done.exit_code, parts


@pytest.fixture
def broker(valkey: Valkey) -> Iterator[str]:
    from redis import Redis

    url = valkey.url.replace("/0", "/6")
    with Redis.from_url(url) as client:
        yield url
        client.delete(PULSE)


@needs_postgres
@needs_valkey
def test_every_part_that_is_there_is_found(postgres_url: str, broker: str) -> None:
    from workers.pulse import Pulse

    axis = open_field(known_as(postgres_url, Part.AXIS, "here-1"))
    crew = open_crew_of_field(known_as(postgres_url, Part.WORKER, "here-2-3"), Silent(), "here-2-3")
    Pulse(broker, "here-4")()
    code, parts = ask("--database", postgres_url, "--broker", broker)
    crew.close()
    axis.close()
    assert list(parts) == [
        "Database", "Schema", "Clock", "Axis", "Workers", "Dead letters", "Broker", "Broker's settings", "Schedule", "Disk",
    ]  # fmt: skip
    assert [third for _, third in parts.values() if third.startswith("missing")] == []
    assert parts["Workers"][1].startswith("found: 1 process on 1 machine, the last seen ")
    assert parts["Schedule"][1].startswith("found: here-4 rang ")
    assert code == 0


@needs_postgres
@needs_valkey
def test_what_is_missing_is_named_with_what_to_do(postgres_url: str, broker: str) -> None:
    open_field(postgres_url).close()
    code, parts = ask("--database", postgres_url, "--broker", broker)
    assert code == 3
    assert {name for name, (_, third) in parts.items() if third.startswith("missing")} == {"Axis", "Workers", "Schedule"}
    assert parts["Workers"][1] == "missing: none; start truc worker (documents wait and are not lost)"


@needs_postgres
@needs_valkey
def test_a_server_that_does_not_answer_is_missing_and_its_password_unsaid() -> None:
    port = free_port()
    code, parts = ask(
        "--database", f"postgresql+psycopg://truc:hidden@127.0.0.1:{port}/truc", "--broker", f"redis://:hidden@127.0.0.1:{port}/0"
    )
    assert code == 3
    assert {name for name, (_, third) in parts.items() if third.startswith("missing")} >= {"Database", "Broker", "Schedule"}
    assert "hidden" not in str(parts)


@needs_valkey
def test_a_broker_that_wants_a_password_is_not_called_absent(valkey: Valkey) -> None:
    from redis import Redis

    if valkey.program is None:
        return  # somebody else's broker keeps its settings
    with Redis.from_url(valkey.url) as client:
        client.config_set("requirepass", "geheim")
        try:
            for url in (valkey.url, valkey.url.replace("//", "//:wrong@")):
                code, parts = ask("--broker", url)
                assert (code, parts["Broker"][1]) == (
                    3, "missing: the password is wrong or was not given; name its file in TRUC_BROKER_PASSWORD_FILE",
                )  # fmt: skip
                assert valkey.url.rpartition("//")[2] in parts["Broker"][0]
                assert "wrong@" not in parts["Broker"][0]
                assert parts["Schedule"][1] == "missing: unknown: only the broker could tell"
        finally:
            client.config_set("requirepass", "")


@needs_postgres
def test_a_database_of_another_version_and_an_empty_one(postgres: Postgres) -> None:
    url = postgres.create()
    code, parts = ask("--database", url)
    assert (code, parts["Schema"][1]) == (3, "missing: another version; truc migrate brings it up")
    assert "Workers" not in parts
    postgres.drop(url)


def test_a_clock_that_is_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_field(file_url(tmp_path / "axis.db")).close()
    code, parts = ask("--database", file_url(tmp_path / "axis.db"))
    assert (code, parts["Clock"][1].startswith("found: they differ by")) == (0, True)
    true = service_doctor.time.time
    monkeypatch.setattr(service_doctor.time, "time", lambda: true() + 4)
    code, parts = ask("--database", file_url(tmp_path / "axis.db"))
    assert (code, parts["Clock"][1]) == (3, "missing: they differ by more; set both by NTP")


def test_a_full_disk_and_dead_letters_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    with axis._store.writing() as work:
        work.run(text("UPDATE outbox SET parked = 1"))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    code, parts = ask("--database", file_url(tmp_path / "axis.db"))
    assert code == 3
    assert parts["Dead letters"] == (
        "should be: no work that waits for people; 1 package in line",
        "missing: some wait for people: truc admin parked",
    )
    assert parts["Disk"][1] == "missing: less is free; make room or set TMPDIR"
    assert axis.administration.requeue(None, Deed("an", "mended")) == 1
    axis.close()


@needs_postgres
def test_processes_are_seen_by_their_sessions(postgres_url: str) -> None:
    axis = open_field(known_as(postgres_url, Part.AXIS, "máy-1" * 30))
    (one,) = processes(axis._store)
    assert one == Presence("axis", one.name, one.seen, 1)
    assert one.name.startswith("m?y-1")
    assert one.seen < 5
    axis.close()
    assert known_as("sqlite://", Part.AXIS, "x") == "sqlite://"


@needs_valkey
def test_a_pulse_is_seen_until_it_stops(valkey: Valkey) -> None:
    from redis import Redis

    from workers.pulse import Pulse, last_pulse

    url = valkey.url.replace("/0", "/7")
    assert last_pulse(url) is None
    Pulse(url, "here")()
    found = last_pulse(url)
    assert found is not None
    assert (found[0], found[1] < 5) == ("here", True)
    with Redis.from_url(url) as client:
        client.pexpire(PULSE, 1)
        while client.exists(PULSE):
            pass
    assert last_pulse(url) is None
    Pulse(f"redis://127.0.0.1:{free_port()}/0", "here")()


def test_looking_makes_no_file(tmp_path: Path) -> None:
    code, parts = ask("--database", file_url(tmp_path / "none.db"))
    assert (code, list(parts)) == (3, ["Database", "Disk"])
    assert not (tmp_path / "none.db").exists()
