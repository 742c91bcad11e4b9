"""A document on its way out: the order of Decree 30, and who may not do what."""

from __future__ import annotations

import pytest

from exchange.domain.identifiers import OrganId
from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from scenarios.office import outgoing
from scenarios.office.cases import Draft, Stage
from scenarios.office.errors import OfficeError
from scenarios.office.outgoing import Need
from scenarios.office.registers import KEPT, MAIL, OUTGOING
from scenarios.trace import Cause, Channel, Dispatched, Drafted, InternalEnded, Issued, Published, Scope, Signed
from signing import Validator, read_letter, verify_letter
from tests.scenarios.office.conftest import House

DEPARTMENT = "H28.13"


def a_draft(house: House, **changes: object) -> Draft:
    office = house.office(DEPARTMENT)
    values: dict[str, object] = {
        "id": "H28.13,2021,1", "type": "CV", "scope": Scope.STATE_IN_PROVINCE, "recipients": (OrganId("H28"), OrganId("H28.32")), **changes,
    }  # fmt: skip
    return outgoing.draft(office, house.person(DEPARTMENT, "officer"), Need(**values))  # type: ignore[arg-type]


def sign_off(house: House, item: Draft) -> None:
    office = house.office(DEPARTMENT)
    outgoing.submit(office, item.officer, item)
    outgoing.initial(office, item.head or item.signer, item)
    outgoing.sign(office, item.signer, item)


def issue(house: House, item: Draft) -> bytes:
    """Sign and issue; the package in the outbox."""
    sign_off(house, item)
    office = house.office(DEPARTMENT)
    outgoing.issue(office, house.person(DEPARTMENT, "clerk"), item)
    return office.outbox[-1].data if office.outbox else b""


def test_the_way_out(house: House) -> None:
    """Drafted, initialled, signed with number and date empty, numbered 01, sealed, registered, in the outbox as a package that verifies."""
    item = a_draft(house)
    package, sink = issue(house, item), MemorySink()
    found = read(package, sink)
    assert (item.stage, item.number, item.notation) == (Stage.ISSUED, "01", f"STTTT-{item.notation.partition('-')[2]}")
    assert found.edoc.document_id == item.id
    assert [str(organ) for organ in found.edoc.recipient_ids] == ["H28", "H28.32"]
    pdf = sink.data[found.attachments[0].ref]
    letter = read_letter(pdf)
    assert (letter.number, letter.content.notation, letter.day.isoformat()) == ("01", item.notation, "2021-09-27")
    assert verify_letter(pdf, Validator(house.services.trust), house.kernel.moment).passed
    assert [type(record).__name__ for record in house.records] == ["Drafted", "Initialled", "Signed", "Issued", "Dispatched", "Dispatched"]


def test_the_outgoing_register(house: House) -> None:
    """One row of ten columns, with number and notation, signer and recipients."""
    item = a_draft(house)
    issue(house, item)
    (row,) = house.services.registers.rows(OUTGOING)
    assert row["number_notation"] == f"01/{item.notation}"
    assert row["signer"] == item.signer.name
    assert row["recipients"] == "H28, H28.32"
    assert len(row) - 3 == 10  # besides agency, register number and document


def test_numbers_run_through_the_year(house: House) -> None:
    """Each document gets the next number; a secret one a number of its own series, and goes by courier."""
    for serial in (1, 2):
        issue(house, a_draft(house, id=f"H28.13,2021,{serial}"))
    issue(house, a_draft(house, id="H28.13,2021,3", secret=True))
    assert [record.number for record in house.seen(Issued)] == ["01", "02", "01"]  # type: ignore[attr-defined]
    assert {record.channel for record in house.seen(Dispatched)[-2:]} == {Channel.COURIER}  # type: ignore[attr-defined]
    assert house.seen(Signed)[-1].cause is Cause.SECRET  # type: ignore[attr-defined]
    assert house.services.registers.count(MAIL) == 2


def test_annexes_are_sealed_one_by_one(house: House) -> None:
    """Documents with an annex carry it and its detached signature, and say so in the number of seals."""
    for serial in range(1, 30):
        item = a_draft(house, id=f"H28.13,2021,{serial}", recipients=(OrganId("H28"),))
        package = issue(house, item)
        names = [info.name for info in read(package).attachments]
        seals = house.seen(Issued)[-1].seals  # type: ignore[attr-defined]
        assert names == ["van-ban.pdf"] if seals == 1 else names == ["van-ban.pdf", "phu-luc-01.zip", "phu-luc-01.zip.p7s"]
    assert {record.seals for record in house.seen(Issued)} == {1, 2}  # type: ignore[attr-defined]


def test_an_internal_document_stays_in_the_house(house: House) -> None:
    """Signed twice, kept byte for byte, read by another unit, ended on screen; nothing in the outbox."""
    from scenarios.office import internal

    office = house.office(DEPARTMENT)
    item = a_draft(house, scope=Scope.INTERNAL, internal=True, recipients=(office.id,))
    issue(house, item)
    reader = item.readers[0]
    work = office.desks[reader.id]._heap[-1]
    assert reader.unit != item.officer.unit
    internal.read(office, reader, work.item)
    with pytest.raises(OfficeError, match="not on this desk"):
        internal.read(office, reader, work.item)
    ended = house.seen(InternalEnded)
    assert [(record.on_screen, record.cause) for record in ended] == [(True, None)]  # type: ignore[attr-defined]
    assert office.outbox == []
    assert house.services.registers.count(KEPT) == 1


def test_a_directive_goes_to_the_editor(house: House) -> None:
    """Published by the agency's editor and by nobody else."""
    office = house.office(DEPARTMENT)
    item = a_draft(house, directive=True)
    issue(house, item)
    editor = next(person for person in office.agency.people if any(work.verb == "publish" for work in office.desks[person.id]._heap))
    with pytest.raises(OfficeError, match="another editor"):
        house.services.portal.publish(office, house.person(DEPARTMENT, "clerk"), item)
    house.services.portal.publish(office, editor, item)
    assert [record.on_portal for record in house.seen(Published)] == [True]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("role", "command", "why"),
    [
        ("officer", outgoing.initial, "heads the drafting unit"),
        ("unit-head", outgoing.sign, "only a leader"),
        ("officer", outgoing.issue, "only the clerk"),
        ("leader", outgoing.issue, "different people"),
        ("clerk", outgoing.sign, "only a leader"),
    ],
)
def test_wrong_hands(house: House, role: str, command: object, why: str) -> None:
    """Each command in somebody else's hands is refused in one sentence, and nothing changes."""
    item = a_draft(house)
    before = list(house.records)
    officers = house.office(DEPARTMENT).staff(role)
    person = next((one for one in officers if one.id not in (item.officer.id, item.signer.id)), officers[0])
    with pytest.raises(OfficeError, match=why):
        command(house.office(DEPARTMENT), person, item)  # type: ignore[operator]
    assert house.records == before
    assert item.stage is Stage.DRAFTED


def test_wrong_order(house: House) -> None:
    """No signature before the initial, no number before the signature, nothing twice."""
    office, clerk = house.office(DEPARTMENT), house.person(DEPARTMENT, "clerk")
    item = a_draft(house)
    with pytest.raises(OfficeError, match="has not initialled"):
        outgoing.sign(office, item.signer, item)
    with pytest.raises(OfficeError, match="not signed"):
        outgoing.issue(office, clerk, item)
    sign_off(house, item)
    with pytest.raises(OfficeError, match="already signed"):
        outgoing.sign(office, item.signer, item)
    outgoing.issue(office, clerk, item)
    with pytest.raises(OfficeError, match="it is issued"):
        outgoing.issue(office, clerk, item)
    assert len(house.seen(Issued)) == 1


def test_a_stranger_cannot_draft(house: House) -> None:
    """People of another agency, clerks, and drafts without recipients are refused."""
    office = house.office(DEPARTMENT)
    need = Need("H28.13,2021,1", "CV", Scope.STATE_IN_PROVINCE, (OrganId("H28"),))
    with pytest.raises(OfficeError, match="another agency"):
        outgoing.draft(office, house.person("H28", "officer"), need)
    with pytest.raises(OfficeError, match="for officers"):
        outgoing.draft(office, house.person(DEPARTMENT, "clerk"), need)
    with pytest.raises(OfficeError, match="at least one recipient"):
        outgoing.draft(office, house.person(DEPARTMENT, "officer"), Need("x", "CV", Scope.STATE_IN_PROVINCE, ()))
    assert house.seen(Drafted) == []
