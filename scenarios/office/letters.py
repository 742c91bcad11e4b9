"""From a draft to the words on the page: issuing body, notation, signing capacity, recipients' lines (Decree 30/2020 Annex I)."""

from __future__ import annotations

from exchange.domain.document import Capacity, Secrecy, Urgency, document_type
from scenarios.office.cases import Draft
from scenarios.office.corpus import Text, compose
from scenarios.office.office import Office
from scenarios.world.lettering import kept_at, notation_of
from scenarios.world.model import Person
from signing import LetterContent

_WITHOUT_ADDRESSEE = frozenset({"QĐ", "TB", "KH", "HD", "CT", "GNP", "BB"})
_NAMED = 5
"""So many recipients are named after "Kính gửi", more are named as a group."""


def text_of(office: Office, item: Draft) -> Text:
    """The words of the document."""
    return compose(office.services.kernel.seed, item.id, item.type, office.agency.name)


def letter_content(office: Office, item: Draft) -> LetterContent:
    """Everything the letter says except number, date and signatures."""
    agency, text = office.agency, text_of(office, item)
    subject = text.subject.removeprefix("V/v ")
    capacity, on_behalf = _capacity(office, item.signer)
    return LetterContent(
        sender_id=office.name,
        type_code=item.type,
        type_name="" if item.type == "CV" else document_type(item.type).name,
        notation=item.notation or notation_of(agency.bloc, agency.abbreviation, item.type, item.officer.unit),
        recipient_ids=tuple(str(organ) for organ in item.recipients),
        parent_name=agency.parent_name,
        name=agency.name,
        place=agency.place,
        subject=subject,
        addressees=() if item.type in _WITHOUT_ADDRESSEE else _addressees(office, item),
        paragraphs=text.paragraphs,
        capacity=capacity,
        on_behalf=on_behalf,
        position=item.signer.position,
        signer_name=item.signer.name,
        to_places=("Như trên" if item.type not in _WITHOUT_ADDRESSEE else "Các cơ quan, đơn vị nhận", kept_at(item.officer.unit)),
        urgency=Urgency(item.urgency).mark,
        secrecy=(Secrecy.SECRET if item.secret else Secrecy.NONE).value,
        bloc=agency.bloc.value,
    )


def _capacity(office: Office, signer: Person) -> tuple[str, str]:
    """In whose place the signer signs, and what is written after it."""
    head = next((person for person in office.agency.people if person.role == "leader"), signer)
    if signer.role == "deputy" and head.id != signer.id:
        return Capacity.FOR_HEAD.value, head.position
    if office.agency.abbreviation.startswith("UBND"):
        return Capacity.ON_BEHALF.value, "ỦY BAN NHÂN DÂN"
    return Capacity.HEAD.value, ""


def _addressees(office: Office, item: Draft) -> tuple[str, ...]:
    if item.internal:
        return ("Lãnh đạo cơ quan", "Các phòng, đơn vị trực thuộc")
    if len(item.recipients) > _NAMED:
        return ("Các cơ quan, đơn vị theo danh sách nhận văn bản",)
    return tuple(office.services.agencies[organ].name for organ in item.recipients)
