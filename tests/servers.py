"""Real servers for tests: PostgreSQL and Valkey (or Redis), started from wheels or the system and ended with the tests.

``TRUC_TEST_POSTGRES`` and ``TRUC_TEST_REDIS`` name servers that run already. Otherwise they are found and started as ``truc up`` does
(:mod:`console.up.programs`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from console.up.programs import Program, free_port, make_cluster, postgres_programs, postgres_user, valkey_program
from console.up.services import VALKEY_SETTINGS
from exchange.store.engine import open_engine
from exchange.store.schema import ensure_schema
from exchange.store.tables import metadata

__all__ = ["Postgres", "Valkey", "free_port", "postgres_programs", "postgres_server", "valkey_program", "valkey_server"]
_PATIENCE = 30.0
_NUMBERS = count(1)


class Server:
    """A program that writes into a log and can be stopped, killed and started again with its data."""

    def __init__(self, command: list[str], log: Path, user: str | None = None) -> None:
        self._program, self._log = Program(command, user), log

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The process, while there is one."""
        return self._program.process

    def start(self) -> None:
        """Start it; it may not answer yet."""
        with self._log.open("ab") as log:
            self._program.start(log)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait for the end."""
        self._program.kill(number)

    def log(self) -> str:
        """What it said."""
        return self._log.read_text("utf-8", "replace")


class Postgres:
    """One PostgreSQL server. Every test gets a database at the newest schema without a row, an emptied one where there is one."""

    def __init__(self, address: str, program: Server | None = None) -> None:
        self.address, self.program = make_url(address), program
        self._used: list[str] = []

    def url(self, database: str) -> str:
        """Address of a database on it."""
        return self.address.set(database=database).render_as_string(hide_password=False)

    def create(self) -> str:
        """A new database without a table; gives its address."""
        name = f"truc_{os.getpid()}_{next(_NUMBERS)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    @contextmanager
    def database(self) -> Iterator[str]:
        """An axis' database without a row, for one test."""
        url = self._used.pop() if self._used else self.create()
        engine = open_engine(url)
        ensure_schema(engine)
        _empty(engine)
        engine.dispose()
        yield url
        self._used.append(url)

    def close(self) -> None:
        """Remove every database made here."""
        while self._used:
            self.drop(self._used.pop())

    def execute(self, statement: str) -> list[Any]:
        """Run one statement in the server's own database, outside a transaction."""
        engine = open_engine(self.url(self.address.database or "postgres"))
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                found = connection.execute(text(statement))
                return list(found) if found.returns_rows else []
        finally:
            engine.dispose()

    def wait(self) -> None:
        """Until it answers."""
        _until_it_answers(lambda: self.execute("SELECT 1"), self.program)


def _empty(engine: Engine) -> None:
    """Remove every row and start ids at 1 again. Ten times faster than TRUNCATE, which makes new files, or a copied database."""
    deletes = ";".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables[::-1])
    with engine.connect() as connection:
        connection.exec_driver_sql(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}")  # the triggers would say no
        connection.exec_driver_sql("SELECT setval(seqrelid::regclass, 1, false) FROM pg_sequence")
        connection.commit()


def _until_it_answers(ask: Any, program: Server | None) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            ask()
            return
        except Exception:  # whatever a server says while it starts
            ended = program is not None and program.process is not None and program.process.poll() is not None
            if ended or time.monotonic() > end:
                raise RuntimeError(f"the server does not answer: {program.log()[-2000:] if program else ''}") from None
            time.sleep(0.05)


@contextmanager
def postgres_server(**settings: str) -> Iterator[Postgres]:
    """A server: the one named in ``TRUC_TEST_POSTGRES``, or one of our own, with these settings besides what tests want."""
    given = os.environ.get("TRUC_TEST_POSTGRES")
    if given:
        server = Postgres(given)
        yield server
        server.close()
        return
    home = Path(tempfile.mkdtemp(prefix="truc-pg-"))
    try:
        home.chmod(0o755)
        data = home / "data"
        programs = make_cluster(data, home, "truc", None, ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"))
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off", "max_connections": 60,
            "shared_buffers": "64MB", "log_min_messages": "warning", "restart_after_crash": "on",
            **settings,
        }  # fmt: skip
        command = [str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in options.items())]
        program = Server(command, home / "log", postgres_user())
        program.start()
        try:
            server = Postgres(f"postgresql+psycopg://truc@127.0.0.1:{port}/postgres", program)
            server.wait()
            yield server
        finally:
            program.kill(signal.SIGQUIT)
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Valkey:
    """One Valkey or Redis server."""

    def __init__(self, url: str, program: Server | None = None) -> None:
        self.url, self.program = url, program

    def wait(self) -> None:
        """Until it answers."""
        from redis import Redis

        def ping() -> None:
            with Redis.from_url(self.url) as client:
                client.ping()

        _until_it_answers(ping, self.program)


@contextmanager
def valkey_server() -> Iterator[Valkey]:
    """A broker: the one named in ``TRUC_TEST_REDIS``, or one of our own, with the settings of production."""
    given = os.environ.get("TRUC_TEST_REDIS")
    if given:
        yield Valkey(given)
        return
    found = valkey_program()
    assert found is not None
    home = Path(tempfile.mkdtemp(prefix="truc-valkey-"))
    port = free_port()
    settings = [word for name, value in VALKEY_SETTINGS.items() for word in (f"--{name}", value)]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(home), *settings]
    program = Server([found, *options], home / "log")
    program.start()
    try:
        server = Valkey(f"redis://127.0.0.1:{port}/0", program)
        server.wait()
        yield server
    finally:
        program.kill(signal.SIGTERM)
        shutil.rmtree(home, ignore_errors=True)
