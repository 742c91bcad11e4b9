"""An urgent document waits for one batch of others at most, whatever stands before it in any queue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from exchange.api import Receipt
from exchange.axis import Axis
from exchange.crew import Crew
from exchange.domain.document import Urgency
from exchange.domain.lifecycle import DeliveryState, Operation
from exchange.doorbell import Silent
from exchange.edxml.model import Business
from exchange.outbox import EVERYTHING, Stage
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, open_crew_of_field, open_served_field, send, states

BATCH = 4


class _Enough(Exception):
    """The first round is over."""


class _Stopping:
    """A doorbell at which a worker is stopped that still has work."""

    def ring(self, stage: Stage) -> None:
        raise _Enough


@pytest.fixture
def served(shared_url: str) -> Iterator[tuple[Axis, Crew]]:
    """An axis and its one worker, which takes few rows at once."""
    axis = open_served_field(shared_url, Silent(), driven=False)
    crew = open_crew_of_field(shared_url, _Stopping(), "worker", claim_size=BATCH)
    yield axis, crew
    crew.close()
    axis.close()


def backlog(axis: Axis) -> Receipt:
    """Ordinary documents, and an urgent one behind them."""
    for number in range(100, 100 + 3 * BATCH):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    return send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "9", priority=Urgency.EXPRESS).package(), 5)


def test_the_first_round_of_one_worker_brings_it_into_its_mailbox(served: tuple[Axis, Crew]) -> None:
    """One worker that judged everything before it routed anything kept urgent ones for a minute."""
    axis, crew = served
    urgent = backlog(axis)
    with pytest.raises(_Enough):
        crew.drain(Stage.VERIFY)
    assert states(axis, urgent, PROVINCE) == {str(DEPARTMENT): DeliveryState.WAITING}
    assert axis.count(DeliveryState.WAITING) == 1, "nor does it wait for the rest of a batch to be judged"


def test_what_is_judged_and_not_yet_routed_does_not_stand_before_it(served: tuple[Axis, Crew]) -> None:
    axis, crew = served
    urgent = backlog(axis)
    while crew._runner.run(Stage.VERIFY, EVERYTHING).rows:
        pass
    crew._runner.run(Stage.ROUTE, EVERYTHING)
    assert states(axis, urgent, PROVINCE) == {str(DEPARTMENT): DeliveryState.WAITING}
    assert axis.count(DeliveryState.WAITING) == BATCH


def test_a_worker_with_work_without_end_seals_in_between(served: tuple[Axis, Crew], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all that a backlog did is sealed at its end, and whoever comes then waits for seconds."""
    axis, crew = served
    backlog(axis)
    monkeypatch.setattr("exchange.crew._SEAL_SECONDS", 0.0)
    monkeypatch.setattr(crew, "_patrols", True)
    monkeypatch.setattr(_Stopping, "ring", lambda *_: None)
    sealed: list[int] = []
    seal = crew.seal
    monkeypatch.setattr(crew, "seal", lambda apart: sealed.append(axis.count(DeliveryState.WAITING)) or seal())  # type: ignore[func-returns-value]
    assert crew.drain(Stage.VERIFY)
    assert sealed[:2] == [1, 1 + BATCH]


def test_a_sealing_that_fails_in_between_keeps_nobody_from_judging(
    served: tuple[Axis, Crew], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock that stepped back, a query that took too long: the schedule's sealing tells it, documents go on."""
    axis, crew = served
    backlog(axis)
    monkeypatch.setattr("exchange.crew._SEAL_SECONDS", 0.0)
    monkeypatch.setattr(crew, "_patrols", True)
    monkeypatch.setattr(_Stopping, "ring", lambda *_: None)

    def fails(apart: float) -> None:
        raise ValueError("the ledger was sealed later")

    monkeypatch.setattr(crew, "seal", fails)
    crew.drain(Stage.VERIFY)
    assert axis.count(DeliveryState.WAITING) == 3 * BATCH + 1
    assert [one.message for one in caplog.records] == ["not sealed"], "once, and not again at once"


def test_workers_that_seal_in_between_leave_it_to_who_just_did(served: tuple[Axis, Crew]) -> None:
    axis, crew = served
    backlog(axis)
    assert crew.seal() is not None
    assert crew.seal(apart=60) is None
    assert crew.seal() is not None


def test_what_is_about_a_document_is_not_judged_before_it(served: tuple[Axis, Crew]) -> None:
    """An express recall of an ordinary document that waits behind others: judged first, it would come back to be routed each second."""
    axis, crew = served
    backlog(axis)
    doc = Doc(PROVINCE, (DEPARTMENT,), "200")
    send(axis, PROVINCE, doc.package(), 10)
    loud = replace(doc, business=Business(Operation.RECALL, "ban hành nhầm"), priority=Urgency.EXPRESS)
    send(axis, PROVINCE, loud.package(), 20)
    assert crew._runner.run(Stage.VERIFY, EVERYTHING).rows == 1, "the urgent one of the backlog, and not the recall"
