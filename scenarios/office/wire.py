"""Between an office and the wire: edXML packages written from drafts and cases, and read again from nothing but their bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from sys import intern
from typing import TYPE_CHECKING, Protocol

from exchange.domain.document import Urgency, document_type
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.attached import MemorySink
from exchange.edxml.model import (
    Business,
    Contact,
    EdocHeader,
    OtherInfo,
    OutgoingAttachment,
    Replacement,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusHeader,
    TraceHeader,
    TypeInfo,
)
from exchange.edxml.reader import EdxmlPackage, read
from exchange.edxml.writer import write_edoc
from exchange.edxml.writer import write_status as write_status_package
from exchange.verification import Attachment, Judgement, judge
from scenarios.office.cases import Draft, Incoming
from scenarios.office.letters import letter_content
from scenarios.office.office import Office
from scenarios.office.services import Services
from scenarios.trace import Channel

if TYPE_CHECKING:
    from scenarios.office.dispatch import Annex, Sent

_LETTER_NAME = "van-ban.pdf"
_LETTER_ID = "van-ban"
_FILE_LIMIT = 500
LETTER_START = b"%PDF-"


@dataclass(frozen=True, slots=True)
class Kept:
    """A fetched package until the clerk has checked it: its header as read, and its files by name and digest on the shelf."""

    header: EdocHeader
    files: tuple[tuple[str, str], ...]


class Reported(Protocol):
    """What a status package says of the document it is about."""

    @property
    def sender(self) -> OrganId: ...
    @property
    def document(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def notation(self) -> str: ...
    @property
    def day(self) -> date: ...


def write_document(
    office: Office, item: Draft, organs: tuple[OrganId, ...], annexes: tuple[Annex, ...], paper: bool, replaced: tuple[OrganId, ...] = ()
) -> bytes:
    """The edXML package of an issued document to these recipients; ``replaced``: those at whom it replaces an earlier one."""
    business = Business(paper=int(paper), staff=_staff(item))
    if item.replaces is not None and replaced:
        old = (Replacement(item.replaces.document, replaced),)
        business = replace(business, operation=Operation.REPLACE, reason=item.replaces.reason, replacements=old)
    return _write(office, item, item.day, item.file(), organs, annexes, business)


def write_operation(office: Office, sent: Sent, organs: tuple[OrganId, ...], business: Business) -> bytes:
    """A recall or an update: the letter once more, under what is to be done with it."""
    return _write(office, sent.item, sent.day, sent.letter, organs, sent.files, replace(business, staff=_staff(sent.item)))


def _write(
    office: Office, item: Draft, day: date, letter: bytes, organs: tuple[OrganId, ...], annexes: tuple[Annex, ...], business: Business
) -> bytes:
    kernel, content = office.services.kernel, letter_content(office, item)
    kind = document_type(item.type)
    header = EdocHeader(
        sender=_contact(office.services, office.id),
        recipients=tuple(_contact(office.services, organ) for organ in organs),
        number=item.number,
        notation=item.notation,
        promulgation_date=day,
        subject=content.subject,
        document_id=item.id,
        place=office.agency.place,
        type=TypeInfo.of(kind),
        content=content.subject,
        signer=SignerInfo(content.capacity, item.signer.position, item.signer.name),
        other=OtherInfo(priority=Urgency(item.urgency), copies=len(item.recipients), pages=1, direction=item.directive),
        response_for=_answered(item),
        steering=2 if item.directive else 1,
        to_places=content.to_places,
        trace=(TraceHeader(office.id, kernel.moment),),
        business=business,
    )
    if item.planned is not None:
        header = item.planned.package.header(header)
    files = [OutgoingAttachment(_LETTER_ID, _LETTER_NAME, letter, "application/pdf")]
    for number, annex in enumerate(annexes, 1):
        files.append(OutgoingAttachment(f"phu-luc-{number}", annex.name, annex.data, "application/zip"))
        files.append(OutgoingAttachment(f"phu-luc-{number}-ky", f"{annex.name}.p7s", annex.signature, "application/pkcs7-signature"))
    if item.planned is not None:
        more = enumerate(item.planned.package.more(letter), 1)
        files += [OutgoingAttachment(f"them-{number}", one.name, one.data) for number, one in more]
    return write_edoc(header, files)


def write_take_back(office: Office, sent: Sent, organ: OrganId, reason: str) -> bytes:
    """A status package 13: the document's sender asks one recipient to let it go."""
    item = sent.item
    header = StatusHeader(
        sender=_contact(office.services, office.id),
        response_for=ResponseFor(organ, f"{item.number}/{item.notation}", item.id, sent.day),
        code=StatusCode.TAKE_BACK,
        timestamp=office.services.kernel.moment,
        description=reason[:_FILE_LIMIT],
    )
    return write_status_package(header)


def write_status(office: Office, item: Reported, code: StatusCode, text: str) -> bytes:
    """A status package about a document that came by the axis."""
    header = StatusHeader(
        sender=_contact(office.services, office.id),
        response_for=ResponseFor(item.sender, f"{item.number}/{item.notation}", item.document, item.day),
        code=code,
        timestamp=office.services.kernel.moment,
        description=text[:_FILE_LIMIT],
    )
    return write_status_package(header)


def read_package(data: bytes) -> tuple[EdxmlPackage, Mapping[str, bytes]]:
    """A package and its attachments by reference, read from bytes alone. Raises :class:`exchange.errors.EdxmlError`."""
    sink = MemorySink()
    package = read(data, sink, exact=False)
    return package, sink.data


def read_document(services: Services, data: bytes, package_id: str, channel: Channel) -> Incoming:
    """An arrived document for the arrival queue, its files kept until the clerk checks them."""
    package, blobs = read_package(data)
    return arrived_document(services, package, blobs, package_id, channel)


def arrived_document(services: Services, package: EdxmlPackage, blobs: Mapping[str, bytes], package_id: str, channel: Channel) -> Incoming:
    """The same from a package already read."""
    header = services.shelf.put_header(package_id, package.edoc)
    files = tuple((info.name, services.shelf.put(info.ref, blobs[info.ref])) for info in package.attachments)
    kernel = services.kernel
    signed_at, _ = services.witness.of(header.document_id, kernel.now)
    return Incoming(
        document=intern(header.document_id),  # a hundred recipients wait with the same texts: they are held once
        sender=header.sender_id,
        channel=channel,
        urgency=int(header.priority),
        arrived_at=kernel.now,
        signed_at=signed_at,
        number=intern(header.number),
        notation=intern(header.notation),
        day=header.promulgation_date,
        type_name=intern(header.type.name),
        subject=intern(header.subject),
        recipients=len(header.recipients),
        is_reply=bool(header.response_for),
        author=intern(header.sender.name),
        file=Kept(header, files),
        package=intern(package_id),
        replaces=header.business.replacements,
    )


def judge_kept(office: Office, item: Incoming) -> tuple[Judgement, bytes]:
    """The recipient's own verdict on what it fetched, at the instant of its arrival, by its own validator, and the letter it is about.

    Its files leave the shelf.
    """
    services = office.services
    if not isinstance(item.file, Kept):
        raise TypeError(f"{item.document} came without a file")
    attachments = tuple(Attachment(name, services.shelf.take(ref)) for name, ref in item.file.files)
    services.shelf.drop_header(item.package)
    validator = services.validator(office.id)
    kernel = services.kernel
    at = kernel.moment_of(item.arrived_at)
    verdict = judge(item.file.header, attachments, services.directory, validator, at, stamp_expected=kernel.world.stamps)
    return verdict, next((one.data for one in attachments if one.data.startswith(LETTER_START)), b"")


def forget(office: Office, item: Incoming) -> None:
    """Nobody will check it any more: its files leave the shelf."""
    if isinstance(item.file, Kept):
        for _, ref in item.file.files:
            office.services.shelf.drop(ref)
        office.services.shelf.drop_header(item.package)


def _staff(item: Draft) -> StaffInfo:
    return StaffInfo(item.officer.unit, item.officer.name)


def _contact(services: Services, organ: OrganId) -> Contact:
    agency = services.agencies[organ]
    return Contact(organ, agency.name, agency.parent_name)


def _answered(item: Draft) -> tuple[ResponseFor, ...]:
    if item.answers is None:
        return ()
    answers = item.answers
    return (ResponseFor(answers.sender, f"{answers.number}/{answers.notation}", answers.document, answers.day),)
