"""Does a split fit its weights? Pearson's chi-square test, and its distribution."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, pi, sqrt


def ratio_p(visitors: Sequence[int], weights: Sequence[int]) -> float:
    """How likely visitors that are shared out by these weights split at least this unevenly.

    :param weights: each more than 0; at least two of them.
    :return: 1 without visitors.
    """
    seen, whole = sum(visitors), sum(weights)
    if not seen:
        return 1.0
    statistic = 0.0
    for count, weight in zip(visitors, weights, strict=True):
        expected = seen * weight / whole
        statistic += (count - expected) ** 2 / expected
    return chi_square_p(statistic, len(visitors) - 1)


def chi_square_p(statistic: float, freedom: int) -> float:
    """The chance that chi-square with this many degrees of freedom is at least that large.

    It is the upper regularised incomplete gamma function Q(freedom / 2, statistic / 2). As
    freedom is whole, ``Q(a + 1, x) = Q(a, x) + x**a * exp(-x) / gamma(a + 1)`` leads there in
    few steps, from ``Q(1, x) = exp(-x)`` or ``Q(1 / 2, x) = erfc(sqrt(x))``.
    """
    x = statistic / 2
    if freedom % 2:
        a, q, step = 0.5, erfc(sqrt(x)), 2 * sqrt(x / pi) * exp(-x)
    else:
        a, q, step = 1.0, exp(-x), x * exp(-x)
    while 2 * a < freedom:
        q += step
        a += 1
        step *= x / a
    return min(q, 1.0)
