"""An agency whose documents cost workers their lives: its own wait, everybody else's go on, and it is let in again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from sqlalchemy import update

from exchange.axis import Axis
from exchange.breakers import FORGOTTEN, THRESHOLD, Breaker, close, open_breakers, trip, wait_after
from exchange.domain.lifecycle import DeliveryState
from exchange.doorbell import Silent
from exchange.outbox import EVERYTHING, Reach, Stage, claim, ringing, unfinished
from exchange.stages.guard import Keeper
from exchange.store.tables import breaker, outbox
from exchange.store.work import Store
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    MINISTRY,
    PROVINCE,
    Doc,
    at,
    open_crew_of_field,
    open_served_field,
    send,
    states,
)
from tests.judges import needs_postgres

UNTIL = 1 << 40


def trips(store: Store, count: int, agency: str = "H28.20") -> list[int]:
    waits = []
    for _ in range(count):
        with store.writing() as work:
            waits.append(trip(work, agency))
    return waits


def claimed(axis: Axis, count: int = 10) -> list[str]:
    """Whose documents a worker would take now; they are put back."""
    with axis._store.writing() as work:
        rows = claim(work, Stage.VERIFY, count, until=UNTIL, lease="w", seconds=60)
        work.run(update(outbox).values(lease="", ready_at=0, attempts=0))
    return sorted(one.sender for one in rows)


def test_the_wait_doubles_from_the_third_failure_on() -> None:
    assert [wait_after(count) for count in range(1, 13)] == [0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    assert THRESHOLD == 3


def test_its_documents_are_left_in_line_and_others_are_judged(axis: Axis) -> None:
    bad = [send(axis, DEPARTMENT, Doc(DEPARTMENT, (PROVINCE,), str(number)).package(), 0) for number in range(100, 103)]
    good = send(axis, PROVINCE, Doc(PROVINCE, (DISTRICT,), "100").package(), 0)
    assert trips(axis._store, 3) == [0, 0, 60]
    assert claimed(axis) == ["H28"]
    (breaker,) = axis.standing().breakers
    assert breaker == Breaker("H28.20", 3, breaker.seconds)
    assert 55 <= axis.standing().breakers[0].seconds <= 60
    axis.settle(at(600))
    assert states(axis, good, PROVINCE) == {"H28.30": DeliveryState.WAITING}
    assert {state for one in bad for state in states(axis, one, DEPARTMENT).values()} == {DeliveryState.RECEIVED}
    with axis._store.reading() as work:
        assert ringing(work, Reach(UNTIL)) == unfinished(work, Reach(UNTIL)) == set(), "nobody rings or waits for what must wait"
    with axis._store.writing() as work:
        assert close(work, "H28.20")
        assert not close(work, "H28.20")
    axis.settle(at(1200))
    assert {state for one in bad for state in states(axis, one, DEPARTMENT).values()} == {DeliveryState.WAITING}


def test_when_the_wait_is_over_one_more_is_tried_and_after_an_hour_nothing_is_remembered(axis: Axis) -> None:
    send(axis, DEPARTMENT, Doc(DEPARTMENT, (PROVINCE,), "100").package(), 0)
    trips(axis._store, 3)
    assert claimed(axis) == []
    earlier(axis._store, 61)
    assert claimed(axis) == ["H28.20"]
    assert trips(axis._store, 1) == [120], "and if that one fails too it waits for twice as long"
    earlier(axis._store, FORGOTTEN + 1)
    assert trips(axis._store, 1) == [0]
    with axis._store.reading() as work:
        assert open_breakers(work) == ()


def test_what_is_judged_already_is_routed_whoever_sent_it(axis: Axis) -> None:
    from exchange.stages.runner import Runner

    receipt = send(axis, DEPARTMENT, Doc(DEPARTMENT, (MINISTRY,), "100").package(), 0)
    runner = Runner(axis._desk)
    assert runner.run(Stage.VERIFY, EVERYTHING).rows == 1
    trips(axis._store, 5)
    assert runner.run(Stage.ROUTE, EVERYTHING).rows == 1
    assert states(axis, receipt, DEPARTMENT) == {"G12": DeliveryState.IN_TRANSIT}


@needs_postgres
def test_workers_lost_to_one_sender_at_once_are_all_counted(postgres_url: str) -> None:
    axis = open_served_field(postgres_url, Silent())
    start = Barrier(6)

    def one(_: int) -> int:
        start.wait(20)
        return trips(axis._store, 1)[0]

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == [0, 0, 60, 120, 240, 480]
    axis.close()


@needs_postgres
def test_a_worker_that_is_given_up_counts_against_the_sender(postgres_url: str) -> None:
    """The keeper of a real claim, a document that never ends; what it frees is not taken from that sender until its wait is over."""
    axis = open_served_field(postgres_url, Silent())
    for number in range(100, 106):
        send(axis, DEPARTMENT, Doc(DEPARTMENT, (PROVINCE,), str(number)).package(), 0)
    for number in range(3):
        ended = Event()
        keeper = Keeper(axis._store, 6, 1, lambda _, ended=ended: ended.set())  # type: ignore[misc]
        with axis._store.writing() as work:
            rows = claim(work, Stage.VERIFY, 1, until=UNTIL, lease=f"stuck{number}", seconds=6)
        with keeper.holding(rows), keeper.document(rows[0]):
            assert ended.wait(10)
    assert claimed(axis) == []
    send(axis, PROVINCE, Doc(PROVINCE, (DISTRICT,), "100").package(), 0)
    crew = open_crew_of_field(postgres_url, Silent(), "w")
    crew.sweep()
    assert axis.count(DeliveryState.WAITING) == 1
    assert axis.depth()["verify"] == 6
    crew.close()
    axis.close()


def earlier(store: Store, seconds: int) -> None:
    """As if so much time had passed."""
    with store.writing() as work:
        work.run(update(breaker).values(failed_at=breaker.c.failed_at - seconds, open_until=breaker.c.open_until - seconds))
