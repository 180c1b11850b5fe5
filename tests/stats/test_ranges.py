"""What may be asked for, and what an answer then covers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from klink.core.errors import ValidationFailed
from klink.stats import ranges
from klink.stats.ranges import last_days, make, parse, start_of_day

NOW = datetime(2026, 3, 14, 15, 9, 26, 500_000, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_times_a_range_is_the_last_thirty_days_up_to_now() -> None:
    over = make(NOW).covered
    assert over.since == utc("2026-02-12T00:00")
    assert over.until == utc("2026-03-14T15:15")
    assert (over.days_since, over.days_until) == (utc("2026-02-12"), utc("2026-03-15"))
    assert (over.bucket, over.timezone) == ("day", "UTC")


def test_the_thirty_days_begin_at_midnight_of_the_time_zone() -> None:
    over = make(NOW, timezone="America/New_York").covered
    assert over.since == utc("2026-02-12T05:00")
    over = make(NOW, timezone="Asia/Kolkata").covered
    assert over.since == utc("2026-02-11T18:30")
    assert over.days_since == utc("2026-02-11")


def test_thirty_days_before_a_given_midnight_are_thirty_days() -> None:
    over = make(NOW, until=utc("2026-02-01")).covered
    assert (over.since, over.until) == (utc("2026-01-02"), utc("2026-02-01"))


def test_a_range_is_rounded_outward_to_quarter_hours_and_utc_days() -> None:
    over = parse(NOW, since="2026-03-01T10:14:59.999Z", until="2026-03-01T23:45:00.001Z").covered
    assert (over.since, over.until) == (utc("2026-03-01T10:00"), utc("2026-03-02T00:00"))
    assert (over.days_since, over.days_until) == (utc("2026-03-01"), utc("2026-03-02"))
    over = parse(NOW, since="2026-03-01T10:15:00Z", until="2026-03-02T00:00:01+00:00").covered
    assert (over.since, over.until) == (utc("2026-03-01T10:15"), utc("2026-03-02T00:15"))
    assert over.days_until == utc("2026-03-03")


def test_now_is_part_of_a_range_that_goes_up_to_now() -> None:
    assert make(utc("2026-03-14T15:00")).covered.until == utc("2026-03-14T15:15")


def test_an_offset_moves_the_time() -> None:
    over = parse(NOW, since="2026-03-01T00:00:00+05:30", until="2026-03-02T00:00:00+05:30")
    assert over.covered.since == utc("2026-02-28T18:30")


@pytest.mark.parametrize("days,since", [(1, "2026-03-14"), (7, "2026-03-08"), (365, "2025-03-15")])
def test_days_are_whole_utc_days_up_to_now(days: int, since: str) -> None:
    over = last_days(NOW, days).covered
    assert over.since == over.days_since == utc(since)
    assert over.until == utc("2026-03-14T15:15")


@pytest.mark.parametrize("days", [0, -1, 366, 10**9, True])
def test_days_must_be_one_to_365(days: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        last_days(NOW, days)
    assert list(refused.value.errors) == ["days"]


@pytest.mark.parametrize(
    "asked,field",
    [
        ({"since": "2026-03-01"}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-02-30T00:00:00Z"}, "until"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "since"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-02T00:00:00Z"}, "since"),
        ({"since": "2027-01-01T00:00:00Z"}, "since"),
        ({"until": "2028-01-01T00:00:00Z"}, "until"),
        ({"until": "9999-12-31T23:59:59Z"}, "until"),
        ({"until": "1969-12-31T00:00:00Z"}, "until"),
        ({"until": "1970-01-01T00:00:00Z"}, "until"),
        ({"until": "0001-01-05T00:00:00Z"}, "until"),
        ({"until": "0001-01-01T00:00:00Z", "timezone": "America/New_York"}, "until"),
        ({"bucket": "week"}, "bucket"),
        ({"bucket": ""}, "bucket"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "Europe"}, "timezone"),
        ({"timezone": "../../../etc/passwd"}, "timezone"),
        ({"timezone": "/etc/localtime"}, "timezone"),
        ({"timezone": "Europe/Berlin\0"}, "timezone"),
        ({"timezone": "+02:00"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"bucket": "hour", "since": "2020-01-01T00:00:00Z"}, "bucket"),
        ({"bucket": "day", "since": "1980-01-01T00:00:00Z"}, "bucket"),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse(NOW, **asked)
    assert list(refused.value.errors) == [field]


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse(NOW, since="x", until="y")
    assert set(refused.value.errors) == {"since", "until"}
    with pytest.raises(ValidationFailed) as refused:
        parse(NOW, bucket="x", timezone="y")
    assert set(refused.value.errors) == {"bucket", "timezone"}


def test_a_series_that_is_too_long_says_what_to_do() -> None:
    with pytest.raises(ValidationFailed, match="larger buckets or a shorter range"):
        parse(NOW, bucket="hour", since="2020-01-01T00:00:00Z")
    make(NOW, bucket="hour", since=NOW - timedelta(hours=ranges.MAX_POINTS - 1))


def test_1970_means_from_the_first_visit_on() -> None:
    over = parse(NOW, since="1970-01-01T00:00:00Z", bucket="hour")
    assert over.is_all_time
    first = int(utc("2026-03-10T07:30").timestamp()) // 900
    assert over.begun(first).covered.since == utc("2026-03-10T07:30")
    assert over.begun(None).covered.since == utc("2026-03-14T15:00")
    with pytest.raises(ValidationFailed, match="larger buckets"):
        over.begun(1)


def test_only_a_range_up_to_now_is_all_of_time() -> None:
    assert not parse(NOW, since="1970-01-01T00:00:00Z", until="2026-03-14T15:00:00Z").is_all_time
    assert not make(NOW).is_all_time


@pytest.mark.parametrize(
    "day,timezone,start",
    [
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-28T23:00"),
        (date(2026, 3, 30), "Europe/Berlin", "2026-03-29T22:00"),
        (date(2024, 4, 26), "Africa/Cairo", "2024-04-25T22:00"),  # midnight is left out
        (date(2024, 11, 3), "America/Havana", "2024-11-03T04:00"),  # midnight comes twice
    ],
)
def test_a_day_begins_with_its_first_instant(day: date, timezone: str, start: str) -> None:
    assert start_of_day(day, timezone) == utc(start)
