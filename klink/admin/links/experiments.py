"""The experiment of a link, as figures, intervals to draw, and a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flask import request

from klink.admin import words
from klink.admin.numbers.choice import same_page
from klink.core.errors import NotFound
from klink.core.experiments import VariantFigures
from klink.core.links import LinkView
from klink.stats.experiments import Experiment, experiment
from klink.web.parts import context
from klink.web.principal import principal

__all__ = ["Shown", "Variant", "shown"]

_WIDTH = 300  # of the drawn intervals
_ROOM = 8  # beside the outermost ends
_LEAST = 0.001  # of a probability; what lies beyond is said to do so


class Variant(NamedTuple):
    """A variant's line.

    :ivar low: where its interval begins in a drawing of 300; ``high`` and ``rate_at`` likewise.
    """

    figures: VariantFigures
    weight: int
    rate: str
    interval: str
    best: str
    low: float
    high: float
    rate_at: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An experiment to show.

    :ivar title: the verdict, in two words; ``kind`` is ``good``, ``warn`` or ''.
    :ivar reason: why, without the title's own word.
    :ivar is_compared: whether anything is: two variants have a weight, or had visitors.
    :ivar runs: number, URL and whether it is this one, of all runs.
    """

    found: Experiment
    title: str
    kind: str
    reason: str
    variants: list[Variant]
    scale: tuple[str, str]
    runs: list[tuple[int, str, bool]]
    is_compared: bool


def shown(link: LinkView) -> Shown | None:
    """The run of a link's experiment that is asked for; None where nothing is compared."""
    if len(link.variants) < 2 and link.run == 1:
        return None
    try:
        found = experiment(context(), principal(), link, _asked_run())
    except NotFound:  # of such a run
        found = experiment(context(), principal(), link)
    judged = found.judgement
    if not judged.variants:  # another destination begins a run, too, of a link that has but one
        return None
    lowest = min(each.interval[0] for each in judged.variants)
    highest = max(each.interval[1] for each in judged.variants)
    title, kind = _verdict(found)
    return Shown(
        found=found,
        title=title,
        kind=kind,
        reason=_reason(judged.reason, title),
        variants=[
            _variant(each, found.weights[each.label], lowest, highest) for each in judged.variants
        ],
        scale=(words.percent(lowest, 1), words.percent(highest, 1)),
        runs=[
            (number, f"{same_page(run=str(number))}#experiment", number == found.run)
            for number in range(1, found.last_run + 1)
        ],
        is_compared=judged.winner is not None or _many(found) > 1,
    )


def _many(found: Experiment) -> int:
    """The variants with a weight, or with visitors of when they had one."""
    return sum(
        bool(found.weights[each.label] or each.visitors) for each in found.judgement.variants
    )


def _asked_run() -> int | None:
    text = request.args.get("run", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _verdict(found: Experiment) -> tuple[str, str]:
    judged = found.judgement
    if judged.verdict == "winner":
        return f"{judged.winner} wins", "good"
    if judged.verdict == "sample_ratio_mismatch":
        return "The split is off", "warn"
    return "Collecting", ""


def _reason(reason: str, title: str) -> str:
    rest = reason.removeprefix(f"{title}: ")
    return f"{rest[:1].upper()}{rest[1:]}" if rest != reason else reason


def _variant(figures: VariantFigures, weight: int, lowest: float, highest: float) -> Variant:
    def place(rate: float) -> float:
        inner = _WIDTH - 2 * _ROOM
        return _ROOM + inner * (rate - lowest) / (highest - lowest) if highest > lowest else _ROOM

    low, high = figures.interval
    return Variant(
        figures=figures,
        weight=weight,
        rate=words.percent(figures.rate, 1),
        interval=f"{words.percent(low, 1)} \u2013 {words.percent(high, 1)}",
        best=_probability(figures.probability_best),
        low=place(low),
        high=place(high),
        rate_at=None if figures.rate is None else place(min(max(figures.rate, lowest), highest)),
    )


def _probability(value: float | None) -> str:
    if value is None:
        return "\u2013"
    if value < _LEAST:
        return "< 0.1 %"
    return "> 99.9 %" if value > 1 - _LEAST else words.percent(value, 1)
