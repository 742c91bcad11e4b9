"""Submit: what leaves a receipt for ever, and what leaves no row."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from exchange.api import Caller, Receipt, Rejection, Submission
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.edxml.model import Contact
from exchange.errors import Unauthenticated
from signing import Purpose, Validator
from tests.exchange.axis.field import (
    ALIAS,
    DEPARTMENT,
    DISTRICT,
    PROVINCE,
    TODAY,
    Doc,
    at,
    axis_signer,
    caller,
    open_field,
    pki,
    refused,
    report,
    send,
    total,
)  # fmt: skip


def test_a_receipt_says_what_was_received_and_is_signed_by_the_axis(axis: Axis) -> None:
    """Anybody who holds the axis' certificate can check the receipt without the axis."""
    package = Doc(PROVINCE, (DEPARTMENT,), "15").package()
    receipt = send(axis, PROVINCE, package, 0)
    said = json.loads(receipt.statement)
    assert said == {
        "admitted_at": "2021-09-27T08:00:00+07:00", "kind": "edoc", "package_id": receipt.package_id,
        "package_sha256": sha256(package).hexdigest(), "sender": "H28",
    }  # fmt: skip
    validator = Validator(pki().trust_store())
    known = [axis_signer().holder.certificate_der]
    good = validator.validate(receipt.signature, sha256(receipt.statement).digest(), at(0), Purpose.RECEIPT, known=known)
    assert good.passed, good.reason
    bad = validator.validate(receipt.signature, sha256(receipt.statement + b" ").digest(), at(0), Purpose.RECEIPT, known=known)
    assert not bad.passed


def test_the_same_package_again_yields_the_same_receipt_byte_for_byte(axis: Axis) -> None:
    package = Doc(PROVINCE, (DEPARTMENT,), "15").package()
    first = send(axis, PROVINCE, package, 0)
    axis.settle(at(100))
    again, twice = axis.submit(caller(PROVINCE), [Submission(package), Submission(io.BytesIO(package))], at(86_400))
    assert again == first
    assert twice == first
    assert axis.receipts() == 1
    assert total(axis) == 1


def test_two_equal_packages_in_one_call_are_one(axis: Axis) -> None:
    package = Doc(PROVINCE, (DEPARTMENT,), "15").package()
    one, two = axis.submit(caller(PROVINCE), [Submission(package)] * 2, at(0))
    assert one == two
    assert axis.receipts() == 1


def test_the_same_number_with_other_bytes_is_refused(axis: Axis) -> None:
    """Decree 30 Art. 15: number and notation are unique in the year. A leading zero makes no other number."""
    doc = Doc(PROVINCE, (DEPARTMENT,), "7")
    send(axis, PROVINCE, doc.package(), 0)
    other = replace(doc, number="07", recipients=(DISTRICT,))
    rejection = refused(axis, PROVINCE, other.package(), 5)
    assert (rejection.rule, rejection.place) == ("duplicate-number", "MessageHeader/Code/CodeNumber")
    assert total(axis) == 1
    assert axis.receipts() == 1


def test_two_documents_of_one_number_in_one_call_admit_the_first(axis: Axis) -> None:
    one, two = Doc(PROVINCE, (DEPARTMENT,), "7"), Doc(PROVINCE, (DISTRICT,), "7")
    answers = axis.submit(caller(PROVINCE), [Submission(one.package()), Submission(two.package())], at(0))
    assert isinstance(answers[0], Receipt)
    assert isinstance(answers[1], Rejection)


def test_a_number_is_free_again_next_year_and_for_another_sender(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "7").package(), 0)
    send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), "7").package(), 0)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "7", day=TODAY - timedelta(days=300)).package(), 0)
    assert axis.receipts() == 3


@pytest.mark.parametrize(
    ("package", "rule"),
    [
        (b"", "not-well-formed"),
        (b"<edXML>", "not-well-formed"),
        (b"\xff\xfe<", None),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><edXML>&b;</edXML>', None),
        (Doc(PROVINCE, (DEPARTMENT,), "7").package()[:-200], "not-well-formed"),
        (Doc(PROVINCE, (DEPARTMENT,), "7", day=TODAY + timedelta(days=1)).package(), "future-date"),
        (Doc(PROVINCE, (DEPARTMENT,), "7", others={"subject": "x" * 501}).package(), "too-long"),
        (Doc(PROVINCE, (DEPARTMENT,), "7", others={"recipients": (Contact(DEPARTMENT),) * 2}).package(), "duplicate-recipient"),
        (Doc(DISTRICT, (DEPARTMENT,), "7").package(), "sender-mismatch"),
    ],
)
def test_what_is_malformed_leaves_no_row(axis: Axis, package: bytes, rule: str | None) -> None:
    rejection = refused(axis, PROVINCE, package, 0)
    assert rule is None or rejection.rule == rule
    assert rejection.place
    assert rejection.detail
    assert axis.receipts() == 0
    assert total(axis) == 0
    assert not any(axis.depth().values())


def test_one_bad_package_never_spoils_the_others(axis: Axis) -> None:
    good = [Doc(PROVINCE, (DEPARTMENT,), str(number)).package() for number in (7, 8)]
    answers = axis.submit(caller(PROVINCE), [Submission(good[0]), Submission(b"<a"), Submission(good[1])], at(0))
    assert [type(answer) for answer in answers] == [Receipt, Rejection, Receipt]


def test_a_package_above_the_limit_is_refused_from_memory_and_from_a_stream() -> None:
    axis = open_field(max_package_bytes=50_000)
    package = Doc(PROVINCE, (DEPARTMENT,), "7").package()
    answers = axis.submit(caller(PROVINCE), [Submission(package), Submission(io.BytesIO(package))], at(0))
    assert [answer.rule for answer in answers if isinstance(answer, Rejection)] == ["too-large", "too-large"]
    assert axis.receipts() == 0
    axis.close()


def test_only_the_right_secret_opens_the_door(axis: Axis) -> None:
    package = Doc(PROVINCE, (DEPARTMENT,), "7").package()
    for impostor in (Caller(PROVINCE, "secret of H28.20"), Caller(PROVINCE, ""), Caller(replace(PROVINCE, value="H99"), "x")):
        with pytest.raises(Unauthenticated):
            axis.submit(impostor, [Submission(package)], at(0))
        with pytest.raises(Unauthenticated):
            axis.waiting(impostor, at(0))
    assert axis.receipts() == 0
    axis.enrol(PROVINCE, "a new one")
    with pytest.raises(Unauthenticated):
        axis.submit(caller(PROVINCE), [Submission(package)], at(0))
    axis.submit(Caller(PROVINCE, "a new one"), [Submission(package)], at(0))
    assert axis.receipts() == 1


def test_a_member_may_write_under_its_alias(axis: Axis) -> None:
    doc = Doc(DEPARTMENT, (PROVINCE,), "7")
    under_alias = replace(doc, others={"sender": Contact(ALIAS)})
    send(axis, DEPARTMENT, under_alias.package(), 0)
    assert refused(axis, DEPARTMENT, doc.package(), 0).rule == "duplicate-number"


def test_receipts_of_a_call_are_one_transaction_and_each_signed_alone(axis: Axis) -> None:
    packages = [Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(number)).package() for number in range(10, 15)]
    answers = axis.submit(caller(PROVINCE), [Submission(package) for package in packages], at(0))
    receipts = [answer for answer in answers if isinstance(answer, Receipt)]
    assert len({receipt.signature for receipt in receipts}) == 5
    assert axis.count(DeliveryState.RECEIVED) == 10
    assert axis.depth() == {"verify": 5, "route": 0}


def test_a_refused_package_leaves_no_staged_attachment_either(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT,), "7", annexes=(bytes(3_000_000), bytes(600_000)))
    package = doc.package()
    send(axis, PROVINCE, package, 0)
    assert refused(axis, PROVINCE, package[:-1000], 1).rule == "not-well-formed"
    assert refused(axis, PROVINCE, package[: len(package) // 2], 1).rule == "not-well-formed"
    assert refused(axis, PROVINCE, replace(doc, annexes=(bytes(3_000_001),)).package(), 1).rule == "duplicate-number"
    send(axis, PROVINCE, replace(doc, number="8", annexes=(bytes(3_000_000), b"x")).package(), 1)
    assert axis.sweep(0) == 0


def test_a_status_with_a_malformed_code_is_refused_at_the_door(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT,), "7")
    package = report(DEPARTMENT, doc, StatusCode.ARRIVED).replace(b">01<", b">07<")
    assert refused(axis, DEPARTMENT, package, 0).rule == "out-of-range"
