"""Thresholds: read strictly, looked up in a summary, held or not with value and limit."""

from __future__ import annotations

import pytest

from scenarios.load.summary import described, histogram, percentile, record
from scenarios.load.thresholds import BadThreshold, hold, read_threshold


@pytest.fixture
def summary() -> dict[str, object]:
    """A thousand submissions of 1 to 1,000 ms over ten seconds, urgent ones ten times as fast."""
    found = {"all": histogram(), "urgent": histogram()}
    for value in range(1, 1001):
        record(found["all"], value / 1000)
        record(found["urgent"], value / 10_000)
    groups = {tag: described(one, 10.0) for tag, one in found.items()}
    return {
        "latencies": {"submit": groups, "delivered": {"all": described(histogram(), 10.0)}, "lag": {"all": groups["urgent"]}},
        "shares": {"errors": 0.002, "turned-away": 0.0},
    }


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("submit.p99<995ms", 0.990, True),
        ("submit.p99<980ms", 0.990, False),
        ("submit.p99.9<=1s", 0.999, True),
        ("submit.p50 < 501ms", 0.500, True),
        ("submit.urgent.p99<100ms", 0.099, True),
        ("submit.min>=1ms", 0.001, True),
        ("submit.mean<400000us", 0.5005, False),
        ("submit.rate>=100", 100.0, True),
        ("submit.rate>100/s", 100.0, False),
        ("errors.rate<0.1%", 0.002, False),
        ("errors.rate<0.3%", 0.002, True),
        ("turned-away.rate<=0", 0.0, True),
        ("lag.p99<1s", 0.099, True),
        ("delivered.p99<2s", None, False),
        ("submit.commune.p99<2s", None, False),
    ],
)
def test_a_threshold_is_held_or_not(summary: dict[str, object], text: str, value: float | None, holds: bool) -> None:
    found = hold(read_threshold(text), summary)
    assert found.value == (None if value is None else pytest.approx(value, rel=0.002))
    assert found.holds is holds


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("p99<250ms", "form"),
        ("submit.p99", "form"),
        ("submit.p99=250ms", "form"),
        ("submit.p100<250ms", "form"),
        ("submit.p99<-1ms", "form"),
        ("submit.village.p99<1s", "tag"),
        ("errors.p99<1s", "statistic"),
        ("lag.rate<1", "statistic"),
        ("submit.p99<250", "unit"),
        ("submit.p99<5%", "unit"),
        ("errors.rate<1ms", "unit"),
        ("submit.rate>5ms", "unit"),
    ],
)
def test_what_says_nothing_is_refused_by_its_rule(text: str, rule: str) -> None:
    with pytest.raises(BadThreshold) as caught:
        read_threshold(text)
    assert (caught.value.given, caught.value.rule) == (text, rule)


def test_a_histogram_is_kept_whole_in_the_report() -> None:
    one = histogram()
    for value in (0.0, 0.0123, 5.0, 7200.0):
        record(one, value)
    tree = described(one, 2.0)
    assert (tree["count"], tree["rate"]) == (4, 2.0)
    assert [percentile(tree["hdr"], percent) for percent in (25, 50, 75)] == pytest.approx([1e-6, 0.0123, 5.0], rel=0.001)
    assert tree["max"] == pytest.approx(3600.0, rel=0.001)
