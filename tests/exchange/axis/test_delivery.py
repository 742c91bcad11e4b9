"""From receipt to mailbox: judged, routed, carried, delivered; failures are per recipient and signed."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

import pytest

from exchange.api import Fetched, PackageKind, Receipt
from exchange.axis import Axis
from exchange.domain.document import Urgency
from exchange.domain.lifecycle import DeliveryState, Operation
from exchange.edxml.model import Business
from exchange.errors import UnknownHop, UnknownPackage
from exchange.mailbox import PAGE_BYTES
from exchange.receipts import read_refusal
from signing import Purpose, Validator
from tests.exchange.axis.field import (
    ALIAS,
    ANNEX,
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    MINISTRY,
    NEIGHBOUR,
    PROVINCE,
    STRANGER,
    Doc,
    at,
    axis_signer,
    caller,
    letter,
    pki,
    send,
    states,
    take,
    total,
)  # fmt: skip

S = DeliveryState


def test_a_document_walks_from_receipt_to_mailbox_byte_for_byte(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR), "15", annexes=(ANNEX, b"x" * 300_000))
    package = doc.package()
    receipt = send(axis, PROVINCE, package, 0)
    assert axis.count(S.RECEIVED) == 2
    settled = axis.settle(at(0))
    assert settled.open_until is not None
    assert dict(settled.mail) == {DEPARTMENT: at(3)}
    assert axis.waiting(caller(DEPARTMENT), at(2)) == ()
    assert len(axis.waiting(caller(DEPARTMENT), at(3))) == 1
    settled = axis.settle(at(60))
    assert settled.open_until is None
    assert take(axis, DEPARTMENT, 60) == [package]
    assert take(axis, NEIGHBOUR, 60) == [package]
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.FETCHED, "H17": S.FETCHED}
    assert [state for state, _ in axis.history(receipt.package_id, NEIGHBOUR)] == [S.RECEIVED, S.IN_TRANSIT, S.WAITING, S.FETCHED]
    assert take(axis, DEPARTMENT, 61) == []


def test_a_verdict_is_kept_for_each_document_with_its_verifications(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15", annexes=(ANNEX,)).package(), 7)
    axis.settle(at(60))
    (verdict,) = axis.judgements_since()
    assert (verdict.accepted, verdict.verifies, verdict.at, verdict.sender) == (True, 3, at(7), PROVINCE)
    assert axis.judgements_since(verdict.cursor) == ()


def test_a_failure_is_per_recipient_and_the_others_proceed(axis: Axis) -> None:
    recipients = (DEPARTMENT, STRANGER, LOCKED, ALIAS, DISTRICT)
    receipt = send(axis, PROVINCE, Doc(PROVINCE, recipients, "15").package(), 0)
    axis.settle(at(60))
    assert states(axis, receipt, PROVINCE) == {
        "H28.20": S.WAITING, "H28.55": S.FAILED, "H28.77": S.FAILED, "H28.99": S.FAILED, "H28.30": S.WAITING,
    }  # fmt: skip
    notices = [read_refusal(data).refusal for data in take(axis, PROVINCE, 60)]
    assert {(one.recipient, one.rule) for one in notices} == {
        ("H28.55", "unknown-recipient"), ("H28.77", "locked-recipient"), ("H28.99", "duplicate-recipient"),
    }  # fmt: skip
    assert {one.package_id for one in notices} == {receipt.package_id}


def test_a_recipient_named_by_its_alias_gets_its_mail(axis: Axis) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (ALIAS,), "15").package(), 0)
    axis.settle(at(60))
    assert len(take(axis, DEPARTMENT, 60)) == 1
    assert states(axis, receipt, PROVINCE) == {"H28.99": S.FETCHED}


@pytest.mark.parametrize(
    ("doc", "rule", "sub_indication"),
    [
        (Doc(PROVINCE, (DEPARTMENT,), "15", letter=letter(PROVINCE, (DEPARTMENT,), "16", at(0).date())), "number-mismatch", ""),
        (Doc(PROVINCE, (DEPARTMENT,), "15", letter=letter(PROVINCE, (DISTRICT,), "15", at(0).date())), "recipient-mismatch", ""),
        (Doc(PROVINCE, (DEPARTMENT,), "15", letter=letter(PROVINCE, (DEPARTMENT,), "15", at(0).date(), secrecy="MẬT")), "secret", ""),
        (Doc(PROVINCE, (DEPARTMENT,), "15", letter=b"no letter"), "no-letter", ""),
        (
            Doc(PROVINCE, (DEPARTMENT,), "15", letter=letter(PROVINCE, (DEPARTMENT,), "15", at(0).date(), seal_of=DISTRICT)),
            "organisation-not-sender",
            "",
        ),
    ],
)
def test_a_refusal_is_transport_fail_and_a_signed_notice_never_02(axis: Axis, doc: Doc, rule: str, sub_indication: str) -> None:
    receipt = send(axis, PROVINCE, doc.package(), 0)
    settled = axis.settle(at(60))
    assert [organ for organ, _ in settled.mail] == [PROVINCE]
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.FAILED}
    assert axis.waiting(caller(DEPARTMENT), at(999)) == ()
    (line,) = axis.waiting(caller(PROVINCE), at(60))
    assert line.kind is PackageKind.REFUSAL
    (package,) = axis.fetch(caller(PROVINCE), [line.package_id], at(60))
    data = package.read()
    assert len(data) == line.size
    notice = read_refusal(data)
    assert (notice.refusal.rule, notice.refusal.sub_indication) == (rule, sub_indication)
    assert (notice.refusal.package_id, notice.refusal.recipient, notice.refusal.at) == (receipt.package_id, "H28.20", at(0))
    verdict = Validator(pki().trust_store()).validate(
        notice.signature, sha256(notice.statement).digest(), at(60), Purpose.REFUSAL, known=[axis_signer().holder.certificate_der]
    )
    assert verdict.passed, verdict.reason
    (judged,) = axis.judgements_since()
    assert (judged.accepted, judged.rule) == (False, rule)


def test_a_tampered_refusal_is_not_read() -> None:
    with pytest.raises(ValueError, match="refusal"):
        read_refusal(b'{"a":1}\nAAAA\n')
    with pytest.raises(ValueError, match="refusal"):
        read_refusal(b"{}")


def test_no_call_shows_another_agencys_mail(axis: Axis) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15").package(), 0)
    axis.settle(at(60))
    assert axis.waiting(caller(DISTRICT), at(60)) == ()
    for organ in (DISTRICT, PROVINCE):
        with pytest.raises(UnknownPackage):
            axis.fetch(caller(organ), [receipt.package_id], at(60))
        with pytest.raises(UnknownPackage):
            axis.confirm(caller(organ), [Fetched(receipt.package_id, True)], at(60))
    with pytest.raises(UnknownPackage):
        axis.deliveries(caller(DEPARTMENT), [receipt.package_id])
    with pytest.raises(UnknownPackage):
        axis.fetch(caller(DEPARTMENT), [receipt.package_id], at(2))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.WAITING}


def test_collecting_confirms_what_came_before_and_brings_the_next_whole(axis: Axis) -> None:
    packages = [Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR), str(number)).package() for number in (21, 22, 23)]
    receipts = [send(axis, PROVINCE, package, 0) for package in packages]
    axis.settle(at(60))
    assert axis.collect(caller(DEPARTMENT), [], at(2)) == ()
    first = axis.collect(caller(DEPARTMENT), [], at(60), limit=2)
    assert [one.envelope for one in first] == list(axis.waiting(caller(DEPARTMENT), at(60), limit=2))
    assert [one.read() for one in first] == packages[:2]
    said = [Fetched(first[0].envelope.package_id, True), Fetched(first[1].envelope.package_id, False, "unreadable")]
    assert [one.read() for one in axis.collect(caller(DEPARTMENT), said, at(61))] == packages[2:]
    assert [one.read() for one in axis.collect(caller(DEPARTMENT), said, at(62))] == packages[2:]
    assert [states(axis, receipt, PROVINCE)["H28.20"] for receipt in receipts] == [S.FETCHED, S.FAILED, S.WAITING]
    for foreign in (receipts[2].package_id, "0" * 24, "no package's name"):
        with pytest.raises(UnknownPackage):
            axis.collect(caller(DISTRICT), [Fetched(foreign, True)], at(62))
    with pytest.raises(UnknownPackage):
        axis.collect(caller(DEPARTMENT), [Fetched(receipts[2].package_id, True), Fetched("0" * 24, True)], at(62))
    assert states(axis, receipts[2], PROVINCE) == {"H28.20": S.WAITING, "H17": S.WAITING}


def test_a_page_is_bounded_and_a_package_longer_than_it_is_read_by_itself(axis: Axis) -> None:
    long = Doc(PROVINCE, (DEPARTMENT,), "31", annexes=(ANNEX, b"x" * 1_200_000)).package()
    others = [Doc(PROVINCE, (DEPARTMENT,), str(number), annexes=(ANNEX, bytes([number]) * 250_000)).package() for number in range(32, 37)]
    for package in (long, *others):
        send(axis, PROVINCE, package, 0)
    axis.settle(at(60))
    taken: list[bytes] = []
    page = axis.collect(caller(DEPARTMENT), [], at(60))
    while page:
        assert sum(one.envelope.size for one in page if one.envelope.size <= PAGE_BYTES) <= PAGE_BYTES
        taken += [one.read() for one in page]
        page = axis.collect(caller(DEPARTMENT), [Fetched(one.envelope.package_id, True) for one in page], at(61))
    assert taken == [long, *others]


def test_a_failed_fetch_fails_the_delivery_and_the_first_word_counts(axis: Axis) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15").package(), 0)
    axis.settle(at(60))
    axis.confirm(caller(DEPARTMENT), [Fetched(receipt.package_id, False, "unreadable")], at(61))
    axis.confirm(caller(DEPARTMENT), [Fetched(receipt.package_id, True)], at(62))
    (view,) = axis.deliveries(caller(PROVINCE), [receipt.package_id])
    assert (view.state, view.since, view.reason) == (S.FAILED, at(61), "unreadable")
    (record,) = axis.export_deliveries()
    assert (record.transport, record.transport_at) == ("failed", at(61))


def test_mailboxes_order_by_urgency_instant_sender_and_sequence(axis: Axis) -> None:
    for second, sender, number, urgency in ((0, DISTRICT, "1", 0), (0, PROVINCE, "2", 0), (0, PROVINCE, "3", 0), (30, DISTRICT, "4", 3)):
        doc = Doc(sender, (DEPARTMENT,), number, priority=Urgency(urgency))
        send(axis, sender, doc.package(), second)
    axis.settle(at(60))
    lines = axis.waiting(caller(DEPARTMENT), at(60))
    keys = [(-line.priority, line.available_at, str(line.sender)) for line in lines]
    assert keys == sorted(keys)
    assert [line.priority for line in lines] == [3, 0, 0, 0]
    assert lines[0].available_at == max(line.available_at for line in lines), "it came last and is told first"
    assert axis.waiting(caller(DEPARTMENT), at(60), limit=2) == lines[:2]


def test_what_is_about_an_urgent_document_does_not_overtake_it(axis: Axis) -> None:
    """A recall says the urgency of the document in its header; it waits its turn behind it, among the ordinary ones."""
    urgent = Doc(PROVINCE, (DEPARTMENT,), "5", priority=Urgency.EXPRESS)
    recall = replace(urgent, business=Business(Operation.RECALL, "ban hành nhầm"))
    sent = [send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), "1").package(), 0), send(axis, PROVINCE, urgent.package(), 0)]
    sent += [send(axis, PROVINCE, recall.package(), 20)]
    axis.settle(at(60))
    assert [line.package_id for line in axis.waiting(caller(DEPARTMENT), at(60))] == [sent[number].package_id for number in (1, 0, 2)]


def test_an_urgent_document_overtakes_at_the_hop(axis: Axis) -> None:
    """The bus sends ten a second: of thirty that wait, the express one leaves first although it came last."""
    receipts = [send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0) for number in range(100, 130)]
    express = send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), "9", priority=Urgency.EXPRESS).package(), 0)
    axis.settle(at(60))
    order = [line.package_id for line in axis.waiting(caller(DEPARTMENT), at(60))]
    assert order[0] == express.package_id
    assert order[1:] == [receipt.package_id for receipt in receipts]


def test_stopping_one_hop_delays_only_what_crosses_it(axis: Axis) -> None:
    axis.stop_hop("national", at(0), at(3600))
    inside = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "1").package(), 1)
    across = send(axis, PROVINCE, Doc(PROVINCE, (NEIGHBOUR, DISTRICT), "2").package(), 1)
    settled = axis.settle(at(1800))
    assert settled.open_until == at(3600)
    assert axis.depth()["national"] == 1
    assert states(axis, inside, PROVINCE) == {"H28.20": S.WAITING}
    assert states(axis, across, PROVINCE) == {"H17": S.IN_TRANSIT, "H28.30": S.WAITING}
    axis.settle(at(3700))
    assert [line.available_at for line in axis.waiting(caller(NEIGHBOUR), at(3700))] == [at(3608)]
    with pytest.raises(UnknownHop):
        axis.stop_hop("moon", at(0), at(1))
    with pytest.raises(ValueError, match="end"):
        axis.stop_hop("national", at(1), at(1))


@pytest.mark.parametrize("step", [1, 7, 600])
def test_arrivals_do_not_depend_on_how_often_the_axis_settles(axis: Axis, step: int) -> None:
    for number in range(100, 140):
        send(axis, MINISTRY, Doc(MINISTRY, (DEPARTMENT, NEIGHBOUR), str(number), priority=Urgency(number % 3)).package(), 0)
    for second in range(0, 601, step):
        axis.settle(at(second))
    axis.settle(at(601))
    arrivals = [(line.package_id, line.available_at) for line in axis.waiting(caller(DEPARTMENT), at(700), limit=1000)]
    assert len(arrivals) == 40
    seen = test_arrivals_do_not_depend_on_how_often_the_axis_settles.__dict__.setdefault("seen", arrivals)
    assert arrivals == seen


def test_the_sum_over_states_is_exactly_every_document_and_recipient(axis: Axis) -> None:
    sent = 0
    for number, recipients in enumerate(((DEPARTMENT, DISTRICT), (NEIGHBOUR,), (STRANGER, LOCKED, DEPARTMENT)), 10):
        send(axis, PROVINCE, Doc(PROVINCE, recipients, str(number)).package(), number)
        sent += len(recipients)
        assert total(axis) == sent
    axis.settle(at(15))
    assert total(axis) == sent
    axis.settle(at(600))
    take(axis, DEPARTMENT, 600)
    assert total(axis) == sent == len(list(axis.export_deliveries()))
    assert {state: axis.count(state) for state in S if axis.count(state)} == {S.FETCHED: 2, S.WAITING: 2, S.FAILED: 2}
    exported = sorted((str(one.document), str(one.recipient), one.state) for one in axis.export_deliveries())
    assert all(before != after for before, after in pairwise(exported))
    assert axis.parked() == ()


def test_attachments_come_back_whatever_their_base64_looks_like(axis: Axis) -> None:
    """Line widths, blanks and odd padding are the sender's: what is fetched is what was submitted."""
    package = Doc(PROVINCE, (DEPARTMENT,), "15", annexes=(b"", b"a", b"b" * 1000)).package()
    odd = package.replace(b"<edXML:ContentTransferEncoded>", b"<edXML:ContentTransferEncoded>\n  ").replace(b"YmJi", b"YmJi\n", 3)
    receipt = send(axis, PROVINCE, odd, 0)
    assert isinstance(receipt, Receipt)
    axis.settle(at(60))
    assert take(axis, DEPARTMENT, 60) == [odd]


def test_many_letters_in_one_call_do_not_need_to_fit_in_memory(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT,), "15", annexes=tuple(bytes([index]) * 200_000 for index in range(30)))
    package = doc.package()
    send(axis, PROVINCE, package, 0)
    axis.settle(at(60))
    (verdict,) = axis.judgements_since()
    assert (verdict.accepted, verdict.verifies) == (True, 32)
    assert take(axis, DEPARTMENT, 60) == [package]


def test_a_corrected_document_travels_after_a_refusal(axis: Axis) -> None:
    wrong = Doc(PROVINCE, (DEPARTMENT,), "15", letter=b"no letter")
    send(axis, PROVINCE, wrong.package(), 0)
    axis.settle(at(10))
    receipt = send(axis, PROVINCE, replace(wrong, number="16", letter=None).package(), 20)
    axis.settle(at(60))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.WAITING}
