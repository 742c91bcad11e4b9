"""What whoever drives an axis, or audits it from beside, may ask of it besides the four of :mod:`exchange.api`: exports and counts.

Every ``…_since`` takes a cursor (0: from the beginning) and answers with what was written after it; the highest cursor of an answer goes
into the next call. Nothing may be written meanwhile behind a cursor: after a settling nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from exchange.api import AxisApi, Checkpoint
from exchange.audit import DeliveryRecord, JudgementRecord, NegotiationRecord, RefusalRecord
from exchange.domain.identifiers import OrganId
from exchange.metering import Operations, StepRecord
from exchange.stamps import LetterStampRecord


class Observe(Protocol):
    """Reads what happened, all of it."""

    def judgements_since(self, cursor: int = 0) -> tuple[JudgementRecord, ...]:
        """Verdicts, in the order of instant, sender and sender's sequence."""
        ...

    def letter_stamps_since(self, cursor: int = 0) -> Mapping[str, LetterStampRecord]:
        """What was found of letters' time-stamps with the verdicts after a verdict's cursor, by package."""
        ...

    def refusals_since(self, cursor: int = 0) -> tuple[RefusalRecord, ...]:
        """Signed refusals, in the order of what they refuse."""
        ...

    def path_steps_since(self, cursor: int = 0) -> tuple[StepRecord, ...]:
        """What the axis' processes verified of certificate paths."""
        ...

    def operations(self) -> tuple[Operations, ...]:
        """Raw signature operations that processes of the axis report."""
        ...

    def export_deliveries(self) -> Iterable[DeliveryRecord]:
        """Every (document, recipient), in order of admission."""
        ...

    def negotiations(self) -> tuple[NegotiationRecord, ...]:
        """Every negotiation and how far it got."""
        ...

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint, oldest first."""
        ...

    def receipts(self) -> int:
        """How many receipts were signed."""
        ...

    def depth(self) -> Mapping[str, int]:
        """What waits, by stage and by hop."""
        ...


class DrivenAxis(AxisApi, Observe, Protocol):
    """An axis as a run has it. Its members are enrolled with secrets that both sides derive from the seed."""

    def enrol_all(self, secrets: Mapping[OrganId, str]) -> None:
        """Make many organisations members in one transaction."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...
