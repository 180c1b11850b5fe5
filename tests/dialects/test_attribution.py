"""A visitor's click, an event of the visitor, and what every door tells of it (Q16, K2, K3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dialects.house import BROWSER, House, Reply
from tests.dialects.qklnk import record

VARIANTS = [
    {"label": label, "url": f"https://{label}.example/", "weight": 50} for label in ("a", "b")
]


@pytest.fixture
def link(house: House) -> dict[str, Any]:
    routing = {"mode": "split", "variants": VARIANTS}
    body = {"routing": routing, "conversion_tracking": True}
    made: dict[str, Any] = house.person("klink").post("/api/v1/links", body).json
    return made


def klid(reply: Reply) -> str:
    return parse_qs(urlsplit(reply.headers["Location"]).query)["klid"][0]


def test_the_klid_of_a_redirect_attributes_an_event_in_every_door(
    house: House, link: dict[str, Any]
) -> None:
    reply = house.visit(link["short_url"])
    label = urlsplit(reply.headers["Location"]).hostname.partition(".")[0]  # type: ignore[union-attr]
    record(house.person("qklnk"), visitor_id=klid(reply), event_name="purchase", revenue=12.5)
    shown = house.person("klink").get(f"/api/v1/links/{link['id']}").json
    assert (shown["conversions"], shown["revenue"]) == (1, "12.50")
    by_label = {each["label"]: each["conversions"] for each in shown["routing"]["variants"]}
    assert by_label == {"a": 0, "b": 0} | {label: 1}
    klinky = house.person("klinky")
    listed = klinky.get("/api/v1/public/links").json["items"]
    for found in (klinky.get(f"/api/v1/public/links/{link['id']}").json, *listed):
        assert found["total_conversions"] == 1
        of_variants = {each["label"]: each["conversions"] for each in found["variants"]}
        assert of_variants == by_label


def test_a_cookie_carries_the_visitor_to_links_that_track_nothing(
    house: House, link: dict[str, Any]
) -> None:
    owner = house.person("klink")
    plain = owner.post("/api/v1/links", {"url": "https://example.com/"}).json
    reply = house.visit(link["short_url"])
    cookie = reply.headers["Set-Cookie"].partition(";")[0]
    house.later(minutes=1)
    house.visit(plain["short_url"], headers={"Cookie": cookie})
    house.later(minutes=1)
    event = owner.post("/api/v1/events", {"visitor_id": klid(reply), "event_name": "purchase"})
    assert event.json["attribution"]["link"] == plain["id"]


@pytest.mark.parametrize("headers", [{"DNT": "1"}, {"Sec-GPC": "1"}, {"DNT": "1, 1"}])
def test_who_asks_not_to_be_tracked_is_not(
    house: House, link: dict[str, Any], headers: dict[str, str]
) -> None:
    seen = house.visit(link["short_url"])
    cookie = seen.headers["Set-Cookie"].partition(";")[0]
    house.later(days=31)  # the first click is no more asked for
    house.visit(link["short_url"], headers=headers | {"Cookie": cookie, "User-Agent": BROWSER})
    owner = house.person("klink")
    event = owner.post("/api/v1/events", {"visitor_id": klid(seen), "event_name": "purchase"})
    assert event.json["attribution"] is None
