"""Statements that SQLite and PostgreSQL want said differently: how a transaction opens, what time it is, what may not be changed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ColumnElement, Double, Insert, Table, cast, extract, func, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

if TYPE_CHECKING:
    from exchange.store.work import Work

_JULIAN_EPOCH = 2_440_587.5
"""Julian day of 1970-01-01T00:00Z."""
_SHORT = text(
    "SELECT set_config('statement_timeout', :seconds, true), set_config('join_collapse_limit', :joins, true), "
    "set_config('enable_mergejoin', :many, true), set_config('enable_hashjoin', :many, true)"
)


def begin_sql(dialect: str, *, writing: bool) -> str:
    """How a transaction opens.

    SQLite takes its write lock at once, so that a read cannot be overtaken before its write; PostgreSQL's writers lock the rows they read
    before they change them, and see what others committed meanwhile. A reader sees one moment on both.
    """
    if dialect != "sqlite":
        return "BEGIN" if writing else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    return "BEGIN IMMEDIATE" if writing else "BEGIN"


@cache
def insert_new(table: Table, key: str, dialect: str) -> Insert:
    """Insert rows but for those whose unique ``key`` is there, or is just being written by another transaction: that one is waited for."""
    made = sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)
    return made.on_conflict_do_nothing(index_elements=[key])


def machine_now(dialect: str) -> ColumnElement[int]:
    """The database's own clock in epoch seconds: it rules leases and retries, never a business fact."""
    if dialect == "sqlite":
        return cast(func.strftime("%s", "now"), BigInteger)
    return cast(extract("epoch", func.clock_timestamp()), BigInteger)


def machine_seconds(dialect: str) -> ColumnElement[float]:
    """The same with its fraction."""
    if dialect == "sqlite":
        return (func.julianday("now") - _JULIAN_EPOCH) * 86_400.0
    return cast(extract("epoch", func.clock_timestamp()), Double)


def keep_plans_short(work: Work, seconds: int, *, by_ids: bool = False) -> None:
    """End a statement of this transaction that takes longer, and ``by_ids`` take rows of known ids one by one from each table it names.

    What a server last counted may be long ago, or say little of the newest rows: one that emptied and filled its tables since has twice
    been seen at a sealing for twenty minutes, and one of a million documents read all blobs for a hundred. Ended with
    :class:`StoreUnavailable`, a sealing is tried again, and the server has counted by then.
    """
    if work.dialect != "sqlite":
        work.rows(_SHORT, {"seconds": f"{seconds}s", "joins": "1" if by_ids else "8", "many": "off" if by_ids else "on"})


def append_only_ddl(name: str, dialect: str) -> tuple[str, ...]:
    """Triggers that forbid UPDATE and DELETE on one table."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        f"CREATE OR REPLACE FUNCTION {name}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{name} is append-only'; END $$",
        f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION {name}_append_only()",
    )
