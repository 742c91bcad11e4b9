"""Pages of records as they cross the wire: what :class:`exchange.observe.Observed` reads, for the organisation that runs the axis."""

from __future__ import annotations

from base64 import b64decode
from typing import Literal

from pydantic import Field

from exchange.audit import DeliveryRecord, JudgementRecord, NegotiationRecord, RefusalRecord
from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.domain.negotiation import Kind, Step
from exchange.metering import Operations, StepRecord
from exchange.stamps import LetterStampRecord
from exchange.web.wire import Base64, Body, CheckpointBody, Instant, Organ, PackageId, text64

_CURSOR = Field(ge=0, description="Goes into `after` of the next question")


class DocumentBody(Body):
    """A document by its key."""

    sender: Organ
    number: str
    notation: str
    year: int

    @classmethod
    def of(cls, one: DocumentKey) -> DocumentBody:
        """As it is sent."""
        return cls.model_construct(sender=str(one.sender), number=one.number, notation=one.notation, year=one.year)

    def key(self) -> DocumentKey:
        """As it was."""
        return DocumentKey(OrganId(self.sender), self.number, self.notation, self.year)


class JudgementBody(Body):
    """The axis' verdict on one document."""

    cursor: int = _CURSOR
    package_id: PackageId
    sender: Organ
    at: Instant
    accepted: bool
    rule: str
    sub_indication: str
    detail: str
    verifies: int
    sequence: int = Field(description="Of the sender's packages")

    @classmethod
    def of(cls, one: JudgementRecord) -> JudgementBody:
        """As it is sent."""
        return cls.model_construct(
            cursor=one.cursor, package_id=one.package_id, sender=str(one.sender), at=one.at, accepted=one.accepted, rule=one.rule,
            sub_indication=one.sub_indication, detail=one.detail, verifies=one.verifies, sequence=one.sequence,
        )  # fmt: skip

    def record(self) -> JudgementRecord:
        """As it was."""
        return JudgementRecord(
            self.cursor, self.package_id, OrganId(self.sender), self.at, self.accepted, self.rule, self.sub_indication, self.detail,
            self.verifies, self.sequence,
        )  # fmt: skip


class LetterStampBody(Body):
    """What was found of one letter's time-stamps."""

    cursor: int = _CURSOR
    package_id: PackageId
    stamped_at: Instant | None
    sub_indication: str
    verifies: int

    @classmethod
    def of(cls, one: LetterStampRecord) -> LetterStampBody:
        """As it is sent."""
        return cls.model_construct(
            cursor=one.cursor, package_id=one.package_id, stamped_at=one.stamped_at, sub_indication=one.sub_indication,
            verifies=one.verifies,
        )  # fmt: skip

    def record(self) -> LetterStampRecord:
        """As it was."""
        return LetterStampRecord(self.cursor, self.package_id, self.stamped_at, self.sub_indication, self.verifies)


class RefusalBody(Body):
    """A signed refusal."""

    cursor: int = _CURSOR
    package_id: PackageId
    sender: Organ
    at: Instant
    recipient: str
    rule: str
    sub_indication: str
    statement: Base64
    signature: Base64
    sequence: int = Field(description="Of the sender's packages")

    @classmethod
    def of(cls, one: RefusalRecord) -> RefusalBody:
        """As it is sent."""
        return cls.model_construct(
            cursor=one.cursor, package_id=one.package_id, sender=str(one.sender), at=one.at, recipient=one.recipient, rule=one.rule,
            sub_indication=one.sub_indication, statement=text64(one.statement), signature=text64(one.signature), sequence=one.sequence,
        )  # fmt: skip

    def record(self) -> RefusalRecord:
        """As it was."""
        return RefusalRecord(
            self.cursor, self.package_id, OrganId(self.sender), self.at, self.recipient, self.rule, self.sub_indication,
            b64decode(self.statement), b64decode(self.signature), self.sequence,
        )  # fmt: skip


class PathStepBody(Body):
    """One step of a certificate path that a process of the axis verified."""

    cursor: int = _CURSOR
    subject: str
    key: str = Field(description="SHA-256 under which a process keeps the result; empty where it does not")
    verifies: int

    @classmethod
    def of(cls, one: StepRecord) -> PathStepBody:
        """As it is sent."""
        return cls.model_construct(cursor=one.cursor, subject=one.subject, key=one.key.hex(), verifies=one.verifies)

    def record(self) -> StepRecord:
        """As it was."""
        return StepRecord(self.cursor, self.subject, bytes.fromhex(self.key), self.verifies)


class PairBody(Body):
    """One (document, recipient) with everything the axis knows about it."""

    cursor: int = _CURSOR
    package_id: PackageId
    document: DocumentBody
    recipient: Organ
    state: DeliveryState
    since: Instant
    reason: str
    admitted_at: Instant
    available_at: Instant | None
    transport: str
    transport_at: Instant | None

    @classmethod
    def of(cls, one: DeliveryRecord) -> PairBody:
        """As it is sent."""
        return cls.model_construct(
            cursor=one.cursor, package_id=one.package_id, document=DocumentBody.of(one.document), recipient=str(one.recipient),
            state=one.state, since=one.since, reason=one.reason, admitted_at=one.admitted_at, available_at=one.available_at,
            transport=one.transport, transport_at=one.transport_at,
        )  # fmt: skip

    def record(self) -> DeliveryRecord:
        """As it was."""
        return DeliveryRecord(
            self.cursor, self.package_id, self.document.key(), OrganId(self.recipient), self.state, self.since, self.reason,
            self.admitted_at, self.available_at, self.transport, self.transport_at,
        )  # fmt: skip


class NegotiationBody(Body):
    """One request about one delivery, and its answer."""

    cursor: int = _CURSOR
    package_id: PackageId
    kind: Kind
    document: DocumentBody
    recipient: Organ
    asked_at: Instant
    step: Step
    answered_at: Instant | None

    @classmethod
    def of(cls, one: NegotiationRecord) -> NegotiationBody:
        """As it is sent."""
        return cls.model_construct(
            cursor=one.cursor, package_id=one.package_id, kind=one.kind, document=DocumentBody.of(one.document),
            recipient=str(one.recipient), asked_at=one.asked_at, step=one.step, answered_at=one.answered_at,
        )  # fmt: skip

    def record(self) -> NegotiationRecord:
        """As it was."""
        return NegotiationRecord(
            self.cursor, self.package_id, self.kind, self.document.key(), OrganId(self.recipient), self.asked_at, self.step,
            self.answered_at,
        )  # fmt: skip


class OperationsBody(Body):
    """Raw signature operations of one purpose, as all processes of the axis reported them."""

    kind: Literal["signs", "verifies"]
    purpose: str
    settled: int = Field(description="For work that counts")
    again: int = Field(description="For nothing: given up, overtaken, or a simulated authority's")

    @classmethod
    def of(cls, one: Operations) -> OperationsBody:
        """As it is sent."""
        return cls.model_construct(kind=one.kind, purpose=one.purpose, settled=one.settled, again=one.again)

    def record(self) -> Operations:
        """As it was."""
        return Operations(self.kind, self.purpose, self.settled, self.again)


class StandingBody(Body):
    """How much there is and what is in flight, and the operations of all processes that keep count."""

    receipts: int
    depth: dict[str, int] = Field(description="Rows waiting per stage, packages per hop")
    operations: list[OperationsBody]


class JudgementsBody(Body):
    """A page of verdicts, in the order written."""

    records: list[JudgementBody]


class LetterStampsBody(Body):
    """A page of what was found of letters' time-stamps."""

    records: list[LetterStampBody]


class RefusalsBody(Body):
    """A page of signed refusals."""

    records: list[RefusalBody]


class PathStepsBody(Body):
    """A page of steps of certificate paths."""

    records: list[PathStepBody]


class PairsBody(Body):
    """A page of deliveries, in order of admission."""

    records: list[PairBody]


class NegotiationsBody(Body):
    """A page of negotiations."""

    records: list[NegotiationBody]


class CheckpointsBody(Body):
    """A page of checkpoints; the number of the last goes into `after`."""

    records: list[CheckpointBody]
