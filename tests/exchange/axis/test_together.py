"""Several at once on one database: what each sees and leaves is what one after another would have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import TypeVar

import pytest

from exchange.api import Fetched, Receipt, Submission
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.doorbell import Silent
from exchange.errors import NotSettled, StoreUnavailable
from exchange.outbox import EVERYTHING, Stage, claim
from exchange.stages.guard import GIVEN_UP, Keeper, NoGuard
from exchange.stages.runner import Runner, verify
from exchange.store.locks import Lock, alone
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    MINISTRY,
    PROVINCE,
    Doc,
    at,
    caller,
    open_crew_of_field,
    open_field,
    open_served_field,
    report,
    send,
    take,
)
from tests.judges import needs_postgres
from tests.servers import Postgres

Answer = TypeVar("Answer")


@pytest.fixture
def axis(shared_url: str) -> Iterator[Axis]:
    """An axis several threads can be at."""
    opened = open_field(shared_url)
    yield opened
    opened.close()


def at_once(count: int, what: Callable[[int], Answer]) -> list[Answer]:
    """Do it so many times, all starting together."""
    start = Barrier(count)

    def one(number: int) -> Answer:
        start.wait(20)
        return what(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_the_same_package_four_times_at_once_is_one_package(axis: Axis) -> None:
    packages = [Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(number), annexes=(b"the same annex",)).package() for number in range(100, 112)]
    for package in packages:
        answers = at_once(4, lambda _, package=package: axis.submit(caller(PROVINCE), [Submission(package)], at(0)))  # type: ignore[misc]
        receipts = {answer for (answer,) in answers}
        assert len(receipts) == 1
        assert isinstance(receipts.pop(), Receipt)
    assert axis.receipts() == len(packages)
    axis.settle(at(60))
    assert len(take(axis, DEPARTMENT, 60)) == len(packages)


def test_one_number_for_two_documents_at_once_goes_to_one_of_them(axis: Axis) -> None:
    for number in range(100, 106):
        texts = [Doc(PROVINCE, (DEPARTMENT,), str(number), others={"subject": f"bản {one}"}).package() for one in range(4)]
        answers = at_once(4, lambda one, texts=texts: axis.submit(caller(PROVINCE), [Submission(texts[one])], at(0)))  # type: ignore[misc]
        assert sorted(getattr(answer, "rule", "received") for (answer,) in answers) == ["duplicate-number"] * 3 + ["received"]


def test_reports_about_a_document_keep_their_order_whoever_routes_them(axis: Axis) -> None:
    docs = [Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(number)) for number in range(100, 112)]
    for doc in docs:
        send(axis, PROVINCE, doc.package(), 0)
    axis.settle(at(60))
    for organ in (DEPARTMENT, DISTRICT):
        take(axis, organ, 60)
    steps = (StatusCode.ARRIVED, StatusCode.REGISTERED, StatusCode.ASSIGNED, StatusCode.IN_PROCESS, StatusCode.DONE)
    for step in steps:
        for organ in (DEPARTMENT, DISTRICT):
            axis.submit(caller(organ), [Submission(report(organ, doc, step)) for doc in docs], at(70))
    runners = [Runner(axis._desk, f"router {number}") for number in range(4)]

    def route(number: int) -> int:
        done = 0
        while axis.depth()["route"]:
            done += runners[number].run(Stage.ROUTE, EVERYTHING).rows
        return done

    assert sum(at_once(4, route)) == len(docs) * len(steps) * 2
    assert axis.refusals_since() == ()
    assert axis.count(DeliveryState.DONE) == len(docs) * 2


def test_a_package_confirmed_by_two_at_once_is_fetched_or_failed_and_not_both(axis: Axis) -> None:
    for number in range(100, 110):
        receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
        axis.settle(at(60))
        outcomes = [Fetched(receipt.package_id, True), Fetched(receipt.package_id, False, "đầy")]
        at_once(2, lambda one, outcomes=outcomes: axis.confirm(caller(DEPARTMENT), [outcomes[one]], at(61)))  # type: ignore[misc]
    records = list(axis.export_deliveries())
    assert {(one.state, one.transport) for one in records} <= {(DeliveryState.FETCHED, "fetched"), (DeliveryState.FAILED, "failed")}


def test_claims_of_several_at_once_share_no_row(axis: Axis) -> None:
    for number in range(100, 140):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)

    def take_all(number: int) -> list[int]:
        taken: list[int] = []
        while True:
            with axis._store.writing() as work:
                rows = claim(work, Stage.VERIFY, 3, until=round(at(9).timestamp()), lease=f"w{number}", seconds=60)
            if not rows:
                return taken
            taken += [one.id for one in rows]

    taken = [row for rows in at_once(4, take_all) for row in rows]
    assert len(taken) == len(set(taken)) == 40


def test_a_document_that_takes_too_long_ends_its_worker_and_frees_the_rest(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(100, 103):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    ended = Event()
    codes: list[int] = []

    def give_up(code: int) -> None:
        codes.append(code)
        ended.set()

    keeper = Keeper(axis._store, 6, 1, give_up)
    with axis._store.writing() as work:
        rows = claim(work, Stage.VERIFY, 3, until=round(at(9).timestamp()), lease="stuck", seconds=6)
    with keeper.holding(rows), keeper.document(rows[1]):
        assert ended.wait(10)
    assert codes[0] == GIVEN_UP
    with axis._store.writing() as work:
        again = [claim(work, Stage.VERIFY, 1, until=round(at(9).timestamp()), lease=f"next {one}", seconds=60) for one in range(3)]
    assert [(one.package, one.attempt, one.timeouts) for (one,) in again] == [(1, 1, 0), (2, 2, 1), (3, 1, 0)]


def test_whoever_works_renews_its_lease(axis: Axis) -> None:
    """Judging that takes longer than a lease holds: nobody takes over, and it counts once."""
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 0)
    keeper = Keeper(axis._store, 2, 30)
    with axis._store.writing() as work:
        rows = claim(work, Stage.VERIFY, 1, until=round(at(9).timestamp()), lease="slow", seconds=2)
    with keeper.holding(rows):
        waited = Event()
        assert not waited.wait(4)
        with axis._store.writing() as work:
            assert claim(work, Stage.VERIFY, 1, until=round(at(9).timestamp()), lease="eager", seconds=2) == []
        verify(axis._desk, rows, NoGuard())
    assert len(axis.judgements_since()) == 1


@needs_postgres
def test_one_seals_at_a_time_and_the_others_let_him(postgres_url: str) -> None:
    axis, crew = open_served_field(postgres_url, Silent()), open_crew_of_field(postgres_url, Silent(), "one")
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 0)
    with alone(axis._store.engine, Lock.SEALING) as first:
        assert first
        assert crew.seal() is None
    sealed = crew.seal()
    assert sealed is not None
    assert axis.checkpoint() == sealed
    crew.close()
    axis.close()


@needs_postgres
def test_a_settling_without_workers_gives_up_and_says_so(postgres_url: str) -> None:
    axis = open_served_field(postgres_url, Silent(), driven=True, settle_seconds=1)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 0)
    with pytest.raises(NotSettled, match="1 package still waits"):
        axis.settle(at(10))
    axis.close()


@needs_postgres
def test_workers_stay_behind_the_horizon_of_a_kernel(postgres_url: str) -> None:
    """What was submitted after the settling began is left for the next, though it is due; hops stand still."""
    axis = open_served_field(postgres_url, Silent(), driven=True, settle_seconds=1)
    crew = open_crew_of_field(postgres_url, Silent(), "one")
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 0)
    assert crew.sweep() == 0
    with pytest.raises(NotSettled):
        axis.settle(at(10))
    send(axis, PROVINCE, Doc(PROVINCE, (MINISTRY,), "101").package(), 5)
    assert crew.sweep() == 2
    assert axis.settle(at(0)).mail == ((DEPARTMENT, at(0)),)
    assert axis.count(DeliveryState.RECEIVED) == 1
    assert crew.seal() is None
    crew.close()
    axis.close()


@needs_postgres
def test_a_server_that_was_killed_and_came_back_is_found_again(postgres: Postgres, postgres_url: str) -> None:
    if postgres.program is None:
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{postgres_url.rpartition('/')[2]}'")
    axis = open_field(postgres_url)
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 0)
    if postgres.program is not None:
        postgres.program.kill()
        with pytest.raises(StoreUnavailable):
            axis.settle(at(10))
        with pytest.raises(StoreUnavailable):
            axis.waiting(caller(DEPARTMENT), at(10))
        postgres.program.start()
        postgres.wait()
    assert send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 5) == receipt
    axis.settle(at(10))
    assert len(take(axis, DEPARTMENT, 10)) == 1
    axis.close()
