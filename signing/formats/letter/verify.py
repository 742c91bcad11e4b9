"""Both signatures of a letter at one moment: the strict reading first, then one report per time-stamp and per signature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signing.errors import LetterRefused
from signing.formats.letter.reader import Letter, SignatureSlot
from signing.formats.letter.stamped import StampSlot, read_stamped
from signing.formats.letter.unpacked import UnpackedLetter
from signing.formats.message import SignedMessage
from signing.keys import Purpose
from signing.records import quickly_made
from signing.validation.report import SignatureReport
from signing.validation.stamps import StampReport
from signing.validation.validator import Asked, Validator


class LetterValidator(Protocol):
    """What a letter needs of a validator."""

    def validate(
        self,
        message: SignedMessage | bytes,
        content_sha256: bytes,
        at: datetime,
        purpose: Purpose,
        *,
        proven_at: datetime | None = None,
    ) -> SignatureReport:
        """The verdict on one signature over content of that digest at that moment."""

    def validate_stamp(self, token: bytes, content_sha256: bytes, at: datetime) -> StampReport:
        """The verdict on one time-stamp token over content of that digest at that moment."""


@quickly_made
@dataclass(frozen=True, slots=True)
class LetterReport:
    """What a letter is worth at a moment: refused unread, or read with a report on each signature and each document time-stamp.

    Whether the two signers belong to the sender is not said here: names link to organs only by a register, which the exchange keeps.
    """

    letter: Letter | None
    leader: SignatureReport | None
    seal: SignatureReport | None
    refusal: LetterRefused | None
    stamps: tuple[StampReport, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the letter was read, both signatures are TOTAL-PASSED, and no time-stamp is a broken one."""
        signed = self.leader is not None and self.seal is not None and self.leader.passed and self.seal.passed
        return signed and not any(stamp.broken for stamp in self.stamps)

    @property
    def stamped_at(self) -> datetime | None:
        """The earliest time proven by a time-stamp, ``None`` where none proves any."""
        return _proven(self.stamps)


def verify_letter(data: bytes | UnpackedLetter, validator: LetterValidator, at: datetime) -> LetterReport:
    """Read strictly and validate each time-stamp and both signatures at ``at`` (one raw verification each).

    A letter that was unpacked has been read as strictly already. A time-stamp that holds proves that both signatures existed then. Never
    raises for what ``data`` holds.
    """
    letter, slots, refused = _read(data)
    if letter is None:
        return LetterReport(None, None, None, refused)
    stamps = tuple([validator.validate_stamp(slot.token, slot.content_sha256, at) for slot in slots])
    proven = _proven(stamps)

    def verdict(slot: SignatureSlot) -> SignatureReport:
        return validator.validate(slot.message, slot.content_sha256, at, Purpose.LETTER, proven_at=proven)

    return LetterReport(letter, verdict(letter.leader), verdict(letter.seal), None, stamps)


def verify_letters(letters: Sequence[tuple[bytes | UnpackedLetter, datetime]], validator: Validator) -> list[LetterReport | Exception]:
    """As :func:`verify_letter` for many, each with its moment: their signatures are verified side by side.

    Never raises: what verifying one of them alone would raise stands in its place.
    """
    read: list[Read | Exception] = []
    asked: list[Asked] = []
    for data, at in letters:
        try:
            letter, slots, refused = _read(data)
            stamps = tuple([validator.validate_stamp(slot.token, slot.content_sha256, at) for slot in slots])
        except Exception as error:  # this letter is not read; the others are
            read.append(error)
            continue
        read.append((letter, refused, stamps))
        if letter is not None:
            proven = _proven(stamps)
            both = (letter.leader, letter.seal)
            asked += [Asked(slot.message, slot.content_sha256, at, Purpose.LETTER, (), proven) for slot in both]
    said = iter(validator.validate_all(asked))
    return [one if isinstance(one, Exception) else _with_verdicts(*one, said) for one in read]


Read = tuple[Letter | None, LetterRefused | None, tuple[StampReport, ...]]
"""What a strict reading gave, a letter or a refusal, and the reports on its time-stamps."""


def _with_verdicts(
    letter: Letter | None, refused: LetterRefused | None, stamps: tuple[StampReport, ...], said: Iterator[SignatureReport | Exception]
) -> LetterReport | Exception:
    """The report on a letter, with the next two verdicts if it was read."""
    if letter is None:
        return LetterReport(None, None, None, refused, stamps)
    leader, seal = next(said), next(said)
    if isinstance(leader, Exception):
        return leader
    return seal if isinstance(seal, Exception) else LetterReport(letter, leader, seal, None, stamps)


def _proven(stamps: Sequence[StampReport]) -> datetime | None:
    return (
        min((stamp.generated_at for stamp in stamps if stamp.passed and stamp.generated_at is not None), default=None) if stamps else None
    )


def _read(data: bytes | UnpackedLetter) -> tuple[Letter | None, tuple[StampSlot, ...], LetterRefused | None]:
    if isinstance(data, UnpackedLetter):
        return data.letter, data.stamps, data.refusal
    try:
        return *read_stamped(data), None
    except LetterRefused as refusal:
        return None, (), refusal
