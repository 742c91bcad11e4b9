"""Both signatures of a letter at one moment: the strict reading first, then one report per signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signing.errors import LetterRefused
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.message import SignedMessage
from signing.keys import Purpose
from signing.validation.report import SignatureReport


class LetterValidator(Protocol):
    """What a letter needs of a validator."""

    def validate(self, message: SignedMessage | bytes, content_sha256: bytes, at: datetime, purpose: Purpose) -> SignatureReport:
        """The verdict on one signature over content of that digest at that moment."""


@dataclass(frozen=True, slots=True)
class LetterReport:
    """What a letter is worth at a moment: refused unread, or read with a report on each signature.

    Whether the two signers belong to the sender is not said here: names link to organs only by a register, which the exchange keeps.
    """

    letter: Letter | None
    leader: SignatureReport | None
    seal: SignatureReport | None
    refusal: LetterRefused | None

    @property
    def passed(self) -> bool:
        """Whether the letter was read and both signatures are TOTAL-PASSED."""
        return self.leader is not None and self.seal is not None and self.leader.passed and self.seal.passed


def verify_letter(data: bytes, validator: LetterValidator, at: datetime) -> LetterReport:
    """Read strictly and validate both signatures at ``at`` (one raw verification each). Never raises for what ``data`` holds."""
    try:
        letter = read_letter(data)
    except LetterRefused as refusal:
        return LetterReport(None, None, None, refusal)

    def verdict(slot: SignatureSlot) -> SignatureReport:
        return validator.validate(slot.message, slot.content_sha256, at, Purpose.LETTER)

    return LetterReport(letter, verdict(letter.leader), verdict(letter.seal), None)
