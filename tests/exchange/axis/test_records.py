"""What the record tells its owners: receipts again, statistics of a period, the directory; each in every way to build the axis."""

from __future__ import annotations

from datetime import timedelta

import pytest

from exchange.api import Caller
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.errors import UnknownPackage
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    MINISTRY,
    NEIGHBOUR,
    PROVINCE,
    START,
    STRANGER,
    Doc,
    at,
    caller,
    send,
    take,
)

S = DeliveryState
OPERATOR = Caller(OrganId("G22"), "secret of the operator")
EVER = (START - timedelta(days=1), START + timedelta(days=1))


def test_a_receipt_is_given_again_byte_for_byte_and_to_its_owner_alone(axis: Axis) -> None:
    receipts = [send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), number).package(), 0) for number in ("15", "16")]
    names = [receipt.package_id for receipt in reversed(receipts)]
    assert axis.receipts_of(caller(PROVINCE), names) == tuple(reversed(receipts))
    for stranger, asked in ((DEPARTMENT, names[:1]), (PROVINCE, [*names, "0" * 24])):
        with pytest.raises(UnknownPackage):
            axis.receipts_of(caller(stranger), asked)


def test_statistics_are_counted_for_an_organisation_and_those_beneath_it(axis: Axis) -> None:
    axis.enrol(OPERATOR.organ, OPERATOR.secret)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, NEIGHBOUR, STRANGER), "15").package(), 0)
    send(axis, DEPARTMENT, Doc(DEPARTMENT, (DISTRICT,), "7").package(), 10)
    axis.settle(at(600))
    take(axis, DEPARTMENT, 600)
    of_province = {one.organ: (one.documents, dict(one.sent), dict(one.received)) for one in axis.traffic(caller(PROVINCE), *EVER)}
    assert of_province == {
        PROVINCE: (1, {S.FETCHED: 1, S.WAITING: 1, S.FAILED: 1}, {}),
        DEPARTMENT: (1, {S.WAITING: 1}, {S.FETCHED: 1}),
        DISTRICT: (0, {}, {S.WAITING: 1}),
    }
    assert [one.organ for one in axis.traffic(caller(DEPARTMENT), *EVER)] == [DEPARTMENT]
    assert [one.organ for one in axis.traffic(caller(NEIGHBOUR), *EVER)] == [NEIGHBOUR]
    assert axis.traffic(caller(MINISTRY), *EVER) == ()
    assert {one.organ for one in axis.traffic(OPERATOR, *EVER)} == {*of_province, NEIGHBOUR, STRANGER}


def test_a_period_ends_before_its_end(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15").package(), 0)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "16").package(), 60)
    for since, until, documents in ((0, 60, [1]), (0, 61, [2]), (60, 61, [1]), (61, 99, [])):
        assert [one.documents for one in axis.traffic(caller(PROVINCE), at(since), at(until)) if one.organ == PROVINCE] == documents


def test_the_directory_is_read_a_page_at_a_time(axis: Axis) -> None:
    whole = axis.organizations(caller(DISTRICT))
    assert {one.id for one in whole} >= {PROVINCE, DEPARTMENT, LOCKED}
    assert list(whole) == sorted(whole, key=lambda one: one.id)
    pages, after = [], None
    while page := axis.organizations(caller(DISTRICT), after, 2):
        pages += page
        after = page[-1].id
    assert tuple(pages) == whole
