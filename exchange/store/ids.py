"""Ids of rows: drawn before the rows are inserted, and when a row may still appear behind a newer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import CompoundSelect, FromClause, Integer, Select, Table, bindparam, func, literal, select, union_all

if TYPE_CHECKING:
    from exchange.store.work import Work

_LATE = 50_000
"""No transaction stands still for longer than some seconds (:mod:`exchange.store.engine`); a busy axis draws some thousand ids of one table
in each."""
_SOON = 4_000
"""Nearly all are committed before so many more were drawn."""


def reserve_ids(work: Work, table: Table, count: int) -> range | list[int]:
    """Ids for rows that are about to be inserted. SQLite's writer holds the only write lock; PostgreSQL draws from the sequence."""
    if count == 0:
        return []
    if work.dialect == "sqlite":
        last = int(work.value(_last_id(table)))
        return range(last + 1, last + 1 + count)
    return sorted(row[0] for row in work.all(_drawn_ids(table), {"count": count}))


def reserve_several(work: Work, counts: Mapping[Table, int]) -> dict[Table, Sequence[int]]:
    """As :func:`reserve_ids`, for several tables in one question."""
    wanted = {table: count for table, count in counts.items() if count}
    if work.dialect == "sqlite" or len(wanted) < 2:
        return {table: reserve_ids(work, table, count) for table, count in counts.items()}
    found: dict[Table, list[int]] = {table: [] for table in counts}
    tables = tuple(wanted)
    for place, number in work.rows(_drawn_of_several(tables), {f"count{place}": wanted[table] for place, table in enumerate(tables)}):
        found[tables[place]].append(number)
    return {table: sorted(numbers) for table, numbers in found.items()}


def late_ids(dialect: str, *, all_of_them: bool = True) -> int:
    """How far behind the newest id of a table a row may still appear: SQLite's one writer commits in the order of its ids, PostgreSQL's
    writers draw ids from a sequence and commit when they are done. ``all_of_them``: or else how far nearly none do.
    """
    if dialect == "sqlite":
        return 0
    return _LATE if all_of_them else _SOON


@cache
def _last_id(table: Table) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0))


@cache
def _drawn_ids(table: Table) -> Select[Any]:
    return select(func.nextval(func.pg_get_serial_sequence(table.name, "id"))).select_from(_series("count"))


@cache
def _drawn_of_several(tables: tuple[Table, ...]) -> CompoundSelect[Any]:
    drawn = (func.nextval(func.pg_get_serial_sequence(table.name, "id")) for table in tables)
    return union_all(*(select(literal(place, Integer), one).select_from(_series(f"count{place}")) for place, one in enumerate(drawn)))


def _series(count: str) -> FromClause:
    return func.generate_series(1, bindparam(count, type_=Integer)).alias("n")
