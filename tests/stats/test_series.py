"""Points of a series on days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from klink.stats.ranges import parse, start_of_day
from klink.stats.scope import of_link
from klink.stats.series import Point, series
from tests.stats.visits import Visit, count


@pytest.fixture
def link(ctx: Context, owner: Principal) -> LinkView:
    return links.create(ctx, owner, NewLink(url="https://example.com/")).link


def _local(points: list[Point], timezone: str) -> list[str]:
    return [p.start.astimezone(ZoneInfo(timezone)).strftime("%d %H:%M %z") for p in points]


def _day(ctx: Context, link: LinkView, day: str, timezone: str, bucket: str) -> list[Point]:
    """The points of one local day, one click counted in each quarter hour of it."""
    start = start_of_day(datetime.fromisoformat(day).date(), timezone)
    end = start_of_day(datetime.fromisoformat(day).date() + timedelta(days=1), timezone)
    quarters = (end - start) // timedelta(minutes=15)
    count(Visit(start + n * timedelta(minutes=15), link.id) for n in range(quarters))
    over = parse(
        ctx.now, since=start.isoformat(), until=end.isoformat(), bucket=bucket, timezone=timezone
    )
    points = series(of_link(link.id), over)
    assert sum(point.clicks for point in points) == quarters
    return points


@pytest.mark.parametrize(
    "day,timezone,quarters",
    [
        ("2026-03-29", "Europe/Berlin", 92),
        ("2026-10-25", "Europe/Berlin", 100),
        ("2026-03-08", "America/New_York", 92),
        ("2026-11-01", "America/New_York", 100),
        ("2026-10-25", "Asia/Kolkata", 96),
        ("2026-04-05", "Australia/Lord_Howe", 98),
        ("2026-10-04", "Australia/Lord_Howe", 94),
        ("2024-04-26", "Africa/Cairo", 92),  # at midnight
        ("2024-11-03", "America/Havana", 100),  # back to midnight
    ],
)
def test_a_day_is_as_long_as_its_time_zone_makes_it(
    ctx: Context, link: LinkView, day: str, timezone: str, quarters: int
) -> None:
    (point,) = _day(ctx, link, day, timezone, "day")
    assert point.clicks == quarters


def test_the_hour_that_comes_twice_is_two_points(ctx: Context, link: LinkView) -> None:
    points = _day(ctx, link, "2026-10-25", "Europe/Berlin", "hour")
    hours = _local(points, "Europe/Berlin")
    assert len(hours) == 25
    assert hours[2:4] == ["25 02:00 +0200", "25 02:00 +0100"]
    assert {point.clicks for point in points} == {4}


def test_the_hour_that_is_left_out_is_no_point(ctx: Context, link: LinkView) -> None:
    hours = _local(_day(ctx, link, "2026-03-29", "Europe/Berlin", "hour"), "Europe/Berlin")
    assert len(hours) == 23
    assert hours[1:3] == ["29 01:00 +0100", "29 03:00 +0200"]


def test_a_change_by_half_an_hour_cuts_an_hour(ctx: Context, link: LinkView) -> None:
    points = _day(ctx, link, "2026-04-05", "Australia/Lord_Howe", "hour")
    hours = _local(points, "Australia/Lord_Howe")
    assert hours[1:4] == ["05 01:00 +1100", "05 01:30 +1030", "05 02:00 +1030"]
    assert [point.clicks for point in points[1:4]] == [4, 2, 4]
    points = _day(ctx, link, "2026-10-04", "Australia/Lord_Howe", "hour")
    hours = _local(points, "Australia/Lord_Howe")
    assert hours[1:4] == ["04 01:00 +1030", "04 02:30 +1100", "04 03:00 +1100"]
    assert [point.clicks for point in points[1:4]] == [4, 2, 4]


def test_hours_of_a_zone_with_half_an_hour_begin_at_its_own_full_hours(
    ctx: Context, link: LinkView
) -> None:
    points = _day(ctx, link, "2026-10-25", "Asia/Kolkata", "hour")
    assert len(points) == 24
    assert {point.start.minute for point in points} == {30}
    assert {point.clicks for point in points} == {4}


def test_the_first_bucket_begins_before_the_range_and_counts_from_it(
    ctx: Context, link: LinkView
) -> None:
    start = datetime(2026, 6, 10, 10, 45, tzinfo=UTC)
    count(Visit(start + timedelta(minutes=n), link.id) for n in (-1, 0, 14, 15))
    starts = {}
    for bucket in ("hour", "day", "month"):
        over = parse(ctx.now, since=start.isoformat(), until="2026-06-10T11:00:00Z", bucket=bucket)
        (point,) = series(of_link(link.id), over)
        assert point.clicks == 2
        starts[bucket] = point.start.strftime("%m-%d %H:%M")
    assert starts == {"hour": "06-10 10:00", "day": "06-10 00:00", "month": "06-01 00:00"}


def test_an_hour_begins_where_the_clocks_changed_even_if_the_range_begins_later(
    ctx: Context, link: LinkView
) -> None:
    zone = "Australia/Lord_Howe"
    over = parse(
        ctx.now, since="2026-10-03T15:45:00Z", until="2026-10-03T16:00:00Z",
        bucket="hour", timezone=zone,
    )  # fmt: skip
    assert _local(series(of_link(link.id), over), zone) == ["04 02:30 +1100"]


def test_months_are_the_calendars(ctx: Context, link: LinkView) -> None:
    zone = "America/New_York"
    count([Visit(datetime(2026, 4, 1, 3, 59, tzinfo=UTC), link.id)])
    over = parse(
        ctx.now, since="2026-01-15T00:00:00Z", until="2026-05-01T05:00:00Z",
        bucket="month", timezone=zone,
    )  # fmt: skip
    points = series(of_link(link.id), over)
    assert [start[:8] for start in _local(points, zone)] == ["01 00:00"] * 5
    assert [point.clicks for point in points] == [0, 0, 1, 0, 0]


def test_a_link_without_visits_has_all_its_points(ctx: Context, link: LinkView) -> None:
    points = series(of_link(link.id), parse(ctx.now))
    assert len(points) == 31
    assert not any(point.views for point in points)


def test_all_of_time_begins_with_the_first_visit(ctx: Context, link: LinkView) -> None:
    count([Visit(datetime(2026, 11, 20, 8, tzinfo=UTC), link.id)])
    points = series(of_link(link.id), parse(ctx.now, since="1970-01-01T00:00:00Z"))
    assert points[0] == Point(datetime(2026, 11, 20, tzinfo=UTC), 1, 1, 0, 0, 0)
    assert len(points) == 12
