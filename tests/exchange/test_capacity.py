"""Who is told to come later: the rule over every load, and the gate before a real line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.api import Receipt, Submission
from exchange.axis import Axis
from exchange.capacity import URGENCIES, Load, Waiting, turned_away
from exchange.errors import Overloaded
from exchange.settings import Capacity
from exchange.store import tables
from exchange.store.tables import outbox
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, PROVINCE, Doc, at, caller, open_field, send

SMALL = Capacity(rows=100, seconds=60, least_share=5)
lines = st.lists(
    st.builds(Waiting, st.sampled_from("ABCDE"), st.integers(0, 4), st.integers(1, 150), st.floats(0, 100)),
    max_size=8,
    unique_by=lambda one: (one.sender, one.priority),
)


def rule(load: Load, sender: str, priority: int = 0, capacity: Capacity = SMALL) -> str | None:
    why = turned_away(load, capacity, sender, priority)
    return None if why is None else why.rule


def waiting(*rows: tuple[str, int, int, float]) -> Load:
    return Load(Waiting(*row) for row in rows)


def test_an_empty_line_takes_anything() -> None:
    assert {rule(Load(), "A", priority) for priority in range(5)} == {None}


@pytest.mark.parametrize(("rows", "from_urgency"), [(99, 0), (100, 1), (199, 1), (200, 2), (300, 3), (399, 3), (400, 4)])
def test_every_step_of_urgency_has_more_room(rows: int, from_urgency: int) -> None:
    """A long line of many organisations: each of them has little in it."""
    load = waiting(*((f"O{number}", 0, 1, 1.0) for number in range(rows)))
    taken = [urgency for urgency in URGENCIES if rule(load, "another", urgency) is None]
    assert taken == list(range(from_urgency, 4))


def test_urgent_ones_do_not_wait_behind_ordinary_ones_so_their_age_is_their_own() -> None:
    load = waiting(("A", 0, 5, 70.0), ("B", 0, 5, 80.0))
    assert rule(load, "C", 0) == "above-capacity"
    assert rule(load, "C", 1) is None
    load = waiting(("A", 3, 5, 70.0), ("B", 3, 5, 80.0))
    assert [rule(load, "C", priority) for priority in range(4)] == ["above-capacity"] * 4


def test_an_old_row_of_one_organisation_says_nothing_about_the_others() -> None:
    """A greedy one waits behind itself; whoever shares the line sees a fresh one."""
    load = waiting(("greedy", 0, 40, 100.0), ("A", 0, 1, 0.1), ("B", 0, 1, 0.2))
    assert rule(load, "A") is None


def test_the_greedy_one_is_slowed_before_the_others() -> None:
    load = waiting(("greedy", 0, 48, 10.0), ("A", 0, 1, 1.0), ("B", 0, 1, 1.0))
    assert rule(load, "greedy") == "above-share"
    assert rule(load, "A") is rule(load, "new") is None
    assert rule(load, "greedy", 1) is None, "what it has in line of less urgency is not before its urgent ones"


def test_what_came_since_the_look_counts() -> None:
    load = waiting(("A", 0, 40, 1.0), ("B", 0, 8, 1.0))
    assert rule(load, "A") is None
    for _ in range(2):
        load.add("B", 0)
    assert rule(load, "A") == "above-share"
    load.add("A", 0, -40)
    assert (load.rows, load.senders) == (10, 1)


def test_whoever_is_turned_away_is_told_when_to_come_again() -> None:
    seconds = [getattr(turned_away(waiting(("A", 0, 100, age)), SMALL, "B", 0), "seconds", None) for age in (0.0, 20.0, 1000.0)]
    assert seconds == [1, 10, 60]


@given(lines, st.sampled_from("ABCDEF"), st.integers(0, 3))
def test_the_more_urgent_is_never_turned_away_where_the_less_urgent_is_not(line: list[Waiting], sender: str, urgency: int) -> None:
    load = Load(line)
    if rule(load, sender, urgency) is None and all(one.priority <= urgency for one in line):
        assert rule(load, sender, urgency + 1) is None


@given(lines, st.integers(0, 4))
def test_an_organisation_with_nothing_in_line_is_turned_away_for_capacity_alone(line: list[Waiting], priority: int) -> None:
    assert rule(Load(line), "F", priority) in {None, "above-capacity"}


@pytest.fixture
def axis(shared_url: str) -> Iterator[Axis]:
    opened = open_field(shared_url, capacity=Capacity(rows=8, seconds=1 << 40, least_share=2))
    yield opened
    opened.close()


def documents(first: int, count: int, **options: object) -> list[Submission]:
    return [Submission(Doc(PROVINCE, (DEPARTMENT,), str(first + number), **options).package()) for number in range(count)]  # type: ignore[arg-type]


def test_the_gate_counts_what_is_in_the_line_and_opens_when_it_is_done(axis: Axis) -> None:
    for one in documents(100, 4):
        assert isinstance(axis.submit(caller(PROVINCE), [one], at(0))[0], Receipt)
    with pytest.raises(Overloaded, match="more in line than its part"):
        axis.submit(caller(PROVINCE), documents(110, 1), at(0))
    send(axis, DEPARTMENT, Doc(DEPARTMENT, (PROVINCE,), "1").package(), 0)
    (answer,) = axis.submit(caller(PROVINCE), documents(120, 1, priority=2), at(0))
    assert isinstance(answer, Receipt)
    axis.settle(at(60))
    axis._admissions._gate._look_at = 0.0
    (answer,) = axis.submit(caller(PROVINCE), documents(110, 1), at(0))
    assert isinstance(answer, Receipt)


def test_a_call_that_is_turned_away_leaves_nothing(axis: Axis) -> None:
    """Not its first packages either, nor what was staged for them: the whole call is made again later."""
    large = Submission(Doc(PROVINCE, (DEPARTMENT,), "700", annexes=(b"x" * 600_000,)).package())
    with pytest.raises(Overloaded):
        axis.submit(caller(PROVINCE), [large, *documents(100, 8)], at(0))
    assert axis.receipts() == 0
    for table in (outbox, tables.upload, tables.chunk):
        with axis._store.asking() as work:
            assert work.first(table.select()) is None


def test_a_line_that_only_others_see_closes_the_gate_before_a_package_is_read(axis: Axis) -> None:
    """What other processes admitted is counted at the next look; at four times the rows not even a hỏa tốc is read."""
    other = open_field(axis.settings.database_url)
    for one in documents(100, 32):
        other.submit(caller(PROVINCE), [one], at(0))
    with pytest.raises(Overloaded, match="waits too long"):
        axis.submit(caller(DISTRICT), [Submission(b"not even a package")], at(0))
    other.close()
