"""Where the current request comes from."""

from __future__ import annotations

from flask import g, request

from klink.core.client_address import Client, client_address
from klink.web.parts import parts


def client() -> Client:
    """The client of the current request, behind trusted proxies only."""
    if "client" not in g:
        environ = request.environ
        g.client = client_address(
            environ.get("REMOTE_ADDR") or "",
            environ["wsgi.url_scheme"],
            environ.get("HTTP_HOST") or "",
            request.headers,
            parts().trusted_proxies,
        )
    found: Client = g.client
    return found
