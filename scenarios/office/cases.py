"""What lies on the desks of an agency: drafts on their way out, and cases on their way through."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.negotiation import Kind, Negotiation, Step
from exchange.edxml.model import Replacement
from exchange.faults import PackageIncident
from scenarios.trace import Cause, Channel, Scope
from scenarios.world.model import Person
from signing import Incident, PackedUnsealed, pack_unsealed, unpack_unsealed


class Stage(StrEnum):
    """How far a draft has come, and so whose move it is."""

    DRAFTED = "drafted"
    """Unit head acts next: initial."""
    INITIALLED = "initialled"
    """Leader acts next: sign."""
    SIGNED = "signed"
    """Clerk acts next: number, seal, register, send."""
    ISSUED = "issued"
    """Nobody; after issue only recall or replacement."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The document a draft replies to, as read from its package (edXML ResponseFor)."""

    sender: OrganId
    document: str
    number: str
    notation: str
    day: date


@dataclass(frozen=True, slots=True)
class Replaces:
    """The issued document a draft replaces, at which recipients, and why."""

    document: str
    key: DocumentKey
    register_number: int
    organs: tuple[OrganId, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Planned:
    """An incident that waits for its letter: its place among the world's, the fault of the catalogue, and from when on."""

    number: int
    fault: str
    incident: Incident
    package: PackageIncident
    at: int

    @property
    def changes_file(self) -> bool:
        """Whether the finished letter is changed: what comes of it is sent as it is, and no time-stamp is asked for it."""
        return self.incident.letter is not Incident().letter


@dataclass(slots=True)
class Draft:
    """A document of this agency from first word to issue."""

    id: str
    """Identifier given by the software at drafting; travels as edXML DocumentId."""
    type: str
    urgency: int
    secret: bool
    directive: bool
    internal: bool
    scope: Scope
    officer: Person
    head: Person | None
    signer: Person
    recipients: tuple[OrganId, ...]
    drafter: Person
    """Whose computer and training count: the officer, or the colleague who types for one who cannot."""
    answers: Answers | None = None
    answered_arrival: int = 0
    """Arrival number of the document this one answers, for the follow-up register."""
    readers: tuple[Person, ...] = ()
    replaces: Replaces | None = None
    stage: Stage = Stage.DRAFTED
    by_hand: Cause | None = None
    letter: bytes | PackedUnsealed = b""
    """The letter as far as it is signed; packed while it waits for the clerk."""
    signed_at: int = 0
    number: str = ""
    notation: str = ""
    day: date = date.min
    """Its date, given with the number."""
    planned: Planned | None = None
    """The incident that befalls it."""

    def set_aside(self, letter: bytes) -> None:
        """Keep what the leader signed until the clerk takes it up: small, for a tenth of a run's memory would else be such letters."""
        self.letter = pack_unsealed(letter) or letter

    def file(self) -> bytes:
        """The letter's bytes; empty for none."""
        return self.letter if isinstance(self.letter, bytes) else unpack_unsealed(self.letter)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document in the arrival queue, as the software or the postman brought it."""

    document: str
    sender: OrganId
    channel: Channel
    urgency: int
    arrived_at: int
    signed_at: int
    number: str
    notation: str
    day: date
    type_name: str
    subject: str
    recipients: int
    """How many recipients its header names."""
    is_reply: bool
    author: str
    file: object = None
    """The package as kept until the clerk has checked it (an :class:`scenarios.office.keeping.Kept`); ``None`` for paper."""
    package: str = ""
    replaces: tuple[Replacement, ...] = ()
    """Earlier documents it replaces, as its header names them."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a sender asks about a document it sent: recall, take-back or update, as read from its package."""

    kind: Kind
    document: str
    sender: OrganId
    number: str
    notation: str
    day: date
    reason: str
    item: Incoming | None = None
    """The package with its letter, to be checked; ``None`` for a take-back, which is a status package."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a package in the outbox does to a negotiation once it is handed over. ``other``: the agency on the other side."""

    document: str
    other: str
    kind: Kind
    step: Step


@dataclass(slots=True)
class Asked:
    """What was asked about one issued document: the latest negotiation with each recipient."""

    register_number: int
    latest: dict[OrganId, Negotiation] = field(default_factory=dict)


@dataclass(slots=True)
class Case:
    """A registered document until it is finished."""

    incoming: Incoming
    arrival_number: int
    lead: Person | None = None
    started: bool = False
    to_answer: bool = False
    cancelled: bool = False
    """Taken back, recalled or replaced: whoever has it on the desk leaves it."""
