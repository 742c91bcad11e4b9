"""Names are the same when they mean the same (RFC 5280 §7.1, RFC 4518), and are told so that nobody is misled."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from signing import der, oids
from signing.validation.rfc5280.names import MAX_ATTRIBUTES, attributes, prepare, prepared, same, text, within

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def encoded(value: str, tag: int = 0x0C, codec: str = "utf-8", kind: str = oids.COMMON_NAME) -> bytes:
    """A name of one attribute."""
    return der.sequence(der.tlv(der.SET, der.sequence(der.oid(kind), der.tlv(tag, value.encode(codec)))))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bộ Nội vụ", "BỘ NỘI VỤ"),
        ("Bộ  Nội   vụ ", " bộ nội vụ"),
        ("Bo\u0302\u0323 Nội vụ", "Bộ Nội vụ"),  # composed and decomposed
        ("Straße", "STRASSE"),
        ("a\u00adb", "ab"),  # soft hyphen
        ("a\u200bb", "ab"),  # zero width space
        ("a\u00a0b", "a b"),  # no-break space
        ("a\tb", "a b"),
        ("ﬁ", "fi"),
        ("a\u0007b", "ab"),
    ],
)
def test_the_same_name_in_other_writing(one: str, other: str) -> None:
    assert same(encoded(one), encoded(other))


@pytest.mark.parametrize(("one", "other"), [("Bộ Nội vụ", "Bộ Nội vu"), ("a b", "ab"), ("", "a"), ("а", "a")])  # the last is Cyrillic
def test_other_names(one: str, other: str) -> None:
    assert not same(encoded(one), encoded(other))


@pytest.mark.parametrize(
    ("tag", "codec"),
    [(0x0C, "utf-8"), (0x13, "ascii"), (0x16, "ascii"), (0x1E, "utf-16-be"), (0x1C, "utf-32-be"), (0x14, "latin-1"), (0x1A, "ascii")],
)
def test_the_string_type_does_not_matter(tag: int, codec: str) -> None:
    assert same(encoded("Root CA", tag, codec), encoded("root ca"))


def test_the_attribute_type_and_the_order_of_rdns_matter() -> None:
    assert not same(encoded("a"), encoded("a", kind=oids.ORGANIZATION))
    one, other = (encoded(letter)[2:] for letter in "ab")
    assert not same(der.sequence(one, other), der.sequence(other, one))
    assert within(prepared(der.sequence(one, other)), prepared(der.sequence(one)))
    assert not within(prepared(der.sequence(one)), prepared(der.sequence(one, other)))
    assert within(prepared(der.sequence(one)), prepared(der.sequence()))


def test_several_attributes_in_one_rdn_are_a_set() -> None:
    def pair(first: str, second: str) -> bytes:
        parts = [der.sequence(der.oid(oids.COMMON_NAME), der.utf8(first)), der.sequence(der.oid(oids.USER_ID), der.utf8(second))]
        return der.sequence(der.set_of(parts))

    assert same(pair("A", "b"), pair("a", "B"))
    assert not same(pair("a", "b"), pair("b", "a"))
    assert text(pair("a", "b")) in ("CN=a+UID=b", "UID=b+CN=a")


def test_a_value_that_is_no_string_is_compared_by_its_bytes() -> None:
    def bits(value: bytes) -> bytes:
        return der.sequence(der.tlv(der.SET, der.sequence(der.oid("2.5.4.45"), der.bit_string(value))))

    assert same(bits(b"a"), bits(b"a"))
    assert not same(bits(b"a"), bits(b"b"))
    assert text(bits(b"a")) == "2.5.4.45=#03020061"


@given(TEXT)
def test_preparing_twice_changes_nothing(value: str) -> None:
    assert prepare(prepare(value)) == prepare(value)


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), st.integers(1, 4))
def test_case_and_spaces_never_matter(value: str, spaces: int) -> None:
    assert same(encoded(f"{value} x"), encoded(f" {value.swapcase()}{' ' * spaces}X "))


@given(TEXT)
def test_a_name_as_text_stays_on_one_line_and_reads_back(value: str) -> None:
    told = text(encoded(value))
    assert told.startswith("CN=")
    assert told.isprintable()
    if value.isprintable():
        assert x509.Name.from_rfc4514_string(told) == x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value)])


@given(TEXT)
def test_it_agrees_with_cryptography_on_well_formed_names(value: str) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, value, _ASN1Type.UTF8String)])
    ((one,),) = attributes(name.public_bytes())
    assert one.text == value


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x05\x00",
        der.sequence(der.tlv(der.SET)),
        der.sequence(der.sequence()),
        encoded("\xff", codec="latin-1"),
        encoded("é", 0x13, "latin-1"),
        encoded("a", 0x1E, "ascii"),
        der.sequence(*[encoded("a")[2:]] * (MAX_ATTRIBUTES + 1)),
        encoded("a") + b"\x00",
    ],
)
def test_what_is_no_name_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        attributes(broken)
