"""Attacks on the judgement: a member with real keys draws what it is not, and packs what people will take for something else."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest

from exchange.domain.document import document_type
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation
from exchange.domain.organization import Bloc, Directory, Level, Organization, PersonSigner, Signers
from exchange.edxml.model import Business, Contact, TypeInfo
from exchange.edxml.reader import read
from exchange.edxml.tree import Limits
from exchange.edxml.writer import write_edoc
from exchange.errors import EdxmlError
from exchange.receipts import canonical
from exchange.verification import Attachment, judge
from signing import Purpose, Validator
from tests.exchange.test_verification import (
    AT,
    CONTENT,
    DAY,
    HEADER,
    ORGAN,
    PRESS,
    SEED,
    SENDER,
    directory,
    judged,
    letter,
    pki,
    replace,
    rules,
    signer,
    subject,
)  # fmt: skip
from tests.pace import at_most


def under(parent: Organization | None) -> Directory:
    """A register in which the sender stands under ``parent`` and its leader has a position."""
    sender = Organization(SENDER, CONTENT.name, Level.PROVINCE, Bloc.STATE, "17", parent.id if parent else None)
    person = PersonSigner(subject("Leader"), CONTENT.signer_name, CONTENT.position)
    organizations = [sender] if parent is None else [sender, parent]
    return Directory(organizations, {SENDER: Signers.of([subject("Seal", ORGAN)], [person])})


PROVINCE = Organization(OrganId("H28"), "Ủy ban nhân dân tỉnh Hòa Bình", Level.PROVINCE, Bloc.STATE, "17")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Ủy ban nhân dân tỉnh Hòa Bình"},
        {"name": "Sở Thông tin và Truyền thong"},
        {"bloc": "party"},
    ],
)
def test_an_agency_cannot_draw_anothers_heading_and_seal(changes: dict[str, str]) -> None:
    """Sender, both keys and the metadata's OrganId are its own; heading and seal, which people look at, are not."""
    assert rules(judged(data=letter(**changes))) == ["issuing-body"]


def test_a_homonym_cannot_put_itself_under_another_province() -> None:
    """Every province has a department of that name: drawn under Bắc Ninh's committee it would be Bắc Ninh's."""
    borrowed = letter(parent_name="Ủy ban nhân dân tỉnh Bắc Ninh")
    assert rules(judged(data=borrowed, register=under(PROVINCE))) == ["issuing-body"]
    unknown = judged(data=borrowed, register=under(None))
    assert (unknown.accepted, [one.rule for one in unknown.findings]) == (True, ["superior-unknown"])
    own = judged(data=letter(parent_name="ỦY BAN NHÂN DÂN  TỈNH HÒA BÌNH"), register=under(PROVINCE))
    assert (own.accepted, own.findings) == (True, ())


def test_a_signature_cannot_be_drawn_as_somebody_elses() -> None:
    assert rules(judged(data=letter(signer_name="Trần Thị B"))) == ["signer-name"]
    promoted = judged(data=letter(position="GIÁM ĐỐC"), register=under(None))
    assert (promoted.accepted, [one.rule for one in promoted.findings]) == (True, ["position-differs"])


@pytest.mark.parametrize(
    ("code", "drawn", "rule"),
    [
        ("CV", "Quyết định", "type-mismatch"),
        ("QĐ", "", "type-mismatch"),
        ("QĐ", "Chỉ thị", "type-mismatch"),
        ("QĐ", "QUYẾT ĐỊNH", "accepted"),
        ("NQ", "Nghị quyết", "accepted"),
        ("CV", "", "accepted"),
    ],
)
def test_the_type_that_is_drawn_is_the_type_that_is_told(code: str, drawn: str, rule: str) -> None:
    data = letter(type_code=code, type_name=drawn)
    assert judged(replace(HEADER, type=TypeInfo.of(document_type(code))), data).rule == rule


def test_a_header_that_calls_the_sender_otherwise_is_a_finding() -> None:
    said = judged(replace(HEADER, sender=Contact(SENDER, "Văn phòng Chính phủ")))
    assert (said.accepted, [one.rule for one in said.findings]) == (True, ["sender-name-differs"])


def test_two_letters_in_one_package_are_one_too_many() -> None:
    """The first is judged, people open the second: one of another number, one changed after signing, one half signed."""
    other = PRESS.issue(PRESS.sign(CONTENT, signer("Leader")), "08", DAY, signer("Seal", ORGAN))
    changed = letter().replace(b"/V<feff00300037>", b"/V<feff00390039>")
    half = PRESS.sign(CONTENT, signer("Leader"))
    for second in (other, changed, half):
        assert rules(judged(others=[Attachment("van-ban.pdf", second)])) == ["second-letter"]
    signature = signer("Seal", ORGAN, purpose=Purpose.ANNEX).sign(sha256(other).digest())
    assert judged(others=[Attachment("08.pdf", other), Attachment("08.pdf.p7s", signature)]).accepted


def test_something_before_the_letter_is_told() -> None:
    files = [Attachment("doc.html", b"<h1>Khac</h1>"), Attachment("letter.pdf", letter())]
    said = judge(HEADER, files, directory(), Validator(pki(SEED).trust_store()), AT)
    assert (said.accepted, [one.rule for one in said.findings]) == (True, ["letter-not-first", "annex-unsigned"])
    foreign = [Attachment("a.pdf", b"%PDF-1.7 harmless"), Attachment("letter.pdf", letter())]
    assert judge(HEADER, foreign, directory(), Validator(pki(SEED).trust_store()), AT).rule == "foreign-letter"


@pytest.mark.parametrize(
    "name",
    [
        "LETTER.PDF",  # one file on many a disk
        "letter.pdf.",
        "letter.pdf ",
        "ｌetter.pdf",  # compatibility characters
        "let\u200bter.pdf",  # zero width
        "letter\u202efdp.exe",  # shown as letterexe.pdf
        "../letter2.pdf",
        "..\\letter2.pdf",
        "a\x9b31m.pdf",  # a terminal's control sequence introducer
        "letter.pdf\n",
    ],
)
def test_names_of_attachments_cannot_be_taken_for_others(name: str) -> None:
    said = judged(others=[Attachment(name, b"other")])
    assert set(rules(said)) == {"attachment-names"}
    assert said.detail.isprintable()


def test_names_are_compared_as_composed() -> None:
    one, two = "phụ lục.csv", "phu\u0323 lu\u0323c.csv"
    assert rules(judged(others=[Attachment(one, b"1"), Attachment(two, b"2")])) == ["attachment-names"]


def test_an_annex_signature_holds_for_its_own_annex_only() -> None:
    seal = signer("Seal", ORGAN, purpose=Purpose.ANNEX)
    one, two = b"one", b"two"
    swapped = [
        Attachment("1.csv", one), Attachment("1.csv.p7s", seal.sign(sha256(two).digest())),
        Attachment("2.csv", two), Attachment("2.csv.p7s", seal.sign(sha256(one).digest())),
    ]  # fmt: skip
    assert rules(judged(others=swapped)) == ["annex-signature", "annex-signature"]
    person = signer("Leader", purpose=Purpose.ANNEX).sign(sha256(one).digest())
    assert rules(judged(others=[Attachment("1.csv", one), Attachment("1.csv.p7s", person)])) == ["annex-not-of-sender"]


def _listing(outer: str, line: str, count: int, operation: int) -> bytes:
    """A package whose Bussiness carries a list of so many lines."""
    package = write_edoc(replace(HEADER, business=Business(Operation.RECALL, "x")))
    lines = f"<BussinessDocType>{operation}</BussinessDocType>{outer.replace('…', line * count)}".encode()
    return re.sub(rb"<edXML:BussinessDocType>1</edXML:BussinessDocType>", lines, package)


@pytest.mark.parametrize(
    ("outer", "line", "operation", "most"),
    [
        (
            "<BussinessDocumentInfo><ReceiverList>…</ReceiverList></BussinessDocumentInfo>",
            "<Receiver><OrganId>H28</OrganId><ReceiverType>1</ReceiverType></Receiver>",
            2,
            Limits().recipients,
        ),
        (
            "<ReplacementInfoList>…</ReplacementInfoList>",
            "<ReplacementInfo><DocumentId>d</DocumentId></ReplacementInfo>",
            3,
            Limits().replacements,
        ),
        (
            "<ReplacementInfoList><ReplacementInfo><DocumentId>d</DocumentId><OrganIdList>…</OrganIdList></ReplacementInfo>"
            "</ReplacementInfoList>",
            "<OrganId>H28</OrganId>",
            3,
            Limits().recipients,
        ),
    ],
)
def test_lists_that_are_paid_for_each_recipient_are_short(outer: str, line: str, operation: int, most: int) -> None:
    """12,000 receivers in an update for 2,000 recipients held the axis' only write lock for seconds."""
    assert read(_listing(outer, line, most, operation)).edoc.operation == operation
    with pytest.raises(EdxmlError) as refused:
        read(_listing(outer, line, most + 1, operation))
    assert refused.value.rule == "too-large"


PACKAGE = write_edoc(HEADER)


def refusal(data: bytes) -> str:
    with pytest.raises(EdxmlError) as refused:
        read(data)
    return refused.value.rule


def test_a_value_has_no_halves() -> None:
    """Readers differ on what ``1<!-- -->07`` is: 1, 107 or 07. Between elements a comment says nothing and may stand."""
    for beside in (b"<!-- x -->", b"<?x y?>"):
        for value in (b"0%s7", b"%s07", b"07%s"):
            assert refusal(PACKAGE.replace(b">07<", b">" + value % beside + b"<")) == "comment-in-text"
        assert read(PACKAGE.replace(b"<edXML:CodeNumber>", beside + b"<edXML:CodeNumber>")).edoc == HEADER
        assert read(PACKAGE.replace(b"</edXML:CodeNumber>", b"</edXML:CodeNumber>" + beside)).edoc == HEADER
        assert read(beside.join((b"", PACKAGE[PACKAGE.index(b"<edXML") :]))).edoc == HEADER


def test_an_element_of_another_namespace_is_not_a_second_opinion() -> None:
    second = b'<evil:CodeNumber xmlns:evil="urn:evil">99</evil:CodeNumber>'
    assert refusal(PACKAGE.replace(b"<edXML:CodeNumber>", second + b"<edXML:CodeNumber>")) == "duplicate-element"


@pytest.mark.parametrize("marks", ["\u0301\u0323" * 2_000, "\u0f73" * 4_000], ids=["out-of-order", "marks-inside"])
def test_marks_without_end_are_refused_before_they_are_put_in_order(marks: str) -> None:
    """Seven thousand fields of them would hold the process for minutes (a package of 4 MiB: 19 s a megabyte)."""
    text = PACKAGE.replace(HEADER.subject.encode(), ("o" + marks).encode())
    assert text != PACKAGE
    assert refusal(text) == "too-many-marks"
    with pytest.raises(EdxmlError) as refused:
        write_edoc(replace(HEADER, subject="o" + marks[:200]))
    assert refused.value.rule == "too-many-marks"


def test_a_statement_of_marks_is_read_in_time() -> None:
    """A refusal in a bundle or an archive is anybody's text: looking whether it is in canonical form must not put 60,000 marks in order."""
    said = {"at": "2021-10-11T08:41:00+07:00", "detail": "o" + "\u0301\u0323" * 30_000, "package_id": "b84cd36b6f2ed4a688d1dcbb",
            "recipient": "H28", "rule": "x", "sub_indication": ""}  # fmt: skip
    with at_most():
        assert canonical(said) == json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    assert canonical({"detail": "o\u0323\u0302"}) == '{"detail":"ộ"}'.encode()


def test_marks_of_a_language_in_any_order_are_composed() -> None:
    letter = read(PACKAGE.replace(HEADER.subject.encode(), "o\u0323\u0302".encode())).edoc
    assert letter is not None
    assert letter.subject == "ộ"


@pytest.mark.parametrize("char", ["\x80", "\x9b", "\u202e", "\u2066", "&#155;", "&#x202E;"])
def test_no_text_steers_a_terminal_or_turns_around(char: str) -> None:
    subject_text = HEADER.subject.encode()
    assert refusal(PACKAGE.replace(subject_text, subject_text + char.encode() + b"x")) == "illegal-character"
    if len(char) == 1:
        with pytest.raises(EdxmlError, match="illegal-character"):
            write_edoc(replace(HEADER, subject=f"a{char}b"))


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\x07", "&#27;", "&#0;", "\ufffe"])
def test_what_xml_itself_forbids_stays_forbidden(char: str) -> None:
    assert refusal(PACKAGE.replace(b">07<", b">07" + char.encode() + b"<")) == "not-well-formed"


@pytest.mark.parametrize("piece", [b"<![CDATA[a]]>", b"&#97;", b"a"])
def test_the_packet_signature_costs_no_more_than_its_size(piece: bytes) -> None:
    """32,000 pieces of one character in each of nine elements took 70 seconds, for anybody with a secret and no key."""
    heavy = b"<edXML:Signature>" + (b"<x>" + piece * 32_000 + b"</x>") * 9 + b"</edXML:Signature></edXML:edXMLHeader>"
    with at_most(5):
        assert refusal(PACKAGE.replace(b"</edXML:edXMLHeader>", heavy)) == "too-large"


@pytest.mark.parametrize(
    "day",
    ["2021/02/30", "2021/9/27", "27/09/2021", "2021-09-27", "２０２１/０９/２７", "2021/W39/1", "0000/01/01", "2021/09/27Z", "+021/09/27"],
)
def test_a_day_is_written_in_one_way(day: str) -> None:
    assert refusal(PACKAGE.replace(b"2021/09/27", day.encode())) == "wrong-type"


@pytest.mark.parametrize("moment", ["2021/09/27 08:00+07", "2021/09/27T08:00:00", "2021/09/27 24:00:00", "2021/09/27 08:00:60"])
def test_an_instant_is_written_in_one_way(moment: str) -> None:
    trace = f"<TraceHeader><OrganId>H28</OrganId><Timestamp>{moment}</Timestamp></TraceHeader>"
    assert refusal(PACKAGE.replace(b"<edXML:TraceHeaderList>", b"<edXML:TraceHeaderList>" + trace.encode())) == "wrong-type"


@pytest.mark.parametrize("number", ["٣", "²", "１", "1_0", "0x1", "1e1", "--1", "9" * 5000])
def test_a_number_is_made_of_ascii_digits(number: str) -> None:
    priority = b"<edXML:Priority>0</edXML:Priority>"
    assert refusal(PACKAGE.replace(priority, priority.replace(b"0", number.encode()))) == "wrong-type"
