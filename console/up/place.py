"""Where ``truc up`` keeps things and listens, and the processes made from the table for it."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from console.up import health
from console.up.health import Unwell
from console.up.log import Log
from console.up.programs import Program, ProgramMissing, free_port, make_cluster, postgres_user, programs_for, valkey_program
from console.up.secrets import make_secrets, with_password
from console.up.services import DATABASE, INITDB, SERVICES, USER, Image, Place, Service
from console.up.supervisor import Process, ending_with_us
from exchange.store.engine import open_engine

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "import sys; sys.argv[0] = 'truc'; from console.cli import main; main()"
"""What the script ``truc`` does, where it may not be installed."""


class FolderTaken(Exception):
    """Another ``truc up`` uses the folder."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for. ``database`` and ``broker``: servers that run already, instead of our own."""

    scenario: str
    seed: str
    data: Path
    workers: int
    children: int
    host: str
    port: int
    pki_port: int
    database: str | None
    broker: str | None
    json: bool


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything made ready: addresses with their passwords, and the processes in the order of the table."""

    place: Place
    database: str
    broker: str
    processes: tuple[Process, ...]


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """Have the folder for oneself. Raises :class:`FolderTaken`, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken from None
        yield


def make_stand(wish: Wish, environment: Mapping[str, str], through: Callable[[str, int], int] = lambda _, port: port) -> Stand:
    """Prepare folders, secrets, a cluster, and the processes; nothing runs yet. ``through``: by which port our own processes reach the
    database and the broker at theirs; the addresses of the stand itself lead to them straight.

    Raises :class:`console.up.programs.ProgramMissing`, :class:`console.up.programs.ProgramFailed`, OSError.
    """
    data = wish.data.resolve()
    for name in ("logs", "spool", "valkey"):
        (data / name).mkdir(exist_ok=True)
    secrets = data / "secrets"
    make_secrets(secrets)
    ports = {"database_port": str(free_port()), "broker_port": str(free_port())}
    reached = {name: through(name, int(ports[f"{name}_port"])) for name in ("database", "broker")}
    values = {
        **ports, "scenario": _scenario(wish.scenario), "seed": wish.seed, "children": str(wish.children), "host": wish.host,
        "port": str(wish.port or free_port()), "pki_port": str(wish.pki_port or free_port()), "secrets": str(secrets),
        "state": str(data / "beat"), "spool": str(data / "spool"), "data": str(data),
        "database": wish.database or _database(reached["database"]),
        "broker": wish.broker or _broker(reached["broker"]),
    }  # fmt: skip
    place = Place(values)
    files = {"TRUC_DATABASE_PASSWORD_FILE": str(secrets / "database"), "TRUC_BROKER_PASSWORD_FILE": str(secrets / "broker")}
    database = wish.database or with_password(_database(ports["database_port"]), "TRUC_DATABASE_PASSWORD_FILE", files)
    broker = wish.broker or with_password(_broker(ports["broker_port"]), "TRUC_BROKER_PASSWORD_FILE", files)
    given = {name for name, url in (("postgres", wish.database), ("valkey", wish.broker)) if url}
    processes = [
        _process(service, number, place, data, environment, given)
        for service in SERVICES
        if service.name not in given
        for number in range(1, wish.workers + 1 if service.many else 2)
    ]
    return Stand(place, database, broker, tuple(processes))


def _database(port: str | int) -> str:
    return f"postgresql+psycopg://{USER}@127.0.0.1:{port}/{DATABASE}"


def _broker(port: str | int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def _scenario(name: str) -> str:
    """A world's file by its whole path: processes start elsewhere."""
    return str(Path(name).resolve()) if "/" in name or name.endswith(".toml") else name


def _process(service: Service, number: int, place: Place, data: Path, environment: Mapping[str, str], given: set[str]) -> Process:
    name = f"{service.name}-{number}" if service.many else service.name
    return Process(name, service, _program(service, place, data, environment, given), Log(data / "logs" / f"{name}.log", name))


def _program(service: Service, place: Place, data: Path, environment: Mapping[str, str], given: set[str]) -> Program:
    command = list(place.fill(service.command))
    if service.image is Image.TRUC:
        settings = place.settings(service.environment)
        for name, variable in (("postgres", "TRUC_DATABASE_PASSWORD_FILE"), ("valkey", "TRUC_BROKER_PASSWORD_FILE")):
            if name in given:
                settings.pop(variable, None)
        paths = f"{ROOT}{os.pathsep}{environment['PYTHONPATH']}" if environment.get("PYTHONPATH") else str(ROOT)
        settings |= {"PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}
        words = [sys.executable, "-c", ENTRY, *command[1:]]
        return Program(ending_with_us(words, service), environment={**environment, **settings})
    own = Place({**place.values, "data": str(data / service.name)})
    if service.image is Image.POSTGRES:
        programs = _cluster(data, place)
        words = [str(programs / command[0]), *command[1:], *own.fill(service.here)]
        return Program(ending_with_us(words, service), user=postgres_user())
    found = valkey_program()
    if found is None:
        raise ProgramMissing("Valkey")
    return Program(ending_with_us([found, *command[1:], *own.fill(service.here)], service))


def _cluster(data: Path, place: Place) -> Path:
    """The folder of PostgreSQL's programs; a new cluster where there is none yet."""
    cluster = data / "postgres"
    if (cluster / "PG_VERSION").exists():
        return programs_for(data)
    if postgres_user():
        data.chmod(data.stat().st_mode | 0o011)  # its user must get to its own folder within
    password = (Path(place.values["secrets"]) / "database").read_text("ascii").strip()
    return make_cluster(cluster, data, USER, password, INITDB)


def probes(wish: Wish, stand: Stand) -> dict[str, Callable[[], object]]:
    """How each service is asked; the same questions that its container is asked, without a new process for each."""
    address = stand.place.values

    def workers() -> None:
        seen = len(health.workers(stand.database, health.here()))
        if seen < wish.workers * wish.children:
            raise Unwell(f"{seen} of {wish.workers * wish.children} children of workers are there")

    return {
        "postgres": lambda: _database_is_there(stand.database),
        "valkey": lambda: health.broker(stand.broker),
        "axis": lambda: health.http(f"http://{_reachable(wish.host)}:{address['port']}/readyz"),
        "worker": workers,
        "beat": lambda: health.beat(stand.broker),
        "pki": lambda: health.http(f"http://{_reachable(wish.host)}:{address['pki_port']}/"),
    }


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - where it listens, not where we do


def _database_is_there(url: str) -> None:
    """The server answers, and has the axis' database: made if it has not. Raises :class:`Unwell`."""
    engine = open_engine(make_url(url).set(database="postgres"))
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            there = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": DATABASE}).first()
            if there is None:
                connection.execute(text(f"CREATE DATABASE {DATABASE} TEMPLATE template0"))
    except DBAPIError as error:
        raise Unwell(str(error.orig).strip().partition("\n")[0]) from None
    finally:
        engine.dispose()
