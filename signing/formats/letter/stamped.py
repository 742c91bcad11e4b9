"""A letter with its time-stamps: the strict reading of the whole file, and the digest each token at its place must have stamped."""

from __future__ import annotations

from dataclasses import dataclass

from signing.formats.letter.reader import Letter, letter_of, open_first, open_second
from signing.formats.letter.tails import Stamped, read_tails
from signing.formats.letter.template import Template
from signing.formats.token_message import parse_token


@dataclass(frozen=True, slots=True)
class StampSlot:
    """One document time-stamp: the token, and the SHA-256 of the bytes its /ByteRange covers."""

    token: bytes
    content_sha256: bytes

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificates the token carries. Raises :class:`FormatFailure` for a token of no bulk profile."""
        return parse_token(self.token).message.signer.certificates


def read_stamped(data: bytes) -> tuple[Letter, tuple[StampSlot, ...]]:
    """Read a sealed letter and every permitted revision behind it (see :mod:`signing.formats.letter.tails`), time-stamps in order.

    Raises :class:`LetterRefused` with place and rule for all other bytes; nothing is verified.
    """
    opened = open_first(data)
    sealed = open_second(data, opened)
    letter = letter_of(data, opened, sealed)
    if sealed.end == len(data):
        return letter, ()
    return letter, stamp_slots(data, opened.template, sealed.end)


def stamp_slots(data: bytes, template: Template, end: int) -> tuple[StampSlot, ...]:
    """The time-stamps behind a letter's seal, which ends at ``end``. Raises :class:`LetterRefused` for a revision that is not permitted."""
    return _slots(data, template, read_tails(data, end).stamps)


def _slots(data: bytes, template: Template, stamps: tuple[Stamped, ...]) -> tuple[StampSlot, ...]:
    """Each token with its digest; what lies before a token is hashed once for all that follow it."""
    view, running, at = memoryview(data), template.hash_state.copy(), len(template.prefix)
    slots = []
    for stamp in stamps:
        running.update(view[at : stamp.opening])
        whole = running.copy()
        whole.update(view[stamp.closing : stamp.end])
        slots.append(StampSlot(stamp.token, whole.digest()))
        at = stamp.opening
    return tuple(slots)
