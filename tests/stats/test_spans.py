"""Spans: the range of a page, and the one before that it is held against."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from klink.core.errors import ValidationFailed
from klink.stats.spans import NAMES, Span, custom, last
from tests.stats.conftest import NOW


def begin(span: Span) -> datetime:
    return span.over.covered.since


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("name,days", [("7d", 7), ("30d", 30), ("90d", 90)])
def test_the_last_days_have_today_among_them(name: str, days: int) -> None:
    span = last(NOW, name)
    assert begin(span) == utc(2026, 12, 1) - timedelta(days=days - 1)
    assert (span.first, span.last) == (begin(span).date(), date(2026, 12, 1))
    assert span.over.covered.until == utc(2026, 12, 1, 10, 15)
    assert span.is_to_now


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Honolulu"])
def test_the_span_before_is_as_long_and_ends_at_the_same_time_of_the_day(
    name: str, zone: str
) -> None:
    span = last(NOW, name, zone)
    length = timedelta(days=NAMES[name])
    before, over = span.before.covered, span.over.covered
    for then, now in ((before.since, over.since), (before.until, over.until)):
        local = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in (then, now)]
        assert local[1] - local[0] == length


def test_the_last_24_hours_are_whole_hours_up_to_this_one() -> None:
    span = last(NOW, "24h")
    assert begin(span) == utc(2026, 11, 30, 11)
    assert span.over.bucket == "hour"
    assert span.before.covered.since == utc(2026, 11, 29, 11)
    assert span.before.covered.until == utc(2026, 11, 30, 10, 15)
    assert (span.days.covered.since, span.days.covered.until) == (
        utc(2026, 11, 30),
        utc(2026, 12, 2),
    )


def test_hours_begin_where_the_zone_begins_them() -> None:
    assert begin(last(NOW, "24h", "Asia/Kolkata")) == utc(2026, 11, 30, 10, 30)


def test_days_are_those_of_the_zone_and_lists_have_as_many_utc_days() -> None:
    berlin = last(NOW, "7d", "Europe/Berlin")
    assert begin(berlin) == utc(2026, 11, 24, 23)
    assert berlin.days.covered.since == utc(2026, 11, 25)
    assert berlin.days.covered.until == utc(2026, 12, 2)
    auckland = last(utc(2026, 12, 1, 12), "7d", "Pacific/Auckland")
    assert auckland.last == date(2026, 12, 2)
    assert auckland.days.covered.since == utc(2026, 11, 25)
    assert auckland.days.covered.until == utc(2026, 12, 2)


def test_a_day_that_is_not_over_is_never_held_against_a_whole_one() -> None:
    span = last(NOW, "7d")
    assert span.past_days is not None
    assert span.past_days_before is not None
    assert span.past_days.covered.until == utc(2026, 12, 1)
    assert span.past_days.covered.since == utc(2026, 11, 25)
    assert span.past_days_before.covered.since == utc(2026, 11, 18)
    assert span.past_days_before.covered.until == utc(2026, 11, 24)


def test_a_range_of_today_alone_has_no_day_that_is_over() -> None:
    span = custom(NOW, "2026-12-01", "2026-12-01")
    assert (span.past_days, span.past_days_before) == (None, None)
    assert span.is_to_now
    assert span.before.covered.until == utc(2026, 11, 30, 10, 15)


def test_chosen_days_are_both_among_them_and_the_days_before_end_there() -> None:
    span = custom(NOW, "2026-11-10", "2026-11-19", "Europe/Berlin")
    assert span.over.covered.since == utc(2026, 11, 9, 23)
    assert span.over.covered.until == utc(2026, 11, 19, 23)
    assert span.before.covered.until == utc(2026, 11, 9, 23)
    assert span.before.covered.since == utc(2026, 10, 30, 23)
    assert not span.is_to_now
    assert (span.days.first_day, span.days.end_day) == (20767, 20777)
    assert span.past_days == span.days


@pytest.mark.parametrize(
    "since,until,bucket",
    [
        ("2026-11-30", "2026-12-01", "hour"),
        ("2026-11-29", "2026-12-01", "day"),
        ("2025-11-01", "2026-12-01", "day"),
        ("2025-10-01", "2026-12-01", "month"),
        ("1990-01-01", "2000-01-01", "month"),
    ],
)
def test_points_are_few_enough_to_be_a_line(since: str, until: str, bucket: str) -> None:
    assert custom(NOW, since, until).over.bucket == bucket


@pytest.mark.parametrize(
    "since,until,field,text",
    [
        ("", "2026-12-01", "since", "must be a date like 2026-01-31"),
        ("2026-11-01", "soon", "until", "must be a date like 2026-01-31"),
        ("2026-11-01", "2026-12-02", "until", "must not lie after today"),
        ("2026-11-02", "2026-11-01", "since", "must not lie after the last day"),
        ("1989-12-31", "2026-11-01", "since", "must not lie before 1990"),
        ("1990-01-01", "2026-11-01", "since", "a range has at most 3,660 days"),
    ],
)
def test_dates_that_cannot_be_are_refused_in_words(
    since: str, until: str, field: str, text: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        custom(NOW, since, until)
    assert refused.value.errors == {field: [text]}


def test_today_is_the_readers() -> None:
    late = utc(2026, 12, 1, 12)
    assert custom(late, "2026-12-02", "2026-12-02", "Pacific/Auckland").is_to_now
    with pytest.raises(ValidationFailed):
        custom(late, "2026-12-02", "2026-12-02", "Europe/Berlin")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "europe/berlin\0"])
def test_a_timezone_is_an_iana_name(zone: str) -> None:
    for refused in (lambda: last(NOW, "7d", zone), lambda: custom(NOW, "a", "b", zone)):
        with pytest.raises(ValidationFailed) as raised:
            refused()
        assert list(raised.value.errors) == ["timezone"]


def test_a_name_that_no_span_has_is_refused() -> None:
    with pytest.raises(ValidationFailed) as refused:
        last(NOW, "5y")
    assert refused.value.errors == {"range": ["must be one of 24h, 7d, 30d, 90d, custom"]}


def test_a_day_of_23_hours_has_a_utc_day() -> None:
    span = custom(utc(2026, 12, 1), "2026-09-27", "2026-09-27", "Pacific/Auckland")
    assert span.days.end_day - span.days.first_day == 1
