"""PostgreSQL's side of the store: migrations, append-only tables, the order of texts, what a server says when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from exchange.administration import Deed
from exchange.domain.lifecycle import DeliveryState
from exchange.errors import StoreUnavailable
from exchange.metering import Reported
from exchange.store.ailments import NO_ENTRY, UNREACHABLE, fault_of
from exchange.store.dialect import insert_new, keep_plans_short
from exchange.store.engine import open_engine
from exchange.store.locks import free_shards
from exchange.store.schema import MIGRATIONS, ensure_schema, version_of
from exchange.store.tables import APPEND_ONLY, VERSION, blob, lockout, metadata, outbox
from exchange.store.texts import storable
from exchange.store.work import Store
from signing import add_document_timestamp
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, TODAY, Doc, at, letter, open_field, pki, send
from tests.judges import needs_postgres
from tests.servers import Postgres, free_port

pytestmark = needs_postgres


def test_the_migrations_make_exactly_the_tables_of_the_code(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        texts = "SELECT count(*), count(*) FILTER (WHERE collation_name = 'C') FROM information_schema.columns"
        counted = connection.execute(text(f"{texts} WHERE table_schema = 'public' AND data_type = 'text'")).one()
        assert counted[0] == counted[1] > 40
    engine.dispose()


ODD = ("", "NULL", "null", "{", "a,b", 'x"y', "\\", "Hòa Bình", " ")
WORDS = st.lists(st.one_of(st.none(), st.text(), st.sampled_from(ODD)), max_size=8)
NUMBERS = st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=8)


@pytest.fixture(scope="module")
def asked(postgres: Postgres) -> Iterator[Connection]:
    """A connection as the service has it."""
    url = postgres.create()
    engine = open_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    postgres.drop(url)


@given(words=WORDS, numbers=NUMBERS, octets=st.lists(st.binary(), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_columns_of_many_rows_arrive_as_they_were(
    asked: Connection, words: list[str | None], numbers: list[int | None], octets: list[bytes]
) -> None:
    query = "SELECT %(words)s::TEXT[], %(numbers)s::BIGINT[], %(octets)b::BYTEA[], %(mixed)s::BOOLEAN[]"
    told = {"words": words, "numbers": numbers, "octets": octets, "mixed": [True, None, False]}
    found = asked.exec_driver_sql(query, told).one()
    assert found[0] == [None if one is None else storable(one) for one in words]
    assert found[1:] == (numbers, octets, [True, None, False])


def test_migrations_go_back_and_forth(postgres: Postgres) -> None:
    url = postgres.create()
    engine = open_engine(url)
    ensure_schema(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    for to in ("0001", "head"):
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            config.attributes["connection"] = connection
            (command.downgrade if to == "0001" else command.upgrade)(config, to)
            connection.commit()
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    postgres.drop(url)


def test_four_that_open_an_empty_database_at_once_make_it_once(postgres: Postgres) -> None:
    url = postgres.create()
    with ThreadPoolExecutor(4) as pool:
        for axis in list(pool.map(lambda _: open_field(url), range(4))):
            axis.close()
    engine = open_engine(url)
    assert version_of(engine) == VERSION
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM trust")).scalar_one() == 1
    engine.dispose()
    postgres.drop(url)


def test_the_history_and_the_ledger_can_only_be_added_to(postgres_url: str) -> None:
    axis = open_field(postgres_url, metering=Reported("here"))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "7", letter=b"none").package(), 0)
    for number in range(100, 300):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    stamped = add_document_timestamp(letter(PROVINCE, (DEPARTMENT,), "8", TODAY), lambda digest: pki().stamp(digest, at(-60)))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "8", letter=stamped).package(), 0)
    axis.settle(at(60))
    axis.administration.requeue(None, Deed("an", "mended"))
    axis.seal(at(60))
    axis.close()
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        for table in APPEND_ONLY:
            assert connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()
            column = next(iter(table.columns)).name
            for statement in (f"DELETE FROM {table.name}", f"UPDATE {table.name} SET {column} = {column}"):
                with pytest.raises(DBAPIError, match="append-only"):
                    connection.execute(text(statement))
    engine.dispose()


def test_texts_are_ordered_by_their_bytes_whatever_the_server_speaks(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    words = ["H28.20", "h28.1", "H28", "Đ1", "D1", "a", "Z", "é"]
    with engine.connect() as connection:
        for word in words:
            connection.execute(text("INSERT INTO member VALUES (:word, '', '')"), {"word": word})
        ordered = [row[0] for row in connection.execute(text("SELECT organ FROM member ORDER BY organ"))]
    engine.dispose()
    assert ordered == sorted(words)


def test_a_reader_sees_one_moment_and_changes_nothing(postgres_url: str) -> None:
    axis = open_field(postgres_url)
    other = Store(open_engine(postgres_url))
    count = text("SELECT count(*) FROM package")
    with axis._store.reading() as work:
        before = work.value(count)
        with other.writing() as writer:
            writer.run(text("INSERT INTO outage (hop, since, until) VALUES ('x', 1, 2)"))
        assert (work.value(count), work.value(text("SELECT count(*) FROM outage"))) == (before, 0)
    with pytest.raises(StoreUnavailable, match="read-only"), axis._store.reading() as work:
        work.run(text("DELETE FROM outage"))
    other.close()
    axis.close()


def test_shards_are_locked_to_the_end_of_a_transaction_and_by_one(postgres_url: str) -> None:
    one, two = (Store(open_engine(postgres_url)) for _ in range(2))
    with one.writing() as work, two.writing() as other:
        assert free_shards(work, [1, 2, 3]) == [1, 2, 3]
        assert free_shards(other, [2, 3, 4]) == [4]
    with two.writing() as other:
        assert free_shards(other, [2, 3, 4]) == [2, 3, 4]
    one.close()
    two.close()


def test_a_transaction_that_stands_still_loses_its_rows(postgres_url: str) -> None:
    """A process stopped within a transaction: others wait for its rows for some seconds, not for ever."""
    axis = open_field(postgres_url)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    stopped = open_engine(postgres_url)
    with stopped.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("UPDATE delivery SET reason = 'held'")
        axis._dispatcher.settle(round(at(60).timestamp()))  # routing wants the row
        assert axis.count(DeliveryState.WAITING) == 1
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql("SELECT 1")
        connection.invalidate()
    stopped.dispose()
    axis.close()


def test_where_nobody_listens_the_database_is_unreachable() -> None:
    with pytest.raises(StoreUnavailable, match="not reachable"):
        open_field(f"postgresql+psycopg://truc@127.0.0.1:{free_port()}/none")


@pytest.mark.parametrize(("given", "kept"), [("x\0y", "x\ufffdy"), ("\ud800", "?"), ("Hòa Bình", "Hòa Bình"), ("", "")])
def test_what_no_database_takes_is_replaced(postgres_url: str, given: str, kept: str) -> None:
    assert storable(given) == kept
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT %s::text", (given,)).scalar_one() == kept
    engine.dispose()


def test_many_rows_are_one_statement_and_what_row_by_row_would_have_made(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that need quotes in an array, bytes of any value, nothing in some rows or in all of them."""
    store = Store(open_engine(postgres_url))
    texts = ["", " a", 'quote " and \\ and {,}', "NULL", "thượng khẩn", "nul \0 in it", "lone \ud800"]
    rows: list[dict[str, object]] = [
        {
            "sha256": bytes([number, 0, 255]),
            "size": 1 << number * 6,
            "template": None if number % 2 else b"t\\x",
            "data": b"",
            "upload": None,
        }
        for number in range(7)
    ]
    with store.writing() as work:
        work.many(insert(blob), rows)
        work.many(insert(blob), [{**row, "sha256": b"without" + bytes([place]), "template": None} for place, row in enumerate(rows)])
        work.many(insert(lockout), [{"organ": f"H{place}", "since": -place, "reason": words} for place, words in enumerate(texts)])
        change = (
            update(lockout).where(lockout.c.organ == bindparam("b_organ")).values(since=lockout.c.since + bindparam("b_by"), reason="all")
        )
        work.many(change, [{"b_organ": f"H{place}", "b_by": 10 * place} for place in (1, 2, 99)])
        work.many(delete(lockout).where(lockout.c.organ == bindparam("b_organ")), [{"b_organ": "H3"}, {"b_organ": "H4"}])
        kept = [row[1:] for row in work.rows(select(blob).order_by(blob.c.id))]
        assert kept[:7] == [tuple(row.values()) for row in rows]
        assert [row[2] for row in kept[7:]] == [None] * 7
        left = work.rows(select(lockout).order_by(lockout.c.organ))
    assert left == [
        ("H0", 0, ""), ("H1", 9, "all"), ("H2", 18, "all"), ("H5", -5, "nul \ufffd in it"), ("H6", -6, "lone ?"),
    ]  # fmt: skip
    executed: list[str] = []
    cursor = type(work._cursor)
    monkeypatch.setattr(cursor, "executemany", lambda *_: executed.append("executemany"))
    with store.writing() as work:
        work.many(insert_new(blob, "sha256", "postgresql"), [*rows[:2], {**rows[2], "sha256": b"new"}])
        assert work.value(select(func.count()).select_from(blob)) == 15
    assert executed == []
    store.close()


def test_the_claim_walks_the_line_and_stops(postgres_url: str) -> None:
    """Ten thousand rows of backlog: the plan reads an index in order and no more rows than it gives."""
    engine = open_engine(postgres_url)
    columns = ", ".join(column.name for column in outbox.columns if column.name != "id")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        values = "'verify', n, 'H' || mod(n, 50), 0, 0, 0, 0, '', 0, '', n, 0, 0"
        connection.exec_driver_sql(f"INSERT INTO outbox ({columns}) SELECT {values} FROM generate_series(1, 10000) AS n")
        connection.exec_driver_sql("ANALYZE outbox")
        query = "SELECT id FROM outbox WHERE stage = 'verify' AND parked = 0 AND ready_at <= 5 ORDER BY turn, package LIMIT 32"
        lines = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {query} FOR UPDATE SKIP LOCKED")]
    engine.dispose()
    plan = "\n".join(lines)
    assert "ix_outbox_line" in plan
    assert "Sort" not in plan
    assert "rows=32" in lines[0]


def test_a_pool_that_is_used_up_is_the_machines_fault_and_not_a_riddle(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    store = Store(engine)
    held = [engine.connect() for _ in range(12)]
    with pytest.raises(StoreUnavailable, match="every connection to the database is in use"), store.reading():
        pass
    for one in held:
        one.close()
    with store.reading() as work:
        assert work.value(select(1)) == 1
    store.close()


def test_a_query_that_takes_too_long_is_ended_and_the_next_transaction_has_its_time(postgres_url: str) -> None:
    store = Store(open_engine(postgres_url))
    names = ("join_collapse_limit", "statement_timeout", "enable_hashjoin", "enable_mergejoin")
    shown = text("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
    with store.reading() as work:
        keep_plans_short(work, 30, by_ids=True)
        assert work.rows(shown) == [("1", "30s", "off", "off")]
    with store.reading() as work:
        assert work.rows(shown) == [("8", "0", "on", "on")]

    def long() -> None:
        with store.reading() as work:
            work.rows(text("SELECT set_config('statement_timeout', '50ms', true)"))
            work.rows(text("SELECT pg_sleep(5)"))

    with pytest.raises(StoreUnavailable, match="took too long"):
        long()
    with store.reading() as work:
        assert work.rows(text("SELECT 1")) == [(1,)]
    store.close()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('connection failed: FATAL:  password authentication failed for user "truc"', NO_ENTRY),
        ("connection failed: fe_sendauth: no password supplied", NO_ENTRY),
        ('connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "truc"', NO_ENTRY),
        ('connection failed: FATAL:  role "truc" does not exist', NO_ENTRY),
        ("failed to resolve host 'password-db.invalid'", UNREACHABLE),
        ("connection failed: Connection refused", UNREACHABLE),
    ],
)
def test_a_server_that_lets_nobody_in_is_told_from_one_that_is_not_there(said: str, found: str) -> None:
    import psycopg

    assert fault_of(psycopg.OperationalError(said)) == found
