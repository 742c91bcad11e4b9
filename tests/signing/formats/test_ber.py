"""BER made definite: DER stays as it is, breaches are named, and no input costs more than its limit."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from signing import FormatFailure, der
from signing.formats.ber import CONSTRUCTED_STRING, INDEFINITE, LONG_LENGTH, MAX_DEPTH, Element, Leave, Walker, definite, der_end

PRIMITIVES = st.binary(max_size=200).map(der.octet_string) | st.integers(-(2**70), 2**70).map(der.integer)
TREES = st.recursive(PRIMITIVES, lambda parts: st.lists(parts, max_size=4).map(lambda items: der.sequence(*items)), max_leaves=12)


@given(TREES, st.binary(max_size=4))
def test_der_comes_out_as_it_went_in(encoded: bytes, rest: bytes) -> None:
    found = definite(encoded + rest)
    assert (found.encoded, found.deviations, found.end) == (encoded, (), len(encoded))


@given(TREES | st.binary(max_size=80), st.binary(max_size=4))
def test_the_quick_look_agrees_with_the_long_one(encoded: bytes, rest: bytes) -> None:
    """Where it says where the element ends, the walker finds the same end and no breach."""
    end = der_end(encoded + rest)
    if end < 0:
        return
    walker = Walker(encoded + rest)
    element = walker.element(0, len(encoded + rest))
    assert element.end == end
    assert _in_order(walker, element)


def _in_order(walker: Walker, element: Element) -> bool:
    return element.shortest and not element.indefinite and (
        not element.constructed or all(_in_order(walker, child) for child in walker.children(element))
    )  # fmt: skip


def test_the_quick_look_sees_der_at_all() -> None:
    for data in (der.sequence(), der.sequence(der.octet_string(bytes(300)), der.integer(5)), der.NULL):
        assert der_end(data) == len(data)


def _ber(encoded: bytes, walker: Walker, at: int, end: int) -> bytes:
    """The same tree with every constructed element in indefinite length and every other in five octets."""
    element = walker.element(at, end)
    if not element.constructed:
        value = encoded[element.content : element.stop]
        return element.tag + b"\x84" + len(value).to_bytes(4, "big") + value
    parts = b"".join(_ber(encoded, walker, child.start, child.end) for child in walker.children(element))
    return element.tag + b"\x80" + parts + b"\0\0"


@given(TREES)
def test_the_same_in_ber_becomes_the_same_der_and_is_named(encoded: bytes) -> None:
    found = definite(_ber(encoded, Walker(encoded), 0, len(encoded)))
    assert found.encoded == encoded
    assert set(found.deviations) <= {INDEFINITE, LONG_LENGTH}
    assert found.deviations


@given(st.lists(st.binary(max_size=150), min_size=1, max_size=5))
def test_constructed_strings_are_joined_as_asn1crypto_does(parts: list[bytes]) -> None:
    data = b"\x24\x80" + b"".join(map(der.octet_string, parts)) + b"\0\0"
    found = definite(data)
    assert found.encoded == der.octet_string(b"".join(parts)) == der.octet_string(core.OctetString.load(data).native)
    assert CONSTRUCTED_STRING in found.deviations


def test_what_is_left_to_other_readers_is_not_looked_into() -> None:
    inner = b"\x30\x03\x02\x81\x01"  # no BER at all inside
    assert definite(der.sequence(inner), Leave(frozenset(((0x30, 0x30),)))).encoded == der.sequence(inner)
    with pytest.raises(FormatFailure):
        definite(der.sequence(inner))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x04\x80",
        b"\x30\x80",
        b"\x30\x05\x04",
        b"\x30\x89" + b"\xff" * 9,
        b"\x1f\xff\xff\xff\xff\xff\xff",
        b"\x30\x80" * (MAX_DEPTH + 2) + b"\0\0" * (MAX_DEPTH + 2),
        b"\x30\x84\x00\x03\x0d\x40" + b"\x05\x00" * 100_000,
        b"\x24\x03\x02\x01\x00",
    ],
)
def test_no_ber_or_too_much_of_it_is_refused(data: bytes) -> None:
    with pytest.raises(FormatFailure):
        definite(data)


@given(st.binary(max_size=300))
def test_hostile_bytes_are_a_format_failure_or_definite(data: bytes) -> None:
    try:
        found = definite(data)
    except FormatFailure:
        return
    assert definite(found.encoded).encoded == found.encoded
    assert definite(found.encoded).deviations == ()
