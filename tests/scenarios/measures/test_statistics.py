"""Quantiles against printed tables."""

from __future__ import annotations

import pytest

from scenarios.measures.statistics import beta_quantile, incomplete_beta, student_cdf, student_quantile

TABLE = [
    (0.975, 1, 12.7062047362),
    (0.975, 2, 4.3026527297),
    (0.975, 4, 2.7764451052),
    (0.975, 9, 2.2621571628),
    (0.975, 30, 2.0422724563),
    (0.975, 149, 1.9760131777),
    (0.95, 10, 1.8124611228),
    (0.995, 5, 4.0321429836),
    (0.9, 3, 1.6377443537),
    (0.5, 7, 0.0),
]


@pytest.mark.parametrize(("probability", "df", "expected"), TABLE)
def test_student_quantiles_are_those_of_the_tables(probability: float, df: float, expected: float) -> None:
    assert student_quantile(probability, df) == pytest.approx(expected, abs=1e-8)


def test_many_degrees_of_freedom_approach_the_normal_distribution() -> None:
    assert student_quantile(0.975, 1e5) == pytest.approx(1.959988, abs=1e-5)


@pytest.mark.parametrize("df", [1.0, 2.5, 3.9, 7.25, 118.6])
def test_quantile_and_distribution_are_inverse_also_for_broken_degrees_of_freedom(df: float) -> None:
    for probability in (0.5001, 0.6, 0.9, 0.975, 0.999):
        assert student_cdf(student_quantile(probability, df), df) == pytest.approx(probability, abs=1e-10)
    assert student_cdf(-1.3, df) == pytest.approx(1 - student_cdf(1.3, df), abs=1e-12)


def test_incomplete_beta_has_closed_forms() -> None:
    for x in (0.0, 0.01, 0.3, 0.77, 1.0):
        assert incomplete_beta(1, 1, x) == pytest.approx(x, abs=1e-12)
        assert incomplete_beta(3, 1, x) == pytest.approx(x**3, abs=1e-12)
        assert incomplete_beta(2, 2, x) == pytest.approx(x * x * (3 - 2 * x), abs=1e-12)


def test_beta_quantile_is_the_exact_bound_when_all_succeed() -> None:
    assert beta_quantile(0.025, 200, 1) == pytest.approx(0.025 ** (1 / 200), abs=1e-12)


@pytest.mark.parametrize("arguments", [(0, 1, 0.5), (1, -1, 0.5), (1, 1, 1.1), (1, 1, -0.1)])
def test_outside_its_domain_it_says_so(arguments: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="defined for"):
        incomplete_beta(*arguments)
