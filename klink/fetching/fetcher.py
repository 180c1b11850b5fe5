"""The client: one request, its redirects, and what came back."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Literal

import certifi
import httpcore

from klink import turns
from klink.fetching.body import ENCODINGS, read_body, text_of
from klink.fetching.connecting import PinnedBackend
from klink.fetching.deadline import Deadline
from klink.fetching.errors import Unreachable
from klink.fetching.resolving import Resolve, addresses_of, system_resolve
from klink.fetching.target import Target, joined, target_of

__all__ = ["HTML", "MAX_BYTES", "MAX_REDIRECTS", "TIMEOUT_S", "Fetched", "Fetcher"]

HTML = ("text/html", "application/xhtml+xml")
MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 5
TIMEOUT_S = 10.0

_AROUND = 256 * 1024  # bytes of headers and of the packing around a body
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    :ivar url: what answered in the end, without a fragment.
    :ivar host: its host.
    :ivar content_type: without parameters, lower case; empty when the answer has none.
    :ivar body: unpacked; empty for a type that was not asked for, and for HEAD.
    :ivar is_complete: whether the body was asked for and read to its end.
    :ivar retry_after_s: what ``Retry-After`` says, in seconds from now.
    """

    status: int
    url: str
    host: str
    content_type: str
    body: bytes
    text: str
    is_complete: bool
    retry_after_s: int | None


class Fetcher:
    """Fetches pages. Safe for threads; keeps nothing between two calls.

    No cookies, no credentials, no proxy of the environment, a connection of its own for each
    request.

    :param user_agent: how klink introduces itself.
    :param allow_private: whether addresses of this machine and of private networks are fetched,
        too: for tests on one machine.
    :param resolve: looks names up.
    :param network: connects to addresses.
    :param trust: whose certificates are believed; None: those that the system and certifi name.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        allow_private: bool = False,
        resolve: Resolve = system_resolve,
        network: httpcore.NetworkBackend | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._allow_private = allow_private
        self._resolve = resolve
        self._network = network or httpcore.SyncBackend()
        self._trust = trust

    def get(
        self,
        url: str,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        max_bytes: int = MAX_BYTES,
        timeout_s: float = TIMEOUT_S,
        max_redirects: int = MAX_REDIRECTS,
        accept: Sequence[str] = HTML,
    ) -> Fetched:
        """Ask for a page and follow its redirects, each looked at as the first was.

        :param max_bytes: of the body, unpacked.
        :param timeout_s: for all of it: names, connections, redirects, the whole body.
        :param accept: content types whose body is read; ``*/*`` is every one.
        :raises Refused: when the page, or a redirect, leads where klink does not go.
        :raises Unreachable: when there is no answer that can be used.
        """
        deadline = Deadline(timeout_s)
        with turns.given_back():  # a worker that waits lets the others compute
            for _ in range(max_redirects + 1):
                target = target_of(url, allow_private=self._allow_private)
                got = self._ask(target, method, max_bytes, deadline, accept)
                if isinstance(got, Fetched):
                    return got
                url = joined(target.url, got)
        raise Unreachable("redirects")

    def _ask(
        self,
        target: Target,
        method: str,
        max_bytes: int,
        deadline: Deadline,
        accept: Sequence[str],
    ) -> Fetched | str:
        """The answer, or where it says to go instead."""
        if target.address is not None:
            addresses = [target.address]
        else:
            addresses = addresses_of(
                target.host,
                target.port,
                self._resolve,
                deadline,
                allow_private=self._allow_private,
            )
        backend = PinnedBackend(self._network, addresses, deadline, max_bytes + _AROUND)
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._trust_for(target),
                    max_connections=1,
                    max_keepalive_connections=0,
                    network_backend=backend,
                ) as pool,
                pool.stream(
                    method,
                    _httpcore_url(target),
                    headers=self._headers(target, accept),
                ) as response,
            ):
                return _read(response, target, method, max_bytes, deadline, accept)
        except httpcore.TimeoutException:
            raise Unreachable("timeout") from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise Unreachable("protocol") from None

    def _trust_for(self, target: Target) -> ssl.SSLContext | None:
        return (self._trust or _trust()) if target.is_https else None

    def _headers(self, target: Target, accept: Sequence[str]) -> list[tuple[str, str]]:
        return [
            ("Host", target.authority),
            ("User-Agent", self._user_agent),
            ("Accept", ", ".join(accept)),
            ("Accept-Encoding", ENCODINGS),
            ("Connection", "close"),
        ]


@cache  # read once, and not before it is needed: hundreds of certificates take 50 ms
def _trust() -> ssl.SSLContext:
    """The system's authorities, which an operator may add to, and certifi's, if it has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _httpcore_url(target: Target) -> httpcore.URL:
    """The target in httpcore's words: made of parts, so that nothing is parsed again."""
    return httpcore.URL(
        scheme=b"https" if target.is_https else b"http",
        host=target.host.encode("ascii"),
        port=target.port,
        target=target.path.encode("ascii"),
    )


def _read(
    response: httpcore.Response,
    target: Target,
    method: str,
    max_bytes: int,
    deadline: Deadline,
    accept: Sequence[str],
) -> Fetched | str:
    headers = _first_of_each(response.headers)
    if response.status in _REDIRECTS and "location" in headers:
        return headers["location"]
    declared = headers.get("content-type", "")
    content_type = declared.partition(";")[0].strip().lower()
    body, is_complete = b"", False
    if method == "GET" and (content_type in accept or "*/*" in accept):
        body, is_complete = read_body(
            response.iter_stream(), headers.get("content-encoding", ""), max_bytes, deadline
        )
    return Fetched(
        status=response.status,
        url=target.url,
        host=target.host,
        content_type=content_type,
        body=body,
        text=text_of(body, declared),
        is_complete=is_complete,
        retry_after_s=_seconds(headers.get("retry-after", "")),
    )


def _first_of_each(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "replace").strip())
    return found


def _seconds(retry_after: str) -> int | None:
    """``Retry-After`` in seconds: a number, or a time from which now is taken away."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:9])
    try:
        at = parsedate_to_datetime(retry_after).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
    return max(0, min(999_999_999, round(at - time.time())))
