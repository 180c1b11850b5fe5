"""The routes that visitors meet, for what the front could not answer by itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

from flask import Blueprint, Flask, Response, abort, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException
from werkzeug.routing import PathConverter

from klink.clicks.visits import ARRIVAL, Arrival, SeenVisit, cookie_for
from klink.core import host_names, passwords
from klink.core.compiled import CompiledLink
from klink.core.errors import KlinkError, TooBusy
from klink.core.resolve import Decision, Outcome
from klink.core.slugs import ANSWERED
from klink.pages import messages
from klink.pages.messages import MAX_FORM_BYTES
from klink.pages.rendering import prepare, redirect, secure, shown, told
from klink.pages.texts import Text
from klink.pages.throttle import Throttle
from klink.web import doors
from klink.web.statuses import status_of

__all__ = ["MAX_FORM_BYTES", "WayOn", "make_blueprint"]

_RETRY_S = 2  # when too many guess at once
_STATIC = Path(__file__).parent / "static"
_STATIC_URL = "/_static"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_PROBLEMS = {403: "wrong_password", 429: "too_many_tries", 503: "too_busy"}  # of the form


class WayOn(Protocol):
    """Where a form or page leads (:class:`klink.redirects.answers.Answers`)."""

    def destination(self, link: CompiledLink, seen: SeenVisit) -> Decision:
        """Where it leads now; takes no use and writes nothing."""
        ...

    def onward(self, link: CompiledLink, seen: SeenVisit) -> tuple[Decision, list[tuple[str, str]]]:
        """The way on, counted; no headers when it has closed meanwhile."""
        ...


class _Unclaimed(PathConverter):
    """Any path but those whose first segment another door answers.

    So that an API's own "no such path" and "wrong method" are not covered by a page.
    """

    regex = rf"(?!(?i:{'|'.join(sorted(ANSWERED))})(?:/|$))[^/].*?"


def make_blueprint(way_on: WayOn, throttle: Throttle) -> Blueprint:
    """The pages; they expect the front before them, which decides what a visit gets."""
    pages = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path=_STATIC_URL,
    )
    doors = _Doors(way_on, throttle)
    pages.record_once(_prepare)
    pages.add_url_rule("/", "home", _home)
    pages.add_url_rule(
        "/<klink_unclaimed:path>",
        "short_url",
        doors.short_url,
        methods=_METHODS,
        strict_slashes=False,
        provide_automatic_options=False,
    )
    pages.after_request(_secure_static)
    pages.app_template_global("static_url")(_static_url)
    return pages


def _prepare(state: BlueprintSetupState) -> None:
    url_map = state.app.url_map
    url_map.converters["klink_unclaimed"] = _Unclaimed
    # Flask would mend `/a//b` with a redirect to the Host header's host.
    url_map.merge_slashes = False
    assert isinstance(state.app, Flask)
    prepare(state.app)
    doors.add(state.app, doors.Door(_claims, _refuse))


def _static_url(name: str) -> str:
    """The URL of a static file; it changes with the file, so that caches may keep it.

    Flask's ``url_for`` knows none in an answer to a request whose Host is garbage.
    """
    versions: dict[str, str] = current_app.extensions.setdefault("klink.pages.versions", {})
    if name not in versions:
        versions[name] = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:8]
    return f"{_STATIC_URL}/{name}?v={versions[name]}"


def _secure_static(response: Response) -> Response:
    return secure(response) if request.endpoint == "pages.static" else response


def _home() -> Response:
    return shown("home", json={"name": "klink"})


def _claims(path: str) -> bool:
    return path[1:].partition("/")[0].lower() not in ANSWERED


def _refuse(error: Exception) -> Response:
    """Render what goes wrong on the paths of visitors."""
    if isinstance(error, KlinkError):
        status = status_of(error)
    else:
        status = (error.code if isinstance(error, HTTPException) else None) or 500
    message = messages.of_status(status)
    response = told(message)
    if message is messages.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "GET, HEAD, POST"
    return response


class _Doors:
    """The views that need more than the request."""

    def __init__(self, way_on: WayOn, throttle: Throttle) -> None:
        self._way_on = way_on
        self._throttle = throttle

    def short_url(self, path: str) -> Response:  # noqa: ARG002 - the front has read it
        """Whatever nobody else answers: a short URL, or nothing."""
        if request.method not in ("GET", "HEAD", "POST"):
            abort(405)
        arrival: Arrival | None = request.environ.get(ARRIVAL)
        if arrival is None:
            abort(404)
        if arrival.refusal:
            is_wrong = arrival.refusal == "wrong_host"
            return told(messages.WRONG_HOST if is_wrong else messages.BUSY)
        return self._of_link(arrival)

    def _of_link(self, arrival: Arrival) -> Response:
        link, decision = arrival.link, arrival.decision
        if link is not None and decision is not None:
            if decision.outcome is Outcome.PASSWORD:
                return self._password(link, arrival.seen)
            if decision.outcome is Outcome.PREVIEW:
                return self._preview(link, arrival.seen)
        return told(messages.closed(link, decision))

    def _password(self, link: CompiledLink, seen: SeenVisit) -> Response:
        """The form; with POST, the password that was typed into it."""
        if request.method != "POST":
            return _form(200)
        assert link.password_hash is not None  # or it would not be asked for
        address = seen.client.address
        wait_s = self._throttle.ask(link.id, address)
        if wait_s:
            return _form(429, messages.too_many_tries(wait_s), wait_s)
        request.max_content_length = MAX_FORM_BYTES
        given = request.form.get("password", "")
        try:
            is_right = bool(given) and passwords.matches(link.password_hash, given)
        except TooBusy:
            self._throttle.take_back(link.id, address)
            return _form(503, messages.TOO_BUSY, _RETRY_S)
        if not is_right:
            return _form(403, messages.WRONG_PASSWORD)
        self._throttle.forgive(link.id, address)
        return self._on(link, seen)

    def _preview(self, link: CompiledLink, seen: SeenVisit) -> Response:
        """The page before a destination; with POST, the way on."""
        if request.method == "POST":
            return self._on(link, seen)
        decision = self._way_on.destination(link, seen)
        if not decision.location:
            return told(messages.closed(link, decision))
        host = decision.location.split("/", 3)[2]
        response = shown(
            "preview",
            json={"host": host, "title": link.title, "description": link.description},
            host=host_names.readable(host),
            link=link,
            here=seen.client.host,
        )
        if decision.sets_cookie:  # so that the way on is the one that was shown
            response.headers.add("Set-Cookie", cookie_for(seen))
        return response

    def _on(self, link: CompiledLink, seen: SeenVisit) -> Response:
        decision, headers = self._way_on.onward(link, seen)
        if not headers:
            return told(messages.closed(link, decision))
        return redirect(decision.status, headers)


def _form(status: int, problem: Text | None = None, retry_after_s: int = 0) -> Response:
    if problem is None:
        json: object = {
            "code": "password_required",
            "message": "Post the password of this link as the form field “password”.",
        }
    else:
        json = {"error": {"code": _PROBLEMS[status], "message": problem.english}}
    response = shown("password", status=status, json=json, problem=problem)
    if retry_after_s:
        response.headers["Retry-After"] = str(retry_after_s)
    return response
