"""How often the printed 95 % interval holds the long-run rate: the toy world, run anew for every seed with real keys.

The long-run rate is the pooled rate of all seeds. In continuous integration (``TRUC_NO_SKIPS=1``) there are 200 of them; elsewhere 40,
with the wider limits that so few allow. The world stands in ``tests/scenarios/worlds`` and is not tuned to any result.

At a rate within a few thousandths of 1 the interval is wider than it need be (first run, 200 seeds: 95.5 % for internal documents at 0.54,
97.0 % for regular e-mail at 0.75, but 99.5 % for wholly electronic documents at 0.997): it rather says "undecided" than too much.
"""

from __future__ import annotations

import math
import multiprocessing
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from scenarios.measures import Fold, MeasureId
from scenarios.run import run
from scenarios.world.file import load_world
from tests.judges import NO_SKIPS

pytestmark = pytest.mark.timeout(3_600)  # the first test to ask plays all seeds: 17 minutes on the slowest machine so far
TOY = Path(__file__).parents[1] / "worlds" / "toy.toml"
SEEDS = 200 if NO_SKIPS else 40
DAYS = 3
PROCESSES = 2
JUDGED = (MeasureId.INTERNAL, MeasureId.STAFF_EMAIL)
"""The rates of the toy world that chance decides; its official documents are electronic nearly always, as their rules have it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One rate of one seed: counts and limits."""

    n: int
    d: int
    low: float
    high: float


def play(seed: int) -> dict[str, Seen]:
    """The rates of the toy world under one seed."""
    world = load_world(TOY, str(seed))
    fold = Fold(world)
    with tempfile.TemporaryDirectory() as folder:
        run(world, days=DAYS, sink=fold.add, workdir=Path(folder), keep="none")
    rows = fold.finish().rows
    return {row.spec.id.value: Seen(row.rate.n, row.rate.d, row.rate.interval.low, row.rate.interval.high) for row in rows}


@pytest.fixture(scope="module")
def plays() -> list[dict[str, Seen]]:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        return pool.map(play, range(SEEDS), chunksize=5)


@pytest.mark.parametrize("measure", JUDGED)
def test_the_interval_holds_the_long_run_rate_in_90_to_98_percent(plays: list[dict[str, Seen]], measure: MeasureId) -> None:
    seen = [rates[measure.value] for rates in plays]
    truth = sum(one.n for one in seen) / sum(one.d for one in seen)
    held = sum(one.low <= truth <= one.high for one in seen) / len(seen)
    slack = 0.0 if SEEDS == 200 else 2 * math.sqrt(0.95 * 0.05 / SEEDS)
    assert 0.90 - slack <= held <= 0.98 + slack, f"{measure}: {held:.3f} of {len(seen)} intervals hold {truth:.4f}"


def test_seeds_differ(plays: list[dict[str, Seen]]) -> None:
    """Coverage over copies of one run would mean nothing."""
    assert len({rates["internal-electronic"] for rates in plays}) > 0.9 * len(plays)
