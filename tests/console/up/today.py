"""first-day as of today: a world whose certificates hold on the machine's clock, and real letters of its agencies."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from exchange.domain.calendar import VN, Calendar
from exchange.domain.document import TYPES, Capacity
from exchange.domain.identifiers import OrganId, document_id
from exchange.edxml.model import Business, Contact, EdocHeader, OtherInfo, OutgoingAttachment, SignerInfo, TypeInfo
from exchange.edxml.writer import write_edoc
from scenarios.world.file import load_world
from scenarios.world.pki import WorldPki, build
from signing import CadesSigner, LetterContent, LetterPress, Purpose

ROOT = Path(__file__).parents[3]
PROVINCE, DEPARTMENT, DISTRICT = OrganId("H28"), OrganId("H28.13"), OrganId("H28.32")
_NOTATION = "UBND-VP"


def world_file(folder: Path) -> Path:
    """The world's file. It begins on the last working day before today, so that its first day is past whatever the hour is."""
    text = (ROOT / "scenarios" / "library" / "first-day.toml").read_text("utf-8")
    path = folder / "today.toml"
    path.write_text(text.replace("start = 2021-09-27", f"start = {last_working_day(datetime.now(VN).date())}"), encoding="utf-8")
    return path


def last_working_day(today: date) -> date:
    """The last one before ``today``: a world begins on no Saturday, and these tests run on every day."""
    calendar = Calendar()
    return next(day for back in range(1, 30) if calendar.is_working_day(day := today - timedelta(days=back)))


@cache
def issued(path: Path, seed: str) -> WorldPki:
    return build(load_world(str(path), seed))


def package(path: Path, seed: str, number: str, recipients: tuple[OrganId, ...]) -> bytes:
    """A letter of the province to some agencies, signed by its leader and its seal today."""
    world, pki = load_world(str(path), seed), issued(path, seed)
    agency = next(one for one in world.agencies if one.id == PROVINCE)
    leader = next(person for person in agency.people if person.role == "leader")
    day = datetime.now(VN).date()
    content = LetterContent(
        sender_id=str(PROVINCE), type_code="CV", notation=_NOTATION, recipient_ids=tuple(map(str, recipients)), name=agency.name,
        place=agency.place, subject="báo cáo tình hình", addressees=("các cơ quan",), paragraphs=("Đề nghị các cơ quan báo cáo.",),
        capacity=Capacity.ON_BEHALF.value, on_behalf="ỦY BAN NHÂN DÂN", position=leader.position, signer_name=leader.name,
    )  # fmt: skip
    press = LetterPress()
    first = press.sign(content, CadesSigner(pki.persons[leader.id], purpose=Purpose.LETTER))
    seal = pki.organisation(PROVINCE)
    assert seal is not None
    letter = press.issue(first, number, day, CadesSigner(seal, purpose=Purpose.LETTER))
    header = EdocHeader(
        sender=Contact(PROVINCE, agency.name), recipients=tuple(Contact(organ, str(organ)) for organ in recipients), number=number,
        notation=_NOTATION, promulgation_date=day, subject="báo cáo tình hình", document_id=document_id(PROVINCE, day, number, _NOTATION),
        place=agency.place, type=TypeInfo.of(TYPES["CV"]), signer=SignerInfo(Capacity.ON_BEHALF.value, leader.position, leader.name),
        other=OtherInfo(), business=Business(),
    )  # fmt: skip
    return write_edoc(header, [OutgoingAttachment("letter", "letter.pdf", letter)])
