"""What browsers meet for conversions: the script ``/_klink.js``, and where events come in.

``POST /_e`` is the script's, ``GET /_e.gif`` for pages without scripts, ``GET /_c/{klid}`` for
visitors who are sent on after a conversion. All are public, on every host that has links. A
room beside the pages, which it does not know; only what goes wrong at ``/_c`` is shown by them.
"""

from __future__ import annotations

from klink.tracking.views import make_blueprint
from klink.web.address_limit import Limit

__all__ = ["Limit", "make_blueprint"]
