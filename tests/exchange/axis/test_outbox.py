"""The queue: leases, takeovers, fairness, parking. Nothing is lost or doubled whoever dies when."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from exchange import outbox
from exchange.api import Submission
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.outbox import Claim, Reach, Stage
from exchange.receipts import read_refusal
from exchange.retry import decide
from exchange.stages import runner
from exchange.stages.desk import Desk
from exchange.stages.guard import Guard, NoGuard
from exchange.stages.mail import Mail
from exchange.stages.route import run_route
from exchange.stages.verify import judge_claims, record
from exchange.store import tables
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, PROVINCE, Doc, at, caller, report, send, states, take, total

UNTIL = round(at(10_000).timestamp())


def claim(axis: Axis, stage: Stage, count: int, lease: str, seconds: int = 60) -> list[Claim]:
    with axis._store.writing() as work:
        return outbox.claim(work, stage, count, until=UNTIL, lease=lease, seconds=seconds)


def verify(axis: Axis, claims: Sequence[Claim]) -> list[Mail]:
    judged = list(judge_claims(axis._desk, claims, NoGuard()))
    with axis._desk.metering.settling(axis._store) as (work, settlement):
        return record(work, axis._desk, judged, settlement)


def route(axis: Axis, claims: Sequence[Claim]) -> list[Mail]:
    with axis._store.writing() as work:
        return run_route(work, axis._desk, claims)


def test_a_row_under_lease_is_nobody_elses_until_the_lease_runs_out(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    (one,) = claim(axis, Stage.VERIFY, 10, "first")
    assert claim(axis, Stage.VERIFY, 10, "second") == []
    with axis._store.writing() as work:
        outbox.renew(work, [one], -1)
    (taken,) = claim(axis, Stage.VERIFY, 10, "second")
    assert (taken.id, taken.attempt) == (one.id, 2)
    with axis._store.writing() as work:
        outbox.renew(work, [one], -1)
    assert claim(axis, Stage.VERIFY, 10, "third") == []


def test_a_worker_that_comes_back_late_changes_nothing(axis: Axis) -> None:
    """Two workers hold the same document, the first with a lease that ran out: one verdict, one delivery, one piece of mail."""
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    late = claim(axis, Stage.VERIFY, 10, "late", seconds=-1)
    quick = claim(axis, Stage.VERIFY, 10, "quick")
    verify(axis, quick)
    verify(axis, late)
    verify(axis, quick)
    assert len(axis.judgements_since()) == 1
    late = claim(axis, Stage.ROUTE, 10, "late", seconds=-1)
    quick = claim(axis, Stage.ROUTE, 10, "quick")
    route(axis, late)
    route(axis, quick)
    route(axis, quick)
    axis.settle(at(100))
    assert len(take(axis, DEPARTMENT, 100)) == 1
    assert states(axis, receipt, PROVINCE) == {"H28.20": DeliveryState.FETCHED}


def test_a_flood_of_one_sender_does_not_keep_the_others_waiting(axis: Axis) -> None:
    for number in range(100, 120):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), "10").package(), 1)
    claimed = claim(axis, Stage.VERIFY, 6, "worker")
    assert [one.sender for one in claimed].count("H28.30") == 1
    assert [one.due_at for one in claimed if one.sender == "H28"] == [round(at(0).timestamp())] * 5


def test_a_flood_of_any_size_stands_behind_itself(axis: Axis) -> None:
    """However much of one sender's is before it, another's first document is in the next claim, and his second in the one after."""
    flood = [Submission(Doc(PROVINCE, (DEPARTMENT,), str(number)).package()) for number in range(100, 180)]
    axis.submit(caller(PROVINCE), flood, at(0))
    assert len(claim(axis, Stage.VERIFY, 2, "earlier")) == 2
    for number in ("10", "11"):
        send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), number).package(), 1)
    first, second = claim(axis, Stage.VERIFY, 2, "one"), claim(axis, Stage.VERIFY, 2, "two")
    assert sorted(one.sender for one in first) == sorted(one.sender for one in second) == ["H28", "H28.30"]


def test_the_most_urgent_are_judged_first_and_share_among_their_senders(axis: Axis) -> None:
    for number, priority in ((100, 0), (101, 0), (102, 1), (103, 4), (104, 4)):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number), priority=priority).package(), 0)
    send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), "10", priority=4).package(), 1)
    order = [one.package for _ in range(6) for one in claim(axis, Stage.VERIFY, 1, "worker")]
    assert order == [4, 6, 5, 3, 1, 2]


def test_a_row_that_was_tried_before_comes_alone(axis: Axis) -> None:
    """Whoever claimed three and died may have died of any; the one that killed him must not take the others along again."""
    for number in range(100, 103):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    dead = claim(axis, Stage.VERIFY, 3, "dead", seconds=-1)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "103").package(), 0)
    batches = [[(one.package, one.attempt) for one in claim(axis, Stage.VERIFY, 3, f"next {number}")] for number in range(5)]
    assert [one.package for one in dead] == [1, 2, 3]
    assert batches == [[(1, 2)], [(2, 2)], [(3, 2)], [(4, 1)], []]


def test_a_document_whose_judging_timed_out_twice_is_refused_unjudged(axis: Axis) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    for attempt in (1, 2):
        (one,) = claim(axis, Stage.VERIFY, 3, f"attempt {attempt}")
        with axis._store.writing() as work:
            outbox.time_out(work, one, 20)
            outbox.time_out(work, one, 20)  # no longer its holder: counted once
    axis.settle(at(60))
    assert states(axis, receipt, PROVINCE) == {"H28.20": DeliveryState.FAILED}
    (notice,) = [read_refusal(data) for data in take(axis, PROVINCE, 60)]
    assert notice.refusal.rule == "too-slow"
    assert axis.depth()["verify"] == 0


def test_a_document_of_which_every_worker_dies_is_parked_in_the_end(axis: Axis) -> None:
    """A crash leaves no error, only a lease that runs out: ten times, then people must look. The others go on."""
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    for number in range(10):
        (one,) = claim(axis, Stage.VERIFY, 3, f"worker {number}", seconds=-1)
        assert one.attempt == number + 1
    healthy = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "11").package(), 0)
    axis.settle(at(60))
    (parked,) = axis.parked()
    assert (parked.package_id, parked.error) == (receipt.package_id, "10 attempts at it ended without a word")
    assert states(axis, healthy, PROVINCE) == {"H28.20": DeliveryState.WAITING}
    assert states(axis, receipt, PROVINCE) == {"H28.20": DeliveryState.RECEIVED}


def test_rows_that_failed_together_do_not_come_back_together(axis: Axis) -> None:
    for number in range(100, 108):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    with axis._store.writing() as work:
        for one in outbox.claim(work, Stage.VERIFY, 8, until=UNTIL, lease="worker", seconds=60):
            outbox.give_back(work, one, decide(ValueError("x"), 3, 5))
        waits = [row[0] for row in work.rows(select(tables.outbox.c.ready_at).order_by(tables.outbox.c.id))]
    assert len(set(waits)) > 4
    assert max(waits) - min(waits) <= 30


def test_reports_are_claimed_strictly_in_order_of_admission(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "10")
    for sender in (DEPARTMENT, DEPARTMENT, DISTRICT):
        for code in (StatusCode.ARRIVED, StatusCode.REGISTERED):
            send(axis, sender, report(sender, doc, code, f"{sender} {code}"), 5)
    packages = [one.package for one in claim(axis, Stage.ROUTE, 3, "worker")]
    assert packages == sorted(packages)


def test_what_is_due_later_is_left_alone(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 500)
    settled = axis.settle(at(499))
    assert (settled.mail, settled.open_until) == ((), at(500))
    assert axis.count(DeliveryState.RECEIVED) == 1


def test_a_poisonous_row_is_parked_and_shown_and_the_others_go_on(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    poison = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "11").package(), 0)
    handler = runner.verify

    def fails_on_poison(desk: Desk, claims: Sequence[Claim], guard: Guard) -> list[Mail]:
        if any(one.package == 2 for one in claims):
            raise ZeroDivisionError("poison")
        return handler(desk, claims, guard)

    monkeypatch.setattr(runner, "verify", fails_on_poison)
    monkeypatch.setattr(runner, "decide", lambda error, attempt, limit: decide(error, attempt, 1))
    axis.settle(at(100))
    assert states(axis, healthy, PROVINCE) == {"H28.20": DeliveryState.WAITING}
    (parked,) = axis.parked()
    assert (parked.stage, parked.package_id, parked.error) == (Stage.VERIFY, poison.package_id, "ZeroDivisionError: poison")
    assert axis.depth()["verify"] == 1
    assert total(axis) == 2
    monkeypatch.undo()
    assert axis.settle(at(200)).mail == ()
    assert axis.release_parked() == 1
    axis.settle(at(300))
    assert states(axis, poison, PROVINCE) == {"H28.20": DeliveryState.WAITING}


def test_the_table_of_retries() -> None:
    waits = [decide(ValueError("x"), attempt, 5).wait for attempt in range(1, 5)]
    assert waits == [30, 60, 120, 240]
    assert decide(ValueError("x"), 50, 100).wait == 3600
    last = decide(ValueError("x"), 5, 5)
    assert (last.park, last.reason) == (True, "ValueError: x")


def test_a_bell_rung_twice_or_never_makes_no_difference(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    rung: list[Stage] = []
    outbox.relay(axis._store, rung.append, Reach(UNTIL))
    outbox.relay(axis._store, rung.append, Reach(UNTIL))
    assert rung == [Stage.VERIFY, Stage.VERIFY]
    axis.settle(at(100))
    axis.settle(at(100))
    outbox.relay(axis._store, rung.append, Reach(UNTIL))
    assert rung == [Stage.VERIFY, Stage.VERIFY]
    assert len(take(axis, DEPARTMENT, 100)) == 1
