"""The sealed order is a function of facts: whoever wrote the rows, in whatever order and under whatever ids, the roots are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from exchange.api import Checkpoint
from exchange.axis import Axis
from exchange.crew import Crew
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.doorbell import Silent
from exchange.edxml.model import Business
from exchange.store.facts import FactKind
from exchange.store.ids import reserve_ids
from exchange.store.tables import delivery, delivery_event, document, evidence, negotiation, package, verdict
from exchange.store.work import Conflict
from tests.exchange.axis.field import (
    ANNEX,
    DEPARTMENT,
    DISTRICT,
    HOPS,
    LOCKED,
    NEIGHBOUR,
    PROVINCE,
    Doc,
    at,
    file_url,
    open_crew_of_field,
    open_field,
    open_served_field,
    report,
    send,
    take,
)
from tests.exchange.test_ledger import written
from tests.judges import needs_postgres

SENDERS = (PROVINCE, NEIGHBOUR, DEPARTMENT)


def documents(sender: OrganId) -> list[Doc]:
    """A good one, one of whose recipients takes no part, and one without a letter."""
    others = tuple(organ for organ in (*SENDERS, DISTRICT) if organ != sender)
    good = Doc(sender, others, "1", annexes=(ANNEX,))
    return [good, Doc(sender, (LOCKED, DISTRICT), "2"), Doc(sender, (DISTRICT,), "3", letter=b"none")]


def live(axis: Axis, senders: Sequence[OrganId]) -> tuple[Checkpoint, ...]:
    """Everything the ledger speaks of, much of it within one second; ``senders``: who of them comes first."""
    for sender in senders:
        for doc in documents(sender):
            send(axis, sender, doc.package(), 0)
    axis.settle(at(60))
    axis.seal(at(60))
    for organ in senders:
        take(axis, organ, 100)
    for organ in senders:
        for sender in SENDERS:  # what one sender hands in has an order of its own
            if organ != sender:
                for code in (StatusCode.ARRIVED, StatusCode.REGISTERED):
                    send(axis, organ, report(organ, documents(sender)[0], code), 100)
    axis.settle(at(160))
    for sender in senders:
        recall = replace(documents(sender)[0], annexes=(), business=Business(Operation.RECALL, "ban hành nhầm"))
        send(axis, sender, recall.package(), 200)
    axis.settle(at(260))
    for organ in senders:
        take(axis, organ, 300)
    for organ in senders:
        for sender in SENDERS:  # what one sender hands in has an order of its own
            if organ != sender:
                send(axis, organ, report(organ, documents(sender)[0], StatusCode.AGREED), 300)
    axis.settle(at(360))
    axis.seal(at(360))
    return axis.checkpoints()


@pytest.fixture(scope="module")
def expected() -> tuple[Checkpoint, ...]:
    """An axis alone, in memory."""
    axis = open_field()
    found = live(axis, SENDERS)
    assert {row[0] for row in written(axis)} == {kind.value for kind in FactKind}
    axis.close()
    return found


def test_who_came_first_within_a_second_and_how_much_is_done_at_once_do_not_show(expected: tuple[Checkpoint, ...], tmp_path: Path) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"), claim_size=2, seal_size=3)
    assert live(axis, SENDERS[::-1]) == expected
    axis.close()


@needs_postgres
def test_neither_workers_nor_ids_show(expected: tuple[Checkpoint, ...], postgres_url: str) -> None:
    """Three workers take single rows behind the horizon as they come to it, and the ids of every table have gaps."""
    axis = open_served_field(postgres_url, Silent(), HOPS, driven=True)
    tables = [delivery, delivery_event, document, evidence, negotiation, package, verdict]
    with axis._store.writing() as work:
        for number, table in enumerate(tables, 3):
            reserve_ids(work, table, number)
    crews = [open_crew_of_field(postgres_url, Silent(), name, HOPS, claim_size=1) for name in ("one", "two", "three")]
    try:
        with sweeping(crews):
            assert live(axis, SENDERS[::-1]) == expected
    finally:
        for one in (*crews, axis):
            one.close()


@contextmanager
def sweeping(crews: Sequence[Crew]) -> Iterator[None]:
    """Workers, each in a thread, that look for work all the time."""
    done = Event()

    def sweep(crew: Crew) -> None:
        while not done.is_set():
            with suppress(Conflict):
                crew.sweep()
            done.wait(0.01)

    with ThreadPoolExecutor(len(crews)) as pool:
        found = [pool.submit(sweep, crew) for crew in crews]
        try:
            yield
        finally:
            done.set()
    for one in found:
        one.result()
