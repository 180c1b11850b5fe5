"""The page that shows the API's description, from assets that are installed: no CDN."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound

_OWN = Path(__file__).parent
_OWN_ASSETS = frozenset({"init.js", "page.css"})
_PACKAGED = Path(str(resources.files("flask_swagger_ui"))) / "dist"
_PACKAGED_ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"})
_KEPT_S = 3600

_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI writes style attributes
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

blueprint = Blueprint("docs", __name__)


@blueprint.get("/docs")
def page() -> Response:
    """The page; everything it loads lies below its own address."""
    response = send_from_directory(_OWN, "page.html", max_age=0)
    response.headers["Content-Security-Policy"] = _CSP
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@blueprint.get("/docs/<name>")
def asset(name: str) -> Response:
    """One of the few files that the page needs."""
    if name in _OWN_ASSETS:
        response = send_from_directory(_OWN, name, max_age=0)
    elif name in _PACKAGED_ASSETS:
        response = send_from_directory(_PACKAGED, name, max_age=_KEPT_S)
    else:
        raise NotFound
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
