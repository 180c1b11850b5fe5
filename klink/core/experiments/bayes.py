"""What a person reads of rates: how high each may be, and how probably it is the highest.

Every rate is thought equally likely before anybody has come (the prior is uniform), so after
c conversions of n visitors it is Beta(c + 1, n - c + 1). What several rates do together is
integrated numerically. The variable is not the rate t but its logit, log(t / (1 - t)): there
the densities have no edge to run into, and one bell each, of a width that is known beforehand.
So the grid is laid where they are: points around each bell, at distances of its own width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, log1p, prod, sqrt

_STEPS = (
    *(-12 + step for step in range(6)),
    *(-6 + step / 2 for step in range(25)),
    *(7 + step for step in range(6)),
)
"""Where each density is looked at, in its own widths from its summit."""


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of one variant's rate.

    :param interval: 95 % credible. Both ends leave 2.5 % out, unless nobody or everybody
        converted: then it begins at 0 or ends at 1, so that it always holds the observed rate.
    """

    mean: float
    interval: tuple[float, float]
    probability_best: float
    expected_loss: float


def posteriors(counts: Sequence[tuple[int, int]]) -> list[Posterior]:
    """Compare variants by their (visitors, conversions); accurate to 0.001 and far better.

    ``expected_loss`` is the mean of "the highest rate minus this one", in units of the rate.
    """
    shapes = [(converted + 1, seen - converted + 1) for seen, converted in counts]
    grid = _Grid(shapes)
    curves = [_Curve(grid, shape) for shape in shapes]
    means = [a / (a + b) for a, b in shapes]
    best, highest = _compare(grid, curves, max(means))
    return [
        Posterior(mean, _interval(grid, curve, shape), probability, max(0.0, highest - mean))
        for mean, curve, shape, probability in zip(means, curves, shapes, best, strict=True)
    ]


class _Grid:
    """Points on the logit axis: cells with a middle, so their number is odd."""

    def __init__(self, shapes: Sequence[tuple[int, int]]) -> None:
        ends: set[float] = set()
        for a, b in shapes:
            summit, width = log(a / b), sqrt(1 / a + 1 / b)
            ends.update(summit + step * width for step in _STEPS)
        self.points: list[float] = []
        for left, right in pairwise(sorted(ends)):
            self.points += (left, (left + right) / 2)
        self.points.append(max(ends))
        # The logarithms of t and of 1 - t, neither of which loses digits near 0.
        self.log_t = [-_softplus(-point) for point in self.points]
        self.log_rest = [-_softplus(point) for point in self.points]


def _softplus(x: float) -> float:
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


class _Curve:
    """A density and its distribution function at the points of a grid."""

    def __init__(self, grid: _Grid, shape: tuple[int, int]) -> None:
        a, b = shape
        summit = a * log(a / (a + b)) + b * log(b / (a + b))
        raw = [
            exp(a * log_t + b * log_rest - summit)
            for log_t, log_rest in zip(grid.log_t, grid.log_rest, strict=True)
        ]
        below = [0.0]
        points = grid.points
        for at in range(0, len(points) - 1, 2):
            left, middle, right = raw[at : at + 3]
            width = points[at + 2] - points[at]
            cell = width / 6 * (left + 4 * middle + right)
            half = width / 24 * (5 * left + 8 * middle - right)  # of the same parabola
            below += (below[-1] + min(max(half, 0.0), cell), below[-1] + cell)
        whole = below[-1]
        self.density = [value / whole for value in raw]
        self.below = [value / whole for value in below]

    def quantile(self, grid: _Grid, part: float) -> float:
        """The logit below which this part lies."""
        after = next(at for at, below in enumerate(self.below) if below >= part)
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            if self._between(grid, after, middle) < part:
                low = middle
            else:
                high = middle
        left, right = grid.points[after - 1], grid.points[after]
        return left + high * (right - left)

    def _between(self, grid: _Grid, after: int, way: float) -> float:
        """The distribution function between two points: the cubic with its values and slopes."""
        width = grid.points[after] - grid.points[after - 1]
        start, end = self.below[after - 1], self.below[after]
        rise, run_out = self.density[after - 1] * width, self.density[after] * width
        back = 1 - way
        return (
            start * (1 + 2 * way) * back**2
            + rise * way * back**2
            + end * way**2 * (3 - 2 * way)
            - run_out * way**2 * back
        )


def _interval(grid: _Grid, curve: _Curve, shape: tuple[int, int]) -> tuple[float, float]:
    a, b = shape
    if a == b == 1:
        return 0.025, 0.975
    if a == 1:
        return 0.0, _rate(curve.quantile(grid, 0.95))
    if b == 1:
        return _rate(curve.quantile(grid, 0.05)), 1.0
    return _rate(curve.quantile(grid, 0.025)), _rate(curve.quantile(grid, 0.975))


def _rate(logit: float) -> float:
    return exp(-_softplus(-logit))


def _compare(grid: _Grid, curves: Sequence[_Curve], centre: float) -> tuple[list[float], float]:
    """Each variant's probability to have the highest rate, and the highest rate's mean.

    A variant is the highest at t with its density there, if all others lie below. The mean is
    reckoned from ``centre``, so that rates which hardly differ lose no digits.
    """
    best = [0.0] * len(curves)
    above = 0.0
    points = grid.points
    for at in range(len(points)):
        weight = _simpson(points, at)
        below = [curve.below[at] for curve in curves]
        offset = _rate(points[at]) - centre
        for number, curve in enumerate(curves):
            density = curve.density[at]
            if density < 1e-12:
                continue
            chance = weight * density * prod(below[:number]) * prod(below[number + 1 :])
            best[number] += chance
            above += chance * offset
    whole = sum(best)
    return [chance / whole for chance in best], centre + above / whole


def _simpson(points: Sequence[float], at: int) -> float:
    """What a point counts in an integral over cells with a middle."""
    if at % 2:
        return (points[at + 1] - points[at - 1]) * 4 / 6
    left = points[at] - points[at - 2] if at else 0.0
    right = points[at + 2] - points[at] if at + 2 < len(points) else 0.0
    return (left + right) / 6
