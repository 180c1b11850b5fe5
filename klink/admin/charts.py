"""Charts as numbers for SVG: the templates only draw them.

Coordinates are in a box of 1,000 by 200, stretched to whatever width there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Chart", "Tick", "series", "sparkline", "sparkline_to_now"]

WIDTH, HEIGHT = 1000, 200
_SPARK = (90, 18, 2)  # width, height and the margin above and below
_STEPS = (1, 2, 5)
_GRID = 4
_ALL_WORDS = 7  # points that are few enough to have each a word
_LONG = 8  # letters; two longer words fit a phone, and no third
_DIGIT, _GAP = 7, 10  # pixels: of a digit at the scale, and between it and the chart


@dataclass(frozen=True, slots=True)
class Tick:
    """A word at an axis; ``at`` is in percent of the width or height.

    :ivar is_more: there is no room for it on a narrow screen.
    """

    at: float
    text: str
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart to draw.

    :ivar line: SVG path of the range; ``area`` the same, closed to the ground.
    :ivar before: of the range before, '' when there is none; ``rest`` of what are not people.
    :ivar to_now: the ends of ``line`` and ``rest`` that lead to a point that is not over, in one
        path; '' when all are over. They would look like a fall.
    :ivar gutter: pixels that the words at the scale need beside the chart.
    :ivar rows: what it shows in words: label, now, before (None without one), rest.
    """

    title: str
    line: str
    area: str
    before: str
    rest: str
    to_now: str
    gutter: int
    y: tuple[Tick, ...]
    x: tuple[Tick, ...]
    rows: tuple[tuple[str, int, int | None, int | None], ...]


def series(
    title: str,
    labels: Sequence[str],
    now: Sequence[int],
    before: Sequence[int] = (),
    rest: Sequence[int] = (),
    *,
    is_to_now: bool = False,
) -> Chart:
    """A chart of counts over time.

    :param labels: of each point, in words.
    :param before: the range before, as long as ``now``, or nothing.
    :param rest: visits that are not people, as long as ``now``, or nothing.
    :param is_to_now: whether the last point goes on.
    """
    top = _top(max([*now, *before, *rest, 1]))
    line, end = _in_two(_points(now, top), is_to_now)
    others, end_of_others = _in_two(_points(rest, top), is_to_now)
    whole = _line(_points(now, top))
    area = f"{whole}V{HEIGHT}H0Z" if whole else ""
    rows = tuple(
        (label, now[i], before[i] if before else None, rest[i] if rest else None)
        for i, label in enumerate(labels)
    )
    scale = [Tick(100 - 100 * i / _GRID, f"{top * i // _GRID:,}") for i in range(1, _GRID + 1)]
    return Chart(
        title=title,
        line=line,
        area=area,
        before=_line(_points(before, top)),
        rest=others,
        to_now=end + end_of_others,
        gutter=_GAP + _DIGIT * max(len(tick.text) for tick in scale),
        y=tuple(scale),
        x=_words(labels),
        rows=rows,
    )


def sparkline(values: Sequence[int], width: int, height: int) -> str:
    """An SVG path of a few counts, in a box of ``width`` by ``height``."""
    top = max([*values, 1])
    return _line(_points(values, top, width, height - 4, 2))


def sparkline_to_now(values: Sequence[int]) -> tuple[str, str]:
    """Likewise of counts whose last one is not over: the path as far as it is, and its end."""
    top = max([*values, 1])
    return _in_two(_points(values, top, *_SPARK), is_to_now=True)


def _top(highest: int) -> int:
    """A round number not below the highest, that the grid divides."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size * _GRID >= highest:
                return step * size * _GRID
        size *= 10


def _points(
    values: Sequence[int], top: int, width: int = WIDTH, height: int = HEIGHT, margin: int = 0
) -> list[str]:
    """Where each value lies; one alone is as wide as all."""
    if not values:
        return []
    many = list(values) if len(values) > 1 else [values[0], values[0]]
    step = width / (len(many) - 1)
    return [
        f"{i * step:.1f} {margin + height - height * value / top:.1f}"
        for i, value in enumerate(many)
    ]


def _line(points: Sequence[str]) -> str:
    return f"M{'L'.join(points)}" if points else ""


def _in_two(points: Sequence[str], is_to_now: bool) -> tuple[str, str]:
    """The line as far as it is over, and what leads on from there; two points are left whole."""
    if not is_to_now or len(points) <= 2:
        return _line(points), ""
    return _line(points[:-1]), _line(points[-2:])


def _words(labels: Sequence[str]) -> tuple[Tick, ...]:
    """The first, the last, one between; and where there is room, all or one between each."""
    last = len(labels) - 1
    if last < 1:
        return tuple(Tick(0, label) for label in labels)
    few = {0, last} if max(map(len, labels)) > _LONG else {0, last // 2, last}
    if len(labels) <= _ALL_WORDS:
        chosen = set(range(len(labels)))
    else:
        chosen = {0, round(last / 4), last // 2, round(3 * last / 4), last}
    return tuple(Tick(100 * i / last, labels[i], i not in few) for i in sorted(chosen))
