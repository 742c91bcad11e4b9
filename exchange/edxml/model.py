"""What a package says, as values. Field names follow the wire; texts are NFC without outer blanks; empty means absent.

Two kinds exist: ``edoc`` (a document, or an operation on one) and ``status`` (a report about one).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from exchange.domain.document import DocumentType, Urgency, split_code, type_from_edxml
from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from signing import quickly_made


@dataclass(frozen=True, slots=True)
class Contact:
    """``From`` or ``To``: an organisation and how to reach it."""

    organ: OrganId
    name: str = ""
    in_charge: str = ""
    """OrganizationInCharge."""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class StaffInfo:
    """Who handled it at the sending office."""

    department: str = ""
    staff: str = ""
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """``DocumentType`` as on the wire; vendors disagree on the numbers, see :meth:`resolved`."""

    type: int = 2
    detail: int = 0
    name: str = ""

    def resolved(self) -> DocumentType | None:
        """The document type meant, ``None`` when it is none of the 29."""
        return type_from_edxml(self.type, self.detail, self.name)

    @classmethod
    def of(cls, document_type: DocumentType) -> TypeInfo:
        """How Trục writes one of the 29 types."""
        return cls(2, document_type.detail, document_type.name)


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """Competence is the capacity prefix (``TM.``, ``KT.`` …), in old packages with text behind it."""

    competence: str = ""
    position: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class OtherInfo:
    """``OtherInfo``; amounts are ``None`` when absent."""

    priority: Urgency = Urgency.NORMAL
    sphere: str = ""
    typer: str = ""
    copies: int | None = None
    """PromulgationAmount."""
    pages: int | None = None
    direction: bool | None = None
    """True when it directs and operates (chỉ đạo, điều hành)."""
    appendixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseFor:
    """The document answered or reported on. ``code`` is ``number/notation``."""

    organ: OrganId
    code: str
    document_id: str = ""
    promulgation_date: date | None = None


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """One hop: who had it when."""

    organ: OrganId
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class ReceiverChange:
    """One line of an update's ReceiverList: a recipient added or removed."""

    organ: OrganId
    added: bool


@dataclass(frozen=True, slots=True)
class Replacement:
    """One replaced document, and the recipients concerned (none named: all of the new document's)."""

    document_id: str
    organs: tuple[OrganId, ...] = ()


@dataclass(frozen=True, slots=True)
class Business:
    """``Bussiness`` (spelt so on the wire). ``document_id`` names the earlier document an update is about."""

    operation: Operation = Operation.NEW
    reason: str = ""
    paper: int = 0
    """Above 0: paper also sent (the SDK's reading; one vendor writes the number of pages)."""
    staff: StaffInfo = StaffInfo()
    document_id: str = ""
    document_changed: bool | None = None
    receivers_changed: bool | None = None
    changes: tuple[ReceiverChange, ...] = ()
    replacements: tuple[Replacement, ...] = ()

    def added(self) -> frozenset[OrganId]:
        """The recipients that an update names as added; nobody in any other operation."""
        return frozenset(change.organ for change in self.changes if change.added) if self.operation is Operation.UPDATE else frozenset()


@dataclass(frozen=True, slots=True)
class Opaque:
    """An element kept as it came: the packet's XML-DSig, which has no legal force and is not judged (see docs/divergences.md)."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    children: tuple[Opaque, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True)
class EdocHeader:
    """Header of an ``edoc`` package. ``number`` and ``notation`` are CodeNumber and CodeNotation, as spelt."""

    sender: Contact
    recipients: tuple[Contact, ...]
    number: str
    notation: str
    promulgation_date: date
    subject: str
    document_id: str = ""
    place: str = ""
    type: TypeInfo = TypeInfo()
    content: str = ""
    signer: SignerInfo = SignerInfo()
    due_date: date | None = None
    other: OtherInfo = OtherInfo()
    response_for: tuple[ResponseFor, ...] = ()
    steering: int | None = None
    """SteeringType: 1 none, 2 steering, 3 report on steering."""
    to_places: tuple[str, ...] = ()
    trace: tuple[TraceHeader, ...] = ()
    business: Business = Business()
    packet_signature: Opaque | None = None

    @property
    def sender_id(self) -> OrganId:
        """Code of the sender."""
        return self.sender.organ

    @property
    def recipient_ids(self) -> tuple[OrganId, ...]:
        """Codes of the recipients, in the order of the header, without duplicates (the reader refuses them)."""
        return tuple([contact.organ for contact in self.recipients])

    @property
    def key(self) -> DocumentKey:
        """What may exist once. For a recall it is the recalled document's key."""
        return DocumentKey.of(self.sender.organ, self.number, self.notation, self.promulgation_date)

    @property
    def priority(self) -> Urgency:
        """Urgency 0–4."""
        return self.other.priority

    @property
    def operation(self) -> Operation:
        """What the package does: a missing ``Bussiness`` means a new document."""
        return self.business.operation


@dataclass(frozen=True, slots=True)
class StatusHeader:
    """Header of a ``status`` package. It has no ``To``: :attr:`addressee` is ResponseFor/OrganId.

    For 13 ``sender`` is the document's sender and the addressee the recipient asked; for every other code it is the other way round.
    """

    sender: Contact
    response_for: ResponseFor
    code: StatusCode
    timestamp: datetime | None = None
    description: str = ""
    staff: StaffInfo = StaffInfo()

    @property
    def sender_id(self) -> OrganId:
        """Code of the reporting organisation."""
        return self.sender.organ

    @property
    def addressee(self) -> OrganId:
        """Where the report goes."""
        return self.response_for.organ

    @property
    def document_sender(self) -> OrganId:
        """The sender of the document reported on."""
        return self.sender.organ if self.code.by_sender else self.response_for.organ

    @property
    def document_recipient(self) -> OrganId:
        """The recipient whose delivery is reported on."""
        return self.response_for.organ if self.code.by_sender else self.sender.organ

    @property
    def number_and_notation(self) -> tuple[str, str]:
        """The two halves of the code. The reader has checked that there are two."""
        return split_code(self.response_for.code)

    @property
    def document_key(self) -> DocumentKey | None:
        """Key of the document reported on; ``None`` when the package gives no promulgation date (match by sender and code then)."""
        day = self.response_for.promulgation_date
        return None if day is None else DocumentKey.of(self.document_sender, *self.number_and_notation, day)


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    """One attachment as the package describes it; ``ref`` is what the sink gave back, ``size`` the decoded bytes."""

    content_id: str
    name: str
    content_type: str
    description: str
    ref: str
    size: int


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """One attachment to be written."""

    content_id: str
    name: str
    data: bytes
    content_type: str = "application/pdf"
    description: str = ""


Kind = Literal["edoc", "status"]
