"""The strict reader: a letter is what rebuilding it from its own values gives, byte for byte, and nothing else.

The metadata stream gives the content, the two filled fields give number and date; from these both revisions are drawn again and compared
with the file. What may vary beside them are the digits of the two /Contents, whose form is checked here and whose meaning is the
validator's work. Cost is bounded by the file's size, which is bounded by :data:`MAX_LETTER`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.cms import parse_cms
from signing.formats.letter import revisions
from signing.formats.letter.content import LetterContent
from signing.formats.letter.drawn import READ, Drawings
from signing.formats.letter.page import Page
from signing.formats.letter.template import Template, template_of
from signing.formats.message import SignedMessage
from signing.records import quickly_made

MAX_LETTER = 1 << 20
"""Longest letter read, in bytes; a real one has about 75,000."""
_LEADER, _SEAL = revisions.NAMES[28], revisions.NAMES[29]
_FILLED_NUMBER = re.compile(rb"23 0 obj\n<</V<feff((?:003[0-9]){1,6})>")
_FILLED_DATE = re.compile(rb"24 0 obj\n<</V<feff((?:[0-9a-f]{4}){1,40})>")


@quickly_made
@dataclass(frozen=True, slots=True)
class SignatureSlot:
    """One signature of a letter: its parsed CMS, the SHA-256 of the bytes its /ByteRange covers, and the time it claims in /M."""

    message: SignedMessage
    content_sha256: bytes
    claimed_at: datetime | None


@quickly_made
@dataclass(frozen=True, slots=True)
class Letter:
    """A complete letter in good form. Nothing is verified yet: see :func:`~signing.formats.letter.verify.verify_letter`."""

    content: LetterContent
    number: str
    day: date
    leader: SignatureSlot
    seal: SignatureSlot


@dataclass(frozen=True, slots=True)
class Contents:
    """Where one /Contents stands: offset of "<", of the byte after ">", and the time its dictionary claims."""

    opening: int
    closing: int
    claimed_at: datetime | None

    @property
    def digits(self) -> int:
        """Hexadecimal digits between the delimiters."""
        return self.closing - self.opening - 2


@dataclass(frozen=True, slots=True)
class Opened:
    """A first revision found to be exactly what its metadata draws."""

    template: Template
    content: LetterContent
    metadata: bytes
    page: Page
    contents: Contents
    xref_at: int
    end: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A second revision found to be exactly what number, date and content draw."""

    number: str
    day: date
    contents: Contents
    end: int


def read_letter(data: bytes) -> Letter:
    """Read a letter as it was issued, from its bytes alone; :func:`~signing.formats.letter.stamped.read_stamped` reads one made to last.

    Raises :class:`LetterRefused` with place and rule for everything else: a file of another layout, a changed byte, a letter signed by
    the leader only, a later revision.
    """
    opened = open_first(data)
    sealed = open_second(data, opened)
    end = sealed.end
    if end != len(data):
        raise LetterRefused("end of file", f"{len(data) - end} bytes follow the organisation's signature; no later revision is permitted")
    return letter_of(data, opened, sealed)


def letter_of(data: bytes, opened: Opened, sealed: Sealed) -> Letter:
    """The letter in two opened revisions, with both signatures read. Raises :class:`LetterRefused`."""
    leader, seal = _digests(data, opened, sealed)
    return Letter(
        opened.content,
        sealed.number,
        sealed.day,
        SignatureSlot(_message(data, opened.contents, _LEADER), leader, opened.contents.claimed_at),
        SignatureSlot(_message(data, sealed.contents, _SEAL), seal, sealed.contents.claimed_at),
    )


def open_first(data: bytes, drawings: Drawings = READ) -> Opened:
    """Check revision 1. Raises :class:`LetterRefused`."""
    if len(data) > MAX_LETTER:
        raise LetterRefused("file", f"a letter has at most {MAX_LETTER} bytes, not {len(data)}")
    template = template_of(data)
    if template is None:
        raise LetterRefused("file", "does not begin as a letter of any known template (foreign layout, or its constant part was changed)")
    start = len(template.prefix)
    head = revisions.METADATA.match(data, start)
    if head is None:
        raise LetterRefused("metadata", "the signed metadata stream must follow the template's part")
    metadata = data[head.end() : head.end() + int(head[1])]
    drawn = drawings.of_metadata(template, metadata)
    body = b"".join(drawn.objects)
    same(data, start, body, "must be what the metadata draws")
    contents = _contents(data, start + len(body), b"28 0 obj\n", revisions.LEADER_FIELDS, _LEADER)
    dictionary = pades.signature_head(revisions.LEADER_FIELDS, contents.claimed_at)
    revision = revisions.first_revision(template, drawn.objects, dictionary, contents.digits)
    end = _framed(data, start, revision, contents)
    return Opened(template, drawn.content, metadata, drawn.page, contents, revision.xref_at, end)


def open_second(data: bytes, opened: Opened) -> Sealed:
    """Check revision 2 behind an opened first. Raises :class:`LetterRefused`."""
    start = opened.end
    if start == len(data):
        raise LetterRefused("revision 2", "number, date and the organisation's signature are missing: only the leader has signed")
    found = _FILLED_NUMBER.match(data, start)
    if found is None:
        raise LetterRefused("number field", "must be filled first thing in revision 2")
    number = bytes.fromhex(found[1].decode()).decode("utf-16-be")
    if not revisions.NUMBER.fullmatch(number):
        raise LetterRefused("number field", "must be a number of two to five digits, below 10 with a leading zero")
    field = revisions.number_field(opened.page.number, number)
    same(data, start, field, "may change by value and appearance only")
    found = _FILLED_DATE.match(data, start + len(field))
    if found is None:
        raise LetterRefused("date field", "must be filled after the number in revision 2")
    day = revisions.parse_date_text(bytes.fromhex(found[1].decode()).decode("utf-16-be", "replace"))
    objects = revisions.second_objects(opened.template, opened.content, opened.page, number, day)
    expected = b"".join(objects)
    same(data, start, expected, "must be what number, date and metadata draw")
    contents = _contents(data, start + len(expected), b"29 0 obj\n", revisions.SEAL_FIELDS, _SEAL)
    dictionary = pades.signature_head(revisions.SEAL_FIELDS, contents.claimed_at)
    revision = revisions.second_revision(start, opened.xref_at, objects, dictionary, contents.digits)
    return Sealed(number, day, contents, _framed(data, start, revision, contents))


def _contents(data: bytes, at: int, object_head: bytes, fields: bytes, place: str) -> Contents:
    """Find the digits of the signature dictionary expected at ``at``; all around them is compared afterwards."""
    claimed = pades.read_claimed_time(data, at + (object_head + pades.signature_head(fields, None)).index(b"/Reference"))
    dictionary = object_head + pades.signature_head(fields, claimed)
    same(data, at, dictionary, "must come next, with a dictionary that locks its own fields")
    opening = at + len(dictionary) + pades.BYTE_RANGE_LENGTH
    closing = data.find(b">", opening, opening + 2 * pades.MAX_CONTENTS + 2) + 1
    if closing <= opening or not pades.is_contents_size(closing - opening - 2):
        raise LetterRefused(place, "its /Contents must be a hexadecimal string of a permitted size")
    return Contents(opening, closing, claimed)


def _framed(data: bytes, start: int, revision: revisions.Revision, contents: Contents) -> int:
    """Compare all of a revision but the digits of its /Contents; the two delimiters count. Returns where it ends."""
    same(data, start, revision.before + b"<", "must be as the letter's layout writes it")
    same(data, contents.closing - 1, b">" + revision.after, "must be as the letter's layout writes it")
    return contents.closing + len(revision.after)


def same(data: bytes, at: int, expected: bytes, rule: str) -> None:
    """Raise :class:`LetterRefused` naming the first object and byte where ``data`` from ``at`` on is not ``expected``."""
    if data.startswith(expected, at):
        return
    actual = data[at : at + len(expected)]
    low, high = 0, len(actual)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if actual[:middle] == expected[:middle] else (low, middle - 1)
    if low == len(actual):
        raise LetterRefused("end of file", f"the file is cut off at byte {len(data)}")
    heads = [match for match in re.finditer(rb"(?:^|\nendobj\n)(\d+) 0 obj\n", expected) if match.start() <= low]
    place = revisions.NAMES.get(int(heads[-1][1]), "object") if heads else "cross-reference table"
    raise LetterRefused(place, f"{rule}; byte {at + low} differs")


def _digests(data: bytes, opened: Opened, sealed: Sealed) -> tuple[bytes, bytes]:
    """SHA-256 over the two byte ranges; both start from the template's state after its prefix."""
    view, first, second = memoryview(data), opened.contents, sealed.contents
    leader = opened.template.hash_state.copy()
    leader.update(view[len(opened.template.prefix) : first.opening])
    seal = leader.copy()
    leader.update(view[first.closing : opened.end])
    seal.update(view[first.opening : second.opening])
    seal.update(view[second.closing : sealed.end])
    return leader.digest(), seal.digest()


def _message(data: bytes, contents: Contents, place: str) -> SignedMessage:
    try:
        return parse_cms(pades.extract_cms(data[contents.opening + 1 : contents.closing - 1]))
    except FormatFailure as failure:
        raise LetterRefused(place, str(failure)) from failure
