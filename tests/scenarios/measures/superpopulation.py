"""Invented offices whose long-run rate is known, for judging intervals: agencies and days are drawn, documents and broadcasts follow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from statistics import NormalDist

from scenarios.measures.interval import Cell

_BROADCAST = 30


@dataclass(frozen=True, slots=True)
class Superpopulation:
    """Documents succeed with logit ``level`` + agency + day + cell effect (standard deviations); a broadcast succeeds or fails as one."""

    agencies: int
    days: int
    level: float
    agency_effect: float = 0.0
    day_effect: float = 0.0
    cell_effect: float = 0.0
    documents: float = 5.0
    """Mean per agency and day; agencies differ."""
    broadcasts: float = 0.0
    """Probability that an agency sends one to 30 recipients on a day."""

    def truth(self) -> float:
        """The long-run rate: the mean of the logistic of a normal variable, by 2,001 quantiles."""
        spread = math.sqrt(self.agency_effect**2 + self.day_effect**2 + self.cell_effect**2)
        normal = NormalDist()
        points = [normal.inv_cdf((i + 0.5) / 2001) for i in range(2001)]
        return math.fsum(_logistic(self.level + spread * z) for z in points) / len(points)

    def draw(self, seed: str) -> Iterator[Cell]:
        """The cells of one period."""
        random = Random(seed)
        days = [random.gauss(0, self.day_effect) for _ in range(self.days)]
        for number in range(self.agencies):
            agency = random.gauss(0, self.agency_effect)
            mean = self.documents * math.exp(random.gauss(0, 0.7) - 0.245)
            for day, effect in enumerate(days):
                chance = _logistic(self.level + agency + effect + random.gauss(0, self.cell_effect))
                yield self._cell(random, f"A{number}", day, chance, mean)

    def _cell(self, random: Random, agency: str, day: int, chance: float, mean: float) -> Cell:
        documents = _poisson(random, mean)
        n, d, q = sum(random.random() < chance for _ in range(documents)), documents, documents
        if random.random() < self.broadcasts:
            n, d, q = n + _BROADCAST * (random.random() < chance), d + _BROADCAST, q + _BROADCAST**2
        return Cell(agency, day, n, d, q)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _poisson(random: Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product, count = product * random.random(), count + 1
    return count
