"""Time-stamps at the door: what the judgement says of them, and what the axis keeps of that beside its verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState
from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from exchange.verification import Attachment, Judgement, judge
from signing import CadesSigner, LetterContent, LetterPress, Purpose, SubIndication, Validator, add_document_timestamp
from tests.exchange.axis.field import (
    DEPARTMENT,
    PROVINCE,
    START,
    TODAY,
    Doc,
    at,
    directory,
    letter,
    offices,
    open_field,
    pki,
    send,
)

STAMPED_AT = START - timedelta(minutes=10)
DOC = Doc(PROVINCE, (DEPARTMENT,), "107")


def stamped(data: bytes | None = None, when: datetime = STAMPED_AT) -> bytes:
    return add_document_timestamp(data or letter(PROVINCE, (DEPARTMENT,), "107", TODAY), lambda digest: pki().stamp(digest, when))


def copied() -> bytes:
    """The time-stamp of another letter in this one's place."""
    mine, other = stamped(), stamped(letter(PROVINCE, (DEPARTMENT,), "108", TODAY))
    (one, two) = (document.rindex(b"/SubFilter/ETSI.RFC3161") for document in (mine, other))
    opening = [document.index(b"/Contents<", start) + 10 for document, start in ((mine, one), (other, two))]
    room = mine.index(b">", opening[0]) - opening[0]
    return mine[: opening[0]] + other[opening[1] : opening[1] + room] + mine[opening[0] + room :]


def judged(data: bytes, *, expected: bool = True, moment: datetime = START) -> Judgement:
    validator = Validator(pki().trust_store())
    header = read(DOC.package(), MemorySink()).edoc
    return judge(header, [Attachment("letter.pdf", data)], directory(), validator, moment, stamp_expected=expected)


def test_a_time_stamped_letter_is_accepted_with_its_instant() -> None:
    found = judged(stamped())
    assert found.accepted
    assert found.stamped_at == STAMPED_AT
    assert (found.verifies, found.stamp_verifies) == (2, 1)
    assert "no-time-stamp" not in {one.rule for one in found.findings}


def test_a_missing_time_stamp_is_a_finding_where_one_is_expected() -> None:
    plain = letter(PROVINCE, (DEPARTMENT,), "107", TODAY)
    assert judged(plain).accepted
    assert [one.rule for one in judged(plain).findings] == ["no-time-stamp"]
    assert judged(plain, expected=False).findings == ()


def test_a_copied_time_stamp_refuses_the_letter() -> None:
    found = judged(copied())
    assert (found.rule, found.sub_indication) == ("letter-time-stamp", SubIndication.HASH_FAILURE)
    assert "made for something else" in found.detail


def test_a_time_stamp_from_before_the_letter_s_date_refuses_it() -> None:
    """A date is filled in before the seal, and the time-stamp covers both: one of them is untrue."""
    found = judged(stamped(when=STAMPED_AT - timedelta(days=30)))
    assert (found.rule, found.sub_indication) == ("letter-time-stamp", SubIndication.TIMESTAMP_ORDER_FAILURE)
    assert "before its date" in found.detail


def test_a_time_stamp_nobody_trusts_is_a_finding() -> None:
    found = judged(stamped(), moment=datetime(2027, 1, 1, tzinfo=START.tzinfo))
    assert "time-stamp-not-trusted" in {one.rule for one in found.findings}
    assert found.stamped_at is None


def test_a_clock_seven_hours_ahead_is_a_finding() -> None:
    office, press = offices()[PROVINCE], LetterPress()
    content = LetterContent(
        sender_id=str(PROVINCE), type_code="CV", notation="UBND-VX", recipient_ids=(str(DEPARTMENT),), name=office.organization.name,
        place="Hòa Bình", subject="báo cáo tình hình",
        paragraphs=("Đề nghị báo cáo.",), position="CHỦ TỊCH", signer_name=office.leader_name,
    )  # fmt: skip
    first = press.sign(content, CadesSigner(office.leader, purpose=Purpose.LETTER), at=START + timedelta(hours=7))
    data = press.issue(first, "107", TODAY, CadesSigner(office.seal, purpose=Purpose.LETTER), at=START)
    found = judged(data, expected=False)
    assert found.accepted
    assert [one.rule for one in found.findings] == ["claimed-time-ahead"]


@pytest.fixture
def axis(store_url: str) -> Axis:
    return open_field(store_url, expect_time_stamps=True)


def test_the_axis_keeps_the_proven_instant_beside_its_verdict(axis: Axis) -> None:
    send(axis, PROVINCE, replace(DOC, letter=stamped()).package(), 0)
    axis.settle(at(60))
    (verdict,) = axis.judgements_since()
    found = axis.letter_stamps_since()[verdict.package_id]
    assert verdict.accepted
    assert (found.stamped_at, found.sub_indication, found.verifies) == (STAMPED_AT, "", 1)
    assert axis.letter_stamps_since(verdict.cursor) == {}
    axis.close()


def test_the_axis_refuses_a_copied_time_stamp_and_says_why(axis: Axis) -> None:
    send(axis, PROVINCE, replace(DOC, letter=copied()).package(), 0)
    axis.settle(at(60))
    (verdict,) = axis.judgements_since()
    assert (verdict.accepted, verdict.rule, verdict.sub_indication) == (False, "letter-time-stamp", "HASH_FAILURE")
    assert axis.letter_stamps_since()[verdict.package_id].stamped_at is None
    assert axis.count(DeliveryState.FAILED) == 1
    axis.close()


def test_a_plain_letter_leaves_no_row(axis: Axis) -> None:
    send(axis, PROVINCE, DOC.package(), 0)
    axis.settle(at(60))
    assert axis.letter_stamps_since() == {}
    axis.close()
