"""Status packages: they travel to the party concerned, and move the delivery only as the table says."""

from __future__ import annotations

import pytest

from exchange.api import PackageKind, Receipt
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.edxml.reader import read
from exchange.receipts import read_refusal
from tests.exchange.axis.field import (
    ALIAS,
    DEPARTMENT,
    DISTRICT,
    NEIGHBOUR,
    PROVINCE,
    STRANGER,
    Doc,
    at,
    caller,
    report,
    send,
    states,
    take,
)  # fmt: skip

S, C = DeliveryState, StatusCode
DOC = Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR), "15")


@pytest.fixture
def sent(axis: Axis) -> Receipt:
    """One document, fetched by the department, waiting at the neighbour."""
    receipt = send(axis, PROVINCE, DOC.package(), 0)
    axis.settle(at(60))
    take(axis, DEPARTMENT, 60)
    return receipt


def test_the_codes_01_to_06_walk_the_delivery_to_its_end(axis: Axis, sent: Receipt) -> None:
    walk = [(C.ARRIVED, S.ARRIVED), (C.REGISTERED, S.REGISTERED), (C.ASSIGNED, S.ASSIGNED), (C.IN_PROCESS, S.IN_PROCESS), (C.DONE, S.DONE)]
    for minute, (code, state) in enumerate(walk, 2):
        package = report(DEPARTMENT, DOC, code)
        send(axis, DEPARTMENT, package, 60 * minute)
        axis.settle(at(60 * minute + 30))
        (view, other) = axis.deliveries(caller(PROVINCE), [sent.package_id])
        assert (view.state, view.since) == (state, at(60 * minute))
        assert other.state is S.WAITING
        (line,) = axis.waiting(caller(PROVINCE), at(60 * minute + 30))
        assert (line.kind, line.sender, line.available_at) == (PackageKind.STATUS, DEPARTMENT, at(60 * minute + 3))
        assert take(axis, PROVINCE, 60 * minute + 30) == [package]
    assert axis.refusals_since() == ()


def test_a_calls_statuses_apply_in_the_order_given(axis: Axis, sent: Receipt) -> None:
    """Vendors send 03 and 05 at once."""
    for code in (C.ARRIVED, C.REGISTERED, C.IN_PROCESS):
        send(axis, DEPARTMENT, report(DEPARTMENT, DOC, code), 100)
    axis.settle(at(200))
    assert states(axis, sent, PROVINCE)["H28.20"] is S.IN_PROCESS
    assert [read(data).status.code for data in take(axis, PROVINCE, 200)] == [C.ARRIVED, C.REGISTERED, C.IN_PROCESS]


def test_a_return_carries_its_reason(axis: Axis, sent: Receipt) -> None:
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.RETURNED, "gửi nhầm nơi nhận"), 100)
    axis.settle(at(200))
    (view, _) = axis.deliveries(caller(PROVINCE), [sent.package_id])
    assert (view.state, view.reason) == (S.RETURNED, "gửi nhầm nơi nhận")


def test_a_repeat_changes_nothing_and_still_travels(axis: Axis, sent: Receipt) -> None:
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.ARRIVED), 100)
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.ARRIVED, "again"), 200)
    axis.settle(at(300))
    (view, _) = axis.deliveries(caller(PROVINCE), [sent.package_id])
    assert (view.state, view.since) == (S.ARRIVED, at(100))
    assert len(take(axis, PROVINCE, 300)) == 2


@pytest.mark.parametrize("code", [C.ASSIGNED, C.IN_PROCESS, C.DONE])
def test_a_status_out_of_turn_is_refused_signed_and_does_not_travel(axis: Axis, sent: Receipt, code: StatusCode) -> None:
    status = send(axis, DEPARTMENT, report(DEPARTMENT, DOC, code), 100)
    axis.settle(at(200))
    assert states(axis, sent, PROVINCE)["H28.20"] is S.FETCHED
    assert take(axis, PROVINCE, 200) == []
    (data,) = take(axis, DEPARTMENT, 200)
    refusal = read_refusal(data).refusal
    assert (refusal.package_id, refusal.rule, refusal.at) == (status.package_id, "illegal-transition", at(100))


def test_a_status_about_nothing_or_to_nobody_is_refused(axis: Axis, sent: Receipt) -> None:
    other = Doc(PROVINCE, (DEPARTMENT,), "999")
    send(axis, DEPARTMENT, report(DEPARTMENT, other, C.ARRIVED), 100)
    send(axis, DISTRICT, report(DISTRICT, DOC, C.ARRIVED), 100)
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.ARRIVED, to=STRANGER), 100)
    axis.settle(at(200))
    assert [read_refusal(data).refusal.rule for data in take(axis, DEPARTMENT, 200)] == ["unknown-document", "unknown-recipient"]
    assert [read_refusal(data).refusal.rule for data in take(axis, DISTRICT, 200)] == ["unknown-document"]
    assert set(states(axis, sent, PROVINCE).values()) == {S.FETCHED, S.WAITING}


def test_nobody_reports_for_another(axis: Axis, sent: Receipt) -> None:
    """The neighbour's delivery cannot be moved by the department, nor the department's by the sender."""
    send(axis, PROVINCE, report(PROVINCE, DOC, C.REGISTERED), 100)
    axis.settle(at(200))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.FETCHED, "H17": S.WAITING}


def test_a_recipient_addressed_by_alias_reports_under_its_code(axis: Axis) -> None:
    doc = Doc(PROVINCE, (ALIAS,), "15")
    receipt = send(axis, PROVINCE, doc.package(), 0)
    axis.settle(at(60))
    send(axis, DEPARTMENT, report(DEPARTMENT, doc, C.REGISTERED), 100)
    axis.settle(at(200))
    assert states(axis, receipt, PROVINCE) == {"H28.99": S.REGISTERED}


def test_a_status_without_a_date_means_the_latest_document_of_that_code(axis: Axis, sent: Receipt) -> None:
    package = report(DEPARTMENT, DOC, C.ARRIVED)
    bare = package.replace(b"<edXML:PromulgationDate>2021/09/27</edXML:PromulgationDate>", b"")
    assert bare != package
    send(axis, DEPARTMENT, bare, 100)
    axis.settle(at(200))
    assert states(axis, sent, PROVINCE)["H28.20"] is S.ARRIVED


def test_a_status_crosses_the_same_hops_and_waits_at_a_stopped_one(axis: Axis, sent: Receipt) -> None:
    axis.stop_hop("bus:H17", at(90), at(900))
    send(axis, NEIGHBOUR, report(NEIGHBOUR, DOC, C.ARRIVED), 100)
    send(axis, DEPARTMENT, report(DEPARTMENT, DOC, C.ARRIVED), 100)
    axis.settle(at(800))
    assert len(take(axis, PROVINCE, 800)) == 1
    axis.settle(at(1000))
    assert len(take(axis, PROVINCE, 1000)) == 1
    assert states(axis, sent, PROVINCE) == {"H28.20": S.ARRIVED, "H17": S.ARRIVED}
