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
from typing import Any, NamedTuple, TypeVar

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.cms import known_head, parse_cms
from signing.formats.letter import revisions
from signing.formats.letter.packing import NO_TIME, PackedLetter, Parts, assemble, draw, moment_of, read_tail
from signing.formats.letter.reader import MAX_LETTER, Letter, SignatureSlot
from signing.formats.letter.stamped import StampSlot, read_stamped, stamp_slots
from signing.formats.letter.template import is_unmistakable

_MAX_METADATA = 999_999
"""Longest metadata stream whose length the reader takes, in bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class UnpackedLetter:
    """The bytes of a packed letter with their SHA-256, and what the strict reading of exactly these bytes gives: a letter or a refusal.

    ``pieces`` are the bytes: by turns what other letters have as well, each time the same object, and what is its own. All letters
    of a template begin with its prefix; all of an organisation have its seal, and in both signatures the signers' certificates.
    """

    pieces: tuple[bytes, ...]
    sha256: bytes
    letter: Letter | None
    stamps: tuple[StampSlot, ...]
    refusal: LetterRefused | None

    @property
    def data(self) -> bytes:
        """The whole letter, put together when it is asked for."""
        return b"".join(self.pieces)

    def __len__(self) -> int:
        return sum(map(len, self.pieces))


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
    values = [_tried(read_tail, one) for one in packed]
    drawn = [_tried(draw, one) for one in values]
    parts = [_tried(assemble, *one) for one in zip(values, drawn, strict=True)]
    hashed = [_tried(_hashed, one) for one in parts]
    return [_tried(_opened, one) for one in hashed]


Found = TypeVar("Found")


def _tried(step: Callable[..., Found], *given: Any) -> Found | Exception:
    """What a step makes of what the ones before gave, or what one of them raised."""
    if isinstance(given[-1], Exception):
        return given[-1]
    try:
        return step(*given)
    except Exception as error:  # whatever changed bytes make a step raise: the others are opened all the same
        return error


class _Hashed(NamedTuple):
    parts: Parts
    pieces: tuple[bytes, ...]
    later: bytes
    leader: bytes
    seal: bytes
    whole: bytes


def _hashed(parts: Parts) -> _Hashed:
    """The letter's bytes, and SHA-256 over what the leader signed, what the seal signed, and the file; what they share is hashed once."""
    values, first, second, (*filled, drawing) = parts.values, parts.first, parts.second, parts.objects
    later = parts.later() if values.steps else b""
    (one, two), (digits_one, digits_two) = values.cms, values.digits
    head_one, head_two = known_head(one), known_head(two)
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
    return _Hashed(parts, pieces, later, leader.digest(), seal.digest(), running.digest())


def _after(state: hashlib._Hash, more: bytes) -> hashlib._Hash:
    copied = state.copy()
    copied.update(more)
    return copied


def _opened(hashed: _Hashed) -> UnpackedLetter:
    try:
        letter, stamps = _read(hashed) or read_stamped(b"".join(hashed.pieces))
    except LetterRefused as refused:
        return UnpackedLetter(hashed.pieces, hashed.whole, None, (), refused)
    return UnpackedLetter(hashed.pieces, hashed.whole, letter, stamps, None)


def _read(hashed: _Hashed) -> tuple[Letter, tuple[StampSlot, ...]] | None:
    """The strict reading of a letter whose values are plain ones; ``None`` leaves it to the strict reader."""
    values, drawn, size = hashed.parts.values, hashed.parts.drawn, sum(map(len, hashed.pieces))
    (one, two), (time_one, time_two) = values.cms, values.times
    plain = (
        revisions.NUMBER.fullmatch(values.number) is not None
        and (time_one == NO_TIME or time_one >= 0)
        and (time_two == NO_TIME or time_two >= 0)
        and pades.is_whole(one)
        and pades.is_whole(two)
        and len(values.metadata) <= _MAX_METADATA
        and size <= MAX_LETTER
        and is_unmistakable(values.template)
    )
    if not plain:
        return None
    try:
        leader = SignatureSlot(parse_cms(one), hashed.leader, moment_of(time_one))
        seal = SignatureSlot(parse_cms(two), hashed.seal, moment_of(time_two))
    except FormatFailure:
        return None
    stamps = stamp_slots(b"".join(hashed.pieces), values.template, size - len(hashed.later)) if hashed.later else ()
    return Letter(drawn.content, values.number, values.day, leader, seal), stamps
