"""What must read the same on PostgreSQL: every statement of the axis compiles for it, and the claim skips locked rows there."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Delete, Insert, Integer, MetaData, Select, Table, Update, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

import exchange
from exchange.outbox import _READY
from exchange.store.ailments import fault_of
from exchange.store.dialect import append_only_ddl
from exchange.store.engine import in_memory
from exchange.store.locks import skip_locked
from exchange.store.plans import Plans
from exchange.store.tables import metadata

PSYCOPG = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
SQLITE = sqlite.dialect(paramstyle="qmark")
INSERTS = {"postgresql": postgresql.Insert, "sqlite": sqlite.Insert}


def statements() -> list[tuple[str, object]]:
    """Every Core statement kept as a constant of a module of the axis."""
    found = []
    for module in pkgutil.walk_packages(exchange.__path__, "exchange."):
        if ".migrations" in module.name:
            continue
        values = vars(importlib.import_module(module.name))
        for name, value in values.items():
            for key, one in value.items() if isinstance(value, dict) else [("", value)]:
                if isinstance(one, Select | Insert | Update | Delete):
                    found.append((f"{module.name}.{name}[{key}]", one))
    return found


def test_there_are_statements_to_look_at() -> None:
    assert len(statements()) > 60


@pytest.mark.parametrize(("name", "statement"), statements())
def test_a_statement_compiles_for_both_dialects(name: str, statement: object) -> None:
    for dialect in (PSYCOPG, SQLITE):
        if isinstance(statement, postgresql.Insert | sqlite.Insert) and not isinstance(statement, INSERTS[dialect.name]):
            continue  # each of these two has a word for its own dialect
        plan = Plans(dialect).of(statement, {})  # type: ignore[arg-type]
        assert plan.sql
        assert bool(plan.order) == (dialect is SQLITE and bool(plan.constants))


NUMBERS = Table("n", MetaData(), Column("n", Integer))
AMONG = select(NUMBERS.c.n).where(NUMBERS.c.n.in_(bindparam("wanted", expanding=True))).order_by(NUMBERS.c.n)


@given(st.lists(st.integers(0, 9), max_size=40))
def test_a_list_is_filled_up_and_means_the_same(values: list[int]) -> None:
    plan = Plans(SQLITE).of(AMONG, {})
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE n (n INTEGER)")
    connection.executemany("INSERT INTO n VALUES (?)", [(number,) for number in range(8)])
    found = [row[0] for row in connection.execute(*plan.bind({"wanted": values}))]  # type: ignore[arg-type]
    connection.close()
    assert found == sorted({value for value in values if value < 8})


def test_lists_of_all_lengths_share_a_few_texts() -> None:
    plan = Plans(SQLITE).of(AMONG, {})
    for length in range(1, 1025):
        plan.bind({"wanted": [1] * length})
    assert len(plan.expanded) <= 12


def test_tables_indexes_and_triggers_are_written_for_both_dialects() -> None:
    for table in metadata.sorted_tables:
        for dialect in (PSYCOPG, SQLITE):
            assert str(CreateTable(table).compile(dialect=dialect))
            assert all(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    assert "BIGSERIAL" in str(CreateTable(metadata.tables["package"]).compile(dialect=PSYCOPG))
    assert "id INTEGER NOT NULL" in str(CreateTable(metadata.tables["package"]).compile(dialect=SQLITE))
    assert len(append_only_ddl("receipt", "postgresql")) == len(append_only_ddl("receipt", "sqlite")) == 2


def test_only_postgresql_skips_locked_rows() -> None:
    query = _READY["postgresql"]
    assert "FOR UPDATE SKIP LOCKED" in str(skip_locked(query, "postgresql").compile(dialect=PSYCOPG))
    assert skip_locked(query, "sqlite") is query


def test_faults_of_postgresql_have_names_too() -> None:
    full, read_only, own = Exception(), Exception(), Exception()
    full.sqlstate, read_only.sqlstate, own.sqlstate = "53100", "25006", "23505"  # type: ignore[attr-defined]
    assert fault_of(full) == "the database server is out of resources"
    assert fault_of(read_only) == "the database is read-only"
    assert fault_of(own) is None
    assert fault_of(None) is None


def test_a_database_in_memory_is_known_as_such() -> None:
    assert in_memory("sqlite://")
    assert not in_memory("sqlite:///x.db")
    assert not in_memory("postgresql+psycopg://host/db")
