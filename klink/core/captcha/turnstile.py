"""Cloudflare's Turnstile: its widget judges the visitor, and its server says what it found.

The widget gives a token, which only siteverify can read. What binds it to one form and link is
a pass of ours: it goes through the widget (``cData``) and comes back in Cloudflare's answer,
and through the form. No answer, or one that cannot be understood, is a no.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import httpx

from klink import turns
from klink.core.captcha.bound import BoundPasses
from klink.core.captcha.model import Challenge, Verdict

__all__ = ["Turnstile"]

log = logging.getLogger(__name__)

FIELD = "cf-turnstile-response"
PASS_FIELD = "captcha_pass"  # noqa: S105 - a field's name
TIMEOUT_S = 5.0
_MAX_TOKEN = 2_048  # as Cloudflare says
_MAX_ANSWER_BYTES = 16_384

# Each call holds one of a few workers, so a slow Cloudflare must not take them all.
_AT_ONCE = 2
_PLACE_WAIT_S = 1.0

_STALE = ("timeout-or-duplicate",)


class _Unreachable(Exception):
    """No answer that can be understood; its text says why, for the log."""


class Turnstile:
    """Asks Cloudflare.

    :param secret: the server's own; ``turnstile_secret`` is Cloudflare's.
    :param serves: whether a host, without port, is one that this server answers.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        site_key: str,
        turnstile_secret: str,
        verify_url: str,
        serves: Callable[[str], bool],
    ) -> None:
        self._passes = BoundPasses(secret)
        self._site_key = site_key
        self._secret = turnstile_secret
        self._verify_url = verify_url
        self._serves = serves
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._tls = ssl.create_default_context()  # takes longer to make than a call

    def challenge(self, purpose: str, subject: str, now: datetime) -> Challenge:
        """What the widget needs."""
        token = self._passes.issue(purpose, subject, now)
        details = {"site_key": self._site_key, "action": purpose, "cdata": token}
        return Challenge("turnstile", FIELD, {PASS_FIELD: token}, details)

    def check(
        self, purpose: str, subject: str, form: Mapping[str, str], now: datetime, address: str
    ) -> Verdict:
        """Ask Cloudflare; waits up to 5 s for it."""
        token, own = form.get(FIELD, ""), form.get(PASS_FIELD, "")
        if not token:
            return Verdict.MISSING
        if len(token) > _MAX_TOKEN:
            return Verdict.WRONG
        # Before anybody is asked, so that only who has seen the form can make us ask.
        if (verdict := self._passes.check(own, purpose, subject, now)) is not Verdict.PASSED:
            return verdict
        try:
            answer = self._ask(token, address)
        except _Unreachable as error:
            log.warning("captcha: Turnstile could not be asked: %s", error)
            return Verdict.UNREACHABLE
        verdict = self._judged(answer, purpose, own)
        if verdict is not Verdict.PASSED:
            return verdict
        return self._passes.take(own, purpose, subject, now)

    def _judged(self, answer: Mapping[str, object], purpose: str, own: str) -> Verdict:
        """What Cloudflare's answer means. What it leaves out or empty it does not say."""
        if answer.get("success") is not True:
            return _refused(answer.get("error-codes"))
        hostname = answer.get("hostname") or None
        if hostname is not None and not (isinstance(hostname, str) and self._serves(hostname)):
            log.warning("captcha: a Turnstile token was made on another host: %.80r", hostname)
            return Verdict.WRONG
        if (answer.get("action") or purpose) != purpose or (answer.get("cdata") or own) != own:
            return Verdict.WRONG
        return Verdict.PASSED

    def _ask(self, token: str, address: str) -> Mapping[str, object]:
        """Cloudflare's answer about a token.

        :raises _Unreachable: there is none.
        """
        form = {"secret": self._secret, "response": token}
        if _is_public(address):
            form["remoteip"] = address
        with turns.given_back():
            if not self._places.acquire(timeout=_PLACE_WAIT_S):
                raise _Unreachable("too many forms wait for it already")
            try:
                body = self._post(form)
            except httpx.HTTPError as error:
                raise _Unreachable(type(error).__name__) from None
            finally:
                self._places.release()
        return _read(body)

    def _post(self, form: dict[str, str]) -> bytes:
        deadline = time.monotonic() + TIMEOUT_S
        body = b""
        with (
            httpx.Client(timeout=TIMEOUT_S, verify=self._tls) as client,
            client.stream("POST", self._verify_url, data=form) as response,
        ):
            if response.status_code >= 500:
                raise _Unreachable(f"it answered {response.status_code}")
            for part in response.iter_bytes(1_024):
                body += part
                if len(body) > _MAX_ANSWER_BYTES:
                    raise _Unreachable("its answer is too long")
                if time.monotonic() > deadline:
                    raise _Unreachable("its answer takes too long")
        return body


def _read(body: bytes) -> Mapping[str, object]:
    try:
        answer: Any = json.loads(body)  # Any: whatever it says
    except (ValueError, RecursionError):
        raise _Unreachable("its answer is no JSON") from None
    if not isinstance(answer, dict) or "success" not in answer:
        raise _Unreachable("its answer says nothing")
    return answer


def _refused(codes: object) -> Verdict:
    """What a no means: the visitor's fault, or the configuration's."""
    named = [str(code)[:64] for code in codes] if isinstance(codes, list) else []
    if any(code in _STALE for code in named):
        return Verdict.USED
    if any(code.endswith("-input-secret") or code == "internal-error" for code in named):
        log.error("captcha: Turnstile refuses this server, not the visitor: %.200r", named)
        return Verdict.UNREACHABLE
    return Verdict.WRONG


def _is_public(address: str) -> bool:
    """Whether an address says something to Cloudflare; a proxy's own does not."""
    try:
        return ip_address(address).is_global
    except ValueError:
        return False
