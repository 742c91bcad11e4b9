"""No statement of the service reads a table from end to end that grows with documents, but for those that count them all.

PostgreSQL is asked for the plan it would keep for all values, and made to believe that each table has a million rows.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from exchange.administration import Deed
from exchange.api import Fetched
from exchange.axis import Axis
from exchange.crew import Crew
from exchange.domain.lifecycle import DeliveryState, Operation, StatusCode
from exchange.doorbell import Silent
from exchange.edxml.model import Business
from exchange.metrics import render
from exchange.store.tables import metadata
from signing import add_document_timestamp
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    HOPS,
    LOCKED,
    MEMBERS,
    MINISTRY,
    PROVINCE,
    TODAY,
    Doc,
    at,
    caller,
    letter,
    open_crew_of_field,
    open_served_field,
    pki,
    report,
    send,
)
from tests.judges import JUDGES, needs_postgres

pytest.importorskip("psycopg", reason=JUDGES["postgres"].sentence)

from tools.plans import Recorder, whole_reads

pytestmark = needs_postgres
SMALL = {
    "member",
    "lockout",
    "horizon",
    "hop",
    "outage",
    "breaker",
    "trust",
    "evidence",
    "intervention",
    "checkpoint",
    "outbox",
    "crossing",
    "stage_time",
}
"""Tables that grow with members, settings, sealings or what is under way, not with documents."""
LARGE = {table.name for table in metadata.sorted_tables} - SMALL
WHOLE = {
    r"count\(\*\) AS count_1 FROM receipt$": "operators ask how many receipts were ever signed",
    r"refusal\.rule, count": "refusals ever by rule, from an index of their rules alone",
    r"SELECT (document\.sender|delivery\.organ), delivery\.state, count": "statistics of a period, which may be all there is",
    r"UPDATE mailbox SET open=": "what one organisation fetched between two instants, put back by hand",
    r"operation\.kind": "signature operations as processes reported them, where a kernel drives",
}
"""Statements that may: a pattern, and why."""
EVER = 36_500
"""Days until mail expires: the machine's clock is years after the field's."""
_PREPARED = text("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%FROM mailbox%'")


def test_no_statement_of_the_service_reads_a_large_table_whole(postgres_url: str) -> None:
    axis = open_served_field(postgres_url, Silent(), HOPS, expire_days=EVER)
    crew = open_crew_of_field(postgres_url, Silent(), "worker", HOPS, expire_days=EVER)
    asked = [Recorder(axis._store.engine), Recorder(crew._desk.store.engine)]
    _everything(axis, crew)
    with axis._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as work:
        work.execute(text("VACUUM ANALYZE"))  # as the server does by itself when it has been up for a minute
    statements = asked[0].statements | asked[1].statements
    with axis._store.engine.begin() as work:  # what the planner is made to believe must not be counted anew behind its back
        for table in sorted(LARGE):
            work.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    found = [str(one) for one in whole_reads(axis._store.engine, statements, LARGE, generic=True)]
    crew.close()
    axis.close()
    assert len(statements) > 100
    assert [one for one in found if not any(re.search(pattern, one) for pattern in WHOLE)] == []
    assert [pattern for pattern in WHOLE if not any(re.search(pattern, one) for one in found)] == [], "no longer read whole: take them out"


def _everything(axis: Axis, crew: Crew) -> None:
    """What agencies, workers and operators ask, each at least once."""
    docs = [
        Doc(PROVINCE, (DEPARTMENT, MINISTRY), str(number), annexes=(b"x" * 600_000,) if number == 100 else ()) for number in range(100, 104)
    ]
    receipts = [send(axis, PROVINCE, one.package(), 0) for one in (*docs, docs[0])]
    send(axis, PROVINCE, Doc(PROVINCE, (LOCKED, DISTRICT), "110").package(), 0)
    send(axis, PROVINCE, Doc(PROVINCE, (DISTRICT,), "111", letter=b"none").package(), 0)
    stamped = add_document_timestamp(letter(PROVINCE, (DISTRICT,), "112", TODAY), lambda digest: pki().stamp(digest, at(-60)))
    send(axis, PROVINCE, Doc(PROVINCE, (DISTRICT,), "112", letter=stamped).package(), 0)
    crew.sweep()
    names = [one.package_id for one in receipts]
    recall = replace(docs[1], business=Business(Operation.RECALL, reason="nhầm", document_id=docs[1].header.document_id))
    send(axis, PROVINCE, recall.package(), 60)
    crew.sweep()
    for organ in MEMBERS:
        lines = axis.waiting(caller(organ), at(9_000))
        axis.fetch(caller(organ), [line.package_id for line in lines], at(9_000))
        axis.confirm(caller(organ), [Fetched(line.package_id, True) for line in lines], at(9_000))
    for code in (StatusCode.ARRIVED, StatusCode.REFUSED):
        send(axis, DEPARTMENT, report(DEPARTMENT, docs[0], code), 9_100)
    send(axis, DEPARTMENT, report(DEPARTMENT, docs[1], StatusCode.AGREED), 9_100)
    crew.sweep()
    crew.expire()
    crew.tidy()
    axis.seal(at(9_200))
    axis.with_mail([DEPARTMENT, MINISTRY], at(9_200))
    axis.deliveries(caller(PROVINCE), names)
    axis.receipts_of(caller(PROVINCE), names)
    axis.traffic(caller(PROVINCE), at(-10), at(10))
    axis.traffic(caller(MINISTRY), at(-10), at(10))
    axis.inclusion(names)
    axis.consistency(0, 3)
    render(axis.standing(), axis.counts.read())
    assert axis.receipts() > len(names)
    assert axis.parked() == axis.operations() == ()
    assert sum(axis.count(state) for state in DeliveryState) == 2 * len(docs) + 4
    axis.depth()
    _by_hand(axis, names)
    for page in (axis.judgement_page, axis.refusal_page, axis.delivery_page, axis.negotiation_page, axis.letter_stamp_page):
        page(0, 100)


def _by_hand(axis: Axis, names: list[str]) -> None:
    """What operators do."""
    hands, deed = axis.administration, Deed("an", "mended")
    hands.requeue(None, deed)
    hands.resend(names[1], DEPARTMENT, deed)
    hands.replay(DEPARTMENT, at(0), at(10_000), deed)
    hands.missing(names)
    hands.record()


def test_an_upload_that_goes_is_looked_for_in_no_table() -> None:
    """Of what is deleted only uploads are referred to: each reference has an index that begins with it, for the database's own look."""
    for table in metadata.sorted_tables:
        for column in table.c:
            if any(key.column.table.name == "upload" for key in column.foreign_keys):
                first = [next(iter(index.columns)) for index in table.indexes] + [next(iter(table.primary_key.columns))]
                assert column in first, f"{table.name}.{column.name}"


def test_what_a_statement_says_itself_is_part_of_it(postgres_url: str) -> None:
    """Else a plan made once for all values could not use an index of some rows, and polls would be planned at each execution."""
    axis = open_served_field(postgres_url, Silent())
    for _ in range(30):
        assert axis.waiting(caller(PROVINCE), at(0)) == ()
    with axis._store.reading() as work:
        plans = work.rows(_PREPARED)
    axis.close()
    assert [custom for _, generic, custom in plans if generic + custom > 20] == [5]
