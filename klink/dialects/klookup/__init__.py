"""The Klook Up dialect: links with a safety preview, and their statistics.

Success is ``{"success": true, "data": …}``, an error ``{"success": false, "error": "text",
"details": {field: text}}``; flags are 1 and 0.
"""

from __future__ import annotations

from klink.core.errors import ValidationFailed
from klink.dialects.base import Dialect, described
from klink.dialects.klookup.schemas import Failure
from klink.dialects.klookup.views import resource, without_key
from klink.dialects.klookup.words import body
from klink.web.body import UnsupportedMediaType

__all__ = ["DIALECT", "about", "resource"]

_TEXT = """\
Klook Up's API: short links, direct or with a safety preview, and their statistics.
`Authorization: Bearer klup_…`.
"""

DIALECT = Dialect(
    name="klookup",
    body=body,
    statuses={ValidationFailed: 400, UnsupportedMediaType: 400},
    without_key=without_key,
)


about = described(DIALECT, "Klook Up", _TEXT, Failure)
