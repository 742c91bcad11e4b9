"""What ails a database, in one phrase whatever its dialect: SQLite and PostgreSQL have other names for the same faults."""

from __future__ import annotations

import re
import sqlite3

_SQLITE_FAULTS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the database is read-only",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_IOERR: "the disk reports an input/output error",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_PERM: "access to the database file is denied",
    sqlite3.SQLITE_BUSY: "the database is locked by another process",
}
UNREACHABLE = "the database is not reachable"
NO_ENTRY = "the database refuses this user, or the password is wrong or missing"
_LETS_NOBODY_IN = re.compile(r"no password supplied|authentication failed|no pg_hba\.conf entry|(?:role|user) \"[^\"]*\" does not exist")
"""What a server says, or the driver for it, before there is a connection that could have a state (its messages are in English, as we set up
servers; in another language it is one that is not reachable)."""
_POSTGRES_FAULTS = {
    "53": "the database server is out of resources",
    "25006": "the database is read-only",
    "25P03": "the database ended a transaction that stood still",
    "08": UNREACHABLE,
    "57P": UNREACHABLE,
    "57014": "the database ended a query that took too long",
    "3D000": "the database does not exist",
    "28": NO_ENTRY,
}
_OVERTAKEN = ("40001", "40P01")
"""Two transactions wanted the same rows in different orders, and the server ended this one."""


def fault_of(error: BaseException | None) -> str | None:
    """What ails the machine in one phrase, or ``None`` when the error is not the machine's."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return None if code is None else _SQLITE_FAULTS.get(code & 0xFF)
    state = str(getattr(error, "sqlstate", None) or "")
    if not state and _lost_connection(error):
        return NO_ENTRY if _LETS_NOBODY_IN.search(str(error)) else UNREACHABLE
    return next((phrase for prefix, phrase in _POSTGRES_FAULTS.items() if state.startswith(prefix)), None)


def _lost_connection(error: BaseException | None) -> bool:
    """Whether psycopg says, without a word from the server, that there is none any more."""
    names = {"OperationalError", "InterfaceError"}
    return any(one.__module__.startswith("psycopg") and one.__name__ in names for one in type(error).__mro__)


def overtaken(error: BaseException | None) -> bool:
    """Whether the transaction lost against another one and would go through if it were tried again."""
    return str(getattr(error, "sqlstate", None) or "") in _OVERTAKEN
