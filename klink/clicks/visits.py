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
from klink.clicks.record import Flag, encode_visit, sender_of
from klink.core.client_address import Client, Forwarded, Headers, client_address, is_near
from klink.core.compiled import CompiledLink, CompiledVariant, Purpose, Visit
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
    "BY_WEIGHT",
    "CLICK",
    "COOKIE",
    "VIEW",
    "Arrival",
    "Caller",
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
BY_WEIGHT = int(Flag.BY_WEIGHT)

_HEAD, _PREFETCH, _PREVIEW = int(Flag.HEAD), int(Flag.PREFETCH), int(Flag.PREVIEW)
_DAY_MS = 86_400_000
_YEAR_S = 31_536_000
_MAX_QUERY = 8192
_KLID = re.compile(rf"(?:^|[;,])[ \t]*{KLID}=([^;,]*)")
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_MAX_KLIDS = 8  # workspaces whose ids a caller remembers
_UNKNOWN_COUNTRY = "XX"  # what Cloudflare sends when it does not know


class Caller:
    """Who asks: what a visit owes to its connection and headers, whatever it asks for.

    A browser sends the same headers again and again, so what serves many requests may keep
    one for as long as it likes. One thread uses it: what is made of it is remembered here.

    :ivar client: the whole address, scheme and host; for throttles and cookies, never kept
        on disk.
    :ivar cookie: the raw visitor id that the cookie holds, '' when there is none.
    """

    __slots__ = (
        "_day", "_given", "_klids", "_sender", "_visitor", "client", "cookie", "country_hint",
        "is_private", "languages", "net", "purpose", "referrer", "user_agent",
    )  # fmt: skip

    def __init__(self, client: Client, headers: Headers, country_hint: str) -> None:
        get = headers.get
        self.client = client
        self.net = truncate(client.address)
        self.user_agent = get("user-agent") or ""
        self.referrer = get("referer") or ""
        self.languages = primary_languages(get("accept-language") or "")
        self.cookie = _cookie(get("cookie"))
        self.is_private = _says_yes(get("dnt")) or _says_yes(get("sec-gpc"))
        self.purpose: Purpose = purpose_of(get("sec-purpose"), get("purpose"), get("x-moz"))
        self.country_hint = country_hint
        self._day = -1
        self._visitor = ""
        self._klids: dict[int, str] = {}
        self._sender = ""
        self._given = ("", "")

    def visitor_on(self, day: int, secret: bytes) -> str:
        """The raw visitor id on a UTC day, which has a secret of its own."""
        if self.cookie:
            return self.cookie
        if day != self._day:
            self._visitor = visitor_id(secret, self.client.address, self.user_agent)
            self._day = day
            self._klids = {}
        return self._visitor

    def klid(self, workspace_id: int, visitor: str, secret: bytes) -> str:
        """What a workspace may know of the visitor; ``visitor`` is the raw id of the visit."""
        known = self._klids.get(workspace_id)
        if known is None:
            if len(self._klids) >= _MAX_KLIDS:
                self._klids = {}
            known = self._klids[workspace_id] = workspace_visitor(secret, workspace_id, visitor)
        return known

    def set_cookie(self, visitor: str) -> str:
        """The ``Set-Cookie`` value that lets it keep a raw id (contract: Visitor)."""
        known, value = self._given
        if known != visitor:
            secure = "; Secure" if self.client.scheme == "https" else ""
            value = f"{KLID}={visitor}; Max-Age={_YEAR_S}; Path=/; HttpOnly; SameSite=Lax{secure}"
            self._given = (visitor, value)
        return value

    def sender(self, visit: Visit) -> str:
        """What the records of its visits, of which this is one, say of whoever sent them."""
        if not self._sender:
            self._sender = sender_of(visit)
        return self._sender


class SeenVisit(NamedTuple):
    """One request for a short URL.

    :ivar visit: what may decide and be counted.
    """

    visit: Visit
    caller: Caller

    @property
    def client(self) -> Client:
        """Who sent it, with the whole address."""
        return self.caller.client


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
    :ivar ignored: how often somebody came with an ``X-Forwarded-For`` that was not believed;
        whoever the event loop remembers is counted once.
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
        self.ignored = 0
        self._callers = 0
        self._near, self._near_peer = 0, ""

    def forwarded(self) -> Forwarded:
        """What became of ``X-Forwarded-For`` so far."""
        return Forwarded(self._callers, self.ignored, self._near, self._near_peer)

    def read(self, environ: Mapping[str, Any], at_ms: int) -> SeenVisit:
        """The visit of a WSGI request.

        :param environ: as PEP 3333 says; its texts hold one character per byte.
        """
        caller = self.caller(
            environ.get("REMOTE_ADDR", ""), environ["wsgi.url_scheme"], _EnvironHeaders(environ)
        )
        method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        return SeenVisit(self.visit(caller, method, query, at_ms), caller)

    def caller(self, peer: str, scheme: str, headers: Headers) -> Caller:
        """Who sent these headers over a connection from ``peer``."""
        client = self._client(peer, scheme, headers)
        return Caller(client, headers, self._country(headers) if client.via_trusted else "")

    def visit(self, caller: Caller, method: str, query: str, at_ms: int) -> Visit:
        """One visit of a caller.

        :param query: as it came, without ``?``, one character per byte.
        """
        day, secret = self._day
        if day != at_ms // _DAY_MS:
            day, secret = at_ms // _DAY_MS, day_secret(self._secret, at_ms)
            self._day = (day, secret)
        return Visit(
            at_ms,
            method,
            caller.net,
            caller.user_agent,
            caller.referrer,
            caller.languages,
            query[:_MAX_QUERY],
            caller.visitor_on(day, secret),
            caller.is_private,
            bool(caller.cookie),
            caller.purpose,
            caller.country_hint,
        )

    def client(self, environ: Mapping[str, Any]) -> Client:
        """Who sent a WSGI request, and to which host."""
        headers = _EnvironHeaders(environ)
        return self._client(environ.get("REMOTE_ADDR", ""), environ["wsgi.url_scheme"], headers)

    def _client(self, peer: str, scheme: str, headers: Headers) -> Client:
        client = client_address(peer, scheme, headers.get("host") or "", headers, self._trusted)
        self._callers += 1
        if client.ignored_forwarded:
            if not self.ignored:
                self._warn(peer)
            self.ignored += 1
            if is_near(peer):
                self._near += 1
                self._near_peer = client.address
        return client

    def _country(self, headers: Headers) -> str:
        said = (headers.get(self._country_header) or "") if self._country_header else ""
        if _COUNTRY.fullmatch(said) is None:
            return ""
        return "" if said.upper() == _UNKNOWN_COUNTRY else said.upper()

    def _warn(self, peer: str) -> None:
        log.warning(
            "X-Forwarded-For came from %r, which is not in server.trusted_proxies: all its "
            "visitors share that one address, and every limit per address with it",
            peer[:64],
        )


def _says_yes(header: str | None) -> bool:
    """Whether a privacy header asks for it; one that a proxy added again stands there twice."""
    return header == "1" or (header is not None and "1" in map(str.strip, header.split(",")))


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
    """The ``Set-Cookie`` value that lets a visitor keep its id."""
    return seen.caller.set_cookie(seen.visit.visitor)


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

    def visitor_of(self, link: CompiledLink, seen: SeenVisit) -> str:
        """What the link's workspace may know of the visitor: stored, and sent as ``klid``."""
        return seen.caller.klid(link.workspace_id, seen.visit.visitor, self._secret)

    def entry(
        self, link: CompiledLink, seen: SeenVisit, variant: CompiledVariant | None, flags: int
    ) -> bytes:
        """The journal's record of a visit, for :meth:`write` before its answer leaves.

        :param variant: where it was forwarded to; None for a page, a form or ``expired_url``.
        :param flags: ``VIEW`` and/or ``CLICK``, ``COOKIE`` when one is being set,
            ``BY_WEIGHT``.
        """
        visit, caller = seen
        visitor = "" if visit.is_private else self.visitor_of(link, seen)
        return encode_visit(link, visit, variant, flags, visitor, caller.sender(visit))

    def write(self, entries: Sequence[bytes]) -> None:
        """Put entries into the journal, with one write for all of them."""
        self._append(entries)

    def record(
        self, link: CompiledLink, seen: SeenVisit, variant: CompiledVariant | None, flags: int
    ) -> None:
        """Write one visit down; as :meth:`entry`."""
        self._append([self.entry(link, seen, variant, flags)])


Refusal = Literal["", "wrong_host", "busy"]


class Arrival(NamedTuple):
    """A visit that needs more than a redirect, as the front hands it to the pages.

    :ivar link: None when there is none, or none could be asked for.
    :ivar decision: what the visit gets; None when ``refusal`` says why nothing was decided,
        and at klink's own paths, which are no links.
    :ivar is_page: whether ``/slug/page`` was asked for.
    :ivar domain_id: whose host was asked, where that matters: at klink's own paths.
    :ivar elsewhere: the headers of a redirect that stands for "not found" here; empty: none does.
    """

    seen: SeenVisit
    link: CompiledLink | None
    decision: Decision | None
    is_page: bool
    refusal: Refusal = ""
    domain_id: int | None = None
    elsewhere: Sequence[tuple[str, str]] = ()


ARRIVAL = "klink.arrival"
"""The key of an :class:`Arrival` in the WSGI environment; no request header can set it."""
