"""A workspace or a link at a glance, beside the span before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from klink.core import events, links
from klink.core.context import Context
from klink.core.errors import InsufficientScope, NotFound
from klink.core.events import NewEvent
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from klink.stats.breakdown import Dim, Value
from klink.stats.overview import Overview, link_overview, workspace_overview
from klink.stats.spans import custom, last
from tests.stats.conftest import NOW
from tests.stats.visits import Visit, count

DIMS = (Dim.COUNTRY, Dim.REFERRER, Dim.REASON)
WEEK = timedelta(days=7)
AT = NOW - timedelta(days=2)


@pytest.fixture
def counting(ctx: Context) -> Context:
    return replace(ctx, settings=replace(ctx.settings, conversion_names=frozenset({"purchase"})))


@pytest.fixture
def link(ctx: Context, owner: Principal) -> LinkView:
    return links.create(ctx, owner, NewLink(url="https://example.com/")).link


def of_workspace(ctx: Context, who: Principal, name: str = "7d") -> Overview:
    return workspace_overview(ctx, who, last(ctx.now, name), DIMS)


def record(ctx: Context, who: Principal, revenue: str, at: datetime) -> None:
    new = NewEvent(visitor_id="v", event_name="purchase", revenue=Decimal(revenue), occurred_at=at)
    events.record(ctx, who, new)


def test_a_workspace_without_anything_is_all_zeros(ctx: Context, owner: Principal) -> None:
    found = of_workspace(ctx, owner)
    assert (found.totals.clicks, found.totals_before.clicks) == (0, 0)
    assert (found.visitors.count, found.visitors.past, found.visitors.past_before) == (0, 0, 0)
    assert (found.events.conversions, str(found.events.revenue)) == (0, "0.00")
    assert found.points_before == [0] * 7
    assert [point.clicks for point in found.points] == [0] * 7
    assert (found.top_links, found.top[Dim.COUNTRY].values) == ([], ())


def test_clicks_stand_beside_those_of_the_span_before(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id)] * 3)
    count([Visit(AT - WEEK, link.id)] * 2)
    count([Visit(AT - WEEK - WEEK, link.id)])
    found = of_workspace(ctx, owner)
    assert (found.totals.clicks, found.totals_before.clicks) == (3, 2)
    assert [point.clicks for point in found.points] == [0, 0, 0, 0, 3, 0, 0]
    assert found.points_before == [0, 0, 0, 0, 2, 0, 0]


def test_what_came_later_on_that_day_of_the_span_before_does_not_count(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(NOW, link.id), Visit(NOW - WEEK, link.id)])
    count([Visit(NOW - WEEK + timedelta(minutes=20), link.id)])
    found = of_workspace(ctx, owner)
    assert (found.totals.clicks, found.totals_before.clicks) == (1, 1)


def test_people_and_the_rest_are_apart(ctx: Context, owner: Principal, link: LinkView) -> None:
    count([Visit(AT, link.id, facts={"country": "DE"}), Visit(AT, link.id, kind=1)])
    count([Visit(AT, link.id, kind=2), Visit(AT, link.id, kind=3)])
    found = link_overview(ctx, owner, link, last(ctx.now, "7d"), DIMS)
    totals = found.totals
    assert (totals.clicks, totals.bots, totals.previews, totals.prefetches) == (1, 1, 1, 1)
    assert {v.value: v.rest for v in found.top[Dim.REASON].values} == {
        "known bot": 1, "link preview": 1, "prefetch": 1,
    }  # fmt: skip
    assert found.top[Dim.COUNTRY].values == (Value("DE", 1, 0), Value(None, 0, 3))
    assert found.top_links == []


def test_visitors_of_days_that_are_over_are_what_is_compared(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id, visitor=f"v_{n}") for n in range(3)])
    count([Visit(NOW, link.id, visitor=f"v_{n}") for n in range(5)])
    count([Visit(AT - WEEK, link.id, visitor=f"v_{n}") for n in range(2)])
    count([Visit(NOW - WEEK, link.id, visitor="v_9")])  # that weekday, which is not over now
    visitors = of_workspace(ctx, owner).visitors
    assert (visitors.count, visitors.past, visitors.past_before) == (8, 3, 2)


def test_visitors_of_today_alone_are_held_against_nothing(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(NOW, link.id)])
    today = custom(ctx.now, "2026-12-01", "2026-12-01")
    visitors = workspace_overview(ctx, owner, today, DIMS).visitors
    assert (visitors.count, visitors.past, visitors.past_before) == (1, None, None)


def test_conversions_and_revenue_stand_beside_those_before(
    counting: Context, owner: Principal, link: LinkView
) -> None:
    record(counting, owner, "12.50", AT)
    record(counting, owner, "7.50", AT)
    record(counting, owner, "3", AT - WEEK)
    found = of_workspace(counting, owner)
    assert (found.events.conversions, str(found.events.revenue)) == (2, "20.00")
    assert (found.events_before.conversions, str(found.events_before.revenue)) == (1, "3.00")
    of_link = link_overview(counting, owner, link, last(counting.now, "7d"), DIMS)
    assert of_link.events.conversions == 0  # attributed to no link


def test_the_most_clicked_links_come_first(ctx: Context, owner: Principal) -> None:
    made = [
        links.create(ctx, owner, NewLink(url="https://example.com/", slug=f"link-{n}")).link
        for n in range(3)
    ]
    for n, link in enumerate(made):
        count([Visit(AT, link.id)] * n)
    found = workspace_overview(ctx, owner, last(ctx.now, "7d"), DIMS, limit=1)
    assert [(top.slug, top.clicks) for top in found.top_links] == [("link-2", 2)]


def test_24_hours_have_an_hour_for_each_hour_before(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(NOW - timedelta(hours=3), link.id)] * 2)
    count([Visit(NOW - timedelta(hours=27), link.id)])
    found = of_workspace(ctx, owner, "24h")
    assert (len(found.points), len(found.points_before)) == (24, 24)
    assert (found.points[-4].clicks, found.points_before[-4]) == (2, 1)


def test_days_of_the_reader_are_the_points(ctx: Context, owner: Principal, link: LinkView) -> None:
    count([Visit(datetime(2026, 11, 29, 23, 30, tzinfo=UTC), link.id)])
    span = last(ctx.now, "7d", "Europe/Berlin")
    points = workspace_overview(ctx, owner, span, DIMS).points
    assert [point.clicks for point in points] == [0, 0, 0, 0, 0, 1, 0]


def test_months_stand_beside_those_of_the_span_before_as_far_as_there_are(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    span = custom(ctx.now, "2025-01-15", "2026-11-30")
    found = workspace_overview(ctx, owner, span, DIMS)
    assert len(found.points) == len(found.points_before) == 23


def test_a_stranger_sees_no_link_and_a_blind_key_sees_nothing(
    ctx: Context, owner: Principal, stranger: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id)])
    span = last(ctx.now, "7d")
    assert workspace_overview(ctx, stranger, span, DIMS).totals.clicks == 0
    for asked in (link, link.uid):
        with pytest.raises(NotFound):
            link_overview(ctx, stranger, asked, span, DIMS)
    blind = replace(owner, scopes=frozenset({"create"}))
    with pytest.raises(InsufficientScope):
        workspace_overview(ctx, blind, span, DIMS)
    with pytest.raises(InsufficientScope):
        link_overview(ctx, blind, link, span, DIMS)
