"""What a load is made of: which form documents have, how large they are, and to how many recipients they go.

Sizes are those of the file in bytes, before base64 (which adds a third). The mixes of X-Road and DHX are those of their own load tests
(``nordic-institute/X-Road-tests``, ``XRoad.scala``; DHX-adapter, ``dhx-adapter-e2e-tests/performance``); there the parts are shares of
requests and numbers of threads, here both are shares of documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

KIB, MIB = 1 << 10, 1 << 20


class Form(StrEnum):
    """In what form a document travels."""

    LETTER = "letter"
    """A letter of one page, signed by its leader and sealed by the organisation (two PAdES signatures)."""
    FILE = "file"
    """A file under the organisation's detached CAdES-B signature."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a mix: its share of all documents (weights need not add up to one) and the sizes it spans, drawn evenly."""

    weight: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Profile:
    """One sort of load. ``parts`` is empty for letters, whose size is their own."""

    name: str
    form: Form
    recipients: int
    parts: tuple[Part, ...] = ()
    rsa: bool = False
    """Sealed with RSA-2048 instead of P-256."""

    @property
    def mean(self) -> float:
        """Bytes of a file on the average; 0 for letters."""
        weight = sum(part.weight for part in self.parts)
        return sum(part.weight * (part.low + part.high) / 2 for part in self.parts) / weight if weight else 0.0

    def __post_init__(self) -> None:
        if (self.form is Form.FILE) is not bool(self.parts):
            raise ValueError(f"profile {self.name}: files have sizes, letters have their own")
        if self.rsa and self.form is Form.LETTER:
            raise ValueError(f"profile {self.name}: letters are signed with P-256 here")


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("letters", Form.LETTER, 3),
        Profile("files", Form.FILE, 3, (Part(1, 10_240, 10_240),), rsa=True),
        Profile(
            "x-road", Form.FILE, 1,
            (
                Part(0.30, 2 * KIB, 2 * KIB), Part(0.60, 10 * KIB, 10 * KIB), Part(0.09, 100 * KIB, 100 * KIB),
                Part(0.009, 2 * MIB, 2 * MIB), Part(0.001, 10 * MIB, 10 * MIB),
            ),
        ),
        Profile("dhx", Form.FILE, 1, (Part(30, 100 * KIB, 100 * KIB), Part(10, 10 * MIB, 50 * MIB), Part(1, 100 * MIB, 200 * MIB))),
        Profile("broadcast", Form.LETTER, 190),
        Profile("large", Form.FILE, 1, (Part(1, 200 * MIB, 200 * MIB),)),
    )
}  # fmt: skip
"""By name. ``letters`` and ``files`` are the two the service is held against."""
