"""What happened, for those who may ask: states, counts each by its own query, and exports to hold against other people's records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from exchange.api import DeliveryView, Receipt
from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.domain.negotiation import Kind, Step
from exchange.errors import UnknownPackage
from exchange.stages.mail import instant
from exchange.store.tables import crossing, delivery, delivery_event, document, negotiation, package, receipt, refusal, verdict
from exchange.store.work import Store

_COUNT = select(func.count()).select_from(delivery).where(delivery.c.state == bindparam("state"))
_VIEWS = (
    select(package.c.package_id, delivery.c.recipient, delivery.c.state, delivery.c.since, delivery.c.reason)
    .join(document, document.c.package == package.c.id)
    .join(delivery, delivery.c.document == document.c.id)
    .where(package.c.sender == bindparam("sender"), package.c.package_id.in_(bindparam("ids", expanding=True)))
    .order_by(delivery.c.id)
)
_OWN = select(package.c.package_id).where(
    package.c.sender == bindparam("sender"), package.c.package_id.in_(bindparam("ids", expanding=True))
)


_RECEIPTS = (
    select(package.c.package_id, package.c.sha256, package.c.admitted_at, receipt.c.statement, receipt.c.signature)
    .join(receipt, receipt.c.package == package.c.id)
    .where(package.c.sender == bindparam("sender"), package.c.package_id.in_(bindparam("ids", expanding=True)))
)
_VERDICTS = (
    select(
        verdict.c.id, package.c.package_id, package.c.sender, verdict.c.at, verdict.c.accepted, verdict.c.rule, verdict.c.sub_indication,
        verdict.c.detail, verdict.c.verifies, verdict.c.package,
    )
    .join(package, package.c.id == verdict.c.package)
    .where(verdict.c.id > bindparam("after"))
    .order_by(verdict.c.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_NOTICE = package.alias("notice")
_REFUSALS = (
    select(
        refusal.c.package, package.c.package_id, package.c.sender, _NOTICE.c.admitted_at, refusal.c.recipient, refusal.c.rule,
        refusal.c.sub_indication, refusal.c.statement, refusal.c.signature, refusal.c.about,
    )
    .join(package, package.c.id == refusal.c.about)
    .join(_NOTICE, _NOTICE.c.id == refusal.c.package)
    .where(refusal.c.package > bindparam("after"), _NOTICE.c.id > bindparam("after"))  # the same; said, nobody reads packages before it
    .order_by(refusal.c.package)
    .limit(bindparam("limit"))
)  # fmt: skip
_DELIVERIES = (
    select(
        delivery.c.id, package.c.package_id, document.c.sender, document.c.number, document.c.notation, document.c.year,
        delivery.c.recipient, delivery.c.state, delivery.c.since, delivery.c.reason, package.c.admitted_at, delivery.c.available_at,
        delivery.c.transport, delivery.c.transport_at,
    )
    .join(package, package.c.id == delivery.c.package)
    .join(document, document.c.id == delivery.c.document)
    .where(delivery.c.id > bindparam("after"))
    .order_by(delivery.c.id)
    .limit(bindparam("limit"))
)  # fmt: skip
_NEGOTIATIONS = (
    select(
        negotiation.c.id, package.c.package_id, negotiation.c.kind, document.c.sender, document.c.number, document.c.notation,
        document.c.year, delivery.c.recipient, negotiation.c.asked_at, negotiation.c.step, negotiation.c.answered_at,
    )
    .join(delivery, delivery.c.id == negotiation.c.delivery)
    .join(document, document.c.id == delivery.c.document)
    .join(package, package.c.id == document.c.package)
    .where(negotiation.c.id > bindparam("after"))
    .order_by(negotiation.c.id)
    .limit(bindparam("limit"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One (document, recipient) with everything the axis knows about it."""

    cursor: int
    package_id: str
    """The package that carries it."""
    document: DocumentKey
    recipient: OrganId
    state: DeliveryState
    since: datetime
    reason: str
    admitted_at: datetime
    available_at: datetime | None
    transport: str
    """'' | ``fetched`` | ``failed``: what the recipient's software said, apart from the codes."""
    transport_at: datetime | None


@dataclass(frozen=True, slots=True)
class JudgementRecord:
    """The axis' verdict on one document package."""

    cursor: int
    package_id: str
    sender: OrganId
    at: datetime
    accepted: bool
    rule: str
    sub_indication: str
    detail: str
    verifies: int
    sequence: int
    """Of the sender's packages."""

    @property
    def place(self) -> tuple[datetime, str, int]:
        """Where it stands among others, whoever judged them: by instant, sender and sender's sequence."""
        return self.at, str(self.sender), self.sequence


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """A signed refusal: of which package of whom, to whom, why."""

    cursor: int
    package_id: str
    sender: OrganId
    at: datetime
    recipient: str
    rule: str
    sub_indication: str
    statement: bytes
    signature: bytes
    sequence: int
    """Of the sender's packages."""

    @property
    def place(self) -> tuple[datetime, str, int, str]:
        """Where it stands among others, whoever signed them: in the order of what they refuse."""
        return self.at, str(self.sender), self.sequence, self.recipient


@dataclass(frozen=True, slots=True)
class NegotiationRecord:
    """One request about one delivery, and its answer."""

    cursor: int
    package_id: str
    """The package that brought the document the request is about."""
    kind: Kind
    document: DocumentKey
    recipient: OrganId
    asked_at: datetime
    step: Step
    answered_at: datetime | None


class Records:
    """Reads the record; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(self, state: DeliveryState) -> int:
        """Pairs in one state, by a query of its own."""
        with self._store.reading() as work:
            return int(work.value(_COUNT, {"state": state.value}))

    def views(self, sender: OrganId, package_ids: Sequence[str]) -> tuple[DeliveryView, ...]:
        """Deliveries of the sender's own documents. Raises :class:`UnknownPackage` for a package that is not the sender's."""
        known, ids = {"sender": str(sender)}, list(dict.fromkeys(package_ids))
        with self._store.reading() as work:
            own = {row[0] for row in work.all_of(_OWN, "ids", ids, known)}
            for name in package_ids:
                if name not in own:
                    raise UnknownPackage(name, str(sender))
            rows = work.all_of(_VIEWS, "ids", ids, known)
        return tuple(
            DeliveryView(name, OrganId.parse(recipient), DeliveryState(state), instant(since), reason)
            for name, recipient, state, since, reason in rows
        )

    def receipts_of(self, sender: OrganId, package_ids: Sequence[str]) -> tuple[Receipt, ...]:
        """The receipts of the sender's own packages, in order. Raises :class:`UnknownPackage` for one that is not the sender's."""
        with self._store.reading() as work:
            rows = {row.package_id: row for row in work.all_of(_RECEIPTS, "ids", list(dict.fromkeys(package_ids)), {"sender": str(sender)})}
        for name in package_ids:
            if name not in rows:
                raise UnknownPackage(name, str(sender))
        found = (rows[name] for name in package_ids)
        return tuple(
            Receipt(row.package_id, bytes(row.sha256), instant(row.admitted_at), bytes(row.statement), bytes(row.signature), stored=True)
            for row in found
        )

    def deliveries(self, after: int, limit: int) -> tuple[DeliveryRecord, ...]:
        """(document, recipient) after a cursor, in order of admission."""
        with self._store.reading() as work:
            rows = work.all(_DELIVERIES, {"after": after, "limit": limit})
        return tuple(
            DeliveryRecord(
                row.id, row.package_id, DocumentKey(OrganId.parse(row.sender), row.number, row.notation, row.year),
                OrganId.parse(row.recipient), DeliveryState(row.state), instant(row.since), row.reason, instant(row.admitted_at),
                _maybe(row.available_at), row.transport, _maybe(row.transport_at),
            )
            for row in rows
        )  # fmt: skip

    def history(self, package_id: str, recipient: OrganId) -> tuple[tuple[DeliveryState, datetime], ...]:
        """The states one (document, recipient) went through, with their instants."""
        query = (
            select(delivery_event.c.state, delivery_event.c.at)
            .join(delivery, delivery.c.id == delivery_event.c.delivery)
            .join(package, package.c.id == delivery.c.package)
            .where(package.c.package_id == package_id, delivery.c.recipient == str(recipient))
            .order_by(delivery_event.c.id)
        )
        with self._store.reading() as work:
            return tuple((DeliveryState(state), instant(at)) for state, at in work.all(query))

    def judgements(self, after: int, limit: int) -> tuple[JudgementRecord, ...]:
        """Verdicts after a cursor, in the order written."""
        with self._store.reading() as work:
            rows = work.all(_VERDICTS, {"after": after, "limit": limit})
        return tuple(
            JudgementRecord(
                row.id, row.package_id, OrganId.parse(row.sender), instant(row.at), bool(row.accepted), row.rule, row.sub_indication,
                row.detail, row.verifies, row.package,
            )
            for row in rows
        )  # fmt: skip

    def refusals(self, after: int, limit: int) -> tuple[RefusalRecord, ...]:
        """Signed refusals after a cursor, in the order signed."""
        with self._store.reading() as work:
            rows = work.all(_REFUSALS, {"after": after, "limit": limit})
        return tuple(
            RefusalRecord(
                row.package, row.package_id, OrganId.parse(row.sender), instant(row.admitted_at), row.recipient, row.rule,
                row.sub_indication, bytes(row.statement), bytes(row.signature), row.about,
            )
            for row in rows
        )  # fmt: skip

    def negotiations(self, after: int, limit: int) -> tuple[NegotiationRecord, ...]:
        """Negotiations after a cursor, in the order asked."""
        with self._store.reading() as work:
            rows = work.all(_NEGOTIATIONS, {"after": after, "limit": limit})
        return tuple(
            NegotiationRecord(
                row.id, row.package_id, Kind(row.kind), DocumentKey(OrganId.parse(row.sender), row.number, row.notation, row.year),
                OrganId.parse(row.recipient), instant(row.asked_at), Step(row.step), _maybe(row.answered_at),
            )
            for row in rows
        )  # fmt: skip

    def receipts(self) -> int:
        """How many receipts were signed."""
        with self._store.reading() as work:
            return int(work.value(select(func.count()).select_from(receipt)))

    def hop_depth(self) -> dict[str, int]:
        """Packages waiting for or on their way to each hop."""
        query = select(crossing.c.hop, func.count()).group_by(crossing.c.hop).order_by(crossing.c.hop)
        with self._store.reading() as work:
            return dict(work.all(query))


def _maybe(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)
