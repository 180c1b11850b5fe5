"""The qklnk dialect: links by slug, the team's analytics, and events.

Success is ``{"data": …}``, an error ``{"message": "text"}``, with ``errors`` by field when
the input is at fault. qklnk says team for workspace, destination for URL, token for key.
"""

from __future__ import annotations

from klink.dialects.qklnk.schemas import Failure
from klink.dialects.qklnk.views import resource
from klink.dialects.qklnk.words import DIALECT
from klink.web.openapi import IDEMPOTENCY_KEY, About

__all__ = ["DIALECT", "about", "resource"]

_TEXT = """\
qklnk's API: make, change and follow links, and record events. `Authorization: Bearer qklnk_…`.
Lists are paged by `page`. `X-RateLimit-*` tell of the requests a minute.
When `Klink-Ledger-Lag` stands on an answer, its counts are that many seconds old.
"""


def about(version: str) -> About:
    """What the description says of this dialect.

    :param version: of klink.
    """
    return About(
        name=DIALECT.name,
        title="qklnk dialect of klink",
        version=version,
        text=_TEXT,
        schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        headers={"Idempotency-Key": IDEMPOTENCY_KEY},
        error=Failure,
    )
