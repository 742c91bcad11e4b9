"""Hops: order of departure, independence of order and step, outages, conservation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.calendar import instant
from exchange.domain.transit import SECOND, Advance, Arrival, Departure, HopSpec, Item, TransitState, advance, micros, whole_second
from exchange.errors import UnknownHop

START = instant(date(2021, 9, 27), time(8))
ZERO = micros(START)
ROADS = (("bus", "national", "bus2"), ("bus2", "national", "bus"), ("bus",), ("national", "bus2"), ())
HOPS = {
    "bus": HopSpec("bus", 90, 2),
    "national": HopSpec("national", 45, 5),
    "bus2": HopSpec("bus2", 600, 0),
}


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    rows = draw(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc"), st.sampled_from(ROADS), st.integers(0, 20)), max_size=25))
    return [
        Item(f"p{number}", urgency, sender, number, road, ZERO + second * SECOND)
        for number, (urgency, sender, road, second) in enumerate(rows)
    ]


def run(hops: dict[str, HopSpec], handed: list[Item], until: int = ZERO + 10**10) -> Advance:
    return advance(hops, TransitState(tuple(handed)), until)


def stopped(hop: str, first: int, seconds: int) -> dict[str, HopSpec]:
    since = START + timedelta(seconds=first)
    return HOPS | {hop: HOPS[hop].stopped(since, since + timedelta(seconds=seconds))}


@given(items(), st.randoms(use_true_random=False))
def test_the_order_of_handing_in_does_not_matter(handed: list[Item], chance: Random) -> None:
    shuffled = list(handed)
    chance.shuffle(shuffled)
    assert run(HOPS, shuffled) == run(HOPS, handed)


@given(items(), st.lists(st.integers(0, 60), max_size=6), st.integers(0, 30), st.integers(0, 40))
def test_in_steps_is_as_at_once(handed: list[Item], steps: list[int], first: int, seconds: int) -> None:
    hops = stopped("national", first, seconds)
    whole = run(hops, handed)
    state, departures, arrivals = TransitState(tuple(handed)), list[Departure](), list[Arrival]()
    for until in [*(ZERO + step * SECOND for step in sorted(steps)), ZERO + 10**10]:
        part = advance(hops, state, until)
        state = part.state
        departures += part.departures
        arrivals += part.arrivals
    assert (tuple(departures), tuple(arrivals)) == (whole.departures, whole.arrivals)


@given(items(), st.integers(0, 40))
def test_items_may_enter_as_late_as_they_are_ready(handed: list[Item], step: int) -> None:
    border = ZERO + step * SECOND
    early = [item for item in handed if item.ready <= border]
    late = [item for item in handed if item.ready > border]
    first = advance(HOPS, TransitState(tuple(early)), border)
    second = advance(HOPS, first.state.entered(late), ZERO + 10**10)
    whole = run(HOPS, handed)
    assert first.departures + second.departures == whole.departures
    assert first.arrivals + second.arrivals == whole.arrivals


@given(items(), st.integers(0, 60))
def test_nothing_is_lost_or_doubled_at_any_instant(handed: list[Item], step: int) -> None:
    moved = run(HOPS, handed, ZERO + step * SECOND)
    on_the_road = [item.id for item in moved.state.items]
    arrived = [arrival.item for arrival in moved.arrivals]
    assert sorted(on_the_road + arrived) == sorted(item.id for item in handed)
    assert (moved.next_event is None) == (not on_the_road)


@given(items(), st.sampled_from(sorted(HOPS)), st.integers(0, 20), st.integers(1, 300))
def test_a_stopped_hop_sends_nothing_meanwhile_and_loses_nothing(handed: list[Item], hop: str, first: int, seconds: int) -> None:
    with_outage = run(stopped(hop, first, seconds), handed)
    since, until = ZERO + first * SECOND, ZERO + (first + seconds) * SECOND
    assert not [d for d in with_outage.departures if d.hop == hop and since <= d.at < until]
    assert len(with_outage.arrivals) == len(handed)


@given(items(), st.integers(0, 20), st.integers(1, 300))
def test_a_stopped_hop_leaves_alone_what_shares_no_queue_with_it(handed: list[Item], first: int, seconds: int) -> None:
    apart = [replace(item, id=f"x{item.id}", road=("side",)) for item in handed]
    hops = HOPS | {"side": HopSpec("side", 30, 1)}
    plain = {a.item: a.at for a in run(hops, handed + apart).arrivals}
    broken = {a.item: a.at for a in run(hops | stopped("national", first, seconds), handed + apart).arrivals}
    assert {name: at for name, at in plain.items() if name.startswith("x")} == {
        name: at for name, at in broken.items() if name.startswith("x")
    }


def test_urgent_overtakes_what_waits_then_the_longest_waiting_then_sender_and_sequence() -> None:
    one_a_minute = {"bus": HopSpec("bus", 1)}

    def waits(name: str, urgency: int, sender: str, sequence: int, second: int) -> Item:
        return Item(name, urgency, sender, sequence, ("bus",), ZERO + second * SECOND)

    handed = [
        waits("late", 0, "a", 9, 2),
        waits("b2", 0, "b", 2, 1),
        waits("b1", 0, "b", 1, 1),
        waits("a5", 0, "a", 5, 1),
        waits("first", 0, "z", 1, 0),
        waits("express", 3, "z", 2, 30),
    ]
    order = [departure.item for departure in run(one_a_minute, handed).departures]
    assert order == ["first", "express", "a5", "b1", "b2", "late"]


def test_what_becomes_ready_as_the_hop_becomes_free_is_in_time() -> None:
    handed = [
        Item("first", 0, "a", 1, ("bus",), ZERO),
        Item("waits", 0, "a", 2, ("bus",), ZERO + SECOND),
        Item("express", 3, "a", 3, ("bus",), ZERO + 60 * SECOND),
    ]
    moved = run({"bus": HopSpec("bus", 1)}, handed)
    assert [departure.item for departure in moved.departures] == ["first", "express", "waits"]


def test_a_hop_tells_when_it_is_next_open() -> None:
    hop = (
        HopSpec("bus", 1).stopped(START, START + timedelta(seconds=9)).stopped(START + timedelta(seconds=9), START + timedelta(seconds=20))
    )
    assert [hop.first_open(ZERO + second * SECOND) - ZERO for second in (-1, 0, 19, 20)] == [s * SECOND for s in (-1, 20, 20, 20)]


def test_capacity_and_latency_are_in_the_instants() -> None:
    hops = {"bus": HopSpec("bus", 120, 3)}
    handed = [Item(f"p{n}", 0, "a", n, ("bus",), ZERO) for n in range(3)]
    moved = run(hops, handed)
    assert [departure.at - ZERO for departure in moved.departures] == [0, SECOND // 2, SECOND]
    assert [whole_second(arrival.at) for arrival in moved.arrivals] == [START + timedelta(seconds=s) for s in (4, 4, 5)]


def test_an_empty_road_arrives_at_once_and_an_unknown_hop_is_named() -> None:
    assert run({}, [Item("p", 0, "a", 1, (), ZERO)]).arrivals == (Arrival("p", ZERO),)
    with pytest.raises(UnknownHop, match="tunnel"):
        run({}, [Item("p", 0, "a", 1, ("tunnel",), ZERO)])


@pytest.mark.parametrize(("rate", "latency"), [(0, 0), (-1, 0), (float("nan"), 0), (1, -1)])
def test_a_hop_without_capacity_is_no_hop(rate: float, latency: float) -> None:
    with pytest.raises(ValueError, match="capacity"):
        HopSpec("bus", rate, latency)


@given(st.datetimes(datetime(2021, 1, 1), datetime(2022, 1, 1)))  # Hypothesis wants naive bounds
def test_whole_seconds_survive_the_count(naive: datetime) -> None:
    at = instant(naive.date(), naive.time().replace(microsecond=0))
    assert whole_second(micros(at)) == at
    assert micros(at) == int(at.timestamp()) * SECOND
