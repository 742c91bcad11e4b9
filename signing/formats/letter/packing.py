"""Keeping letters small: what a letter says, compressed against its template's dictionary, from which its bytes come back one for one.

A packed letter is the SHA-256 of its template and a tail: metadata, number, date, claimed times and both CMS values, then time-stamps and
stored validation data where it has any, deflated with a dictionary made of the template's own words. Only a file that rebuilds to exactly
itself is packed, so nothing can be lost. A letter that waits for its seal is packed by its own pair of functions: it is no letter yet.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.letter import revisions
from signing.formats.letter.drawn import READ, Drawn
from signing.formats.letter.packed_steps import pack_steps, unpack_steps
from signing.formats.letter.reader import Contents, open_first, open_second
from signing.formats.letter.revisions import Frame
from signing.formats.letter.tails import read_tails
from signing.formats.letter.template import Template, load_template

MAX_UNPACKED = 1 << 20
_VN = timezone(timedelta(hours=7))
NO_TIME = -1
_HEAD = struct.Struct(">IIIIIqqI5s")
"""Lengths of metadata and both CMS, digits of both /Contents, both claimed times (epoch seconds, -1 for none), day ordinal, number."""


_HEAD_UNSEALED = struct.Struct(">IIq")
"""Length of the metadata, digits of /Contents, claimed time."""
_DAMAGE = (KeyError, ValueError, OverflowError, OSError, zlib.error, struct.error, FormatFailure)


@dataclass(frozen=True, slots=True)
class PackedLetter:
    """A letter as its template's hash and a compressed tail."""

    template_sha256: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class PackedUnsealed:
    """A leader's revision that waits for its number and seal, as its template's hash and a compressed tail."""

    template_sha256: bytes
    tail: bytes


def pack_letter(data: bytes, *, known_certificates: Sequence[bytes] = ()) -> PackedLetter | None:
    """Pack a letter; ``None`` when it is not exactly one of ours.

    ``known_certificates`` join the dictionary and are needed again to unpack.
    """
    try:
        opened = open_first(data)
        sealed = open_second(data, opened)
        steps = read_tails(data, sealed.end).steps if sealed.end < len(data) else ()
        cms = [pades.extract_cms(data[slot.opening + 1 : slot.closing - 1]) for slot in (opened.contents, sealed.contents)]
    except (LetterRefused, FormatFailure):
        return None
    claimed = opened.contents.claimed_at, sealed.contents.claimed_at
    if any(moment is not None and moment.timestamp() < 0 for moment in claimed):
        return None  # before 1970: a number that means no time, or none a clock of this zone can give back
    head = _HEAD.pack(
        len(opened.metadata), len(cms[0]), len(cms[1]), opened.contents.digits, sealed.contents.digits,
        _epoch(opened.contents), _epoch(sealed.contents), sealed.day.toordinal(), sealed.number.encode(),
    )  # fmt: skip
    tail = _deflated(b"".join((head, opened.metadata, *cms, pack_steps(steps))), opened.template, known_certificates)
    return PackedLetter(opened.template.sha256, tail)


def pack_unsealed(data: bytes) -> PackedUnsealed | None:
    """Pack what the leader signed and nobody has sealed yet; ``None`` when it is not exactly that."""
    try:
        opened = open_first(data)
        slot = opened.contents
        cms = pades.extract_cms(data[slot.opening + 1 : slot.closing - 1])
    except (LetterRefused, FormatFailure):
        return None
    if opened.end != len(data) or (slot.claimed_at is not None and slot.claimed_at.timestamp() < 0):
        return None
    head = _HEAD_UNSEALED.pack(len(opened.metadata), slot.digits, _epoch(slot))
    return PackedUnsealed(opened.template.sha256, _deflated(head + opened.metadata + cms, opened.template, ()))


def unpack_letter(packed: PackedLetter, *, known_certificates: Sequence[bytes] = ()) -> bytes:
    """The letter's bytes again. Raises :class:`LetterRefused` when the tail or its template is not one :func:`pack_letter` gave."""
    values = read_tail(packed, known_certificates)
    return assemble(values, draw(values)).whole()


class Values(NamedTuple):
    """What a tail holds; of both signatures, the leader's first: CMS, digits of /Contents, claimed time (epoch seconds, -1 for none)
    and the moment it is, dictionary.
    """

    template: Template
    metadata: bytes
    number: str
    day: date
    cms: tuple[bytes, bytes]
    digits: tuple[int, int]
    times: tuple[int, int]
    moments: tuple[datetime | None, datetime | None]
    heads: tuple[bytes, bytes]
    steps: bytes
    """Packed revisions behind the seal."""


def read_tail(packed: PackedLetter, known_certificates: Sequence[bytes] = ()) -> Values:
    """The values of a packed letter. Raises :class:`LetterRefused` as :func:`unpack_letter`."""
    try:
        template = load_template(packed.template_sha256.hex())
        raw = _inflated(packed.tail, template, known_certificates)
        size, one, two, digits_one, digits_two, time_one, time_two, ordinal, padded = _HEAD.unpack_from(raw)
        at = _HEAD.size
        metadata, cms_one, cms_two = raw[at : at + size], raw[at + size : at + size + one], raw[at + size + one : at + size + one + two]
        rest = raw[at + size + one + two :]
        if not (pades.is_contents_size(digits_one) and pades.is_contents_size(digits_two) and len(cms_two) == two):
            raise ValueError("its lengths do not agree")
        number, day = padded.rstrip(b"\0").decode(), date.fromordinal(ordinal)
        pades.check_room(cms_one, digits_one)
        pades.check_room(cms_two, digits_two)
        moments = one_at, two_at = moment_of(time_one), moment_of(time_two)
        heads = pades.signature_head(revisions.LEADER_FIELDS, one_at), pades.signature_head(revisions.SEAL_FIELDS, two_at)
    except _DAMAGE as error:
        raise LetterRefused("packed letter", f"is damaged or of an unknown template: {error}") from error
    cms, digits, times = (cms_one, cms_two), (digits_one, digits_two), (time_one, time_two)
    return Values(template, metadata, number, day, cms, digits, times, moments, heads, rest)


def draw(values: Values) -> Drawn:
    """What the metadata draw. Raises :class:`LetterRefused`."""
    return READ.of_metadata(values.template, values.metadata)


class Parts(NamedTuple):
    """A packed letter taken apart: its values, what they draw, and both revisions: objects, and what stands around each /Contents."""

    values: Values
    drawn: Drawn
    first: Frame
    objects: list[bytes]
    """Of the second revision; the last of them is the drawing of the seal."""
    second: Frame

    def behind(self) -> bytes:
        """The sealed letter behind the template's prefix."""
        first, second = self.first, self.second
        one, two = map(pades.fill_contents, self.values.cms, self.values.digits)
        return b"".join((*self.drawn.objects, first.signature, one, first.after, *self.objects, second.signature, two, second.after))

    def later(self) -> bytes:
        """The revisions behind the seal. Raises :class:`LetterRefused` when they are damaged."""
        return unpack_steps(self.values.template.prefix + self.behind(), self.values.steps)

    def whole(self) -> bytes:
        """The letter. Raises :class:`LetterRefused` as :meth:`later`."""
        letter = self.values.template.prefix + self.behind()
        return letter + unpack_steps(letter, self.values.steps) if self.values.steps else letter


def assemble(values: Values, drawn: Drawn) -> Parts:
    """Both revisions of a packed letter."""
    template, (one, two) = values.template, values.digits
    first = revisions.first_frame(template, drawn.objects, values.heads[0], one)
    objects = revisions.second_objects(template, drawn.content, drawn.page, values.number, values.day)
    return Parts(values, drawn, first, objects, revisions.second_frame(first.end, first.xref_at, objects, values.heads[1], two))


def unpack_unsealed(packed: PackedUnsealed) -> bytes:
    """The bytes again. Raises :class:`LetterRefused` when the tail or its template is not one :func:`pack_unsealed` gave."""
    try:
        template = load_template(packed.template_sha256.hex())
        raw = _inflated(packed.tail, template, ())
        size, digits, epoch = _HEAD_UNSEALED.unpack_from(raw)
        at = _HEAD_UNSEALED.size
        contents = pades.fill_contents(raw[at + size :], digits)
        head = pades.signature_head(revisions.LEADER_FIELDS, moment_of(epoch))
    except _DAMAGE as error:
        raise LetterRefused("packed letter", f"is damaged or of an unknown template: {error}") from error
    drawn = READ.of_metadata(template, raw[at : at + size])
    first = revisions.first_revision(template, drawn.objects, head, digits)
    return b"".join((template.prefix, first.before, contents, first.after))


def _deflated(raw: bytes, template: Template, known_certificates: Sequence[bytes]) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _dictionary(template, known_certificates))
    return deflate.compress(raw) + deflate.flush()


def _inflated(tail: bytes, template: Template, known_certificates: Sequence[bytes]) -> bytes:
    inflate = zlib.decompressobj(-15, _dictionary(template, known_certificates))
    raw = inflate.decompress(tail, MAX_UNPACKED)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("the tail does not end where its data end")
    return raw


def _epoch(contents: Contents) -> int:
    return NO_TIME if contents.claimed_at is None else int(contents.claimed_at.timestamp())


def moment_of(epoch: int) -> datetime | None:
    """A claimed time of a packed letter's head."""
    return None if epoch == NO_TIME else datetime.fromtimestamp(epoch, _VN)


def _dictionary(template: Template, known_certificates: Sequence[bytes]) -> bytes:
    return template.dictionary + b"".join(known_certificates)
