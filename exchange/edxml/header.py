"""The headers of both kinds, from the tree. Limits are those of a provincial checker of 2021 and of Decree 30/2020 Annex VI part II."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import lru_cache

from exchange.domain.calendar import VN
from exchange.domain.document import Urgency, split_code
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.fields import Fields
from exchange.edxml.model import (
    Business,
    Contact,
    EdocHeader,
    Opaque,
    OtherInfo,
    ReceiverChange,
    Replacement,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    TraceHeader,
    TypeInfo,
)
from exchange.edxml.tree import Limits
from exchange.errors import EdxmlError, InvalidNumber

_CODES = {code.value: code for code in StatusCode}
_AMOUNT = 999_999
_REASONED = frozenset({StatusCode.RETURNED, StatusCode.TAKE_BACK})


def read_edoc(header: Fields, limits: Limits, packet_signature: Opaque | None, at: datetime | None) -> EdocHeader:
    """The header of a document package. Raises :class:`EdxmlError` naming field and rule."""
    message = header.child("MessageHeader")
    message.singly("Code", "PromulgationInfo", "DocumentType", "SignerInfo")
    code, info, traces = message.child("Code"), message.child("PromulgationInfo"), header.child("TraceHeaderList")
    promulgated = info.day("PromulgationDate", required=True)
    if promulgated is None:
        raise EdxmlError(info.at("PromulgationDate"), "missing-field")
    if at is not None and promulgated > day_of(at):
        raise EdxmlError(info.at("PromulgationDate"), "future-date", f"{promulgated:%Y/%m/%d} is after {at.astimezone(VN):%Y/%m/%d}")
    return EdocHeader(
        sender=message.part("From", _contact),
        recipients=_recipients(message, limits.recipients),
        number=code.text("CodeNumber", 11, required=True),
        notation=code.text("CodeNotation", 30, required=True),
        promulgation_date=promulgated,
        subject=message.text("Subject", 500, required=True),
        document_id=message.text("DocumentId", 250),
        place=info.text("Place", 50),
        type=message.part("DocumentType", _type),
        content=message.text("Content", 500),
        signer=message.part("SignerInfo", _signer),
        due_date=message.day("DueDate"),
        other=message.part("OtherInfo", _other),
        response_for=tuple(message.parts("ResponseFor", _response)),
        steering=message.number("SteeringType", 0, 9),
        to_places=message.part("ToPlaces", _places),
        trace=tuple(traces.parts("TraceHeader", _trace)),
        business=traces.part("Bussiness", _business_within(limits)),
        packet_signature=packet_signature,
    )


def read_status(header: Fields) -> StatusHeader:
    """The header of a status package. Raises :class:`EdxmlError` naming field and rule."""
    message = header.child("MessageHeader")
    text = message.text("StatusCode", 0, required=True)
    code = _CODES.get(text)
    if code is None:
        raise EdxmlError(message.at("StatusCode"), "out-of-range", f"{text[:10]!r} is none of the nine status codes")
    if not message.has("ResponseFor"):
        raise EdxmlError(message.at("ResponseFor"), "missing-field")
    response = message.part("ResponseFor", _report)
    return StatusHeader(
        sender=message.part("From", _contact),
        response_for=response,
        code=code,
        timestamp=message.instant("Timestamp"),
        description=message.text("Description", 1000, required=code in _REASONED),
        staff=message.part("StaffInfo", _staff),
    )


def day_of(at: datetime) -> date:
    """The day of an instant in Vietnam: no document may be dated after the day on which it is read."""
    return at.astimezone(VN).date()


def are_distinct(contacts: Sequence[Contact]) -> bool:
    """Whether no organisation is named twice."""
    return len(contacts) == 1 or len({contact.organ for contact in contacts}) == len(contacts)


def _contact(one: Fields) -> Contact:
    return Contact(
        organ=one.organ(),
        name=one.text("OrganName", 200),
        in_charge=one.text("OrganizationInCharge", 200),
        address=one.text("OrganAdd", 250),
        email=one.text("Email", 100),
        telephone=one.text("Telephone", 20),
        fax=one.text("Fax", 20),
        website=one.text("Website", 100),
    )


def _recipients(message: Fields, limit: int) -> tuple[Contact, ...]:
    contacts = tuple(message.parts("To", _contact))
    if not contacts:
        raise EdxmlError(message.at("To"), "missing-field", "at least one recipient")
    if len(contacts) > limit:
        raise EdxmlError(message.at("To"), "too-large", f"more than {limit} recipients")
    if are_distinct(contacts):
        return contacts
    seen: set[OrganId] = set()
    for number, contact in enumerate(contacts, 1):
        if contact.organ in seen:
            raise EdxmlError(f"{message.at('To')}[{number}]/OrganId", "duplicate-recipient", f"{contact.organ} stands twice")
        seen.add(contact.organ)
    return contacts


def _places(listing: Fields) -> tuple[str, ...]:
    return listing.all("Place", 150)


def _type(kind: Fields) -> TypeInfo:
    return TypeInfo(kind.number("Type", 0, 99) or 0, kind.number("TypeDetail", 0, 999) or 0, kind.text("TypeName", 100))


def _signer(signer: Fields) -> SignerInfo:
    return SignerInfo(signer.text("Competence", 100), signer.text("Position", 100), signer.text("FullName", 50))


def _other(other: Fields) -> OtherInfo:
    return OtherInfo(
        priority=Urgency(other.number("Priority", 0, 4) or 0),
        sphere=other.text("SphereOfPromulgation", 100),
        typer=other.text("TyperNotation", 10),
        copies=other.number("PromulgationAmount", 0, _AMOUNT),
        pages=other.number("PageAmount", 0, _AMOUNT),
        direction=other.flag("Direction"),
        appendixes=other.child("Appendixes").all("Appendix", 500),
    )


def _response(one: Fields) -> ResponseFor:
    return ResponseFor(one.organ(), one.text("Code", 42, required=True), one.text("DocumentId", 250), one.day("PromulgationDate"))


def _report(one: Fields) -> ResponseFor:
    """What a status package reports on; number and notation must be two."""
    response = _response(one)
    try:
        split_code(response.code)
    except InvalidNumber as error:
        raise EdxmlError(one.at("Code"), "wrong-type", str(error)) from None
    return response


def _trace(one: Fields) -> TraceHeader:
    timestamp = one.instant("Timestamp", required=True)
    if timestamp is None:
        raise EdxmlError(one.at("Timestamp"), "missing-field")
    return TraceHeader(one.organ(), timestamp)


def _staff(one: Fields) -> StaffInfo:
    return StaffInfo(one.text("Department", 200), one.text("Staff", 100), one.text("Email", 100), one.text("Mobile", 20))


@lru_cache(maxsize=8)
def _business_within(limits: Limits) -> Callable[[Fields], Business]:
    return lambda one: _business(one, limits)


def _business(one: Fields, limits: Limits) -> Business:
    info = one.child("BussinessDocumentInfo")
    business = Business(
        operation=Operation(one.number("BussinessDocType", 0, 3) or 0),
        reason=one.text("BussinessDocReason", 500),
        paper=one.number("Paper", 0, _AMOUNT) or 0,
        staff=_staff(one.child("StaffInfo")),
        document_id=one.text("DocumentId", 250),
        document_changed=info.flag("DocumentInfo"),
        receivers_changed=info.flag("DocumentReceiver"),
        changes=tuple(_change(line) for line in _at_most(limits.recipients, info.child("ReceiverList"), "Receiver")),
        replacements=tuple(
            _replacement(line, limits.recipients)
            for line in _at_most(limits.replacements, one.child("ReplacementInfoList"), "ReplacementInfo")
        ),
    )
    if business.operation is Operation.REPLACE and not business.replacements:
        raise EdxmlError(one.at("ReplacementInfoList"), "missing-field", "a replacement names what it replaces")
    return business


def _at_most(limit: int, listing: Fields, name: str) -> list[Fields]:
    """What each line asks for is done for every recipient, so a list of its own length would be paid many times over."""
    lines = listing.children(name)
    if len(lines) > limit:
        raise EdxmlError(listing.at(name), "too-large", f"more than {limit} lines")
    return lines


def _change(line: Fields) -> ReceiverChange:
    added = line.flag("ReceiverType")
    if added is None:
        raise EdxmlError(line.at("ReceiverType"), "missing-field", "0 removed, 1 added")
    return ReceiverChange(line.organ(), added)


def _replacement(line: Fields, limit: int) -> Replacement:
    listing = line.child("OrganIdList")
    texts = listing.all("OrganId", 35)
    if len(texts) > limit:
        raise EdxmlError(listing.at("OrganId"), "too-large", f"more than {limit} organisations")
    organs = tuple(Fields({"OrganId": [text]}, "", listing).organ() for text in texts)
    return Replacement(line.text("DocumentId", 250, required=True), organs)
