"""Children of a DER element are read one by one, and nothing that is not DER is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import der
from signing.formats.elements import bits, elements, identifier, integer, only


@given(st.lists(st.tuples(st.sampled_from([0x02, 0x04, 0x0C, 0x30, 0x80, 0xA1]), st.binary(max_size=300)), max_size=5))
def test_what_was_written_side_by_side_is_read_apart(parts: list[tuple[int, bytes]]) -> None:
    assert elements(b"".join(der.tlv(tag, content) for tag, content in parts)) == parts


@given(st.binary(max_size=400))
def test_the_one_element(content: bytes) -> None:
    assert only(der.tlv(0x04, content), 0x04) == content


@pytest.mark.parametrize(
    "wrong", [b"", b"\x04", b"\x04\x02a", b"\x04\x01ab", b"\x04\x81\x01a", b"\x04\x80a\x00\x00", b"\x9f\x81\x01\x00", b"\x05\x00"]
)
def test_what_is_not_one_octet_string_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        only(wrong, 0x04)


@given(st.integers(-(2**70), 2**70))
def test_integers(value: int) -> None:
    assert integer(der.integer(value)[2:]) == value


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\xff"])
def test_integers_are_shortest(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        integer(content)


def test_identifiers() -> None:
    assert identifier(der.oid("2.5.29.15")[2:]) == "2.5.29.15"
    with pytest.raises(ValueError, match=r"."):
        identifier(b"\x80\x01")


@given(st.sets(st.integers(0, 20), min_size=1))
def test_named_bits(positions: set[int]) -> None:
    assert bits(only(der.named_bits(*positions), 0x03)) == positions


@pytest.mark.parametrize("content", [b"", b"\x08\x80", b"\x01", b"\x00\x80\x00", b"\x07\xc0", b"\x04\x80"])
def test_named_bits_have_one_encoding(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        bits(content)
