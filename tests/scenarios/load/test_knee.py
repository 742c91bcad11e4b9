"""The search for the knee, on services whose knee is known."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scenarios.load.knee import Knee, Limits, Step, find_knee, tree
from scenarios.load.run import Loaded


def loaded(rate: float, *, submit: float, done: float | None = None, errors: float = 0.0, lag: float = 0.001) -> Loaded:
    summary: dict[str, Any] = {
        "latencies": {
            "submit": {"all": {"p99": submit, "rate": rate if done is None else done}}, "delivered": {"all": {"p99": 4 * submit}},
            "lag": {"all": {"p99": lag}},
        },
        "shares": {"errors": errors, "turned-away": 0.0},
        "offered": rate,
    }  # fmt: skip
    return Loaded(summary, {}, [], round(rate))


def search(first: float, answer: Any) -> tuple[Knee, list[Step]]:
    told: list[Step] = []

    async def attempt(rate: float) -> Loaded:
        found: Loaded = answer(rate)
        return found

    return asyncio.run(find_knee(first, Limits(), attempt, told.append)), told


@pytest.mark.parametrize("first", [20.0, 100.0, 400.0])
def test_it_is_found_from_below_and_from_above(first: float) -> None:
    """A queue that bends at 237 documents a second."""
    knee, told = search(first, lambda rate: loaded(rate, submit=0.02 if rate < 237 else 0.4))
    assert knee.found
    assert knee.held is not None
    assert knee.bent is not None
    assert knee.held < 237 <= knee.bent <= 1.05 * knee.held
    assert tuple(told) == knee.steps
    assert tree(knee)["held"] == knee.held


def test_errors_and_what_was_not_done_bend_it_too() -> None:
    by_errors, _ = search(50, lambda rate: loaded(rate, submit=0.01, errors=0.01 if rate > 100 else 0.0))
    by_amount, _ = search(50, lambda rate: loaded(rate, submit=0.01, done=min(rate, 100)))
    assert by_errors.held == pytest.approx(100, rel=0.06)
    assert by_amount.held == pytest.approx(103, rel=0.06)


def test_a_step_in_which_the_driver_lagged_counts_for_nothing() -> None:
    tries: list[float] = []

    def once_late(rate: float) -> Loaded:
        tries.append(rate)
        return loaded(rate, submit=0.02 if rate < 237 else 0.4, lag=0.2 if len(tries) == 2 else 0.001)

    knee, _ = search(100, once_late)
    assert tries[1] == tries[2]
    assert knee.found
    late, _ = search(100, lambda rate: loaded(rate, submit=0.02, lag=0.2))
    assert (late.found, [step.verdict for step in late.steps]) == (False, ["lagged", "lagged"])


def test_a_service_that_holds_nothing_has_no_knee() -> None:
    knee, _ = search(20, lambda rate: loaded(rate, submit=9.0))
    assert knee.held is None
    assert not knee.found
