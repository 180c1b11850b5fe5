"""A visit: read from a request, known by its workspace's id, and put into the journal.

The front and the pages both begin here, so that a visitor is the same one everywhere. The
whole address lives only in what :meth:`VisitReader.read` returns; a record holds the
truncated one (contract: Privacy).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal, NamedTuple, Protocol

from klink.clicks.enrich import PERSON, kind_of, primary_languages, purpose_of
from klink.clicks.record import Flag, encode, from_visit
from klink.core.client_address import Client, Headers, client_address
from klink.core.compiled import CompiledLink, CompiledVariant, Visit
from klink.core.resolve import KLID, Decision
from klink.core.visitors import (
    day_secret,
    is_visitor_id,
    truncate,
    visitor_id,
    workspace_visitor,
)

__all__ = [
    "ARRIVAL",
    "CLICK",
    "COOKIE",
    "VIEW",
    "Arrival",
    "Journals",
    "Recorder",
    "Refusal",
    "SeenVisit",
    "VisitReader",
    "cookie_for",
    "is_person",
]

log = logging.getLogger(__name__)

# Plain integers: an IntFlag's own `|` takes a microsecond.
VIEW, CLICK, COOKIE = int(Flag.VIEW), int(Flag.CLICK), int(Flag.COOKIE)

_HEAD, _PREFETCH, _PREVIEW = int(Flag.HEAD), int(Flag.PREFETCH), int(Flag.PREVIEW)
_DAY_MS = 86_400_000
_YEAR_S = 31_536_000
_MAX_QUERY = 8192
_KLID = re.compile(rf"(?:^|[;,])[ \t]*{KLID}=([^;,]*)")
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_UNKNOWN_COUNTRY = "XX"  # what Cloudflare sends when it does not know


class SeenVisit(NamedTuple):
    """One request for a short URL.

    :ivar visit: what may decide and be counted.
    :ivar client: the whole address, scheme and host; for throttles and cookies, never kept.
    """

    visit: Visit
    client: Client


class _EnvironHeaders:
    """The headers of a WSGI environment by their lower-case names."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def get(self, name: str, /) -> str | None:
        value: str | None = self._environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value


class VisitReader:
    """Reads visits out of requests; shared by threads.

    :param secret: the installation's own for visitors; a day's is derived from it.
    :param trusted: proxies whose ``X-Forwarded-*`` and country header are believed.
    :param country_header: name of a header with the country, '' for none.
    """

    def __init__(
        self,
        secret: bytes,
        trusted: Sequence[IPv4Network | IPv6Network] = (),
        country_header: str = "",
    ) -> None:
        self._secret = secret
        self._trusted = tuple(trusted)
        self._country_header = country_header.lower()
        self._day: tuple[int, bytes] = (0, day_secret(secret, 0))
        self._has_warned = False

    def read(self, environ: Mapping[str, Any], at_ms: int) -> SeenVisit:
        """The visit of a WSGI request.

        :param environ: as PEP 3333 says; its texts hold one character per byte.
        """
        return self.read_request(
            peer=environ.get("REMOTE_ADDR", ""),
            scheme=environ["wsgi.url_scheme"],
            method=environ["REQUEST_METHOD"],
            query=environ.get("QUERY_STRING", ""),
            headers=_EnvironHeaders(environ),
            at_ms=at_ms,
        )

    def read_request(
        self, *, peer: str, scheme: str, method: str, query: str, headers: Headers, at_ms: int
    ) -> SeenVisit:
        """The visit of a request that is no WSGI environment."""
        get = headers.get
        client = self._client(peer, scheme, headers)
        user_agent = get("user-agent") or ""
        cookie = _cookie(get("cookie"))
        visit = Visit(
            at_ms,
            method,
            truncate(client.address),
            user_agent,
            get("referer") or "",
            primary_languages(get("accept-language") or ""),
            query[:_MAX_QUERY],
            cookie or visitor_id(self._secret_of(at_ms), client.address, user_agent),
            get("dnt") == "1" or get("sec-gpc") == "1",
            bool(cookie),
            purpose_of(get("sec-purpose"), get("purpose"), get("x-moz")),
            self._country(headers) if client.via_trusted else "",
        )
        return SeenVisit(visit, client)

    def client(self, environ: Mapping[str, Any]) -> Client:
        """Who sent a WSGI request, and to which host."""
        headers = _EnvironHeaders(environ)
        return self._client(environ.get("REMOTE_ADDR", ""), environ["wsgi.url_scheme"], headers)

    def _client(self, peer: str, scheme: str, headers: Headers) -> Client:
        client = client_address(peer, scheme, headers.get("host") or "", headers, self._trusted)
        if client.ignored_forwarded and not self._has_warned:
            self._warn(peer)
        return client

    def _secret_of(self, at_ms: int) -> bytes:
        day, secret = self._day
        if day != at_ms // _DAY_MS:
            day, secret = at_ms // _DAY_MS, day_secret(self._secret, at_ms)
            self._day = (day, secret)
        return secret

    def _country(self, headers: Headers) -> str:
        said = (headers.get(self._country_header) or "") if self._country_header else ""
        if _COUNTRY.fullmatch(said) is None:
            return ""
        return "" if said.upper() == _UNKNOWN_COUNTRY else said.upper()

    def _warn(self, peer: str) -> None:
        self._has_warned = True
        log.warning(
            "X-Forwarded-For came from %r, which is not in server.trusted_proxies: all its "
            "visitors share that one address, and every limit per address with it",
            peer[:64],
        )


def _cookie(header: str | None) -> str:
    """The first well-formed visitor id among the cookies, '' when there is none."""
    if not header or KLID not in header:
        return ""
    for match in _KLID.finditer(header):
        value = match[1].strip(" \t")
        if is_visitor_id(value):
            return value
    return ""


def cookie_for(seen: SeenVisit) -> str:
    """The ``Set-Cookie`` value that lets a visitor keep its id (contract: Visitor)."""
    secure = "; Secure" if seen.client.scheme == "https" else ""
    return f"{KLID}={seen.visit.visitor}; Max-Age={_YEAR_S}; Path=/; HttpOnly; SameSite=Lax{secure}"


def is_person(visit: Visit) -> bool:
    """Whether this visit may make a click and use up ``max_clicks`` (contract: Counting)."""
    flags = _HEAD if visit.method == "HEAD" else 0
    if visit.purpose:
        flags |= _PREFETCH if visit.purpose == "prefetch" else _PREVIEW
    return kind_of(flags, visit.user_agent)[0] == PERSON


class Journals(Protocol):
    """Where records go (:class:`klink.clicks.journal.Journal`)."""

    def append(self, records: Sequence[bytes]) -> bool:
        """Write records; False when the disk refused, which the journal counts and reports."""
        ...


class Recorder:
    """Puts visits into the journal; whatever the journal says, the visitor is answered.

    :param secret: the installation's own for visitors.
    """

    def __init__(self, journal: Journals, secret: bytes) -> None:
        self._append = journal.append
        self._secret = secret

    def visitor_of(self, link: CompiledLink, visit: Visit) -> str:
        """What the link's workspace may know of the visitor: stored, and sent as ``klid``."""
        return workspace_visitor(self._secret, link.workspace_id, visit.visitor)

    def record(
        self, link: CompiledLink, visit: Visit, variant: CompiledVariant | None, flags: int
    ) -> None:
        """Write down a visit before its answer leaves.

        :param variant: where it was forwarded to; None for a page, a form or ``expired_url``.
        :param flags: ``VIEW`` and/or ``CLICK``, and ``COOKIE`` when one is being set.
        """
        visitor = "" if visit.is_private else self.visitor_of(link, visit)
        self._append([encode(from_visit(link, visit, variant, flags, visitor))])


Refusal = Literal["", "wrong_host", "busy"]


class Arrival(NamedTuple):
    """A visit that needs more than a redirect, as the front hands it to the pages.

    :ivar link: None when there is none, or none could be asked for.
    :ivar decision: what the visit gets; None when ``refusal`` says why nothing was decided.
    :ivar is_page: whether ``/slug/page`` was asked for.
    """

    seen: SeenVisit
    link: CompiledLink | None
    decision: Decision | None
    is_page: bool
    refusal: Refusal = ""


ARRIVAL = "klink.arrival"
"""The key of an :class:`Arrival` in the WSGI environment; no request header can set it."""
