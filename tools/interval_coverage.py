"""How often the printed 95 % interval of a rate holds the long-run rate: the toy world, run anew for every seed with real keys.

    python -m tools.interval_coverage --seeds 200

The long-run rate is the pooled rate of all seeds. The world stands in ``tests/scenarios/worlds`` and is not tuned to any result. Printed is
JSON; the exit code is 1 if an interval of :data:`JUDGED` holds its rate in less than 90 or more than 98 percent of the seeds.

At a rate within a few thousandths of 1 the interval is wider than it need be (first run, 200 seeds: 95.5 % for internal documents at 0.54,
97.0 % for regular e-mail at 0.75, but 99.5 % for wholly electronic documents at 0.997): it rather says "undecided" than too much.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist, fmean

from scenarios.measures import Fold, MeasureId
from scenarios.run import run
from scenarios.world.file import load_world

TOY = Path(__file__).resolve().parents[1] / "tests" / "scenarios" / "worlds" / "toy.toml"
DAYS = 3
JUDGED = (MeasureId.INTERNAL, MeasureId.STAFF_EMAIL)
"""The rates of the toy world that chance decides; its official documents are electronic nearly always, as their rules have it."""
LEAST, MOST = 0.90, 0.98
NARROW, WIDE = (NormalDist().inv_cdf((1 + held) / 2) ** -2 for held in (LEAST, MOST))
"""What :attr:`Coverage.spread` is of limits that hold as often: 0.37 and 0.18."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One rate of one seed: counts and limits."""

    n: int
    d: int
    low: float
    high: float

    def distance(self, rate: float) -> float:
        """From the rate seen here to ``rate``, as a part of the way to the limit on that side; infinite where there is no way."""
        seen = self.n / self.d
        way = self.high - seen if rate > seen else seen - self.low
        return 0.0 if rate == seen else abs(rate - seen) / way if way > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Coverage:
    """One rate over all seeds: what it is in the long run, in what share of the seeds the interval holds that, and how far it lies off."""

    rate: float
    held: float
    spread: float
    """Mean square of :meth:`Seen.distance`: 0.26 for 95 %. It tells of intervals too wide, which a share of few seeds cannot."""

    def passes(self, slack: float = 0.0) -> bool:
        """Whether the share is a 95 % interval's; ``slack``: what few seeds allow besides."""
        return LEAST - slack <= self.held <= MOST + slack

    def fits(self, slack: float) -> bool:
        """Whether the spread is a 95 % interval's; ``slack``: what few seeds allow besides, as a part of it."""
        return WIDE * (1 - slack) <= self.spread <= NARROW * (1 + slack)


def play(seed: int) -> Mapping[MeasureId, Seen]:
    """The rates of the toy world under one seed."""
    world = load_world(TOY, str(seed))
    fold = Fold(world)
    with tempfile.TemporaryDirectory() as folder:
        run(world, days=DAYS, sink=fold.add, workdir=Path(folder), keep="none")
    rows = fold.finish().rows
    return {row.spec.id: Seen(row.rate.n, row.rate.d, row.rate.interval.low, row.rate.interval.high) for row in rows}


def play_all(seeds: int, processes: int) -> list[Mapping[MeasureId, Seen]]:
    """The rates under the seeds 0, 1, 2, ..."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pool.map(play, range(seeds), chunksize=5)


def coverage(seen: Sequence[Seen]) -> Coverage:
    """What the intervals of one rate are worth."""
    rate = sum(one.n for one in seen) / sum(one.d for one in seen)
    held = sum(one.low <= rate <= one.high for one in seen) / len(seen)
    return Coverage(rate, held, fmean(one.distance(rate) ** 2 for one in seen if one.d))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--unjudged", action="store_true", help="too few seeds to judge by")
    asked = parser.parse_args()
    plays = play_all(asked.seeds, asked.processes)
    found = {measure: coverage([rates[measure] for rates in plays]) for measure in plays[0] if any(rates[measure].d for rates in plays)}
    rows = {measure.value: {**asdict(one), "judged": measure in JUDGED} for measure, one in found.items()}
    print(json.dumps({"seeds": asked.seeds, "days": DAYS, "rates": rows}, indent=1))
    return 0 if asked.unjudged or all(found[measure].passes() for measure in JUDGED) else 1


if __name__ == "__main__":
    raise SystemExit(main())
