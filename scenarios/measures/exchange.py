"""The fold of documents on their roads: how each pair (document, recipient) was sent, whether it came, when it was registered.

Only open documents are remembered, from drafting until every recipient was reached or refused, and arrivals until the clerk decides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenarios.measures.catalogue import MeasureId
from scenarios.measures.folder import Handlers, Scene
from scenarios.trace import (
    Arrived,
    Cause,
    Channel,
    Dispatched,
    Drafted,
    InternalEnded,
    NegotiationMoved,
    PaperArrived,
    Published,
    RefusalSigned,
    Registered,
    Returned,
    Scope,
    Signed,
    Submitted,
)

REFUSED = "refused"
"""Rest: sent by the axis and refused by it, so it did not travel."""
LATE = "late"
"""Rest of the deadline rows: it happened after the deadline."""
MISSING = "not-yet"
"""Rest of the deadline rows: the deadline passed and it has not happened."""
UNSTATED = "unstated"
"""Rest: the trace gives no cause. A complete trace has none of these."""

FORM = frozenset({Channel.AXIS, Channel.EMAIL})
"""Roads on which a document of the state bloc travels in electronic form."""
NETWORKS = frozenset({Channel.AXIS, Channel.PARTY_NETWORK})
"""Roads that carry the signed original."""
_PARTY_FORM = frozenset({Channel.PARTY_NETWORK, Channel.AXIS, Channel.EMAIL})


@dataclass(slots=True)
class _Pair:
    """One recipient not reached yet. ``counted``: the rates whose numerator holds the pair; ``package``: what the axis took it in with."""

    at: int
    channel: Channel
    counted: tuple[MeasureId, ...]
    withdrawn: bool = False
    package: str = ""


@dataclass(slots=True)
class _Document:
    sender: str
    urgency: int = 0
    signed_at: int = 0
    arrived: int = 0
    pairs: dict[str, _Pair] = field(default_factory=dict)


@dataclass(slots=True)
class _Arrival:
    at: int
    urgency: int


@dataclass(slots=True)
class ExchangeFold:
    """Counts the rates of documents and of deadlines."""

    scene: Scene
    documents: dict[str, _Document] = field(default_factory=dict)
    arrivals: dict[tuple[str, str], _Arrival] = field(default_factory=dict)
    minutes: dict[tuple[str, Channel], Counter[int]] = field(default_factory=dict)
    """Waiting times in whole minutes, counted: ``("arrival" | "registration", channel)``."""
    _leaving: str = ""
    _counted: Counter[MeasureId] = field(default_factory=Counter)
    """Pairs counted of the document that is just being sent, by measure: all its pairs are sent at once."""

    def handlers(self) -> Handlers:
        return {
            Drafted: self.drafted,
            Signed: self.signed,
            InternalEnded: self.internal_ended,
            Dispatched: self.dispatched,
            Published: self.published,
            Submitted: self.submitted,
            RefusalSigned: self.refused,
            Arrived: self.arrived,
            PaperArrived: self.paper_arrived,
            Registered: self.registered,
            Returned: self.returned,
            NegotiationMoved: self.negotiated,
        }

    def drafted(self, record: Drafted) -> None:
        self.documents[record.document] = _Document(record.agency, record.urgency)

    def signed(self, record: Signed) -> None:
        if (document := self.documents.get(record.document)) is not None:
            document.signed_at = record.at

    def internal_ended(self, record: InternalEnded) -> None:
        self.documents.pop(record.document, None)
        self._count(MeasureId.INTERNAL, record, record.on_screen, record.cause)

    def published(self, record: Published) -> None:
        self._count(MeasureId.DIRECTIVES, record, record.on_portal, record.cause)

    def dispatched(self, record: Dispatched) -> None:
        if not self.scene.inside(record.agency):
            return
        counted = tuple(measure for measure, hit, cause in _rates(record) if self._count(measure, record, hit, cause))
        document = self.documents.setdefault(record.document, _Document(record.agency, signed_at=record.at))
        late = record.at > self.scene.send_deadline(document.signed_at, document.urgency)
        self._add(MeasureId.SENT, record, LATE if late else None)
        document.pairs[record.recipient] = _Pair(record.at, record.channel, counted)

    def _count(self, measure: MeasureId, record: Dispatched | InternalEnded | Published, hit: bool, cause: Cause | None) -> bool:
        """Count one unit, or leave it out as secret; says whether the numerator holds it."""
        if not self.scene.inside(record.agency):
            return False
        if cause is Cause.SECRET and not hit:
            self.scene.cells.secret[measure, record.agency] += 1
            return False
        why = None if hit else (cause or UNSTATED)
        self._add(measure, record, why)
        return hit

    def _add(self, measure: MeasureId, record: Dispatched | InternalEnded | Published, cause: str | None) -> None:
        """Count one unit of the document in hand."""
        if record.document != self._leaving:
            self._leaving = record.document
            self._counted.clear()
        self.scene.cells.add(measure, record.agency, record.at, cause, self._counted[measure])
        self._counted[measure] += 1

    def submitted(self, record: Submitted) -> None:
        """What the axis does not take in did not travel, unless a later attempt is taken in. What follows asks about what did."""
        document = self.documents.get(record.document)
        if document is None or record.kind != "edoc" or document.sender != record.agency:
            return
        for pair in document.pairs.values():
            if pair.channel is not Channel.AXIS or pair.package:
                continue
            pair.package = record.package
            if pair.withdrawn is record.receipt:
                self._withdraw(record.agency, pair, withdrawn=not record.receipt)

    def refused(self, record: RefusalSigned) -> None:
        """The pair is closed, if it was this package that carried it: a request refused later leaves what travelled as it is."""
        document = self.documents.get(record.document)
        pair = document.pairs.get(record.recipient) if document else None
        if pair is not None and pair.package == record.package:
            if not pair.withdrawn:
                self._withdraw(record.agency, pair, withdrawn=True)
            self._close(record.document, record.recipient)

    def _withdraw(self, sender: str, pair: _Pair, *, withdrawn: bool) -> None:
        pair.withdrawn = withdrawn
        change = self.scene.cells.withdraw if withdrawn else self.scene.cells.restore
        for measure in pair.counted:
            change(measure, sender, pair.at, REFUSED)

    def arrived(self, record: Arrived) -> None:
        self._reached(record.agency, record.document, record.at)

    def paper_arrived(self, record: PaperArrived) -> None:
        document = self.documents.get(record.document)
        pair = document.pairs.get(record.agency) if document else None
        if pair is not None and pair.channel is record.channel:  # not the paper copy of what travels electronically
            self._reached(record.agency, record.document, record.at)

    def _reached(self, recipient: str, name: str, at: int) -> None:
        document = self.documents.get(name)
        self.arrivals[recipient, name] = _Arrival(at, document.urgency if document else 0)
        pair = document.pairs.get(recipient) if document else None
        if document is None or pair is None:
            return
        self._minutes("arrival", pair.channel, at - document.signed_at)
        if pair.channel in NETWORKS:
            late = at > self.scene.send_deadline(document.signed_at, document.urgency)
            self._add_arrival(document, pair, LATE if late else None)
        self._close(name, recipient)

    def _add_arrival(self, document: _Document, pair: _Pair, cause: str | None) -> None:
        """Count one pair as arrived or missing, on the day it was sent."""
        self.scene.cells.add(MeasureId.ARRIVED, document.sender, pair.at, cause, document.arrived)
        document.arrived += 1

    def _close(self, name: str, recipient: str) -> None:
        document = self.documents[name]
        del document.pairs[recipient]
        if not document.pairs:
            del self.documents[name]

    def registered(self, record: Registered) -> None:
        if self.arrivals.pop((record.agency, record.document), None) is None or not self.scene.inside(record.agency):
            return
        self._minutes("registration", record.channel, record.at - record.arrived_at)
        late = record.at > self.scene.register_deadline(record.arrived_at, record.urgency)
        self.scene.cells.add(MeasureId.REGISTERED, record.agency, record.arrived_at, LATE if late else None)

    def returned(self, record: Returned) -> None:
        self.arrivals.pop((record.agency, record.document), None)

    def negotiated(self, record: NegotiationMoved) -> None:
        """What was taken back, recalled or replaced before it was registered is not to be registered any more."""
        if record.step == "agreed" and record.kind != "update":
            self.arrivals.pop((record.agency, record.document), None)

    def _minutes(self, stage: str, channel: Channel, seconds: int) -> None:
        self.minutes.setdefault((stage, channel), Counter())[max(0, seconds) // 60] += 1

    def finish(self) -> None:
        """Count as late what was due by the end of the trace and has not happened. Call once, after the last record."""
        cells, end = self.scene.cells, self.scene.last
        for document in self.documents.values():
            overdue = self.scene.send_deadline(document.signed_at, document.urgency) < end
            for pair in document.pairs.values():
                if overdue and pair.channel in NETWORKS and not pair.withdrawn:
                    self._add_arrival(document, pair, MISSING)
        for (recipient, _), arrival in self.arrivals.items():
            if self.scene.inside(recipient) and self.scene.register_deadline(arrival.at, arrival.urgency) < end:
                cells.add(MeasureId.REGISTERED, recipient, arrival.at, MISSING)


def _rates(record: Dispatched) -> tuple[tuple[MeasureId, bool, Cause | None], ...]:
    """The rates one pair counts in: which, whether in the numerator, and otherwise why not."""
    if record.scope is Scope.STATE_IN_PROVINCE:
        wholly = record.channel is Channel.AXIS and not record.paper_too
        cause = record.cause if record.channel is not Channel.AXIS else record.paper_cause
        return (
            (MeasureId.OFFICIAL_FORM, record.channel in FORM, record.cause),
            (MeasureId.OFFICIAL_WHOLLY, wholly, cause),
        )
    if record.scope is Scope.OUTSIDE_PROVINCE:
        return ((MeasureId.OUTSIDE, record.channel in FORM, record.cause),)
    if record.scope is Scope.PARTY:
        return ((MeasureId.PARTY, record.channel in _PARTY_FORM, record.cause),)
    return ()
