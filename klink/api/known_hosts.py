"""Whether a host is served here: for a proxy that gets certificates on demand (docs/domains.md).

At the root of the API and without a key. It tells what anybody learns who asks for a short URL
under that host.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from klink.core import domains
from klink.core.errors import NotFound
from klink.web.parts import parts

blueprint = Blueprint("known-hosts", __name__)


@blueprint.get("/domains/known")
def known() -> Response:
    """Answer 200 for a host that serves links here, and 404 for any other."""
    if not domains.is_served(parts().settings, request.args.get("domain", "")):
        raise NotFound("domain")
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})
