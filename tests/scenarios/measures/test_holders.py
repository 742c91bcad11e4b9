"""Mailboxes in use, regular use of e-mail, and units that use the signature they hold."""

from __future__ import annotations

import pytest

from scenarios.measures import MeasureId, fold
from scenarios.measures.holders import regular_days
from scenarios.trace import Cause, Channel, MailboxUsed, Record
from tests.scenarios.measures.stream import DAY, NINE, dispatched, opened, world


@pytest.mark.parametrize(("days", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (10, 6)])
def test_three_of_five_working_days_scaled_and_rounded_up(days: int, needed: int) -> None:
    assert regular_days(days) == needed


def sign_ins(agency: str, person: int, days: list[int]) -> list[MailboxUsed]:
    return [MailboxUsed(day * DAY + NINE, agency, f"{agency}/{person}", 1) for day in days]


def test_regular_staff_are_counted_among_all_staff() -> None:
    records: list[Record] = [opened("A", staff=5, mailboxes=4)]
    records += sign_ins("A", 1, [0, 1, 2, 3, 4]) + sign_ins("A", 2, [0, 0, 2, 4]) + sign_ins("A", 3, [0, 4]) + sign_ins("A", 4, [4, 5, 6])
    row = fold(records, world()).row(MeasureId.STAFF_EMAIL)
    assert (row.rate.n, row.rate.d) == (2, 5), "Saturday and Sunday (days 5, 6) are no working days"
    assert row.causes == {"unused": 2, "no-address": 1}


def test_party_mailboxes_in_use() -> None:
    records: list[Record] = [opened("T", "district", "party", staff=3, mailboxes=3), opened("A", mailboxes=9)]
    records += sign_ins("T", 1, [0]) + sign_ins("T", 2, [0, 3])
    row = fold(records, world()).row(MeasureId.PARTY_MAILBOXES)
    assert (row.rate.n, row.rate.d) == (2, 3)
    assert [(part.bloc, part.rate.n, part.rate.d) for part in row.parts] == [("state", 0, 9), ("party", 2, 3)]


def test_units_holding_a_signature_that_had_something_to_send() -> None:
    records: list[Record] = [opened("A"), opened("B"), opened("C"), opened("N", certificates=0), opened("S"), opened("L", exchanges=False)]
    records += [
        dispatched("1", "A", "B"),
        dispatched("2", "B", "A", Channel.PAPER, Cause.NOT_TRAINED),
        dispatched("3", "N", "A", Channel.PAPER, Cause.NO_CERTIFICATE),
        dispatched("4", "S", "A", Channel.COURIER, Cause.SECRET),
    ]
    row = fold(records, world()).row(MeasureId.SIGNATURE_USE)
    assert (row.rate.n, row.rate.d) == (1, 2), "A used it, B did not; C sent nothing, N holds none, S sent only secrets, L is listed only"
