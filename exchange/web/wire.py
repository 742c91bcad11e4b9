"""The JSON of the service, once: what routes send and take, what the OpenAPI shows, and what :class:`exchange.client.HttpAxis` reads.

Instants are RFC 3339 with their offset, digests hexadecimal, signatures and proofs base64. A signed statement is given as the text that was
signed: its UTF-8 bytes are what the signature holds for.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from exchange.api import (
    Checkpoint,
    Consistency,
    DeliveryView,
    Envelope,
    Fetched,
    Inclusion,
    PackageKind,
    Receipt,
    Scope,
    Settled,
)
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState

PACKAGE_ID = r"^[0-9a-f]{24}$"
MOST_CONFIRMED = 1000
MOST_LINES = 1000
LONGEST_WAIT = 60
"""Seconds."""


def _vietnamese(at: datetime) -> datetime:
    if not 1970 <= at.year <= 2200:  # beyond, an offset may lead out of the calendar
        raise ValueError("an instant of the years 1970 to 2200")
    return at.astimezone(VN)


def _decodable(text: str) -> str:
    b64decode(text, validate=True)
    return text


Instant = Annotated[
    AwareDatetime, AfterValidator(_vietnamese), PlainSerializer(lambda at: at.isoformat(), str),
    Field(examples=["2021-09-27T08:00:00+07:00"]),
]  # fmt: skip
PackageId = Annotated[str, StringConstraints(pattern=PACKAGE_ID), Field(examples=["5f1c8d9a2b7e4c3d6a0f9e8b"])]
Organ = Annotated[str, StringConstraints(max_length=20), Field(examples=["H28.20"])]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Base64 = Annotated[
    str, StringConstraints(max_length=1 << 20), AfterValidator(_decodable), Field(json_schema_extra={"contentEncoding": "base64"})
]


class Body(BaseModel):
    """What crosses the wire: strict about names, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def text64(data: bytes) -> str:
    """Bytes as base64."""
    return b64encode(data).decode("ascii")


class ReceiptBody(Body):
    """The axis' signed word that it holds a package. The same package again yields the same receipt, byte for byte."""

    package_id: PackageId
    package_sha256: Sha256
    admitted_at: Instant
    statement: str = Field(description="What was signed: canonical JSON, as UTF-8.")
    signature: Base64 = Field(description="Detached CAdES-B over the statement, DER, without certificates.")

    @classmethod
    def of(cls, one: Receipt) -> ReceiptBody:
        """As it is sent."""
        return cls.model_construct(
            package_id=one.package_id, package_sha256=one.package_sha256.hex(), admitted_at=one.admitted_at,
            statement=one.statement.decode(), signature=text64(one.signature),
        )  # fmt: skip

    def receipt(self, *, stored: bool) -> Receipt:
        """As it was."""
        digest, signature = bytes.fromhex(self.package_sha256), b64decode(self.signature)
        return Receipt(self.package_id, digest, self.admitted_at, self.statement.encode(), signature, stored)


class EnvelopeBody(Body):
    """One line of a mailbox."""

    package_id: PackageId
    kind: PackageKind = Field(description="`edoc` and `status` are edXML packages, `refusal` is the axis' own signed notice.")
    sender: Organ
    available_at: Instant
    priority: int = Field(ge=0, le=4, description="0 normal, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hỏa tốc hẹn giờ.")
    size: int = Field(ge=0, description="Bytes of the package.")

    @classmethod
    def of(cls, one: Envelope) -> EnvelopeBody:
        """As it is sent."""
        return cls.model_construct(
            package_id=one.package_id, kind=one.kind, sender=str(one.sender), available_at=one.available_at, priority=one.priority,
            size=one.size,
        )  # fmt: skip

    def envelope(self) -> Envelope:
        """As it was."""
        return Envelope(self.package_id, self.kind, OrganId(self.sender), self.available_at, self.priority, self.size)


class MailboxBody(Body):
    """What waits in the caller's mailbox, the first lines of it."""

    packages: list[EnvelopeBody]


class OutcomeBody(Body):
    """What became of fetching one package."""

    package_id: PackageId
    ok: bool
    reason: str = Field(default="", max_length=2000)


def _fetched(outcomes: Sequence[OutcomeBody]) -> list[Fetched]:
    return [Fetched(one.package_id, one.ok, one.reason) for one in outcomes]


class ConfirmationsBody(Body):
    """Packages to be taken out of the mailbox: all of them, or none when one is not in it."""

    outcomes: list[OutcomeBody] = Field(max_length=MOST_CONFIRMED)

    def fetched(self) -> list[Fetched]:
        """As the axis takes it."""
        return _fetched(self.outcomes)


class CollectionBody(Body):
    """What was taken before, and what is wanted next."""

    outcomes: list[OutcomeBody] = Field(default=[], max_length=MOST_CONFIRMED, description="Confirmed first: all of them, or none.")
    limit: int = Field(default=100, ge=1, le=MOST_LINES, description="At most so many packages.")
    wait: float = Field(default=0, ge=0, le=LONGEST_WAIT, description="Seconds to wait for mail while there is none.")

    def fetched(self) -> list[Fetched]:
        """As the axis takes it."""
        return _fetched(self.outcomes)


class DeliveryBody(Body):
    """Where one document stands with one recipient."""

    package_id: PackageId
    recipient: Organ
    state: DeliveryState
    since: Instant
    reason: str

    @classmethod
    def of(cls, one: DeliveryView) -> DeliveryBody:
        """As it is sent."""
        return cls.model_construct(
            package_id=one.package_id, recipient=str(one.recipient), state=one.state, since=one.since, reason=one.reason
        )

    def view(self) -> DeliveryView:
        """As it was."""
        return DeliveryView(self.package_id, OrganId(self.recipient), self.state, self.since, self.reason)


class DeliveriesBody(Body):
    """Where the caller's documents stand, one line for each recipient."""

    deliveries: list[DeliveryBody]


class CountBody(Body):
    """How many (document, recipient) pairs are in one state, by its own query."""

    state: DeliveryState
    count: int = Field(ge=0)


class CheckpointBody(Body):
    """The axis' signed word on its whole ledger."""

    origin: str
    number: int
    size: int
    root: Sha256
    at: Instant
    statement: str
    signature: Base64

    @classmethod
    def of(cls, one: Checkpoint) -> CheckpointBody:
        """As it is sent."""
        return cls.model_construct(
            origin=one.origin, number=one.number, size=one.size, root=one.root.hex(), at=one.at, statement=one.statement.decode(),
            signature=text64(one.signature),
        )  # fmt: skip

    def checkpoint(self) -> Checkpoint:
        """As it was; the statement is what counts, whoever reads it for a fact reads :func:`exchange.checkpoints.read_statement`."""
        root, statement = bytes.fromhex(self.root), self.statement.encode()
        return Checkpoint(self.origin, self.number, self.size, root, self.at, statement, b64decode(self.signature))


class NewestBody(Body):
    """The newest checkpoint; nothing before the first sealing."""

    checkpoint: CheckpointBody | None


class InclusionBody(Body):
    """Where a package's admission stands in the ledger of the newest checkpoint (RFC 9162 §2.1.3)."""

    package_id: PackageId
    index: int
    size: int
    leaf: Base64
    proof: list[Sha256]

    @classmethod
    def of(cls, one: Inclusion) -> InclusionBody:
        """As it is sent."""
        return cls.model_construct(
            package_id=one.package_id, index=one.index, size=one.size, leaf=text64(one.leaf), proof=[node.hex() for node in one.proof]
        )

    def inclusion(self) -> Inclusion:
        """As it was."""
        return Inclusion(self.package_id, self.index, self.size, b64decode(self.leaf), tuple(bytes.fromhex(node) for node in self.proof))


class InclusionsBody(Body):
    """One answer for each package asked for, in order; nothing for one that is not sealed yet or is none."""

    inclusions: list[InclusionBody | None]


class ConsistencyBody(Body):
    """That the ledger of ``first`` entries is the beginning of that of ``second`` (RFC 9162 §2.1.4)."""

    first: int
    second: int
    proof: list[Sha256]

    @classmethod
    def of(cls, one: Consistency) -> ConsistencyBody:
        """As it is sent."""
        return cls.model_construct(first=one.first, second=one.second, proof=[node.hex() for node in one.proof])

    def consistency(self) -> Consistency:
        """As it was."""
        return Consistency(self.first, self.second, tuple(bytes.fromhex(node) for node in self.proof))


class ReceiptsBody(Body):
    """The caller's own receipts."""

    receipts: list[ReceiptBody]


class HealthBody(Body):
    """Whether this process is there, and can serve."""

    status: str = Field(examples=["ok"])


class MeaningBody(Body):
    """What a type of problem means for the caller."""

    type: str
    title: str
    status: int
    meaning: str


class MailBody(Body):
    """A mailbox that got mail, and from when on it is there."""

    organ: Organ
    at: Instant


class SettledBody(Body):
    """What a settling moved."""

    mail: list[MailBody]
    open_until: Instant | None = Field(description="The next instant at which something becomes due.")

    @classmethod
    def of(cls, one: Settled) -> SettledBody:
        """As it is sent."""
        mail = [MailBody.model_construct(organ=str(organ), at=at) for organ, at in one.mail]
        return cls.model_construct(mail=mail, open_until=one.open_until)

    def settled(self) -> Settled:
        """As it was."""
        return Settled(tuple((OrganId(one.organ), one.at) for one in self.mail), self.open_until)


class OutageBody(Body):
    """From when until when a hop carries nothing."""

    since: Instant
    until: Instant


class TokenBody(Body):
    """An access token (RFC 6749 §5.1)."""

    access_token: str
    token_type: str = Field(default="Bearer", pattern="^Bearer$")
    expires_in: int
    scope: str = Field(examples=["audit receive submit"])


class TokenErrorBody(Body):
    """Why there is no token (RFC 6749 §5.2)."""

    error: str = Field(examples=["invalid_client"])
    error_description: str


class ProblemBody(BaseModel):
    """RFC 9457 problem details. Members beyond these depend on the type; ``/problems/…`` says what it means."""

    model_config = ConfigDict(extra="allow", frozen=True)
    type: str = Field(examples=["/problems/unknown-package"])
    title: str
    status: int
    detail: str


SCOPES = {
    Scope.SUBMIT: "hand packages to the axis",
    Scope.RECEIVE: "read and confirm the agency's own mailbox",
    Scope.AUDIT: "see what became of the agency's own documents, and the ledger's proofs",
    Scope.OPERATE: "run the axis",
}
