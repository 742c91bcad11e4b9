"""The fold of amounts: documents and pairs by road and hour, refusals by rule, what agencies there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenarios.measures.folder import Handlers
from scenarios.trace import (
    AgencyOpened,
    Channel,
    Checked,
    Dispatched,
    Drafted,
    InternalEnded,
    Issued,
    Judged,
    NegotiationMoved,
    RefusalSigned,
    Registered,
    Returned,
    StatusSent,
    Submitted,
)

HOUR = 3_600


@dataclass(slots=True)
class TrafficFold:
    """Plain counts; hours bound the memory."""

    agencies: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Exchanging agencies by level and bloc."""
    documents: Counter[str] = field(default_factory=Counter)
    """Drafted, by scope."""
    issued: int = 0
    internal_ended: int = 0
    pairs: Counter[Channel] = field(default_factory=Counter)
    flow: Counter[tuple[int, Channel]] = field(default_factory=Counter)
    """Pairs dispatched, by hour since the start and road."""
    refusals: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By who refused (``door``, ``axis``, ``clerk``; ``road`` where a recipient of an accepted letter could not be reached), rule and
    sub-indication. Letters at door, axis and clerk; single pairs on the road."""
    refused: set[str] = field(default_factory=set)
    """Documents whose letter the axis refused."""
    returned: Counter[str] = field(default_factory=Counter)
    """Sent back by the recipient's clerk, by reason."""
    registered: Counter[Channel] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    negotiations: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and step."""

    def handlers(self) -> Handlers:
        return {
            AgencyOpened: self.opened,
            Drafted: self.drafted,
            Issued: self.was_issued,
            InternalEnded: self.ended,
            Dispatched: self.dispatched,
            Submitted: self.submitted,
            Judged: self.judged,
            RefusalSigned: self.refusal_signed,
            Checked: self.checked,
            Returned: self.was_returned,
            Registered: self.was_registered,
            StatusSent: self.status,
            NegotiationMoved: self.negotiated,
        }

    def opened(self, record: AgencyOpened) -> None:
        if record.exchanges:
            self.agencies[record.level, record.bloc] += 1

    def drafted(self, record: Drafted) -> None:
        self.documents[record.scope] += 1

    def was_issued(self, record: Issued) -> None:
        self.issued += 1

    def ended(self, record: InternalEnded) -> None:
        self.internal_ended += 1

    def dispatched(self, record: Dispatched) -> None:
        self.pairs[record.channel] += 1
        self.flow[record.at // HOUR, record.channel] += 1

    def submitted(self, record: Submitted) -> None:
        if not record.receipt:
            self.refusals["door", record.rule, ""] += 1

    def judged(self, record: Judged) -> None:
        if not record.accepted:
            self.refusals["axis", record.rule, record.sub_indication] += 1
            self.refused.add(record.document)

    def refusal_signed(self, record: RefusalSigned) -> None:
        if record.document not in self.refused:
            self.refusals["road", record.rule, ""] += 1

    def checked(self, record: Checked) -> None:
        if not record.accepted:
            self.refusals["clerk", record.rule, record.sub_indication] += 1

    def was_returned(self, record: Returned) -> None:
        self.returned[record.reason] += 1

    def was_registered(self, record: Registered) -> None:
        self.registered[record.channel] += 1

    def status(self, record: StatusSent) -> None:
        self.statuses[record.code] += 1

    def negotiated(self, record: NegotiationMoved) -> None:
        self.negotiations[record.kind, record.step] += 1
