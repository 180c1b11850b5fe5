"""The statistics of a link, the analytics of a workspace, the counts of a page of links."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import InsufficientScope, NotFound, ValidationFailed
from klink.core.links import LinkPatch, LinkView, NewLink, NewVariant
from klink.core.money import money
from klink.core.principal import Principal
from klink.db.models import LinkTotal
from klink.stats import top_links
from klink.stats.breakdown import Value
from klink.stats.counts import LinkCounts, VariantCounts, with_counts
from klink.stats.ranges import last_days, make, parse
from klink.stats.reading import link_stats, workspace_analytics
from tests.stats.conftest import NOW
from tests.stats.statements import questions
from tests.stats.visits import Visit, count

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
SPLIT = (NewVariant("a", "https://example.com/a", 50), NewVariant("b", "https://b.test/", 50))


@pytest.fixture
def link(ctx: Context, owner: Principal) -> LinkView:
    return links.create(ctx, owner, NewLink(url="https://example.com/")).link


def _several(ctx: Context, who: Principal, number: int) -> list[LinkView]:
    made = [NewLink(url=f"https://example.com/{n}", slug=f"link-{n}") for n in range(number)]
    return [links.create(ctx, who, new).link for new in made]


# --- counts -----------------------------------------------------------------------------


def test_a_link_without_visits_has_zeros(ctx: Context, owner: Principal, link: LinkView) -> None:
    split = links.create(ctx, owner, NewLink(variants=SPLIT)).link
    plain, with_variants = with_counts([link, split])
    assert plain == LinkCounts()
    assert with_variants.variants == {v.id: VariantCounts() for v in split.variants}


def test_counts_of_many_links_take_two_queries(ctx: Context, owner: Principal) -> None:
    several = [*_several(ctx, owner, 4), links.create(ctx, owner, NewLink(variants=SPLIT)).link]
    count([Visit(AT, link.id) for link in several for _ in range(link.id)])
    with questions() as asked:
        counts = with_counts(several)
    assert len(asked) == 2
    assert [c.clicks for c in counts] == [link.id for link in several]
    assert [c.unique_visitors for c in counts] == [1] * 5
    assert with_counts([]) == []


@pytest.mark.parametrize(
    "amount,text",
    [(0, "0.00"), (1, "0.0001"), (10, "0.001"), (999_900, "99.99"), (12_345_670, "1234.567")],
)
def test_money_has_two_to_four_places(amount: int, text: str) -> None:
    assert str(money(amount)) == text


def test_the_largest_amount_is_exact() -> None:
    assert str(money(2**63 - 1)) == "922337203685477.5807"
    assert str(money(9_000_000_000_000_000_000)) == "900000000000000.00"


def test_revenue_of_a_link_is_in_units_of_the_currency(link: LinkView) -> None:
    counted = {"clicks": 3, "views": 4, "uniques": 2, "conversions": 1, "revenue": 19_998_000}
    LinkTotal.update(counted).where(LinkTotal.link_id == link.id).execute()
    (counts,) = with_counts([link])
    assert counts == LinkCounts(3, 4, 2, 1, Decimal("1999.80"))


# --- a link -----------------------------------------------------------------------------


def test_a_click_is_in_the_statistics_of_a_link(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    now = [NOW - timedelta(seconds=1), NOW]
    count([Visit(at, link.id, facts={"country": "DE"}) for at in now])
    count([Visit(NOW, link.id, kind=1)])
    stats = link_stats(ctx, owner, link.uid, make(ctx.now))
    assert (stats.totals.clicks, stats.totals.views, stats.totals.people_views) == (2, 3, 2)
    assert (stats.totals.unique_visitors, stats.totals.bots) == (1, 1)
    assert stats.series[-1].clicks == 2
    assert stats.top["country"].values == (Value("DE", 2, 0), Value(None, 0, 1))
    assert stats.rest_by_reason.values == (Value("known bot", 0, 1),)
    assert list(stats.top)[:7] == [
        "country", "device", "browser", "os", "language", "referrer", "variant",
    ]  # fmt: skip
    json.dumps(asdict(stats), default=str)


def test_beyond_the_limit_values_are_summed(ctx: Context, owner: Principal, link: LinkView) -> None:
    times = {"DE": 3, "US": 2, "FR": 1, "IT": 1}
    count(Visit(AT, link.id, facts={"country": c}) for c, n in times.items() for _ in range(n))
    count([Visit(AT, link.id, kind=1, facts={"country": "FR"})])
    top = link_stats(ctx, owner, link, make(ctx.now), limit=2).top["country"]
    assert top.values == (Value("DE", 3, 0), Value("US", 2, 0))
    assert (top.other_clicks, top.other_rest) == (2, 1)


def test_values_that_the_fold_took_together_are_never_a_value(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    sites = ["a.example", "a.example", "b.example", "c.example", "d.example", "e.example"]
    count([Visit(AT, link.id, facts={"referrer": site}) for site in sites], max_values=2)
    for limit in (1, 2, 3, 100):
        top = link_stats(ctx, owner, link, make(ctx.now), limit=limit).top["referrer"]
        assert len(top.values) == min(limit, 2)
        assert top.values[0] == Value("a.example", 2, 0)
        assert sum(value.clicks for value in top.values) + top.other_clicks == len(sites)


def test_a_visitor_counts_once_a_day_and_once_in_all_of_time(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT + timedelta(days=n), link.id, visitor="v_1") for n in (0, 1, 1, 2)])
    count([Visit(AT, link.id, visitor="")])
    assert link_stats(ctx, owner, link, make(ctx.now)).totals.unique_visitors == 4
    ever = parse(ctx.now, since="1970-01-01T00:00:00Z")
    stats = link_stats(ctx, owner, link, ever)
    assert stats.totals.unique_visitors == 2
    assert stats.covered.since == AT
    assert stats.totals.clicks == 5


def test_a_very_long_range_still_has_its_dimensions(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id, facts={"os": "Linux"})])
    over = parse(ctx.now, since="1975-06-01T00:00:00Z", bucket="month")
    stats = link_stats(ctx, owner, link, over)
    assert len(stats.series) == 51 * 12 + 7
    assert stats.totals.unique_visitors == 1
    assert stats.top["os"].values == (Value("Linux", 1, 0),)
    assert workspace_analytics(ctx, owner, over).top_links[0].clicks == 1


def test_a_limit_is_one_to_a_hundred(ctx: Context, owner: Principal, link: LinkView) -> None:
    for limit in (0, 101, -1):
        with pytest.raises(ValidationFailed) as refused:
            link_stats(ctx, owner, link, make(ctx.now), limit=limit)
        assert list(refused.value.errors) == ["limit"]


def test_all_of_time_by_the_hour_may_be_too_long(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT - timedelta(days=500), link.id)])
    ever = parse(ctx.now, since="1970-01-01T00:00:00Z", bucket="hour")
    with pytest.raises(ValidationFailed, match="larger buckets"):
        link_stats(ctx, owner, link, ever)
    with pytest.raises(ValidationFailed, match="larger buckets"):
        workspace_analytics(ctx, owner, ever)


def test_a_stranger_reads_no_statistics(
    ctx: Context, owner: Principal, stranger: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id)])
    over = make(ctx.now)
    for asked in (link, link.uid):
        with pytest.raises(NotFound):
            link_stats(ctx, stranger, asked, over)
    assert workspace_analytics(ctx, stranger, over).total_clicks == 0
    blind = replace(owner, scopes=frozenset({"create", "update", "delete"}))
    for asked in (link, link.uid):
        with pytest.raises(InsufficientScope):
            link_stats(ctx, blind, asked, over)
    with pytest.raises(InsufficientScope):
        workspace_analytics(ctx, blind, over)


# --- a workspace ------------------------------------------------------------------------


def test_analytics_add_up_the_links_of_a_workspace(ctx: Context, owner: Principal) -> None:
    several = _several(ctx, owner, 12)
    for n, link in enumerate(several):
        count(Visit(AT, link.id, visitor=f"v_{i}") for i in range(n))
        count([Visit(AT - timedelta(days=40), link.id)] * 20)
    whole = workspace_analytics(ctx, owner, last_days(ctx.now, 30))
    assert (whole.total_clicks, whole.views, whole.unique_visitors) == (66, 66, 11)
    assert (whole.conversions, str(whole.revenue)) == (0, "0.00")
    assert [top.clicks for top in whole.top_links] == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
    best = whole.top_links[0]
    assert (best.id, best.uid, best.slug) == (several[11].id, several[11].uid, "link-11")
    assert best.url == "https://example.com/11"
    assert sum(point.clicks for point in whole.series) == 66
    json.dumps(asdict(whole), default=str)


def test_a_link_that_nobody_clicks_any_more_is_no_top_link(ctx: Context, owner: Principal) -> None:
    once, lately = _several(ctx, owner, 2)
    count([Visit(AT - timedelta(days=100), once.id)] * 50)
    count([Visit(AT, lately.id)])
    top = workspace_analytics(ctx, owner, last_days(ctx.now, 30)).top_links
    assert [(link.id, link.clicks) for link in top] == [(lately.id, 1)]
    ever = workspace_analytics(ctx, owner, parse(ctx.now, since="1970-01-01T00:00:00Z"))
    assert [(link.id, link.clicks) for link in ever.top_links] == [(once.id, 50), (lately.id, 1)]


def test_the_search_for_top_links_passes_those_that_were_popular_once(
    ctx: Context, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(top_links, "_CHUNK", 1)
    once, lately, hardly = _several(ctx, owner, 3)
    count([Visit(AT - timedelta(days=100), once.id)] * 50)
    count([Visit(AT, link.id) for link in (once, *[lately] * 5, *[hardly] * 2)])
    top = top_links.top_links(owner.workspace_id, last_days(ctx.now, 30), limit=2)
    assert [(link.id, link.clicks) for link in top] == [(lately.id, 5), (hardly.id, 2)]
    top = top_links.top_links(owner.workspace_id, last_days(ctx.now, 30), limit=1)
    assert [(link.id, link.clicks) for link in top] == [(lately.id, 5)]


def test_the_search_for_top_links_finds_all_that_have_equally_few_clicks(
    ctx: Context, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(top_links, "_CHUNK", 1)
    several = _several(ctx, owner, 4)
    count([Visit(AT, link.id) for link in several])
    top = top_links.top_links(owner.workspace_id, last_days(ctx.now, 30), limit=3)
    assert [link.id for link in top] == [link.id for link in several[:3]]
    top = top_links.top_links(owner.workspace_id, last_days(ctx.now, 30), limit=9)
    assert [link.id for link in top] == [link.id for link in several]


def test_a_link_in_the_trash_is_no_top_link_but_its_clicks_stay(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id)])
    links.trash(ctx, owner, link.uid)
    whole = workspace_analytics(ctx, owner, make(ctx.now))
    assert (whole.total_clicks, whole.top_links) == (1, [])
    links.purge(ctx, owner, link.uid)
    assert workspace_analytics(ctx, owner, make(ctx.now)).total_clicks == 1


def test_an_inactive_link_stays_a_top_link(ctx: Context, owner: Principal, link: LinkView) -> None:
    count([Visit(AT, link.id)])
    links.update(ctx, owner, link.uid, LinkPatch(is_active=False))
    assert len(workspace_analytics(ctx, owner, make(ctx.now)).top_links) == 1
