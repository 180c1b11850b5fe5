"""Charts as numbers for SVG: the templates only draw them.

Coordinates are in a box of 1,000 by 200, stretched to whatever width there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Chart", "Tick", "series", "sparkline"]

WIDTH, HEIGHT = 1000, 200
_STEPS = (1, 2, 5)
_GRID = 4


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at an axis; ``at`` is in percent of the width or height."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart to draw.

    :ivar line: SVG path of the range; ``area`` the same, closed to the ground.
    :ivar before: of the range before, '' when there is none; ``rest`` of what are not people.
    :ivar rows: what it shows in words: label, now, before (None without one), rest.
    """

    title: str
    line: str
    area: str
    before: str
    rest: str
    y: tuple[Tick, ...]
    x: tuple[Tick, ...]
    rows: tuple[tuple[str, int, int | None, int | None], ...]


def series(
    title: str,
    labels: Sequence[str],
    now: Sequence[int],
    before: Sequence[int] = (),
    rest: Sequence[int] = (),
) -> Chart:
    """A chart of counts over time.

    :param labels: of each point, in words.
    :param before: the range before, as long as ``now``, or nothing.
    :param rest: visits that are not people, as long as ``now``, or nothing.
    """
    top = _top(max([*now, *before, *rest, 1]))
    line = _path(now, top)
    area = f"{line}V{HEIGHT}H0Z" if line else ""
    rows = tuple(
        (label, now[i], before[i] if before else None, rest[i] if rest else None)
        for i, label in enumerate(labels)
    )
    return Chart(
        title,
        line,
        area,
        _path(before, top),
        _path(rest, top),
        tuple(Tick(100 - 100 * i / _GRID, f"{top * i // _GRID:,}") for i in range(1, _GRID + 1)),
        _words(labels),
        rows,
    )


def sparkline(values: Sequence[int], width: int = 90, height: int = 22) -> str:
    """An SVG path of a few counts, in a box of ``width`` by ``height``."""
    top = max([*values, 1])
    return _path(values, top, width, height - 4, 2)


def _top(highest: int) -> int:
    """A round number not below the highest, that the grid divides."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size * _GRID >= highest:
                return step * size * _GRID
        size *= 10


def _path(
    values: Sequence[int], top: int, width: int = WIDTH, height: int = HEIGHT, margin: int = 0
) -> str:
    if not values:
        return ""
    many = list(values) if len(values) > 1 else [values[0], values[0]]
    step = width / (len(many) - 1)
    points = (
        f"{i * step:.1f} {margin + height - height * value / top:.1f}"
        for i, value in enumerate(many)
    )
    return "M" + "L".join(points)


def _words(labels: Sequence[str]) -> tuple[Tick, ...]:
    """The first, the last and one between."""
    last = len(labels) - 1
    if last < 1:
        return tuple(Tick(0, label) for label in labels)
    chosen = sorted({0, last // 2, last}) if last > 1 else [0, last]
    return tuple(Tick(100 * i / last, labels[i]) for i in chosen)
