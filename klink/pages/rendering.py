"""One look and one set of headers for every page; small JSON for programs."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, jsonify, make_response, render_template, request

__all__ = ["Message", "redirect", "secure", "shown", "told", "wants_json"]

# Browsers hold the redirect after a POST against `form-action` too, so it must allow any
# destination. Nothing else may be loaded, framed or submitted.
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self' https: http:; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class Message:
    """What a visitor is told when there is nothing to show.

    :ivar code: stable, for programs.
    """

    status: int
    code: str
    title: str
    text: str
    hint: str = ""
    retry_after_s: int | None = None


def wants_json() -> bool:
    """Whether the client prefers JSON to a page; saying nothing, or ``*/*``, is no preference.

    With equal weights what is named counts more than what a wildcard covers, as for the
    ``application/json, text/plain, */*`` of some libraries.
    """
    json_type = "application/json"
    return request.accept_mimetypes.best_match(["text/html", json_type]) == json_type


def shown(template: str, *, status: int = 200, json: object, **values: object) -> Response:
    """A page, or ``json`` for programs.

    :param template: its name below ``templates/pages``, without ``.html``.
    """
    if wants_json():
        response = jsonify(json)
    else:
        response = make_response(render_template(f"pages/{template}.html", **values))
    response.status_code = status
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Accept"
    return secure(response)


def told(message: Message) -> Response:
    """The page, or JSON, of a message."""
    response = shown(
        "message",
        status=message.status,
        json={"error": {"code": message.code, "message": message.text}},
        message=message,
    )
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
