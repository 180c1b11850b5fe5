"""A shop with Kliqs: a product gets a short link, and a messenger's bot its message.

python shop.py PRODUCT_ID SLUG TITLE
"""

from __future__ import annotations

import os
import sys

import requests

API_URL = os.environ["KLINK_CLIENT_URL"] + "/api/v1/links"
API_KEY = os.environ["KLINK_CLIENT_KEY"]


def shorten(url: str, **fields: str) -> str:
    """The short URL; if its slug is taken, with one that Kliqs chooses."""
    response = requests.post(
        API_URL,
        headers={"Authorization": f"Bearer {API_KEY}"},
        json={"url": url, **fields},
        timeout=10,
    )
    answer = response.json()
    if response.status_code == 409 and answer["error"] == "SLUG_ALREADY_EXISTS":
        return shorten(url, **(fields | {"slug": ""}))
    if not answer["success"]:
        sys.exit(f"{answer['error']}: {answer['message']}")
    return str(answer["data"]["short_url"])


product_id, slug, title = sys.argv[1:]
short_url = shorten(f"https://marketku.id/products/{product_id}", slug=slug, title=title)
print(f"New product available:\n{title}\n{short_url}")
