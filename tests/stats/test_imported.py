"""Clicks that a link had before it came here: in all-time figures, and of no day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.links import Arrival, Arrivals, LinkQuery, LinkView, NewLink, NewVariant
from klink.core.principal import Principal
from klink.db.models import LinkDay, LinkQuarter, LinkTotal
from klink.stats.breakdown import Dim
from klink.stats.experiments import experiment
from klink.stats.lifetime import lifetime
from klink.stats.link_records import records
from klink.stats.ranges import last_days, make
from klink.stats.reading import link_stats, workspace_analytics
from tests.stats.conftest import NOW
from tests.stats.visits import Visit, count

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
ALL_TIME = make(NOW, since=datetime(1970, 1, 1, tzinfo=UTC))
SPLIT = (NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50))


@pytest.fixture
def came(ctx: Context, owner: Principal) -> list[LinkView]:
    """Three links, of which the first brings 3,000 clicks and the second 5."""
    new = [
        (NewLink(slug="old", url="https://example.com/"), 3_000),
        (NewLink(slug="some", variants=SPLIT), 5),
        (NewLink(slug="none", url="https://example.com/"), None),
    ]
    Arrivals(ctx, owner).take([Arrival(each, frozenset(), clicks=many) for each, many in new])
    return [links.find(ctx, owner, each.slug or "") for each, _ in new]


def test_a_links_figures_of_all_time_hold_them_and_those_of_days_do_not(
    ctx: Context, owner: Principal, came: list[LinkView]
) -> None:
    old = came[0]
    count([Visit(AT, old.id), Visit(AT, old.id, kind=1)])
    of_all_time = link_stats(ctx, owner, old, ALL_TIME)
    totals = of_all_time.totals
    assert (totals.clicks, totals.views, totals.people_views) == (3_001, 3_002, 3_001)
    assert totals.unique_visitors == 1
    assert sum(point.clicks for point in of_all_time.series) == 1
    assert link_stats(ctx, owner, old, last_days(NOW, 30)).totals.clicks == 1
    found = lifetime(ctx, owner, old)
    assert (found.counts.clicks, found.counts.views) == (3_001, 3_002)
    assert sum(day.clicks for day in found.recent) == 1
    assert LinkDay.select().where(LinkDay.dim == int(Dim.TOTAL)).count() == 1
    assert LinkQuarter.select().count() == 1


def test_a_link_that_nobody_visited_here_has_them_too(
    ctx: Context, owner: Principal, came: list[LinkView]
) -> None:
    assert link_stats(ctx, owner, came[0], ALL_TIME).totals.clicks == 3_000
    assert [record["clicks"] for record in records([came])] == [3_000, 5, 0]


def test_the_workspaces_figures_of_all_time_hold_them(
    ctx: Context, owner: Principal, stranger: Principal, came: list[LinkView]
) -> None:
    count([Visit(AT, came[2].id)])
    found = workspace_analytics(ctx, owner, ALL_TIME)
    assert (found.total_clicks, found.views) == (3_006, 3_006)
    assert [(link.slug, link.clicks) for link in found.top_links] == [
        ("old", 3_000),
        ("some", 5),
        ("none", 1),
    ]
    lately = workspace_analytics(ctx, owner, last_days(NOW, 30))
    assert (lately.total_clicks, [link.slug for link in lately.top_links]) == (1, ["none"])
    assert workspace_analytics(ctx, stranger, ALL_TIME).total_clicks == 0


def test_lists_are_sorted_by_them(ctx: Context, owner: Principal, came: list[LinkView]) -> None:
    count([Visit(AT, came[2].id) for _ in range(9)])
    page = links.search(ctx, owner, LinkQuery(sort="-clicks"))
    assert [link.slug for link in page.items] == ["old", "none", "some"]


def test_days_are_added_up_by_the_visits_here_alone(
    ctx: Context, owner: Principal, came: list[LinkView]
) -> None:
    count([Visit(AT, came[0].id)])
    total = LinkTotal.get_by_id(came[0].id)
    assert (total.clicks, total.imported, total.summed_to_day) == (3_001, 3_000, 0)


def test_an_experiment_counts_from_here_on(
    ctx: Context, owner: Principal, came: list[LinkView]
) -> None:
    count([Visit(AT, came[1].id)])
    assert experiment(ctx, owner, came[1]).clicks == 1
