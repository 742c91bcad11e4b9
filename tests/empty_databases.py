"""Empty SQLite databases get their tables from what the migrations made of the first one in this process.

Alembic takes a tenth of a second for it, and a thousand tests open an axis of their own. Tests of the migrations themselves ask them
(``exchange.store.schema.upgrade`` as they imported it, or the fixture ``migrations`` of tests/exchange/store/test_schema.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from exchange.store import schema

MIGRATE: Callable[[Engine], None] = schema.upgrade
_made: list[str] = []
"""The statements of the first database, once there is one."""


def upgrade(engine: Engine) -> None:
    """In the place of :func:`exchange.store.schema.upgrade`; whatever is no empty SQLite database is left to that, and what fails."""
    empty = engine.dialect.name == "sqlite" and schema.version_of(engine) == ""
    if not (empty and _made and _copied(engine)):
        MIGRATE(engine)
        if empty and not _made:
            with engine.connect() as connection:
                _made.append("\n".join(_raw(connection).iterdump()))


def _copied(engine: Engine) -> bool:
    with engine.connect() as connection:
        raw = _raw(connection)
        try:
            raw.executescript(_made[0])
        except sqlite3.Error:  # a disk that is full, another process that was quicker: the program has its words for it
            raw.rollback()
            return False
    return True


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw
