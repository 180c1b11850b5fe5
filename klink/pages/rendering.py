"""One look, one set of languages and one set of headers for every page; small JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from babel.dates import format_date, format_time
from flask import Flask, Response, jsonify, make_response, render_template, request
from jinja2 import pass_context
from jinja2.runtime import Context

from klink.core.captcha import Challenge, Provider, Verdict
from klink.core.times import format_rfc3339
from klink.pages.languages import ENGLISH, Language, negotiated
from klink.pages.messages import Message
from klink.pages.texts import Text

__all__ = ["captcha_refusal", "prepare", "redirect", "secure", "shown", "told", "wants_json"]

# Browsers hold the redirect after a POST against `form-action` too, so it must allow any
# destination. Nothing else may be loaded, framed or submitted.
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self' https: http:; frame-ancestors 'none'; base-uri 'none'"
)


# What a page with a captcha may load besides. Cloudflare's host is the only one that is not
# this server's, and only where its Turnstile is configured.
_CLOUDFLARE = "https://challenges.cloudflare.com"
_CAPTCHA_CSP: Mapping[Provider, str] = {
    "altcha": "; script-src 'self'; worker-src 'self'",
    "turnstile": f"; script-src 'self' {_CLOUDFLARE}; frame-src {_CLOUDFLARE}",
    "none": "",
}

_REFUSED = {
    Verdict.MISSING: "Solve the challenge, and post the answer with the other fields.",
    Verdict.WRONG: "The answer to the challenge is wrong, or was for something else.",
    Verdict.EXPIRED: "The challenge was more than five minutes old.",
    Verdict.USED: "The challenge has been used already.",
    Verdict.UNREACHABLE: "The answer cannot be checked now. Try again in a few seconds.",
}


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


def shown(
    template: str,
    *,
    status: int = 200,
    json: object,
    captcha: Challenge | None = None,
    **values: object,
) -> Response:
    """A page in the visitor's language, or ``json``, in English, for programs.

    :param template: its name below ``templates/pages``, without ``.html``.
    :param captcha: what its form asks for (``pages/captcha.html``); programs find it as
        ``captcha`` in their JSON, which must be an object then.
    """
    language, challenge = ENGLISH, captcha or Challenge("none")
    if wants_json():
        if challenge.provider != "none":
            assert isinstance(json, dict)
            json = {**json, "captcha": challenge.as_json()}
        response = jsonify(json)
    else:
        language = negotiated(request.accept_languages)
        values |= {"language": language, "captcha": challenge}
        response = make_response(render_template(f"pages/{template}.html", **values))
    response.status_code = status
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Language"] = language.tag
    response.headers["Vary"] = "Accept, Accept-Language"
    return secure(response, "none" if wants_json() else challenge.provider)


def captcha_refusal(verdict: Verdict) -> tuple[int, dict[str, object]]:
    """The status of the page that is shown again, and the error that programs read.

    200 and none for a form that passed, or that nobody has sent yet.
    """
    if verdict is Verdict.PASSED:
        return 200, {}
    status = 503 if verdict is Verdict.UNREACHABLE else 403
    return status, {"error": {"code": f"captcha_{verdict.value}", "message": _REFUSED[verdict]}}


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


def secure(response: Response, captcha: Provider = "none") -> Response:
    """Add the headers that keep a page, or what belongs to one, to itself.

    :param captcha: whose captcha stands in it.
    """
    headers = response.headers
    headers["Content-Security-Policy"] = _CSP + _CAPTCHA_CSP[captcha]
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    headers["X-Robots-Tag"] = "noindex"
    return response
