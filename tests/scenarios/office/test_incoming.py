"""A document on its way in: the clerk is the gate, one lead handler, a reason for every return, an alert for every duplicate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.domain.identifiers import OrganId
from scenarios.office import incoming
from scenarios.office.errors import OfficeError
from scenarios.office.registers import FOLLOW_UP, INCOMING
from scenarios.trace import Registered, Returned
from tests.scenarios.office.conftest import House

PROVINCE = "H28"


def test_the_way_in(house: House) -> None:
    """Queue, register, assign, start, finish: the registers' legal columns are filled, and the case leaves memory."""
    office, clerk, leader = house.office(PROVINCE), house.person(PROVINCE, "clerk"), house.person(PROVINCE, "leader")
    officer = house.person(PROVINCE, "officer")
    item = house.letter_on_paper(PROVINCE)
    incoming.queue(office, item)
    assert incoming.check(office, clerk, item) == ""
    case = incoming.register(office, clerk, item)
    incoming.assign(office, leader, case, officer, to_answer=True, deadline="04/10/2021")
    incoming.start(office, officer, case)
    incoming.finish(office, officer, case)
    (row,) = house.services.registers.rows(INCOMING)
    assert (row["arrival_number"], row["author"], row["number"], row["receipt"]) == (1, "Bộ Tài chính", "15", officer.name)
    (follow,) = house.services.registers.rows(FOLLOW_UP)
    assert (follow["progress"], follow["deadline"], follow["unit_or_person"]) == ("hoàn thành", "04/10/2021", officer.name)
    assert len(follow) - 1 == 7
    assert (office.queue, office.cases) == ({}, {})
    assert len(house.seen(Registered)) == 1


@pytest.mark.parametrize("written", [False, True], ids=["in the batch", "on disk"])
def test_duplicates_raise_an_alert(house: House, written: bool) -> None:
    """The same identifier, or the same number, notation and issuer under another one, is not registered twice."""
    office, clerk = house.office(PROVINCE), house.person(PROVINCE, "clerk")
    first = house.letter_on_paper(PROVINCE)
    incoming.queue(office, first)
    incoming.register(office, clerk, first)
    if written:
        house.services.registers.flush()
    for again in (house.letter_on_paper(PROVINCE, number="16"), house.letter_on_paper(PROVINCE, document="G12,2021,99")):
        incoming.queue(office, again)
        assert incoming.is_duplicate(office, again)
        with pytest.raises(OfficeError, match="duplicate alert"):
            incoming.register(office, clerk, again)
    other = house.letter_on_paper(PROVINCE, document="G12,2021,98", number="17")
    assert not incoming.is_duplicate(office, other)
    assert not incoming.is_duplicate(house.office("H28.13"), first)
    assert not incoming.is_duplicate(office, replace(first, sender=OrganId("H17"))), "a stranger's identifier keeps nobody out"


def test_only_the_clerk_receives(house: House) -> None:
    """Leaders and officers neither register nor return; nor does the clerk of another agency."""
    office, item = house.office(PROVINCE), house.letter_on_paper(PROVINCE)
    incoming.queue(office, item)
    for person in (house.person(PROVINCE, "leader"), house.person(PROVINCE, "officer"), house.person("H28.13", "clerk")):
        with pytest.raises(OfficeError, match="only the agency's clerk"):
            incoming.register(office, person, item)
        with pytest.raises(OfficeError, match="only the agency's clerk"):
            incoming.send_back(office, person, item, "không thuộc thẩm quyền")
    assert item.document in office.queue


def test_a_return_needs_a_reason_and_comes_before_acceptance(house: House) -> None:
    """Ten characters at least, and never after registration."""
    office, clerk, item = house.office(PROVINCE), house.person(PROVINCE, "clerk"), house.letter_on_paper(PROVINCE)
    incoming.queue(office, item)
    with pytest.raises(OfficeError, match="at least 10"):
        incoming.send_back(office, clerk, item, "sai")
    incoming.register(office, clerk, item)
    with pytest.raises(OfficeError, match="arrival queue"):
        incoming.send_back(office, clerk, item, "không thuộc thẩm quyền")
    with pytest.raises(OfficeError, match="arrival queue"):
        incoming.register(office, clerk, item)
    assert house.seen(Returned) == []


def test_one_lead_handler(house: House) -> None:
    """Only a leader assigns, once, to somebody of the agency; only the lead starts, once, and finishes what was started."""
    office, clerk, leader = house.office(PROVINCE), house.person(PROVINCE, "clerk"), house.person(PROVINCE, "leader")
    officer, other = house.person(PROVINCE, "officer"), house.person(PROVINCE, "officer", 1)
    item = house.letter_on_paper(PROVINCE)
    incoming.queue(office, item)
    case = incoming.register(office, clerk, item)
    with pytest.raises(OfficeError, match="only a leader"):
        incoming.assign(office, officer, case, officer, to_answer=False, deadline="")
    with pytest.raises(OfficeError, match="works elsewhere"):
        incoming.assign(office, leader, case, house.person("H28.13", "officer"), to_answer=False, deadline="")
    incoming.assign(office, leader, case, officer, to_answer=False, deadline="")
    with pytest.raises(OfficeError, match="a lead handler already"):
        incoming.assign(office, leader, case, other, to_answer=False, deadline="")
    with pytest.raises(OfficeError, match="somebody else"):
        incoming.start(office, other, case)
    with pytest.raises(OfficeError, match="never started"):
        incoming.finish(office, officer, case)
    incoming.start(office, officer, case)
    with pytest.raises(OfficeError, match="started before"):
        incoming.start(office, officer, case)
    incoming.finish(office, officer, case)
    with pytest.raises(OfficeError, match="it is closed"):
        incoming.finish(office, officer, case)
