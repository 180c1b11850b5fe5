"""qklnk's endpoints by requests: python client.py ENDPOINT [SLUG]; prints status and answer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping

import requests

BASE_URL = os.environ["KLINK_CLIENT_URL"] + "/api/v1"
HEADERS = {
    "Authorization": f"Bearer {os.environ['KLINK_CLIENT_KEY']}",
    "Accept": "application/json",
}

LINK = {
    "destination": "https://example.com/page",
    "utm_source": "api",
    "utm_medium": "email",
    "utm_campaign": "winter-sale",
    "utm_content": "body_button",
    "utm_term": "deal",
    "domain": "example.com",
}
CHANGED = {
    "destination": "https://example.com/new-page",
    "utm_source": "api",
    "utm_medium": "email",
    "utm_campaign": "updated-campaign",
    "utm_content": "footer_link",
    "utm_term": "promo",
}
EVENT = {
    "visitor_id": "v_abc123xyz",
    "event_name": "purchase",
    "revenue": 99.99,
    "name": "Premium Package",
    "metadata": {"product_id": "SKU-12345"},
}


def get(path: str, **params: int) -> requests.Response:
    return requests.get(f"{BASE_URL}/{path}", headers=HEADERS, params=params, timeout=10)


def send(method: str, path: str, body: Mapping[str, object] | None = None) -> requests.Response:
    return requests.request(method, f"{BASE_URL}/{path}", headers=HEADERS, json=body, timeout=10)


ENDPOINTS: dict[str, Callable[[str], requests.Response]] = {
    "user": lambda _: get("user"),
    "create": lambda _: send("POST", "links", LINK),
    "list": lambda _: get("links"),
    "get": lambda slug: get(f"links/{slug}"),
    "update": lambda slug: send("PUT", f"links/{slug}", CHANGED),
    "delete": lambda slug: send("DELETE", f"links/{slug}"),
    "analytics": lambda _: get("analytics", days=7),
    "record": lambda _: send("POST", "events/record", EVENT),
    "record_nobody": lambda _: send("POST", "events/record", {"event_name": "purchase"}),
}

endpoint, slug = (*sys.argv[1:], "")[:2]
response = ENDPOINTS[endpoint](slug)
print(json.dumps([response.status_code, response.json() if response.content else None]))
