"""What ``truc up`` would start is what the table says, and what it cannot start is said in one sentence."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.up import before
from console.up.health import Unwell, http
from console.up.place import FolderTaken, Wish, make_stand, taken
from console.up.services import SERVICES, Condition, Image, service
from exchange.domain.calendar import VN
from scenarios.world.file import load_world
from tests.judges import needs_postgres, needs_valkey
from tests.servers import free_port


@pytest.fixture
def wish() -> Iterator[Wish]:
    folder = Path(tempfile.mkdtemp(prefix="truc-place-"))
    folder.chmod(0o755)
    yield Wish("first-day", "7", folder / "data", 3, 2, "127.0.0.1", 0, 0, None, None, False)
    shutil.rmtree(folder)


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--lang", "en"])
    return done.exit_code, done.output


@needs_postgres
@needs_valkey
def test_what_is_started_here_is_what_the_table_says(wish: Wish) -> None:
    with taken(wish.data):
        stand = make_stand(wish, {"PATH": "/bin"})
    names = [one.name for one in stand.processes]
    assert names == ["postgres", "valkey", "migrate", "axis", "worker-1", "worker-2", "worker-3", "beat", "pki"]
    for one in stand.processes:
        words = list(stand.place.fill(one.service.command))
        if one.service.image is Image.TRUC:
            assert one.program.command[-len(words) + 1 :] == words[1:]
            environment = one.program.environment
            assert environment is not None
            assert {name: environment[name] for name in one.service.environment} == stand.place.settings(one.service.environment)
        else:
            assert " ".join(words[1:]) in " ".join(one.program.command)
    assert (wish.data / "postgres" / "PG_VERSION").exists()
    assert (wish.data / "secrets" / "database").read_text().strip() not in str([one.program.command for one in stand.processes])


@needs_postgres
@needs_valkey
def test_servers_that_are_given_are_not_started(wish: Wish) -> None:
    given = replace(wish, database="postgresql+psycopg://a:b@db/c", broker="redis://:d@broker/0")
    with taken(wish.data):
        stand = make_stand(given, {"PYTHONPATH": "/x"})
    assert [one.name for one in stand.processes] == ["migrate", "axis", "worker-1", "worker-2", "worker-3", "beat", "pki"]
    environment = stand.processes[1].program.environment
    assert environment is not None
    assert (environment["TRUC_DATABASE"], environment["TRUC_BROKER"]) == (given.database, given.broker)
    assert not {"TRUC_DATABASE_PASSWORD_FILE", "TRUC_BROKER_PASSWORD_FILE"} & environment.keys()
    assert environment["PYTHONPATH"].endswith(f"{os.pathsep}/x")
    assert not (wish.data / "postgres").exists()


def test_a_folder_is_one_persons(tmp_path: Path) -> None:
    with taken(tmp_path / "data"), pytest.raises(FolderTaken), taken(tmp_path / "data"):
        pass
    with taken(tmp_path / "data"):
        pass


def test_the_table_starts_nothing_before_what_it_needs() -> None:
    names = [one.name for one in SERVICES]
    for one in SERVICES:
        for other, condition in one.after.items():
            assert names.index(other) < names.index(one.name)
            assert condition is (Condition.DONE if service(other).once else Condition.HEALTHY)
            assert service(other).once or service(other).health is not None
    assert {one.name for one in SERVICES if one.health is None} == {one.name for one in SERVICES if one.once} == {"migrate"}


def test_what_cannot_be_started_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ("--data", str(tmp_path / "data"))
    code, said = run("up", "no-such-world", *data)
    assert (code, said.startswith("no-such-world: no such scenario")) == (2, True)
    assert not (tmp_path / "data").exists()
    monkeypatch.setattr(before, "_PACKAGES", {})  # as where all of them are
    monkeypatch.setattr(before, "postgres_programs", lambda: None)
    code, said = run("up", *data, "--broker", "redis://127.0.0.1/0")
    assert (code, said.startswith("PostgreSQL is not on this machine: "), "valkey" in said) == (3, True, False)
    monkeypatch.setattr(before, "valkey_program", lambda: None)
    code, said = run("up", *data, "--database", "postgresql+psycopg://a@127.0.0.1/b")
    assert (code, said.startswith("Valkey is not on this machine: "), "pixeltable" in said) == (3, True, False)
    monkeypatch.setitem(before._PACKAGES, "no_such_module", "nosuch")
    code, said = run("up", *data)
    assert (code, said.startswith("The service needs packages that are not here (nosuch): ")) == (3, True)
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["lock"], "nothing is written before that"
    (tmp_path / "file").write_text("x")
    code, said = run("up", "--data", str(tmp_path / "file" / "data"))
    assert (code, "A part could not be used" in said) == (3, True)


@needs_postgres
@needs_valkey
def test_a_port_that_is_taken_and_a_cluster_of_another_version_are_said_before_anything_is_written(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for option, free in (("--port", "--pki-port"), ("--pki-port", "--port")):
            code, said = run("up", *data, option, str(port), free, "0")
            assert (code, said) == (
                3, f"{option} {port}: another program listens there already (127.0.0.1); give another, or 0 for any that is free.\n",
            )  # fmt: skip
    assert run("up", *data, "--port", str(port), "--pki-port", str(port)) == (
        3, f"--port and --pki-port are both {port}: give two, or 0 for any that is free.\n",
    )  # fmt: skip
    code, said = run("up", *data, "--host", "192.0.2.1", "--port", str(port), "--pki-port", "0")
    assert (code, said.startswith("A part could not be used: ")) == (3, True)
    (tmp_path / "data" / "postgres").mkdir()
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    code, said = run("up", *data, "--port", "0", "--pki-port", "0")
    assert (code, "was made by PostgreSQL 9, and here is PostgreSQL " in said) == (3, True)
    assert not (tmp_path / "data" / "secrets").exists()


def test_a_world_of_another_year_is_told_from_one_of_today() -> None:
    assert not before.holds_today(load_world("first-day", "7"), datetime(2026, 11, 27, tzinfo=VN))
    assert before.holds_today(load_world("first-day", "7"), datetime(2021, 9, 27, tzinfo=VN))
    assert before.holds_today(load_world("load-field", "7"))


def test_health_is_asked_of_one_part(tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    assert run("health", "axis", f"http://{nowhere}/readyz")[0] == 1
    assert run("health", "beat", "--broker", f"redis://{nowhere}/0")[0] == 1
    assert run("health", "worker", "--database", f"sqlite:///{tmp_path / 'none.db'}") == (
        1, f"worker: the database cannot be used: there is no file {tmp_path / 'none.db'}\n",
    )  # fmt: skip
    assert not (tmp_path / "none.db").exists()
    for words in (["axis"], ["worker"], ["beat"], ["kitchen", "http://x/"]):
        code, said = run("health", *words)
        assert (code, said) == (2, f"{words[0]}: give one of axis, pki, worker, beat, with the address it needs.\n")


def test_only_200_is_well() -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/readyz" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        http(f"http://127.0.0.1:{server.server_port}/readyz")
        with pytest.raises(Unwell, match="HTTP 503"):
            http(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
        thread.join()
