"""Where the current request comes from."""

from __future__ import annotations

from urllib.parse import quote

from flask import g, request

from klink.core.client_address import Client, client_address
from klink.web.parts import parts

ASKED_PATH = "klink.asked_path"
"""Key of the WSGI environment: the path that was asked for, where routing was given another."""


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


def asked_url() -> str:
    """The current request's URL as its client has it, without the query."""
    path = request.environ.get(ASKED_PATH) or request.path
    asks = client()
    host = asks.host or parts().settings.base_host
    return f"{asks.scheme}://{host}{quote(path)}"
