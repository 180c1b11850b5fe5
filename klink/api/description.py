"""What the description of the native API says of it as a whole."""

from __future__ import annotations

from klink.api.answers import Problem
from klink.api.problems import MEDIA_TYPE
from klink.web.openapi import IDEMPOTENCY_KEY, About

_TEXT = """\
Make, change and follow short links. Every request takes a key: `Authorization: Bearer klink_…`
or `X-API-Key`. Errors are `application/problem+json` (RFC 9457); `code` is stable. Lists are
paged by `cursor`. Limits of the key's plan are told by `RateLimit` and `X-RateLimit-*`.
When `Klink-Ledger-Lag` stands on an answer, its counts are that many seconds old.
"""


def about(version: str) -> About:
    """The native API.

    :param version: of klink.
    """
    return About(
        name="",
        title="klink",
        version=version,
        text=_TEXT,
        schemes={
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
        headers={
            "Idempotency-Key": IDEMPOTENCY_KEY,
            "If-Match": "ETags of versions; 412 when the link has none of them by now.",
        },
        error=Problem,
        error_type=MEDIA_TYPE,
    )
