"""Business time: Vietnamese civil time, working days of 2021, office hours, and the legal deadlines of sending and receiving."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

VN = timezone(timedelta(hours=7))
"""Vietnamese civil time, the time base of the axis (Decision 28/2018 Art. 14.4)."""
MORNING = (time(7, 30), time(11, 30))
"""Office hours, forenoon. Labelled assumption: hours are set by each province."""
AFTERNOON = (time(13, 0), time(17, 0))
"""Office hours, afternoon. Labelled assumption."""
NOON = time(12, 0)
"""End of 'the morning' in which a document must have left (Decision 28/2018 Art. 6)."""
AT_ONCE = timedelta(minutes=30)
"""How 'at once' is measured for urgent documents. Labelled assumption: the law gives no number."""


def _days(first: date, last: date) -> frozenset[date]:
    return frozenset(first + timedelta(days=n) for n in range((last - first).days + 1))


HOLIDAYS_2021 = (
    _days(date(2021, 1, 1), date(2021, 1, 1))
    | _days(date(2021, 2, 10), date(2021, 2, 16))
    | _days(date(2021, 4, 21), date(2021, 4, 21))
    | _days(date(2021, 4, 30), date(2021, 5, 3))
    | _days(date(2021, 9, 2), date(2021, 9, 5))
)
"""New Year, Tết, Hùng Kings, 30 April–1 May with the days in lieu, National Day."""


def instant(day: date, clock: time) -> datetime:
    """A business instant in Vietnamese civil time."""
    return datetime.combine(day, clock, VN)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days: Monday to Friday without ``holidays``."""

    holidays: frozenset[date] = HOLIDAYS_2021

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no holiday."""
        return day.weekday() < 5 and day not in self.holidays

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``."""
        following = day + timedelta(days=1)
        while not self.is_working_day(following):
            following += timedelta(days=1)
        return following

    def working_days(self, first: date) -> Iterator[date]:
        """Working days from ``first`` on (itself included when it is one), without end."""
        day = first if self.is_working_day(first) else self.next_working_day(first)
        while True:
            yield day
            day = self.next_working_day(day)

    def in_office_hours(self, at: datetime) -> bool:
        """Whether offices are open: [07:30, 11:30) and [13:00, 17:00) of a working day."""
        local = at.astimezone(VN)
        clock = local.time()
        return self.is_working_day(local.date()) and (MORNING[0] <= clock < MORNING[1] or AFTERNOON[0] <= clock < AFTERNOON[1])

    def next_office_instant(self, at: datetime) -> datetime:
        """``at`` itself in office hours, otherwise the next opening."""
        local = at.astimezone(VN)
        if self.in_office_hours(local):
            return local
        day, clock = local.date(), local.time()
        if self.is_working_day(day):
            if clock < MORNING[0]:
                return instant(day, MORNING[0])
            if clock < AFTERNOON[0]:
                return instant(day, AFTERNOON[0])
        return instant(self.next_working_day(day), MORNING[0])

    def send_deadline(self, signed_at: datetime, urgency: int) -> datetime:
        """Latest instant to send: the morning of the next working day; urgent at once (Decision 28/2018 Art. 6, Decree 30 Art. 18)."""
        if urgency > 0:
            return signed_at + AT_ONCE
        return instant(self.next_working_day(signed_at.astimezone(VN).date()), NOON)

    def receipt_deadline(self, arrived_at: datetime) -> datetime:
        """Latest instant to tell the sender of receipt: within the day of arrival (Decree 30 Art. 21.2), counted from the next opening."""
        day = self.next_office_instant(arrived_at).date()
        return instant(day, time(23, 59, 59))

    def register_deadline(self, arrived_at: datetime, urgency: int) -> datetime:
        """Latest instant to register and submit: end of the next working day; urgent at once (Decree 30 Art. 22–23)."""
        if urgency > 0:
            return arrived_at + AT_ONCE
        first = self.next_office_instant(arrived_at).date()
        return instant(self.next_working_day(first), AFTERNOON[1])
