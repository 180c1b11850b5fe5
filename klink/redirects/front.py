"""The WSGI application that stands before all others: short URLs are answered here.

What needs a page, and everything that is no short URL, goes to the application behind it;
for a short URL, and for klink's own paths that visitors meet, with the
:class:`~klink.clicks.visits.Arrival` in the environment.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from klink.clicks.visits import ARRIVAL, Arrival, Refusal, SeenVisit, VisitReader
from klink.core.errors import DatabaseBusy
from klink.core.slugs import ANSWERED, may_be_slug
from klink.core.urls import clean_query
from klink.db.models import BASE_DOMAIN_ID
from klink.redirects.answers import STATUS_LINES, Answers, Headers, redirect_headers
from klink.redirects.cache import LinkCache
from klink.redirects.hosts import Hosts, plain_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Front", "Target", "target_of"]

_METHODS = ("GET", "HEAD", "POST")
_PATH = re.compile(r"/([A-Za-z0-9_-]+)(/page)?/?")

# What any host may ask for: probes by address.
_ANYWHERE = ("health", "ready", "metrics")

# klink's own paths that visitors meet, bio pages among them; no slug begins so. How pages look is
# asked for on hosts without links too, whose visitors are told so by a page.
_OWN, _LOOKS = ("/_", "/@"), "/_static/"

_MISDIRECTED = json.dumps(
    {
        "type": "urn:problem-type:klink:wrong_host",
        "title": "Misdirected Request",
        "status": 421,
        "detail": "this host is not klink's own; use the address that server.base_url names",
        "code": "wrong_host",
    }
).encode()

_ADMIN_ELSEWHERE = (
    "The admin page answers on {} only, which is what server.base_url says. If you came by that "
    "name, the proxy in front of klink passes on another one: see trusted_proxies.\n"
)


class Target(NamedTuple):
    """What a path asks for: a slug, and whether its page."""

    slug: str
    is_page: bool


def target_of(path: str) -> Target | None:
    """The short URL that a decoded path names, None when it is none.

    ``/slug`` and ``/slug/page``; a slash at the end, which people and mail programs add,
    changes nothing.
    """
    match = _PATH.fullmatch(path)
    if match is None or not may_be_slug(match[1]) or match[1].lower() in ANSWERED:
        return None
    return Target(match[1], match[2] is not None)


class Front:
    """The first WSGI application.

    :param base_url: what short URLs begin with.
    :param fallback: the application for everything else.
    :param require_https: whether short URLs asked for by HTTP are sent to HTTPS.
    :param clock_ms: milliseconds since 1970 UTC.
    """

    def __init__(
        self,
        *,
        base_url: str,
        cache: LinkCache,
        hosts: Hosts,
        reader: VisitReader,
        answers: Answers,
        fallback: WSGIApplication,
        require_https: bool = False,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._base_netloc = urlsplit(base_url).netloc
        self._cache = cache
        self._hosts = hosts
        self._reader = reader
        self._answers = answers
        self._fallback = fallback
        self._require_https = require_https
        self._clock_ms = clock_ms

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        # `GET ?x` and `GET api` have no slash, and Flask would take an empty path for a reason
        # to redirect to whatever host the request names.
        path = environ["PATH_INFO"] = "/" + environ["PATH_INFO"].lstrip("/")
        target = target_of(path)
        if target is None:
            if path == "/" and environ["REQUEST_METHOD"] in _METHODS:
                return self._root(environ, start_response)
            if self._is_closed_here(path, environ):
                return self._misdirected(path, environ, start_response)
            if path.startswith(_OWN) and not path.startswith(_LOOKS):
                return self._own_path(path, environ, start_response)
            return self._fallback(environ, start_response)
        if environ["REQUEST_METHOD"] not in _METHODS:
            return self._fallback(environ, start_response)
        seen = self._reader.read(environ, self._clock_ms())
        try:
            return self._visit(target, seen, environ, start_response)
        except DatabaseBusy:
            return self._refuse("busy", target, seen, environ, start_response)

    def _root(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send on who asks for a domain's root, when the domain says where; nobody counts it."""
        seen = self._reader.read(environ, self._clock_ms())
        try:
            domain_id = self._hosts.domain_of(seen.client.host)
            location = "" if domain_id is None else self._hosts.ways_of(domain_id).root
        except DatabaseBusy:
            environ[ARRIVAL] = Arrival(seen, None, None, False, "busy")
            return self._fallback(environ, start_response)
        if domain_id is None or not location:
            return self._fallback(environ, start_response)
        status = 303 if seen.visit.method == "POST" else 302
        if self._require_https and seen.client.scheme != "https":
            status, location = 308, self._over_https("/", seen, domain_id)
        return _redirect(status, redirect_headers(location), start_response)

    def _own_path(
        self, path: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Pass on one of klink's own paths, with who asks and whether this host has links."""
        seen = self._reader.read(environ, self._clock_ms())
        refusal: Refusal = ""
        domain_id = None
        try:
            domain_id = self._hosts.domain_of(seen.client.host)
        except DatabaseBusy:
            refusal = "busy"
        if domain_id is None:
            refusal = refusal or "wrong_host"
        elif self._require_https and seen.client.scheme != "https":
            location = self._over_https(quote(path, "/@", encoding="latin-1"), seen, domain_id)
            headers = [*redirect_headers(location), ("Access-Control-Allow-Origin", "*")]
            return _redirect(308, headers, start_response)
        environ[ARRIVAL] = Arrival(seen, None, None, False, refusal, domain_id)
        return self._fallback(environ, start_response)

    def _visit(
        self,
        target: Target,
        seen: SeenVisit,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        domain_id = self._hosts.domain_of(seen.client.host)
        if domain_id is None:
            return self._refuse("wrong_host", target, seen, environ, start_response)
        if self._require_https and seen.client.scheme != "https":
            path = f"/{target.slug}/page" if target.is_page else f"/{target.slug}"
            location = self._over_https(path, seen, domain_id)
            return _redirect(308, redirect_headers(location), start_response)
        link = self._cache.get(domain_id, target.slug)
        answer = self._answers.arrive(link, seen, is_page=target.is_page)
        if answer.headers:
            return _redirect(answer.decision.status, answer.headers, start_response)
        elsewhere = self._elsewhere(domain_id) if link is None else []
        environ[ARRIVAL] = Arrival(seen, link, answer.decision, target.is_page, elsewhere=elsewhere)
        return self._fallback(environ, start_response)

    def _elsewhere(self, domain_id: int) -> Headers:
        """The redirect that a domain gives in place of "not found", if it gives one."""
        location = self._hosts.ways_of(domain_id).not_found
        return redirect_headers(location) if location else []

    def _refuse(
        self,
        refusal: Refusal,
        target: Target,
        seen: SeenVisit,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        environ[ARRIVAL] = Arrival(seen, None, None, target.is_page, refusal)
        return self._fallback(environ, start_response)

    def _over_https(self, path: str, seen: SeenVisit, domain_id: int) -> str:
        """The same address over HTTPS, on the host that the domain itself has."""
        host = self._base_netloc
        if domain_id != BASE_DOMAIN_ID:
            host = plain_host(seen.client.host)
        query = f"?{clean_query(seen.visit.query)}" if seen.visit.query else ""
        return f"https://{host}{path}{query}"

    def _is_closed_here(self, path: str, environ: WSGIEnvironment) -> bool:
        """Whether a path is one that only hosts with an office answer.

        A customer's domain must not open the office, nor a stranger's name that points at
        this address.
        """
        first = path[1:].partition("/")[0].lower()
        if first not in ANSWERED or first in _ANYWHERE:
            return False
        return not self._hosts.has_office(self._reader.client(environ).host)

    def _misdirected(
        self, path: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Say where the office is: to people in words, to programs as they read it (RFC 9457)."""
        kind, body = "application/problem+json", _MISDIRECTED
        if path == "/admin" or path.startswith("/admin/"):
            kind = "text/plain; charset=utf-8"
            body = _ADMIN_ELSEWHERE.format(self._base_netloc).encode()
        start_response(
            "421 Misdirected Request",
            [
                ("Content-Type", kind),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
            ],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _redirect(
    status: int, headers: list[tuple[str, str]], start_response: StartResponse
) -> Iterable[bytes]:
    start_response(STATUS_LINES[status], headers)
    return []
