"""Klinky's Python sample: make an A/B test, then list all links with their numbers."""

from __future__ import annotations

import os

import requests

API_KEY = os.environ["KLINK_CLIENT_KEY"]
BASE_URL = os.environ["KLINK_CLIENT_URL"] + "/api/v1"

headers = {"X-API-Key": API_KEY}
link_data = {
    "name": "Pricing Page Test",
    "slug": "pricing-test",
    "variants": [
        {"label": "control", "destination_url": "https://example.com/pricing", "weight": 50},
        {"label": "discount", "destination_url": "https://example.com/pricing-sale", "weight": 50},
    ],
    "auto_winner": True,
    "auto_winner_threshold": 200,
}

response = requests.post(f"{BASE_URL}/public/links", headers=headers, json=link_data)
link = response.json()
print(f"Created trackable short link: klinky.io/{link['slug']}")

response = requests.get(f"{BASE_URL}/public/links", headers=headers)
links = response.json()["items"]
for link in links:
    print(f"{link['name']}: {link['total_clicks']} clicks, {link['total_conversions']} conversions")
