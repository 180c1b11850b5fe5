"""Who is signed in, what they may do here, and whether a form is really theirs.

The session's token is in a cookie that scripts cannot read and that other sites' forms do not
bring (``SameSite=Lax``). Each form carries a token that is bound to the session, or, before
anybody is signed in, to a cookie of the browser's own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from flask import Response, g, request

from klink.admin.screens import Need, Screen
from klink.clicks.enrich import Enricher
from klink.core import known_browsers, sessions
from klink.core import secrets as core_secrets
from klink.core.errors import Forbidden, InsufficientRole, NotAuthenticated
from klink.core.principal import MANAGERS, scopes_of
from klink.core.sessions import SignedIn
from klink.core.visitors import truncate
from klink.web.client import client
from klink.web.parts import context, parts
from klink.web.principal import act_for

__all__ = [
    "BadForm", "ask_nothing", "csrf_token", "finish", "forget", "here", "known_browser", "let_in",
    "may", "sign_in", "who",
]  # fmt: skip

CSRF_FIELD = "csrf"
CSRF_HEADER = "X-Csrf"

_SCOPES = ("read", "create", "update", "delete")
_FORM_COOKIE = "klink_form"
_FORM_COOKIE_S = 24 * 3600
_KNOWN_COOKIE = "klink_known"

_agents = Enricher(lambda _: "")


class BadForm(Forbidden):
    """The form was made for another session, or by another site."""

    code = "bad_form"

    def __init__(self) -> None:
        super().__init__("this form has grown too old; go back, load the page again, and send it")


def is_secure() -> bool:
    """Whether the browser asked over HTTPS, as far as the proxies that are trusted say."""
    return client().scheme == "https"


def session_cookie() -> str:
    """The name of the session's cookie.

    With ``__Host-`` no other host, such as a sub-domain, can set it; browsers allow that over
    HTTPS alone.
    """
    return "__Host-klink" if is_secure() else "klink"


def here() -> SignedIn | None:
    """Who is signed in, asked of the database once a request."""
    if "signed_in" not in g:
        token = request.cookies.get(session_cookie(), "")
        g.signed_in = sessions.find(context(), token) if token else None
        if g.signed_in is not None:
            act_for(g.signed_in.principal(context()))
    found: SignedIn | None = g.signed_in
    return found


def ask_nothing() -> None:
    """Answer as if nobody were signed in: what is wrong may be the database."""
    g.signed_in = None


def who() -> SignedIn:
    """Who is signed in; only in views that need somebody."""
    found = here()
    assert found is not None
    return found


def may(need: Need) -> bool:
    """Whether whoever asks may do what needs this."""
    found = here()
    if need == "anybody":
        return True
    if found is None:
        return False
    if need in _SCOPES:
        return need in scopes_of(found.role)
    return {
        "person": True,
        "manager": found.role in MANAGERS,
        "operator": found.is_operator,
    }[need]


def let_in(screen: Screen) -> None:
    """Refuse who may not see a screen, and forms that are not theirs.

    :raises NotAuthenticated: nobody is signed in.
    :raises Forbidden: whoever is may not do this, or the form is not theirs.
    """
    request.max_content_length = screen.takes
    if not may(screen.needs):
        if here() is None:
            raise NotAuthenticated("missing")
        if screen.needs == "operator":
            raise Forbidden("only who runs the server may see this: owners of its first workspace")
        if screen.needs == "manager":
            raise InsufficientRole(MANAGERS)
        raise InsufficientRole(("owner", "admin", "editor"))
    if request.method == "POST":
        _check_form()


def _check_form() -> None:
    # Browsers say by themselves where a request comes from; old ones do not.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise BadForm
    sent = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), csrf_token().encode()):
        raise BadForm


def csrf_token() -> str:
    """What every form carries."""
    found = here()
    subject = f"session {found.token_hash}" if found else f"browser {_browser()}"
    key = core_secrets.derive(parts().settings.secret, "admin forms")
    return hmac.new(key, subject.encode(), hashlib.sha256).hexdigest()


def _browser() -> str:
    """A random value that the browser of somebody who is not signed in keeps."""
    if "browser" not in g:
        sent = request.cookies.get(_FORM_COOKIE, "")
        g.is_new_browser = not (20 <= len(sent) <= 64 and sent.isascii() and sent.isprintable())
        g.browser = secrets.token_urlsafe(24) if g.is_new_browser else sent
    found: str = g.browser
    return found


@dataclass(frozen=True, slots=True)
class _Cookie:
    """A session's cookie to set, or to take away."""

    token: str


def sign_in(user_id: int, *, workspace_id: int | None = None) -> None:
    """Sign a user in with the current request's browser: always with a new token.

    What the browser had before is ended, so nobody signs in to a session that they were given.
    """
    old = here()
    if old is not None:
        sessions.end(context(), old.user.id, old.session.id)
    address = client().address
    token = sessions.open_for(
        context(),
        user_id,
        net=truncate(address),
        agent=_browser_words(request.headers.get("User-Agent", "")),
        workspace_id=workspace_id,
    )
    g.session_cookie = _Cookie(token)
    g.known_browser = known_browsers.remember(parts().settings.secret, user_id)
    g.pop("signed_in", None)


def known_browser() -> str:
    """What the browser keeps of who signed in with it last; '' is nothing."""
    return request.cookies.get(_KNOWN_COOKIE, "")


def _browser_words(user_agent: str) -> str:
    """The browser in words, such as ``Firefox on Linux``; '' for the unknown."""
    agent = _agents.agent(user_agent)
    return " on ".join(filter(None, (agent.browser, agent.os)))


def forget() -> None:
    """Take the session's cookie away from the browser."""
    g.session_cookie = _Cookie("")


def finish(response: Response) -> None:
    """Set the cookies that the request has asked for."""
    made: _Cookie | None = g.get("session_cookie")
    if made is not None:
        response.set_cookie(
            session_cookie(),
            made.token,
            max_age=int(sessions.LONGEST.total_seconds()) if made.token else 0,
            path="/",
            secure=is_secure(),
            httponly=True,
            samesite="Lax",
        )
    if "known_browser" in g:
        response.set_cookie(
            _KNOWN_COOKIE,
            g.known_browser,
            max_age=int(known_browsers.KNOWN_FOR.total_seconds()),
            path="/admin/sign-in",
            secure=is_secure(),
            httponly=True,
            samesite="Lax",
        )
    if g.get("is_new_browser"):
        response.set_cookie(
            _FORM_COOKIE,
            g.browser,
            max_age=_FORM_COOKIE_S,
            path="/admin",
            secure=is_secure(),
            httponly=True,
            samesite="Lax",
        )
