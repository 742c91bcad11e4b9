"""When documents are due: the curve's area is their number, and chance leaves their distribution as it should be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.load.schedule import Curve, Shape, curve, instants
from scenarios.streams import stream


@pytest.mark.parametrize(
    ("shape", "expected"), [("constant", 1.0), ("soak", 1.0), ("ramp", 0.5), ("step", 0.6), ("day", 1.0), ("month-end", 1.0)]
)
def test_a_shape_has_the_area_that_its_name_says(shape: str, expected: float) -> None:
    form = curve(Shape(shape), 50.0, 40.0)
    assert form.seconds == pytest.approx(40.0)
    assert form.total == pytest.approx(expected * 50.0 * 40.0)
    assert len(instants(form, None)) == pytest.approx(form.total, abs=1)


@given(
    st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 300)), min_size=1, max_size=6), st.floats(0, 300)
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_evenly_spaced_instants_stand_where_the_area_is_a_half_more_than_a_whole(steps: list[tuple[float, float]], first: float) -> None:
    at, points = 0.0, [(0.0, first)]
    for width, rate in steps:
        at += width
        points.append((at, rate))
    form = Curve(tuple(points))
    found = list(instants(form, None))
    assert found == sorted(found)
    assert all(0 <= one <= form.seconds + 1e-9 for one in found)
    for number, one in list(enumerate(found))[:: max(1, len(found) // 20)]:
        assert Curve(
            (*[point for point in points if point[0] < one], (one, form.rate(min(one, form.seconds * (1 - 1e-12)))))
        ).total == pytest.approx(number + 0.5, abs=0.02)


def test_arrivals_are_a_poisson_process() -> None:
    """Counts per second vary as much as their mean, and gaps are as often long as an exponential law says."""
    found = instants(curve(Shape.CONSTANT, 100.0, 400.0), stream("1", "arrivals"))
    counts = [0] * 400
    for one in found:
        counts[int(one)] += 1
    mean = sum(counts) / 400
    variance = sum((count - mean) ** 2 for count in counts) / 399
    assert mean == pytest.approx(100, rel=0.02)
    assert variance == pytest.approx(mean, rel=0.2)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert sum(gap > 0.02 for gap in gaps) / len(gaps) == pytest.approx(0.1353, abs=0.01)


def test_the_same_seed_gives_the_same_instants_and_another_one_others() -> None:
    form = curve(Shape.DAY, 20.0, 30.0)
    one, again, other = (instants(form, stream(seed, "x")) for seed in ("1", "1", "2"))
    assert one == again != other


def test_steps_go_up_and_a_day_has_its_peaks_in_the_morning_and_the_afternoon() -> None:
    step = curve(Shape.STEP, 100.0, 50.0)
    assert [step.rate(second) for second in (5, 15, 25, 35, 45)] == pytest.approx([20, 40, 60, 80, 100])
    day = curve(Shape.DAY, 10.0, 100.0)
    morning, noon, afternoon, evening = (day.rate(second) for second in (25, 50, 75, 99))
    assert morning > afternoon > 3 * noon > 0
    assert evening <= noon
    both = curve(Shape.MONTH_END, 10.0, 200.0)
    assert both.rate(175) > 1.5 * both.rate(75)
