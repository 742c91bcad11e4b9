"""Write packages exactly as the national axis' own examples order them: elements in the samples' order per kind, absent values left out.

Texts are brought to NFC and escaped. Attachments are one line of base64 each. Whoever reads a package written here gets the same values.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from exchange.domain.calendar import VN
from exchange.edxml.model import (
    Business,
    Contact,
    EdocHeader,
    Opaque,
    OtherInfo,
    OutgoingAttachment,
    ResponseFor,
    StaffInfo,
    StatusHeader,
    TraceHeader,
)
from exchange.edxml.texts import fault_of
from exchange.errors import EdxmlError

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
_OPEN = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{NAMESPACE}">'
    f'<edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}"><edXML:edXMLHeader><edXML:MessageHeader>'
)
_CONTENT_OPEN = f'<edXML:ContentTransferEncoded xmlns:edXML="{NAMESPACE}">'.encode()
_CONTENT_CLOSE = b"</edXML:ContentTransferEncoded></Attachment>"
_SPECIAL = re.compile("[<>&\r\n\t\x00-\x1f\ufffe\uffff\ud800-\udfff]")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "\r": "&#13;"})
_ATTRIBUTE = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})

Emit = Callable[[str], None]


def _text(value: str, place: str) -> str:
    if not value.isascii():
        fault = fault_of(value)
        if fault is not None:
            raise EdxmlError(place, *fault)
        value = unicodedata.normalize("NFC", value)
    if _SPECIAL.search(value) is None:
        return value
    if _ILLEGAL.search(value) is not None:
        raise EdxmlError(place, "illegal-character", "a control character that XML cannot carry")
    return value.translate(_ESCAPES)


def _put(emit: Emit, name: str, value: str) -> None:
    if value:
        emit(f"<edXML:{name}>{_text(value, name)}</edXML:{name}>")


def _put_number(emit: Emit, name: str, value: int | None) -> None:
    if value is not None:
        emit(f"<edXML:{name}>{value}</edXML:{name}>")


def _put_day(emit: Emit, name: str, value: date | None) -> None:
    if value is not None:
        emit(f"<edXML:{name}>{value.year:04d}/{value.month:02d}/{value.day:02d}</edXML:{name}>")


def _instant(value: datetime) -> str:
    return value.astimezone(VN).strftime("%Y/%m/%d %H:%M:%S").rjust(19, "0")


def write_edoc(header: EdocHeader, attachments: Sequence[OutgoingAttachment] = ()) -> bytes:
    """An ``edoc`` package of any operation. Raises :class:`EdxmlError` for characters XML cannot carry, and for duplicate content ids."""
    if len({attachment.content_id for attachment in attachments}) != len(attachments):
        raise EdxmlError("AttachmentEncoded", "duplicate-element", "two attachments under one ContentId")
    parts: list[str] = [_OPEN]
    emit = parts.append
    _put_message(emit, header)
    _put_trace(emit, header.trace, header.business)
    if header.packet_signature is not None:
        _put_opaque(emit, header.packet_signature)
    emit("</edXML:edXMLHeader>")
    _put_manifest(emit, attachments)
    emit("</edXML:edXMLEnvelope>")
    chunks = ["".join(parts).encode()]
    if attachments:
        chunks.append(b"<AttachmentEncoded>")
        for attachment in attachments:
            chunks += _attachment(attachment)
        chunks.append(b"</AttachmentEncoded>")
    chunks.append(b"</edXML>\n")
    return b"".join(chunks)


def write_status(header: StatusHeader) -> bytes:
    """A ``status`` package. For 13 the caller puts the document's sender into ``sender`` and the recipient asked into ``response_for``."""
    parts: list[str] = [_OPEN]
    emit = parts.append
    _put_contact(emit, "From", header.sender, in_charge_first=False)
    _put_response(emit, header.response_for)
    _put_staff(emit, header.staff, mobile_first=True)
    emit(f"<edXML:StatusCode>{header.code.value}</edXML:StatusCode>")
    _put(emit, "Description", header.description)
    if header.timestamp is not None:
        emit(f"<edXML:Timestamp>{_instant(header.timestamp)}</edXML:Timestamp>")
    emit("</edXML:MessageHeader></edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>\n")
    return "".join(parts).encode()


def _put_message(emit: Emit, header: EdocHeader) -> None:
    _put_contact(emit, "From", header.sender, in_charge_first=True)
    for recipient in header.recipients:
        _put_contact(emit, "To", recipient, in_charge_first=True)
    _put(emit, "DocumentId", header.document_id)
    emit("<edXML:Code>")
    _put(emit, "CodeNumber", header.number)
    _put(emit, "CodeNotation", header.notation)
    emit("</edXML:Code><edXML:PromulgationInfo>")
    _put(emit, "Place", header.place)
    _put_day(emit, "PromulgationDate", header.promulgation_date)
    emit("</edXML:PromulgationInfo><edXML:DocumentType>")
    emit(f"<edXML:Type>{header.type.type}</edXML:Type><edXML:TypeDetail>{header.type.detail}</edXML:TypeDetail>")
    _put(emit, "TypeName", header.type.name)
    emit("</edXML:DocumentType>")
    _put(emit, "Subject", header.subject)
    _put(emit, "Content", header.content)
    emit("<edXML:SignerInfo>")
    _put(emit, "Competence", header.signer.competence)
    _put(emit, "Position", header.signer.position)
    _put(emit, "FullName", header.signer.full_name)
    emit("</edXML:SignerInfo>")
    _put_day(emit, "DueDate", header.due_date)
    _put_other(emit, header.other)
    for response in header.response_for:
        _put_response(emit, response)
    _put_number(emit, "SteeringType", header.steering)
    _put_list(emit, "ToPlaces", "Place", header.to_places)
    emit("</edXML:MessageHeader>")


def _put_contact(emit: Emit, name: str, contact: Contact, *, in_charge_first: bool) -> None:
    emit(f"<edXML:{name}><edXML:OrganId>{contact.organ.qcvn}</edXML:OrganId>")
    if in_charge_first:
        _put(emit, "OrganizationInCharge", contact.in_charge)
        _put(emit, "OrganName", contact.name)
    else:
        _put(emit, "OrganName", contact.name)
        _put(emit, "OrganizationInCharge", contact.in_charge)
    _put(emit, "OrganAdd", contact.address)
    _put(emit, "Email", contact.email)
    _put(emit, "Telephone", contact.telephone)
    _put(emit, "Fax", contact.fax)
    _put(emit, "Website", contact.website)
    emit(f"</edXML:{name}>")


def _put_other(emit: Emit, other: OtherInfo) -> None:
    emit(f"<edXML:OtherInfo><edXML:Priority>{int(other.priority)}</edXML:Priority>")
    _put(emit, "SphereOfPromulgation", other.sphere)
    _put(emit, "TyperNotation", other.typer)
    _put_number(emit, "PromulgationAmount", other.copies)
    _put_number(emit, "PageAmount", other.pages)
    if other.direction is not None:
        emit(f"<edXML:Direction>{'true' if other.direction else 'false'}</edXML:Direction>")
    _put_list(emit, "Appendixes", "Appendix", other.appendixes)
    emit("</edXML:OtherInfo>")


def _put_list(emit: Emit, outer: str, inner: str, values: Iterable[str]) -> None:
    wanted = [value for value in values if value]
    if wanted:
        emit(f"<edXML:{outer}>")
        for value in wanted:
            _put(emit, inner, value)
        emit(f"</edXML:{outer}>")


def _put_response(emit: Emit, response: ResponseFor) -> None:
    emit(f"<edXML:ResponseFor><edXML:OrganId>{response.organ.qcvn}</edXML:OrganId>")
    _put(emit, "Code", response.code)
    _put_day(emit, "PromulgationDate", response.promulgation_date)
    _put(emit, "DocumentId", response.document_id)
    emit("</edXML:ResponseFor>")


def _put_staff(emit: Emit, staff: StaffInfo, *, mobile_first: bool) -> None:
    if staff == StaffInfo():
        return
    emit("<edXML:StaffInfo>")
    _put(emit, "Department", staff.department)
    _put(emit, "Staff", staff.staff)
    for name in ("Mobile", "Email") if mobile_first else ("Email", "Mobile"):
        _put(emit, name, staff.mobile if name == "Mobile" else staff.email)
    emit("</edXML:StaffInfo>")


def _put_trace(emit: Emit, trace: Iterable[TraceHeader], business: Business) -> None:
    emit("<edXML:TraceHeaderList>")
    for hop in trace:
        emit(
            f"<edXML:TraceHeader><edXML:OrganId>{hop.organ.qcvn}</edXML:OrganId>"
            f"<edXML:Timestamp>{_instant(hop.timestamp)}</edXML:Timestamp></edXML:TraceHeader>"
        )
    emit("<edXML:Bussiness>")
    _put(emit, "DocumentId", business.document_id)
    emit(f"<edXML:BussinessDocType>{int(business.operation)}</edXML:BussinessDocType>")
    _put(emit, "BussinessDocReason", business.reason)
    emit(f"<edXML:Paper>{business.paper}</edXML:Paper>")
    _put_staff(emit, business.staff, mobile_first=False)
    _put_document_info(emit, business)
    _put_replacements(emit, business)
    emit("</edXML:Bussiness></edXML:TraceHeaderList>")


def _put_document_info(emit: Emit, business: Business) -> None:
    if business.document_changed is None and business.receivers_changed is None and not business.changes:
        return
    emit("<edXML:BussinessDocumentInfo>")
    for name, flag in (("DocumentInfo", business.document_changed), ("DocumentReceiver", business.receivers_changed)):
        _put_number(emit, name, None if flag is None else int(flag))
    if business.changes:
        emit("<edXML:ReceiverList>")
        for change in business.changes:
            emit(
                f"<edXML:Receiver><edXML:OrganId>{change.organ.qcvn}</edXML:OrganId>"
                f"<edXML:ReceiverType>{int(change.added)}</edXML:ReceiverType></edXML:Receiver>"
            )
        emit("</edXML:ReceiverList>")
    emit("</edXML:BussinessDocumentInfo>")


def _put_replacements(emit: Emit, business: Business) -> None:
    if not business.replacements:
        return
    emit("<edXML:ReplacementInfoList>")
    for replacement in business.replacements:
        emit("<edXML:ReplacementInfo>")
        _put(emit, "DocumentId", replacement.document_id)
        _put_list(emit, "OrganIdList", "OrganId", [organ.qcvn for organ in replacement.organs])
        emit("</edXML:ReplacementInfo>")
    emit("</edXML:ReplacementInfoList>")


def _put_opaque(emit: Emit, element: Opaque) -> None:
    attributes = "".join(f' {name}="{_attribute(value, name)}"' for name, value in element.attributes)
    if not element.text and not element.children:
        emit(f"<{element.name}{attributes} />")
        return
    emit(f"<{element.name}{attributes}>{_text(element.text, element.name)}")
    for child in element.children:
        _put_opaque(emit, child)
    emit(f"</{element.name}>")


def _attribute(value: str, place: str) -> str:
    if _ILLEGAL.search(value) is not None:
        raise EdxmlError(place, "illegal-character", "a control character that XML cannot carry")
    return value.translate(_ATTRIBUTE)


def _put_manifest(emit: Emit, attachments: Sequence[OutgoingAttachment]) -> None:
    emit('<edXML:edXMLBody><edXML:edXMLManifest version="1.0">')
    for attachment in attachments:
        emit("<edXML:Reference>")
        _put(emit, "ContentId", f"cid:{attachment.content_id}")
        _put(emit, "ContentType", attachment.content_type)
        _put(emit, "Description", attachment.description)
        _put(emit, "AttachmentName", attachment.name)
        emit("</edXML:Reference>")
    emit("</edXML:edXMLManifest></edXML:edXMLBody>")


def _attachment(attachment: OutgoingAttachment) -> tuple[bytes, ...]:
    fields = (
        ("ContentId", f"cid:{attachment.content_id}"),
        ("AttachmentName", attachment.name),
        ("Description", attachment.description),
        ("ContentType", attachment.content_type),
    )
    described = "".join(f"<{name}>{_text(value, name)}</{name}>" for name, value in fields if value)
    return (f"<Attachment>{described}".encode(), _CONTENT_OPEN, b2a_base64(attachment.data, newline=False), _CONTENT_CLOSE)
