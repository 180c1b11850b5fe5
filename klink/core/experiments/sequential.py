"""The mixture sequential probability ratio test on the difference of two proportions.

Its p holds at whatever time one looks, and however often: between equal variants it falls to
0.05 at some time in at most 5 % of experiments (Johari, Pekelis, Walsh: "Always valid
inference", 2015). An ordinary test, or a posterior, promises that for one look only.
"""

from __future__ import annotations

from math import exp, log

PRIOR = 0.2
"""Standard deviation of the differences that are looked for, as a part of the pooled rate."""


def always_valid_p(visitors: tuple[int, int], conversions: tuple[int, int]) -> float:
    """How surely two rates differ: 1 says nothing, 0.05 or less is held for a difference.

    The reciprocal of the mixture likelihood ratio of "the difference is normal around 0 with
    ``PRIOR`` times the pooled rate" against "there is none", for this look alone.
    """
    if not all(visitors):
        return 1.0
    pooled = sum(conversions) / sum(visitors)
    variance = pooled * (1 - pooled) * (1 / visitors[0] + 1 / visitors[1])
    if variance == 0:  # nobody converted, or everybody
        return 1.0
    difference = conversions[1] / visitors[1] - conversions[0] / visitors[0]
    prior = (PRIOR * pooled) ** 2
    log_ratio = 0.5 * log(variance / (variance + prior)) + difference**2 * prior / (
        2 * variance * (variance + prior)
    )
    return exp(-log_ratio) if log_ratio > 0 else 1.0
