"""Counts over time: one point per hour, day or month of a time zone.

The database adds up quarter hours within each stretch of time in which the zone keeps its
offset from UTC; the calendar, with its days of 23 and 25 hours, is Python's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from klink.db.connection import database, read
from klink.stats.ranges import QUARTER_MS, QUARTERS_A_DAY, Range, quarter_start, start_of_day
from klink.stats.scope import COLUMNS, Scope, sums

_EPOCH_DAY = date(1970, 1, 1)
_QUARTER_S = QUARTER_MS // 1000
_QUARTERS_AN_HOUR = 4


@dataclass(frozen=True, slots=True)
class Point:
    """One bucket of a series.

    :param start: aware UTC time at which the bucket begins. The first bucket may begin
        before the range, and the last end after it; what they count lies in the range.
    """

    start: datetime
    clicks: int
    views: int
    bots: int
    previews: int
    prefetches: int


class Stretch(NamedTuple):
    """Quarter hours ``[first, end)`` that share an offset: local is UTC + ``shift`` quarters."""

    first: int
    end: int
    shift: int


def series(scope: Scope, over: Range) -> list[Point]:
    """Every bucket of the range in order, empty ones too.

    An hour is cut where the zone changes its offset, so the hour that comes twice is two
    points; days and months are as long as the zone makes them.
    """
    with read():
        first, last = scope.first_quarter(), scope.last_quarter()
        over = over.begun(first)
        parts = list(stretches(ZoneInfo(over.timezone), over.first_quarter, over.end_quarter))
        counts: dict[datetime, list[int]] = {}
        for part in parts:
            points = {
                number: counts.setdefault(_start(over, part, number), [0] * len(COLUMNS))
                for number in _numbers(part, over)
            }
            if first is None or last is None or part.end <= first or part.first > last:
                continue  # nothing was counted in it
            counted = part._replace(first=max(part.first, first), end=min(part.end, last + 1))
            for number, *values in _grouped(scope, counted, _size(over)):
                point = points[number]
                point[:] = [a + int(b) for a, b in zip(point, values, strict=True)]
    return [Point(start, *values) for start, values in counts.items()]


def stretches(zone: ZoneInfo, first: int, end: int) -> Iterator[Stretch]:
    """``[first, end)`` cut where the zone changes its offset.

    Days are looked at one by one; no zone changes there and back within one.
    """
    if zone.key == "UTC":
        yield Stretch(first, end, 0)
        return
    begun, shift = first, _shift(zone, first)
    at = first
    while at < end - 1:
        following = min(at + QUARTERS_A_DAY, end - 1)
        if _shift(zone, following) != shift:
            following = _change(zone, at, following)
            yield Stretch(begun, following, shift)
            begun, shift = following, _shift(zone, following)
        at = following
    yield Stretch(begun, end, shift)


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The first quarter hour in (low, high] whose offset is not that of ``low``."""
    before = _shift(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _shift(zone, middle) == before else (low, middle)
    return high


def _shift(zone: ZoneInfo, quarter: int) -> int:
    offset = datetime.fromtimestamp(quarter * _QUARTER_S, zone).utcoffset() or timedelta()
    return int(offset.total_seconds()) // _QUARTER_S


def _size(over: Range) -> int:
    """Quarter hours by which the database groups; months are made of days."""
    return _QUARTERS_AN_HOUR if over.bucket == "hour" else QUARTERS_A_DAY


def _numbers(part: Stretch, over: Range) -> range:
    """The local hours or days of a stretch, counted from 1970."""
    size = _size(over)
    return range((part.first + part.shift) // size, (part.end - 1 + part.shift) // size + 1)


def _grouped(scope: Scope, part: Stretch, size: int) -> Iterator[tuple[Any, ...]]:
    """Rows (number of a local hour or day, sums of COLUMNS) of a stretch."""
    if size == QUARTERS_A_DAY:
        return _days(scope, part)
    table: Any = scope.quarters
    # Both engines cut the quotient of integers; nothing is counted before 1970.
    number = ((table.quarter + part.shift) / size).alias("number")
    query = table.select(number, *sums(table)).where(scope.quarters_between(part.first, part.end))
    rows: Iterator[tuple[Any, ...]] = query.group_by(number).tuples().iterator()
    return rows


# Each day is a walk of its own through the key, and its sums come as one text: grouped by a
# quotient, SQLite would sort every quarter hour first. The plus keeps it from walking from the
# stretch's beginning.
_A_DAY = """
    WITH RECURSIVE days (number) AS (
        SELECT CAST({p} AS bigint)
        UNION ALL SELECT number + 1 FROM days WHERE number < {p})
    SELECT d.number, (
        SELECT {sums} FROM {owner}_quarters AS q
        WHERE q.{owner}_id = {p} AND +q.quarter >= {p} AND +q.quarter < {p}
            AND q.quarter >= d.number * {day} - {p} AND q.quarter < d.number * {day} + {day} - {p})
    FROM days AS d
"""
_SUMS = " || ' ' || ".join(f"sum(q.{column})" for column in COLUMNS)


def _days(scope: Scope, part: Stretch) -> Iterator[tuple[Any, ...]]:
    first, last = (part.first + part.shift), (part.end - 1 + part.shift)
    owner = scope.owner.removesuffix("_id")
    text = _A_DAY.format(p=database.param, sums=_SUMS, owner=owner, day=QUARTERS_A_DAY)
    days = (first // QUARTERS_A_DAY, last // QUARTERS_A_DAY)
    between = (scope.id, part.first, part.end, part.shift, part.shift)
    for number, counted in database.execute_sql(text, (*days, *between)).fetchall():
        if counted is not None:
            yield (number, *map(int, counted.split()))


def _start(over: Range, part: Stretch, number: int) -> datetime:
    """When the bucket of a local hour or day begins; its key, too."""
    if over.bucket == "hour":
        start = number * _QUARTERS_AN_HOUR - part.shift
        if start < part.first:
            start = part.first if part.first > over.first_quarter else _start_of_hour(over, part)
        return quarter_start(start)
    day = _EPOCH_DAY + timedelta(days=number)
    return start_of_day(day.replace(day=1) if over.bucket == "month" else day, over.timezone)


def _start_of_hour(over: Range, part: Stretch) -> int:
    """The quarter hour at which the hour began that the range begins in."""
    zone = ZoneInfo(over.timezone)
    start = part.first
    while (start + part.shift) % _QUARTERS_AN_HOUR and _shift(zone, start - 1) == part.shift:
        start -= 1
    return start
