"""A package of markup met before is read without its parser, and says the same as with it: on every text, plain or not."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.edxml import reader
from exchange.edxml.attached import MemorySink, Nowhere
from exchange.edxml.model import EdocHeader, OutgoingAttachment, StatusHeader
from exchange.edxml.reader import EdxmlPackage, read, reread
from exchange.edxml.shapes import HOLE, LONGEST, Parsed, Shapes, cut_out
from exchange.edxml.writer import write_edoc, write_status
from exchange.errors import EdxmlError
from tests.exchange.edxml.strategies import attachments, edocs, statuses

STATUS = (
    b"<edXML><edXMLEnvelope><edXMLHeader><MessageHeader><From><OrganId>000.00.00.H28</OrganId></From><ResponseFor>"
    b"<OrganId>000.00.00.H29</OrganId><Code>15/UBND-VX</Code></ResponseFor><StatusCode>03</StatusCode></MessageHeader></edXMLHeader>"
    b"</edXMLEnvelope></edXML>"
)
PLAIN = (
    b"<edXML><e:edXMLEnvelope xmlns:e='u'><e:Name>one</e:Name><e:To><e:Code>12</e:Code><e:Code>ab c</e:Code></e:To><e:Nil/>"
    b"</e:edXMLEnvelope></edXML>"
)


FILES = (
    b"<edXML><edXMLEnvelope><edXMLHeader><MessageHeader><From><OrganId>000.00.00.H28</OrganId></From><To><OrganId>000.00.00.H29</OrganId>"
    b"</To><Code><CodeNumber>7</CodeNumber><CodeNotation>UBND-VX</CodeNotation></Code><PromulgationInfo><Place>x</Place><PromulgationDate>"
    b"2021/09/27</PromulgationDate></PromulgationInfo><DocumentType><Type>2</Type><TypeName>y</TypeName></DocumentType><Subject>z</Subject>"
    b"</MessageHeader></edXMLHeader></edXMLEnvelope><AttachmentEncoded><Attachment><ContentId>a</ContentId><ContentTransferEncoded>QUJD"
    b"</ContentTransferEncoded></Attachment><Attachment><ContentId>b</ContentId><ContentTransferEncoded>REVG\nR0hJ\n</ContentTransferEncoded>"
    b"</Attachment></AttachmentEncoded></edXML>"
)


def literals(package: bytes) -> bytes:
    """A package without its attachments, as its skeleton keeps it."""
    return b"".join(piece for piece in read(package).skeleton.pieces if isinstance(piece, bytes))


def parse(data: bytes) -> Parsed | None:
    found = reader._parse_whole(data)
    return None if found is None else found[0]


def tree_of(shapes: Shapes, data: bytes) -> Parsed | None:
    """A package's tree, where its markup is known."""
    found = shapes.find(data)
    return None if found is None else shapes.filled(*found)


def parsed(data: bytes) -> EdxmlPackage | EdxmlError:
    """As a stream, which always goes through the parser."""
    try:
        return read(BytesIO(data), Nowhere(), exact=False)
    except EdxmlError as error:
        return error


def same(data: bytes) -> None:
    """Three times, since a shape is kept from the second time on."""
    expected = parsed(data)
    for _ in range(3):
        if isinstance(expected, EdxmlPackage):
            assert reread(data) == expected
            continue
        with pytest.raises(EdxmlError) as caught:
            reread(data)
        assert (caught.value.place, caught.value.rule, caught.value.detail) == (expected.place, expected.rule, expected.detail)


def met(data: bytes) -> Shapes:
    shapes = Shapes(reader._parse_whole)
    for _ in range(2):
        assert tree_of(shapes, data) is None
        shapes.meet(data)
    return shapes


@settings(max_examples=150, deadline=None)
@given(edocs, attachments)
def test_any_document_reads_the_same(header: EdocHeader, files: tuple[OutgoingAttachment, ...]) -> None:
    same(literals(write_edoc(header, files)))


@settings(max_examples=150, deadline=None)
@given(statuses)
def test_any_status_package_reads_the_same(header: StatusHeader) -> None:
    same(literals(write_status(header)))


def test_the_texts_are_the_packages_own() -> None:
    shapes = met(PLAIN)
    found = tree_of(shapes, PLAIN.replace(b"one", b"hai ba").replace(b">12<", b"> 34 <"))
    assert found == Parsed("edXML", {"edXMLEnvelope": [{"Name": ["hai ba"], "To": [{"Code": ["34", "ab c"]}], "Nil": [""]}]}, 0)
    assert tree_of(shapes, PLAIN) == Parsed(
        "edXML", {"edXMLEnvelope": [{"Name": ["one"], "To": [{"Code": ["12", "ab c"]}], "Nil": [""]}]}, 0
    )


@settings(max_examples=400, deadline=None)
@given(
    st.text(
        st.characters(blacklist_categories=("Cs",)) | st.sampled_from("<>&;'\"\t\r\n \x7f\x80\u00a0\u0301\u0338\u202e\ufffe\U0001fffe"),
        max_size=8,
    )
)
def test_a_text_is_what_the_parser_makes_of_it_or_is_left_to_it(text: str) -> None:
    """Markup, references, controls, what is not in NFC, what steers a terminal: only plain texts take the short way."""
    shapes = met(PLAIN)
    data = PLAIN.replace(b"one", text.encode())
    found = tree_of(shapes, data)
    with suppress(EdxmlError):
        assert found is None or found == parse(data)
        return
    assert found is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_bytes_read_as_without_shapes(data: st.DataObject) -> None:
    """A byte anywhere, in the markup too: another markup has no shape, whatever it looks like."""
    changed = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    shapes = met(PLAIN)
    found = tree_of(shapes, bytes(changed))
    with suppress(EdxmlError):
        assert found is None or found == parse(bytes(changed))
        return
    assert found is None


@pytest.mark.parametrize(
    "data",
    [
        b"<a><!-- a comment --><b>x</b></a>".replace(b"<b>x", b"<b><!-- --> x"),
        b"<a><b>x<c/>y</b></a>",
        b"<a><b><![CDATA[x]]>y</b></a>",
        b"<a><edXMLHeader><Signature><b>x</b></Signature></edXMLHeader></a>",
        b"<a><Attachment><ContentTransferEncoded>QUJD</ContentTransferEncoded></Attachment><b>x</b></a>",
        b"<a><b>truc-slot-0</b></a>",
        b"<a><b></b></a>",
        b"<a>" + b"<b>x</b>" * (LONGEST // 8) + b"</a>",
        b"<a><b>x</a>",
        b"<!DOCTYPE a><a><b>x</b></a>",
    ],
    ids=["comment", "mixed", "cdata", "signature", "base64", "mark", "no text", "long", "not well-formed", "dtd"],
)
def test_markup_whose_texts_are_not_all_there_is_has_no_shape(data: bytes) -> None:
    shapes = Shapes(reader._parse_whole)
    for _ in range(4):
        assert tree_of(shapes, data) is None
        shapes.meet(data)


def test_an_element_met_before_is_read_once_and_never_taken_for_another() -> None:
    shapes = met(PLAIN)
    other = PLAIN.replace(b"e:Code", b"e:Kind")
    first, again = tree_of(shapes, PLAIN), tree_of(shapes, PLAIN.replace(b"one", b"two"))
    assert first is not None
    assert again is not None
    assert first.root["edXMLEnvelope"][0]["To"][0] is again.root["edXMLEnvelope"][0]["To"][0]  # type: ignore[index, call-overload]
    shapes.meet(other)
    assert tree_of(shapes, other) is None
    shapes.meet(other)
    second = tree_of(shapes, other)
    assert second is not None
    assert second.root["edXMLEnvelope"][0]["To"] == [{"Kind": ["12", "ab c"]}]  # type: ignore[index, call-overload]


def test_shapes_are_bounded() -> None:
    shapes = Shapes(reader._parse_whole)
    for number in range(1200):
        data = f"<a{number}><b>x</b></a{number}>".encode()
        shapes.meet(data)
        assert tree_of(shapes, data) is None
        shapes.meet(data)
        assert tree_of(shapes, data) == Parsed(f"a{number}", {"b": ["x"]}, 0)
    assert len(shapes._shapes) <= 256
    for number in range(5000):
        tree_of(shapes, f"<a{number % 100 + 1100}><b>x{number}</b></a{number % 100 + 1100}>".encode())
    assert len(shapes._elements) <= 2048


def test_only_small_elements_are_kept() -> None:
    """One of many parts, or with a long text, is put together anew each time: two thousand of them would be a gigabyte."""
    for size, text, kept in ((3, "x", 1), (100, "x", 0), (3, "x" * 5000, 0)):
        data = f"<a><b>{'<c/>' * size}<d>{text}</d></b></a>".encode()
        shapes = met(data)
        assert tree_of(shapes, data) == parse(data)
        assert len(shapes._elements) == kept


def test_the_parser_reads_once_until_a_markup_is_met_again_and_then_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    true = reader._Reading.feed
    monkeypatch.setattr(reader._Reading, "feed", lambda self, chunk: runs.append(chunk) or true(self, chunk))  # type: ignore[func-returns-value]
    for number, how in enumerate((read, reread)):
        data = STATUS.replace(b"<StatusCode>", f"<Odd{number}>x</Odd{number}><StatusCode>".encode())
        counts = []
        for _ in range(4):
            runs.clear()
            how(data)
            counts.append(len(runs))
        assert counts == [1, 3, 0, 0]


def test_a_package_that_is_refused_teaches_nothing() -> None:
    before = len(reader._SHAPES._shapes), len(reader._SHAPES._met)
    for number in range(20):
        for _ in range(3):
            with pytest.raises(EdxmlError):
                read(f"<edXML><b{number}>x</b{number}></edXML>".encode())
    assert (len(reader._SHAPES._shapes), len(reader._SHAPES._met)) == before


@pytest.mark.parametrize("at", [0, 100_000, 262_143, 262_144, 399_999])
def test_a_long_content_is_read_in_the_same_blocks_however_it_comes(at: int) -> None:
    body = b"QUJD" * 200_000
    same_whole(FILES.replace(b"QUJD", body[:at] + b"\n" + body[at:]))
    same_whole(FILES.replace(b"QUJD", body[:at] + b"*" + body[at:]))


def test_a_header_at_fault_is_told_as_by_the_parser() -> None:
    """Of markup met before: the place and the rule are those of the long way."""
    header = STATUS.replace(b"03", b"99")
    for data in (STATUS, STATUS, STATUS, header):
        same(data)
    with pytest.raises(EdxmlError, match="StatusCode"):
        reread(header)


def taken(source: bytes | BytesIO, *, exact: bool = True) -> object:
    """Everything that reading gives, or says."""
    sink = MemorySink()
    try:
        package = read(source, sink, exact=exact)
    except EdxmlError as error:
        return error.place, error.rule, error.detail
    return package, package.skeleton.pack(), [sink.data[one.ref] for one in package.attachments]


def same_whole(data: bytes) -> None:
    """As bytes, whose markup may have been met, and as a stream, which always goes through the parser."""
    for exact in (True, False):
        expected = taken(BytesIO(data), exact=exact)
        assert [taken(data, exact=exact) for _ in range(3)] == [expected] * 3


@settings(max_examples=150, deadline=None)
@given(edocs, attachments)
def test_any_package_reads_the_same_as_a_whole(header: EdocHeader, files: tuple[OutgoingAttachment, ...]) -> None:
    same_whole(write_edoc(header, files))


def test_a_package_met_before_does_not_go_through_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    same_whole(FILES)
    monkeypatch.setattr(reader, "_Reading", None)
    sink = MemorySink()
    package = read(FILES.replace(b"QUJD", b"SktM").replace(b">z<", "> Về việc <".encode()), sink)
    assert [sink.data[one.ref] for one in package.attachments] == [b"JKL", b"DEFGHI"]
    assert package.edoc.subject == "Về việc"


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_changed_bytes_read_the_same_as_a_whole(data: st.DataObject) -> None:
    """Bytes changed, put in and left out, in contents and around them, once the markup is known."""
    taken(FILES), taken(FILES)
    changed = bytearray(FILES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(FILES.find(b"<Subject>"), len(changed) - 1))
        cut = data.draw(st.sampled_from((0, 0, 1, 4)))
        put = data.draw(st.sampled_from(PUT) | st.binary(min_size=1, max_size=2))
        changed[at : at + cut] = put
    same_whole(bytes(changed))


PUT = (
    b"<", b">", b"&", b"\0", b"=", b"<!-- ", b" -->", b"<![CDATA[", b"]]>", b"<ContentTransferEncoded>", b"</ContentTransferEncoded>",
    b"<ContentTransferEncoded/>", b"ContentTransferEncoded>", b"&#65;", b"QQ==", b"\n", b" ", b"<?x ?>", b"truc-slot-0", b"a='>'",
)  # fmt: skip
OPEN, SHUT = b"<ContentTransferEncoded>", b"</ContentTransferEncoded>"
A = OPEN + b"QUJD" + SHUT


@pytest.mark.parametrize(
    "data",
    [
        FILES.replace(A, b"<!-- " + A + b" --><ContentTransferEncoded/>"),
        FILES.replace(A, b"<ContentTransferEncoded/>").replace(b"<Subject>z", b"<!--" + OPEN + b"QUJD<x--><Subject>z"),
        FILES.replace(A, b"<ContentTransferEncoded/>").replace(b"</MessageHeader>", A + b"</MessageHeader>"),
        FILES.replace(A, b"<ContentTransferEncoded a='>'>QUJD" + SHUT),
        FILES.replace(A, b"<ContentTransferEncoded a=''>QUJD" + SHUT),
        FILES.replace(A, b"<![CDATA[" + A + b"]]><ContentTransferEncoded/>"),
        FILES.replace(A, b"<?x " + A + b" ?><ContentTransferEncoded/>"),
        FILES.replace(A, A + b"<Other>ContentTransferEncoded</Other>"),
        FILES.replace(A, A + b"<Other>ContentTransferEncoded&gt;QUJD</Other>"),
        FILES.replace(A, A + b"<Other>ContentTransferEncoded>QUJD</Other>"),
        FILES.replace(A, b"<x:ContentTransferEncoded xmlns:x='u'>QUJD</x:ContentTransferEncoded>"),
        FILES.replace(A, b"<x:ContentTransferEncoded>QUJD</x:ContentTransferEncoded>"),
        FILES.replace(A, OPEN + SHUT),
        FILES.replace(A, OPEN + b" \n " + SHUT),
        FILES.replace(A, OPEN + HOLE + SHUT),
        FILES.replace(b"QUJD", HOLE).replace(b"REVG\nR0hJ\n", HOLE),
        FILES.replace(b"QUJD", b"QUJ\0"),
        FILES.replace(b"QUJD", b"Q"),
        FILES.replace(b"QUJD", b"QU JD"),
        FILES.replace(b"QUJD", b"=QUJ"),
        FILES.replace(b"QUJD", b"QUJD<!-- x -->"),
        FILES.replace(b"QUJD", b"QUJD]]>"),
        FILES.replace(b"QUJD", b"&#81;UJD"),
        FILES.replace(A, A + A),
        FILES.replace(b"<ContentId>b", b"<ContentId>a"),
        FILES[: FILES.index(b"REVG") + 2],
        FILES[: FILES.index(b"REVG")],
        FILES + OPEN,
    ],
)  # fmt: skip
def test_no_markup_makes_a_content_of_what_is_none(data: bytes) -> None:
    """Among packages of known markup: what hides a tag from the parser, or shows it one that is not there."""
    same_whole(FILES)
    same_whole(data)
    same_whole(FILES)


def test_a_package_that_holds_a_hole_has_no_shape() -> None:
    same_whole(FILES)
    assert cut_out(FILES.replace(b"QUJD", HOLE)) is None
    found = cut_out(FILES)
    assert found is not None
    assert taken(found[0]) == taken(BytesIO(found[0]))
    with pytest.raises(EdxmlError):
        reread(found[0])
