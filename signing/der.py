"""Writing DER (X.690 §10): values composed of encoded parts, definite shortest lengths, sorted SET OF. Reading is not done here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

SEQUENCE = 0x30
SET = 0x31
_FIRST_GENERALIZED_YEAR = 2050
NULL = b"\x05\x00"
TRUE = b"\x01\x01\xff"


def length(size: int) -> bytes:
    """The length octets of a value of ``size`` bytes (X.690 §10.1)."""
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element with a single-byte ``tag`` around the concatenated ``parts``."""
    value = b"".join(parts)
    return bytes((tag,)) + length(len(value)) + value


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of encoded parts, in the order given."""
    return tlv(SEQUENCE, *parts)


def set_of(parts: Iterable[bytes]) -> bytes:
    """SET OF encoded parts, sorted by their encoding (X.690 §11.6)."""
    return tlv(SET, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """Constructed context-specific element ``[number]``: EXPLICIT around one part, or IMPLICIT for a constructed type."""
    return tlv(0xA0 | number, *parts)


def integer(value: int) -> bytes:
    """INTEGER, shortest two's complement."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> bytes:
    """ENUMERATED, non-negative."""
    return tlv(0x0A, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(value: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, value)


def bit_string(value: bytes, unused: int = 0) -> bytes:
    """BIT STRING of whole octets with ``unused`` trailing bits."""
    return tlv(0x03, bytes((unused,)), value)


def named_bits(*positions: int) -> bytes:
    """BIT STRING of a named-bit list: trailing zero bits left out (X.690 §11.2.2); bit 0 is the most significant."""
    highest = max(positions)
    bits = bytearray(highest // 8 + 1)
    for position in positions:
        bits[position // 8] |= 0x80 >> position % 8
    return bit_string(bytes(bits), 7 - highest % 8)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    value = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        value += bytes(reversed(groups))
    return tlv(0x06, bytes(value))


def utf8(text: str) -> bytes:
    """UTF8String."""
    return tlv(0x0C, text.encode())


def printable(text: str) -> bytes:
    """PrintableString; ``text`` must be within its alphabet."""
    return tlv(0x13, text.encode("ascii"))


def ia5(text: str) -> bytes:
    """IA5String."""
    return tlv(0x16, text.encode("ascii"))


def time(moment: datetime) -> bytes:
    """X.509 Time in UTC, whole seconds: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5)."""
    utc = moment.astimezone(UTC)
    if utc.year < _FIRST_GENERALIZED_YEAR:
        return tlv(0x17, f"{utc:%y%m%d%H%M%S}Z".encode())
    return tlv(0x18, f"{utc:%Y%m%d%H%M%S}Z".encode())


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime in UTC with its fraction, if any, without trailing zeros (X.690 §11.7)."""
    utc = moment.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return tlv(0x18, f"{utc:%Y%m%d%H%M%S}{fraction}Z".encode())
