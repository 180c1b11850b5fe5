"""Whatever was visited and whatever is asked: the same as counting visits one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from itertools import count as numbers
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.clicks.retention import forget_clicks, forget_visitors
from klink.core import links, workspaces
from klink.core.context import Context
from klink.core.links import LinkView, NewLink, NewVariant
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.models import Click
from klink.stats import ranges, top_links
from klink.stats.breakdown import Dim, Top, breakdown
from klink.stats.counts import with_counts
from klink.stats.ranges import Covered, Range
from klink.stats.reading import link_stats, workspace_analytics
from klink.stats.scope import of_link, of_workspace
from klink.stats.series import Point
from klink.stats.totals import totals
from tests.stats.visits import Visit, count, uniques

CHANGES = [  # near these times the clocks change: Berlin, New York, Lord Howe
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
LINKS = 4
_names = numbers()

facts = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["US", "DE"]),
        "device": st.sampled_from(["mobile", "desktop"]),
        "browser": st.sampled_from(["Chrome", "Other"]),
        "os": st.sampled_from(["Linux", "iOS"]),
        "language": st.sampled_from(["de", "en"]),
        "referrer": st.sampled_from(["a.example", "b.example", "other"]),
        "utm_source": st.sampled_from(["news", "mail"]),
        "utm_term": st.sampled_from(["shoes", "ü"]),
    },
)


@st.composite
def visits(draw: st.DrawFn, near: datetime) -> list[dict[str, Any]]:
    """Visits within two days of a time, often at the very edges of quarter hours."""
    quarter = st.integers(-192, 192)
    within = st.sampled_from([0, 1, 450_000, 899_999])
    one = st.fixed_dictionaries(
        {
            "at": st.tuples(quarter, within).map(
                lambda t: near + timedelta(minutes=15 * t[0], milliseconds=t[1])
            ),
            "link": st.integers(0, LINKS - 1),
            "kind": st.sampled_from([0, 0, 0, 1, 2, 3]),
            "seen": st.booleans(),
            "forwarded": st.booleans(),
            "visitor": st.sampled_from(["v_1", "v_2", "v_3", ""]),
            "variant": st.integers(0, 2),
            "facts": facts,
        }
    )
    return draw(st.lists(one, max_size=30))


@st.composite
def cases(draw: st.DrawFn) -> tuple[datetime, list[dict[str, Any]], dict[str, Any]]:
    near = draw(st.sampled_from(CHANGES))
    edge = st.integers(-200 * 900, 200 * 900).map(lambda s: near + timedelta(seconds=s))
    since, until = sorted(draw(st.tuples(edge, edge)))
    asked = {
        "since": draw(st.sampled_from([since, datetime(1970, 1, 1, tzinfo=UTC)])),
        "until": draw(st.sampled_from([until + timedelta(milliseconds=1), None])),
        "bucket": draw(st.sampled_from(["hour", "day", "month"])),
        "timezone": draw(st.sampled_from(ZONES)),
    }
    return near + timedelta(days=3), draw(visits(near)), asked


@pytest.mark.parametrize("chunk, sum_from", [(1, 1), (50, 4), (50, 1_000)])
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases(), prunes=st.booleans())
def test_every_statistic_equals_a_count_of_the_visits(
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
    sum_from: int,
    case: tuple[datetime, list[dict[str, Any]], dict[str, Any]],
    prunes: bool,
) -> None:
    monkeypatch.setattr(top_links, "_CHUNK", chunk)
    now, raw, asked = case
    ctx = replace(ctx, now=now)
    who, made = _workspace(ctx)
    seen = [_visit(made, **one) for one in raw]
    for first in range(3):  # batches out of order, with days that are added up before all is in
        count(seen[first::3], sum_from=sum_from)
    over = ranges.make(ctx.now, **asked)
    if prunes:  # statistics are read from roll-ups, which stay
        for _ in chain(forget_clicks(now), forget_visitors(now)):
            pass
        assert not Click.select().where(Click.at < to_ms(now)).exists()

    for link, counts in zip(made, with_counts(made), strict=True):
        own = [visit for visit in seen if visit.link_id == link.id]
        stats = link_stats(ctx, who, link, over, limit=100)
        _check(own, over, stats.covered, stats.series)
        assert counts.clicks == sum(visit.click for visit in own)
        assert counts.views == sum(visit.seen for visit in own)
        covered = _in_quarters(own, stats.covered)
        expected = (
            counts.unique_visitors if over.is_all_time else uniques(_days(own, stats.covered))
        )
        assert stats.totals.unique_visitors == expected
        assert (stats.totals.clicks, stats.totals.views) == _clicks_and_views(covered)
        assert stats.totals.people_views == sum(v.seen for v in covered if v.kind == 0)
        assert stats.totals == totals(of_link(link.id), over)
        tops = {**stats.top, "reason": stats.rest_by_reason}
        for name, top in tops.items():
            _check_top(name, top, _days(own, stats.covered))
        for variant in link.variants:
            clicks = [v for v in own if v.click and v.label == variant.label]
            assert counts.variants[variant.id].clicks == len(clicks)
            assert counts.variants[variant.id].unique_visitors == uniques(clicks)

    whole = workspace_analytics(ctx, who, over)
    _check(seen, over, whole.covered, whole.series)
    covered = _in_quarters(seen, whole.covered)
    assert (whole.total_clicks, whole.views) == _clicks_and_views(covered)
    assert whole.unique_visitors == uniques(_days(seen, whole.covered))
    _check_top_links(whole.top_links, covered)
    for dim, top in breakdown(of_workspace(who.workspace_id), over, 100).items():
        if dim is not Dim.VARIANT:  # labels mean something within their link only
            _check_top(dim.name.lower(), top, _days(seen, whole.covered))


def _workspace(ctx: Context) -> tuple[Principal, list[LinkView]]:
    home = workspaces.create(ctx, f"home {next(_names)}")
    who = Principal(home.id, None, None, "klink")
    split = (NewVariant("a", "https://example.com/a", 50), NewVariant("b", "https://b.test/", 50))
    first = links.create(ctx, who, NewLink(variants=split)).link
    others = [
        links.create(ctx, who, NewLink(url=f"https://example.com/{n}")).link
        for n in range(LINKS - 1)
    ]
    return who, [first, *others]


def _visit(made: list[LinkView], link: int, variant: int, **facts: Any) -> Visit:
    to = made[link]
    if variant and to.variants:
        chosen = to.variants[variant - 1]
        return Visit(link_id=to.id, variant_id=chosen.id, label=chosen.label, **facts)
    return Visit(link_id=to.id, **facts)


def _in_quarters(seen: list[Visit], covered: Covered) -> list[Visit]:
    return [visit for visit in seen if covered.since <= visit.at < covered.until]


def _days(seen: list[Visit], covered: Covered) -> list[Visit]:
    return [visit for visit in seen if covered.days_since <= visit.at < covered.days_until]


def _clicks_and_views(seen: list[Visit]) -> tuple[int, int]:
    return sum(visit.click for visit in seen), sum(visit.seen for visit in seen)


def _check(seen: list[Visit], over: Range, covered: Covered, points: list[Point]) -> None:
    """Every bucket that the calendar has is there once, in order, with what fell into it."""
    zone = ZoneInfo(over.timezone)

    def bucket(at: datetime) -> tuple[Any, ...]:
        local = at.astimezone(zone)
        key: tuple[Any, ...] = (local.year, local.month)
        if over.bucket != "month":
            key += (local.day,)
        if over.bucket == "hour":
            key += (local.hour, local.utcoffset())
        return key

    clicks: Counter[Any] = Counter()
    views: Counter[Any] = Counter()
    kinds: Counter[Any] = Counter()
    for visit in _in_quarters(seen, covered):
        clicks[bucket(visit.at)] += visit.click
        views[bucket(visit.at)] += visit.seen
        kinds[bucket(visit.at), visit.kind] += visit.rest
    quarters = (covered.until - covered.since) // timedelta(minutes=15)
    every = dict.fromkeys(
        bucket(covered.since + n * timedelta(minutes=15)) for n in range(0, quarters)
    )
    assert [bucket(point.start) for point in points] == list(every)
    for point in points:
        key = bucket(point.start)
        assert point.start <= covered.since or bucket(point.start - timedelta(minutes=15)) != key
        assert (point.clicks, point.views) == (clicks[key], views[key])
        assert (point.bots, point.previews, point.prefetches) == tuple(
            kinds[key, kind] for kind in (1, 2, 3)
        )


def _check_top(name: str, top: Top, seen: list[Visit]) -> None:
    seen = [visit for visit in seen if visit.click or visit.rest]
    if name == "reason":
        seen = [visit for visit in seen if visit.kind]
    if name in ("variant", "reason") or name.startswith("utm_"):
        seen = [visit for visit in seen if visit.value(name)]
    # What is called "other" is taken for what the fold has collected under that word.
    collected = [visit for visit in seen if name == "referrer" and visit.value(name) == "other"]
    by_value: dict[str, list[Visit]] = {}
    for visit in seen:
        if visit not in collected:
            by_value.setdefault(visit.value(name), []).append(visit)
    expected = {
        value or None: (sum(v.click for v in own), sum(v.rest for v in own))
        for value, own in by_value.items()
    }
    assert {value.value: (value.clicks, value.rest) for value in top.values} == expected
    order = [(-value.clicks, -value.rest) for value in top.values]
    assert order == sorted(order)
    assert top.other_clicks == sum(visit.click for visit in collected)
    assert top.other_rest == sum(visit.rest for visit in collected)
    if name == "variant":
        by_label = {value.value: value.unique_visitors for value in top.values}
        assert by_label == {label: uniques(own) for label, own in by_value.items()}


def _check_top_links(found: list[top_links.TopLink], seen: list[Visit]) -> None:
    expected = Counter(visit.link_id for visit in seen if visit.click)
    assert {link.id: link.clicks for link in found} == expected
    assert [link.clicks for link in found] == sorted(expected.values(), reverse=True)


def test_the_dimensions_are_those_of_the_fold() -> None:
    from klink.db.fold_statements import DIMENSIONS

    columns = {number: name.replace("label", "variant") for number, name in DIMENSIONS.items()}
    assert columns == {dim.value: dim.name.lower() for dim in Dim if dim is not Dim.TOTAL}
