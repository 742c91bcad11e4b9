"""Documents nobody fetched in time: over every store, by business time alone, each once, and the sum over states stays what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.administration import Deed
from exchange.api import Fetched
from exchange.audit import audit_archive
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState as S
from exchange.domain.lifecycle import StatusCode
from exchange.doorbell import Silent
from exchange.errors import NotResendable, UnknownPackage
from exchange.receipts import read_refusal
from tests.exchange.axis.field import (
    ALIAS,
    DEPARTMENT,
    DISTRICT,
    MINISTRY,
    NEIGHBOUR,
    PROVINCE,
    Doc,
    at,
    caller,
    file_url,
    open_crew_of_field,
    open_field,
    open_served_field,
    report,
    send,
    states,
    take,
    total,
)
from tests.judges import needs_postgres

DAY = 86_400
OPERATOR = Deed("tests", "it is tried")


@pytest.fixture
def axis(store_url: str) -> Iterator[Axis]:
    """Documents expire after three days."""
    opened = open_field(store_url, expire_days=3)
    yield opened
    opened.close()


def test_what_nobody_fetched_expires_at_its_instant_and_the_sender_is_told(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "100")
    receipt = send(axis, PROVINCE, doc.package(), 0)
    settled = axis.settle(at(600))
    arrived = {view.recipient: view.since for view in axis.deliveries(caller(PROVINCE), [receipt.package_id])}
    first = min(arrived.values()) + timedelta(days=3)
    assert settled.open_until == first, "a kernel is told when to look again"
    take(axis, DISTRICT, 601)
    just_before = axis.settle(arrived[DEPARTMENT] + timedelta(days=3, seconds=-1))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.WAITING, "H28.30": S.FETCHED}
    assert just_before.open_until == arrived[DEPARTMENT] + timedelta(days=3)
    late = axis.settle(at(5 * DAY))
    assert [organ for organ, _ in late.mail] == [PROVINCE]
    assert late.open_until is None
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.EXPIRED, "H28.30": S.FETCHED}
    assert axis.history(receipt.package_id, DEPARTMENT)[-1] == (S.EXPIRED, arrived[DEPARTMENT] + timedelta(days=3))
    (notice,) = (read_refusal(data).refusal for data in take(axis, PROVINCE, 5 * DAY))
    assert (notice.rule, notice.recipient, notice.package_id) == ("expired", "H28.20", receipt.package_id)
    assert notice.at == arrived[DEPARTMENT] + timedelta(days=3)
    assert "did not fetch it within 3 days" in notice.detail
    assert total(axis) == 2
    assert axis.count(S.EXPIRED) == 1


def test_what_expired_is_gone_for_its_recipient(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT, MINISTRY), "100")
    receipt = send(axis, PROVINCE, doc.package(), 0)
    other = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "101").package(), 2 * DAY)
    axis.settle(at(4 * DAY))
    assert [line.package_id for line in axis.waiting(caller(DEPARTMENT), at(4 * DAY))] == [other.package_id]
    with pytest.raises(UnknownPackage):
        axis.fetch(caller(DEPARTMENT), [receipt.package_id], at(4 * DAY))
    axis.confirm(caller(DEPARTMENT), [Fetched(receipt.package_id, True), Fetched(other.package_id, True)], at(4 * DAY))
    assert states(axis, receipt, PROVINCE)["H28.20"] is S.EXPIRED, "a confirmation that comes too late changes nothing, and harms no other"
    assert states(axis, other, PROVINCE) == {"H28.20": S.FETCHED}
    send(axis, DEPARTMENT, report(DEPARTMENT, doc, StatusCode.REGISTERED), 4 * DAY)
    axis.settle(at(4 * DAY + 60))
    assert [read_refusal(data).refusal.rule for data in take(axis, DEPARTMENT, 4 * DAY + 60)] == ["illegal-transition"]
    with pytest.raises(NotResendable, match="not fetched in time"):
        axis.administration.resend(receipt.package_id, DEPARTMENT, OPERATOR)


def test_reports_refusals_and_those_who_reported_without_fetching_wait_on(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "100")
    receipt = send(axis, PROVINCE, doc.package(), 0)
    axis.settle(at(600))
    send(axis, DEPARTMENT, report(DEPARTMENT, doc, StatusCode.ARRIVED), 601)
    axis.settle(at(30 * DAY))
    assert states(axis, receipt, PROVINCE) == {"H28.20": S.ARRIVED, "H28.30": S.EXPIRED}
    assert len(axis.waiting(caller(PROVINCE), at(30 * DAY))) == 2, "the report and the notice"
    assert axis.settle(at(300 * DAY)).mail == ()


def test_each_expires_once_however_many_there_are_and_however_often_one_looks(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.stages.expire.PAGE", 7)
    recipients = (DEPARTMENT, DISTRICT, MINISTRY, NEIGHBOUR)
    for number in range(100, 110):
        send(axis, PROVINCE, Doc(PROVINCE, (*recipients, ALIAS), str(number)).package(), number)
    axis.settle(at(DAY))
    take(axis, MINISTRY, DAY)
    for day in (2, 4, 4, 8):
        axis.settle(at(day * DAY))
    counts = {state: count for state in S if (count := axis.count(state))}
    assert counts == {S.EXPIRED: 30, S.FETCHED: 10, S.FAILED: 10}
    assert total(axis) == sum(counts.values())
    notices = [read_refusal(data).refusal for data in take(axis, PROVINCE, 9 * DAY)]
    assert len({(one.package_id, one.recipient) for one in notices}) == 40
    assert sorted({one.rule for one in notices}) == ["duplicate-recipient", "expired"]


def test_without_a_setting_nothing_ever_expires(store_url: str) -> None:
    axis = open_field(store_url)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100").package(), 0)
    assert axis.settle(at(1000 * DAY)).open_until is None
    assert axis.count(S.WAITING) == 1
    axis.close()


def test_an_audit_understands_what_expired(tmp_path: Path) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"), expire_days=3)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, DISTRICT, ALIAS), "100").package(), 0)
    axis.settle(at(600))
    take(axis, DISTRICT, 600)
    axis.settle(at(9 * DAY))
    take(axis, PROVINCE, 9 * DAY)
    axis.seal(at(9 * DAY))
    axis.close()
    assert audit_archive(tmp_path / "axis.db").findings == ()


@needs_postgres
def test_workers_have_mail_expire_by_the_clock_of_the_machine(postgres_url: str) -> None:
    """The documents of 2021 have waited for years when a worker first looks."""
    axis = open_served_field(postgres_url, Silent(), expire_days=3)
    for number in range(100, 103):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
    crew = open_crew_of_field(postgres_url, Silent(), "w", expire_days=3)
    crew.sweep()
    assert crew.expire() == 3
    assert crew.expire() == 0
    assert axis.count(S.EXPIRED) == 3
    patient = open_crew_of_field(postgres_url, Silent(), "other")
    assert patient.expire() == 0
    for one in (crew, patient, axis):
        one.close()
