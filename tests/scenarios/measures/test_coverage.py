"""How often the printed 95 % interval holds the long-run rate, over so many seeds as a test can play.

They allow wider limits, by two standard errors of a share of 95 %; ``truc campaign intervals-200`` plays 200 and holds the limits alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from scenarios.measures import MeasureId
from tools.interval_coverage import JUDGED, Coverage, Seen, coverage, play_all

pytestmark = pytest.mark.timeout(1_800)  # the first test to ask plays all seeds: minutes on the slowest machine so far
SEEDS = 40
SLACK = 2 * math.sqrt(0.95 * 0.05 / SEEDS)


@pytest.fixture(scope="module")
def plays() -> list[Mapping[MeasureId, Seen]]:
    return play_all(SEEDS, processes=2)


@pytest.mark.parametrize("measure", JUDGED)
def test_the_interval_holds_the_long_run_rate_in_90_to_98_percent(plays: list[Mapping[MeasureId, Seen]], measure: MeasureId) -> None:
    found = coverage([rates[measure] for rates in plays])
    assert found.passes(SLACK), found


def test_seeds_differ(plays: list[Mapping[MeasureId, Seen]]) -> None:
    """Coverage over copies of one run would mean nothing."""
    assert len({rates[MeasureId.INTERNAL] for rates in plays}) > 0.9 * len(plays)


def test_intervals_too_narrow_and_too_wide_are_told() -> None:
    """A rate of one half, seen between 45 and 55 of 100: limits at the rate itself hold only what hits it, limits of 0 and 1 hold all."""
    counts = [45, 47, 49, 50, 51, 53, 55]
    assert coverage([Seen(n, 100, n / 100, n / 100) for n in counts]) == Coverage(0.5, 1 / 7)
    assert not coverage([Seen(n, 100, n / 100, n / 100) for n in counts]).passes()
    assert not coverage([Seen(n, 100, 0.0, 1.0) for n in counts]).passes()
