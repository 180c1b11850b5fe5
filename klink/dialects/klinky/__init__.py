"""The Klinky dialect: links with variants, by weight or by country, and their clicks.

Bare JSON objects, no envelope; an error is ``{"detail": "text"}``.
"""

from __future__ import annotations

from klink.dialects.klinky.schemas import Failure
from klink.dialects.klinky.views import resource
from klink.dialects.klinky.words import DIALECT
from klink.web.openapi import IDEMPOTENCY_KEY, About

__all__ = ["DIALECT", "about", "resource"]

_TEXT = """\
Klinky's API: links with several destinations, split by weight or chosen by country.
`X-API-Key: klinky_live_…`. Every answer says in `X-RateLimit-Limit`, `X-RateLimit-Remaining`
and `X-RateLimit-Reset` (Unix seconds) how the hour stands.
"""


def about(version: str) -> About:
    """What the description says of this dialect.

    :param version: of klink.
    """
    return About(
        name=DIALECT.name,
        title="Klinky dialect of klink",
        version=version,
        text=_TEXT,
        schemes={
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        },
        headers={"Idempotency-Key": IDEMPOTENCY_KEY},
        error=Failure,
    )
