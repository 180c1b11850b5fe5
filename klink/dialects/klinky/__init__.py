"""The Klinky dialect: links with variants, by weight or by country, and their clicks.

Bare JSON objects, no envelope; an error is ``{"detail": "text"}``.
"""

from __future__ import annotations

from klink.dialects.base import described
from klink.dialects.klinky.schemas import Failure
from klink.dialects.klinky.views import resource
from klink.dialects.klinky.words import DIALECT

__all__ = ["DIALECT", "about", "resource"]

_TEXT = """\
Klinky's API: links with several destinations, split by weight or chosen by country.
`X-API-Key: klinky_live_…`. Every answer says in `X-RateLimit-Limit`, `X-RateLimit-Remaining`
and `X-RateLimit-Reset` (Unix seconds) how the hour stands.
"""


about = described(
    DIALECT,
    "Klinky",
    _TEXT,
    Failure,
    also={"apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
)
