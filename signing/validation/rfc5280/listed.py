"""The entries of a revocation list, found without decoding those nobody asks about (RFC 5280 §5.1.2.6, §5.3.3).

A list may have hundreds of thousands of entries and travel in any file. So it is indexed only once its signature was found to hold: one
walk over the headers, in which certificate issuers and critical extensions are looked at; an entry is decoded when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from signing import der, oids
from signing.errors import FormatFailure
from signing.validation.rfc5280.names import Prepared, prepared

MAX_ISSUERS = 4096
"""Certificate issuers named in one indirect list."""
_ISSUER = der.oid(oids.CERTIFICATE_ISSUER)
_INTEGER = 0x02
_LONG = 0x80
_TIMES = (b"\x17\x0d", b"\x18\x0f")
_RULE = "revokedCertificates must be a SEQUENCE of DER entries (RFC 5280 §5.1.2.6)"

Place = tuple[int, int]
"""Where an entry begins and ends among the entries."""
Marks = Callable[[bytes], tuple[bytes | None, frozenset[str]]]
"""Entry → the DER name of the certificate issuer it names, if any, and the types of its critical extensions that are not acted on."""


@dataclass(frozen=True, slots=True)
class Index:
    """Where the entry of a certificate stands, by prepared issuer name and the octets of the serial number; the last of several stands.

    ``critical`` are types of critical entry extensions not acted on.
    """

    places: Mapping[Prepared, Mapping[bytes, Place]]
    critical: frozenset[str]


def index_of(listed: bytes, issuer: bytes, marks: Marks) -> Index:
    """Index the content of revokedCertificates; raises :class:`FormatFailure` for what is none, ValueError as ``marks`` does.

    An indirect list names an issuer once and means it for the entries that follow; until then ``issuer`` is meant.
    """
    current: dict[bytes, Place] = {}
    places = {prepared(issuer): current}
    critical: frozenset[str] = frozenset()
    for serial, place, extended in _walk(listed):
        if extended:
            entry = listed[place[0] : place[1]]
            if _ISSUER in entry or der.TRUE in entry:
                named, unknown = marks(entry)
                critical |= unknown
                if named is not None:
                    current = places.setdefault(prepared(named), {})
                    if len(places) > MAX_ISSUERS:
                        raise FormatFailure("CRL", f"must not name more than {MAX_ISSUERS} certificate issuers")
        current[serial] = place
    return Index(places, critical)


def serial_octets(serial: int) -> bytes:
    """The content of an INTEGER as DER has it."""
    return der.integer(serial)[2:] if serial.bit_length() < 8 * 127 else b""


def _shortest(content: bytes) -> bool:
    """Whether an INTEGER is written in the fewest octets (X.690 §8.3.2)."""
    return len(content) == 1 or (len(content) > 1 and not (content[0] in (0x00, 0xFF) and content[0] >> 7 == content[1] >> 7))


def _walk(listed: bytes) -> Iterator[tuple[bytes, Place, bool]]:
    """Serial number, place, and whether anything follows the date, of each entry."""
    at, end = 0, len(listed)
    while at < end:
        if at + 4 > end or listed[at] != der.SEQUENCE:
            raise FormatFailure("CRL", _RULE)
        size, body = listed[at + 1], at + 2
        if size >= _LONG:
            count = size & 0x7F
            body += count
            size = int.from_bytes(listed[at + 2 : body])
            if not 0 < count < 4 or body > end or len(der.length(size)) != 1 + count:
                raise FormatFailure("CRL", _RULE)
        stop = body + size
        if stop > end or size < 4 or listed[body] != _INTEGER:
            raise FormatFailure("CRL", _RULE)
        date = body + 2 + listed[body + 1]
        if listed[body + 1] >= _LONG or date + 2 > stop:
            raise FormatFailure("CRL", _RULE)
        serial, after = listed[body + 2 : date], date + 2 + listed[date + 1]
        if after > stop or listed[date : date + 2] not in _TIMES or not _shortest(serial):
            raise FormatFailure("CRL", _RULE)
        yield serial, (at, stop), after != stop
        at = stop
