"""Which statements of an axis read a whole table or a whole index, by PostgreSQL's own plans.

A :class:`Recorder` writes down every statement an engine sends; :func:`whole_reads` has PostgreSQL plan each of them again, as it is
planned once for all values, or for the values it was sent with, and names what is read from end to end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from sqlalchemy import Engine, event

_PLACE = re.compile(r"%\((\w+)\)[sb]")
_LEADING = "SELECT indexrelid::regclass::text, CASE WHEN indpred IS NULL THEN pg_get_indexdef(indexrelid, 1, true) END FROM pg_index"
"""The first column of each index; nothing for one that holds some rows only, which may be read whole."""
_BELIEVED = (
    "UPDATE pg_class SET reltuples = 1000000, relpages = greatest(pg_relation_size(oid) / 8192, 1) "
    "WHERE relkind = 'r' AND relname = ANY(%s) AND relnamespace = 'public'::regnamespace"
)
"""What a planner takes for the number of rows: how many there were on a page, times the pages there are."""
_FORGOTTEN = (
    "UPDATE pg_class SET relallvisible = 0 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace",
    "DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)",
)
"""What the server may have counted by itself meanwhile, in tables that are small."""
_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_BROAD = {"uq_ledger_entry_kind_fact": "fact"}
"""Indexes whose first column says little, and what a condition on them has to name."""


@dataclass(frozen=True, slots=True)
class WholeRead:
    """One node of a plan: ``how`` is PostgreSQL's name for it, ``index`` empty where the table itself is read."""

    statement: str
    table: str
    how: str
    index: str

    def __str__(self) -> str:
        return f"{self.how} of {self.index or self.table}: {' '.join(self.statement.split())}"


class Recorder:
    """Every statement sent from now on, with the first parameters it was sent with."""

    def __init__(self, engine: Engine) -> None:
        self.statements: dict[str, Mapping[str, Any]] = {}
        seen = self.statements

        class Recording(Cursor[Any]):
            """Notes what it executes."""

            def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
                seen.setdefault(str(query), params or {})
                return super().execute(query, params, **options)

            def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
                rows = list(params_seq)
                seen.setdefault(str(query), rows[0])
                super().executemany(query, rows, **options)

        def equip(connection: Any, _record: object) -> None:
            connection.cursor_factory = Recording

        event.listen(engine, "connect", equip)
        engine.dispose()  # what is open already would not tell


def whole_reads(
    engine: Engine, statements: Mapping[str, Mapping[str, Any]], tables: Collection[str], *, generic: bool
) -> Iterator[WholeRead]:
    """What is read from end to end of these tables.

    ``generic``: as planned once for all values, by a planner that believes each of these tables to have a million rows: for a small
    database of a superuser's. Otherwise as planned for the values told, on the sizes there are.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw: Any = connection.connection.dbapi_connection
        leading = dict(raw.execute(_LEADING).fetchall())
        if generic:
            for forgotten in _FORGOTTEN:
                raw.execute(forgotten)
            raw.execute(_BELIEVED, (list(tables),))
        for statement, said in statements.items():
            if statement.lstrip().startswith(_VERBS):
                for node in _nodes(_plan(raw, statement, said, generic=generic), leading, bounded=False):
                    if node["Relation Name"] in tables:
                        yield WholeRead(statement, node["Relation Name"], node["Node Type"], node.get("Index Name", ""))
        if generic:
            raw.execute("ANALYZE")


def _plan(raw: Any, statement: str, said: Mapping[str, Any], *, generic: bool) -> dict[str, Any]:
    if generic:
        names = list(dict.fromkeys(_PLACE.findall(statement)))
        text = _PLACE.sub(lambda found: f"${names.index(found[1]) + 1}", statement).replace("%%", "%")
        (found,) = raw.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {text}").fetchone()
    else:
        (found,) = raw.execute(f"EXPLAIN (FORMAT JSON) {statement}", said).fetchone()
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any], leading: Mapping[str, str | None], *, bounded: bool) -> Iterator[dict[str, Any]]:
    """Scans without a condition on the first column of an index, but those that a limit right above them ends."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        index = plan.get("Index Name", "")
        said = plan.get("Index Cond", plan.get("Recheck Cond", ""))
        by = index or next((child.get("Index Name", "") for child in plan.get("Plans", ())), "")
        first = leading.get(by, "")
        narrow = first is None or (said and first in said and _BROAD.get(by, "") in said)
        if not narrow and not (bounded and index):
            yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child, leading, bounded=plan["Node Type"] == "Limit" or (bounded and plan["Node Type"] in {"LockRows", "Result"}))
