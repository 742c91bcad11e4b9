"""Brings a database to the schema this code speaks, or says in one sentence why it will not touch it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, PrimaryKeyConstraint, Table, UniqueConstraint, inspect, text
from sqlalchemy.exc import DBAPIError

from exchange.errors import StoreUnavailable, StoreVersionMismatch
from exchange.store.ailments import fault_of
from exchange.store.dialect import begin_sql
from exchange.store.locks import Lock, alone
from exchange.store.tables import VERSION, metadata

MIGRATIONS = Path(__file__).parent / "migrations"

NAMELESS = "none"
"""The version of a database with tables that says nothing of a version: somebody else's."""


def ensure_schema(engine: Engine) -> None:
    """Make the tables in an empty database; accept one of this version.

    Raises :class:`StoreVersionMismatch` for any other database, :class:`StoreUnavailable` when it cannot be read or written.
    An older database is moved on by :func:`upgrade`, on request only.
    """
    try:
        if version_of(engine) == "":
            with alone(engine, Lock.OPENING, wait=True):
                if version_of(engine) == "":  # else another process was quicker
                    upgrade(engine)
        found = version_of(engine)
        if found != VERSION:
            raise StoreVersionMismatch(found, VERSION)
    except DBAPIError as error:
        reason = fault_of(error.orig)
        if reason is None:
            raise
        raise StoreUnavailable(reason) from error


def bring_up(engine: Engine) -> tuple[str, str]:
    """Move an empty or older database on; gives its versions before and after. Whoever comes meanwhile waits.

    Raises :class:`StoreVersionMismatch` for somebody else's database or a newer one, :class:`StoreUnavailable`.
    """
    try:
        with alone(engine, Lock.OPENING, wait=True):
            found = version_of(engine)
            if found == NAMELESS or found > VERSION:
                raise StoreVersionMismatch(found, VERSION)
            if found != VERSION:
                upgrade(engine)
            return found, version_of(engine)
    except DBAPIError as error:
        reason = fault_of(error.orig)
        if reason is None:
            raise
        raise StoreUnavailable(reason) from error
    finally:
        engine.dispose()


def upgrade(engine: Engine) -> None:
    """Run every Alembic migration that this database has not seen, in one transaction."""
    from alembic import command  # noqa: PLC0415 - a database that is up to date starts without Alembic's import time
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        connection.exec_driver_sql(begin_sql(connection.dialect.name, writing=True))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def version_of(engine: Engine) -> str:
    """The revision found, ``''`` for an empty database, ``none`` for somebody else's."""
    with engine.connect() as connection:
        return _version_in(connection)


def missing_from(engine: Engine) -> tuple[str, ...]:
    """Tables, and columns as ``table.column``, that this schema has and the database has not."""
    with engine.connect() as connection:
        seen = inspect(connection)
        there = {table: {column["name"] for column in seen.get_columns(table)} for table in seen.get_table_names()}
    tables = metadata.sorted_tables
    return (
        *sorted(table.name for table in tables if table.name not in there),
        *sorted(
            f"{table.name}.{column.name}"
            for table in tables
            for column in table.columns
            if column.name not in there.get(table.name, column.name)
        ),
    )


def unenforced(engine: Engine) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What the schema has only once and nothing in the database keeps from being there twice, as (table, columns).

    Whoever reads page after page, from the last key on, passes over the second row of a key. What there is, is asked of the database's own
    lists, not read in the texts of its tables: SQLite's check of the file then holds each row against it.
    """
    unique = _unique_in_sqlite if engine.dialect.name == "sqlite" else _unique_in_catalogue
    missing = []
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        for table in metadata.sorted_tables:
            if table.name in there:
                enforced = unique(connection, table.name)
                missing += [(table.name, columns) for columns in _once(table) if not any(one <= set(columns) for one in enforced)]
    return tuple(missing)


def _once(table: Table) -> list[tuple[str, ...]]:
    """Columns of which no two rows have the same, by the schema."""
    unique = [one for one in table.constraints if isinstance(one, PrimaryKeyConstraint | UniqueConstraint)]
    return sorted(tuple(column.name for column in one.columns) for one in unique)


def _unique_in_sqlite(connection: Connection, table: str) -> list[set[str]]:
    found, keyed = [], False
    for _, name, unique, origin, partial in connection.execute(text("SELECT * FROM pragma_index_list(:name)"), {"name": table}):
        keyed |= origin == "pk"
        columns = connection.execute(text('SELECT name, coll FROM pragma_index_xinfo(:name) WHERE "key"'), {"name": name}).all()
        if unique and not partial and all(column is not None and order == "BINARY" for column, order in columns):
            found.append({column for column, _ in columns})
    key = connection.execute(text("SELECT name FROM pragma_table_info(:name) WHERE pk"), {"name": table}).scalars().all()
    return found if keyed or not key else [*found, set(key)]  # a key without an index of its own is the row's number


def _unique_in_catalogue(connection: Connection, table: str) -> list[set[str]]:
    seen = inspect(connection)
    found = [seen.get_pk_constraint(table)["constrained_columns"], *(one["column_names"] for one in seen.get_unique_constraints(table))]
    return [set(columns) for columns in found if columns]


def _version_in(connection: Connection) -> str:
    tables = inspect(connection).get_table_names()
    if not tables:
        return ""
    if "alembic_version" not in tables:
        return NAMELESS
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or NAMELESS)
