"""The interval: what it must be in plain cases, and how often it holds a truth that is known."""

from __future__ import annotations

import math

import pytest

from scenarios.measures.interval import Cell, Method, ratio_interval
from tests.scenarios.measures.superpopulation import Superpopulation

OFFICES = [
    Superpopulation(12, 10, 0.0, agency_effect=0.8),
    Superpopulation(12, 10, 0.0, agency_effect=0.8, day_effect=0.4, cell_effect=0.3, broadcasts=0.1),
    Superpopulation(12, 10, 2.0),
    Superpopulation(12, 10, 2.2, agency_effect=0.5, day_effect=0.8, cell_effect=0.3, documents=10),
    Superpopulation(12, 10, 2.2, agency_effect=0.5, cell_effect=0.3, documents=10, broadcasts=0.2),
    Superpopulation(12, 10, 3.4, agency_effect=0.5, day_effect=0.3, cell_effect=0.3, documents=15),
    Superpopulation(30, 20, 1.0, agency_effect=0.5, day_effect=0.3, cell_effect=0.3, broadcasts=0.05),
    Superpopulation(150, 5, 2.2, agency_effect=0.8, day_effect=0.3, cell_effect=0.3, documents=4, broadcasts=0.05),
    Superpopulation(150, 5, 3.4, agency_effect=0.8, documents=4),
]


@pytest.mark.parametrize("office", OFFICES, ids=repr)
def test_the_interval_holds_the_known_truth_in_90_to_98_percent(office: Superpopulation) -> None:
    """Four hundred periods each (150 for the large ones); two standard errors of the count are allowed above and below."""
    periods = 400 if office.agencies < 100 else 150
    truth = office.truth()
    found = [ratio_interval(office.draw(f"period {number}")) for number in range(periods)]
    coverage = sum(interval.low <= truth <= interval.high for interval in found) / periods
    assert 0.90 - 2 * math.sqrt(0.09 / periods) <= coverage <= 0.98 + 2 * math.sqrt(0.0196 / periods)


def test_documents_alone_would_promise_too_much() -> None:
    """Why clusters: as if every pair were independent, the interval would miss far more often than one time in twenty."""
    office = OFFICES[1]
    truth, missed = office.truth(), 0
    for number in range(200):
        cells = list(office.draw(f"period {number}"))
        d = sum(cell.d for cell in cells)
        rate = sum(cell.n for cell in cells) / d
        missed += abs(rate - truth) > 1.96 * math.sqrt(rate * (1 - rate) / d)
    assert missed > 60


def cells(table: dict[tuple[str, int], tuple[int, int]]) -> list[Cell]:
    return [Cell(agency, day, n, d, d) for (agency, day), (n, d) in table.items()]


def test_limits_lie_around_the_rate_and_within_nought_and_one() -> None:
    interval = ratio_interval(cells({("A", 0): (9, 10), ("A", 1): (10, 10), ("B", 0): (7, 9), ("B", 1): (8, 8)}))
    assert interval.method is Method.AGENCY_AND_DAY
    assert 0 <= interval.low < 34 / 37 < interval.high <= 1
    assert (interval.agencies, interval.days) == (2, 2)


def test_when_all_agree_every_cell_is_one_trial() -> None:
    interval = ratio_interval(cells({(f"A{i}", day): (50, 50) for i in range(40) for day in range(5)}))
    assert interval.method is Method.EXACT
    assert (interval.low, interval.high) == (pytest.approx(0.025 ** (1 / 200)), 1.0)
    none = ratio_interval(cells({(f"A{i}", 0): (0, 3) for i in range(10)}))
    assert (none.low, none.high) == (0.0, pytest.approx(1 - 0.025**0.1))


def test_one_day_is_clustered_by_agency_and_one_agency_by_day() -> None:
    table = {("A", 0): (3, 4), ("B", 0): (2, 5), ("C", 0): (5, 5)}
    assert ratio_interval(cells(table)).method is Method.AGENCY
    assert ratio_interval(cells({("A", n): pair for n, pair in enumerate(table.values())})).method is Method.DAY


@pytest.mark.parametrize("table", [{}, {("A", 0): (0, 0)}, {("A", 0): (3, 5)}], ids=["nothing", "empty cell", "one cell"])
def test_nothing_or_a_single_mixed_cell_says_nothing(table: dict[tuple[str, int], tuple[int, int]]) -> None:
    interval = ratio_interval(cells(table))
    assert (interval.method, interval.low, interval.high) == (Method.NONE, 0.0, 1.0)


def test_a_broadcast_counts_as_one_decision() -> None:
    """Two hundred pairs of one document say less than two hundred documents of one recipient each."""
    ordinary = [Cell(f"A{i}", day, 8 + (i + day) % 3, 10, 10) for i in range(10) for day in range(5)]
    alone = [*ordinary, Cell("B", 0, 200, 200, 200)]
    broadcast = [*ordinary, Cell("B", 0, 200, 200, 200 * 200)]
    narrow, wide = ratio_interval(alone), ratio_interval(broadcast)
    assert wide.high - wide.low > narrow.high - narrow.low


def test_order_of_cells_does_not_matter() -> None:
    drawn = list(OFFICES[1].draw("order"))
    assert ratio_interval(drawn).low == pytest.approx(ratio_interval(reversed(drawn)).low, abs=1e-12)
