"""What the reader tolerates and what it refuses, each refusal with its place and rule."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.calendar import VN
from exchange.domain.document import Urgency
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.content import BLOCK, ContentDecoder
from exchange.edxml.model import TypeInfo
from exchange.edxml.reader import read
from exchange.edxml.skeleton import Run
from exchange.edxml.tree import Limits
from exchange.errors import EdxmlError

SAMPLES = Path(__file__).parent / "samples"
EDOC = (SAMPLES / "edoc-new.edxml").read_bytes()
STATUS = (SAMPLES / "status-03-accepted.edxml").read_bytes()
CONTENT = b"JVBERi0xLjQKJSBzYW1wbGUK"
SECOND_TO = b"<edXML:To><edXML:OrganId>%s</edXML:OrganId></edXML:To>"


def changed(old: str, new: str, data: bytes = EDOC) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def field(name: str, value: str, data: bytes = EDOC) -> bytes:
    """The package with the first element of that name given another text."""
    start = data.index(f"<edXML:{name}>".encode()) + len(f"<edXML:{name}>")
    end = data.index(f"</edXML:{name}>".encode(), start)
    return data[:start] + value.encode() + data[end:]


def without(name: str, data: bytes = EDOC) -> bytes:
    start = data.index(f"<edXML:{name}>".encode())
    end = data.index(f"</edXML:{name}>".encode(), start) + len(f"</edXML:{name}>")
    return data[:start] + data[end:]


def refusal(data: bytes, *, at: datetime | None = None, limits: Limits | None = None) -> tuple[str, str]:
    with pytest.raises(EdxmlError) as caught:
        read(data, limits=limits, at=at)
    return caught.value.place, caught.value.rule


def test_the_sample_says_what_it_says() -> None:
    header = read(EDOC).edoc
    assert header.sender_id == OrganId("H13.20.00.002")
    assert header.recipient_ids == (OrganId("H17.22.28"),)
    assert (header.number, header.notation) == ("74fass22", "VPCP-TTĐT")
    resolved = header.type.resolved()
    assert resolved is not None
    assert resolved.code == "CV"
    assert header.operation is Operation.NEW
    status = read(STATUS).status
    assert (status.code, status.addressee) == (StatusCode.REGISTERED, OrganId("G22"))
    assert status.document_sender == OrganId("G22")
    assert status.document_recipient == OrganId("H41")
    assert str(status.document_key) == "G22 7816/VPCP-TTĐT (2015)"


def test_code_13_runs_the_other_way() -> None:
    status = read(changed("<edXML:StatusCode>03", "<edXML:StatusCode>13", STATUS)).status
    assert (status.document_sender, status.document_recipient) == (OrganId("H41"), OrganId("G22"))


@pytest.mark.parametrize(
    "data",
    [
        EDOC.replace(b"edXML:edXML", b"edXML").replace(b"edXML:", b"").replace(b"xmlns:edXML", b"xmlns:x"),
        EDOC.replace(b"edXML:", b"q:").replace(b"xmlns:edXML", b"xmlns:q"),
        EDOC.replace(b"cid:", b""),
        EDOC.replace(b"http://www.mic.gov.vn/TBT/QCVN_102_2016", b"http://www.e-doc.vn/Schema/"),
        EDOC.replace(b"<edXML:Subject>", b"<edXML:New>unheard <b>of</b></edXML:New><edXML:Subject>"),
        b"\xef\xbb\xbf" + EDOC,
        EDOC.replace(b"\n", b"\r\n"),
        EDOC.replace(b"?>\n", b"?>\n<!-- ContentTransferEncoded> --><?note ContentTransferEncoded> ?>\n", 1),
    ],
    ids=["no prefix", "other prefix", "no cid", "old namespace", "unknown element", "byte order mark", "crlf", "decoys"],
)
def test_dialects_mean_the_same(data: bytes) -> None:
    package, sample = read(data), read(EDOC)
    assert package.edoc.recipients == sample.edoc.recipients
    assert package.edoc.business == sample.edoc.business
    assert package.attachments == sample.attachments


def test_order_is_not_guaranteed_and_bussiness_may_be_missing() -> None:
    contact = EDOC[EDOC.index(b"<edXML:From>") : EDOC.index(b"</edXML:From>") + len(b"</edXML:From>")]
    moved = EDOC.replace(contact, b"").replace(b"</edXML:MessageHeader>", contact + b"</edXML:MessageHeader>")
    assert read(moved).edoc == read(EDOC).edoc
    content = b'<edXML:ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">' + CONTENT
    content += b"</edXML:ContentTransferEncoded>"
    early = EDOC.replace(content, b"").replace(b"<Attachment>", b"<Attachment>" + content)
    assert read(early).attachments == read(EDOC).attachments
    assert read(without("Bussiness")).edoc.operation is Operation.NEW


def test_operations_carry_what_belongs_to_them() -> None:
    update = changed(
        "<edXML:Paper>",
        "<edXML:BussinessDocumentInfo><edXML:DocumentInfo>0</edXML:DocumentInfo><edXML:DocumentReceiver>1</edXML:DocumentReceiver>"
        "<edXML:ReceiverList><edXML:Receiver><edXML:OrganId>H28.20</edXML:OrganId><edXML:ReceiverType>1</edXML:ReceiverType>"
        "</edXML:Receiver></edXML:ReceiverList></edXML:BussinessDocumentInfo><edXML:Paper>",
        field("BussinessDocType", "2"),
    )
    business = read(update).edoc.business
    assert business.operation is Operation.UPDATE
    assert OrganId("H28.20") in business.added()
    assert OrganId("H28.21") not in business.added()
    assert (business.document_changed, business.receivers_changed) == (False, True)
    replacing = changed(
        "<edXML:Paper>",
        "<edXML:ReplacementInfoList><edXML:ReplacementInfo><edXML:DocumentId>old</edXML:DocumentId><edXML:OrganIdList>"
        "<edXML:OrganId>000.00.20.H28</edXML:OrganId></edXML:OrganIdList></edXML:ReplacementInfo></edXML:ReplacementInfoList>"
        "<edXML:Paper>",
        field("BussinessDocType", "3"),
    )
    assert read(replacing).edoc.business.replacements[0].organs == (OrganId("H28.20"),)
    assert refusal(field("BussinessDocType", "3"))[1] == "missing-field"


def test_texts_come_in_nfc_and_types_by_name() -> None:
    header = read(field("TypeName", "Quye\u0302\u0301t đi\u0323nh")).edoc
    assert header.type == TypeInfo(1, 0, "Quyết định")
    assert read(field("Priority", "4")).edoc.priority is Urgency.TIMED_EXPRESS


MESSAGE = "edXMLEnvelope/edXMLHeader/MessageHeader"


@pytest.mark.parametrize(
    ("data", "place", "rule"),
    [
        (without("From"), f"{MESSAGE}/From/OrganId", "missing-field"),
        (without("To"), f"{MESSAGE}/To", "missing-field"),
        (without("CodeNumber"), f"{MESSAGE}/Code/CodeNumber", "missing-field"),
        (field("CodeNotation", " "), f"{MESSAGE}/Code/CodeNotation", "missing-field"),
        (without("PromulgationDate"), f"{MESSAGE}/PromulgationInfo/PromulgationDate", "missing-field"),
        (without("Subject"), f"{MESSAGE}/Subject", "missing-field"),
        (field("CodeNumber", "1" * 12), f"{MESSAGE}/Code/CodeNumber", "too-long"),
        (field("CodeNotation", "Đ" * 31), f"{MESSAGE}/Code/CodeNotation", "too-long"),
        (field("Subject", "Đ" * 501), f"{MESSAGE}/Subject", "too-long"),
        (field("OrganName", "Đ" * 201), f"{MESSAGE}/From/OrganName", "too-long"),
        (field("TyperNotation", "Đ" * 11), f"{MESSAGE}/OtherInfo/TyperNotation", "too-long"),
        (field("FullName", "Đ" * 51), f"{MESSAGE}/SignerInfo/FullName", "too-long"),
        (field("PromulgationDate", "16/01/2019"), f"{MESSAGE}/PromulgationInfo/PromulgationDate", "wrong-type"),
        (field("PromulgationDate", "2019/02/30"), f"{MESSAGE}/PromulgationInfo/PromulgationDate", "wrong-type"),
        (field("Priority", "5"), f"{MESSAGE}/OtherInfo/Priority", "out-of-range"),
        (field("Priority", "soon"), f"{MESSAGE}/OtherInfo/Priority", "wrong-type"),
        (field("PageAmount", "-1"), f"{MESSAGE}/OtherInfo/PageAmount", "out-of-range"),
        (field("OrganId", "28.20"), f"{MESSAGE}/From/OrganId", "organ-id"),
        (field("OrganId", "<b/>"), f"{MESSAGE}/From/OrganId", "wrong-type"),
        (field("Direction", "maybe"), f"{MESSAGE}/OtherInfo/Direction", "wrong-type"),
        (field("BussinessDocType", "4"), "edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness/BussinessDocType", "out-of-range"),
        (field("Timestamp", "2018/09/28"), "edXMLEnvelope/edXMLHeader/TraceHeaderList/TraceHeader[1]/Timestamp", "wrong-type"),
        (field("StatusCode", "07", STATUS), f"{MESSAGE}/StatusCode", "out-of-range"),
        (without("ResponseFor", STATUS), f"{MESSAGE}/ResponseFor", "missing-field"),
        (field("Code", "7816", STATUS), f"{MESSAGE}/ResponseFor/Code", "wrong-type"),
        (without("Description", field("StatusCode", "02", STATUS)), f"{MESSAGE}/Description", "missing-field"),
        (changed("<edXML:Subject>", "<edXML:Subject>a</edXML:Subject><edXML:Subject>"), f"{MESSAGE}/Subject", "duplicate-element"),
        (changed("</edXML:MessageHeader>", "</edXML:MessageHeader><MessageHeader/>"), MESSAGE, "duplicate-element"),
    ],
)
def test_faulty_fields_name_place_and_rule(data: bytes, place: str, rule: str) -> None:
    assert refusal(data) == (place, rule)


def test_recipients_are_distinct_whatever_their_spelling() -> None:
    second = changed("<edXML:DocumentId>", (SECOND_TO % b"H17.22.28").decode() + "<edXML:DocumentId>")
    assert refusal(second) == (f"{MESSAGE}/To[2]/OrganId", "duplicate-recipient")
    assert refusal(EDOC, limits=Limits(recipients=0))[1] == "too-large"


def test_a_future_date_needs_a_moment_to_be_future() -> None:
    assert refusal(EDOC, at=datetime(2019, 1, 15, 23, 59, tzinfo=VN))[1] == "future-date"
    assert read(EDOC, at=datetime(2019, 1, 16, 0, 0, tzinfo=VN)).edoc


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "not-well-formed"),
        (b"%PDF-1.7", "not-well-formed"),
        (b"<edXML>", "not-well-formed"),
        (b"<other/>", "not-edxml"),
        (EDOC[:-20], "not-well-formed"),
        (EDOC[: EDOC.index(CONTENT) + 10], "not-well-formed"),
        (EDOC.decode().encode("utf-16"), "not-utf-8"),
        (EDOC.decode().encode("utf-16-be"), "not-utf-8"),
        (EDOC.replace(b'"UTF-8"', b'"windows-1258"', 1), "not-utf-8"),
        (EDOC.replace("Hà".encode(), b"H\xe0 ", 1), "not-utf-8"),
        (EDOC.replace(b"?>", b'?><!DOCTYPE edXML [<!ENTITY a "b">]>', 1), "dtd"),
        (EDOC.replace(b"?>", b'?><!DOCTYPE edXML SYSTEM "http://localhost/x.dtd">', 1), "dtd"),
        (EDOC.replace(b"<edXML:Subject>", b"<edXML:Subject>&unknown;"), "not-well-formed"),
        (EDOC.replace(b"<edXML:Subject>", b"<x>" * 30 + b"</x>" * 30 + b"<edXML:Subject>"), "too-deep"),
        (EDOC.replace(b"<SignedInfo>", b"<x>" * 30 + b"</x>" * 30 + b"<SignedInfo>"), "too-deep"),
        (EDOC.replace(b"<edXML:Subject>", b"<edXML:Subject>" + b"a" * 40_000), "too-large"),
        (EDOC.replace(b"<edXML:Subject>", b"<edXML:Subject>" + b"a&amp;" * 20_000), "too-large"),
        (EDOC.replace(b"<edXML:Subject>", b"<x/>" * 60_000 + b"<edXML:Subject>"), "too-large"),
        (EDOC.replace(b"<edXML:Subject>", b"<edXML:Subject " + b" ".join(b'a%d=""' % n for n in range(20)) + b">"), "too-large"),
        (EDOC.replace(b"<edXML:Subject>", b'<edXML:Subject a="' + b"a" * 40_000 + b'">'), "too-large"),
        (EDOC.replace(b"</edXML>", b"<!--" + b"a" * 5_000_000 + b"--></edXML>"), "too-large"),
        (EDOC.replace(CONTENT, b"JVBE*"), "base64"),
        (EDOC.replace(CONTENT, b"JVBER"), "base64"),
        (EDOC.replace(CONTENT, b"JV==JVBE"), "base64"),
        (EDOC.replace(CONTENT, b"&#74;VBE"), "base64"),
        (EDOC.replace(CONTENT, b"JVBE<![CDATA[JVBE]]>"), "base64"),
        (EDOC.replace(CONTENT, b"JVBE<![CDATA[]]>"), "base64"),
        (EDOC.replace(CONTENT, b"JVBE<!-- -->JVBE"), "base64"),
        (EDOC.replace(CONTENT, b"JVBE<b/>"), "base64"),
        (EDOC.replace(CONTENT, b"<![CDATA[ ContentTransferEncoded>JVBE]]>"), "base64"),
        (EDOC.replace(b"cid:209</edXML", b"cid:210</edXML"), "mismatch"),
        (EDOC.replace(b"<AttachmentEncoded>", b"<Elsewhere>").replace(b"</AttachmentEncoded>", b"</Elsewhere>"), "mismatch"),
        (
            EDOC.replace(b"</edXML:ContentTransferEncoded>", b"</edXML:ContentTransferEncoded><ContentTransferEncoded/>"),
            "duplicate-element",
        ),
        (without("Reference").replace(b"AttachmentEncoded>", b"Elsewhere>"), "mismatch"),
        (EDOC.replace(b"</Attachment>", b"</Attachment><Attachment><ContentId>209</ContentId></Attachment>"), "missing-field"),
        (STATUS.replace(b"</edXML>", EDOC[EDOC.index(b"<AttachmentEncoded>") :]), "mismatch"),
    ],
)
def test_what_could_harm_is_refused(data: bytes, rule: str) -> None:
    assert refusal(data)[1] == rule
    with pytest.raises(EdxmlError) as caught:
        read(BytesIO(data))
    assert caught.value.rule == rule


def test_attachments_have_a_bound_each_and_together() -> None:
    assert refusal(EDOC, limits=Limits(attachment=17))[1] == "attachment-too-large"
    assert read(EDOC, limits=Limits(attachment=18)).attachments[0].size == 18
    assert refusal(EDOC, limits=Limits(attachments=0))[1] == "too-large"


def test_padding_ends_the_text_even_at_the_border_of_a_block() -> None:
    runs = list[Run]()
    decoder = ContentDecoder(0, lambda _: None, lambda _: None, runs.append, 1_000_000)
    decoder.feed(b64encode(bytes(BLOCK // 4 * 3 - 2)))
    assert [run.length for run in runs] == [BLOCK // 4 * 3 - 2]
    decoder.feed(b"QUJD")
    with pytest.raises(EdxmlError, match="after the padding"):
        decoder.finish()


def test_an_empty_attachment_is_an_attachment() -> None:
    start = EDOC.index(b"<edXML:ContentTransferEncoded")
    end = EDOC.index(b"</edXML:ContentTransferEncoded>")
    empty = EDOC[:start] + b"<edXML:ContentTransferEncoded/>" + EDOC[end + len(b"</edXML:ContentTransferEncoded>") :]
    assert read(empty).attachments[0].size == 0


edits = st.lists(
    st.tuples(st.integers(0, len(EDOC) - 1), st.sampled_from(["cut", "set", "insert", "double"]), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from([EDOC, STATUS]), edits, st.sampled_from([0, 1, 13]))
@settings(max_examples=400)
def test_mutated_bytes_are_read_or_refused_and_nothing_else(data: bytes, changes: list[tuple[int, str, bytes]], size: int) -> None:
    for position, kind, new in changes:
        where = position % (len(data) or 1)
        if kind == "cut":
            data = data[:where] + data[where + len(new) * 7 :]
        elif kind == "set":
            data = data[:where] + new + data[where + len(new) :]
        elif kind == "insert":
            data = data[:where] + new + data[where:]
        else:
            data = data[:where] + data[where // 2 : where] + data[where:]
    outcomes = []
    for source in (data, BytesIO(data)):
        try:
            outcomes.append(read(source).header)
        except EdxmlError as error:
            outcomes.append(error.rule)
    assert outcomes[0] == outcomes[1]


MARKUP = st.sampled_from(
    ["<", ">", "/", "edXML:", "ContentTransferEncoded", "Attachment", " a='", "'", "<![CDATA[", "]]>", "<!--", "-->", "QUJD", "&amp;", "\n"]
)


@given(st.lists(MARKUP, max_size=25).map("".join))
@settings(max_examples=400)
def test_the_cut_never_disagrees_with_a_plain_parse(inside: str) -> None:
    """What stands around the base64 cannot make the reader take text for markup or markup for text."""
    from xml.etree import ElementTree as Tree

    data = EDOC.replace(b"<Description>", inside.encode() + b"<Description>")
    try:
        package = read(data)
    except EdxmlError:
        return
    root = Tree.fromstring(data)
    plain = [element for element in root.iter() if element.tag.endswith("}ContentTransferEncoded")]
    assert len(plain) == len(package.attachments)
