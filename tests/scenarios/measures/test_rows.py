"""Targets against intervals; the catalogue against the figures it cites."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from scenarios.measures import CATALOGUE, DEADLINES, Interval, Method, Target, Verdict, judge
from scenarios.measures.rows import waiting
from scenarios.trace import Channel

FIGURES = Path(__file__).parents[3] / "scenarios" / "data" / "hoa-binh-figures.csv"


def between(low: float, high: float, method: Method = Method.AGENCY_AND_DAY) -> Interval:
    return Interval(low, high, method, 100, 9, 12, 10)


@pytest.mark.parametrize(
    ("interval", "target", "verdict"),
    [
        (between(0.91, 0.95), Target(90), Verdict.HELD),
        (between(0.90, 0.95), Target(90), Verdict.HELD),
        (between(0.90, 0.95), Target(90, over=True), Verdict.UNDECIDED),
        (between(0.80, 0.89), Target(90), Verdict.SHORT),
        (between(0.80, 0.90), Target(90), Verdict.UNDECIDED),
        (between(0.80, 0.90), Target(90, over=True), Verdict.SHORT),
        (between(0.80, 0.95), Target(90), Verdict.UNDECIDED),
        (between(0.996, 1.0), Target(100), Verdict.HELD),
        (between(0.98, 1.0), Target(100), Verdict.UNDECIDED),
        (between(0.98, 0.994), Target(100), Verdict.SHORT),
        (between(0.0, 1.0, Method.NONE), Target(90), Verdict.UNDECIDED),
    ],
)
def test_verdicts(interval: Interval, target: Target, verdict: Verdict) -> None:
    assert judge(interval, target) is verdict


def test_targets_are_the_figures_of_the_reports() -> None:
    """No target stands in the code that the cited line of the reports does not give, 'over' included."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        figures = {line["id"]: line for line in csv.DictReader(file)}
    for spec in CATALOGUE:
        if spec.id in DEADLINES:
            assert spec.target == Target(100), "the law asks it of every document"
            continue
        (source,) = spec.sources
        figure = figures[source]
        assert (figure["kind"], figure["unit"]) == ("exchange rate", "percent")
        assert spec.target.percent == float(figure["value"])
        assert spec.target.over == ("(over)" in figure["figure"])
        assert figure["bloc"] in {"both", *(bloc.value for bloc in spec.blocs)}


def test_waiting_times_are_ranks_of_the_counts() -> None:
    row = waiting("arrival", Channel.AXIS, Counter({1: 5, 2: 4, 60: 1}))
    assert (row.count, row.median, row.p90, row.longest) == (10, 1, 2, 60)
