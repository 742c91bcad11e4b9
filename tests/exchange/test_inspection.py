"""A package opened for an auditor: its signed pieces with what they were signed over, its header held against its letter."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.document import Urgency
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.model import Business, OtherInfo, OutgoingAttachment, StatusHeader
from exchange.edxml.writer import write_edoc
from exchange.errors import EdxmlError
from exchange.inspection import Inspection, inspect, looks_like_edxml
from signing.formats.claims import Level
from signing.formats.letter.augment import augment_letter
from tests.exchange.axis.field import ANNEX, DEPARTMENT, DISTRICT, NEIGHBOUR, PROVINCE, Doc, letter, report
from tests.signing.letter import lab, long_term

DOC = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "7", annexes=(ANNEX,))


def opened(data: bytes) -> Inspection:
    found = inspect(data)
    assert isinstance(found, Inspection)
    return found


def test_letter_and_annex_come_with_what_they_were_signed_over() -> None:
    found = opened(DOC.package())
    assert found.compared
    assert (found.violations, found.remarks) == ((), ())
    kinds = [(piece.name, piece.content, piece.content_name, piece.is_letter) for piece in found.pieces]
    assert kinds == [("letter.pdf", None, "", True), ("annex1.csv.p7s", ANNEX, "annex1.csv", False)]
    assert found.pieces[0].data == letter(PROVINCE, (DEPARTMENT, DISTRICT), "7", DOC.day)


@pytest.mark.parametrize("level", [Level.T, Level.LT, Level.LTA])
def test_a_letter_made_to_last_is_held_against_the_header_as_any_other(level: Level) -> None:
    data = letter(PROVINCE, (DEPARTMENT, DISTRICT), "7", DOC.day)
    made = augment_letter(data, level, long_term.stamper(lab.AT), long_term.artefacts())
    found = opened(write_edoc(DOC.header, [OutgoingAttachment("a", "letter.pdf", made)]))
    assert (found.compared, found.violations) == (True, ())
    other = opened(write_edoc(replace(DOC.header, number="8"), [OutgoingAttachment("a", "letter.pdf", made)]))
    assert [one.rule for one in other.violations] == ["number-mismatch"]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"number": "8"}, "number-mismatch"),
        ({"notation": "UBND-NC"}, "notation-mismatch"),
        ({"promulgation_date": DOC.day.replace(day=1)}, "date-mismatch"),
        ({"recipients": (*DOC.header.recipients, replace(DOC.header.recipients[0], organ=NEIGHBOUR))}, "recipient-mismatch"),
        ({"sender": replace(DOC.header.sender, organ=NEIGHBOUR)}, "sender-mismatch"),
    ],
)
def test_a_header_that_does_not_say_what_the_letter_says_is_a_violation(changed: dict[str, object], rule: str) -> None:
    found = opened(replace(DOC, others=changed).package())
    assert [one.rule for one in found.violations] == [rule]


def test_what_is_no_part_of_the_equality_is_a_remark() -> None:
    found = opened(replace(DOC, others={"subject": "việc khác", "other": OtherInfo(priority=Urgency.URGENT)}).package())
    assert found.violations == ()
    assert [one.rule for one in found.remarks] == ["subject-differs", "urgency-differs"]


def test_unsigned_annexes_stray_signatures_and_misleading_names_are_told() -> None:
    data = letter(PROVINCE, (DEPARTMENT, DISTRICT), "7", DOC.day)
    names = ("letter.pdf", "plan.csv", "PLAN.csv", "gone.xlsx.p7s", "scan.pdf")
    contents = (data, ANNEX, ANNEX, b"\x30\x00", b"%PDF-1.4 no signature")
    attachments = [OutgoingAttachment(f"a{n}", name, content) for n, (name, content) in enumerate(zip(names, contents, strict=True))]
    found = opened(write_edoc(DOC.header, attachments))
    assert [one.rule for one in found.violations] == ["attachment-names"]
    assert [one.rule for one in found.remarks] == ["annex-unsigned", "annex-unsigned", "annex-unsigned", "stray-signature"]
    assert [(piece.name, piece.content) for piece in found.pieces] == [("letter.pdf", None), ("gone.xlsx.p7s", None)]


def test_a_signed_pdf_beside_the_letter_is_a_piece_of_its_own() -> None:
    data = letter(PROVINCE, (DEPARTMENT, DISTRICT), "7", DOC.day)
    other = letter(PROVINCE, (DEPARTMENT, DISTRICT), "8", DOC.day)
    found = opened(write_edoc(DOC.header, [OutgoingAttachment("a", "letter.pdf", data), OutgoingAttachment("b", "other.pdf", other)]))
    assert [(piece.name, piece.is_letter) for piece in found.pieces] == [("letter.pdf", True), ("other.pdf", False)]


def test_a_package_without_a_letter_and_a_letter_of_another_layout() -> None:
    nothing = opened(write_edoc(DOC.header, []))
    assert [one.rule for one in nothing.violations] == ["no-letter"]
    foreign = opened(write_edoc(DOC.header, [OutgoingAttachment("a", "letter.pdf", b"%PDF-1.7 of another program")]))
    assert foreign.violations == ()
    assert not foreign.compared
    assert [one.rule for one in foreign.remarks] == ["foreign-letter"]
    data = letter(PROVINCE, (DEPARTMENT, DISTRICT), "7", DOC.day)
    broken = opened(write_edoc(DOC.header, [OutgoingAttachment("a", "letter.pdf", data[:-400])]))
    assert [one.rule for one in broken.violations] == ["letter-form"]


def test_a_recall_needs_no_letter() -> None:
    header = replace(DOC.header, business=Business(Operation.RECALL, "sai sót", document_id=DOC.header.document_id))
    found = opened(write_edoc(header, []))
    assert found.violations == ()
    assert [one.rule for one in found.remarks] == ["no-letter"]


def test_a_status_package_holds_nothing_signed() -> None:
    assert isinstance(inspect(report(DEPARTMENT, DOC, StatusCode.ARRIVED)), StatusHeader)


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_no_package_makes_it_raise_anything_else(noise: bytes, place: int) -> None:
    data = DOC.package()
    spoilt = data[:place] + noise + data[place + len(noise) :]
    with suppress(EdxmlError):
        inspect(spoilt)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<edXML>', True),
        (b"<html>", False),
        (b"%PDF-1.7 edXML", False),
        (b"", False),
    ],
)
def test_packages_are_told_by_their_beginning(data: bytes, answer: bool) -> None:
    assert looks_like_edxml(data) is answer
