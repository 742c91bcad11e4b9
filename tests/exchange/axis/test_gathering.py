"""Submissions of many callers in one transaction: each gets the answer it would have got alone, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from exchange.api import Caller, Receipt, Rejection, Submission
from exchange.axis import Axis
from exchange.errors import Overloaded, StoreUnavailable, Unauthenticated
from exchange.gathering import Gatherer
from exchange.receipts import Notary
from exchange.settings import Capacity
from exchange.store.tables import upload
from exchange.store.work import Conflict
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    MEMBERS,
    MINISTRY,
    PROVINCE,
    Doc,
    at,
    caller,
    open_field,
    refused,
    send,
    take,
)

Answer = TypeVar("Answer")


@pytest.fixture
def axis(shared_url: str) -> Iterator[Axis]:
    """An axis several threads can be at."""
    opened = open_field(shared_url)
    yield opened
    opened.close()


@contextmanager
def gatherer(axis: Axis, **options: object) -> Iterator[Gatherer]:
    """One that ends with the block."""
    made = Gatherer(axis, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


@contextmanager
def standing_still(axis: Axis) -> Iterator[threading.Event]:
    """The writer stands still in a transaction from its first submission on, until the block ends or the event is set."""
    go, admit = threading.Event(), axis.admit

    def slow(admissions: list[object]) -> object:
        assert go.wait(30)
        return admit(admissions)  # type: ignore[arg-type]

    axis.admit = slow  # type: ignore[method-assign, assignment]
    try:
        yield go
    finally:
        go.set()
        axis.admit = admit  # type: ignore[method-assign]


def packages(sender: str, count: int, first: int = 100) -> list[bytes]:
    organ = next(one for one in MEMBERS if str(one) == sender)
    others = tuple(one for one in MEMBERS if one != organ)[:2]
    return [Doc(organ, others, str(number)).package() for number in range(first, first + count)]


def all_at_once(gathering: Gatherer, submissions: list[tuple[Caller, bytes]]) -> list[Receipt | Rejection | Exception]:
    """Each in a thread of its own; what was raised instead of answered stands in its place."""

    def one(submission: tuple[Caller, bytes]) -> Receipt | Rejection | Exception:
        try:
            return gathering.submit(submission[0], Submission(submission[1]), at(0))
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(submissions)) as pool:
        return list(pool.map(one, submissions))


def test_many_callers_get_what_each_would_have_got_alone(axis: Axis) -> None:
    stored = packages("H28", 1)[0]
    before = send(axis, PROVINCE, stored, 0)
    other = Doc(PROVINCE, (DEPARTMENT,), "100", others={"subject": "khác"}).package()
    rejection = refused(axis, PROVINCE, other, 0)
    good = [(caller(organ), package) for organ in (PROVINCE, DEPARTMENT, DISTRICT) for package in packages(str(organ), 8, 200)]
    odd = [
        (caller(PROVINCE), stored), (caller(PROVINCE), other), (caller(MINISTRY), b"<edXML>"), (caller(MINISTRY), stored),
        (Caller(PROVINCE, "guessed"), stored),
    ]  # fmt: skip
    with gatherer(axis) as gathering:
        answers = all_at_once(gathering, good + odd)
        received, (again, duplicate, broken, foreign, stranger) = answers[: len(good)], answers[len(good) :]
        assert all(isinstance(one, Receipt) for one in received)
        assert again == before
        assert duplicate == rejection
        assert isinstance(broken, Rejection)
        assert isinstance(foreign, Rejection)
        assert foreign.rule == "sender-mismatch"
        assert isinstance(stranger, Unauthenticated)
        assert gathering.admitted == len(good) + 2
        assert gathering.batches < gathering.admitted
    assert axis.receipts() == len(good) + 1
    axis.settle(at(3600))
    assert len(take(axis, PROVINCE, 3600)) == 16


def test_what_waits_while_another_batch_is_written_is_admitted_together(axis: Axis) -> None:
    waiting = packages("H28", 20)
    with gatherer(axis, most=64) as gathering, standing_still(axis) as go, ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(gathering.submit, caller(PROVINCE), Submission(waiting[0]), at(0))]
        _until(lambda: gathering._thread is not None and not gathering._waiting)
        answers += [pool.submit(gathering.submit, caller(PROVINCE), Submission(one), at(0)) for one in waiting[1:]]
        _until(lambda: len(gathering._waiting) == 19)
        go.set()
        receipts = [one.result(20) for one in answers]
        assert gathering.batches == 2
    assert len({one.package_id for one in receipts if isinstance(one, Receipt)}) == 20


def test_where_callers_come_together_transactions_begin_apart_and_one_alone_never_waits(
    axis: Axis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exchange.gathering.GAP", 0.5)
    begun: list[tuple[float, int]] = []
    admit = axis.admit
    monkeypatch.setattr(axis, "admit", lambda ones: begun.append((time.monotonic(), len(ones))) or admit(ones))  # type: ignore[func-returns-value]
    gatherer = Gatherer(axis)
    packages = [Submission(Doc(PROVINCE, (DEPARTMENT,), str(number)).package()) for number in range(31, 48)]
    for package in packages[:4]:
        gatherer.submit(caller(PROVINCE), package, at(0))
    assert [size for _, size in begun] == [1] * 4
    assert begun[3][0] - begun[0][0] < 0.5 * 3
    with gatherer._changed:  # both are in line before it is looked at
        lines = [gatherer.hand_in(caller(PROVINCE), package, at(0)) for package in packages[4:6]]
    assert all(isinstance(line.result(10), Receipt) for line in lines)
    gatherer.submit(caller(PROVINCE), packages[6], at(0))
    assert [size for _, size in begun[4:]] == [2, 1]
    assert begun[5][0] - begun[4][0] >= 0.5
    with gatherer._changed:  # more than eight share what a transaction costs, and the next may be as large
        lines = [gatherer.hand_in(caller(PROVINCE), package, at(0)) for package in packages[7:16]]
    assert all(isinstance(line.result(10), Receipt) for line in lines)
    gatherer.submit(caller(PROVINCE), packages[16], at(0))
    assert [size for _, size in begun[6:]] == [9, 1]
    assert begun[7][0] - begun[6][0] >= 1.0
    gatherer.close()


def test_the_same_package_four_times_at_once_through_two_processes_is_one_package(axis: Axis) -> None:
    """Two gatherers on one database are what two processes are; each is handed every package twice, in different orders."""
    waiting = packages("H28", 12)
    with gatherer(axis) as one, gatherer(axis) as other, ThreadPoolExecutor(48) as pool:
        tasks = [
            pool.submit(gathering.submit, caller(PROVINCE), Submission(package), at(0))
            for gathering, order in ((one, 1), (other, -1), (one, -1), (other, 1))
            for package in waiting[::order]
        ]
        receipts = [task.result(30) for task in tasks]
    assert all(isinstance(one, Receipt) for one in receipts)
    assert len(set(receipts)) == axis.receipts() == 12


def test_one_that_cannot_be_admitted_harms_no_other(axis: Axis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A fault that shows only within the transaction: whoever brought it gets it, all others their receipts."""
    waiting = packages("H28", 16)
    poison = Doc(DEPARTMENT, (PROVINCE,), "666").package()
    sign = Notary.receipt

    def refuse(notary: Notary, statement: bytes) -> bytes:
        if b'"sender":"H28.20"' in statement.replace(b" ", b""):
            raise ArithmeticError("poison")
        return sign(notary, statement)

    monkeypatch.setattr(Notary, "receipt", refuse)
    with gatherer(axis) as gathering:
        answers = all_at_once(gathering, [(caller(DEPARTMENT), poison), *((caller(PROVINCE), one) for one in waiting)])
    assert isinstance(answers[0], ArithmeticError)
    assert [(record.getMessage(), record.truc_fields["sender"]) for record in caplog.records] == [("not admitted", "H28.20")]  # type: ignore[attr-defined]
    assert all(isinstance(one, Receipt) for one in answers[1:])
    assert axis.receipts() == 16


def test_whoever_is_not_answered_in_time_may_ask_again(axis: Axis) -> None:
    first, second = packages("H28", 2)
    with gatherer(axis) as gathering, standing_still(axis) as go:
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(gathering.submit, caller(PROVINCE), Submission(first), at(0))
            _until(lambda: gathering._thread is not None and not gathering._waiting)
            with pytest.raises(Overloaded) as late:
                gathering.submit(caller(PROVINCE), Submission(second), at(0), seconds=0.1)
            assert (late.value.rule, late.value.seconds) == ("too-late", 1)
            go.set()
            assert isinstance(held.result(20), Receipt)
        _until(lambda: not gathering._waiting)
        assert axis.receipts() == 1, "what was taken out of the line is not admitted"
        receipt = gathering.submit(caller(PROVINCE), Submission(second), at(0))
    assert receipt == send(axis, PROVINCE, second, 5)


def test_a_line_that_is_full_turns_ordinary_ones_away_and_takes_urgent_ones(axis: Axis) -> None:
    ordinary = packages("H28", 9)
    urgent = Doc(DEPARTMENT, (PROVINCE,), "500", priority=3).package()
    narrow = Capacity(rows=6, least_share=6)
    with gatherer(axis, line=narrow, most=4) as gathering, standing_still(axis) as go, ThreadPoolExecutor(10) as pool:
        first = pool.submit(gathering.submit, caller(PROVINCE), Submission(ordinary[0]), at(0))
        _until(lambda: gathering._thread is not None and not gathering._waiting)
        tasks = [pool.submit(gathering.submit, caller(PROVINCE), Submission(one), at(0)) for one in ordinary[1:7]]
        _until(lambda: len(gathering._waiting) == 6)
        with pytest.raises(Overloaded, match="waits too long"):
            gathering.submit(caller(DISTRICT), Submission(packages("H28.30", 1)[0]), at(0))
        express = pool.submit(gathering.submit, caller(DEPARTMENT), Submission(urgent), at(0))
        _until(lambda: len(gathering._waiting) == 7)
        assert gathering._waiting[0].admission.priority == 3, "and they go first"
        go.set()
        assert all(isinstance(one.result(20), Receipt) for one in (first, express, *tasks))
    assert axis.receipts() == 8


def test_what_was_staged_for_a_submission_that_is_not_admitted_goes_at_once(axis: Axis) -> None:
    large = Doc(PROVINCE, (DEPARTMENT,), "700", annexes=(bytes(range(256)) * 2000,)).package()
    with gatherer(axis, line=Capacity(rows=1, least_share=1)) as gathering, standing_still(axis) as go, ThreadPoolExecutor(2) as pool:
        first = pool.submit(gathering.submit, caller(PROVINCE), Submission(packages("H28", 1)[0]), at(0))
        _until(lambda: gathering._thread is not None and not gathering._waiting)
        late = gathering.hand_in(caller(PROVINCE), Submission(large), at(0))
        assert uploads(axis) == 1
        with pytest.raises(Overloaded):
            gathering.submit(caller(PROVINCE), Submission(Doc(PROVINCE, (DISTRICT,), "701", annexes=(b"x" * 600_000,)).package()), at(0))
        assert uploads(axis) == 1, "of the one in line alone"
        assert late.cancel()
        go.set()
        first.result(20)
        _until(lambda: uploads(axis) == 0)
    assert axis.receipts() == 1


def test_a_database_that_is_gone_is_said_to_each_and_the_next_ones_are_admitted(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = packages("H28", 6)
    admit = axis.admit
    monkeypatch.setattr(axis, "admit", _raising(StoreUnavailable("the disk is full")))
    with gatherer(axis) as gathering:
        answers = all_at_once(gathering, [(caller(PROVINCE), one) for one in waiting])
        assert {str(one) for one in answers} == {"the database cannot be used: the disk is full"}
        monkeypatch.setattr(axis, "admit", admit)
        assert all(isinstance(one, Receipt) for one in all_at_once(gathering, [(caller(PROVINCE), one) for one in waiting]))


def test_a_batch_that_others_are_always_in_the_way_of_fails_alone(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axis, "admit", _raising(Conflict("always")))
    with gatherer(axis) as gathering:
        answers = all_at_once(gathering, [(caller(PROVINCE), one) for one in packages("H28", 3)])
    assert [type(one) for one in answers] == [Conflict] * 3


def test_closing_answers_what_is_in_line_and_takes_no_more(axis: Axis) -> None:
    waiting = packages("H28", 6)
    gathering = Gatherer(axis, most=2)
    answers = [gathering.hand_in(caller(PROVINCE), Submission(one), at(0)) for one in waiting]
    gathering.close()
    assert all(isinstance(one.result(0), Receipt) for one in answers)
    with pytest.raises(Overloaded, match="about to end"):
        gathering.submit(caller(PROVINCE), Submission(packages("H28", 1, 300)[0]), at(0))
    Gatherer(axis).close()


def uploads(axis: Axis) -> int:
    with axis._store.asking() as work:
        return int(work.value(select(func.count()).select_from(upload)))


def _raising(error: Exception) -> Callable[[object], object]:
    def admit(_: object) -> object:
        raise error

    return admit


def _until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)
