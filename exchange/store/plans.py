"""Core statements as the driver takes them: compiled once per engine, then text and positions.

A clerk's sitting runs dozens of small statements. Executing them through SQLAlchemy's Connection costs more than SQLite's own work
(measured: 2.2 ms against 1.1 ms for one status package from submit to fetch; handing compiled text to ``exec_driver_sql`` gained nothing,
since the result set-up is what costs). So statements stay Core and portable, and execution goes to the driver's cursor.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

from sqlalchemy import Dialect, Executable, LargeBinary, Select
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TupleType, TypeEngine

Row = Mapping[str, Any]
Arguments = tuple[Any, ...] | dict[str, Any]
_PLAIN = re.compile(r"[A-Za-z0-9 _.>-]*")
"""Texts that mean in SQL what they are."""
_MOST = 400
"""Statements are module-level constants; a cache that reaches this is fed by a loop and starts again."""

_FILLED = 1024
"""Longer lists are left alone: a statement has no more than some thousand parameters."""


def _plain(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, compiled. ``make`` turns the driver's row into a named one."""

    compiled: SQLCompiler
    sql: str
    order: tuple[str, ...]
    constants: Row
    lists: frozenset[str]
    """Parameters that stand for an IN list."""
    arrays: bool
    """Whether the lists are handed over as arrays: PostgreSQL then has one statement, whatever their lengths."""
    make: Callable[[Iterable[Any]], Any]
    expanded: dict[tuple[int, ...], str]
    """Texts by the lengths of the lists, each as :func:`_filled` up."""
    gathered: str = ""
    """The same statement for many rows at once, each parameter an array with a value for each row; empty where there is none."""
    adds: bool = False
    """Whether it only adds rows, whatever is there: then its rows may be added together with those of other tables."""
    binary: tuple[str, ...] = ()
    """Parameters of ``gathered`` that must have a value in some row, for they are handed over as they are and not as text."""

    def gather(self, rows: Sequence[Row]) -> dict[str, Any] | None:
        """The arrays of ``gathered``; nothing where the rows are to be handed over one by one."""
        if not self.gathered:
            return None
        arrays = {name: [row[name] for row in rows] for name in rows[0]}
        if any(all(value is None for value in arrays[name]) for name in self.binary):
            return None
        return {**self.constants, **arrays}

    def bind(self, row: Row) -> tuple[str, Arguments]:
        """Text and parameters of one execution."""
        if not self.lists:
            return self.sql, self.arguments(row)
        if self.arrays:
            return self.sql, {**self.constants, **row}
        if not self.compiled.positional:
            state = self.compiled.construct_expanded_state({**self.constants, **row})
            return state.statement, dict(state.parameters)
        filled = {**self.constants, **row}
        for name in self.lists:
            filled[name] = _filled(filled[name])
        return self._text(filled), self._spread(filled)

    def arguments(self, row: Row) -> Arguments:
        """Parameters of one execution of a statement without IN lists."""
        constants = self.constants
        if self.compiled.positional:
            return tuple([row[name] if name in row else constants[name] for name in self.order])
        return {**constants, **row}

    def _text(self, row: Row) -> str:
        lengths = tuple([len(row[name]) for name in self.order if name in self.lists])
        text = self.expanded.get(lengths)
        if text is None:
            if len(self.expanded) >= _MOST:
                self.expanded.clear()
            text = self.expanded[lengths] = self.compiled.construct_expanded_state(dict(row)).statement
        return text

    def _spread(self, row: Row) -> tuple[Any, ...]:
        spread: list[Any] = []
        for name in self.order:
            value = row[name]
            if name not in self.lists:
                spread.append(value)
            elif value and isinstance(value[0], tuple):
                spread += [part for entry in value for part in entry]
            else:
                spread += value
        return tuple(spread)


def _filled(values: Sequence[Any]) -> Sequence[Any]:
    """A list for IN, its last value repeated up to the next power of two: a dozen texts to prepare and keep, not one for each length."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values) if 2 < len(values) <= _FILLED else 0
    return [*values, *repeat(values[-1], missing)] if missing else values


class Plans:
    """The compiled statements of one engine."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._plans: dict[Executable, Plan] = {}
        self._together: dict[tuple[str, ...], str] = {}
        self._asked: dict[Executable, str] = {}

    def asked(self, statement: Executable, row: Row) -> str:
        """A query for many rows of parameters at once, each an array, with the answers in their order; empty where the driver has none."""
        text = self._asked.get(statement)
        if text is None:
            plan = self.of(statement, row)
            text = self._asked[statement] = "" if plan.compiled.positional else _asked(plan.compiled, plan.sql, row)
        return text

    def together(self, added: Sequence[tuple[Plan, Row]]) -> tuple[str, dict[str, Any]]:
        """Additions to several tables as one statement, and its parameters. Foreign keys are looked at when all of it is done."""
        if len(added) == 1:
            return added[0][0].gathered, dict(added[0][1])
        key = tuple(plan.gathered for plan, _ in added)
        text = self._together.get(key)
        if text is None:
            if len(self._together) >= _MOST:
                self._together.clear()
            parts = [_NAME.sub(rf"%(w{number}_\1)", part) for number, part in enumerate(key)]
            first = ", ".join(f"w{number} AS ({part})" for number, part in enumerate(parts[:-1]))
            text = self._together[key] = f"WITH {first} {parts[-1]}"
        return text, {f"w{number}_{name}": value for number, (_, arrays) in enumerate(added) for name, value in arrays.items()}

    def of(self, statement: Executable, row: Row) -> Plan:
        """The plan of a statement; ``row`` tells which columns an INSERT fills, the same ones each time."""
        plan = self._plans.get(statement)
        if plan is None:
            if len(self._plans) >= _MOST:
                self._plans.clear()
            plan = self._plans[statement] = self._compile(statement, row)
        return plan

    def _compile(self, statement: Executable, row: Row) -> Plan:
        # for_executemany: nobody asks an INSERT for the ids it made, so it need not return them
        compiled = statement.compile(dialect=self._dialect, column_keys=list(row) if row else None, for_executemany=True)  # type: ignore[attr-defined]
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("only Core statements are run in a unit of work")
        make: Callable[[Iterable[Any]], Any] = _plain
        if isinstance(statement, Select):
            names = [column.key or f"column_{index}" for index, column in enumerate(statement.selected_columns)]
            line: Any = namedtuple("Line", names, rename=True)  # type: ignore[misc]  # the names are the statement's
            make = partial(tuple.__new__, line)  # as its _make, in half the time: a row has as many columns as it was asked for
        lists = frozenset(str(compiled.bind_names[one]) for one in compiled.post_compile_params)
        sql, arrays = str(compiled), False
        constants = dict(compiled.params)
        gathered, binary = "", tuple[str, ...]()
        if not compiled.positional:
            if lists:
                sql, arrays = _with_arrays(compiled, sql, lists)
            if arrays or not lists:
                sql = _with_constants(sql, constants, [name for name, bind in compiled.binds.items() if not bind.required])
            if row and not lists:
                gathered, binary = _gathered(compiled, sql, row)
        adds = bool(gathered) and bool(compiled.isinsert) and " ON CONFLICT " not in gathered
        return Plan(compiled, sql, tuple(compiled.positiontup or ()), constants, lists, arrays, make, {}, gathered, adds, binary)


def _with_constants(sql: str, constants: dict[str, Any], own: Iterable[str]) -> str:
    """What a statement says itself (``own``) written into it; what is left of ``constants`` is for the caller to say.

    PostgreSQL plans a prepared statement once for all values only if that is as good as planning it for these. With ``open = $2`` it never
    is: for all it knows the value is not the one a partial index is made for. So it planned polls and claims anew at each execution.
    """
    for name in own:
        value = constants.get(name)
        if isinstance(value, int) or (isinstance(value, str) and _PLAIN.fullmatch(value)):
            sql = sql.replace(f"%({name})s", str(int(value)) if isinstance(value, int) else f"'{value}'")
            del constants[name]
    return sql


def plain_type(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """Its name, without the order of its values, which an array has not."""
    return kind.compile(dialect=dialect).partition(" COLLATE ")[0]


def _gathered(compiled: SQLCompiler, sql: str, row: Row) -> tuple[str, tuple[str, ...]]:
    """An INSERT, UPDATE or DELETE of one row as one of many: PostgreSQL then plans and starts it once, not for each of them.

    No two rows may be about the same one: which of them would count is not said.
    """
    changes = compiled.isinsert or compiled.isupdate or compiled.isdelete
    types = {name: compiled.binds[name].type for name in row if name in compiled.binds} if changes else {}
    if not changes or len(types) != len(row):
        return "", ()
    binary = tuple(name for name, kind in types.items() if isinstance(kind, LargeBinary))
    arrays = (f"%({name}){'b' if name in binary else 's'}::{plain_type(kind, compiled.dialect)}[]" for name, kind in types.items())
    source = f"unnest({', '.join(arrays)}) AS many({', '.join(types)})"
    named = _PARAMETER.sub(lambda found: f"many.{found[1]}" if found[1] in types else found[0], sql)
    if compiled.isinsert:
        found = _VALUES.fullmatch(named)
        return ("".join((found[1], "SELECT ", found[2], " FROM ", source, found[3])) if found else ""), binary
    head, where, condition = named.partition(" WHERE ")
    return (f"{head} {'FROM' if compiled.isupdate else 'USING'} {source}{where}{condition}" if where else ""), binary


def _asked(compiled: SQLCompiler, sql: str, row: Row) -> str:
    """A query of one row of parameters as one of many."""
    types = {name: compiled.binds[name].type for name in row}
    arrays = (f"%({name})s::{plain_type(kind, compiled.dialect)}[]" for name, kind in types.items())
    named = _PARAMETER.sub(lambda found: f"many.{found[1]}", sql)
    source = f"unnest({', '.join(arrays)}) WITH ORDINALITY AS many({', '.join(types)}, place)"
    return "".join(("SELECT answer.* FROM ", source, " CROSS JOIN LATERAL (", named, ") AS answer ORDER BY many.place"))


_NAME = re.compile(r"%\((\w+)\)")
_PARAMETER = re.compile(r"%\((\w+)\)s(?:::(?:SMALLINT|INTEGER|BIGINT|VARCHAR|TEXT|BYTEA)\b)?")
_VALUES = re.compile(r"(INSERT INTO \w+ \([^()]*\) )VALUES \(([^()]*)\)( ON CONFLICT .*?|)(?: RETURNING \w+\.id)?")


def _with_arrays(compiled: SQLCompiler, sql: str, lists: frozenset[str]) -> tuple[str, bool]:
    """``IN (list)`` as ``= ANY(array)``, ``NOT IN`` as ``<> ALL``, unless a list is one of tuples."""
    for name in lists:
        kind = compiled.binds[name].type
        placeholder = f"IN (__[POSTCOMPILE_{name}])"
        if isinstance(kind, TupleType) or placeholder not in sql:
            return str(compiled), False
        values = f"(%({name})s::{plain_type(kind, compiled.dialect)}[])"
        sql = sql.replace(f"NOT {placeholder}", f"<> ALL{values}").replace(placeholder, f"= ANY{values}")
    return sql, True
