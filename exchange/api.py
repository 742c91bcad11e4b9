"""The door of the axis: four small Protocols and their frozen requests and answers. Read this first.

The Protocols are the OAuth scopes of the networked service: submit, receive, audit, operate. Every call names its caller and is plural,
so that a clerk's sitting is one transaction. Business instants are whole seconds, timezone-aware, and come in as arguments
(``at``): nothing behind this door reads a wall clock for a business fact.

Problems of one submission are *answers* (:class:`Rejection`), problems of the caller or the machine are *exceptions* of
:mod:`exchange.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.domain.organization import Organization


class Scope(StrEnum):
    """What a caller may do: the four Protocols below, as OAuth scopes (RFC 6749 §3.3)."""

    SUBMIT = "submit"
    RECEIVE = "receive"
    AUDIT = "audit"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an organisation and the secret its software was given at registration."""

    organ: OrganId
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who calls, by an access token that the axis gave out (:class:`Token`): it names the organisation and its scopes."""

    token: str = field(repr=False)


Credential = Caller | Bearer


@dataclass(frozen=True, slots=True)
class Token:
    """An access token: what it allows, and for how many seconds. Worth nothing once the organisation's secret is replaced."""

    value: str = field(repr=False)
    scopes: frozenset[Scope]
    seconds: int


class PackageKind(StrEnum):
    """What travels in a mailbox: the two edXML package kinds, and the axis' own signed refusal."""

    EDOC = "edoc"
    STATUS = "status"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Submission:
    """One edXML package: its bytes, or an open binary stream read once (large packages never sit in memory)."""

    package: bytes | BinaryIO


@dataclass(frozen=True, slots=True)
class Receipt:
    """The axis' signed word that it holds a package. The same package again yields the same bytes for ever.

    ``statement`` is canonical JSON (package id, package SHA-256, sender, kind, admitted-at); ``signature`` a detached CAdES-B over it
    (DER, no embedded certificates), made with the axis' P-256 key inside the admission transaction.
    """

    package_id: str
    package_sha256: bytes
    admitted_at: datetime
    statement: bytes
    signature: bytes
    stored: bool = field(default=False, compare=False)
    """Whether the axis held the package before this submission. Nothing the receipt says, and no part of it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A submission that left no row: which rule, where in the package, and one clear sentence."""

    rule: str
    """Stable kebab-case identifier, e.g. ``duplicate-number``."""
    place: str
    """Element path or byte offset, e.g. ``MessageHeader/Code/CodeNumber``."""
    detail: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One line of a mailbox. Mailboxes order by (urgency, available_at, sender, sender's sequence)."""

    package_id: str
    kind: PackageKind
    sender: OrganId
    available_at: datetime
    priority: int
    size: int
    """Bytes of the package as fetched."""


@dataclass(frozen=True, slots=True)
class Package:
    """A fetched package; ``chunks()`` yields the exact submitted bytes, a chunk at a time."""

    envelope: Envelope
    chunks: _Chunks

    def read(self) -> bytes:
        """The whole package in memory; for packages known to be small."""
        return b"".join(self.chunks())


class _Chunks(Protocol):
    def __call__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """Transport outcome of one fetch, reported by the recipient's software (not a business status)."""

    package_id: str
    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """Where one (document, recipient) stands: exactly one state, with the instants that made it so."""

    package_id: str
    recipient: OrganId
    state: DeliveryState
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What ``settle`` moved: mailboxes that got mail, each with the first instant at which it is there."""

    mail: tuple[tuple[OrganId, datetime], ...]
    open_until: datetime | None
    """The next instant at which something becomes due, ``None`` when nothing is open."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The axis' signed word on its whole ledger: so many entries, and this root over them (RFC 9162 §4.10, in the axis' own form).

    ``number`` counts checkpoints from 1 on without a gap. ``statement`` is canonical JSON (origin, number, size, root, at); ``signature`` a
    detached CAdES-B over it (DER, no embedded certificates), made with the axis' key.
    """

    origin: str
    """Whose ledger: two logs are never compared."""
    number: int
    size: int
    root: bytes
    """RFC 9162 Merkle tree hash, SHA-256."""
    at: datetime
    """Business instant of sealing."""
    statement: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a package's admission stands in the ledger, beside its receipt: ``leaf`` at ``index``, and the path to the root of ``size``.

    ``leaf`` is the canonical JSON whose RFC 9162 leaf hash the tree holds; it names package and sender, and the sender's own gap-free
    sequence number.
    """

    package_id: str
    index: int
    size: int
    leaf: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the ledger of ``first`` entries is the beginning of that of ``second`` (RFC 9162 §2.1.4)."""

    first: int
    second: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one organisation exchanged in a period (Decision 28/2018/QĐ-TTg Art. 11), counted by when packages were admitted."""

    organ: OrganId
    documents: int
    """Documents it sent."""
    sent: Mapping[DeliveryState, int]
    """Its (document, recipient) pairs by the state they are in now."""
    received: Mapping[DeliveryState, int]
    """The pairs of which it is the recipient."""


class Submit(Protocol):
    """Hand packages to the axis (scope ``submit``)."""

    def submit(self, caller: Caller, submissions: Sequence[Submission], at: datetime) -> tuple[Receipt | Rejection, ...]:
        """Admit each package or refuse it, in order; one transaction for all that is small.

        Raises :class:`exchange.errors.Unauthenticated`.
        """
        ...


class Receive(Protocol):
    """An agency's own mailbox (scope ``receive``). No call shows another agency's mail."""

    def waiting(self, caller: Caller, at: datetime, limit: int = 100) -> tuple[Envelope, ...]:
        """Unconfirmed packages available at ``at``, in mailbox order."""
        ...

    def fetch(self, caller: Caller, package_ids: Sequence[str], at: datetime) -> tuple[Package, ...]:
        """The packages, byte for byte. Raises :class:`exchange.errors.UnknownPackage` for any that is not in this mailbox."""
        ...

    def confirm(self, caller: Caller, outcomes: Sequence[Fetched], at: datetime) -> None:
        """Take packages out of the mailbox: fetched, or failed with a reason."""
        ...

    def collect(self, caller: Caller, outcomes: Sequence[Fetched], at: datetime, limit: int = 100) -> tuple[Package, ...]:
        """:meth:`confirm` what was taken before, then the first packages that wait, as many as fit into a page: at most ``limit``.

        What was confirmed stays confirmed whatever becomes of the rest; raises as :meth:`confirm`, and then gives nothing.
        """
        ...


class Audit(Protocol):
    """What happened, for those who may ask (scope ``audit``)."""

    def deliveries(self, caller: Caller, package_ids: Sequence[str]) -> tuple[DeliveryView, ...]:
        """State of every (document, recipient) of the caller's own documents."""
        ...

    def receipts_of(self, caller: Caller, package_ids: Sequence[str]) -> tuple[Receipt, ...]:
        """The receipts of the caller's own packages, in order, as they were first given. Raises :class:`exchange.errors.UnknownPackage`."""
        ...

    def traffic(self, caller: Caller, since: datetime, until: datetime) -> tuple[Traffic, ...]:
        """What the caller, and every organisation beneath it, exchanged from ``since`` to before ``until``, by code; without idle ones.

        Beneath a ministry, province or department is whose code begins with its own; beneath the axis' operator is everybody.
        """
        ...

    def organizations(self, caller: Caller, after: OrganId | None = None, limit: int = 1000) -> tuple[Organization, ...]:
        """The directory in order of codes: organisations after a code, at most so many. Any scope will do."""
        ...

    def count(self, state: DeliveryState) -> int:
        """How many (document, recipient) pairs are in one state, by its own query."""
        ...

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint; ``None`` before the first sealing."""
        ...

    def inclusion(self, package_ids: Sequence[str]) -> tuple[Inclusion | None, ...]:
        """The admission of each package in the ledger of the newest checkpoint, in order; ``None`` for one that is not sealed there.

        Whoever can name a package may ask: the answer holds nothing but what its receipt says.
        """
        ...

    def consistency(self, first: int, second: int) -> Consistency:
        """Proof between two sizes. Raises :class:`exchange.errors.UnknownLedgerSize` when the ledger was never of those sizes."""
        ...


class Operate(Protocol):
    """Run the axis (scope ``operate``)."""

    def settle(self, until: datetime) -> Settled:
        """Do everything due up to and including ``until``: verify, route, move through hops, deliver."""
        ...

    def seal(self, at: datetime) -> Checkpoint:
        """Enter everything that happened and is in no ledger entry yet, and sign what the ledger then is.

        When nothing new happened, the newest checkpoint. Never part of an admission, nor in its way: short transactions of its own.
        """
        ...

    def stop_hop(self, hop: str, since: datetime, until: datetime) -> None:
        """Announce an outage of one hop; only what crosses it waits."""
        ...


class AxisApi(Submit, Receive, Audit, Operate, Protocol):
    """All four in one value: :class:`exchange.axis.Axis` in process."""
