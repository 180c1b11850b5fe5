"""The figures and the chart of a span, each with what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from klink.admin import charts, words
from klink.admin.charts import Chart
from klink.admin.numbers.choice import before_in_words, label
from klink.stats.overview import Overview
from klink.stats.series import Point
from klink.stats.spans import Span

__all__ = ["Figure", "chart", "days_in_words", "figure", "figures", "rest_of"]

_WHOLE_FROM = 1_000
"""From here on an amount is shown without its smallest parts: they say nothing at a glance."""

_PER = {"hour": "Clicks per hour", "day": "Clicks per day", "month": "Clicks per month"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, large.

    :ivar change: by how much it differs, and which way; None where nothing can be compared.
    :ivar against: what it is held against, in words.
    """

    name: str
    shown: str
    change: tuple[str, str] | None
    against: str


def figure(
    name: str, now: int | Decimal, before: int | Decimal, span: Span, currency: str = ""
) -> Figure:
    """A figure beside that of the span before.

    :param currency: of an amount of money; '' for a count.
    """
    shown, was = (_shown(each, currency) for each in (now, before))
    change = words.change(now, before) if now or before else None
    return Figure(name, shown, change, f"{was} in {before_in_words(span)}")


def figures(found: Overview, currency: str) -> list[Figure]:
    """The four figures of an overview."""
    span, events, before = found.span, found.events, found.events_before
    return [
        figure("Clicks", found.totals.clicks, found.totals_before.clicks, span),
        _visitors(found),
        figure("Conversions", events.conversions, before.conversions, span),
        figure("Revenue", events.revenue, before.revenue, span, currency),
    ]


def _visitors(found: Overview) -> Figure:
    visitors = found.visitors
    shown = words.count(visitors.count)
    if visitors.past is None or visitors.past_before is None:
        return Figure("Visitors", shown, None, "no day of it is over yet")
    change = words.change(visitors.past, visitors.past_before)
    was = words.count(visitors.past_before)
    if visitors.past == visitors.count:
        return Figure("Visitors", shown, change, f"{was} in {before_in_words(found.span)}")
    against = f"{was} before; today is not compared"
    if found.span.name == "24h":
        against = f"{days_in_words(found.span)}: {against}"
    return Figure("Visitors", shown, change, against)


def chart(found: Overview) -> Chart:
    """People over time, with those of the span before and what are not people."""
    span = found.span
    before = [clicks for clicks in found.points_before if clicks is not None]
    rest = [rest_of(point) for point in found.points]
    return charts.series(
        _PER[span.over.bucket],
        [label(span, point.start) for point in found.points],
        [point.clicks for point in found.points],
        before if len(before) == len(found.points) else (),  # months are not equally many
        rest if any(rest) else (),
        is_to_now=span.is_to_now,
    )


def rest_of(point: Point) -> int:
    """The visits of a point that are not people's."""
    return point.bots + point.previews + point.prefetches


def days_in_words(span: Span) -> str:
    """The UTC days that visitors and lists are counted by."""
    first = span.days.covered.days_since
    last = span.days.covered.days_until - timedelta(days=1)
    if first == last:
        return f"{first:%-d %b} in UTC"
    return f"{first:%-d %b} \u2013 {last:%-d %b} in UTC"


def _shown(value: int | Decimal, currency: str) -> str:
    if isinstance(value, Decimal):
        return words.money(value, currency, whole=abs(value) >= _WHOLE_FROM)
    return words.count(value)
