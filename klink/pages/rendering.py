"""One look, one set of languages and one set of headers for every page; small JSON for programs."""

from __future__ import annotations

from datetime import UTC, datetime

from babel.dates import format_date, format_time
from flask import Flask, Response, jsonify, make_response, render_template, request
from jinja2 import pass_context
from jinja2.runtime import Context

from klink.core.times import format_rfc3339
from klink.pages.languages import ENGLISH, Language, negotiated
from klink.pages.messages import Message
from klink.pages.texts import Text

__all__ = ["prepare", "redirect", "secure", "shown", "told", "wants_json"]

# Browsers hold the redirect after a POST against `form-action` too, so it must allow any
# destination. Nothing else may be loaded, framed or submitted.
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self' https: http:; frame-ancestors 'none'; base-uri 'none'"
)


def prepare(app: Flask) -> None:
    """Let the application's templates speak: ``trans``, ``_()``, and our texts and times.

    All speak the ``language`` that :func:`shown` gives them.
    """
    environment = app.jinja_env
    environment.autoescape = True
    environment.policies["ext.i18n.trimmed"] = True
    environment.add_extension("jinja2.ext.i18n")
    # The extension adds this method, which Jinja's types do not know.
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {"say": _say, "day": _day, "clock": _clock}


def _language(context: Context) -> Language:
    language: Language = context["language"]
    return language


@pass_context
def _gettext(context: Context, message: str) -> str:
    return _language(context).translations.gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _language(context).translations.ngettext(one, many, count)


@pass_context
def _say(context: Context, text: Text) -> str:
    return text.within(_language(context).translations)


@pass_context
def _day(context: Context, at: datetime) -> str:
    return format_date(at.astimezone(UTC), "long", locale=_language(context).locale)


@pass_context
def _clock(context: Context, at: datetime) -> str:
    return format_time(at, "short", tzinfo=UTC, locale=_language(context).locale)


def wants_json() -> bool:
    """Whether the client prefers JSON to a page; saying nothing, or ``*/*``, is no preference.

    With equal weights what is named counts more than what a wildcard covers, as for the
    ``application/json, text/plain, */*`` of some libraries.
    """
    json_type = "application/json"
    return request.accept_mimetypes.best_match(["text/html", json_type]) == json_type


def shown(template: str, *, status: int = 200, json: object, **values: object) -> Response:
    """A page in the visitor's language, or ``json``, in English, for programs.

    :param template: its name below ``templates/pages``, without ``.html``.
    """
    language = ENGLISH
    if wants_json():
        response = jsonify(json)
    else:
        language = negotiated(request.accept_languages)
        page = render_template(f"pages/{template}.html", language=language, **values)
        response = make_response(page)
    response.status_code = status
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Language"] = language.tag
    response.headers["Vary"] = "Accept, Accept-Language"
    return secure(response)


def told(message: Message) -> Response:
    """The page, or JSON, of a message."""
    error = {"code": message.code, "message": message.text.english}
    if message.opens_at is not None:
        error["opens_at"] = format_rfc3339(message.opens_at)
    response = shown("message", status=message.status, json={"error": error}, message=message)
    if message.retry_after_s is not None:
        response.headers["Retry-After"] = str(message.retry_after_s)
    return response


def redirect(status: int, headers: list[tuple[str, str]]) -> Response:
    """A redirect with exactly these headers and no body."""
    response = Response(status=status)
    response.headers.clear()
    response.headers.extend(headers)
    return response


def secure(response: Response) -> Response:
    """Add the headers that keep a page, or what belongs to one, to itself."""
    headers = response.headers
    headers["Content-Security-Policy"] = _CSP
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    headers["X-Robots-Tag"] = "noindex"
    return response
