"""The page on sizing says what its measurements say, and the arithmetic behind it is right on numbers that a hand can follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.sizing import COSTS, DEMANDS, Assumptions, CostMissing, Demand, page, per_document, read_costs, sizing

ROOT = Path(__file__).resolve().parent.parent
ROUND = """
| document: verify and route | 2.00 | 1.00 |
| document: seal | 1.00 | 1.00 |
| status: route | 0.50 | 0.50 |
| status: seal | 0.10 | 0.10 |
| HTTP: submit a document | 5.00 | 1.00 |
| HTTP: ask an empty mailbox | 1.00 | 0.50 |
| HTTP: fetch and confirm a document | 2.00 | 1.00 |
| HTTP: submit a status | 1.00 | 0.50 |
| HTTP: fetch and confirm a status | 1.00 | 0.50 |
| bytes of log of a document | 1000 |
| bytes of log of a status | 100 |
| bytes kept of a document | 2000 |
| bytes kept of a status | 300 |
"""
GIVEN = Assumptions(
    recipients=2, statuses=4, working_days=250, peak_day=2, peak_hour=0.18, poll_seconds=10, busy=0.5, api_core=1, foreign_letter=1000
)
DEMAND = Demand("a thousand agencies, 25 million", 1000, 25_000_000)


def test_the_page_holds_what_the_tool_prints() -> None:
    text = (ROOT / "docs" / "sizing.md").read_text("utf-8")
    missing = [line for line in page().splitlines() if line and line not in text]
    assert not missing, "print it again: python -m tools.sizing"


def test_the_arithmetic_is_what_a_hand_finds() -> None:
    costs = read_costs(ROUND)
    assert per_document(costs, GIVEN) == (5 + 2 * 2 + 4 * 2, 3 + 4 * 0.6, 1 + 2 * 1 + 4 * 1 + 2 + 4 * 0.6)
    found = sizing(costs, DEMAND, GIVEN)
    assert found.rate == pytest.approx(10)  # 100,000 a day, twice that, 18 % of it in an hour
    assert found.requests == pytest.approx(10 * (1 + 2 + 8) + 100)
    assert found.api_cores == pytest.approx(0.17 + 0.1)
    assert found.worker_cores == pytest.approx(0.054)
    assert found.database_cores == pytest.approx(0.114 + 0.05)
    assert (found.api_processes, found.children, found.axes, found.limit) == (2, 2, 1, "–")
    assert found.log_megabytes == pytest.approx(10 * 1400 / 1e6)
    assert found.kept_terabytes == pytest.approx(25e6 * 3200 / 1e12)
    assert found.kept_foreign_terabytes == pytest.approx(25e6 * 4200 / 1e12)


def test_what_bends_first_is_named() -> None:
    costs = read_costs(ROUND)
    many = replace(DEMAND, documents=100 * DEMAND.documents)
    found = sizing(costs, many, GIVEN)  # a thousand a second; 2.8 ms of one sealer each, of which half may be used
    assert (found.axes, found.limit) == (6, "the one sealer of a ledger")
    assert found.children == 11
    found = sizing(costs, many, replace(GIVEN, server_cores=2))
    assert (found.axes, found.limit) == (12, "the database's cores")


def test_more_of_anything_never_needs_less() -> None:
    costs, before = read_costs(COSTS.read_text("utf-8")), None
    for demand in DEMANDS:
        found = sizing(costs, demand, Assumptions())
        now = (found.rate, found.api_cores, found.worker_cores, found.database_cores, found.api_processes, found.children, found.axes)
        assert before is None or all(new >= old for new, old in zip(now, before, strict=True))
        before = now


def test_a_measurement_that_is_missing_is_named() -> None:
    with pytest.raises(CostMissing, match="no row 'HTTP: submit a status'"):
        sizing(read_costs(ROUND.replace("submit a status", "submit something")), DEMAND, GIVEN)
    with pytest.raises(CostMissing, match="bytes kept of a status"):
        sizing(read_costs(ROUND.replace("kept of a status", "kept of nothing")), DEMAND, GIVEN)
