"""Both signatures of a letter at one moment: the strict reading first, then one report per time-stamp and per signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signing.errors import LetterRefused
from signing.formats.letter.reader import Letter, SignatureSlot
from signing.formats.letter.stamped import read_stamped
from signing.formats.message import SignedMessage
from signing.keys import Purpose
from signing.validation.report import SignatureReport
from signing.validation.stamps import StampReport


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
        return min((stamp.generated_at for stamp in self.stamps if stamp.passed and stamp.generated_at is not None), default=None)


def verify_letter(data: bytes, validator: LetterValidator, at: datetime) -> LetterReport:
    """Read strictly and validate each time-stamp and both signatures at ``at`` (one raw verification each).

    A time-stamp that holds proves that both signatures existed then. Never raises for what ``data`` holds.
    """
    try:
        letter, slots = read_stamped(data)
    except LetterRefused as refusal:
        return LetterReport(None, None, None, refusal)
    stamps = tuple(validator.validate_stamp(slot.token, slot.content_sha256, at) for slot in slots)
    proven = LetterReport(None, None, None, None, stamps).stamped_at

    def verdict(slot: SignatureSlot) -> SignatureReport:
        return validator.validate(slot.message, slot.content_sha256, at, Purpose.LETTER, proven_at=proven)

    return LetterReport(letter, verdict(letter.leader), verdict(letter.seal), None, stamps)
