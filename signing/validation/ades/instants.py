"""Arithmetic on instants that ends where the calendar does: "no end" is written as the last second of 9999 (RFC 5280 §4.1.2.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND = timedelta(seconds=1)
LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC)
EARLIEST = datetime.min.replace(tzinfo=UTC)


def shifted(moment: datetime, span: timedelta) -> datetime:
    """The instant ``span`` later (or earlier), or the end of the calendar on that side."""
    try:
        return moment + span
    except OverflowError:
        return LATEST if span > timedelta(0) else EARLIEST


def second_after(moment: datetime) -> datetime:
    """The next second."""
    return shifted(moment, SECOND)


def second_before(moment: datetime) -> datetime:
    """The second before."""
    return shifted(moment, -SECOND)
