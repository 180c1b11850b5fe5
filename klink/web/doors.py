"""Doors: each renders what goes wrong on its paths in its own shape, in one place.

Flask's own refusals (no such path, wrong method) reach no blueprint, so they are handed
to the door that claims the path, like every error of the core.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Response as AnyResponse

from klink.core.errors import KlinkError
from klink.web.limits import retry_after_s
from klink.web.request_id import request_id

log = logging.getLogger(__name__)

EXTENSION = "klink-doors"


@dataclass(frozen=True, slots=True)
class Door:
    """A way into klink.

    :param claims: whether a request's path is the door's.
    :param refuse: renders an error: one of the core's or this package's (by class), an
        ``HTTPException``, or anything else, which is our fault and is logged already.
    :param come_in: asked before every request, also one that has no view.
    :param finish: adds what every answer of the door carries.
    """

    claims: Callable[[str], bool]
    refuse: Callable[[Exception], Response]
    come_in: Callable[[], None] | None = None
    finish: Callable[[Response], None] | None = None


def install(app: Flask) -> None:
    """Let doors see requests and answer errors: each those of the paths that it claims first."""
    app.extensions[EXTENSION] = []
    app.register_error_handler(HTTPException, _refuse)
    app.register_error_handler(Exception, _refuse)
    app.before_request(_come_in)


def add(app: Flask, door: Door) -> None:
    """Put up a door; those put up before it are asked first."""
    app.extensions[EXTENSION].append(door)


def here() -> Door | None:
    """The door that claims the current request's path."""
    doors: list[Door] = current_app.extensions[EXTENSION]
    return next((door for door in doors if door.claims(request.path)), None)


def _come_in() -> None:
    door = here()
    if door is not None and door.come_in is not None:
        door.come_in()


def _refuse(error: Exception) -> Response | AnyResponse:
    if isinstance(error, RoutingException) and isinstance(error, HTTPException):
        return error.get_response(request.environ)
    if not isinstance(error, KlinkError | HTTPException):
        log.error(
            "request %s failed: %.10r %s",
            request_id(),
            request.method,
            # Not the path, which may hold what opens a door.
            "-" if request.url_rule is None else request.url_rule.rule,
            exc_info=error,
        )
    door = here()
    response = _plain(error) if door is None else door.refuse(error)
    seconds = retry_after_s(error)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _plain(error: Exception) -> Response:
    """For paths that no door claims."""
    known = error if isinstance(error, HTTPException) else InternalServerError()
    response = Response(f"{known.name}\n", known.code, mimetype="text/plain")
    response.headers.extend(headers_of(known))
    return response


def headers_of(error: HTTPException) -> list[tuple[str, str]]:
    """The headers that go with an HTTP error, such as ``Allow``, but not its page's."""
    own = error.get_headers(request.environ)
    return [(name, value) for name, value in own if name.lower() != "content-type"]
