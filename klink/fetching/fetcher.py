"""The client: one request, its redirects, and what came back."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Literal, NamedTuple, TypeVar

import certifi
import httpcore

from klink import turns
from klink.fetching.body import ENCODINGS, pass_on, read_body, text_of
from klink.fetching.connecting import PinnedBackend
from klink.fetching.deadline import Deadline
from klink.fetching.errors import Refused, Unreachable
from klink.fetching.resolving import Resolve, addresses_of, system_resolve
from klink.fetching.target import Target, joined, target_of

__all__ = ["HTML", "MAX_BYTES", "MAX_REDIRECTS", "TIMEOUT_S", "Downloaded", "Fetched", "Fetcher"]

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
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name, the first of each."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """An answer whose body went elsewhere.

    :ivar size: bytes of the body that were handed on; 0 unless the status is 200.
    :ivar headers: by lower-case name, the first of each.
    """

    status: int
    url: str
    host: str
    size: int
    headers: Mapping[str, str]
    retry_after_s: int | None


_Got = TypeVar("_Got")
_Read = Callable[[httpcore.Response, Target, Mapping[str, str]], _Got]
"""Makes what a call returns of an answer that is no redirect, with its headers."""


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
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Ask for a page and follow its redirects, each looked at as the first was.

        :param max_bytes: of the body, unpacked.
        :param timeout_s: for all of it: names, connections, redirects, the whole body.
        :param accept: content types whose body is read; ``*/*`` is every one.
        :param headers: sent along to the scheme, host and port of ``url`` alone, whatever
            redirects say.
        :raises Refused: when the page, or a redirect, leads where klink does not go.
        :raises Unreachable: when there is no answer that can be used.
        """

        def read(response: httpcore.Response, target: Target, got: Mapping[str, str]) -> Fetched:
            return _read(response, target, got, method, max_bytes, deadline, accept)

        deadline = Deadline(timeout_s)
        asked = _Asked(
            method,
            max_bytes,
            deadline,
            max_redirects,
            [
                ("Accept", ", ".join(accept)),
                ("Accept-Encoding", ENCODINGS),
            ],
            headers or {},
        )
        return self._follow(url, asked, read)

    def download(
        self,
        url: str,
        take: Callable[[bytes], object],
        *,
        max_bytes: int,
        timeout_s: float,
        max_redirects: int = MAX_REDIRECTS,
        headers: Mapping[str, str] | None = None,
    ) -> Downloaded:
        """Ask for a file and hand on its body, which may be larger than memory.

        Only that of an answer 200 is; when it breaks off, what was handed on is of no use. A
        redirect from HTTPS to HTTP, where anybody on the way could answer, is refused.

        :param take: gets each part.
        :param headers: sent along, as with :meth:`get`.
        :raises Refused, Unreachable: as :meth:`get`.
        """

        def read(response: httpcore.Response, target: Target, got: Mapping[str, str]) -> Downloaded:
            size = 0
            if response.status == 200:
                encoding = got.get("content-encoding", "")
                size = pass_on(response.iter_stream(), encoding, max_bytes, deadline, take)
            retry_after_s = _seconds(got.get("retry-after", ""))
            return Downloaded(response.status, target.url, target.host, size, got, retry_after_s)

        deadline = Deadline(timeout_s)
        asked = _Asked(
            "GET",
            max_bytes,
            deadline,
            max_redirects,
            [
                ("Accept", "*/*"),
                ("Accept-Encoding", "identity"),
            ],
            headers or {},
            keeps_https=True,
        )
        return self._follow(url, asked, read)

    def _follow(self, url: str, asked: _Asked, read: _Read[_Got]) -> _Got:
        """Ask, and ask again where a redirect leads, until an answer is none."""
        first: tuple[bool, str, int] | None = None
        with turns.given_back():  # a worker that waits lets the others compute
            for _ in range(asked.max_redirects + 1):
                target = target_of(url, allow_private=self._allow_private)
                origin = (target.is_https, target.host, target.port)
                first = first or origin
                if asked.keeps_https and first[0] and not target.is_https:
                    raise Refused("scheme")
                # What is told to one server, a password perhaps, is not for another.
                own = asked.own if origin == first else {}
                location, got = self._ask(target, asked, own, read)
                if got is not None:
                    return got
                url = joined(target.url, location)
        raise Unreachable("redirects")

    def _ask(
        self, target: Target, asked: _Asked, own: Mapping[str, str], read: _Read[_Got]
    ) -> tuple[str, _Got | None]:
        """What is made of the answer, or where it says to go instead."""
        if target.address is not None:
            addresses = [target.address]
        else:
            addresses = addresses_of(
                target.host,
                target.port,
                self._resolve,
                asked.deadline,
                allow_private=self._allow_private,
            )
        bound = asked.max_bytes + asked.max_bytes // 8 + _AROUND  # chunks have their own headers
        backend = PinnedBackend(self._network, addresses, asked.deadline, bound)
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=self._trust_for(target),
                    max_connections=1,
                    max_keepalive_connections=0,
                    network_backend=backend,
                ) as pool,
                pool.stream(
                    asked.method, _httpcore_url(target), headers=self._headers(target, asked, own)
                ) as response,
            ):
                got = _first_of_each(response.headers)
                if response.status in _REDIRECTS and "location" in got:
                    return got["location"], None
                return "", read(response, target, got)
        except httpcore.TimeoutException:
            raise Unreachable("timeout") from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise Unreachable("protocol") from None

    def _trust_for(self, target: Target) -> ssl.SSLContext | None:
        return (self._trust or _trust()) if target.is_https else None

    def _headers(
        self, target: Target, asked: _Asked, own: Mapping[str, str]
    ) -> list[tuple[str, str]]:
        return [
            ("Host", target.authority),
            ("User-Agent", self._user_agent),
            *asked.accepts,
            ("Connection", "close"),
            *own.items(),
        ]


class _Asked(NamedTuple):
    """What a call asks for.

    :ivar own: headers of the caller's, for the first server alone.
    """

    method: str
    max_bytes: int
    deadline: Deadline
    max_redirects: int
    accepts: Sequence[tuple[str, str]]
    own: Mapping[str, str]
    keeps_https: bool = False


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
    headers: Mapping[str, str],
    method: str,
    max_bytes: int,
    deadline: Deadline,
    accept: Sequence[str],
) -> Fetched:
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
        headers=headers,
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
