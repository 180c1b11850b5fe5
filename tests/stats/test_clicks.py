"""Lists of single visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import InsufficientScope, NotFound, ValidationFailed
from klink.core.links import LinkView, NewLink, NewVariant
from klink.core.principal import Principal
from klink.stats import clicks
from klink.stats.clicks import ClickQuery, ClickView, each_click, numbered_clicks, page_of_clicks
from tests.stats.visits import Visit, count

AT = datetime(2026, 11, 20, 8, 0, 0, 250_000, tzinfo=UTC)
SPLIT = (NewVariant("a", "https://example.com/a", 50), NewVariant("b", "https://b.test/", 50))


@pytest.fixture
def link(ctx: Context, owner: Principal) -> LinkView:
    return links.create(ctx, owner, NewLink(variants=SPLIT)).link


def _pages(ctx: Context, who: Principal, link: LinkView, query: ClickQuery) -> list[ClickView]:
    found: list[ClickView] = []
    cursor = None
    while True:
        page = page_of_clicks(ctx, who, link, replace(query, cursor=cursor))
        assert 0 < len(page.items) <= query.limit or not found
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_visit_shows_what_is_known_of_it(ctx: Context, owner: Principal, link: LinkView) -> None:
    facts = {"country": "DE", "device": "mobile", "browser": "Chrome", "os": "iOS"}
    facts |= {"language": "de", "referrer": "a.example", "utm_source": "news", "utm_term": "ü"}
    variant = link.variants[1]
    count([Visit(AT, link.id, variant_id=variant.id, label="b", facts=facts)])
    (seen,) = page_of_clicks(ctx, owner, link.uid, ClickQuery()).items
    assert seen == ClickView(
        id=seen.id, at=AT, kind="person", reason=None, is_click=True, is_view=True,
        variant_id=variant.id, variant="b", country="DE", device="mobile", browser="Chrome",
        os="iOS", language="de", referrer="a.example", net="203.0.113.0/24", visitor="v_1",
        utm={"source": "news", "term": "ü"},
    )  # fmt: skip


def test_what_is_unknown_is_none(ctx: Context, owner: Principal, link: LinkView) -> None:
    count([Visit(AT, link.id, kind=1, visitor="")])
    (seen,) = page_of_clicks(ctx, owner, link, ClickQuery()).items
    assert (seen.kind, seen.reason, seen.is_click, seen.is_view) == (
        "bot",
        "known bot",
        False,
        True,
    )
    unknown = [seen.variant_id, seen.variant, seen.country, seen.visitor, seen.referrer]
    assert unknown == [None] * 5
    assert seen.utm == {}


def test_the_label_of_a_variant_that_is_gone_is_none(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    gone = link.variants[0]
    count([Visit(AT, link.id, variant_id=gone.id, label="a")])
    others = (NewVariant("b", "https://b.test/", 50), NewVariant("c", "https://c.test/", 50))
    links.replace_variants(ctx, owner, link.uid, others)
    (seen,) = page_of_clicks(ctx, owner, link.uid, ClickQuery()).items
    assert (seen.variant_id, seen.variant) == (gone.id, None)


def test_pages_hold_every_visit_once_the_newest_first(
    ctx: Context, owner: Principal, link: LinkView, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsets = [5, 0, 0, 3, 3, 3, 1, 9, 0, 3, 7]  # several in the same millisecond
    count([Visit(AT + timedelta(milliseconds=n), link.id) for n in offsets])
    other = links.create(ctx, owner, NewLink(url="https://example.com/other")).link
    count([Visit(AT, other.id)])
    whole = page_of_clicks(ctx, owner, link, ClickQuery(limit=200)).items
    assert len(whole) == len(offsets)
    assert [(v.at, v.id) for v in whole] == sorted(((v.at, v.id) for v in whole), reverse=True)
    for limit in (1, 2, 3, 10, 11, 12):
        assert _pages(ctx, owner, link, ClickQuery(limit=limit)) == whole
    monkeypatch.setattr(clicks, "_EXPORT_PAGE", 3)
    assert list(each_click(ctx, owner, link, ClickQuery(limit=1))) == whole


def test_visits_made_meanwhile_shift_nothing(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT + timedelta(seconds=n), link.id) for n in range(4)])
    first = page_of_clicks(ctx, owner, link, ClickQuery(limit=2))
    count([Visit(AT + timedelta(seconds=9), link.id)])
    rest = page_of_clicks(ctx, owner, link, ClickQuery(limit=2, cursor=first.next_cursor))
    assert [visit.at - AT for visit in first.items + rest.items] == [
        timedelta(seconds=n) for n in (3, 2, 1, 0)
    ]


def test_times_are_exact_and_the_end_is_exclusive(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT + timedelta(milliseconds=n), link.id) for n in range(5)])
    query = ClickQuery(
        since=AT + timedelta(milliseconds=1), until=AT + timedelta(milliseconds=3), limit=1
    )
    found = _pages(ctx, owner, link, query)
    assert [visit.at - AT for visit in found] == [timedelta(milliseconds=n) for n in (2, 1)]
    assert list(each_click(ctx, owner, link, query)) == found


def test_clicks_only_are_people_who_were_forwarded(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    kinds = [Visit(AT, link.id, kind=kind) for kind in (0, 1, 2, 3)]
    count([*kinds, Visit(AT, link.id, forwarded=False)])
    (seen,) = page_of_clicks(ctx, owner, link, ClickQuery(clicks_only=True)).items
    assert seen.kind == "person"
    assert seen.is_click


def test_numbered_pages_hold_every_click_once_and_their_number(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    offsets = [5, 0, 0, 3, 3, 3, 1]
    count([Visit(AT + timedelta(milliseconds=n), link.id) for n in offsets])
    count([Visit(AT, link.id, kind=1), Visit(AT, link.id, forwarded=False)])
    query = ClickQuery(clicks_only=True, limit=3)
    whole = page_of_clicks(ctx, owner, link, replace(query, limit=200)).items
    pages = [numbered_clicks(ctx, owner, link, query, page) for page in (1, 2, 3, 4, 10**9)]
    assert [seen for page in pages for seen in page.items] == whole
    assert [len(page.items) for page in pages] == [3, 3, 1, 0, 0]
    assert {page.total for page in pages} == {7}
    later = replace(query, since=AT + timedelta(milliseconds=3))
    first, second = (numbered_clicks(ctx, owner, link, later, page) for page in (1, 2))
    assert first.items + second.items == whole[:4]
    assert (first.total, second.total) == (4, 4)
    assert numbered_clicks(ctx, owner, link.uid, ClickQuery(), 1).total == 9


def test_a_link_without_clicks_has_one_empty_page(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    page = numbered_clicks(ctx, owner, link, ClickQuery(clicks_only=True), 1)
    assert (page.items, page.page, page.total) == ([], 1, 0)
    for number in (0, 10**9 + 1):
        with pytest.raises(ValidationFailed, match="page"):
            numbered_clicks(ctx, owner, link, ClickQuery(), number)


WRONG = [
    (ClickQuery(limit=0), "limit"),
    (ClickQuery(limit=201), "limit"),
    (ClickQuery(since=AT, until=AT), "since"),
    (ClickQuery(cursor=""), "cursor"),
    (ClickQuery(cursor="x"), "cursor"),
    (ClickQuery(cursor="1-2\n"), "cursor"),
    (ClickQuery(cursor="\u0661-\u0662"), "cursor"),  # digits, but not ASCII
    (ClickQuery(cursor="1' OR 1=1-2"), "cursor"),
    (ClickQuery(cursor="9" * 40 + "-1"), "cursor"),
    (ClickQuery(cursor="1-" + "9" * 19), "cursor"),
]


def test_a_wrong_query_is_refused_by_name_at_once(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    for query, field in WRONG:
        for ask in (page_of_clicks, each_click):
            with pytest.raises(ValidationFailed) as refused:
                ask(ctx, owner, link, query)
            assert list(refused.value.errors) == [field], query


def test_the_largest_cursor_is_an_empty_list_or_all(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id)])
    largest = f"{'9' * 15}-{'9' * 18}"
    assert len(page_of_clicks(ctx, owner, link, ClickQuery(cursor=largest)).items) == 1
    assert page_of_clicks(ctx, owner, link, ClickQuery(cursor="0-0")).items == []


def test_a_stranger_sees_no_visits(
    ctx: Context, owner: Principal, stranger: Principal, link: LinkView
) -> None:
    count([Visit(AT, link.id)])
    for ask in (page_of_clicks, each_click):
        for asked in (link, link.uid):
            with pytest.raises(NotFound):
                ask(ctx, stranger, asked, ClickQuery())
            with pytest.raises(InsufficientScope):
                ask(ctx, replace(owner, scopes=frozenset({"create"})), asked, ClickQuery())
