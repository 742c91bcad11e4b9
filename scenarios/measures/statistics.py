"""Quantiles of the beta and Student distributions, from the incomplete beta function alone.

Nothing here knows what a document is. Accuracy is about 1e-10 over the arguments the intervals use (tests compare with printed tables).
"""

from __future__ import annotations

import math
from collections.abc import Callable

_TINY = 1e-300
_STEPS = 500


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 ≤ x ≤ 1. Raises ValueError outside."""
    if a <= 0 or b <= 0 or not 0 <= x <= 1:
        raise ValueError(f"incomplete_beta is defined for a, b > 0 and 0 <= x <= 1, not ({a}, {b}, {x})")
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):  # the continued fraction converges fast only below the mean
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _beta_fraction(a, b, x) / a


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b) by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = probability, for a, b > 0 and 0 < probability < 1."""
    return _invert(lambda x: incomplete_beta(a, b, x), probability, 0.0, 1.0)


def student_cdf(t: float, df: float) -> float:
    """P(T ≤ t) of Student's distribution with ``df`` > 0 degrees of freedom, not necessarily whole."""
    tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t))
    return 1.0 - tail if t > 0 else tail


def student_quantile(probability: float, df: float) -> float:
    """The t with P(T ≤ t) = probability, for 0.5 ≤ probability < 1 and df > 0."""
    # With x = df / (df + t²) the upper tail is I_x(df/2, 1/2) / 2, so t follows from a quantile of the beta distribution.
    if probability == 0.5:
        return 0.0
    x = beta_quantile(2 * (1 - probability), df / 2, 0.5)
    if x > 0.5:  # t is small against df: take the complement, which keeps its digits
        y = beta_quantile(2 * probability - 1, 0.5, df / 2)
        return math.sqrt(df * y / (1 - y))
    return math.sqrt(df * (1 - x) / x)


def _invert(function: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Bisection for a rising function; 200 halvings end at neighbouring floats also near 0."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if function(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2
