"""The writer is exact: order, escaping, NFC, and nothing XML cannot carry."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.model import (
    Business,
    Contact,
    EdocHeader,
    OutgoingAttachment,
    ReceiverChange,
    Replacement,
    ResponseFor,
    StaffInfo,
    StatusHeader,
    TraceHeader,
)
from exchange.edxml.reader import read
from exchange.edxml.writer import NAMESPACE, write_edoc, write_status
from exchange.errors import EdxmlError

SAMPLES = Path(__file__).parent / "samples"
HEADER = EdocHeader(
    sender=Contact(OrganId("H28.20"), "Sở Thông tin và Truyền thông"),
    recipients=(Contact(OrganId("H28.03"), "Sở Công Thương"),),
    number="07",
    notation="STTTT-CNTT",
    promulgation_date=date(2021, 9, 27),
    subject="V/v <gửi> & nhận",
    trace=(TraceHeader(OrganId("H28.20"), datetime(2021, 9, 27, 9, 5, 3, tzinfo=VN)),),
)
LETTER = OutgoingAttachment("1", "công văn.pdf", b"%PDF-1.7")


def order(data: bytes) -> list[str]:
    return re.findall(r"<(/?[A-Za-z:]+)", data.decode())


def test_what_is_written_is_namespaced_well_formed_xml() -> None:
    root = Tree.fromstring(write_edoc(HEADER, [LETTER]))
    assert {element.tag.partition("}")[0] for element in root.iter()} == {"{" + NAMESPACE}
    subject = root.find(f".//{{{NAMESPACE}}}Subject")
    assert subject is not None
    assert subject.text == "V/v <gửi> & nhận"


def test_codes_are_written_in_the_form_of_the_regulation() -> None:
    data = write_edoc(HEADER)
    assert data.count(b"<edXML:OrganId>000.00.20.H28</edXML:OrganId>") == 2
    assert b"<edXML:Timestamp>2021/09/27 09:05:03</edXML:Timestamp>" in data
    assert b"<edXML:PromulgationDate>2021/09/27</edXML:PromulgationDate>" in data


@pytest.mark.parametrize("operation", list(Operation))
def test_every_operation_keeps_the_order_of_the_sample(operation: Operation) -> None:
    """Every element that the sample also has stands in the sample's order."""
    business = Business(
        operation,
        "lý do",
        staff=StaffInfo("Văn thư", "Trần Thị B", "b@hoabinh.test", "84900000000"),
        document_id="old",
        document_changed=False,
        receivers_changed=True,
        changes=(ReceiverChange(OrganId("H28.04"), True),),
        replacements=(Replacement("old", (OrganId("H28.03"),)),) if operation is Operation.REPLACE else (),
    )
    written = order(write_edoc(replace(HEADER, business=business), [LETTER]))
    sample = order((SAMPLES / "edoc-new.edxml").read_bytes())
    extra = {"BussinessDocumentInfo", "ReceiverList", "Receiver", "ReceiverType", "ReplacementInfoList", "ReplacementInfo", "OrganIdList"}
    inside = False
    common = []
    for name in written:
        plain = name.removeprefix("/").removeprefix("edXML:")
        if plain in {"BussinessDocumentInfo", "ReplacementInfoList"}:
            inside = not name.startswith("/")
        elif not inside and plain not in extra:
            common.append(name)
    rest = iter(sample)
    assert all(name in rest for name in common), "an element stands out of the sample's order"


def test_a_take_back_runs_from_the_documents_sender_to_its_recipient() -> None:
    response = ResponseFor(OrganId("H28.03"), "07/STTTT-CNTT", "id", date(2021, 9, 27))
    header = StatusHeader(Contact(OrganId("H28.20")), response, StatusCode.TAKE_BACK, datetime(2021, 9, 27, 10, tzinfo=VN), "gửi nhầm")
    found = read(write_status(header)).status
    assert (found.document_sender, found.document_recipient) == (OrganId("H28.20"), OrganId("H28.03"))
    assert found.document_key == HEADER.key


def test_texts_become_nfc() -> None:
    decomposed = "Quye\u0302\u0301t đi\u0323nh"
    data = write_edoc(replace(HEADER, subject=decomposed), [replace(LETTER, name=decomposed)])
    assert "Quyết định".encode() in data
    assert decomposed.encode() not in data
    assert read(data).attachments[0].name == "Quyết định"


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\ufffe", "\ud800"])
def test_what_xml_cannot_carry_is_refused_by_name(bad: str) -> None:
    with pytest.raises(EdxmlError, match="Subject: illegal-character"):
        write_edoc(replace(HEADER, subject=f"a{bad}"))


def test_two_attachments_share_no_content_id() -> None:
    with pytest.raises(EdxmlError, match="duplicate-element"):
        write_edoc(HEADER, [LETTER, LETTER])


def test_the_same_header_gives_the_same_bytes() -> None:
    assert write_edoc(HEADER, [LETTER]) == write_edoc(replace(HEADER), [replace(LETTER)])
