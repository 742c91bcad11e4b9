"""Office time: openings, work that spans lunch and nights, holidays, and desks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scenarios.kernel import DAY, Kernel
from scenarios.office.desk import Desk
from scenarios.world.file import load_world
from scenarios.world.model import World

HOUR = 3600


@pytest.fixture
def world() -> World:
    return load_world("first-day", "1")


@pytest.fixture
def kernel(world: World) -> Kernel:
    return Kernel(world, lambda record: None)


def test_offices_open(kernel: Kernel) -> None:
    """Before opening, in hours, over lunch, in the evening, over the weekend (day 0 is a Monday)."""
    assert kernel.office_open(0) == 7 * HOUR + 1800
    assert kernel.office_open(9 * HOUR) == 9 * HOUR
    assert kernel.office_open(12 * HOUR) == 13 * HOUR
    assert kernel.office_open(18 * HOUR) == DAY + 7 * HOUR + 1800
    assert kernel.office_open(4 * DAY + 18 * HOUR) == 7 * DAY + 7 * HOUR + 1800


def test_work_stops_for_lunch_and_night(kernel: Kernel) -> None:
    """Eight working hours from 10:00 on end at 9:30 the next morning."""
    assert kernel.after_work(11 * HOUR, HOUR) == 13 * HOUR + 1800
    assert kernel.after_work(10 * HOUR, 8 * HOUR) == DAY + 10 * HOUR
    assert kernel.after_work(10 * HOUR, 0) == 10 * HOUR


def test_working_days_skip_holidays(world: World) -> None:
    """A run of two days with a holiday between ends on the third midnight."""
    kernel = Kernel(replace(world, holidays=frozenset({date(2021, 9, 28)})), lambda record: None)
    assert [kernel.is_working(day) for day in range(8)] == [True, False, True, True, True, False, False, True]
    assert kernel.working_day_end(1) == DAY
    assert kernel.working_day_end(2) == 3 * DAY
    assert kernel.working_day_end(5) == 8 * DAY


def test_instants_and_moments_agree(kernel: Kernel) -> None:
    """Seconds and aware datetimes are two spellings of one instant."""
    moment = kernel.moment_of(3 * HOUR + 5)
    assert moment.isoformat() == "2021-09-27T03:00:05+07:00"
    assert kernel.instant_of(moment) == 3 * HOUR + 5


def _taken(kernel: Kernel, desk: Desk, seen: list[tuple[int, str]]) -> Iterator[Any]:
    while True:
        work = yield from desk.next()
        seen.append((kernel.now, work.verb))


def _at(kernel: Kernel, at: int, desk: Desk, verb: str, urgency: int) -> Iterator[Any]:
    yield kernel.until(at)
    desk.put(verb, None, urgency)


def test_a_desk_takes_the_urgent_at_once(kernel: Kernel) -> None:
    """Ordinary work waits for the sitting, urgent work for nothing in hours and for opening out of them, express work rings."""
    desk, seen = Desk(kernel, "H28/1", 2), list[tuple[int, str]]()
    kernel.start_process(_taken(kernel, desk, seen))
    for at, verb, urgency in (
        (9 * HOUR, "ordinary", 0),
        (9 * HOUR + 60, "urgent", 1),
        (20 * HOUR, "urgent by night", 2),
        (20 * HOUR + 60, "express by night", 3),
    ):
        kernel.start_process(_at(kernel, at, desk, verb, urgency))
    kernel.env.run(until=2 * DAY)
    when = {verb: at for at, verb in seen}
    assert when["urgent"] == 9 * HOUR + 60
    assert when["express by night"] == 20 * HOUR + 60 + 600
    assert when["urgent by night"] == DAY + 7 * HOUR + 1800
    assert when["ordinary"] == kernel.office_open(when["ordinary"])
    assert 9 * HOUR < when["ordinary"] <= DAY + 17 * HOUR


def test_the_more_urgent_goes_first_among_what_is_due(kernel: Kernel) -> None:
    """What became due while somebody was away is taken by urgency, then by arrival."""
    desk, seen = Desk(kernel, "H28/1", 0), list[tuple[int, str]]()
    for verb, urgency in (("a", 0), ("b", 2), ("c", 1), ("d", 2)):
        desk.put(verb, None, urgency)
    kernel.start_process(_taken(kernel, desk, seen))
    kernel.env.run(until=DAY)
    assert [verb for _, verb in seen] == ["b", "d", "c", "a"]
    assert {at for at, _ in seen} == {7 * HOUR + 1800}


def test_an_interrupted_wait_goes_on_and_leaves_nothing_behind(kernel: Kernel) -> None:
    """Urgent work comes in a hundred times while the same sitting is waited for: one instant stays in the queue, not a hundred."""
    desk, seen = Desk(kernel, "H28/1", 1), list[tuple[int, str]]()
    kernel.start_process(_taken(kernel, desk, seen))
    desk.put("ordinary", None)
    sitting = desk._heap[0].due
    for number in range(100):
        kernel.start_process(_at(kernel, sitting - 200 + number, desk, "urgent", 1))
    kernel.env.run(until=sitting - 50)
    assert len(seen) == 100
    assert len(kernel.env._queue) <= 2  # the sitting, and the end of this run
    kernel.env.run(until=DAY)
    assert seen[-1] == (sitting, "ordinary")
