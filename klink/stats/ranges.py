"""The time that a statistic is asked for, and the time that it can really cover.

Roll-ups know quarter hours (totals, series) and UTC days (dimensions, unique visitors), so
a range is rounded outward to both, and every answer says what it covers
(:class:`Covered`).
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, get_args

from klink.core.errors import ValidationFailed
from klink.core.times import from_ms, parse_rfc3339, to_ms

Bucket = Literal["hour", "day", "month"]

BUCKETS: tuple[Bucket, ...] = get_args(Bucket)

QUARTER_MS = 900_000
QUARTERS_A_DAY = 96

MAX_POINTS = 10_000
"""Points of one series: 27 years of days, 13 months of hours."""

MAX_DAYS = 365
"""The most that ``days=`` may ask for (qklnk Q9)."""

DEFAULT_DAYS = 30

_AHEAD = timedelta(days=366)
_POINT_QUARTERS = {"hour": 4, "day": QUARTERS_A_DAY, "month": 28 * QUARTERS_A_DAY}


@dataclass(frozen=True, slots=True)
class Covered:
    """What an answer really covers; all times are aware UTC, the ends exclusive.

    :param since: with ``until``: of totals and series, whole quarter hours.
    :param days_since: with ``days_until``: of dimensions and uniques, whole UTC days.
    """

    since: datetime
    until: datetime
    days_since: datetime
    days_until: datetime
    bucket: Bucket
    timezone: str


@dataclass(frozen=True, slots=True)
class Range:
    """A checked range, as quarter hours since 1970; make one with :func:`make`.

    :param first_quarter: 0 stands for "from the first visit on"; :meth:`begun` fills it in.
    :param end_quarter: exclusive.
    :param bucket: what the points of a series are.
    :param timezone: IANA name, whose hours, days and months those are.
    :param is_all_time: from the first visit to now, so that running totals may answer.
    """

    first_quarter: int
    end_quarter: int
    bucket: Bucket = "day"
    timezone: str = "UTC"
    is_all_time: bool = False

    @property
    def first_day(self) -> int:
        """The first UTC day, in days since 1970."""
        return self.first_quarter // QUARTERS_A_DAY

    @property
    def end_day(self) -> int:
        """The UTC day after the last one."""
        return -(-self.end_quarter // QUARTERS_A_DAY)

    @property
    def covered(self) -> Covered:
        """The range as an answer echoes it."""
        return Covered(
            since=quarter_start(self.first_quarter),
            until=quarter_start(self.end_quarter),
            days_since=quarter_start(self.first_day * QUARTERS_A_DAY),
            days_until=quarter_start(self.end_day * QUARTERS_A_DAY),
            bucket=self.bucket,
            timezone=self.timezone,
        )

    def begun(self, first_visit: int | None) -> Range:
        """This range with a real beginning, when it had none.

        :param first_visit: quarter hour of the first visit that was ever counted.
        :raises ValidationFailed: the series would have too many points.
        """
        if self.first_quarter:
            return self
        last = self.end_quarter - 1
        first = last if first_visit is None else min(first_visit, last)
        return _few_points(replace(self, first_quarter=first))


def parse(
    now: datetime,
    *,
    since: str | None = None,
    until: str | None = None,
    bucket: str = "day",
    timezone: str = "UTC",
) -> Range:
    """Like :func:`make`, from RFC 3339 texts as they stand in a query string."""
    errors: dict[str, list[str]] = {}
    times: dict[str, datetime | None] = {"since": None, "until": None}
    for name, text in (("since", since), ("until", until)):
        if text is not None:
            try:
                times[name] = parse_rfc3339(text)
            except ValueError as error:
                errors[name] = [str(error)]
    if errors:
        raise ValidationFailed(errors)
    return make(now, **times, bucket=bucket, timezone=timezone)


def make(
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    bucket: str = "day",
    timezone: str = "UTC",
) -> Range:
    """The range from ``since`` to before ``until``, rounded outward.

    :param now: aware UTC time.
    :param since: aware; None is 30 days before ``until``, at the start of that day in
        ``timezone``; 1970-01-01T00:00:00Z or earlier means from the first visit on.
    :param until: aware, exclusive; None is up to now, this millisecond included.
    :param bucket: ``hour``, ``day`` or ``month``.
    :param timezone: an IANA name.
    :raises ValidationFailed: keyed by these names, saying what to do.
    """
    unit = next((known for known in BUCKETS if known == bucket), None)
    errors = {}
    if unit is None:
        errors["bucket"] = [f"must be one of {', '.join(BUCKETS)}"]
    if not is_timezone(timezone):
        errors["timezone"] = ["is not an IANA time zone like Europe/Berlin"]
    if until is not None and until > now + _AHEAD:
        errors["until"] = ["must not lie more than a year ahead"]
    if errors or unit is None:
        raise ValidationFailed(errors)
    end_ms = to_ms(now) + 1 if until is None else to_ms(until)
    if end_ms <= 0:  # and thirty days before it, there may be no calendar any more
        raise ValidationFailed({"until": ["must lie after 1970-01-01T00:00:00Z"]})
    if since is None:
        local = from_ms(end_ms).astimezone(zoneinfo.ZoneInfo(timezone)).date()
        since = start_of_day(local - timedelta(days=DEFAULT_DAYS), timezone)
    first_ms = max(0, to_ms(since))
    if end_ms <= first_ms:
        raise ValidationFailed({"since": ["must lie before until"]})
    made = Range(
        first_quarter=first_ms // QUARTER_MS,
        end_quarter=-(-end_ms // QUARTER_MS),
        bucket=unit,
        timezone=timezone,
        is_all_time=first_ms == 0 and end_ms > to_ms(now),
    )
    return _few_points(made) if made.first_quarter else made


def last_days(now: datetime, days: int) -> Range:
    """Whole UTC days up to now, today among them (qklnk Q9).

    :raises ValidationFailed: ``days`` is not 1 to 365.
    """
    if isinstance(days, bool) or not 1 <= days <= MAX_DAYS:
        raise ValidationFailed({"days": [f"must be 1 to {MAX_DAYS}"]})
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return make(now, since=today - timedelta(days=days - 1))


def start_of_day(day: date, timezone: str) -> datetime:
    """The first instant of a day in a time zone, as aware UTC time.

    Where the clocks go forward at midnight, that is 01:00; where midnight comes twice,
    the first one.
    """
    return datetime.combine(day, time(), zoneinfo.ZoneInfo(timezone)).astimezone(UTC)


def is_timezone(name: str) -> bool:
    """Whether this is the IANA name of a time zone."""
    return name in _timezones()


def quarter_start(quarter: int) -> datetime:
    """The aware UTC time at which a quarter hour begins."""
    return from_ms(quarter * QUARTER_MS)


def _few_points(over: Range) -> Range:
    points = -(-(over.end_quarter - over.first_quarter) // _POINT_QUARTERS[over.bucket])
    if points > MAX_POINTS:
        text = (
            f"the range holds {points:,} {over.bucket}s, and a series has at most "
            f"{MAX_POINTS:,} points; ask for larger buckets or a shorter range"
        )
        raise ValidationFailed({"bucket": [text]})
    return over


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    # A set of names, so that no text from a request is ever looked for as a file.
    return frozenset(zoneinfo.available_timezones())
