"""PostgreSQL, a real broker and real Celery workers: end to end, without the broker, and when a worker dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState
from exchange.doorbell import Coalesced, Silent
from exchange.outbox import Stage
from exchange.store.tables import outbox
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    HOPS,
    MINISTRY,
    PROVINCE,
    Doc,
    at,
    caller,
    open_crew_of_field,
    open_field,
    open_served_field,
    send,
    states,
    take,
)
from tests.judges import needs_postgres, needs_valkey
from tests.servers import Valkey, free_port
from tests.workers.cast import CeleryWorker, alive, wait_until

Start = Callable[..., CeleryWorker]


@pytest.fixture
def start(postgres_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts workers that end with the test."""
    workers: list[CeleryWorker] = []

    def started(broker: str, *words: str) -> CeleryWorker:
        workers.append(CeleryWorker(postgres_url, broker, tmp_path / f"worker{len(workers)}.log", *words))
        return workers[-1]

    yield started
    for one in workers:
        if one.process.poll() is None:
            one.stop(signal.SIGKILL)


def celery_bell(broker: str) -> Coalesced:
    """Of the extra `service`, which a checkout need not have."""
    from workers import bell

    return bell.celery_bell(broker)


def documents(axis: Axis, count: int, first: int = 100) -> int:
    """Send documents to three recipients each; gives how many deliveries that makes."""
    recipients = (DEPARTMENT, DISTRICT, MINISTRY)
    for number in range(first, first + count):
        send(axis, PROVINCE, Doc(PROVINCE, recipients, str(number)).package(), 0)
    return count * len(recipients)


@needs_postgres
@needs_valkey
def test_documents_are_delivered_by_workers_woken_through_the_broker(start: Start, postgres_url: str, valkey: Valkey) -> None:
    bell = celery_bell(valkey.url)
    axis = open_served_field(postgres_url, bell)
    worker = start(valkey.url)
    wanted = documents(axis, 20)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    assert bell.rung
    assert not bell.missed
    assert len(take(axis, MINISTRY, 10)) == 20
    assert axis.depth()["verify"] == axis.depth()["route"] == 0
    assert worker.stop() == 0, worker.log.read_text()
    axis.close()


@needs_postgres
@needs_valkey
def test_a_bell_is_answered_sooner_than_the_patrol_comes(start: Start, postgres_url: str, valkey: Valkey) -> None:
    """Documents one by one to an idle worker: half of them in less than a patrol takes on the average, both hops of the queue included."""
    axis = open_served_field(postgres_url, celery_bell(valkey.url))
    start(valkey.url)
    wanted = documents(axis, 1)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    waits = []
    for number in range(200, 209):
        wanted += documents(axis, 1, number)
        waits.append(wait_until(lambda total=wanted: axis.count(DeliveryState.WAITING) == total, 10))  # type: ignore[misc]
    assert sorted(waits)[4] < 0.5, waits
    axis.close()


@needs_postgres
@needs_valkey
def test_without_a_broker_everything_is_delivered_all_the_same(start: Start, postgres_url: str) -> None:
    """Nobody listens where the broker should be, for the whole run; submitting does not wait for it either."""
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    bell = celery_bell(nowhere)
    axis = open_served_field(postgres_url, bell)
    worker = start(nowhere)
    wait_until(lambda: len(worker.children()) == 2, 30)
    first = set(worker.children())
    for child in first:  # both: the first one's successor, on starting, is told of the second one's end, and nobody else is
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: first.isdisjoint(worker.children()) and len(worker.children()) == 2, 30)
    began = time.monotonic()
    wanted = documents(axis, 20)
    assert time.monotonic() - began < 10
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 40)
    wait_until(lambda: bell.missed > 0, 20)
    assert not bell.rung
    axis.close()


@needs_postgres
@needs_valkey
def test_a_child_killed_while_there_is_no_broker_is_replaced_and_hears_bells_when_there_is_one(
    start: Start, postgres_url: str, valkey: Valkey
) -> None:
    if valkey.program is None:
        return  # somebody else's broker is not ours to stop
    axis = open_served_field(postgres_url, celery_bell(valkey.url))
    worker = start(valkey.url)
    wanted = documents(axis, 2)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    valkey.program.kill()
    time.sleep(8)  # by now the parent waits for longer each time
    before = worker.children()
    for child in before:
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: len([child for child in worker.children() if alive(child) and child not in before]) == 2, 10)
    wanted += documents(axis, 2, 200)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 10)
    valkey.program.start()
    valkey.wait()
    os.kill(worker.children()[0], signal.SIGKILL)
    wait_until(lambda: len(worker.children()) == 2 and all(map(alive, worker.children())), 40)
    wanted += documents(axis, 2, 400)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 10)
    assert worker.process.poll() is None
    axis.close()


@needs_postgres
@needs_valkey
def test_a_broker_that_was_killed_and_came_back_wakes_workers_again(start: Start, postgres_url: str, valkey: Valkey) -> None:
    from redis import Redis

    bell = celery_bell(valkey.url)
    axis = open_served_field(postgres_url, bell)
    start(valkey.url)
    wanted = documents(axis, 2)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    if valkey.program is not None:
        valkey.program.kill()
        wanted += documents(axis, 2, 200)
        wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
        valkey.program.start()
        valkey.wait()
    before = bell.rung
    with Redis.from_url(valkey.url) as client:
        for number in range(300, 310):
            wanted += documents(axis, 1, number)
            time.sleep(0.1)
        wait_until(lambda: bell.rung > before, 20)
        wait_until(lambda: client.llen("truc") == 0, 40)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    axis.close()


@needs_postgres
@needs_valkey
def test_the_work_of_a_worker_that_was_killed_moves_on_within_ten_seconds(start: Start, postgres_url: str, valkey: Valkey) -> None:
    """Parent and children are killed while they hold claims; another worker takes over what they held."""
    axis = open_served_field(postgres_url, Silent())
    first = start(valkey.url)
    wanted = documents(axis, 1)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    while not _leased(axis):  # until the children stand still with something in their hands
        for child in first.children():
            os.kill(child, signal.SIGCONT)
        wanted += documents(axis, 10, 200 + wanted)
        time.sleep(0.02)
        for child in first.children():
            os.kill(child, signal.SIGSTOP)
    for process in (first.process.pid, *first.children()):
        os.kill(process, signal.SIGKILL)
    first.process.wait(10)
    other = open_crew_of_field(postgres_url, Silent(), "other")

    def all_delivered() -> bool:
        other.sweep()
        return axis.count(DeliveryState.WAITING) == wanted

    assert 1 < wait_until(all_delivered, 30) <= 10
    assert axis.parked() == ()
    assert len({(one.document, one.recipient) for one in axis.export_deliveries()}) == wanted
    other.close()
    axis.close()


def _leased(axis: Axis) -> int:
    with axis._store.asking() as work:
        return int(work.value(select(func.count()).where(outbox.c.lease != "", outbox.c.stage == Stage.VERIFY.value)))


@needs_postgres
@needs_valkey
def test_a_kernel_that_waits_for_workers_sees_what_one_alone_would(start: Start, postgres_url: str, valkey: Valkey) -> None:
    """The barrier: the same calls at the same instants give the same mail, the same next instants, the same states."""
    alone, served = open_field(), open_served_field(postgres_url, celery_bell(valkey.url), HOPS, driven=True)
    start(valkey.url, "hops")
    told = []
    for axis in (alone, served):
        heard = []
        for number in range(100, 106):
            receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, MINISTRY), str(number), priority=number % 3).package(), number)
            settled = axis.settle(at(number))
            heard.append((settled, states(axis, receipt, PROVINCE)))
        heard.append((axis.settle(at(400)), axis.waiting(caller(MINISTRY), at(400))))
        told.append(heard)
        axis.close()
    assert told[0] == told[1]


@needs_postgres
@needs_valkey
def test_children_do_not_outlive_a_parent_that_was_killed(start: Start, postgres_url: str, valkey: Valkey) -> None:
    """They would work on beside those of the next parent, and nobody would know of them."""
    axis = open_served_field(postgres_url, Silent())
    worker = start(valkey.url)
    wanted = documents(axis, 1)
    wait_until(lambda: axis.count(DeliveryState.WAITING) == wanted, 30)
    children = worker.children()
    assert len(children) == 2
    worker.process.kill()
    worker.process.wait(10)
    wait_until(lambda: not any(alive(one) for one in children), 10)
    axis.close()
