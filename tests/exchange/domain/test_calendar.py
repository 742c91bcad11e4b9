"""Working days of 2021 and the legal deadlines."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.calendar import HOLIDAYS_2021, VN, Calendar, instant

CALENDAR = Calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VN)


def test_2021_has_its_holidays() -> None:
    assert len(HOLIDAYS_2021) == 1 + 7 + 1 + 4 + 4
    assert CALENDAR.next_working_day(date(2021, 2, 9)) == date(2021, 2, 17)
    assert CALENDAR.next_working_day(date(2021, 4, 29)) == date(2021, 5, 4)
    assert CALENDAR.next_working_day(date(2021, 9, 1)) == date(2021, 9, 6)


def test_the_week_of_the_case_study_has_five_working_days() -> None:
    week = list(islice(CALENDAR.working_days(date(2021, 9, 27)), 6))
    assert week == [date(2021, 9, 27) + timedelta(days=n) for n in range(5)] + [date(2021, 10, 4)]


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2021-09-27T06:00:00", "2021-09-27T07:30:00"),
        ("2021-09-27T11:30:00", "2021-09-27T13:00:00"),
        ("2021-09-27T16:59:59", "2021-09-27T16:59:59"),
        ("2021-10-01T17:00:00", "2021-10-04T07:30:00"),
        ("2021-09-01T17:30:00", "2021-09-06T07:30:00"),
    ],
)
def test_offices_open_next(now: str, opening: str) -> None:
    assert CALENDAR.next_office_instant(at(now)) == at(opening)


def test_sending_is_due_on_the_morning_of_the_next_working_day() -> None:
    assert CALENDAR.send_deadline(at("2021-09-27T09:00:00"), 0) == at("2021-09-28T12:00:00")
    assert CALENDAR.send_deadline(at("2021-10-01T16:00:00"), 0) == at("2021-10-04T12:00:00")
    assert CALENDAR.send_deadline(at("2021-10-01T16:00:00"), 3) == at("2021-10-01T16:30:00")


def test_receipt_is_told_within_the_day_and_registration_by_the_next_working_day() -> None:
    assert CALENDAR.receipt_deadline(at("2021-09-27T09:00:00")) == at("2021-09-27T23:59:59")
    assert CALENDAR.receipt_deadline(at("2021-09-27T18:00:00")) == at("2021-09-28T23:59:59")
    assert CALENDAR.register_deadline(at("2021-10-01T09:00:00"), 0) == at("2021-10-04T17:00:00")
    assert CALENDAR.register_deadline(at("2021-10-02T09:00:00"), 2) == at("2021-10-02T09:30:00")


@given(st.datetimes(datetime(2021, 1, 1), datetime(2021, 12, 20)), st.integers(0, 4))  # Hypothesis wants naive bounds
def test_deadlines_never_lie_before_what_they_bound(naive: datetime, urgency: int) -> None:
    now = naive.replace(tzinfo=VN, microsecond=0)
    opening = CALENDAR.next_office_instant(now)
    assert opening >= now
    assert CALENDAR.in_office_hours(opening)
    assert CALENDAR.send_deadline(now, urgency) > now
    assert CALENDAR.receipt_deadline(now) > now
    assert CALENDAR.register_deadline(now, urgency) > now
    assert CALENDAR.is_working_day(CALENDAR.send_deadline(now, 0).date())


def test_instants_are_vietnamese() -> None:
    assert instant(date(2021, 9, 27), time(7, 30)).utcoffset() == timedelta(hours=7)
