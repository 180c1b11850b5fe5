"""What stands before a destination: the password, and the preview page with its captcha.

Where a link has both, the password is asked first. Whoever knew it carries a pass in the page's
form: for this link and password, once, five minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Response, request

from klink.clicks.visits import SeenVisit, cookie_for
from klink.core import host_names, passwords
from klink.core.captcha import Captcha, Verdict
from klink.core.compiled import CompiledLink
from klink.core.errors import TooBusy
from klink.core.guesses import Guesses
from klink.core.passes import BadPass, Passes
from klink.core.resolve import Decision
from klink.core.times import from_ms
from klink.pages import messages
from klink.pages.messages import MAX_FORM_BYTES
from klink.pages.rendering import captcha_refusal, redirect, shown, told
from klink.pages.texts import Text

__all__ = ["Guarded", "Guards", "WayOn"]

PASS_FIELD = "password_pass"  # noqa: S105 - a field's name

_RETRY_S = 2  # when too many guess at once
_PROBLEMS = {403: "wrong_password", 429: "too_many_tries", 503: "too_busy"}  # of the form


class WayOn(Protocol):
    """Where a form or page leads (:class:`klink.redirects.answers.Answers`)."""

    def destination(self, link: CompiledLink, seen: SeenVisit) -> Decision:
        """Where it leads now; takes no use and writes nothing."""
        ...

    def onward(self, link: CompiledLink, seen: SeenVisit) -> tuple[Decision, list[tuple[str, str]]]:
        """The way on, counted; no headers when it has closed meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Guards:
    """What the pages ask before they lead on.

    :ivar passes: of those who knew a password.
    """

    captcha: Captcha
    guesses: Guesses
    passes: Passes

    @classmethod
    def of(cls, secret: bytes, captcha: Captcha) -> Guards:
        """Those of a server.

        :param secret: the server's.
        """
        return cls(captcha, Guesses(secret), Passes(secret, "password"))


class Guarded:
    """Answers for links with a password or a preview page."""

    def __init__(self, way_on: WayOn, guards: Guards) -> None:
        self._way_on = way_on
        self._guards = guards

    def password(self, link: CompiledLink, seen: SeenVisit) -> Response:
        """The form; with POST, what was typed into it, or the pass of who typed it before."""
        if request.method != "POST":
            return _form(200)
        form = _posted()
        if form.get(PASS_FIELD) and "password" not in form:
            return self._with_pass(link, seen, form)
        refusal = self._guessed(link, seen, form.get("password", ""))
        if refusal is not None:
            return refusal
        if link.type == "inpage":
            return self._page(link, seen, password_pass=self._pass(link, seen))
        return self._on(link, seen)

    def preview(self, link: CompiledLink, seen: SeenVisit) -> Response:
        """The page before a destination; with POST, the way on."""
        if request.method != "POST":
            return self._page(link, seen)
        verdict = self._asked(link, seen, _posted())
        if verdict is not Verdict.PASSED:
            return self._page(link, seen, verdict=verdict)
        return self._on(link, seen)

    def _guessed(self, link: CompiledLink, seen: SeenVisit, given: str) -> Response | None:
        """Compare a password; what to answer unless it is right."""
        assert link.password_hash is not None  # or it would not be asked for
        guesses, address = self._guards.guesses, seen.client.address
        wait_s = guesses.ask(link.id, address, _now(seen))
        if wait_s:
            return _form(429, messages.too_many_tries(wait_s), wait_s)
        try:
            is_right = bool(given) and passwords.matches(link.password_hash, given)
        except TooBusy:
            guesses.take_back(link.id, address)
            return _form(503, messages.TOO_BUSY, _RETRY_S)
        if not is_right:
            return _form(403, messages.WRONG_PASSWORD)
        guesses.forgive(link.id, address)
        return None

    def _with_pass(self, link: CompiledLink, seen: SeenVisit, form: Mapping[str, str]) -> Response:
        """The way on from the page of somebody who knew the password."""
        token, passes, now = form[PASS_FIELD], self._guards.passes, _now(seen)
        try:
            passes.check(token, _subject(link), now)
            if link.type == "inpage":
                verdict = self._asked(link, seen, form)
                if verdict is not Verdict.PASSED:
                    # The same pass: one that is renewed would outlive its five minutes.
                    return self._page(link, seen, verdict=verdict, password_pass=token)
            passes.take(token, _subject(link), now)
        except BadPass:
            return _form(403, messages.PASS_EXPIRED)
        return self._on(link, seen)

    def _pass(self, link: CompiledLink, seen: SeenVisit) -> str:
        return self._guards.passes.issue(_subject(link), _now(seen))

    def _asked(self, link: CompiledLink, seen: SeenVisit, form: Mapping[str, str]) -> Verdict:
        address = seen.client.address
        return self._guards.captcha.check("preview", str(link.id), form, _now(seen), address)

    def _page(
        self,
        link: CompiledLink,
        seen: SeenVisit,
        *,
        verdict: Verdict = Verdict.PASSED,
        password_pass: str = "",
    ) -> Response:
        """The page before a destination.

        :param verdict: what became of the form that was sent, if one was.
        :param password_pass: of who knew the password, where there is one.
        """
        decision = self._way_on.destination(link, seen)
        if not decision.location:
            return told(messages.closed(link, decision))
        host = decision.location.split("/", 3)[2]
        challenge = self._guards.captcha.challenge("preview", str(link.id), _now(seen))
        status, problem = captcha_refusal(verdict)
        carried = {PASS_FIELD: password_pass} if password_pass else {}
        response = shown(
            "preview",
            status=status,
            json={
                **problem,
                "host": host,
                "title": link.title,
                "description": link.description,
                **carried,
            },
            captcha=challenge,
            host=host_names.readable(host),
            link=link,
            here=seen.client.host,
            carried=carried,
            captcha_problem=verdict.value if problem else "",
        )
        if verdict is Verdict.UNREACHABLE:
            response.headers["Retry-After"] = str(_RETRY_S)
        if decision.sets_cookie:  # so that the way on is the one that was shown
            response.headers.add("Set-Cookie", cookie_for(seen))
        return response

    def _on(self, link: CompiledLink, seen: SeenVisit) -> Response:
        decision, headers = self._way_on.onward(link, seen)
        if not headers:
            return told(messages.closed(link, decision))
        return redirect(decision.status, headers)


def _now(seen: SeenVisit) -> datetime:
    return from_ms(seen.visit.at_ms)


def _subject(link: CompiledLink) -> str:
    """What a password's pass is about: with another password it is worth nothing."""
    return f"{link.id} {link.password_hash}"


def _posted() -> Mapping[str, str]:
    """The fields of the form that was sent; those of a JSON object, for programs."""
    request.max_content_length = MAX_FORM_BYTES
    if not request.is_json:
        return request.form
    found = request.get_json()
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


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
