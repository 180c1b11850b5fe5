"""What the tests of qklnk's API share."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema

from klink.dialects.qklnk import schemas
from tests.dialects.house import House, Person, Reply

URL = "https://example.com/page"
LINK_FIELDS = [
    "id", "slug", "short_url", "destination", "utm_source", "utm_medium", "utm_campaign",
    "utm_content", "utm_term", "domain", "clicks", "unique_visitors", "created_at", "updated_at",
]  # fmt: skip
NO_UTM = dict.fromkeys(name for name in LINK_FIELDS if name.startswith("utm_"))
UTM = {
    "utm_source": "api",
    "utm_medium": "email",
    "utm_campaign": "winter-sale",
    "utm_content": "body_button",
    "utm_term": "deal",
}

VARIANTS = [
    {"label": "a", "url": "https://a.example/", "weight": 50},
    {"label": "b", "url": "https://b.example/", "weight": 50},
]


def make(who: Person, destination: str = URL, **more: Any) -> Any:
    reply = who.post("/api/v1/links", {"destination": destination, **more})
    assert reply.status_code == 201, reply.json
    return reply.json["data"]


def native(house: House, **body: Any) -> Any:
    reply = house.person("klink").post("/api/v1/links", body)
    assert reply.status_code == 201, reply.json
    return reply.json


def track(house: House, link_id: int) -> None:
    """Turn on conversion tracking, which qklnk's API cannot."""
    owner = house.person("klink")
    [uid] = [
        link["id"] for link in owner.get("/api/v1/links").json["items"] if link["number"] == link_id
    ]
    reply = owner.ask("PATCH", f"/api/v1/links/{uid}", json={"conversion_tracking": True})
    assert reply.status_code == 200


def fits(reply: Reply, schema: type[Schema]) -> Any:
    """The answer's data, when it is just what the description says of it."""
    assert reply.mimetype == "application/json"
    assert schema().validate(reply.json) == {}
    return reply.json["data"]


def record(who: Person, **body: Any) -> Any:
    sent = {"visitor_id": "v_abc123xyz", "event_name": "purchase"} | body
    reply = who.post("/api/v1/events/record", sent)
    assert reply.status_code == 201, reply.json
    return fits(reply, schemas.EventAnswer)
