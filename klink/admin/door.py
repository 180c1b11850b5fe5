"""The admin page as a door: its blueprint, and what it says when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path

from flask import Blueprint, Flask, Response, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException

from klink.admin import gate, rendering
from klink.admin.screens import Screen, Screens
from klink.core.errors import KlinkError, NotAuthenticated
from klink.core.guesses import CodeGuesses, SignInGuesses
from klink.web import doors
from klink.web.parts import parts
from klink.web.principal import HttpsRequired
from klink.web.request_id import request_id
from klink.web.static_files import StaticFiles
from klink.web.statuses import status_of

__all__ = ["CODES", "GUESSES", "PREFIX", "make_blueprint"]

PREFIX = "/admin"
GUESSES = "klink.admin.guesses"
CODES = "klink.admin.codes"

_STATIC = Path(__file__).parent / "static"
_WORDS = {
    400: ("This request cannot be read", "Go back, load the page again, and try once more."),
    403: ("You may not do this", "Ask an owner or admin of the workspace."),
    404: ("There is no such page", "It may have been deleted, or be another workspace's."),
    405: ("This cannot be asked for so", "Go back, load the page again, and try once more."),
    410: ("This is gone", ""),
    413: ("That is too large", "Send less at once."),
    429: ("Too many tries", ""),
    500: ("Something went wrong", "It is in the server's log, under the number below."),
    503: ("The server is busy", "Try again in a few seconds; nothing was changed."),
}


def make_blueprint(modules: Iterable[Screens], secret: bytes) -> Blueprint:
    """The admin page.

    :param modules: the screens of each.
    :param secret: the server's.
    """
    admin = Blueprint(
        "admin",
        __name__,
        url_prefix=PREFIX,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    rendering.prepare(admin)
    seen: set[str] = set()
    for screen in (each for screens in modules for each in screens.all):
        assert screen.name not in seen, f"two screens are called {screen.name}"
        seen.add(screen.name)
        admin.add_url_rule(
            screen.rule,
            screen.name,
            _guarded(screen),
            methods=screen.methods,
            strict_slashes=False,
            provide_automatic_options=False,
        )

    def put_up(state: BlueprintSetupState) -> None:
        assert isinstance(state.app, Flask)
        state.app.extensions["klink.admin.static"] = StaticFiles(_STATIC, f"{PREFIX}/static")
        state.app.extensions[GUESSES] = SignInGuesses(secret)
        state.app.extensions[CODES] = CodeGuesses(secret)
        doors.add(state.app, doors.Door(_claims, _refuse, come_in=_come_in, finish=_finish))

    admin.record_once(put_up)
    return admin


def _guarded(screen: Screen) -> Callable[..., Response]:
    @wraps(screen.view)
    def view(**values: object) -> Response:
        gate.let_in(screen)
        return screen.view(**values)

    return view


def _claims(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _come_in() -> None:
    g.is_static = request.endpoint == "admin.static"
    if parts().require_https and not gate.is_secure():
        raise HttpsRequired(with_key=False)


def _finish(response: Response) -> None:
    if g.get("is_static"):
        StaticFiles.keep(response)
    else:
        gate.finish(response)
    rendering.secure(response)


def _refuse(error: Exception) -> Response:
    """Say what went wrong, as a page; who is not signed in may do that first."""
    status, detail = _told_of(error)
    if status >= 500:
        gate.ask_nothing()  # a page for nobody in particular needs no database
    if isinstance(error, NotAuthenticated) and gate.here() is None:
        if _is_script():
            return Response("sign in again\n", 401, mimetype="text/plain")
        return rendering.redirect_to("admin.sign_in", next=_asked())
    if _is_script():
        return Response(f"{detail or _WORDS[status][0]}\n", status, mimetype="text/plain")
    heading, advice = _WORDS.get(status, _WORDS[400])
    return rendering.page(
        "error",
        title=heading,
        status=status,
        detail=detail,
        advice=advice,
        number=status,
        request_id=request_id(),
    )


def _told_of(error: Exception) -> tuple[int, str]:
    if isinstance(error, KlinkError):
        return status_of(error), str(error)
    status = (error.code if isinstance(error, HTTPException) else None) or 500
    return (status if status in _WORDS else 400), ""


def _is_script() -> bool:
    return gate.CSRF_HEADER in request.headers or request.headers.get("X-Klink") == "fragment"


def _asked() -> str | None:
    """What to come back to: only what can be asked for again."""
    asked = request.full_path.rstrip("?")
    return asked if request.method == "GET" and asked.rstrip("/") != PREFIX else None
