"""Errors as the native API writes them: ``application/problem+json`` (RFC 9457).

Everything that goes wrong under ``/api`` ends here, whatever the request accepts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Response
from flask.json import dumps
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from klink.core import errors
from klink.core.errors import KlinkError
from klink.web.doors import Door, headers_of
from klink.web.limits import write_headers
from klink.web.request_id import request_id
from klink.web.statuses import status_of

MEDIA_TYPE = "application/problem+json"

_TYPE = "urn:problem-type:klink:"
_MAX_ERRORS = 100
_MAX_NAME = 200

_TITLES = {
    "validation": "A field cannot be accepted",
    "invalid_json": "The body is not valid JSON",
    "not_authenticated": "A valid API key is needed",
    "insufficient_scope": "The key lacks a scope",
    "insufficient_role": "The role in the workspace is not enough",
    "plan_forbids_api": "The plan has no API access",
    "only_operator": "The server's operator decides this",
    "list_full": "The list is full",
    "link_limit_reached": "The plan allows no more links",
    "key_limit_reached": "The user has as many keys as one may have",
    "last_owner": "The workspace needs an owner",
    "https_required": "HTTPS is required",
    "rate_limited": "A window of the plan is used up",
    "slug_taken": "The slug is taken",
    "domain_taken": "The host is another workspace's",
    "domain_has_links": "The domain has links",
    "gone": "The link is in the trash",
    "idempotency_key_reused": "The Idempotency-Key was used with another request",
    "idempotency_in_progress": "The first request is still running",
    "precondition_failed": "The link has changed",
    "not_created": "Nothing was created",
    "database_busy": "The database is busy",
    "internal": "klink made a mistake",
}

_SEGMENTS = ("api", "klink", "health", "ready", "metrics")
_CODES = {400: "bad_request", 413: "body_too_large"}  # else the status's own words

# The core's names of fields, where this door's JSON nests them.
_NAMES = {
    "auto_winner": "experiment.auto_winner",
    "winner_threshold": "experiment.threshold",
    "winner": "experiment.winner",
}


def is_api(path: str) -> bool:
    """Whether a path belongs to the native API; in any case, as slugs are reserved."""
    return path[1:].partition("/")[0].lower() in _SEGMENTS


def problem(status: int, code: str, detail: str, **more: object) -> dict[str, object]:
    """The members of a problem, in a fixed order.

    ``type`` is a name and not a page; ``code`` is its last part, for convenience.
    """
    title = _TITLES.get(code) or HTTP_STATUS_CODES.get(status, "Error")
    first = {"type": _TYPE + code, "title": title, "status": status, "detail": detail}
    return first | {"code": code} | more


def of_error(error: KlinkError) -> dict[str, object]:
    """The problem that an error of the core is; also for the items of a bulk answer."""
    status = status_of(error)
    if isinstance(error, errors.ValidationFailed):
        named = [
            (_NAMES.get(name, name)[:_MAX_NAME], texts) for name, texts in error.errors.items()
        ]
        listed = dict(named[:_MAX_ERRORS])
        count = len(named)
        detail = (
            "one field cannot be accepted" if count == 1 else f"{count} fields cannot be accepted"
        )
        return problem(status, error.code, f"{detail}; see errors", errors=listed)
    return problem(status, error.code, str(error))


def _of_http(error: HTTPException) -> dict[str, object]:
    status = error.code or 500
    words = re.sub(r"[^a-z]+", "_", HTTP_STATUS_CODES.get(status, "error").lower())
    if status >= 500:
        return _ours()
    if status == 404:
        return problem(404, "not_found", "there is nothing at this path; see /api/docs")
    return problem(status, _CODES.get(status, words), error.description or words)


def _ours() -> dict[str, object]:
    identity = request_id()
    detail = f"the error was logged; ask the operator about the request {identity}"
    return problem(500, "internal", detail, request_id=identity)


def answer(members: Mapping[str, object]) -> Response:
    """The response that carries a problem."""
    status = members["status"]
    assert isinstance(status, int)
    return Response(dumps(members) + "\n", status, content_type=MEDIA_TYPE)


def refuse(error: Exception) -> Response:
    """Render whatever went wrong under ``/api``."""
    if isinstance(error, HTTPException):
        response = answer(_of_http(error))
        response.headers.extend(headers_of(error))
        return response
    if not isinstance(error, KlinkError):
        return answer(_ours())
    response = answer(of_error(error))
    if isinstance(error, errors.NotAuthenticated):
        failed = "" if error.reason == "missing" else ', error="invalid_token"'
        response.headers["WWW-Authenticate"] = f'Bearer realm="klink"{failed}'
    return response


DOOR = Door(is_api, refuse, finish=write_headers)
