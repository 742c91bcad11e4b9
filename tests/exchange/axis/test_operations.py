"""Recall, take-back, update and replace: negotiations of their own, moving the delivery only on 15 (domain.md §1.7, §1.13–1.14)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.api import Receipt
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState, Operation, StatusCode
from exchange.domain.negotiation import Kind, Step
from exchange.edxml.model import Business, ReceiverChange, Replacement
from exchange.edxml.reader import read
from exchange.receipts import read_refusal
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    NEIGHBOUR,
    PROVINCE,
    Doc,
    at,
    caller,
    letter,
    report,
    send,
    states,
    take,
    total,
)  # fmt: skip

S, C = DeliveryState, StatusCode
DOC = Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR), "15")
RECALL = replace(DOC, business=Business(Operation.RECALL, "ban hành nhầm"))
UPDATE = replace(DOC, business=Business(Operation.UPDATE, "bổ sung phụ lục", document_id=DOC.header.document_id))
OLD = (Replacement(DOC.header.document_id),)
NEW = Doc(PROVINCE, (DEPARTMENT,), "16", business=Business(Operation.REPLACE, "sai số liệu", replacements=OLD))


@pytest.fixture
def sent(axis: Axis) -> Receipt:
    """One document, registered by the department, waiting at the neighbour."""
    receipt = send(axis, PROVINCE, DOC.package(), 0)
    axis.settle(at(60))
    take(axis, DEPARTMENT, 60)
    for code in (C.ARRIVED, C.REGISTERED):
        send(axis, DEPARTMENT, report(DEPARTMENT, DOC, code), 70)
    axis.settle(at(100))
    take(axis, PROVINCE, 100)
    return receipt


def rules(axis: Axis, organ: object, seconds: float) -> list[str]:
    """Rules of the refusals waiting in a mailbox."""
    return [read_refusal(data).refusal.rule for data in take(axis, organ, seconds)]  # type: ignore[arg-type]


def steps(axis: Axis) -> list[tuple[Kind, str, Step]]:
    return [(one.kind, str(one.recipient), one.step) for one in axis.negotiations()]


def test_a_recall_moves_the_delivery_only_when_the_recipient_agrees(axis: Axis, sent: Receipt) -> None:
    send(axis, PROVINCE, RECALL.package(), 200)
    axis.settle(at(300))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REGISTERED, "H17": S.WAITING}
    assert steps(axis) == [(Kind.RECALL, "H28.20", Step.ASKED), (Kind.RECALL, "H17", Step.ASKED)]
    assert [read(data).edoc.operation for data in take(axis, DEPARTMENT, 300)] == [Operation.RECALL]
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.AGREED), 400)
    axis.settle(at(500))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.RECALLED, "H17": S.WAITING}
    assert steps(axis)[0] == (Kind.RECALL, "H28.20", Step.AGREED)
    assert axis.negotiations()[0].answered_at == at(400)
    assert [read(data).status.code for data in take(axis, PROVINCE, 500)] == [C.AGREED]
    assert total(axis) == 2


def test_a_refused_recall_leaves_the_delivery_where_it_is(axis: Axis, sent: Receipt) -> None:
    send(axis, PROVINCE, RECALL.package(), 200)
    axis.settle(at(300))
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.REFUSED), 400)
    axis.settle(at(500))
    assert states(axis, sent, PROVINCE)["H28.20"] is S.REGISTERED
    assert steps(axis)[0][2] is Step.REFUSED
    again = replace(RECALL, business=replace(RECALL.business, reason="lần thứ hai"))
    send(axis, PROVINCE, again.package(), 600)
    axis.settle(at(700))
    assert [step for kind, organ, step in steps(axis) if organ == "H28.20"] == [Step.REFUSED, Step.ASKED]


def test_nothing_may_be_asked_while_a_request_is_open(axis: Axis, sent: Receipt) -> None:
    send(axis, PROVINCE, RECALL.package(), 200)
    send(axis, PROVINCE, UPDATE.package(), 201)
    axis.settle(at(300))
    assert rules(axis, PROVINCE, 300) == ["negotiation-closed", "negotiation-closed"]
    assert len(take(axis, DEPARTMENT, 300)) == 1


def test_an_answer_without_a_question_is_refused(axis: Axis, sent: Receipt) -> None:
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.AGREED), 200)
    axis.settle(at(300))
    assert rules(axis, DEPARTMENT, 300) == ["negotiation-closed"]
    assert take(axis, PROVINCE, 300) == []


def test_an_operation_on_an_unknown_document_is_refused_per_recipient(axis: Axis) -> None:
    send(axis, PROVINCE, RECALL.package(), 200)
    axis.settle(at(300))
    notices = [read_refusal(data).refusal for data in take(axis, PROVINCE, 300)]
    assert [(one.recipient, one.rule) for one in notices] == [("H28.20", "unknown-document"), ("H17", "unknown-document")]
    assert total(axis) == 0


def test_a_recall_to_somebody_who_never_got_it_is_refused(axis: Axis, sent: Receipt) -> None:
    data = letter(PROVINCE, (DISTRICT,), "15", DOC.day)
    send(axis, PROVINCE, replace(RECALL, recipients=(DISTRICT,), letter=data).package(), 200)
    axis.settle(at(300))
    assert rules(axis, PROVINCE, 300) == ["not-a-recipient"]


def test_an_update_that_names_an_added_recipient_delivers_to_it(axis: Axis, sent: Receipt) -> None:
    """The letter is not addressed to the district; the update by the same sender names it as added."""
    business = replace(UPDATE.business, receivers_changed=True, changes=(ReceiverChange(DISTRICT, True),))
    update = replace(UPDATE, recipients=(DEPARTMENT, DISTRICT), business=business, letter=letter(PROVINCE, DOC.recipients, "15", DOC.day))
    package = update.package()
    send(axis, PROVINCE, package, 200)
    assert total(axis) == 3
    axis.settle(at(300))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REGISTERED, "H17": S.WAITING, "H28.30": S.WAITING}
    assert take(axis, DISTRICT, 300) == [package]
    assert take(axis, DEPARTMENT, 300) == [package]
    assert steps(axis) == [(Kind.UPDATE, "H28.20", Step.ASKED)]
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.AGREED), 400)
    send(axis, DISTRICT, report(DISTRICT, DOC, C.REGISTERED), 400)
    axis.settle(at(500))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REGISTERED, "H17": S.WAITING, "H28.30": S.REGISTERED}
    assert steps(axis) == [(Kind.UPDATE, "H28.20", Step.AGREED)]


def test_an_update_cannot_slip_in_a_recipient_it_does_not_name(axis: Axis, sent: Receipt) -> None:
    update = replace(UPDATE, recipients=(DISTRICT,), letter=letter(PROVINCE, DOC.recipients, "15", DOC.day))
    send(axis, PROVINCE, update.package(), 200)
    axis.settle(at(300))
    assert rules(axis, PROVINCE, 300) == ["recipient-mismatch"]
    assert take(axis, DISTRICT, 300) == []
    assert total(axis) == 2


def test_a_replacement_replaces_the_old_document_when_the_new_one_is_registered(axis: Axis, sent: Receipt) -> None:
    receipt = send(axis, PROVINCE, NEW.package(), 200)
    axis.settle(at(300))
    assert steps(axis) == [(Kind.REPLACE, "H28.20", Step.ASKED)]
    assert states(axis, sent, PROVINCE)["H28.20"] is S.REGISTERED
    take(axis, DEPARTMENT, 300)
    send(axis, DEPARTMENT, report(DEPARTMENT, NEW, C.ARRIVED), 350)
    axis.settle(at(400))
    assert states(axis, sent, PROVINCE)["H28.20"] is S.REGISTERED
    send(axis, DEPARTMENT, report(DEPARTMENT, NEW, C.REGISTERED), 450)
    axis.settle(at(500))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.REGISTERED}
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REPLACED, "H17": S.WAITING}
    assert steps(axis) == [(Kind.REPLACE, "H28.20", Step.AGREED)]


def test_a_replacement_of_nothing_fails_its_delivery(axis: Axis) -> None:
    receipt = send(axis, PROVINCE, NEW.package(), 200)
    axis.settle(at(300))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.FAILED}
    assert rules(axis, PROVINCE, 300) == ["unknown-document"]


def test_a_replacement_needs_a_number_of_its_own(axis: Axis, sent: Receipt) -> None:
    (answer,) = axis.submit(caller(PROVINCE), [_submission(replace(NEW, number="15"))], at(200))
    assert getattr(answer, "rule", None) == "duplicate-number"


def _submission(doc: Doc) -> object:
    from exchange.api import Submission

    return Submission(doc.package())


def test_a_take_back_needs_the_recipients_consent_once_the_package_has_arrived(axis: Axis, sent: Receipt) -> None:
    send(axis, PROVINCE, report(PROVINCE, DOC, C.TAKE_BACK, "gửi nhầm", to=DEPARTMENT), 200)
    axis.settle(at(300))
    assert steps(axis) == [(Kind.TAKE_BACK, "H28.20", Step.ASKED)]
    assert [read(data).status.code for data in take(axis, DEPARTMENT, 300)] == [C.TAKE_BACK]
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.AGREED), 400)
    axis.settle(at(500))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.TAKEN_BACK, "H17": S.WAITING}


def test_a_take_back_of_what_has_not_left_yet_is_local(axis: Axis) -> None:
    axis.stop_hop("national", at(0), at(3600))
    receipt = send(axis, PROVINCE, DOC.package(), 0)
    axis.settle(at(60))
    send(axis, PROVINCE, report(PROVINCE, DOC, C.TAKE_BACK, "gửi nhầm", to=NEIGHBOUR), 100)
    axis.settle(at(5000))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.WAITING, "H17": S.TAKEN_BACK}
    assert axis.waiting(caller(NEIGHBOUR), at(5000)) == ()
    assert steps(axis) == []


def test_only_the_sender_takes_back(axis: Axis, sent: Receipt) -> None:
    send(axis, DISTRICT, report(DISTRICT, DOC, C.TAKE_BACK, "x", to=DEPARTMENT), 200)
    axis.settle(at(300))
    assert rules(axis, DISTRICT, 300) == ["unknown-document"]
    assert take(axis, DEPARTMENT, 300) == []


def test_a_returned_document_cannot_be_recalled(axis: Axis) -> None:
    send(axis, PROVINCE, DOC.package(), 0)
    axis.settle(at(60))
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.RETURNED, "nhầm"), 70)
    axis.settle(at(100))
    take(axis, PROVINCE, 100)
    data = letter(PROVINCE, DOC.recipients, "15", DOC.day)
    send(axis, PROVINCE, replace(RECALL, recipients=(DEPARTMENT,), letter=data).package(), 200)
    axis.settle(at(300))
    assert rules(axis, PROVINCE, 300) == ["illegal-transition"]


def test_an_operation_in_the_same_breath_as_its_document_waits_for_the_verdict(axis: Axis) -> None:
    """Document and recall reach the axis in one call: the recall asks about what has just been accepted."""
    answers = axis.submit(caller(PROVINCE), [_submission(DOC), _submission(RECALL)], at(0))  # type: ignore[list-item]
    assert all(isinstance(answer, Receipt) for answer in answers)
    axis.settle(at(60))
    assert steps(axis) == [(Kind.RECALL, "H28.20", Step.ASKED), (Kind.RECALL, "H17", Step.ASKED)]
    assert len(take(axis, DEPARTMENT, 60)) == 2


FORGED = letter(PROVINCE, DOC.recipients, "15", DOC.day, seal_of=DISTRICT)


def test_a_recall_whose_letter_does_not_hold_is_refused_for_each_recipient(axis: Axis, sent: Receipt) -> None:
    """It makes no delivery of its own: nobody is asked, what was delivered stays, and the sender is told of each recipient."""
    send(axis, PROVINCE, replace(RECALL, letter=FORGED).package(), 200)
    axis.settle(at(300))
    notices = [read_refusal(data).refusal for data in take(axis, PROVINCE, 300)]
    assert [(one.recipient, one.rule) for one in notices] == [(organ, "organisation-not-sender") for organ in ("H28.20", "H17")]
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REGISTERED, "H17": S.WAITING}
    assert steps(axis) == []


def test_an_update_whose_letter_does_not_hold_fails_what_it_adds_and_asks_nobody(axis: Axis, sent: Receipt) -> None:
    business = replace(UPDATE.business, receivers_changed=True, changes=(ReceiverChange(DISTRICT, True),))
    send(axis, PROVINCE, replace(UPDATE, recipients=(DEPARTMENT, DISTRICT), business=business, letter=FORGED).package(), 200)
    axis.settle(at(300))
    notices = [read_refusal(data).refusal for data in take(axis, PROVINCE, 300)]
    assert sorted((one.recipient, one.rule) for one in notices) == [(organ, "organisation-not-sender") for organ in ("H28.20", "H28.30")]
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REGISTERED, "H17": S.WAITING, "H28.30": S.FAILED}
    assert steps(axis) == []
