"""How often the printed 95 % interval holds the long-run rate, over so many seeds as a test can play.

``truc campaign intervals-200`` plays ten times as many and holds the limits alone; its result is kept, and looked at here. The seeds of the
test allow wider limits, by two standard errors of a share of 95 %; a share near 1 cannot be seen to be too large then. So they are also
asked how far the long-run rate lies from each seed's, measured by the interval: its mean square has limits on both sides, wider by two
standard errors of a chi-square. Intervals of six tenths or of twice the width they should have are told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from statistics import NormalDist

import pytest

from console.campaign import RECORDS
from scenarios.measures import MeasureId
from tools.interval_coverage import JUDGED, LEAST, MOST, Seen, coverage, play_all

SEEDS = 20
SLACK = 2 * math.sqrt(0.95 * 0.05 / SEEDS)
SPREAD_SLACK = 2 * math.sqrt(2 / SEEDS)


@pytest.fixture(scope="module")
def plays() -> list[Mapping[MeasureId, Seen]]:
    return play_all(SEEDS, processes=2)


@pytest.mark.timeout(1_800)  # the first test to ask plays all seeds: minutes on the slowest machine so far
@pytest.mark.parametrize("measure", JUDGED)
def test_the_interval_holds_the_long_run_rate_in_90_to_98_percent(plays: list[Mapping[MeasureId, Seen]], measure: MeasureId) -> None:
    found = coverage([rates[measure] for rates in plays])
    assert found.passes(SLACK), found
    assert found.fits(SPREAD_SLACK), found


@pytest.mark.timeout(1_800)
def test_seeds_differ(plays: list[Mapping[MeasureId, Seen]]) -> None:
    """Coverage over copies of one run would mean nothing."""
    assert len({rates[MeasureId.INTERNAL] for rates in plays}) > 0.9 * len(plays)


def test_the_last_campaign_of_200_seeds_held_the_limits_alone() -> None:
    """Kept with its commit; what is seen here with few seeds rests on it."""
    newest = max((json.loads(path.read_text("utf-8")) for path in RECORDS.glob("intervals-200-*.json")), key=lambda record: record["began"])
    assert newest["exit_code"] == 0
    assert newest["result"]["seeds"] >= 200
    rates = newest["result"]["rates"]
    assert {name for name, one in rates.items() if one["judged"]} == {measure.value for measure in JUDGED}
    assert [measure for measure in JUDGED if not LEAST <= rates[measure.value]["held"] <= MOST] == []


def test_intervals_too_narrow_and_too_wide_are_told() -> None:
    """A rate of one half, seen between 45 and 55 of 100: limits at the rate itself hold only what hits it, limits of 0 and 1 hold all."""
    counts = [45, 47, 49, 50, 51, 53, 55]
    narrow = coverage([Seen(n, 100, n / 100, n / 100) for n in counts])
    assert (narrow.rate, narrow.held, narrow.spread) == (0.5, 1 / 7, math.inf)
    assert not narrow.passes()
    wide = coverage([Seen(n, 100, 0.0, 1.0) for n in counts])
    assert (wide.rate, wide.held) == (0.5, 1.0)
    assert not wide.passes()
    assert not wide.fits(SPREAD_SLACK)


def test_a_distance_is_a_part_of_the_way_to_the_limit_on_that_side() -> None:
    counts = [45, 47, 49, 50, 51, 53, 55]
    assert [Seen(n, 100, 0.4, 0.65).distance(0.5) for n in counts] == pytest.approx([1 / 4, 1 / 6, 1 / 16, 0, 1 / 11, 3 / 13, 1 / 3])


@pytest.mark.parametrize(("width", "right"), [(0.6, False), (0.8, True), (1.0, True), (1.3, True), (2.0, False)])
def test_few_seeds_tell_widths_apart(width: float, right: bool) -> None:
    """Twenty rates as a normal law would have them, with intervals of so many times the width that is right."""
    normal = NormalDist(0.5, 0.02)
    rates = [normal.inv_cdf((place + 0.5) / SEEDS) for place in range(SEEDS)]
    half = width * 1.96 * 0.02
    found = coverage([Seen(round(rate * 1_000_000), 1_000_000, rate - half, rate + half) for rate in rates])
    assert (found.passes(SLACK) and found.fits(SPREAD_SLACK)) is right, found
    assert width < 1 or found.passes(SLACK), "the share alone does not tell of intervals too wide"
