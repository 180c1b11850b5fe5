"""The qklnk dialect: links by slug, the team's analytics, and events.

Success is ``{"data": …}``, an error ``{"message": "text"}``, with ``errors`` by field when
the input is at fault. qklnk says team for workspace, destination for URL, token for key.
"""

from __future__ import annotations

from klink.dialects.base import described
from klink.dialects.qklnk.schemas import Failure
from klink.dialects.qklnk.views import resource
from klink.dialects.qklnk.words import DIALECT

__all__ = ["DIALECT", "about", "resource"]

_TEXT = """\
qklnk's API: make, change and follow links, and record events. `Authorization: Bearer qklnk_…`.
Lists are paged by `page`. `X-RateLimit-*` tell of the requests a minute.
When `Klink-Ledger-Lag` stands on an answer, its counts are that many seconds old.
"""


about = described(DIALECT, "qklnk", _TEXT, Failure)
