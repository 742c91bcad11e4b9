"""A small field for the axis' tests: real keys, real letters, real packages; four organisations, one ministry, one locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from exchange.api import Caller, Fetched, Receipt, Rejection, Submission
from exchange.axis import Axis
from exchange.bootstrap import open_axis, open_crew
from exchange.crew import Crew
from exchange.domain.calendar import VN
from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId, document_id
from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.domain.organization import Bloc, Directory, Level, Organization, OrganStatus, PersonSigner, Signers
from exchange.domain.transit import HopSpec
from exchange.doorbell import Doorbell
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
from exchange.metering import Metering
from exchange.settings import AxisSettings
from signing import Authority, CadesSigner, Holder, HolderKind, HolderSpec, LetterContent, LetterPress, Pki, PkiSpec, Purpose

START = datetime(2021, 9, 27, 8, 0, tzinfo=VN)
PROVINCE, DEPARTMENT, DISTRICT, NEIGHBOUR, MINISTRY = (OrganId(code) for code in ("H28", "H28.20", "H28.30", "H17", "G12"))
LOCKED, ALIAS, STRANGER = OrganId("H28.77"), OrganId("H28.99"), OrganId("H28.55")
MEMBERS = (PROVINCE, DEPARTMENT, DISTRICT, NEIGHBOUR, MINISTRY)
TODAY = START.date()
NEW = Business()
HOPS = (
    HopSpec("bus:H28", 600, 2),
    HopSpec("bus:H17", 600, 2),
    HopSpec("national", 1200, 5),
)
ANNEX = b"col;value\n1;2\n"


def at(seconds: float) -> datetime:
    """An instant so many seconds after the field's start."""
    return START + timedelta(seconds=seconds)


def secret(organ: OrganId) -> str:
    return f"secret of {organ}"


def caller(organ: OrganId) -> Caller:
    return Caller(organ, secret(organ))


@dataclass(frozen=True)
class Office:
    """One organisation with its seal and its leader."""

    organization: Organization
    seal: Holder
    leader: Holder
    leader_name: str


@cache
def pki() -> Pki:
    return Pki.build(PkiSpec("axis tests"))


def _holder(kind: HolderKind, name: str, unit: str) -> Holder:
    return pki().issue(
        HolderSpec(
            kind, name, Authority.STATE, START - timedelta(days=400), START + timedelta(days=1000), organisation=unit, locality="Hòa Bình"
        )
    )


@cache
def offices() -> dict[OrganId, Office]:
    found = {}
    for organ in MEMBERS:
        level = Level.CENTRAL if organ == MINISTRY else Level.PROVINCE
        aliases = (ALIAS,) if organ == DEPARTMENT else ()
        organization = Organization(organ, f"Cơ quan {organ}", level, Bloc.STATE, "17", aliases=aliases)
        name = f"Nguyễn Văn {organ}"
        found[organ] = Office(
            organization,
            _holder(HolderKind.ORGANISATION, f"Cơ quan {organ}", "Ủy ban nhân dân"),
            _holder(HolderKind.PERSON, name, f"Cơ quan {organ}"),
            name,
        )
    return found


@cache
def directory() -> Directory:
    organizations = [office.organization for office in offices().values()]
    organizations.append(Organization(LOCKED, "Cơ quan bị khóa", Level.PROVINCE, Bloc.STATE, "17", status=OrganStatus.LOCKED))
    signers = {
        organ: Signers.of([office.seal.subject], [PersonSigner(office.leader.subject, office.leader_name, "CHỦ TỊCH")])
        for organ, office in offices().items()
    }
    return Directory(organizations, signers)


@cache
def axis_signer() -> CadesSigner:
    return CadesSigner(
        _holder(HolderKind.ORGANISATION, "Trục liên thông", "Văn phòng Chính phủ"), embed_certificates=False, purpose=Purpose.RECEIPT
    )


def open_field(url: str = "sqlite://", metering: Metering | None = None, **settings: object) -> Axis:
    """An axis with every member enrolled."""
    axis = open_axis(
        replace(AxisSettings(database_url=url), **settings),  # type: ignore[arg-type]
        directory=directory(), trust=pki().trust_store(), signer=axis_signer(), hops=HOPS, metering=metering,
    )  # fmt: skip
    axis.enrol_all({organ: secret(organ) for organ in MEMBERS})
    return axis


def open_crew_of_field(url: str, doorbell: Doorbell, name: str, hops: Sequence[HopSpec] = (), **settings: object) -> Crew:
    """A worker on the field's axis, in any process: keys are a function of their description."""
    return open_crew(
        replace(AxisSettings(database_url=url), **settings),  # type: ignore[arg-type]
        directory=directory(), trust=pki().trust_store(), signer=axis_signer(), hops=hops, doorbell=doorbell, name=name,
    )  # fmt: skip


def open_served_field(url: str, doorbell: Doorbell, hops: Sequence[HopSpec] = (), *, driven: bool = False, **settings: object) -> Axis:
    """The axis behind workers, every member enrolled."""
    axis = open_axis(
        replace(AxisSettings(database_url=url), **settings),  # type: ignore[arg-type]
        directory=directory(), trust=pki().trust_store(), signer=axis_signer(), hops=hops, doorbell=doorbell, driven=driven,
    )  # fmt: skip
    axis.enrol_all({organ: secret(organ) for organ in MEMBERS})
    return axis


@cache
def letter(
    sender: OrganId, recipients: tuple[OrganId, ...], number: str, day: date, *, secrecy: str = "", seal_of: OrganId | None = None
) -> bytes:
    """A complete letter, signed twice."""
    office = offices()[sender]
    content = LetterContent(
        sender_id=str(sender), type_code="CV", notation="UBND-VX", recipient_ids=tuple(str(organ) for organ in recipients),
        name=office.organization.name, place="Hòa Bình", subject="báo cáo tình hình", addressees=("các cơ quan",),
        paragraphs=("Đề nghị các cơ quan báo cáo.",), position="CHỦ TỊCH", signer_name=office.leader_name, secrecy=secrecy,
    )  # fmt: skip
    press = LetterPress()
    first = press.sign(content, CadesSigner(office.leader, purpose=Purpose.LETTER))
    return press.issue(first, number.zfill(2), day, CadesSigner(offices()[seal_of or sender].seal, purpose=Purpose.LETTER))


@dataclass(frozen=True)
class Doc:
    """A document to be sent: its header and attachments, varied with ``replace``."""

    sender: OrganId
    recipients: tuple[OrganId, ...]
    number: str
    day: date = TODAY
    priority: int = 0
    business: Business = NEW
    letter: bytes | None = None
    annexes: tuple[bytes, ...] = ()
    reason: str = ""
    others: dict[str, object] = field(default_factory=dict, compare=False)

    @property
    def header(self) -> EdocHeader:
        office = offices()[self.sender]
        header = EdocHeader(
            sender=Contact(self.sender, office.organization.name),
            recipients=tuple(Contact(organ, f"Cơ quan {organ}") for organ in self.recipients),
            number=self.number, notation="UBND-VX", promulgation_date=self.day, subject="báo cáo tình hình",
            document_id=document_id(self.sender, self.day, self.number, "UBND-VX"), place="Hòa Bình", type=TypeInfo.of(TYPES["CV"]),
            signer=SignerInfo("", "CHỦ TỊCH", office.leader_name), other=OtherInfo(priority=self.priority), business=self.business,
        )  # fmt: skip
        return replace(header, **self.others)  # type: ignore[arg-type]

    def package(self) -> bytes:
        data = self.letter if self.letter is not None else letter(self.sender, self.recipients, self.number, self.day)
        attachments = [OutgoingAttachment("letter", "letter.pdf", data)]
        seal = CadesSigner(offices()[self.sender].seal, purpose=Purpose.ANNEX)
        for index, annex in enumerate(self.annexes, 1):
            attachments += [
                OutgoingAttachment(f"annex{index}", f"annex{index}.csv", annex, "text/csv"),
                OutgoingAttachment(f"sig{index}", f"annex{index}.csv.p7s", seal.sign(_sha256(annex)), "application/pkcs7-signature"),
            ]
        return write_edoc(self.header, attachments)


def _sha256(data: bytes) -> bytes:
    from hashlib import sha256

    return sha256(data).digest()


def report(sender: OrganId, doc: Doc, code: StatusCode, description: str = "x", *, to: OrganId | None = None) -> bytes:
    """A status package about a document."""
    about = to or doc.sender
    return write_status(
        StatusHeader(
            Contact(sender, f"Cơ quan {sender}"),
            ResponseFor(about, f"{doc.number}/UBND-VX", doc.header.document_id, doc.day),
            code,
            START,
            description,
        )
    )


def send(axis: Axis, sender: OrganId, package: bytes, seconds: float) -> Receipt:
    """Submit one package that must be received."""
    (answer,) = axis.submit(caller(sender), [Submission(package)], at(seconds))
    assert isinstance(answer, Receipt), answer
    return answer


def refused(axis: Axis, sender: OrganId, package: bytes, seconds: float) -> Rejection:
    """Submit one package that must leave no row."""
    (answer,) = axis.submit(caller(sender), [Submission(package)], at(seconds))
    assert isinstance(answer, Rejection), answer
    return answer


def take(axis: Axis, organ: OrganId, seconds: float) -> list[bytes]:
    """Everything waiting in a mailbox, fetched and confirmed."""
    lines = axis.waiting(caller(organ), at(seconds))
    packages = axis.fetch(caller(organ), [line.package_id for line in lines], at(seconds))
    data = [package.read() for package in packages]
    axis.confirm(caller(organ), [Fetched(line.package_id, True) for line in lines], at(seconds))
    return data


def states(axis: Axis, receipt: Receipt, sender: OrganId) -> dict[str, DeliveryState]:
    """Recipient → state of one document."""
    return {str(view.recipient): view.state for view in axis.deliveries(caller(sender), [receipt.package_id])}


def total(axis: Axis) -> int:
    """Every pair, counted state by state."""
    return sum(axis.count(state) for state in DeliveryState)


def file_url(path: Path) -> str:
    return f"sqlite:///{path}"
