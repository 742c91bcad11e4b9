"""Who may do what alone. SQLite has one writer and needs no locks; on PostgreSQL they are advisory, or on rows.

The trap kept in here: SQLite silently drops ``FOR UPDATE SKIP LOCKED``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Select, text

if TYPE_CHECKING:
    from exchange.store.work import Work

_FREE_SHARDS = text("SELECT n FROM unnest(CAST(:shards AS integer[])) AS n WHERE pg_try_advisory_xact_lock(:family, n)")
_WAIT_FOR = text("SELECT pg_advisory_xact_lock(:family, :number)")
_HOLD = text("SELECT pg_try_advisory_lock(:family, :number)")
_HOLD_LATER = text("SELECT pg_advisory_lock(:family, :number)")
_LET_GO = text("SELECT pg_advisory_unlock(:family, :number)")
_FAMILY = 0x54525543
"""Advisory locks are two numbers; the first says that they are ours."""


class Lock(IntEnum):
    """What only one transaction or process does at a time, across machines. SQLite's write lock says that by itself."""

    OPENING = 1
    """Bringing the schema up, writing down the terms."""
    HOPS = 2
    """Computing departures."""
    SEALING = 3
    ROUTE = 4
    """Moving deliveries by packages about one sender's documents: a family of its own, one lock for each shard."""


def skip_locked(statement: Select[Any], dialect: str) -> Select[Any]:
    """Lock the rows chosen and pass over those another worker holds. SQLite has one writer at a time and needs no row locks."""
    return statement if dialect == "sqlite" else statement.with_for_update(skip_locked=True)


def free_shards(work: Work, shards: Sequence[int]) -> list[int] | None:
    """Those of the shards no other transaction routes now, locked until this one ends; ``None`` where there is one writer anyway."""
    if work.dialect == "sqlite":
        return None
    return [row[0] for row in work.rows(_FREE_SHARDS, {"shards": list(shards), "family": _FAMILY + Lock.ROUTE})]


def wait_for(work: Work, lock: Lock) -> None:
    """Have the lock until the transaction ends, after whoever has it now."""
    if work.dialect != "sqlite":
        work.run(_WAIT_FOR, {"family": _FAMILY, "number": int(lock)})


@contextmanager
def alone(engine: Engine, lock: Lock, *, wait: bool = False) -> Iterator[bool]:
    """Whether nobody else, on any machine, is inside with the same lock; it is held across transactions, and by no one who died.

    With ``wait`` nobody is, from the moment the block begins.
    """
    if engine.dialect.name == "sqlite":
        yield True
        return
    with engine.connect() as connection:
        said = {"family": _FAMILY, "number": int(lock)}
        held = wait or bool(connection.execute(_HOLD, said).scalar())
        if wait:
            connection.execute(_HOLD_LATER, said)
        try:
            yield held
        finally:
            if held:
                connection.execute(_LET_GO, said)
