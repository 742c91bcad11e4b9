"""Names: read, told in words, and compared after RFC 5280 §7.1 with the string preparation of RFC 4518 §2.

A name is kept as its DER; :func:`prepared` gives the form in which two names that mean the same are equal. What was prepared is kept, for
the same few issuers stand in thousands of certificates.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.formats.certificates import full
from signing.pki.profiles import SHORT_NAMES
from signing.text import stream_safe

MAX_ATTRIBUTES = 64
"""Attributes in one name; the longest found have a dozen."""

Prepared = tuple[frozenset[tuple[str, str | bytes]], ...]
"""RDNs in order; each a set of (dotted type, prepared text, or encoding where the value is no string)."""

_CODECS = {
    b"\x0c": "utf-8",
    b"\x12": "ascii",
    b"\x13": "ascii",
    b"\x14": "latin-1",
    b"\x16": "ascii",
    b"\x1a": "ascii",
    b"\x1c": "utf-32-be",
    b"\x1e": "utf-16-be",
}
"""Tag → how text is encoded. TeletexString is read as Latin-1, as everybody writes it (RFC 5280 §4.1.2.4 leaves it to us)."""

_NOTHING = {0x00AD, 0x034F, 0x1806, 0xFFFC, 0x200B, *range(0x180B, 0x180E), *range(0xFE00, 0xFE10)}
_SPACE = {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a name: dotted type, text or ``None`` where the value is no string, and the whole encoded value."""

    type: str
    text: str | None
    value: bytes


@asn1.sequence
class _Attribute:
    type: x509.ObjectIdentifier
    value: asn1.TLV


@asn1.sequence
class _Name:
    """A SEQUENCE around the Name, since the decoder wants a class at the root."""

    rdns: list[asn1.SetOf[_Attribute]]


@lru_cache(maxsize=4096)
def attributes(name: bytes) -> tuple[tuple[Attribute, ...], ...]:
    """The RDNs of a DER Name in order; raises ValueError for what is no Name, is too long, or holds undecodable text."""
    rdns = tuple(tuple(_attribute(part) for part in rdn.as_list()) for rdn in asn1.decode_der(_Name, der.sequence(name)).rdns)
    if not all(rdns) or sum(len(rdn) for rdn in rdns) > MAX_ATTRIBUTES:
        raise ValueError(f"a name is a sequence of non-empty sets of attributes, at most {MAX_ATTRIBUTES}")
    return rdns


def _attribute(part: _Attribute) -> Attribute:
    codec = _CODECS.get(part.value.tag_bytes)
    text = None if codec is None else bytes(part.value.data).decode(codec)
    return Attribute(part.type.dotted_string, text, full(part.value))


@lru_cache(maxsize=4096)
def prepared(name: bytes) -> Prepared:
    """The form of a DER Name in which equal names are equal (RFC 5280 §7.1); raises ValueError as :func:`attributes`."""
    return tuple(
        frozenset((part.type, part.value if part.text is None else prepare(part.text)) for part in rdn) for rdn in attributes(name)
    )


def same(one: bytes, other: bytes) -> bool:
    """Whether two DER names are the same name; both must have been read before."""
    return one == other or prepared(one) == prepared(other)


def prepare(text: str) -> str:
    """Case-insensitive string preparation (RFC 4518 §2.2–2.6): map, fold, normalise, squeeze insignificant spaces.

    Unassigned and prohibited code points stay as they are, and so does a text with more marks in a row than :func:`stream_safe` bears: they
    never match anything else, and a name with one still equals itself.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split(" ")).casefold() if "  " not in text and text == text.strip(" ") else _squeeze(text.casefold())
    mapped = "".join(_mapped(character) for character in text)
    if not stream_safe(mapped):
        return mapped
    return _squeeze(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", mapped).casefold()))


def _mapped(character: str) -> str:
    point = ord(character)
    if point in _SPACE or unicodedata.category(character) in ("Zs", "Zl", "Zp"):
        return " "
    return "" if point in _NOTHING or unicodedata.category(character) in ("Cc", "Cf") else character


def _squeeze(text: str) -> str:
    return " ".join(part for part in text.split(" ") if part)


def within(name: Prepared, base: Prepared) -> bool:
    """Whether a name lies in the subtree under ``base`` (RFC 5280 §4.2.1.10): its first RDNs are those of the base."""
    return name[: len(base)] == base


def text(name: bytes) -> str:
    """RFC 4514 text of a DER Name, most specific RDN first, several attributes of an RDN joined by ``+``."""
    return ",".join("+".join(_attribute_text(part) for part in rdn) for rdn in reversed(attributes(name))) or "(empty name)"


def _attribute_text(part: Attribute) -> str:
    kind = SHORT_NAMES.get(part.type, part.type)
    return f"{kind}=#{part.value.hex()}" if part.text is None else f"{kind}={_escaped(part.text)}"


def _escaped(text: str) -> str:
    """RFC 4514 §2.4, with control characters as hex pairs so that a name cannot break a line of a report."""
    parts = [_escaped_character(character) for character in text]
    if parts and parts[0] in (" ", "#"):
        parts[0] = "\\" + parts[0]
    if len(parts) > 1 and parts[-1] == " ":
        parts[-1] = "\\ "
    return "".join(parts)


def _escaped_character(character: str) -> str:
    if character in '"+,;<>\\':
        return "\\" + character
    if not character.isprintable():
        return "".join(f"\\{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
    return character


def emails(name: bytes) -> Sequence[str]:
    """The emailAddress attributes of a name, which e-mail constraints bind too (RFC 5280 §4.2.1.10)."""
    return [part.text for rdn in attributes(name) for part in rdn if part.type == oids.EMAIL_ADDRESS and part.text is not None]
