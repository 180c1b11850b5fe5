"""``GET /_c/{klid}``: a visitor converts on the way to the page that the link names for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.house import House, Reply
from tests.tracking.conftest import Shop
from tests.tracking.test_events import PRIVATE, UNKNOWN

THANKS = "https://shop.example.com/thanks?from=klink"


def convert(house: House, klid: str, method: str = "GET", **more: Any) -> Reply:
    headers = {"Accept": "text/html"} | more.pop("headers", {})
    return house.ask(method, f"/_c/{klid}", headers=headers, **more)


@pytest.fixture
def klid(shop: Shop) -> str:
    """A visitor of a link that names a page for afterwards."""
    return shop.arrive(shop.link(conversion_redirect_url=THANKS))[0]


def test_the_conversion_is_recorded_and_the_visitor_sent_on(shop: Shop) -> None:
    link = shop.link(conversion_redirect_url=THANKS)
    klid, _ = shop.arrive(link)
    for _ in range(2):
        answer = convert(shop.house, klid)
        assert (answer.status_code, answer.headers["Location"]) == (302, THANKS)
        assert answer.data == b""
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert shop.read(link)["conversions"] == 1
    assert [each["event_name"] for each in shop.events()] == ["conversion"]


def test_a_link_that_names_no_page_leaves_the_visitor_where_they_are(shop: Shop) -> None:
    link = shop.link()
    klid, _ = shop.arrive(link)
    answer = convert(shop.house, klid)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert shop.read(link)["conversions"] == 1


@pytest.mark.parametrize("klid", [UNKNOWN, "v_short", "spring", "x" * 500, "%00", "%E2%80%AE"])
def test_a_visitor_that_never_came_sees_the_page_of_a_link_that_is_not_there(
    shop: Shop, klid: str
) -> None:
    shop.link()
    answer = convert(shop.house, klid)
    assert answer.status_code == 404
    assert "There is no short link at this address." in answer.text
    assert "script" not in answer.text
    assert shop.events() == []


@pytest.mark.parametrize("private", PRIVATE)
def test_whoever_wants_no_tracking_is_sent_on_unrecorded(
    shop: Shop, klid: str, private: dict[str, str]
) -> None:
    answer = convert(shop.house, klid, headers=private)
    assert (answer.status_code, answer.headers["Location"]) == (302, THANKS)
    assert shop.events() == []


def test_a_look_records_nothing(shop: Shop, klid: str) -> None:
    assert convert(shop.house, klid, method="HEAD").headers["Location"] == THANKS
    assert shop.events() == []


def test_what_is_fetched_ahead_must_be_asked_for_again(shop: Shop, klid: str) -> None:
    ahead = convert(shop.house, klid, headers={"Sec-Purpose": "prefetch"})
    assert (ahead.status_code, ahead.headers["Cache-Control"]) == (503, "private, no-store")
    assert shop.events() == []
    assert convert(shop.house, klid).status_code == 302
    assert len(shop.events()) == 1


def test_a_domain_of_another_workspace_knows_nobody_of_this_one(shop: Shop, klid: str) -> None:
    stranger = shop.house.person("klink", workspace="elsewhere")
    shop.house.domain("theirs.example.net", workspace_id=stranger.workspace_id)
    shop.house.domain("ours.example.net", workspace_id=shop.owner.workspace_id)
    assert convert(shop.house, klid, base_url="https://theirs.example.net").status_code == 404
    assert convert(shop.house, klid, base_url="https://ours.example.net").status_code == 302
    assert convert(shop.house, klid, base_url="https://nobody.example.net").status_code == 421


def test_an_address_may_convert_as_often_as_it_may_send_events(shop: Shop, klid: str) -> None:
    for _ in range(60):
        assert convert(shop.house, klid).status_code == 302
    answer = convert(shop.house, klid)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Too many requests" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(shop: Shop, klid: str, method: str) -> None:
    answer = convert(shop.house, klid, method=method)
    assert answer.status_code == 405
    assert shop.events() == []
