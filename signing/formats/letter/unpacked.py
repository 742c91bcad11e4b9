"""Reading a letter out of its packed form, drawn once.

The strict reader takes the values out of a file, draws the letter from them and compares. A packed letter is these values, and its bytes
are what they draw, so there the comparison would hold the drawing against itself. What is left of the strict reading is to see that the
values are ones a letter can have, and that each /Contents holds its CMS and nothing else. Whatever is not plainly so is read from the
bytes, by the strict reader, which then also says what is wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.cms import known_shape, parse_cms
from signing.formats.letter import revisions
from signing.formats.letter.drawn import Drawn, draw_once
from signing.formats.letter.packing import NO_TIME, PackedLetter, Parts, Values, assemble, read_tail
from signing.formats.letter.reader import MAX_LETTER, Letter, SignatureSlot
from signing.formats.letter.stamped import StampSlot, read_stamped, stamp_slots
from signing.formats.letter.template import is_unmistakable
from signing.formats.message import Shape, SignedMessage
from signing.records import quickly_made

_MAX_METADATA = 999_999
"""Longest metadata stream whose length the reader takes, in bytes."""


@quickly_made
@dataclass(frozen=True, slots=True, eq=False)
class UnpackedLetter:
    """The bytes of a packed letter with their SHA-256, and what the strict reading of exactly these bytes gives: a letter or a refusal.

    ``pieces`` are the bytes: by turns what other letters have as well, each time the same object, and what is its own. All letters
    of a template begin with its prefix; all of an organisation have its seal, and in both signatures the signers' certificates.
    """

    pieces: tuple[bytes, ...]
    size: int
    sha256: bytes
    letter: Letter | None
    stamps: tuple[StampSlot, ...]
    refusal: LetterRefused | None

    @property
    def data(self) -> bytes:
        """The whole letter, put together when it is asked for."""
        return b"".join(self.pieces)


Opened = UnpackedLetter | Exception
"""A packed letter opened, or why it could not be."""


def open_packed(packed: PackedLetter) -> UnpackedLetter:
    """Unpack and read. Raises :class:`LetterRefused` where :func:`~signing.formats.letter.packing.unpack_letter` does.

    What it gives equals that function's bytes, their digest, and what :func:`~signing.formats.letter.stamped.read_stamped` says of them.
    """
    (opened,) = open_letters([packed])
    if isinstance(opened, Exception):
        raise opened
    return opened


def open_letters(packed: Sequence[PackedLetter]) -> list[Opened]:
    """As :func:`open_packed` for several, each step for all of them before the next one: that is quicker by a third. Never raises."""
    found: list[Any] = list(packed)
    for step in (read_tail, _drawn, _assembled, _hashed, _opened):
        _each(step, found)
    return found


def _each(step: Callable[[Any], Any], found: list[Any]) -> None:
    """Put what a step makes of each, or what it raises, in its place: what nobody needs any more makes room at once."""
    for number, one in enumerate(found):
        if not isinstance(one, Exception):
            try:
                found[number] = step(one)
            except Exception as error:  # whatever changed bytes make a step raise: the others are opened all the same
                found[number] = error


def _drawn(values: Values) -> tuple[Values, Drawn]:
    return values, draw_once(values.template, values.metadata)


def _assembled(drawn: tuple[Values, Drawn]) -> Parts:
    return assemble(*drawn)


class _Hashed(NamedTuple):
    parts: Parts
    shapes: tuple[Shape | None, Shape | None]
    pieces: tuple[bytes, ...]
    size: int
    later: bytes
    leader: bytes
    seal: bytes
    whole: bytes


def _hashed(parts: Parts) -> _Hashed:
    """The letter's bytes, and SHA-256 over what the leader signed, what the seal signed, and the file; what they share is hashed once."""
    values, first, second, (*filled, drawing) = parts.values, parts.first, parts.second, parts.objects
    later = parts.later() if values.steps else b""
    (one, two), (digits_one, digits_two) = values.cms, values.digits
    shapes = shape_one, shape_two = known_shape(one), known_shape(two)
    head_one, head_two = b"" if shape_one is None else shape_one.head, b"" if shape_two is None else shape_two.head
    begun_one, begun_two = pades.begin_contents(head_one), pades.begin_contents(head_two)
    own = b"".join((*parts.drawn.objects, first.signature))
    middle = b"".join((pades.end_contents(one, digits_one, len(head_one)), first.after, *filled))
    end = b"".join((pades.end_contents(two, digits_two, len(head_two)), second.after, later))
    running = _after(values.template.hash_state, own)
    leader = _after(running, first.after)
    for piece in (begun_one, middle, drawing, second.signature):
        running.update(piece)
    seal = _after(running, second.after)
    running.update(begun_two)
    running.update(end)
    pieces = (values.template.prefix, own, begun_one, middle, drawing, second.signature, begun_two, end)
    return _Hashed(parts, shapes, pieces, sum(map(len, pieces)), later, leader.digest(), seal.digest(), running.digest())


def _after(state: hashlib._Hash, more: bytes) -> hashlib._Hash:
    copied = state.copy()
    copied.update(more)
    return copied


def _opened(hashed: _Hashed) -> UnpackedLetter:
    try:
        letter, stamps = _read(hashed) or read_stamped(b"".join(hashed.pieces))
    except LetterRefused as refused:
        return UnpackedLetter(hashed.pieces, hashed.size, hashed.whole, None, (), refused)
    return UnpackedLetter(hashed.pieces, hashed.size, hashed.whole, letter, stamps, None)


def _read(hashed: _Hashed) -> tuple[Letter, tuple[StampSlot, ...]] | None:
    """The strict reading of a letter whose values are plain ones; ``None`` leaves it to the strict reader."""
    parts, (shape_one, shape_two), pieces, size, later, leader_sha256, seal_sha256, _ = hashed
    values, drawn = parts.values, parts.drawn
    template, metadata, number, day, (one, two), _, (time_one, time_two), (moment_one, moment_two), _, _ = values
    plain = (
        revisions.NUMBER.fullmatch(number) is not None
        and (time_one == NO_TIME or time_one >= 0)
        and (time_two == NO_TIME or time_two >= 0)
        and (shape_one is not None or pades.is_whole(one))
        and (shape_two is not None or pades.is_whole(two))
        and len(metadata) <= _MAX_METADATA
        and size <= MAX_LETTER
        and is_unmistakable(template)
    )
    if not plain:
        return None
    try:
        leader = SignatureSlot(_message(one, shape_one), leader_sha256, moment_one)
        seal = SignatureSlot(_message(two, shape_two), seal_sha256, moment_two)
    except FormatFailure:
        return None
    stamps = stamp_slots(b"".join(pieces), template, size - len(later)) if later else ()
    return Letter(drawn.content, number, day, leader, seal), stamps


def _message(cms: bytes, shape: Shape | None) -> SignedMessage:
    """A signature read; one of a known shape is whole, since another of its length and beginning was. Raises :class:`FormatFailure`."""
    return parse_cms(cms) if shape is None else shape.message(cms)
