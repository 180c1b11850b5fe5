"""Asks one API for JSON: with a key, at the pace that it allows, and not for ever."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from klink.fetching import Fetched, Fetcher, Refused, Unreachable
from klink.moving.rows import WrongSource

__all__ = ["Api", "Json", "Waiting"]

Json = dict[str, Any]
"""An object of JSON. Any: of every type; nothing about it is believed."""

Waiting = Callable[[float, str], None]
"""Waits this many seconds, and says why to whoever watches."""

TIMEOUT_S = 30.0
MAX_BYTES = 16 * 1024 * 1024
MAX_WAIT_S = 2 * 3600
"""The longest that an API may ask to wait; Klinky's windows are hours."""

_TRIES = 4  # of a request that fails, with pauses between
_REFUSALS = 3  # in a row, each after the wait that was asked for
_PAUSE_S = 2.0
_JSON = ("application/json",)


class Api:
    """An API that is read.

    :param base: its address; without a path, ``/api/v1`` below it.
    :param product: whose it is, for people.
    :param key: goes into the header that ``header`` makes of it, and nowhere else.
    :param wait: waits; a test's need not.
    :raises WrongSource: the address or the key cannot be one.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        base: str,
        product: str,
        header: Mapping[str, str],
        *,
        wait: Waiting,
        is_private: bool = False,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        parts = _split(base)
        if parts.scheme == "http" and not is_private:
            raise WrongSource(
                "the key would go there unencrypted; begin the address with https:// (or give "
                "--allow-private, when it is in your own network)"
            )
        path = parts.path.rstrip("/") or "/api/v1"
        self._base = f"{parts.scheme}://{parts.netloc}{path}"
        self.host = parts.netloc
        self._product = product
        self._fetcher = fetcher
        self._header = dict(header)
        self._wait = wait
        self._timeout_s = timeout_s
        self._pause_s = 0.0

    def get(self, path: str, **query: object) -> Json:
        """The object of JSON that is there.

        :raises WrongSource: there is none to be had: the text says why, and what to do.
        """
        url = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        failures = refusals = 0
        while True:
            self._rest()
            found, trouble = self._try(url)
            if isinstance(found, dict):
                return found
            if found is not None:
                refusals += 1
                if refusals > _REFUSALS or found > MAX_WAIT_S:
                    raise self._over(f"asks to wait {_span(found)} more (429)")
                self._wait(found, f"{self._product} allows no more requests just now")
                continue
            failures += 1
            if failures == _TRIES:
                raise self._over(trouble)
            self._wait(_PAUSE_S * 2**failures, f"{self.host} {trouble}; trying again")

    def _rest(self) -> None:
        """Wait when the last answer said that nothing is left until its window ends."""
        if self._pause_s:
            self._wait(self._pause_s, f"{self._product} allows no more requests just now")
            self._pause_s = 0.0

    def _try(self, url: str) -> tuple[Json | float | None, str]:
        """What is there; or the seconds to wait; or nothing, and what the trouble was."""
        try:
            got = self._fetcher.get(
                url,
                accept=_JSON,
                headers=self._header,
                timeout_s=self._timeout_s,
                max_bytes=MAX_BYTES,
                max_redirects=0,  # a key goes where it was said to go
            )
        except Refused as error:
            raise WrongSource(_NOT_GONE.get(error.reason, _NOT_GONE[""])) from error
        except Unreachable as error:
            if error.reason == "redirects":
                raise WrongSource(
                    f"{self.host} redirects to another address; give that one with --from"
                ) from error
            return None, _UNREACHABLE.get(error.reason, "gives no answer that can be read")
        if got.status == 429:
            return _asked_to_wait(got), ""
        if got.status >= 500:
            return None, f"answers with an error of its own ({got.status})"
        if got.status != 200:
            raise WrongSource(self._refusal(got))
        self._pause_s = _window_left(got)
        return _object(got)

    def _refusal(self, got: Fetched) -> str:
        if got.status == 401:
            return f"{self.host} does not know this key (401): is it {self._product}'s, and whole?"
        if got.status == 403:
            return f"{self.host} does not let this key read links (403): make one that may"
        if got.status == 404:
            return (
                f"{self.host} has no API of {self._product} at {self._base} (404): is the address "
                "right?"
            )
        return f"{self.host} answers {got.status}, which is not {self._product}'s API"

    def _over(self, trouble: str) -> WrongSource:
        return WrongSource(
            f"{self.host} {trouble}; what came before is taken in: run the same again later, and "
            "it goes on"
        )


_NOT_GONE = {
    "": "klink does not go to this address: is it whole, and of https?",
    "private": "this address is in a private network: if it is yours, give --allow-private",
    "host": "this name is of a private network: if it is yours, give --allow-private",
    "port": "klink does not go to this port: 443, 80 and those above 1023 are possible",
    "credentials": "leave the name and the password out of the address",
}
_UNREACHABLE = {
    "dns": "cannot be found (DNS)",
    "timeout": "does not answer in time",
    "connect": "lets nobody connect",
    "tls": "has a certificate that is not trusted",
}


def _split(base: str) -> Any:  # Any: urlsplit's own result
    try:
        parts = urlsplit(base)
        parts.port  # noqa: B018 - raises for one that is none
    except ValueError:
        raise WrongSource("the address of --from is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongSource("the address of --from must begin with https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise WrongSource("the address of --from must be scheme, host and path alone")
    return parts


def _object(got: Fetched) -> tuple[Json | None, str]:
    if got.content_type not in _JSON:
        return None, "answers with something else than JSON"
    if not got.is_complete:
        return None, "breaks its answer off"
    try:
        found = json.loads(got.body)
    except (ValueError, RecursionError):
        return None, "answers with broken JSON"
    return (found, "") if isinstance(found, dict) else (None, "answers with JSON of another shape")


def _asked_to_wait(got: Fetched) -> float:
    """Seconds, at least one, that a 429 asks for; a minute if it does not say."""
    if got.retry_after_s is not None:
        return max(1.0, float(got.retry_after_s))
    left = _reset(got)
    return 60.0 if left is None else max(1.0, left)


def _window_left(got: Fetched) -> float:
    """Seconds until there are requests left again; 0 when there are."""
    if got.headers.get("x-ratelimit-remaining") != "0":
        return 0.0
    left = _reset(got)
    return 0.0 if left is None or left > MAX_WAIT_S else max(0.0, left)


def _reset(got: Fetched) -> float | None:
    """Seconds to ``X-RateLimit-Reset``, which is a time in seconds since 1970."""
    text = got.headers.get("x-ratelimit-reset", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return None
    return int(text) - time.time() + 1


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
