"""The routes that visitors meet, for what the front could not answer by itself."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException
from werkzeug.routing import PathConverter

from klink.clicks.visits import ARRIVAL, Arrival
from klink.core.errors import KlinkError
from klink.core.resolve import Outcome
from klink.core.slugs import ANSWERED
from klink.pages import messages
from klink.pages.bio import add_bio_pages
from klink.pages.guarded import Guarded, Guards, WayOn
from klink.pages.rendering import prepare, redirect, secure, shown, told, wants_json
from klink.web import doors
from klink.web.static_files import StaticFiles
from klink.web.statuses import status_of

__all__ = ["make_blueprint"]

_STATIC = Path(__file__).parent / "static"
_STATIC_URL = "/_static"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class _Unclaimed(PathConverter):
    """Any path but those whose first segment another door answers.

    So that an API's own "no such path" and "wrong method" are not covered by a page.
    """

    regex = rf"(?!(?i:{'|'.join(sorted(ANSWERED))})(?:/|$))[^/].*?"


def make_blueprint(way_on: WayOn, guards: Guards) -> Blueprint:
    """The pages; they expect the front before them, which decides what a visit gets."""
    pages = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path=_STATIC_URL,
    )
    doors = _Doors(Guarded(way_on, guards))
    pages.record_once(_prepare)
    pages.add_url_rule("/", "home", _home)
    add_bio_pages(pages)
    pages.add_url_rule(
        "/<klink_unclaimed:path>",
        "short_url",
        doors.short_url,
        methods=_METHODS,
        strict_slashes=False,
        provide_automatic_options=False,
    )
    pages.after_request(_secure_static)
    pages.app_template_global("static_url")(StaticFiles(_STATIC, _STATIC_URL).url)
    return pages


def _prepare(state: BlueprintSetupState) -> None:
    url_map = state.app.url_map
    url_map.converters["klink_unclaimed"] = _Unclaimed
    # Flask would mend `/a//b` with a redirect to the Host header's host.
    url_map.merge_slashes = False
    assert isinstance(state.app, Flask)
    prepare(state.app)
    doors.add(state.app, doors.Door(_claims, _refuse))


def _secure_static(response: Response) -> Response:
    if request.endpoint != "pages.static":
        return response
    StaticFiles.keep(response)
    return secure(response)


def _home() -> Response:
    arrival: Arrival | None = request.environ.get(ARRIVAL)
    if arrival is not None and arrival.refusal:
        return told(messages.BUSY)
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

    def __init__(self, guarded: Guarded) -> None:
        self._guarded = guarded

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
        if arrival.elsewhere and not wants_json():
            # A program that reads JSON is better told the truth than sent to a page.
            return redirect(303 if request.method == "POST" else 302, [*arrival.elsewhere])
        return self._of_link(arrival)

    def _of_link(self, arrival: Arrival) -> Response:
        link, decision = arrival.link, arrival.decision
        if link is not None and decision is not None:
            if decision.outcome is Outcome.PASSWORD:
                return self._guarded.password(link, arrival.seen)
            if decision.outcome is Outcome.PREVIEW:
                return self._guarded.preview(link, arrival.seen)
        return told(messages.closed(link, decision))
