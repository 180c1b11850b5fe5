"""All that a link has had, told without a range."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import InsufficientScope, NotFound
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from klink.stats.lifetime import DayClicks, lifetime
from tests.stats.conftest import NOW
from tests.stats.statements import questions
from tests.stats.visits import Visit, count

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture
def link(ctx: Context, owner: Principal) -> LinkView:
    return links.create(ctx, owner, NewLink(url="https://example.com/")).link


def _on(link: LinkView, days_ago: int, **more: object) -> Visit:
    return Visit(NOW - timedelta(days=days_ago), link.id, **more)  # type: ignore[arg-type]


def test_a_link_without_visits_has_had_nothing(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    found = lifetime(ctx, owner, link)
    assert (found.counts.clicks, found.counts.views) == (0, 0)
    assert (found.countries.values, found.devices.values, found.recent) == ((), (), [])


def test_every_country_that_there_is_is_told(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    codes = [a + b for a in LETTERS for b in LETTERS] + [""]
    count([_on(link, i % 3, facts={"country": code}) for i, code in enumerate(codes)])
    found = lifetime(ctx, owner, link.uid)
    assert {each.value: each.clicks for each in found.countries.values} == {
        code or None: 1 for code in codes
    }
    assert (found.countries.other_clicks, found.counts.clicks) == (0, len(codes))


def test_what_is_summed_up_already_counts_once(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    facts = {"country": "PH", "device": "tablet", "browser": "Firefox"}
    for days_ago in (400, 40, 4, 0):
        count([_on(link, days_ago, facts=facts)] * 3, sum_from=1)
    found = lifetime(ctx, owner, link)
    for top in (found.countries, found.devices, found.browsers):
        assert [each.clicks for each in top.values] == [12]


def test_browsers_beyond_a_days_are_others(ctx: Context, owner: Principal, link: LinkView) -> None:
    names = ["Chrome", "Chrome", "Firefox", "Odd"]
    count([_on(link, 0, facts={"browser": name}) for name in names], max_values=2)
    found = lifetime(ctx, owner, link).browsers
    assert [each.value for each in found.values] == ["Chrome", "Firefox"]
    assert found.other_clicks == 1


def test_recent_days_are_the_last_thirty_with_clicks(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    with_clicks = [0, 3, *range(200, 220), *range(1000, 1020)]
    count([_on(link, n) for n in with_clicks for _ in range(1 + n % 2)])
    count([_on(link, n, kind=1) for n in range(0, 300, 5)])  # bots alone make no such day
    today = NOW.date()
    assert lifetime(ctx, owner, link).recent == [
        DayClicks(today - timedelta(days=n), 1 + n % 2) for n in with_clicks[:30]
    ]


def test_days_are_utc_days(ctx: Context, owner: Principal, link: LinkView) -> None:
    edge = datetime(2026, 11, 20, tzinfo=UTC)
    count([Visit(edge, link.id), Visit(edge - timedelta(milliseconds=1), link.id)])
    found = lifetime(ctx, owner, link).recent
    assert found == [DayClicks(date(2026, 11, 20), 1), DayClicks(date(2026, 11, 19), 1)]


def test_a_long_pause_is_stepped_over(ctx: Context, owner: Principal, link: LinkView) -> None:
    count([_on(link, 0), _on(link, 9000)])
    with questions() as asked:
        found = lifetime(ctx, owner, link)
    assert len(found.recent) == 2
    assert 2 < len(asked) < 12


def test_only_who_may_read_the_link_is_told(
    ctx: Context, owner: Principal, stranger: Principal, link: LinkView
) -> None:
    with pytest.raises(NotFound):
        lifetime(ctx, stranger, link.uid)
    with pytest.raises(NotFound):
        lifetime(ctx, stranger, link)
    cannot = Principal(owner.workspace_id, None, None, "klink", frozenset({"create"}))
    with pytest.raises(InsufficientScope):
        lifetime(ctx, cannot, link)
