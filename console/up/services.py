"""The services of the networked axis, one table: what each runs, with which settings, after whom, and how it is seen to be well.

``truc up`` starts them from it on one machine, docker-compose.yml in containers; a test holds the two together. What differs between the
two is where things are, and stands in a :class:`Place`: words in braces are filled from it.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Image(StrEnum):
    """What a service's container is made of. Tags are exact; ``truc`` is built from the Dockerfile."""

    TRUC = "truc:0.1.0"
    POSTGRES = "postgres:16.14-bookworm"
    VALKEY = "valkey/valkey:9.1.1-alpine"


class Condition(StrEnum):
    """What must hold of another service before one starts, in Compose's words."""

    HEALTHY = "service_healthy"
    DONE = "service_completed_successfully"


@dataclass(frozen=True, slots=True)
class Health:
    """How a service is seen to be well: a command that ends with 0. Times in seconds."""

    command: tuple[str, ...]
    every: int = 10
    patience: int = 5
    """So long one question may take."""
    retries: int = 3
    start: int = 30
    """So long after its start a service may still be unwell."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service. ``command`` is complete in a container; ``here`` are the words that ``truc up`` adds on a shared machine."""

    name: str
    image: Image
    command: tuple[str, ...]
    health: Health | None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Settings by name; never a secret, only the file it stands in."""
    secrets: tuple[str, ...] = ()
    after: Mapping[str, Condition] = field(default_factory=dict)
    here: tuple[str, ...] = ()
    stop: signal.Signals = signal.SIGTERM
    grace: int = 30
    """Seconds it is given to end by itself."""
    once: bool = False
    """It ends when its work is done, and is not started again."""
    many: bool = False
    """There may be any number of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: values for the words in braces."""

    values: Mapping[str, str]

    def fill(self, words: Sequence[str]) -> tuple[str, ...]:
        """A command for this place."""
        return tuple(word.format_map(self.values) for word in words)

    def settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """An environment for this place."""
        return {name: value.format_map(self.values) for name, value in environment.items()}


POSTGRES_SETTINGS: Mapping[str, str] = MappingProxyType({
    "fsync": "on",  # these three: what was acknowledged outlives a power cut
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "200",  # a process holds up to twelve, a child of a worker seldom more than four
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",  # a morning's peak without a checkpoint in its midst
    "password_encryption": "scram-sha-256",
    "restart_after_crash": "on",
    "timezone": "UTC",
})  # fmt: skip
"""PostgreSQL, as command-line settings."""
INITDB = ("--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=scram-sha-256")
"""How its cluster is made, once."""
VALKEY_SETTINGS: Mapping[str, str] = MappingProxyType({
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",  # a full broker says no, and bells are rung again; it must not drop others' keys by itself
})  # fmt: skip
"""The broker, as command-line settings. Its password stands in the file ``broker``, in the form of its own configuration."""
USER = DATABASE = "truc"
SECRETS = ("database", "broker")
SECRET_PATH = "/run/secrets"  # where Compose puts them

CONTAINERS = Place(MappingProxyType({
    "scenario": "${TRUC_SCENARIO:-load-field}",
    "seed": "${TRUC_SEED:-1}",
    "children": "${TRUC_CHILDREN:-2}",
    "host": "0.0.0.0",  # noqa: S104 - of its container
    "port": "8080",
    "pki_port": "3161",
    "database": f"postgresql+psycopg://{USER}@postgres:5432/{DATABASE}",
    "database_port": "5432",
    "broker": "redis://valkey:6379/0",
    "broker_port": "6379",
    "secrets": SECRET_PATH,
    "state": "/tmp/truc-beat",  # noqa: S108 - a tmpfs of its own
    "spool": "/var/lib/truc/spool",
}))  # fmt: skip
"""Where things are in docker-compose.yml; what begins with ``$`` Compose fills from its own environment."""

_DATABASE = MappingProxyType({"TRUC_DATABASE": "{database}", "TRUC_DATABASE_PASSWORD_FILE": "{secrets}/database"})
_BROKER = MappingProxyType({"TRUC_BROKER": "{broker}", "TRUC_BROKER_PASSWORD_FILE": "{secrets}/broker"})
_MIGRATED = MappingProxyType({"migrate": Condition.DONE, "valkey": Condition.HEALTHY})
_SPOOL = MappingProxyType({"TMPDIR": "{spool}"})  # where packages lie while they come in: on a disk, for they may be large
_WORLD = ("{scenario}", "--seed", "{seed}")


def _postgres() -> Service:
    settings = [word for name, value in POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}")]
    local = ("-D", "{data}", "-c", "listen_addresses=127.0.0.1", "-c", "port={database_port}", "-c", "unix_socket_directories=")
    return Service(
        "postgres", Image.POSTGRES, ("postgres", *settings),
        Health(("pg_isready", "--quiet", "--host", "127.0.0.1", "--port", "{database_port}", "--username", USER, "--dbname", DATABASE)),
        environment={
            "POSTGRES_USER": USER, "POSTGRES_DB": DATABASE, "POSTGRES_PASSWORD_FILE": "{secrets}/database",
            "POSTGRES_INITDB_ARGS": " ".join(INITDB),
        },
        secrets=("database",), here=local, stop=signal.SIGINT, grace=60,
    )  # fmt: skip


def _valkey() -> Service:
    settings = [word for name, value in VALKEY_SETTINGS.items() for word in (f"--{name}", value)]
    ask = "valkey-cli -p {broker_port} --no-auth-warning -a \"$(sed 's/^requirepass //' {secrets}/broker)\" ping | grep -q PONG"
    return Service(
        "valkey", Image.VALKEY, ("valkey-server", "{secrets}/broker", *settings), Health(("sh", "-c", ask)),
        secrets=("broker",), here=("--bind", "127.0.0.1", "--port", "{broker_port}", "--dir", "{data}"),
    )  # fmt: skip


def _truc(name: str, *words: str, health: Health, pg: bool = False, bell: bool = False, spool: bool = False, many: bool = False) -> Service:
    return Service(
        name, Image.TRUC, ("truc", name, *words), health,
        environment={**(_DATABASE if pg else {}), **(_BROKER if bell else {}), **(_SPOOL if spool else {})},
        secrets=(*(("database",) if pg else ()), *(("broker",) if bell else ())),
        after=_MIGRATED if pg else {"valkey": Condition.HEALTHY} if bell else {}, many=many,
    )  # fmt: skip


SERVICES: tuple[Service, ...] = (
    _postgres(),
    _valkey(),
    Service(
        "migrate", Image.TRUC, ("truc", "migrate"), None, environment=_DATABASE, secrets=("database",),
        after={"postgres": Condition.HEALTHY}, once=True,
    ),
    _truc("axis", *_WORLD, "--host", "{host}", "--port", "{port}", pg=True, bell=True, spool=True,
          health=Health(("truc", "health", "axis", "http://127.0.0.1:{port}/readyz"))),
    _truc("worker", *_WORLD, "--children", "{children}", pg=True, bell=True, many=True, health=Health(("truc", "health", "worker"))),
    _truc("beat", "--state", "{state}", bell=True, health=Health(("truc", "health", "beat"))),
    _truc("pki", *_WORLD, "--at", "now", "--host", "{host}", "--port", "{pki_port}",
          health=Health(("truc", "health", "pki", "http://127.0.0.1:{pki_port}/"))),
)  # fmt: skip
"""In the order in which they are started; stopped in the reverse of it."""


def service(name: str) -> Service:
    """The service of a name. Raises KeyError."""
    return {one.name: one for one in SERVICES}[name]
