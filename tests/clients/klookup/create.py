"""Klook Up's Python sample: an in-page link. With an argument, that is the post's id."""

from __future__ import annotations

import os
import sys
from typing import Any

import requests

API_KEY = os.environ["KLINK_CLIENT_KEY"]
BASE_URL = os.environ["KLINK_CLIENT_URL"] + "/api/v1"


def create_link(url: str, link_type: str = "direct", **kwargs: str) -> dict[str, Any]:
    """The link as the answer has it. Any: JSON."""
    payload = {"url": url, "type": link_type, **kwargs}
    response = requests.post(
        f"{BASE_URL}/links",
        json=payload,
        headers={
            "Authorization": f"Bearer {API_KEY}",
            "Content-Type": "application/json",
        },
        timeout=10,
    )
    response.raise_for_status()
    data: dict[str, Any] = response.json()["data"]
    return data


link = create_link(
    url="https://example.com/confidential.pdf",
    link_type="inpage",
    title="Confidential Document",
    description="Please verify you are authorised before proceeding.",
    **({"post_id": sys.argv[1]} if sys.argv[1:] else {}),
)
print(link["short_url"])
