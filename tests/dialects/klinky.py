"""What the tests of Klinky's API send, and how."""

from __future__ import annotations

import re
from typing import Any

from tests.dialects.house import House, Person

LINKS = "/api/v1/public/links"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AB = [
    {"label": "control", "destination_url": "https://example.com/home", "weight": 50},
    {"label": "new_headline", "destination_url": "https://example.com/home-v2", "weight": 50},
]
TEST = {"name": "Homepage Headline Test", "slug": "homepage-test", "variants": AB}
STORES = [
    {"label": "us_store", "destination_url": "https://us.example.com", "weight": 50},
    {"label": "eu_store", "destination_url": "https://eu.example.com", "weight": 50},
]
COUNTRIES = {
    "US": "us_store",
    "CA": "us_store",
    "DE": "eu_store",
    "FR": "eu_store",
    "default": "us_store",
}
GEO = {
    "name": "Regional Store Test",
    "slug": "store-test",
    "routing_type": "geo",
    "variants": STORES,
    "geo_rules": COUNTRIES,
}
SHOWN = {
    "name": "Homepage Headline Test",
    "slug": "homepage-test",
    "short_url": "https://go.example.org/homepage-test",
    "routing_type": "ab_test",
    "geo_rules": None,
    "auto_winner": False,
    "auto_winner_threshold": 100,
    "winner": None,
    "enable_conversion_tracking": False,
    "conversion_redirect_url": None,
    "is_active": True,
    "total_clicks": 0,
    "total_conversions": 0,
    "created_at": "2026-03-14T15:09:26Z",
    "updated_at": "2026-03-14T15:09:26Z",
}


def make(who: Person, body: dict[str, Any] = TEST, **more: Any) -> dict[str, Any]:
    reply = who.post(LINKS, body | more)
    assert reply.status_code == 201, reply.text
    link: dict[str, Any] = reply.json
    return link


def one(label: str = "only", url: str = "https://example.com/") -> list[dict[str, Any]]:
    return [{"label": label, "destination_url": url, "weight": 100}]


def place(house: House, link: dict[str, Any], **visit: Any) -> str | None:
    return house.visit(link["short_url"], **visit).headers.get("Location")
