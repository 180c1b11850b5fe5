"""A visitor follows a short link to a shop and buys: what klink gets to know, and what not."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import PRIVATE, PRIVATE_HEADER, Owner, Visitor
from tests.browser.shop import Shop
from tests.live.server import Server

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]

KEPT = "klink_klid"
REFUSES_STORAGE = """
Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('refused', 'SecurityError'); }
});
"""


def test_a_purchase_is_the_conversion_of_the_link_and_variant_that_brought_the_visitor(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    link = owner.split(shop)
    visitor = visitors()
    visitor.go(link["short_url"])
    variant = urlsplit(visitor.page.url).path.removeprefix("/")
    assert "klid=v_" in visitor.page.url
    visitor.buy()
    assert "klid" not in visitor.page.url
    assert visitor.complaints == []
    [event] = owner.hears_of("purchase")
    assert (event["revenue"], event["name"]) == ("99.99", "Order 42")
    assert event["metadata"] == {"items": ["hat"]}
    found = owner.link(link)
    assert (found["clicks"], found["conversions"], found["revenue"]) == (1, 1, "99.99")
    by_label = {each["label"]: each for each in found["routing"]["variants"]}
    assert variant in ("a", "b")
    for label, counts in by_label.items():
        assert (counts["clicks"], counts["conversions"]) == ((1, 1) if label == variant else (0, 0))


def test_the_purchase_stands_in_the_analytics_of_the_other_doors_too(
    server: Server, owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors()
    visitor.go(owner.split(shop)["short_url"])
    visitor.buy()
    owner.hears_of("purchase")
    token = server.klink("keys", "create", "--name", "qklnk", "--dialect", "qklnk")
    data = server.get("/api/v1/analytics?days=7", key=token).json["data"]
    assert (data["total_clicks"], data["conversions"], data["revenue"]) == (1, 1, 99.99)


def test_what_a_page_tells_before_the_script_is_there_is_sent_when_it_is(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors()
    visitor.go(owner.split(shop)["short_url"])
    [event] = owner.hears_of("look")
    assert f"klid={event['visitor_id']}" in visitor.page.url


def test_the_visitor_is_kept_by_the_shop_alone_and_sends_klink_no_cookie(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors()
    visitor.go(owner.split(shop)["short_url"])
    [event] = owner.hears_of("look")
    kept = visitor.keeps()
    assert set(kept) == {KEPT}
    assert kept[KEPT].startswith(event["visitor_id"] + ".")
    assert [each["domain"] for each in visitor.context.cookies()] == ["127.0.0.1"]
    assert event["visitor_id"] not in visitor.cookies().values()
    [headers] = [each.all_headers() for each in visitor.sent]
    assert headers["content-type"].startswith("text/plain")
    assert "cookie" not in headers
    assert "referer" not in headers


def test_where_storage_is_refused_a_first_party_cookie_stands_in(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors(script=REFUSES_STORAGE)
    visitor.go(owner.split(shop)["short_url"])
    visitor.buy()
    [event] = owner.hears_of("purchase")
    assert visitor.cookies()[KEPT].startswith(event["visitor_id"])
    assert visitor.complaints == []


def test_a_browser_whose_fetch_does_not_outlive_the_page_sends_a_beacon(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors(script="delete Request.prototype.keepalive;")
    visitor.go(owner.split(shop)["short_url"])
    visitor.buy()
    owner.hears_of("purchase")
    assert {each.resource_type for each in visitor.sent} == {"ping"}
    assert visitor.complaints == []


def test_after_thirty_days_the_visitor_is_forgotten(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors()
    visitor.go(owner.split(shop)["short_url"])
    owner.hears_of("look")
    visitor.page.evaluate(
        f"localStorage.{KEPT} = localStorage.{KEPT}.split('.')[0] + '.' + (Date.now() - 30 * 864e5)"
    )
    sent = len(visitor.sent)
    visitor.buy()
    assert visitor.keeps() == {}
    assert len(visitor.sent) == sent


def test_with_global_privacy_control_nothing_is_kept_or_sent_and_the_click_still_counts(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    link = owner.split(shop)
    visitor = visitors(script=PRIVATE, extra_http_headers=PRIVATE_HEADER)
    visitor.go(link["short_url"])
    assert "klid" not in visitor.page.url
    visitor.buy()
    assert visitor.keeps() == {}
    # Nor when an address still names somebody, as one that was copied does.
    visitor.go(f"{shop.url}/a?klid=v_0123456789abcdef")
    visitor.buy()
    assert visitor.keeps() == {}
    assert visitor.context.cookies() == []
    assert visitor.sent == []
    assert owner.events() == []
    found = owner.link(link)
    assert (found["clicks"], found["conversions"]) == (1, 0)
    assert visitor.complaints == []


def test_whoever_asks_for_privacy_later_is_forgotten(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors()
    visitor.go(owner.split(shop)["short_url"])
    assert KEPT in visitor.keeps()
    visitor.context.add_init_script(PRIVATE)
    visitor.go(f"{shop.url}/basket")
    assert visitor.keeps() == {}


def test_a_page_without_scripts_tells_by_an_image(
    owner: Owner, shop: Shop, server: Server, key: str, visitors: Visitors
) -> None:
    link = server.create(key, url=f"{shop.url}/plain", conversion_tracking=True)
    visitor = visitors(java_script_enabled=False)
    visitor.page.goto(link["short_url"])
    [event] = owner.hears_of("purchase")
    assert event["revenue"] == "12.50"
    found = owner.link(link)
    assert (found["conversions"], found["revenue"]) == (1, "12.50")
    assert visitor.complaints == []
