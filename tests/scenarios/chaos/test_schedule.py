"""What is struck: in the stated shares, in an order that the seed decides."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scenarios.chaos.schedule import DISTURBANCES, KILLS, KILLS_BETWEEN, Blow, Target, schedule, shares


@given(st.integers(0, 3000))
def test_every_kill_has_a_target_and_none_is_far_from_its_share(kills: int) -> None:
    found = shares(kills)
    assert sum(found.values()) == kills
    assert all(abs(found[target] - kills * share / 100) < 1 for target, share in shares(100).items())


def test_a_thousand_kills_hold_what_is_asked_of_them() -> None:
    strikes = schedule(1000, "1")
    killed = Counter(one.target for one in strikes if one.blow is Blow.KILL)
    assert sum(killed.values()) == 1000
    assert min(killed[Target.API], killed[Target.WORKER]) >= 100
    assert min(killed[Target.BROKER], killed[Target.DATABASE]) >= 30
    assert {(one.target, one.blow) for one in strikes if one.blow is not Blow.KILL} == {(target, blow) for target, blow, _ in DISTURBANCES}
    assert [one.number for one in strikes] == list(range(len(strikes)))


def test_the_seed_decides_the_order_and_nothing_else() -> None:
    assert schedule(60, "1") == schedule(60, "1")
    assert schedule(60, "1") != schedule(60, "2")
    one, other = (Counter((strike.target, strike.blow) for strike in schedule(60, seed) if strike.blow is Blow.KILL) for seed in "12")
    assert one == other


def test_nobody_is_struck_who_is_not_there() -> None:
    there = {target: weight for target, weight in KILLS.items() if target not in {Target.BROKER, Target.BEAT}}
    strikes = schedule(40, "1", (), there)
    assert {one.target for one in strikes} == set(there)
    assert len(strikes) == 40


def test_what_a_machine_cannot_do_is_left_out() -> None:
    possible = [one for one in DISTURBANCES if one[1] is Blow.CUT]
    blows = [one.blow for one in schedule(KILLS_BETWEEN * 4, "1", possible)]
    assert set(blows) == {Blow.KILL, Blow.CUT}
    assert blows.count(Blow.CUT) == 4
    assert {one.blow for one in schedule(40, "1", ())} == {Blow.KILL}
