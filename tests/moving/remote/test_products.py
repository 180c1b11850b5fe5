"""Links of the three products, page by page, into a workspace."""

from __future__ import annotations

from typing import Any

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.moving import importing
from klink.moving.importing import Tally
from klink.moving.native import Options
from klink.moving.remote.paging import PagedSource
from klink.moving.remote.products import PRODUCTS
from klink.moving.rows import WrongSource
from klink.stats.counts import with_counts
from tests.moving.remote.conftest import Answers, json_page

BROKEN = json_page({}, status="500 Internal Server Error")


def qklnk(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "slug": f"s{number}",
        "short_url": f"https://qklnk.cc/s{number}",
        "destination": f"https://example.com/{number}",
        "clicks": number,
        "created_at": "2024-01-15T10:30:00Z",
    } | more


def pages_of(many: int, per_page: int = 100) -> Any:
    """A qklnk that has this many links."""
    last = max(1, -(-many // per_page))

    def answer(path: str, query: dict[str, str]) -> bytes:
        page = int(query["page"])
        numbers = range(many, 0, -1)[(page - 1) * per_page : page * per_page]
        meta = {"current_page": page, "last_page": last, "per_page": per_page, "total": many}
        return json_page({"data": [qklnk(number) for number in numbers], "meta": meta})

    return answer


def take(ctx: Context, who: Principal, answers: Answers, product: str = "qklnk") -> Tally:
    def is_there(slug: str) -> bool:
        try:
            links.uid_by_slug(who, slug, scope="read")
        except NotFound:
            return False
        return True

    source = PagedSource(answers.api(), PRODUCTS[product].make(), Options(), is_there)
    notes: list[str] = []
    tally = importing.run(
        ctx,
        who,
        source,
        note=lambda row, arrived: notes.append(arrived.reason),
        tick=lambda progress, tally: None,
    )
    answers.said += filter(None, notes)
    return tally


def outcomes(tally: Tally) -> dict[str, int]:
    return {str(name): many for name, many in tally.by_outcome.items() if many}


def found(ctx: Context, who: Principal, slug: str) -> LinkView:
    return links.find(ctx, who, slug)


def test_all_pages_are_taken_in_and_once(ctx: Context, owner: Principal, answers: Answers) -> None:
    answers.give(pages_of(230))
    assert outcomes(take(ctx, owner, answers)) == {"made": 230}
    assert [query for _, query in answers.asked] == [
        {"page": str(page), "per_page": "100"} for page in (1, 2, 3)
    ]
    link = found(ctx, owner, "s230")
    assert (link.url, link.created_at.year) == ("https://example.com/230", 2024)
    assert with_counts([link])[0].clicks == 230
    assert outcomes(take(ctx, owner, answers)) == {"there": 230}
    assert with_counts([link])[0].clicks == 230


def test_what_came_before_a_break_stays_and_the_next_run_goes_on(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    whole = pages_of(230)
    answers.give(lambda path, query: whole(path, query) if query["page"] != "3" else BROKEN)
    tally = take(ctx, owner, answers)
    assert "run the same again" in str(tally.broken_off)
    assert outcomes(tally) == {"made": 200}
    assert found(ctx, owner, "s31").slug == "s31"
    answers.give(whole)
    assert outcomes(take(ctx, owner, answers)) == {"made": 30, "there": 200}


def test_links_that_are_made_meanwhile_shift_the_pages_and_nothing_else(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    meanwhile = {"1": 200, "2": 203, "3": 203}
    answers.give(lambda path, query: pages_of(meanwhile[query["page"]])(path, query))
    assert outcomes(take(ctx, owner, answers)) == {"made": 200}


def test_a_page_that_comes_again_for_ever_is_the_end(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    again = json_page({"data": [qklnk(1), qklnk(2)], "meta": {"last_page": 10**9}})
    answers.give([again])
    assert "same links again on page 2" in str(take(ctx, owner, answers).broken_off)
    assert found(ctx, owner, "s2").slug == "s2"
    assert len(answers.asked) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": {}},
        {"data": ["x"]},
        {"data": [{}]},
        {"data": [{"id": []}]},
        {"data": [], "meta": 7},
    ],
)
@pytest.mark.parametrize("product", PRODUCTS)
def test_another_shape_is_told(
    ctx: Context, owner: Principal, answers: Answers, product: str, body: object
) -> None:
    answers.give([json_page(body)])
    with pytest.raises(WrongSource, match="is not what"):
        take(ctx, owner, answers, product)


def test_one_bad_link_is_told_and_the_others_come(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    bad = [
        {"id": 5},
        qklnk(6, destination="javascript:alert(1)"),
        qklnk(7, slug=["x"]),
        qklnk(8, clicks="many"),
        qklnk(9, utm_source={"a": 1}),
        qklnk(10, slug="api"),
        qklnk(11, destination=None),
        qklnk(12, short_url=7, domain={"a": 1}),
    ]
    answers.give([json_page({"data": [*bad, qklnk(1)], "meta": {}})])
    assert outcomes(take(ctx, owner, answers)) == {"refused": len(bad), "made": 1}


def test_a_title_that_changed_there_is_a_conflict_and_nothing_is_lost_here(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    answers.give([json_page({"data": [qklnk(1)]})])
    take(ctx, owner, answers)
    answers.give([json_page({"data": [qklnk(1, destination="https://example.org/")]})])
    assert outcomes(take(ctx, owner, answers)) == {"conflict": 1}
    assert found(ctx, owner, "s1").url == "https://example.com/1"


def klinky(**more: Any) -> dict[str, Any]:
    return {
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "name": "Pricing",
        "slug": "pricing",
        "short_url": "https://klinky.io/pricing",
        "routing_type": "ab_test",
        "geo_rules": None,
        "variants": [
            {"label": "a", "destination_url": "https://a.example/", "weight": 60, "clicks": 3},
            {"label": "b", "destination_url": "https://b.example/", "weight": 40, "clicks": 2},
        ],
        "auto_winner": True,
        "auto_winner_threshold": 200,
        "winner": None,
        "enable_conversion_tracking": True,
        "conversion_redirect_url": "https://example.com/thanks",
        "is_active": True,
        "total_clicks": 5,
        "total_conversions": 1,
        "created_at": "2024-01-15T10:30:00Z",
        "updated_at": "2024-01-15T10:30:00Z",
    } | more


def test_klinkys_tests_and_countries_are_routing(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    geo = {"US": "a", "ca": "a", "DE": "b", "default": "b"}
    items = [
        klinky(),
        klinky(id="2", slug="shops", name="shops", routing_type="geo", geo_rules=geo),
        klinky(id="3", slug="won", winner="b"),
        klinky(id="4", slug="off", is_active=False, variants=klinky()["variants"][:1]),
    ]
    items[3]["variants"][0]["weight"] = 100
    answers.give([json_page({"items": items, "total": 4, "page": 1, "per_page": 100})])
    tally = take(ctx, owner, answers, "klinky")
    assert (outcomes(tally), tally.warned) == ({"made": 4}, 1)
    split, shops, off = (found(ctx, owner, slug) for slug in ("pricing", "shops", "off"))
    assert (split.mode, split.title) == ("split", "Pricing")
    assert [(v.label, v.url, v.weight) for v in split.variants] == [
        ("a", "https://a.example/", 60),
        ("b", "https://b.example/", 40),
    ]
    assert (split.auto_winner, split.winner_threshold) == (True, 200)
    assert split.conversion_tracking
    assert split.conversion_redirect_url == "https://example.com/thanks"
    assert with_counts([split])[0].clicks == 5
    assert (shops.mode, shops.default, shops.title) == ("rules", "b", None)
    assert [(rule.when, rule.use) for rule in shops.rules] == [
        ({"country": ["US", "CA"]}, "a"),
        ({"country": ["DE"]}, "b"),
    ]
    assert not off.is_active
    assert outcomes(take(ctx, owner, answers, "klinky")) == {"there": 4}


def klookup(path: str, query: dict[str, str]) -> bytes:
    """A Klook Up with two links."""
    listed = {
        "id": 7,
        "short_code": "aZbYcXd",
        "target_url": "https://example.com/post",
        "link_type": "inpage",
        "title": "Post",
        "clicks": 12,
        "views": 15,
        "is_active": 1,
        "expires_at": None,
        "created_at": "2024-01-15T10:30:00Z",
    }
    more = {"description": "Read it", "post_id": "42", "site_url": "https://blog.example/42"}
    gone = listed | {"id": 8, "short_code": "gone", "link_type": "direct", "is_active": 0}
    gone |= {"expires_at": "2024-02-01T00:00:00Z"}
    if path.endswith("/links"):
        paging = {"page": 1, "limit": 100, "total_count": 2, "has_more": False}
        return json_page({"success": True, "data": {"links": [gone, listed], "pagination": paging}})
    link = listed | more if path.endswith("/7") else gone | {"description": None}
    return json_page({"success": True, "data": {"link": link, "stats": {}}})


def test_klook_ups_links_are_asked_for_one_by_one_and_not_again(
    ctx: Context, owner: Principal, answers: Answers
) -> None:
    answers.give(klookup)
    assert outcomes(take(ctx, owner, answers, "klookup")) == {"made": 2}
    assert [path for path, _ in answers.asked] == [
        "/api/v1/links",
        "/api/v1/links/8",
        "/api/v1/links/7",
    ]
    post, gone = found(ctx, owner, "aZbYcXd"), found(ctx, owner, "gone")
    assert (post.type, post.post_id, post.site_url) == ("inpage", "42", "https://blog.example/42")
    assert (post.title, post.description) == ("Post", "Read it")
    assert with_counts([post])[0].clicks == 12
    assert (gone.is_active, gone.expires_at is not None) == (False, True)
    answers.asked.clear()
    assert outcomes(take(ctx, owner, answers, "klookup")) == {"there": 2}
    assert len(answers.asked) == 1
