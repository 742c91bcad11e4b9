"""What whoever drives an axis, or audits it from beside, reads of it besides the four of :mod:`exchange.api`: all records, page by page.

A page holds what was written after a cursor (0: from the beginning), each record with its own. Nothing may be written meanwhile behind a
cursor: after a settling nothing is. What two workers may have written in any order is given in an order of facts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from exchange.api import AxisApi, Checkpoint
from exchange.audit import DeliveryRecord, JudgementRecord, NegotiationRecord, RefusalRecord
from exchange.domain.identifiers import OrganId
from exchange.metering import Operations, StepRecord
from exchange.stamps import LetterStampRecord

PAGE = 1000
"""Records of a page, at most."""


class Recorded(Protocol):
    """What a page holds."""

    @property
    def cursor(self) -> int:
        """From here on there is more."""
        ...


Record = TypeVar("Record", bound=Recorded)


class Observed(ABC):
    """An axis whose records can be read. Subclasses say how a page is got: from a database, or over HTTP."""

    @abstractmethod
    def judgement_page(self, after: int, limit: int) -> Sequence[JudgementRecord]:
        """Verdicts."""

    @abstractmethod
    def letter_stamp_page(self, after: int, limit: int) -> Sequence[LetterStampRecord]:
        """What was found of letters' time-stamps, by the cursors of their verdicts."""

    @abstractmethod
    def refusal_page(self, after: int, limit: int) -> Sequence[RefusalRecord]:
        """Signed refusals."""

    @abstractmethod
    def path_step_page(self, after: int, limit: int) -> Sequence[StepRecord]:
        """What the axis' processes verified of certificate paths, where they keep count."""

    @abstractmethod
    def delivery_page(self, after: int, limit: int) -> Sequence[DeliveryRecord]:
        """Every (document, recipient), in order of admission."""

    @abstractmethod
    def negotiation_page(self, after: int, limit: int) -> Sequence[NegotiationRecord]:
        """Negotiations, in the order asked."""

    @abstractmethod
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint, oldest first."""

    @abstractmethod
    def operations(self) -> tuple[Operations, ...]:
        """Raw signature operations that processes of the axis report, summed up."""

    @abstractmethod
    def receipts(self) -> int:
        """How many receipts were signed."""

    @abstractmethod
    def depth(self) -> Mapping[str, int]:
        """Rows waiting per stage (``verify``, ``route``) and packages per hop: what is in flight, counted."""

    def judgements_since(self, cursor: int = 0) -> tuple[JudgementRecord, ...]:
        """Verdicts, in the order of instant, sender and sender's sequence."""
        return tuple(sorted(_all(self.judgement_page, cursor), key=lambda one: one.place))

    def letter_stamps_since(self, cursor: int = 0) -> Mapping[str, LetterStampRecord]:
        """What was found of letters' time-stamps with the verdicts after a verdict's cursor, by package."""
        return {one.package_id: one for one in _all(self.letter_stamp_page, cursor)}

    def refusals_since(self, cursor: int = 0) -> tuple[RefusalRecord, ...]:
        """Signed refusals, in the order of what they refuse."""
        return tuple(sorted(_all(self.refusal_page, cursor), key=lambda one: one.place))

    def path_steps_since(self, cursor: int = 0) -> tuple[StepRecord, ...]:
        """Steps of certificate paths."""
        return tuple(_all(self.path_step_page, cursor))

    def export_judgements(self) -> Iterator[JudgementRecord]:
        """Every verdict, for reconciliation record by record, in no order that means anything."""
        return _all(self.judgement_page, 0)

    def export_deliveries(self) -> Iterator[DeliveryRecord]:
        """Every (document, recipient), for reconciliation record by record."""
        return _all(self.delivery_page, 0)

    def negotiations(self) -> tuple[NegotiationRecord, ...]:
        """Every negotiation and how far it got."""
        return tuple(_all(self.negotiation_page, 0))


def _all(page: Callable[[int, int], Sequence[Record]], after: int) -> Iterator[Record]:
    while found := page(after, PAGE):
        yield from found
        if len(found) < PAGE:
            return
        after = found[-1].cursor


class DrivenAxis(AxisApi, Protocol):
    """An axis as a run has it: the four Protocols and :class:`Observed`. Its members' secrets are derived from the seed on both sides."""

    def judgements_since(self, cursor: int = 0) -> tuple[JudgementRecord, ...]:
        """See :class:`Observed`."""
        ...

    def letter_stamps_since(self, cursor: int = 0) -> Mapping[str, LetterStampRecord]:
        """See :class:`Observed`."""
        ...

    def refusals_since(self, cursor: int = 0) -> tuple[RefusalRecord, ...]:
        """See :class:`Observed`."""
        ...

    def path_steps_since(self, cursor: int = 0) -> tuple[StepRecord, ...]:
        """See :class:`Observed`."""
        ...

    def export_judgements(self) -> Iterator[JudgementRecord]:
        """See :class:`Observed`."""
        ...

    def export_deliveries(self) -> Iterator[DeliveryRecord]:
        """See :class:`Observed`."""
        ...

    def negotiations(self) -> tuple[NegotiationRecord, ...]:
        """See :class:`Observed`."""
        ...

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """See :class:`Observed`."""
        ...

    def operations(self) -> tuple[Operations, ...]:
        """See :class:`Observed`."""
        ...

    def receipts(self) -> int:
        """See :class:`Observed`."""
        ...

    def depth(self) -> Mapping[str, int]:
        """See :class:`Observed`."""
        ...

    def enrol_all(self, secrets: Mapping[OrganId, str]) -> None:
        """Make organisations members, or see that they are."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...
