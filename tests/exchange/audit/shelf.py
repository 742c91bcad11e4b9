"""A small archive of documents an auditor would ask for: good, long-lasting, revoked, with annexes, stamped, answered and refused.

Built through the real axis, sealed in two checkpoints, and closed; what the tests know of it beside the file stands in :class:`Shelf`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from exchange.api import Fetched, PackageKind, Receipt, Submission
from exchange.axis import Axis
from exchange.checkpoints import CheckpointFile, write_checkpoint
from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId, document_id
from exchange.domain.lifecycle import StatusCode
from exchange.edxml.model import Contact, EdocHeader, OtherInfo, OutgoingAttachment, ResponseFor, SignerInfo, StatusHeader, TypeInfo
from exchange.edxml.writer import write_edoc, write_status
from signing import Holder, LetterContent, RevocationReason
from signing.formats.artefacts import Artefacts
from signing.formats.cades import add_signature_timestamp
from signing.formats.claims import Level
from signing.formats.letter.augment import augment_letter
from tools.drill_archive import START, Field, caller

SENDER, OTHER = OrganId("H28"), OrganId("H28.20")
RECIPIENTS = (OrganId("H28.21"), OrganId("H17"))
NOTATION = "UBND-VX"
LOST = timedelta(minutes=30)
"""When the key of OTHER's leader is revoked."""


def at(minutes: float) -> datetime:
    """So many minutes after the field's start."""
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Shelf:
    """The archive, whose field it is, and package ids by what each is about. ``early`` is the first checkpoint as somebody kept it."""

    path: Path | str
    field: Field
    packages: dict[str, str]
    early: CheckpointFile
    newest: CheckpointFile

    @property
    def root(self) -> bytes:
        """SHA-256 of the field's root, known from outside."""
        return sha256(self.field.pki.root.certificate_der).digest()


def build(path: Path | str) -> Shelf:
    """Write the archive."""
    field = Field("shelf", agencies=6)
    axis = field.open(path)
    packages = {}
    try:
        packages["good"] = send(axis, field, 1, SENDER, 5, annex=True)
        packages["lasting"] = send(axis, field, 2, SENDER, 10, lasting=True)
        packages["stamped"] = send(axis, field, 3, SENDER, 15, annex=True, stamped=True)
        packages["in-time"] = send(axis, field, 1, OTHER, 20)
        answer(axis, 25)
        axis.seal(at(26))
        early = _kept(axis, field)
        field.pki.revoke(field.offices[OTHER].leader.subject, START + LOST, RevocationReason.KEY_COMPROMISE)
        packages["late"] = send(axis, field, 2, OTHER, 24 * 60 + 60)
        axis.seal(at(24 * 60 + 65))
        packages["unsealed"] = send(axis, field, 4, SENDER, 24 * 60 + 70)
        return Shelf(path, field, packages, early, _kept(axis, field))
    finally:
        axis.close()


def _kept(axis: Axis, field: Field) -> CheckpointFile:
    newest = axis.checkpoint()
    assert newest is not None
    assert write_checkpoint(newest, field.signer.holder.certificate_der)
    return CheckpointFile(newest, field.signer.holder.certificate_der)


def header(sender: OrganId, number: int, moment: datetime) -> EdocHeader:
    """A new document to both recipients."""
    day = moment.date()
    return EdocHeader(
        sender=Contact(sender, f"Cơ quan {sender}"), recipients=tuple(Contact(organ, f"Cơ quan {organ}") for organ in RECIPIENTS),
        number=str(number), notation=NOTATION, promulgation_date=day, subject=f"báo cáo số {number}",
        document_id=document_id(sender, day, str(number), NOTATION), place="Hòa Bình", type=TypeInfo.of(TYPES["CV"]),
        signer=SignerInfo("", "CHỦ TỊCH", f"Nguyễn Văn {sender}"), other=OtherInfo(),
    )  # fmt: skip


def letter(field: Field, said: EdocHeader) -> bytes:
    """Signed twice, as the field does it."""
    sender, office = said.sender_id, field.offices[said.sender_id]
    content = LetterContent(
        sender_id=str(sender), type_code="CV", notation=NOTATION, recipient_ids=tuple(str(organ) for organ in said.recipient_ids),
        name=office.organization.name, place="Hòa Bình", subject=said.subject, addressees=("các cơ quan",),
        paragraphs=("Đề nghị các cơ quan báo cáo.",), position="CHỦ TỊCH", signer_name=f"Nguyễn Văn {sender}",
    )  # fmt: skip
    first = field.press.sign(content, office.leader_signs)
    return field.press.issue(first, said.number.zfill(2), said.promulgation_date, office.seal_signs)


def stamp(field: Field, moment: datetime) -> Callable[[bytes], bytes]:
    """The field's time-stamping at an instant."""
    return lambda digest: field.pki.stamp(digest, moment)


def archived(field: Field, data: bytes, moment: datetime) -> bytes:
    """A letter brought to B-LTA within two minutes."""
    unit = field.pki.time_stamping(moment)
    artefacts = Artefacts((unit.certificate_der, *unit.issuer_chain), field.pki.crls(moment))
    data = augment_letter(data, Level.LT, stamp(field, moment - timedelta(minutes=2)), artefacts)
    return augment_letter(data, Level.LTA, stamp(field, moment - timedelta(minutes=1)), artefacts)


def send(
    axis: Axis, field: Field, number: int, sender: OrganId, minutes: float, *, annex: bool = False, stamped: bool = False,
    lasting: bool = False,
) -> str:  # fmt: skip
    """One document; gives its package id."""
    moment = at(minutes)
    said = header(sender, number, moment)
    data = letter(field, said)
    attachments = [OutgoingAttachment("letter", "letter.pdf", archived(field, data, moment) if lasting else data)]
    if annex:
        attachments += _annex(field, sender, moment, stamped=stamped)
    return submit(axis, sender, write_edoc(said, attachments), moment)


def _annex(field: Field, sender: OrganId, moment: datetime, *, stamped: bool) -> Sequence[OutgoingAttachment]:
    data = b"cot;gia tri\n1;2\n"
    cms = field.offices[sender].annex_signs.sign(sha256(data).digest())
    if stamped:
        cms = add_signature_timestamp(cms, stamp(field, moment - timedelta(minutes=1)))
    return (
        OutgoingAttachment("annex", "phu-luc.csv", data, "text/csv"),
        OutgoingAttachment("annex-sig", "phu-luc.csv.p7s", cms, "application/pkcs7-signature"),
    )


def submit(axis: Axis, sender: OrganId, package: bytes, moment: datetime) -> str:
    """Hand it in; it must be received."""
    (said,) = axis.submit(caller(sender), [Submission(package)], moment)
    assert isinstance(said, Receipt), said
    axis.settle(moment + timedelta(seconds=40))
    return said.package_id


def answer(axis: Axis, minutes: float) -> None:
    """Every recipient fetches, and reports that it arrived and was registered."""
    for organ in RECIPIENTS:
        lines = axis.waiting(caller(organ), at(minutes), 100)
        packages = axis.fetch(caller(organ), [line.package_id for line in lines], at(minutes))
        axis.confirm(caller(organ), [Fetched(line.package_id, True) for line in lines], at(minutes))
        for package in packages:
            if package.envelope.kind is PackageKind.EDOC:
                for code in (StatusCode("01"), StatusCode("03")):
                    _report(axis, organ, package.read(), code, at(minutes) + timedelta(seconds=1))
    axis.settle(at(minutes) + timedelta(seconds=30))


def _report(axis: Axis, organ: OrganId, data: bytes, code: StatusCode, moment: datetime) -> None:
    for sender in (SENDER, OTHER):
        for number in range(1, 5):
            said = header(sender, number, START)
            if said.document_id.encode() in data:
                about = ResponseFor(sender, f"{number}/{NOTATION}", said.document_id, said.promulgation_date)
                status = StatusHeader(Contact(organ, f"Cơ quan {organ}"), about, code, moment, f"từ {organ}")
                submit(axis, organ, write_status(status), moment)


def holder(field: Field, organ: OrganId) -> Holder:
    """The leader of an agency."""
    return field.offices[organ].leader
