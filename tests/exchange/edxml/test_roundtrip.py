"""What is written is read as the same values; what is read gives back the same bytes."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.edxml.attached import MemorySink
from exchange.edxml.model import EdocHeader, OutgoingAttachment, StatusHeader
from exchange.edxml.reader import EdxmlPackage, read
from exchange.edxml.skeleton import Skeleton, rebuild
from exchange.edxml.tree import Limits
from exchange.edxml.writer import write_edoc, write_status
from exchange.errors import EdxmlError
from tests.exchange.edxml.strategies import attachments, edocs, statuses

SAMPLES = Path(__file__).parent / "samples"
EDOC = (SAMPLES / "edoc-new.edxml").read_bytes()
STATUS = (SAMPLES / "status-03-accepted.edxml").read_bytes()


class Dribble:
    """A stream that gives ``size`` bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size, self.position = data, size, 0

    def read(self, _amount: int = -1) -> bytes:
        part = self.data[self.position : self.position + self.size]
        self.position += len(part)
        return part


def read_all(data: bytes, size: int = 0) -> tuple[EdxmlPackage, list[bytes]]:
    sink = MemorySink()
    package = read(Dribble(data, size) if size else data, sink)  # type: ignore[arg-type]
    return package, [sink.data[attachment.ref] for attachment in package.attachments]


def same_bytes(package: EdxmlPackage, decoded: list[bytes]) -> bytes:
    stored = Skeleton.unpack(package.skeleton.pack())
    assert stored == package.skeleton
    return b"".join(rebuild(stored, [[one[at : at + 7] for at in range(0, len(one), 7)] for one in decoded]))


def same_without_its_bytes(data: bytes, size: int = 0) -> None:
    """Reading without a skeleton gives the same values."""
    exact, decoded = read_all(data, size)
    sink = MemorySink()
    found = read(Dribble(data, size) if size else data, sink, exact=False)  # type: ignore[arg-type]
    assert found.header == exact.header
    assert found.attachments == exact.attachments
    assert [sink.data[attachment.ref] for attachment in found.attachments] == decoded
    assert found.skeleton == Skeleton(())


def element_order(data: bytes) -> list[str]:
    return re.findall(r"<(/?[A-Za-z:]+)", data.decode())


@pytest.mark.parametrize("data", [EDOC, STATUS], ids=["edoc", "status"])
@pytest.mark.parametrize("size", [0, 1, 3, 17, 1000])
def test_samples_come_back_byte_for_byte_however_they_are_cut(data: bytes, size: int) -> None:
    package, decoded = read_all(data, size)
    assert same_bytes(package, decoded) == data
    assert package == read_all(data)[0]


def test_the_edoc_sample_rewritten_means_the_same_in_the_same_order() -> None:
    package, decoded = read_all(EDOC)
    one = package.attachments[0]
    again = write_edoc(package.edoc, [OutgoingAttachment(one.content_id, one.name, decoded[0], one.content_type, one.description)])
    assert read_all(again)[0].header == package.header
    assert read_all(again)[0].attachments == package.attachments
    assert element_order(again) == element_order(EDOC)


def test_the_status_sample_rewritten_means_the_same_in_the_same_order() -> None:
    package, _ = read_all(STATUS)
    again = write_status(package.status)
    assert read_all(again)[0].header == package.header
    assert element_order(again) == element_order(STATUS)


@given(edocs, attachments)
def test_an_edoc_read_is_the_edoc_written(header: EdocHeader, files: tuple[OutgoingAttachment, ...]) -> None:
    data = write_edoc(header, files)
    package, decoded = read_all(data)
    assert package.header == header
    assert [(a.content_id, a.name, a.content_type, a.description, d) for a, d in zip(package.attachments, decoded, strict=True)] == [
        (f.content_id, f.name, f.content_type, f.description, f.data) for f in files
    ]
    assert same_bytes(package, decoded) == data


@given(statuses)
def test_a_status_read_is_the_status_written(header: StatusHeader) -> None:
    data = write_status(header)
    package, _ = read_all(data)
    assert package.header == header
    assert same_bytes(package, []) == data


def in_lines(data: bytes, width: int, newline: bytes, before: bytes, after: bytes) -> bytes:
    text = base64.b64encode(data)
    return before + newline.join(text[at : at + width] for at in range(0, len(text), width)) + after


blanks = st.sampled_from([b"", b"\n", b"\r\n", b"\n    ", b" "])


@given(
    st.binary(min_size=1, max_size=2000),
    st.integers(1, 80),
    st.sampled_from([b"\n", b"\r\n", b"\n\t\t"]),
    blanks,
    blanks,
    st.sampled_from([0, 5, 100]),
)
def test_base64_in_lines_comes_back_byte_for_byte(data: bytes, width: int, newline: bytes, before: bytes, after: bytes, size: int) -> None:
    package = EDOC.replace(b"JVBERi0xLjQKJSBzYW1wbGUK", in_lines(data, width, newline, before, after))
    found, decoded = read_all(package, size)
    assert decoded == [data]
    assert same_bytes(found, decoded) == package
    same_without_its_bytes(package, size)


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        (b"QUJD RA==", b"ABCD"),
        (b"QUJDRA", b"ABCD"),
        (b"QUJDRB==", b"ABCD"),
        (b"QU\nJDR\nA==", b"ABCD"),
        (b"", b""),
        (b"\n  \n", b""),
    ],
)
def test_irregular_base64_is_decoded_and_kept_as_it_came(text: bytes, decoded: bytes) -> None:
    package = EDOC.replace(b"JVBERi0xLjQKJSBzYW1wbGUK", text)
    found, data = read_all(package)
    assert data == [decoded]
    assert same_bytes(found, data) == package
    same_without_its_bytes(package)


@pytest.mark.parametrize("irregular", [False, True])
@pytest.mark.parametrize("width", [0, 76, 61])
def test_a_long_attachment_is_cut_out_of_its_skeleton(width: int, irregular: bool) -> None:
    data = bytes(range(256)) * 4000
    text = base64.b64encode(data) if not width else in_lines(data, width, b"\r\n", b"\r\n", b"\r\n  ")
    if irregular:
        text = text[:900_000] + b" \n " + text[900_000:]
    package = EDOC.replace(b"JVBERi0xLjQKJSBzYW1wbGUK", text)
    for size in (0, 65_536, 1_000_003):
        found, decoded = read_all(package, size)
        assert decoded == [data]
        assert same_bytes(found, decoded) == package
        same_without_its_bytes(package, size)
        if not irregular:
            assert found.skeleton.literal_size < len(EDOC)
            assert len(found.skeleton.pieces) == 3


def test_irregular_base64_is_kept_only_up_to_the_limit_of_markup() -> None:
    lines = b"\n".join(b"QUJD" * (1 + n % 3) for n in range(3000))
    package = EDOC.replace(b"JVBERi0xLjQKJSBzYW1wbGUK", lines)
    assert read_all(package)[0].attachments[0].size == 3 * 6000
    with pytest.raises(EdxmlError, match="too-large"):
        read(package, limits=Limits(markup=20_000))


def test_a_skeleton_refuses_a_shorter_attachment_and_foreign_bytes() -> None:
    package, decoded = read_all(EDOC)
    with pytest.raises(EdxmlError, match="shorter"):
        b"".join(rebuild(package.skeleton, [[decoded[0][:-1]]]))
    with pytest.raises(EdxmlError, match="skeleton"):
        Skeleton.unpack(b"nonsense")
    with pytest.raises(EdxmlError, match="disagree"):
        Skeleton.unpack(package.skeleton.pack() + b"x")
