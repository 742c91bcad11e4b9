"""One frozen record per fact, written to a sink as it happens; ``measures/`` folds the records and nothing else.

``at`` is the business instant in whole seconds since the world's start date 00:00 (+07:00); ``agency`` the OrganId (Decision 20 form) of
who acted. Records carry facts, never rates or counters, so a fold can be checked against the axis record by record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

AXIS = "axis"
"""Under this name the axis, and with it the authorities, stand in the trace where they act themselves."""


class Channel(StrEnum):
    """The road one document takes to one recipient."""

    AXIS = "axis"
    PARTY_NETWORK = "party-network"
    EMAIL = "e-mail"
    PAPER = "paper"
    COURIER = "courier"


class Cause(StrEnum):
    """Why something is on paper (or not on the electronic road): always a missing capability or a rule, never a dice roll on a target."""

    NO_SOFTWARE = "no-software"
    NO_CERTIFICATE = "no-certificate"
    NO_COMPUTER = "no-computer"
    NOT_TRAINED = "not-trained"
    RECIPIENT_NOT_CONNECTED = "recipient-not-connected"
    RECIPIENT_ANSWERS_ON_PAPER = "recipient-answers-on-paper"
    RULE_DEMANDS_PAPER = "rule-demands-paper"
    OUTAGE = "outage"
    SECRET = "secret"
    OTHER_NETWORK = "other-network"


class Scope(StrEnum):
    """Between whom a document travels, seen from the province under study."""

    INTERNAL = "internal"
    STATE_IN_PROVINCE = "state-in-province"
    OUTSIDE_PROVINCE = "outside-province"
    PARTY = "party"
    ACROSS_BLOCS = "across-blocs"


@dataclass(frozen=True, slots=True)
class AgencyOpened:
    """What an agency has and can on the first day: every denominator about holders and staff is counted from these."""

    at: int
    agency: str
    name: str
    level: str
    bloc: str
    province: str
    exchanges: bool
    organisation_certificates: int
    person_certificates: int
    staff: int
    mailboxes: int


@dataclass(frozen=True, slots=True)
class CertificatesIssued:
    """Certificates made for the world (one raw signature each), by issuer."""

    at: int
    agency: str
    count: int


@dataclass(frozen=True, slots=True)
class CrlIssued:
    """A revocation list published by a CA (one raw signature)."""

    at: int
    agency: str
    number: int


@dataclass(frozen=True, slots=True)
class PathValidated:
    """One party verified a link of a certificate's path, or a revocation list on it, by ``verifies`` raw operations, and knows it now.

    ``certificate``: whose certificate, or whose list. Agencies and witnesses share what they know of paths; the axis is another machine.
    """

    at: int
    agency: str
    certificate: str
    verifies: int


@dataclass(frozen=True, slots=True)
class Drafted:
    at: int
    agency: str
    document: str
    scope: Scope
    type: str
    urgency: int
    secret: bool
    directive: bool
    officer: str


@dataclass(frozen=True, slots=True)
class Initialled:
    at: int
    agency: str
    document: str
    by: str


@dataclass(frozen=True, slots=True)
class Signed:
    """The leader signed: with a key (one raw signature) or by hand, for a cause."""

    at: int
    agency: str
    document: str
    by: str
    electronic: bool
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Issued:
    """The clerk numbered, sealed and registered it. ``seals`` raw signatures: one for the letter, one per annex; 0 on paper."""

    at: int
    agency: str
    document: str
    number: str
    notation: str
    register_number: int
    seals: int


@dataclass(frozen=True, slots=True)
class Befallen:
    """The letter leaves its office with a fault that the world planned: ``reason`` is its name in the catalogue."""

    at: int
    agency: str
    document: str
    number: str
    notation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Timestamped:
    """Somebody's software asked for a time-stamp on a letter: its sender before sending (``document``), or who keeps it (``archive``).

    ``messages`` requests were sent until one was answered well (``accepted``, the token says ``signed_at``) or it gave up for ``reason``
    (``silent``, ``slow``, ``unavailable``, ``wrong``; then ``signed_at`` is -1). ``count``: tokens the authority signed meanwhile.
    """

    at: int
    agency: str
    document: str
    kind: Literal["document", "archive"]
    accepted: bool
    messages: int
    count: int
    reason: str
    signed_at: int


@dataclass(frozen=True, slots=True)
class Dispatched:
    """One (document, recipient): the road chosen and why. ``paper_too``: a paper copy follows the electronic one."""

    at: int
    agency: str
    document: str
    recipient: str
    scope: Scope
    channel: Channel
    cause: Cause | None
    paper_too: bool
    paper_cause: Cause | None
    level: str
    bloc: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """A package was handed to the axis: with a receipt (the axis signed once, the sender verified once), or rejected under ``rule``."""

    at: int
    agency: str
    document: str
    kind: Literal["edoc", "status"]
    package: str
    receipt: bool
    rule: str


@dataclass(frozen=True, slots=True)
class RefusalReceived:
    """The sender's software got the axis' signed refusal of a document (the axis signed once, the sender verified once)."""

    at: int
    agency: str
    document: str
    recipient: str
    rule: str
    sub_indication: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The axis' verification of an admitted document. ``verifies``: raw signature verifications it took."""

    at: int
    agency: str
    document: str
    package: str
    accepted: bool
    rule: str
    sub_indication: str
    verifies: int


@dataclass(frozen=True, slots=True)
class StampChecked:
    """The axis, or a recipient's clerk, verified a letter's time-stamps together with its signatures (``verifies`` raw verifications).

    ``signed_at`` is the earliest time they prove; where they prove none (not ``accepted``) it is -1, and ``sub_indication`` says why.
    """

    at: int
    agency: str
    document: str
    package: str
    accepted: bool
    sub_indication: str
    signed_at: int
    verifies: int


@dataclass(frozen=True, slots=True)
class RefusalSigned:
    """The axis signed a refusal of one (document, recipient)."""

    at: int
    agency: str
    """The sender refused."""
    document: str
    package: str
    recipient: str
    rule: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """The recipient's software fetched a document (status 01)."""

    at: int
    agency: str
    document: str
    package: str
    sender: str
    signed_at: int
    dispatched_at: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The recipient's clerk verified the letter again, for herself."""

    at: int
    agency: str
    document: str
    package: str
    accepted: bool
    rule: str
    sub_indication: str
    verifies: int


@dataclass(frozen=True, slots=True)
class Registered:
    """Entered in the incoming register with an arrival number (03 where it came electronically)."""

    at: int
    agency: str
    document: str
    channel: Channel
    arrival_number: int
    signed_at: int
    arrived_at: int
    urgency: int


@dataclass(frozen=True, slots=True)
class Preserved:
    """An archive made its copy of a registered letter last longer: ``level`` is what the copy is at now, ``accepted`` whether that is the
    level asked for. What was delivered is unchanged and kept beside it. The same level a second time is its renewal.
    """

    at: int
    agency: str
    document: str
    level: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Returned:
    at: int
    agency: str
    document: str
    channel: Channel
    reason: str


@dataclass(frozen=True, slots=True)
class StatusSent:
    """A status package left (01…06, 13, 15, 16). Unsigned."""

    at: int
    agency: str
    document: str
    code: str
    to: str


@dataclass(frozen=True, slots=True)
class StatusReceived:
    at: int
    agency: str
    document: str
    code: str
    sender: str


@dataclass(frozen=True, slots=True)
class PaperArrived:
    """A paper, courier or e-mail document reached the recipient's clerk."""

    at: int
    agency: str
    document: str
    channel: Channel
    sender: str


@dataclass(frozen=True, slots=True)
class InternalEnded:
    """An internal document came to its end, on screen or on paper for a recorded cause."""

    at: int
    agency: str
    document: str
    level: str
    bloc: str
    on_screen: bool
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Published:
    """A directive was put on the portal, or was not, for a cause."""

    at: int
    agency: str
    document: str
    on_portal: bool
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class MailboxUsed:
    """A person signed in to the personal mailbox, and maybe sent."""

    at: int
    agency: str
    person: str
    messages: int


@dataclass(frozen=True, slots=True)
class NegotiationMoved:
    """Recall, take-back, update or replace: asked, agreed or refused, at the instant the package that says so was handed over.

    A replacement is agreed to by the 03 of the new document, which ``package`` then is; ``document`` is the old one.
    """

    at: int
    agency: str
    document: str
    other: str
    kind: Literal["recall", "take-back", "update", "replace"]
    step: Literal["asked", "agreed", "refused"]
    package: str


@dataclass(frozen=True, slots=True)
class CheckpointSealed:
    """The axis sealed its ledger (one raw signature): so many entries, and the root over them in hexadecimal digits."""

    at: int
    agency: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class CheckpointWitnessed:
    """A level's witness looked at a checkpoint (one raw verification): it continues what was seen before, or is refused under ``rule``."""

    at: int
    agency: str
    size: int
    accepted: bool
    rule: str


Record = (
    AgencyOpened
    | CertificatesIssued
    | CrlIssued
    | PathValidated
    | Drafted
    | Initialled
    | Signed
    | Issued
    | Befallen
    | Timestamped
    | Dispatched
    | Submitted
    | RefusalReceived
    | RefusalSigned
    | Judged
    | StampChecked
    | Arrived
    | Checked
    | Registered
    | Preserved
    | Returned
    | StatusSent
    | StatusReceived
    | PaperArrived
    | InternalEnded
    | Published
    | MailboxUsed
    | NegotiationMoved
    | CheckpointSealed
    | CheckpointWitnessed
)
Sink = Callable[[Record], None]
