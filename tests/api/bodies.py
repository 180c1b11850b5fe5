"""Bodies of requests that several tests send."""

from __future__ import annotations

from typing import Any

SPLIT: dict[str, Any] = {
    "routing": {
        "variants": [
            {"label": "a", "url": "https://a.example/", "weight": 60},
            {"label": "b", "url": "https://b.example/", "weight": 40},
        ]
    },
    "url": None,
}

FULL: dict[str, Any] = {
    "slug": "everything",
    "title": "Everything",
    "description": "two\nlines",
    "tags": ["launch", "spring"],
    "type": "inpage",
    "post_id": "17",
    "site_url": "https://blog.example/post",
    "routing": {
        "mode": "rules",
        "variants": [
            {"label": "a", "url": "https://a.example/?x=ä", "weight": 60},
            {"label": "b", "url": "https://b.example/", "weight": 40},
        ],
        "rules": [{"when": {"country": ["US", "CA"], "device": ["mobile"]}, "use": "b"}],
        "default": "a",
    },
    "experiment": {"auto_winner": True, "threshold": 50},
    "utm": {"source": "mail", "medium": None, "campaign": "x", "content": None, "term": None},
    "forward_query": True,
    "redirect_status": 307,
    "conversion_tracking": True,
    "conversion_redirect_url": "https://example.com/thanks",
    "starts_at": "2026-04-01T00:00:00Z",
    "expires_at": "2026-05-01T00:00:00Z",
    "max_clicks": 10,
    "expired_url": "https://example.com/over",
    "failover_url": "https://example.com/mirror",
    "is_active": False,
}
