"""Counts of raw operations are written with the work they were for: none lost, none doubled, and what was for nothing is told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from exchange import outbox
from exchange.axis import Axis
from exchange.metering import Paths, Reported
from exchange.outbox import Stage
from exchange.stages import runner
from exchange.stages.guard import NoGuard
from exchange.stages.verify import judge_claims, record
from exchange.store.tables import operation, path_step
from exchange.store.work import Conflict
from signing import METER, READING
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    PROVINCE,
    START,
    TODAY,
    Doc,
    at,
    axis_signer,
    letter,
    offices,
    open_field,
    pki,
    send,
)

UNTIL = round(at(1000).timestamp())


@pytest.fixture
def packages() -> list[bytes]:
    """Made beforehand: what is counted afterwards is the axis' own."""
    docs = [Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(number), annexes=(b"a;b\n",) * (number % 2)) for number in range(1, 5)]
    axis_signer()
    pki().crls(START)
    return [doc.package() for doc in (*docs, Doc(PROVINCE, (LOCKED,), "8"), Doc(PROVINCE, (DEPARTMENT,), "9", letter=b"none"))]


@pytest.fixture
def reporting(store_url: str, packages: list[bytes]) -> Iterator[Axis]:
    axis = open_field(store_url, Reported("here"))
    yield axis
    axis.close()


def done_since(before: tuple[int, ...]) -> dict[tuple[str, str], int]:
    """The meter's own word."""
    counted = zip(READING, METER.reading(), before, strict=True)
    return {(kind, purpose.value): now - then for (kind, purpose), now, then in counted if now != then}


def told(axis: Axis) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
    """What was reported: settled, and again."""
    found = axis.operations()
    settled = {(one.kind, one.purpose): one.settled for one in found if one.settled}
    return settled, {(one.kind, one.purpose): one.again for one in found if one.again}


def test_everything_settled_is_reported_as_the_meter_counts_it(reporting: Axis, packages: list[bytes]) -> None:
    before = METER.reading()
    for number, package in enumerate(packages):
        send(reporting, PROVINCE, package, number)
    reporting.settle(at(60))
    reporting.seal(at(60))
    settled, again = told(reporting)
    assert settled == done_since(before)
    assert again == {}
    verdicts = reporting.judgements_since()
    assert settled["signs", "receipt"] == len(packages)
    assert settled["signs", "refusal"] == len(reporting.refusals_since()) == 2
    assert settled["signs", "checkpoint"] == 1
    assert settled["verifies", "letter"] + settled["verifies", "annex"] == sum(one.verifies for one in verdicts) == 12
    paths = settled["verifies", "certificate"] + settled["verifies", "crl"]
    assert paths == sum(one.verifies for one in reporting.path_steps_since()) > 4


def test_a_transaction_that_must_be_done_again_reports_what_it_did_for_nothing(
    reporting: Axis, packages: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two documents are refused; the first try of their settling is overtaken after it signed."""
    send(reporting, PROVINCE, packages[-1], 0)
    honest, tries = record, []

    def overtaken(*arguments: Any) -> Any:
        mail = honest(*arguments)
        if not tries:
            tries.append(mail)
            raise Conflict("overtaken")
        return mail

    monkeypatch.setattr(runner, "record", overtaken)
    before = METER.reading()
    reporting.settle(at(60))
    settled, again = told(reporting)
    assert settled["signs", "refusal"] == 1
    assert again == {("signs", "refusal"): 1}
    assert done_since(before)["signs", "refusal"] == 2


def test_two_judge_one_document_and_one_of_them_counts(reporting: Axis, packages: list[bytes]) -> None:
    """The lease of the first runs out: the second settles, the first comes late, and what it did stands under again with its next work."""
    for package in packages[:2]:
        send(reporting, PROVINCE, package, 0)
    desk, store = reporting._desk, reporting._store
    before = METER.reading()

    def claimed(name: str) -> list[outbox.Claim]:
        with store.writing() as work:
            return outbox.claim(work, Stage.VERIFY, 1, until=UNTIL, lease=name, seconds=60)

    first = claimed("first")
    late = list(judge_claims(desk, first, NoGuard()))
    with store.writing() as work:
        outbox.renew(work, first, -1)
    second = list(judge_claims(desk, claimed("second"), NoGuard()))
    for judged in (second, late):
        with desk.metering.settling(store) as (work, settlement):
            record(work, desk, judged, settlement)
    letters = ("verifies", "letter")
    settled, again = told(reporting)
    assert (settled[letters], again[letters], done_since(before)[letters]) == (2, 2, 4)
    reporting.settle(at(60))
    settled, again = told(reporting)
    assert (settled[letters], again[letters], done_since(before)[letters]) == (4, 2, 6)
    keys = [one.key for one in reporting.path_steps_since()]
    assert len(set(keys)) == len(keys)  # kept by this process, told once, whoever settled what it was first needed for


def test_nothing_is_left_of_what_was_not_committed(reporting: Axis, packages: list[bytes]) -> None:
    send(reporting, PROVINCE, packages[0], 0)
    before = rows(reporting)
    with pytest.raises(ZeroDivisionError), reporting._desk.metering.settling(reporting._store) as (_, settlement):
        settlement.done.append(1 // 0)  # type: ignore[arg-type]
    assert rows(reporting) == before
    reporting.settle(at(60))
    assert rows(reporting)[0] > before[0]
    assert rows(reporting)[1] > 0


def rows(axis: Axis) -> tuple[int, int]:
    with axis._store.reading() as work:
        return len(work.all(select(operation))), len(work.all(select(path_step)))


def test_a_path_that_leads_nowhere_is_verified_and_told_for_each_document(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal's certificate that names our authority and is not signed by it: tried for each document anew, and kept by nobody."""
    office = offices()[DISTRICT]
    forged = replace(office.seal, certificate_der=office.seal.certificate_der[:-1] + bytes([office.seal.certificate_der[-1] ^ 1]))
    with monkeypatch.context() as changed:
        changed.setitem(offices(), DISTRICT, replace(office, seal=forged))
        packages = [
            Doc(DISTRICT, (PROVINCE,), str(number), letter=letter.__wrapped__(DISTRICT, (PROVINCE,), str(number), TODAY)).package()
            for number in (1, 2)
        ]
    axis = open_field(store_url, Reported("here"))
    before = METER.reading()
    for package in packages:
        send(axis, DISTRICT, package, 0)
    axis.settle(at(60))
    assert [verdict.sub_indication for verdict in axis.judgements_since()] == ["NO_CERTIFICATE_CHAIN_FOUND"] * 2
    strangers = [one for one in axis.path_steps_since() if not one.key]
    assert [one.verifies for one in strangers] == [1, 1]
    settled, again = told(axis)
    assert again == {}
    assert settled == done_since(before)
    axis.close()


def test_an_axis_in_process_tells_its_paths_and_nothing_else(store_url: str, packages: list[bytes]) -> None:
    axis = open_field(store_url, Paths())
    before = METER.reading()
    for number, package in enumerate(packages):
        send(axis, PROVINCE, package, number)
    axis.settle(at(60))
    first = axis.path_steps_since()
    done = done_since(before)
    assert sum(one.verifies for one in first) == done["verifies", "certificate"] + done["verifies", "crl"]
    assert axis.operations() == ()
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "77").package(), 70)
    axis.settle(at(100))
    assert axis.path_steps_since(max(one.cursor for one in first)) == ()  # the same certificates, the same lists
    axis.close()
