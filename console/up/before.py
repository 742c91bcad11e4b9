"""What is looked at before ``truc up`` starts anything or writes more than its lock.

What can be said at once need not be read in a log later.
"""

from __future__ import annotations

import errno
import importlib.util
import re
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from console.up.place import Wish
from console.up.programs import ProgramMissing, postgres_programs, valkey_program
from exchange.domain.calendar import VN
from scenarios.world.model import World

_PACKAGES = {
    "celery": "celery", "fastapi": "fastapi", "httpx": "httpx", "jwt": "pyjwt", "psycopg": "psycopg", "redis": "redis",
    "uvicorn": "uvicorn",
}  # fmt: skip
"""Module → the distribution it comes with."""


class CannotStart(Exception):
    """Why nothing was started: ``key`` of a sentence, and its ``values``."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key, self.values = key, values


def look(wish: Wish) -> None:
    """Raises :class:`CannotStart`, :class:`ProgramMissing`, ``OSError`` for the first thing missing, taken, or of another version."""
    absent = sorted(name for module, name in _PACKAGES.items() if importlib.util.find_spec(module) is None)
    if absent:
        raise CannotStart("up.packages", names=", ".join(absent))
    programs = None if wish.database else _programs()
    if wish.broker is None and valkey_program() is None:
        raise ProgramMissing("Valkey")
    if programs is not None:
        _same_version(wish.data / "postgres" / "PG_VERSION", programs)
    for option, port in (("--port", wish.port), ("--pki-port", wish.pki_port)):
        if port and not _free(wish.host, port):
            raise CannotStart("up.port", option=option, port=port, host=wish.host)
    if wish.port and wish.port == wish.pki_port:
        raise CannotStart("up.port.same", port=wish.port)


def holds_today(world: World, now: datetime | None = None) -> bool:
    """Whether anybody's certificate of a world does: in one where none does every letter is refused."""
    moment = now or datetime.now(VN)
    return any(start <= moment <= end for start, end in _spans(world))


def _spans(world: World) -> Iterator[tuple[datetime, datetime]]:
    for agency in world.agencies:
        for plan in (agency.organisation_certificate, *(person.certificate for person in agency.people)):
            if plan is not None and plan.revoked_at is None:
                yield plan.valid_from, plan.valid_until


def _programs() -> Path:
    found = postgres_programs()
    if found is None:
        raise ProgramMissing("PostgreSQL")
    return found


def _same_version(file: Path, programs: Path) -> None:
    """A cluster is of one version of PostgreSQL for ever."""
    if not file.exists():
        return
    made = file.read_text("ascii").strip()
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - found here
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is not None and found[1] != made:
        raise CannotStart("up.version", folder=file.parent, made=made, found=found[1])


def _free(host: str, port: int) -> bool:
    """Whether nobody listens there. Raises ``OSError`` where nobody can."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return True
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
