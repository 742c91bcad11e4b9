"""The archive a store is filled from (:mod:`tools.fill_store`): some hundred documents through the real axis, as fast as it goes.

The agencies and letters are the tamper drill's (:mod:`tools.drill_archive`). A document goes to three recipients; one in fifty is refused;
each recipient fetches and confirms, but one whose software is out of order and leaves a tenth; one delivery in ten is reported on; one
document in fifty is recalled. Everything is sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from exchange.api import Fetched, Receipt, Submission
from exchange.axis import Axis
from exchange.bootstrap import open_axis, open_crew
from exchange.crew import Crew
from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId, document_id
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.doorbell import Silent
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
from exchange.outbox import Stage
from exchange.settings import AxisSettings
from signing import LetterContent
from tools.drill_archive import NOTATION, START, Field, caller

CALL = 16
"""Packages of one call."""
BROKEN = OrganId("H17")
"""Its software leaves a tenth of what it is sent."""
_REFUSED = _RECALLED = 50
_REPORTED = 10
_LEFT = 10


def served(url: str, agencies: Field) -> tuple[Axis, Crew]:
    """An axis without hops as a service has it, and a worker's hands; every agency enrolled."""
    settings = AxisSettings(database_url=url, expire_days=3650)
    axis = open_axis(
        settings, directory=agencies.directory, trust=agencies.pki.trust_store(), signer=agencies.signer, hops=(), doorbell=Silent()
    )
    crew = open_crew(
        settings, directory=agencies.directory, trust=agencies.pki.trust_store(), signer=agencies.signer, hops=(), doorbell=Silent(),
        name="filler",
    )  # fmt: skip
    axis.enrol_all({organ: str(organ) for organ in agencies.offices})
    return axis, crew


def recipients_of(agencies: Field, number: int) -> tuple[OrganId, tuple[OrganId, ...]]:
    """Sender and recipients of a document: all take turns."""
    codes = list(agencies.offices)
    sender = codes[number % len(codes)]
    return sender, tuple(codes[(number + step) % len(codes)] for step in (1, 3, 5))


def header_of(agencies: Field, number: int, day: date) -> EdocHeader:
    """One document's header."""
    sender, recipients = recipients_of(agencies, number)
    return EdocHeader(
        sender=Contact(sender, f"Cơ quan {sender}"), recipients=tuple(Contact(organ, f"Cơ quan {organ}") for organ in recipients),
        number=str(number), notation=NOTATION, promulgation_date=day, subject=f"báo cáo tình hình số {number}",
        document_id=document_id(sender, day, str(number), NOTATION), place="Hòa Bình", type=TypeInfo.of(TYPES["CV"]),
        signer=SignerInfo("", "CHỦ TỊCH", f"Nguyễn Văn {sender}"), other=OtherInfo(priority=number % 3),
    )  # fmt: skip


def package_of(agencies: Field, header: EdocHeader, *, bad: bool = False) -> bytes:
    """The document with its letter signed twice; ``bad``: the second time by somebody else."""
    office = agencies.offices[header.sender_id]
    content = LetterContent(
        sender_id=str(header.sender_id), type_code="CV", notation=NOTATION, recipient_ids=tuple(map(str, header.recipient_ids)),
        name=office.organization.name, place="Hòa Bình", subject=header.subject, addressees=("các cơ quan",),
        paragraphs=("Đề nghị các cơ quan báo cáo trước ngày cuối tháng.",), position="CHỦ TỊCH", signer_name=header.signer.full_name,
    )  # fmt: skip
    first = agencies.press.sign(content, office.leader_signs)
    seal = agencies.offices[header.recipient_ids[0]].seal_signs if bad else office.seal_signs
    letter = agencies.press.issue(first, header.number.zfill(2), header.promulgation_date, seal)
    return write_edoc(header, [OutgoingAttachment("letter", "letter.pdf", letter)])


def report_of(by: OrganId, header: EdocHeader, at: datetime) -> bytes:
    """A recipient says that a document arrived."""
    about = ResponseFor(header.sender_id, f"{header.number}/{header.notation}", header.document_id, header.promulgation_date)
    return write_status(StatusHeader(Contact(by, f"Cơ quan {by}"), about, StatusCode.ARRIVED, at, ""))


def build(url: str, agencies: Field, documents: int) -> None:
    """The archive, in an empty database."""
    axis, crew = served(url, agencies)
    headers = [header_of(agencies, number, START.date()) for number in range(1, documents + 1)]
    letters = [(one.sender_id, package_of(agencies, one, bad=int(one.number) % _REFUSED == 0)) for one in headers]
    submit(axis, letters, START)
    crew.drain(Stage.VERIFY)
    submit(axis, [(one.sender_id, package_of(agencies, _recall(one))) for one in headers if int(one.number) % _RECALLED == 1], _after(60))
    crew.drain(Stage.VERIFY)
    for organ in agencies.offices:
        take(axis, organ, _after(120), leave=_LEFT if organ == BROKEN else 0)
    told = [
        (organ, report_of(organ, one, _after(180))) for one in headers for organ in one.recipient_ids[: int(one.number) % _REPORTED == 7]
    ]
    submit(axis, told, _after(180))
    crew.drain(Stage.ROUTE)
    for organ in agencies.offices:
        take(axis, organ, _after(240), leave=_LEFT if organ == BROKEN else 0)
    axis.seal(_after(300))
    crew.close()
    axis.close()


def _recall(header: EdocHeader) -> EdocHeader:
    return replace(header, business=Business(Operation.RECALL, reason="ban hành nhầm", document_id=header.document_id))


def _after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def submit(axis: Axis, packages: Sequence[tuple[OrganId, bytes]], at: datetime) -> None:
    """Hand them in, each sender's in calls of sixteen; all must be received."""
    for organ in dict.fromkeys(sender for sender, _ in packages):
        own = [Submission(package) for sender, package in packages if sender == organ]
        for start in range(0, len(own), CALL):
            answers = axis.submit(caller(organ), own[start : start + CALL], at)
            assert all(isinstance(one, Receipt) for one in answers), answers


def take(axis: Axis, organ: OrganId, at: datetime, leave: int = 0) -> int:
    """Fetch and confirm what waits, but one in ``leave``; gives how many."""
    lines = [line for index, line in enumerate(axis.waiting(caller(organ), at, 1000)) if not leave or index % leave]
    names = [line.package_id for line in lines]
    for package in axis.fetch(caller(organ), names, at):
        package.read()
    axis.confirm(caller(organ), [Fetched(name, True) for name in names], at)
    return len(names)
