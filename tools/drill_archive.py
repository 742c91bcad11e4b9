"""Builds an archive through the real axis, with real letters, for the tamper drill: senders, recipients, statuses, refusals, negotiations.

Everything is a function of the seed, keys included, so that a drill can act as an insider who holds the axis' own key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from exchange.api import Caller, Fetched, PackageKind, Receipt, Submission
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.checkpoints import write_checkpoint
from exchange.domain.calendar import VN
from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId, document_id
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.domain.organization import Bloc, Directory, Level, Organization, OrganStatus, PersonSigner, Signers
from exchange.domain.transit import HopSpec
from exchange.edxml.model import (
    Business,
    Contact,
    EdocHeader,
    OtherInfo,
    OutgoingAttachment,
    ResponseFor,
    SignerInfo,
    StatusHeader,
    TypeInfo,
)
from exchange.edxml.writer import write_edoc, write_status
from exchange.settings import AxisSettings
from signing import Authority, CadesSigner, Holder, HolderKind, HolderSpec, LetterContent, LetterPress, Pki, PkiSpec, Purpose

START = datetime(2021, 9, 27, 8, 0, tzinfo=VN)
LOCKED = OrganId("H28.77")
HOPS = (HopSpec("bus:H28", 6000, 2), HopSpec("bus:H17", 6000, 2), HopSpec("national", 6000, 5))
NOTATION = "UBND-VX"
_MINUTE, _DAY = 60, 86_400


@dataclass(frozen=True, slots=True)
class _Office:
    organization: Organization
    leader: Holder
    leader_signs: CadesSigner
    seal_signs: CadesSigner
    annex_signs: CadesSigner


class Field:
    """The agencies of a drill: what is needed to open its axis, and to write letters."""

    def __init__(self, seed: str, agencies: int = 12) -> None:
        self.pki = Pki.build(PkiSpec(f"drill/{seed}"))
        codes = [OrganId("H28"), *(OrganId(f"H28.{20 + number}") for number in range(agencies - 2)), OrganId("H17")]
        self.offices = {organ: self._office(organ) for organ in codes}
        locked = Organization(LOCKED, "Cơ quan bị khóa TEST", Level.PROVINCE, Bloc.STATE, "17", status=OrganStatus.LOCKED)
        signers = {
            organ: Signers.of([office.seal_signs.holder.subject], [PersonSigner(office.leader.subject, f"Nguyễn Văn {organ}", "CHỦ TỊCH")])
            for organ, office in self.offices.items()
        }
        self.directory = Directory([*(office.organization for office in self.offices.values()), locked], signers)
        axis = self._holder(HolderKind.ORGANISATION, "Trục liên thông TEST", "Văn phòng Chính phủ TEST")
        self.signer = CadesSigner(axis, embed_certificates=False, purpose=Purpose.RECEIPT)
        self.press = LetterPress()

    def _holder(self, kind: HolderKind, name: str, unit: str) -> Holder:
        ends = START + timedelta(days=1000)
        return self.pki.issue(
            HolderSpec(kind, name, Authority.STATE, START - timedelta(days=400), ends, organisation=unit, locality="Hòa Bình")
        )

    def _office(self, organ: OrganId) -> _Office:
        leader = self._holder(HolderKind.PERSON, f"Nguyễn Văn {organ}", f"Cơ quan {organ}")
        seal = self._holder(HolderKind.ORGANISATION, f"Cơ quan {organ}", "Ủy ban nhân dân")
        return _Office(
            Organization(organ, f"Cơ quan {organ}", Level.PROVINCE, Bloc.STATE, "17"), leader,
            CadesSigner(leader, purpose=Purpose.LETTER),
            CadesSigner(seal, purpose=Purpose.LETTER),
            CadesSigner(seal, purpose=Purpose.ANNEX),
        )  # fmt: skip

    def open(self, place: Path | str) -> Axis:
        """The axis over a database file or the database of an address, every agency enrolled."""
        axis = open_axis(
            AxisSettings(database_url=place if isinstance(place, str) else f"sqlite:///{place}"),
            directory=self.directory,
            trust=self.pki.trust_store(),
            signer=self.signer,
            hops=HOPS,
        )
        axis.enrol_all({organ: str(organ) for organ in self.offices})
        return axis


@dataclass(frozen=True, slots=True)
class _Sent:
    header: EdocHeader
    recipients: tuple[OrganId, ...]


def caller(organ: OrganId) -> Caller:
    """An agency's software, as enrolled by :meth:`Field.open`."""
    return Caller(organ, str(organ))


def build_archive(place: Path | str, field: Field, documents: int, seed: str, *, recipients: int = 0) -> bytes:
    """An archive of so many documents, sealed every fifty; gives the newest checkpoint's file, to be kept outside.

    With ``recipients`` every document is a new and good letter without annexes, to so many of them, and nobody reads or answers it.
    """
    axis = field.open(place)
    rng = Random(f"{seed}/archive")
    sent: dict[OrganId, list[_Sent]] = {organ: [] for organ in field.offices}
    try:
        at = 0
        for number in range(1, documents + 1):
            at += rng.randrange(1, 3) * _MINUTE
            if rng.random() < 20 / documents:
                at += _DAY  # some weeks pass, so that several lists of revoked certificates are in force
            _one(axis, field, rng, number, at, sent, recipients)
            if not recipients and (number % 10 == 0 or number == documents):
                _answers(axis, field, rng, at + 30, sent)
            if number % 50 == 0 or number == documents:
                axis.seal(_instant(at + 45))
        newest = axis.checkpoint()
        assert newest is not None
        return write_checkpoint(newest, field.signer.holder.certificate_der)
    finally:
        axis.close()


def _instant(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def _one(axis: Axis, field: Field, rng: Random, number: int, at: int, sent: dict[OrganId, list[_Sent]], plain: int) -> None:
    """One document: most are new and good; some are refused, some are operations on an earlier one. See :func:`build_archive`."""
    sender = rng.choice(list(field.offices))
    recipients = tuple(rng.sample([organ for organ in field.offices if organ != sender], plain or rng.randrange(1, 4)))
    day = _instant(at).date()
    business, kind = Business(), 1.0 if plain else rng.random()
    earlier = rng.choice(sent[sender]) if sent[sender] else None
    header = EdocHeader(
        sender=Contact(sender, f"Cơ quan {sender}"), recipients=tuple(Contact(organ, f"Cơ quan {organ}") for organ in recipients),
        number=str(number), notation=NOTATION, promulgation_date=day, subject=f"báo cáo tình hình số {number}",
        document_id=document_id(sender, day, str(number), NOTATION), place="Hòa Bình", type=TypeInfo.of(TYPES["CV"]),
        signer=SignerInfo("", "CHỦ TỊCH", f"Nguyễn Văn {sender}"), other=OtherInfo(priority=rng.randrange(3)), business=business,
    )  # fmt: skip
    if kind < 0.03 and earlier is not None:
        recall = Business(Operation.RECALL, reason="ban hành nhầm", document_id=earlier.header.document_id)
        header = replace(earlier.header, business=recall)
    elif kind < 0.05:
        header = replace(header, recipients=(*header.recipients, Contact(LOCKED, "Cơ quan bị khóa TEST")))
    letter = _letter(field, header, rng, bad=0.05 <= kind < 0.08)
    attachments = [OutgoingAttachment("letter", "letter.pdf", letter), *([] if plain else _annexes(field, sender, rng))]
    (answer,) = axis.submit(caller(sender), [Submission(write_edoc(header, attachments))], _instant(at))
    assert isinstance(answer, Receipt), answer
    if header.business.operation is Operation.NEW:
        sent[sender].append(_Sent(header, recipients))
    axis.settle(_instant(at + 20))


def _letter(field: Field, header: EdocHeader, rng: Random, *, bad: bool) -> bytes:
    sender = header.sender_id
    office = field.offices[sender]
    content = LetterContent(
        sender_id=str(sender), type_code="CV", notation=NOTATION, recipient_ids=tuple(str(organ) for organ in header.recipient_ids),
        name=office.organization.name, place="Hòa Bình", subject=header.subject, addressees=("các cơ quan",),
        paragraphs=("Đề nghị các cơ quan báo cáo trước ngày cuối tháng.",), position="CHỦ TỊCH", signer_name=f"Nguyễn Văn {sender}",
    )  # fmt: skip
    first = field.press.sign(content, office.leader_signs)
    seal = office.seal_signs if not bad else rng.choice([one for one in field.offices.values() if one is not office]).seal_signs
    return field.press.issue(first, header.number.zfill(2), header.promulgation_date, seal)


def _annexes(field: Field, sender: OrganId, rng: Random) -> Iterator[OutgoingAttachment]:
    chance = rng.random()
    if chance >= 0.12:
        return
    data = rng.randbytes(300_000 if chance < 0.015 else rng.randrange(100, 4000))
    yield OutgoingAttachment("annex", "phu-luc.bin", data, "application/octet-stream")
    signature = field.offices[sender].annex_signs.sign(sha256(data).digest())
    yield OutgoingAttachment("annex-sig", "phu-luc.bin.p7s", signature, "application/pkcs7-signature")


_WALKS = ((), ("01",), ("01", "03"), ("01", "03"), ("01", "03", "05", "06"), ("01", "02"), ("01", "03", "04", "05", "06"))


def _answers(axis: Axis, field: Field, rng: Random, at: int, sent: dict[OrganId, list[_Sent]]) -> None:
    """Every agency fetches its mail and reports on some of it; one sender takes something back; who was asked agrees or refuses."""
    if rng.random() < 0.6:
        sender = rng.choice([organ for organ, ones in sent.items() if ones] or [next(iter(sent))])
        if sent[sender]:
            one = rng.choice(sent[sender])
            _report(axis, sender, one.recipients[0], one.header, StatusCode.TAKE_BACK, at)
    axis.settle(_instant(at + 1))
    for organ in field.offices:
        lines = axis.waiting(caller(organ), _instant(at + 12), 1000)
        packages = axis.fetch(caller(organ), [line.package_id for line in lines], _instant(at + 12))
        axis.confirm(caller(organ), [Fetched(line.package_id, True) for line in lines], _instant(at + 12))
        for package in packages:
            if package.envelope.kind is PackageKind.EDOC:
                _walk(axis, rng, organ, package.read(), at + 13, sent)
    axis.settle(_instant(at + 14))


def _walk(axis: Axis, rng: Random, organ: OrganId, data: bytes, at: int, sent: dict[OrganId, list[_Sent]]) -> None:
    header = next(one.header for ones in sent.values() for one in reversed(ones) if one.header.document_id.encode() in data)
    if b"<edXML:BussinessDocType>1<" in data:
        codes: tuple[str, ...] = (rng.choice(("15", "16")),)
    else:
        codes = rng.choice(_WALKS)
    for code in codes:
        _report(axis, organ, header.sender_id, header, StatusCode(code), at)


def _report(axis: Axis, sender: OrganId, to: OrganId, header: EdocHeader, code: StatusCode, at: int) -> None:
    about = ResponseFor(to, f"{header.number}/{header.notation}", header.document_id, header.promulgation_date)
    said = StatusHeader(Contact(sender, f"Cơ quan {sender}"), about, code, _instant(at), f"lý do của {sender}")
    axis.submit(caller(sender), [Submission(write_status(said))], _instant(at))
