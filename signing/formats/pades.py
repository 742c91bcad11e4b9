"""The plumbing of a PDF signature: /ByteRange and /Contents of a fixed place (ISO 32000-1 §12.8.1, ETSI EN 319 142-1).

/Contents is a hexadecimal string of lower-case digits in which one DER value stands first and zeros fill the rest: its digits are
outside the signature, so nothing else may hide there.
"""

from __future__ import annotations

import re
from binascii import hexlify, unhexlify
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from signing.errors import FormatFailure

CONTENTS_STEP = 128
"""Room for a CMS grows in steps of this many bytes, so that signers of one kind get one size."""
MAX_CONTENTS = 32 * 1024
"""Most bytes a /Contents may hold."""
_VN = timezone(timedelta(hours=7))
_MAX_DIGITS = 2 * MAX_CONTENTS
_CLAIMED = re.compile(rb"/M\(D:(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\+07'00'\)")


def contents_digits(max_cms: int) -> int:
    """Hexadecimal digits to reserve for a CMS of at most ``max_cms`` bytes."""
    return 2 * CONTENTS_STEP * -(-max_cms // CONTENTS_STEP)


def is_contents_size(digits: int) -> bool:
    """Whether this many digits is a size :func:`contents_digits` can give within the limit."""
    return 0 < digits <= _MAX_DIGITS and digits % (2 * CONTENTS_STEP) == 0


def signature_head(fields: bytes, claimed: datetime | None) -> bytes:
    """A signature dictionary up to its /ByteRange: CAdES detached, the claimed time if any, FieldMDP freezing ``fields`` (PDF strings)."""
    return (
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
        + claimed_time(claimed)
        + b"/Reference[<</Type/SigRef/TransformMethod/FieldMDP/Data 1 0 R"
        + b"/TransformParams<</Type/TransformParams/V/1.2/Action/Include/Fields["
        + fields
        + b"]>>>>]"
    )


def claimed_time(moment: datetime | None) -> bytes:
    """The /M entry in Vietnamese time, whole seconds; empty without a moment."""
    if moment is None:
        return b""
    t = moment.astimezone(_VN)
    return b"/M(D:%04d%02d%02d%02d%02d%02d+07'00')" % (t.year, t.month, t.day, t.hour, t.minute, t.second)


def read_claimed_time(data: bytes, at: int) -> datetime | None:
    """The moment of a /M entry standing at ``at``; ``None`` when none stands there or it is no moment."""
    match = _CLAIMED.match(data, at)
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=_VN)
    except ValueError:
        return None


def in_every_zone(moment: datetime | None) -> datetime | None:
    """The moment, or ``None`` when it is no instant in UTC: the first hours of year 1 and the last of 9999 elsewhere."""
    try:
        return None if moment is None else moment.astimezone(UTC).astimezone(moment.tzinfo)
    except OverflowError:
        return None


def byte_range(opening: int, digits: int, after: int) -> bytes:
    """/ByteRange and the name /Contents, of fixed width: ``opening`` is where "<" will stand, ``after`` how many bytes follow ">"."""
    return b"/ByteRange[0 %9d %9d %9d]/Contents" % (opening, opening + digits + 2, after)


BYTE_RANGE_LENGTH = len(byte_range(0, 0, 0))


def fill_contents(cms: bytes, digits: int) -> bytes:
    """The whole hexadecimal string with its delimiters. Raises :class:`FormatFailure` when the CMS does not fit its room."""
    check_room(cms, digits)
    return b"<" + hexlify(cms).ljust(digits, b"0") + b">"


def check_room(cms: bytes, digits: int) -> None:
    """Raise :class:`FormatFailure` when a CMS does not fit its room."""
    if 2 * len(cms) > digits:
        # Padding would not cut: the offsets behind would move and the file break silently.
        raise FormatFailure("/Contents", f"a CMS of {len(cms)} bytes does not fit {digits // 2}")


def begin_contents(head: bytes) -> bytes:
    """A hexadecimal string as far as the beginning of its CMS goes; one object for each beginning, while it is kept."""
    return _begun(head) if head else b"<"


@lru_cache(maxsize=1024)
def _begun(head: bytes) -> bytes:
    return b"<" + hexlify(head)


def end_contents(cms: bytes, digits: int, begun: int) -> bytes:
    """The rest of it, behind the first ``begun`` bytes of the CMS."""
    return hexlify(cms[begun:]).ljust(digits - 2 * begun, b"0") + b">"


def extract_cms(digits: bytes) -> bytes:
    """The one DER value in the digits of a /Contents.

    Raises :class:`FormatFailure` for other digits, bytes after it that are not 00, or no DER.
    """
    try:
        raw = unhexlify(digits)
    except ValueError as error:
        raise FormatFailure("/Contents", "must be pairs of hexadecimal digits") from error
    if hexlify(raw) != digits:
        raise FormatFailure("/Contents", "must be lower-case hexadecimal digits only")
    length = _der_length(raw)
    if raw.count(0, length) != len(raw) - length:
        raise FormatFailure("/Contents", "only 00 may follow the CMS")
    return raw[:length]


def is_whole(cms: bytes) -> bool:
    """Whether these bytes are what :func:`extract_cms` finds in a /Contents filled with them."""
    try:
        return _der_length(cms) == len(cms)
    except FormatFailure:
        return False


def _der_length(raw: bytes) -> int:
    """Whole length of the SEQUENCE at the start, shortest form only (X.690 §10.1)."""
    if len(raw) < 4 or raw[0] != 0x30:
        raise FormatFailure("/Contents", "must begin with a DER SEQUENCE")
    size = raw[1] & 0x7F if raw[1] & 0x80 else 0
    length = 2 + size + (int.from_bytes(raw[2 : 2 + size]) if size else raw[1])
    if size > 3 or (raw[1] & 0x80 and size == 0) or length > len(raw):
        raise FormatFailure("/Contents", "the CMS must end inside it")
    return length
