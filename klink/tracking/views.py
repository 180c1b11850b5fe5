"""The routes: the script, the two ways in for events, and ``/_c/{klid}``."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.http import HTTP_STATUS_CODES

from klink.clicks.visits import ARRIVAL, Arrival
from klink.core import events
from klink.core.errors import DatabaseBusy, KlinkError, NotFound
from klink.core.visitors import is_visitor_id
from klink.tracking import reading
from klink.web import doors
from klink.web.address_limit import Limit
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.statuses import status_of

__all__ = ["make_blueprint"]

SCRIPT_PATH, EVENT_PATH, PIXEL_PATH = "/_klink.js", "/_e", "/_e.gif"
CONVERSION_PATH = "/_c/<klid>"

_SCRIPT = (Path(__file__).parent / "klink.js").read_bytes()
_SCRIPT_VERSION = hashlib.sha256(_SCRIPT).hexdigest()[:16]
_SCRIPT_MAX_AGE_S = 3600
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PREFLIGHT_S = 86_400
_CODES = {421: "wrong_host"}  # as the pages say it; else the status's own words


class _WrongHost(HTTPException):
    """Nobody has links on this host, so nobody sends events there."""

    code = 421
    description = "this host is not set up"


def make_blueprint(limit: Limit) -> Blueprint:
    """What browsers meet; registered before the pages, which answer all that is left.

    It expects the front before it, which says who asks and whether on a host with links.
    """
    tracking = Blueprint("tracking", __name__)
    views = _Views(limit)
    tracking.record_once(_put_up_the_door)
    for path, view in (
        (SCRIPT_PATH, _script),
        (EVENT_PATH, views.event),
        (PIXEL_PATH, views.pixel),
        (CONVERSION_PATH, views.conversion),
    ):
        # All methods, or the pages would answer those that are left out.
        tracking.add_url_rule(
            path, view.__name__, view, methods=_METHODS, provide_automatic_options=False
        )
    return tracking


def _put_up_the_door(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    doors.add(state.app, doors.Door(_claims, _refuse, finish=_open_up))


def _claims(path: str) -> bool:
    """What goes wrong at ``/_c`` a person sees, so the pages show it."""
    return path in (SCRIPT_PATH, EVENT_PATH, PIXEL_PATH)


def _refuse(error: Exception) -> Response:
    """Small JSON, as programs get it from the pages; of the pixel, an image like any other."""
    code, message = "internal_error", "klink made a mistake; the error was logged"
    status = 500
    if isinstance(error, KlinkError):
        status, code, message = status_of(error), error.code, str(error)
    elif isinstance(error, HTTPException) and error.code is not None:
        status = error.code
        message = error.description or ""
        words = HTTP_STATUS_CODES.get(status, "error").lower().replace(" ", "_")
        code = _CODES.get(status, words)
    if request.path == PIXEL_PATH:
        response = _image(status)
    else:
        response = jsonify({"error": {"code": code, "message": message}})
        response.status_code = status
    if isinstance(error, HTTPException):
        response.headers.extend(doors.headers_of(error))
    return response


def _open_up(response: Response) -> None:
    """Let pages of all sites read the answer, and nobody keep it but where it says so."""
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")


def _script() -> Response:
    """The script as it lies here; browsers keep it for an hour, then ask whether it changed."""
    _only("GET", "HEAD")
    _arrival()
    response = Response(_SCRIPT, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={_SCRIPT_MAX_AGE_S}"
    response.set_etag(_SCRIPT_VERSION)
    response.make_conditional(request)
    return response


class _Views:
    """The views that record something."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit

    def event(self) -> Response:
        """An event in the body; 204 when it was recorded, now or by an earlier request."""
        _only("POST", "OPTIONS")
        seen = _arrival().seen
        if request.method == "OPTIONS":
            return _preflight()
        if not seen.visit.is_private:
            self._limit.take(seen.client.address)
            _record(reading.from_body())
        return Response(status=204)

    def pixel(self) -> Response:
        """An event in the query string of an image."""
        _only("GET", "HEAD")
        seen = _arrival().seen
        # Nobody has seen the page that is fetched ahead.
        if not (seen.visit.is_private or seen.visit.purpose or request.method == "HEAD"):
            self._limit.take(seen.client.address)
            _record(reading.from_query(request.args))
        return _image(200)

    def conversion(self, klid: str) -> Response:
        """A visitor comes by on the way to the link's ``conversion_redirect_url``."""
        _only("GET", "HEAD")
        arrival = _arrival()
        visit = arrival.seen.visit
        if visit.purpose:
            abort(503)  # what a browser fetches ahead it then asks for when somebody goes there
        self._limit.take(arrival.seen.client.address)
        if not is_visitor_id(klid):
            raise NotFound("visitor")
        wait_for_clicks()
        if visit.is_private or request.method == "HEAD":
            location = events.way_on(context(), klid, host_domain_id=arrival.domain_id)
        else:
            _, location = events.convert(context(), klid, host_domain_id=arrival.domain_id)
        return _sent_on(location)


def _record(event: dict[str, Any]) -> None:
    """Record an event of a known visitor. Any: as :mod:`klink.tracking.reading` gives it."""
    wait_for_clicks()
    events.record_public(context(), public_id=event.pop("workspace"), **event)


def _arrival() -> Arrival:
    """Who asks where, as the front has read it.

    :raises HTTPException: 421 for a host that has no links.
    """
    arrival: Arrival | None = request.environ.get(ARRIVAL)
    if arrival is None:
        abort(404)
    if arrival.refusal == "busy":
        raise DatabaseBusy
    if arrival.refusal:
        raise _WrongHost
    return arrival


def _only(*methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(valid_methods=list(methods))


def _preflight() -> Response:
    """For pages that send ``application/json``; the script needs none of it."""
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_S)
    return response


def _image(status: int) -> Response:
    return Response(_PIXEL, status, content_type="image/gif")


def _sent_on(location: str | None) -> Response:
    """The way on after a conversion; nothing to see when the link names none.

    :param location: ASCII.
    """
    response = Response(status=302 if location else 204)
    headers = response.headers
    headers["Cache-Control"] = "private, no-store"
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    headers["X-Robots-Tag"] = "noindex"
    if location:
        headers["Location"] = location
    return response
