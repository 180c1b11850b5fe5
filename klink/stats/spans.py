"""The range that a page is read for, and the one before it that its figures are held against.

A range that reaches to now is cut at the same time of the day as the one before, so that a day
that is not over is never held against a whole one. Totals and series know quarter hours, and so
lie on the reader's own days. Lists of values and visitors are counted by UTC days: for those a
span names the ones that come nearest to the reader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from klink.core.errors import ValidationFailed
from klink.stats.ranges import Bucket, Range, is_timezone, make, start_of_day

__all__ = ["DEFAULT", "NAMES", "Span", "custom", "last"]

NAMES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}
"""The spans that have a name, and how many days each has."""

DEFAULT = "30d"

MAX_CUSTOM_DAYS = 3_660

_HOURLY_DAYS = 2
_MONTHLY_DAYS = 400  # more points than that are no line any more
_FIRST_YEAR = 1990  # so that the range before begins after 1970, of which times are counted
_DAY = timedelta(days=1)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A range and the one before it.

    :param name: one of :data:`NAMES`, or ``custom``.
    :param first: with ``last``: its days in its timezone, the last one among them.
    :param is_to_now: whether it goes on: its last point is not over.
    :param over: the range by quarter hours, its points hours, days or months.
    :param before: as long and right before it; ends at the same time of the day.
    :param days: the UTC days that stand for it where nothing finer is known.
    :param past_days: those of them that are over, None without one; ``past_days_before`` are as
        many of the range before.
    """

    name: str
    first: date
    last: date
    is_to_now: bool
    over: Range
    before: Range
    days: Range
    past_days: Range | None
    past_days_before: Range | None

    @property
    def timezone(self) -> str:
        """The IANA name of the zone whose days these are."""
        return self.over.timezone


class _Bounds(NamedTuple):
    """Beginning and end of a range and of the one before it, and the UTC days of the range."""

    begin: datetime
    end: datetime | None  # None: now
    begin_before: datetime
    end_before: datetime
    first_day: date
    end_day: date


def last(now: datetime, name: str = DEFAULT, timezone: str = "UTC") -> Span:
    """A span that ends now: the last 24 hours, by the hour, or the last days, today among them.

    :param now: aware UTC time.
    :param name: one of :data:`NAMES`.
    :param timezone: an IANA name.
    :raises ValidationFailed: ``range`` or ``timezone``.
    """
    if name not in NAMES:
        raise ValidationFailed({"range": [f"must be one of {', '.join(NAMES)}, custom"]})
    local = _local(now, timezone)
    if name != "24h":
        first = local.date() - (NAMES[name] - 1) * _DAY
        return _days(now, name, (first, local.date()), "day", timezone)
    hour = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    begin = hour - timedelta(hours=23)
    bounds = _Bounds(begin, None, begin - _DAY, now - _DAY, begin.date(), now.date() + _DAY)
    dates = (begin.astimezone(local.tzinfo).date(), local.date())
    return _span(now, name, dates, bounds, "hour", timezone)


def custom(now: datetime, since: str, until: str, timezone: str = "UTC") -> Span:
    """The days from one to another, both among them, as somebody has typed them.

    By the hour for two days or fewer, by the month for more than 400.

    :param since: with ``until``: dates like 2026-01-31, not after today.
    :param timezone: an IANA name.
    :raises ValidationFailed: keyed by these names, saying what to do.
    """
    today = _local(now, timezone).date()
    errors: dict[str, list[str]] = {}
    first = _date(errors, "since", since, today)
    final = _date(errors, "until", until, today)
    if first and final and not errors:
        if first > final:
            errors["since"] = ["must not lie after the last day"]
        elif final - first >= MAX_CUSTOM_DAYS * _DAY:
            errors["since"] = [f"a range has at most {MAX_CUSTOM_DAYS:,} days"]
    if errors or first is None or final is None:
        raise ValidationFailed(errors)
    many = (final - first).days + 1
    bucket: Bucket = "day"
    if many <= _HOURLY_DAYS:
        bucket = "hour"
    elif many > _MONTHLY_DAYS:
        bucket = "month"
    return _days(now, "custom", (first, final), bucket, timezone)


def _local(now: datetime, timezone: str) -> datetime:
    if not is_timezone(timezone):
        raise ValidationFailed({"timezone": ["is not an IANA time zone like Europe/Berlin"]})
    return now.astimezone(ZoneInfo(timezone))


def _date(errors: dict[str, list[str]], name: str, text: str, today: date) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        errors[name] = ["must be a date like 2026-01-31"]
        return None
    if found > today:
        errors[name] = ["must not lie after today"]
    elif found.year < _FIRST_YEAR:
        errors[name] = [f"must not lie before {_FIRST_YEAR}"]
    return found


def _days(
    now: datetime, name: str, dates: tuple[date, date], bucket: Bucket, timezone: str
) -> Span:
    """The span of these days of the timezone."""
    first, final = dates
    local = now.astimezone(ZoneInfo(timezone))
    many = final - first + _DAY
    begin, begin_before = start_of_day(first, timezone), start_of_day(first - many, timezone)
    if final >= local.date():
        end = None
        # The same time on the clock, though the clocks may have been changed in between.
        end_before = (local - many).astimezone(UTC)
        end_day = now.date() + _DAY
        first_day = end_day - many  # today is there, whatever the reader's offset
    else:
        end = start_of_day(final + _DAY, timezone)
        end_before = begin
        first_day = _nearest(begin)
        # Of a day that is 23 hours long, both ends may be nearest to the same one.
        end_day = max(_nearest(end), first_day + _DAY)
    bounds = _Bounds(begin, end, begin_before, end_before, first_day, end_day)
    return _span(now, name, dates, bounds, bucket, timezone)


def _span(
    now: datetime,
    name: str,
    dates: tuple[date, date],
    bounds: _Bounds,
    bucket: Bucket,
    timezone: str,
) -> Span:
    is_to_now = bounds.end is None
    many = bounds.end_day - bounds.first_day
    past_end = min(bounds.end_day, now.date())
    has_past = bounds.first_day < past_end
    # An end is exclusive, but this very millisecond is taken in when it is now.
    end_before = bounds.end_before + (_MS if is_to_now else timedelta())
    return Span(
        name=name,
        first=dates[0],
        last=dates[1],
        is_to_now=is_to_now,
        over=make(now, since=bounds.begin, until=bounds.end, bucket=bucket, timezone=timezone),
        before=make(
            now, since=bounds.begin_before, until=end_before, bucket=bucket, timezone=timezone
        ),
        days=_utc_days(now, bounds.first_day, bounds.end_day),
        past_days=_utc_days(now, bounds.first_day, past_end) if has_past else None,
        past_days_before=(
            _utc_days(now, bounds.first_day - many, past_end - many) if has_past else None
        ),
    )


def _nearest(at: datetime) -> date:
    """The UTC day whose beginning is nearest to a time."""
    return (at.astimezone(UTC) + _DAY / 2).date()


def _utc_days(now: datetime, first: date, end: date) -> Range:
    return make(now, since=start_of_day(first, "UTC"), until=start_of_day(end, "UTC"))
