"""Pages of the admin page: one frame, one set of headers, and what they tell once."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    request,
    url_for,
)
from itsdangerous import BadData, URLSafeTimedSerializer
from markupsafe import Markup

from klink.admin import gate, words
from klink.core import reports, secrets
from klink.core.errors import DatabaseBusy
from klink.web.parts import context, parts
from klink.web.principal import principal

__all__ = ["fragment", "page", "prepare", "reader_zone", "redirect_to", "secure", "tell"]

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

_TOLD_COOKIE = "klink_told"
_TOLD_S = 60
_MAX_TOLD = 300
_ZONE_COOKIE = "klink_tz"


def prepare(blueprint: Blueprint) -> None:
    """Give the templates what they speak with."""
    for name, filter_ in (
        ("count", words.count),
        ("percent", words.percent),
        ("money", words.money),
        ("when", lambda at: words.when(at, reader_zone())),
        ("ago", lambda at: words.ago(at, context().now)),
    ):
        blueprint.add_app_template_filter(filter_, name)
    # Globals, since macros of other files see no context.
    for name, function in (
        ("may", gate.may),
        ("open_reports", _open_reports),
        ("csrf_field", _csrf_field),
        ("csrf_token", gate.csrf_token),
        ("static", static),
        ("change", words.change),
    ):
        blueprint.add_app_template_global(function, name)


def _open_reports() -> int:
    """How many reports wait for whoever looks; there is a bound to them."""
    if not gate.may("manager"):
        return 0
    try:
        return reports.open_count(principal())
    except DatabaseBusy:  # which the page itself may be about to tell
        return 0


def _csrf_field() -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        gate.CSRF_FIELD, gate.csrf_token()
    )


def static(name: str) -> str:
    """The URL of one of the admin page's static files."""
    found: str = current_app.extensions["klink.admin.static"].url(name)
    return found


def reader_zone() -> ZoneInfo:
    """The time zone of whoever reads, as their browser says it in a cookie; else UTC."""
    name = request.cookies.get(_ZONE_COOKIE, "UTC")
    try:
        return ZoneInfo(name[:64])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def page(
    template: str, *, title: str, at: str = "", status: int = 200, **values: object
) -> Response:
    """A whole page.

    :param template: its name below ``templates/admin``, without ``.html``.
    :param at: which entry of the navigation it belongs to.
    """
    told = _told()
    values |= {"title": title, "at": at, "told": told, "me": gate.here()}
    html = render_template(f"admin/{template}.html", **values)
    response = make_response(html, status)
    if told:
        response.delete_cookie(_TOLD_COOKIE, path="/admin")
    return response


def fragment(template: str, *, status: int = 200, **values: object) -> Response:
    """A piece of a page, for scripts."""
    values["me"] = gate.here()
    return make_response(render_template(f"admin/{template}.html", **values), status)


def redirect_to(endpoint: str, *, told: str = "", **values: object) -> Response:
    """Send on to another screen, after a change (303).

    :param endpoint: such as ``admin.overview``, or a path that :func:`klink.admin.ways.safe`
        has let pass.
    :param told: a sentence to show there, once.
    """
    path = endpoint if endpoint.startswith("/") else url_for(endpoint, **values)  # type: ignore[arg-type]
    response = Response(status=303)
    response.headers["Location"] = path
    if told:
        tell(response, told)
    return response


def tell(response: Response, text: str) -> None:
    """Show a sentence on the next page, once."""
    response.set_cookie(
        _TOLD_COOKIE,
        _signer().dumps(text[:_MAX_TOLD]),
        max_age=_TOLD_S,
        path="/admin",
        secure=gate.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _told() -> str:
    sent = request.cookies.get(_TOLD_COOKIE, "")
    try:
        return str(_signer().loads(sent, max_age=_TOLD_S)) if sent else ""
    except BadData:
        return ""


def _signer() -> URLSafeTimedSerializer:
    key = secrets.derive(parts().settings.secret, "admin notices")
    return URLSafeTimedSerializer(key, salt="told")


def secure(response: Response) -> None:
    """Add the headers that keep a page to itself, and out of caches."""
    headers = response.headers
    headers["Content-Security-Policy"] = _CSP
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["X-Robots-Tag"] = "noindex"
    headers.setdefault("Cache-Control", "private, no-store")
    if g.get("is_static"):
        return
    headers.add("Vary", "Cookie")
