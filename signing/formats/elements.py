"""Reading DER where a schema does not help: the children of a constructed element, one by one, by the strict decoder."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der


@asn1.sequence
class _Elements:
    items: list[asn1.TLV]


@asn1.sequence
class _Identifier:
    value: x509.ObjectIdentifier


@asn1.sequence
class _Integer:
    value: int


def elements(content: bytes) -> list[tuple[int, bytes]]:
    """(first tag octet, content) of each element in ``content``; raises ValueError unless it is DER of such elements and nothing else.

    Tags of more than one octet raise, since nothing we read has one.
    """
    found: list[tuple[int, bytes]] = []
    for item in asn1.decode_der(_Elements, der.sequence(der.sequence(content))).items:
        tag = item.tag_bytes
        if len(tag) != 1:
            raise ValueError("a tag of several octets is not used here")
        found.append((tag[0], bytes(item.data)))
    return found


def only(encoded: bytes, tag: int) -> bytes:
    """The content of the one element with that tag that ``encoded`` is; raises ValueError otherwise."""
    if len(encoded) > 1 and encoded[0] == tag and encoded[1] < 0x80 and encoded[1] == len(encoded) - 2:
        return encoded[2:]
    found = elements(encoded)
    if len(found) != 1 or found[0][0] != tag:
        raise ValueError(f"one element with tag {tag:#04x} is expected")
    return found[0][1]


@lru_cache(maxsize=1024)
def identifier(content: bytes) -> str:
    """The dotted form of an OBJECT IDENTIFIER's content; raises ValueError."""
    return asn1.decode_der(_Identifier, der.sequence(der.tlv(0x06, content))).value.dotted_string


def integer(content: bytes) -> int:
    """The value of an INTEGER's content (shortest form); raises ValueError."""
    return asn1.decode_der(_Integer, der.sequence(der.tlv(0x02, content))).value


def bits(content: bytes) -> frozenset[int]:
    """Positions set in a named-bit list's content (X.690 §11.2.2: no trailing zero bits, unused bits zero); raises ValueError."""
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        raise ValueError("a BIT STRING says how many of its last bits are unused")
    if len(content) > 1 and (content[-1] & ((1 << content[0]) - 1) or not content[-1] >> content[0] & 1):
        raise ValueError("a named-bit list has no trailing zero bits")
    return frozenset(8 * index + bit for index, octet in enumerate(content[1:]) for bit in range(8) if octet & 0x80 >> bit)
