"""Which processes of the axis work on a database, by their sessions as PostgreSQL itself lists them: nobody has to write down anything.

Every process says its part and name when it connects (:func:`known_as`). A worker's child looks for work once a second, so one that was
seen longer ago stands still. SQLite has one process, and it is the one that asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

from exchange.store.engine import database_at
from exchange.store.work import Store

_LONGEST = 63
"""Bytes of a session's name that PostgreSQL keeps."""
_SESSIONS = text(
    "SELECT application_name, min(extract(epoch FROM clock_timestamp() - state_change)), count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name LIKE 'truc %' GROUP BY application_name ORDER BY application_name"
)


class Part(StrEnum):
    """What a process is."""

    AXIS = "axis"
    WORKER = "worker"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Presence:
    """One process. ``seen``: seconds since it last asked the database anything."""

    part: str
    name: str
    seen: float
    sessions: int


def known_as(url: str, part: Part, name: str) -> str:
    """The address under which a process connects, so that others see who it is; SQLite's as it is."""
    address = database_at(url)
    if address.get_backend_name() == "sqlite":
        return url
    said = f"truc {part} {name}".encode("ascii", "replace")[:_LONGEST].decode()
    return address.update_query_dict({"application_name": said}).render_as_string(hide_password=False)


def processes(store: Store) -> tuple[Presence, ...]:
    """Every process that is connected now. Raises :class:`exchange.errors.StoreUnavailable`."""
    if store.dialect == "sqlite":
        return ()
    with store.asking() as work:
        rows = work.rows(_SESSIONS)
    return tuple(Presence(*_named(said), max(float(seen or 0), 0.0), sessions) for said, seen, sessions in rows)


def _named(said: str) -> tuple[str, str]:
    _, part, name = [*said.split(" ", 2), "", ""][:3]
    return part, name
