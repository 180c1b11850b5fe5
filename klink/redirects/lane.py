"""Plain redirects, from the bytes of a request to the bytes of its answer.

The event loop asks here first. Answered is only what is one whole, plain GET or HEAD of a
short URL whose answer needs no waiting; everything else is left to the server's parser, the
front and its workers, who would have answered these in the same words: the visit is read by
the same reader, and decided by the same ``resolve``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate
from functools import partial

from klink.clicks.record import MAX_TEXT
from klink.clicks.visits import (
    BY_WEIGHT,
    CLICK,
    COOKIE,
    VIEW,
    Caller,
    Recorder,
    SeenVisit,
    VisitReader,
    cookie_for,
)
from klink.core.compiled import Agent, CompiledLink, Lookups
from klink.core.errors import DatabaseBusy
from klink.core.resolve import Outcome, resolve
from klink.db.models import BASE_DOMAIN_ID
from klink.redirects.answers import STATUS_LINES, redirect_headers
from klink.redirects.cache import LinkCache, Load, key_of
from klink.redirects.front import target_of
from klink.redirects.hosts import Hosts
from klink.redirects.recent import Recent

__all__ = ["Lane"]

MAX_HEADER_BYTES = 8192
MAX_LINES = 100

_READS_A_TICK = 64
_AGENTS_A_TICK = 1  # looking up one that was never seen takes 0.4 ms
_CALLERS_BYTES = 8 << 20
_CALLER_BYTES, _CALLER_PER_BYTE = 1500, 4  # what one takes, and for each byte of its header
_MAX_AGENTS = 8192
_MAX_KEPT_LINES, _MAX_KEPT_LINE = 4096, 256

_REQUEST_LINE = re.compile(rb"(GET|HEAD) /([A-Za-z0-9_-]+(?:\?[!-\"$-~]*)?) HTTP/1\.([01])")

# `/slug` or `/slug?query`; a `#`, or what is not ASCII, others read in two ways.
_TARGET = re.compile(rb"([A-Za-z0-9_-]+)(?:\?([!-\"$-~]*))?")

# A field line as waitress takes it (RFC 9112, 5).
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t -~\x80-\xff]*)")

# What changes how a request or its connection is to be read.
_NOT_PLAIN = frozenset({"content-length", "transfer-encoding", "expect", "upgrade"})
_CONNECTIONS = ("", "keep-alive", "close")

_Ending = tuple[bytes, bool]
"""What comes after the other headers, and whether the connection closes."""

_STAYS: _Ending = (b"\r\n\r\n", False)
_CLOSES: _Ending = (b"\r\nConnection: close\r\n\r\n", True)
_KEPT_ALIVE: _Ending = (b"\r\nConnection: Keep-Alive\r\n\r\n", False)


class _Later(Exception):
    """A fact is not at hand; a worker may wait for it."""


class _Asker:
    """What the lane keeps of a caller: whose header came from which address.

    :ivar is_own: whether the host is the server's own, and so the base domain's.
    :ivar ending: of an answer in HTTP/1.1, and ``old_ending`` in 1.0 (RFC 9112, 9.3).
    :ivar weight: bytes it takes, about.
    """

    __slots__ = ("caller", "ending", "is_own", "old_ending", "weight")

    def __init__(self, caller: Caller, connection: str, is_own: bool, weight: int) -> None:
        self.caller = caller
        self.is_own = is_own
        self.ending = _CLOSES if connection == "close" else _STAYS
        self.old_ending = _KEPT_ALIVE if connection == "keep-alive" else _CLOSES
        self.weight = weight


class _Header:
    """Reads headers. Of the lines that browsers send most are the same, and are kept."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, str] | None] = {}

    def read(self, block: bytes) -> dict[str, str] | None:
        """Fields by lower-case name, repeated ones joined; None when one is not plain.

        :param block: all after the request line.
        """
        if not block.endswith(b"\r\n\r\n") or len(block) > MAX_HEADER_BYTES:
            return None
        lines = block[:-4].split(b"\r\n")
        if len(lines) > MAX_LINES:
            return None
        known = self._known
        fields: dict[str, str] = {}
        for line in lines:
            field = known[line] if line in known else self._parse(line)
            if field is None:
                return None
            name, value = field
            if name not in fields:
                fields[name] = value
            elif name == "host":
                return None
            elif name:
                fields[name] += f", {value}"
        if "host" not in fields or not _NOT_PLAIN.isdisjoint(fields):
            return None
        return fields if fields.get("connection", "").lower() in _CONNECTIONS else None

    def _parse(self, line: bytes) -> tuple[str, str] | None:
        """Name and value of a line; no name: one to pass over; None: not plain."""
        match = _FIELD.fullmatch(line)
        if match is None:
            return None
        name = match[1].lower().decode("ascii")
        if "_" in name:  # a proxy may take `_` for `-`, so nobody may believe it
            name = ""
        field = name, match[2].strip(b" \t").decode("latin-1")
        if len(line) <= _MAX_KEPT_LINE:
            if len(self._known) >= _MAX_KEPT_LINES:
                self._known.clear()
            self._known[line] = field
        return field


class _Facts:
    """Facts that rules may ask for, with a bound on what takes long to find out."""

    def __init__(self, lookups: Lookups) -> None:
        self.country = lookups.country
        self.look_ups_left = 0
        self._look_up = lookups.agent
        self._agents: dict[str, Agent] = {}

    def agent(self, user_agent: str) -> Agent:
        """Device class, system and browser of a User-Agent.

        :raises _Later: it was not asked for lately, and there have been enough of those.
        """
        user_agent = user_agent[:MAX_TEXT]  # no more of it counts, and long ones take memory
        known = self._agents.get(user_agent)
        if known is None:
            if not self.look_ups_left:
                raise _Later
            self.look_ups_left -= 1
            if len(self._agents) >= _MAX_AGENTS:
                self._agents.clear()
            known = self._agents[user_agent] = self._look_up(user_agent)
        return known


class Lane:
    """Answers on the event loop; one thread uses it.

    :param load: reads a link without waiting; None where that cannot be.
    :param lookups: facts that rules may ask for; none of them waits.
    :param server: what the ``Server`` header says.
    :ivar by_status: how many requests were answered here, by status.
    """

    def __init__(
        self,
        *,
        cache: LinkCache,
        hosts: Hosts,
        reader: VisitReader,
        recorder: Recorder,
        load: Load | None,
        lookups: Lookups,
        server: str,
        require_https: bool = False,
    ) -> None:
        self._cache = cache
        self._hosts = hosts
        self._reader = reader
        self._recorder = recorder
        self._load = load
        self._facts = _Facts(lookups)
        self._require_https = require_https
        self._askers: Recent[tuple[str, bytes], _Asker] = Recent(
            _CALLERS_BYTES, lambda _, asker: asker.weight
        )
        self._header = _Header()
        self._starts = _starts("1.1")
        self._old_starts = _starts("1.0")
        self._common = "".join(f"\r\n{name}: {value}" for name, value in redirect_headers("")[1:])
        self._common += f"\r\nServer: {server}\r\nDate: "
        self._tail = b""
        self._second = 0
        self._at_ms = 0
        self._reads_left = 0
        self._entries: list[bytes] = []
        self.by_status = dict.fromkeys(STATUS_LINES, 0)

    def begin(self, now: float) -> None:
        """A tick begins, at ``now`` seconds since 1970."""
        self._at_ms = int(now * 1000)
        self._reads_left = _READS_A_TICK
        self._facts.look_ups_left = _AGENTS_A_TICK
        if int(now) != self._second:
            self._second = int(now)
            self._tail = (self._common + formatdate(now, usegmt=True)).encode()

    def write_down(self) -> None:
        """Write down what was answered in this tick; nothing of it has been sent."""
        entries, self._entries = self._entries, []
        self._recorder.write(entries)

    def answer(self, data: bytes, peer: str) -> tuple[bytes, bool] | None:
        """Answer a request, and say whether its connection closes; None: not here.

        :param data: all that came.
        :param peer: the address it came from.
        """
        end = data.find(b"\r\n")
        key = (peer, data[end + 2 :])
        asker = self._askers.peek(key) or self._meet(key)
        if asker is None:
            return None
        if data[:5] == b"GET /" and data[end - 9 : end] == b" HTTP/1.1":
            return self._answer(asker, "GET", data[5 : end - 9], self._starts, asker.ending)
        match = _REQUEST_LINE.fullmatch(data, 0, end)
        if match is None:
            return None
        method, target, minor = match.groups()
        if minor == b"1":
            return self._answer(asker, method.decode(), target, self._starts, asker.ending)
        return self._answer(asker, method.decode(), target, self._old_starts, asker.old_ending)

    def _answer(
        self,
        asker: _Asker,
        method: str,
        target: bytes,
        starts: Mapping[int, bytes],
        ending: _Ending,
    ) -> tuple[bytes, bool] | None:
        link, query = self._find(asker, target)
        if link is None or link.max_clicks is not None:
            return None
        caller = asker.caller
        visit = self._reader.visit(caller, method, query, self._at_ms)
        seen = SeenVisit(visit, caller)
        klid = partial(self._recorder.visitor_of, link, seen) if link.tracking else _nobody
        try:
            decision = resolve(link, visit, self._facts, visitor_out=klid)
        except _Later:
            return None
        if decision.outcome is not Outcome.FORWARD:
            return None
        start = starts[decision.status] + decision.location.encode("ascii") + self._tail
        flags = VIEW | CLICK
        if decision.by_weight:
            flags |= BY_WEIGHT
        if decision.sets_cookie:
            flags |= COOKIE
            start += b"\r\nSet-Cookie: " + cookie_for(seen).encode("ascii")
        self._entries.append(self._recorder.entry(link, seen, decision.variant, flags))
        self.by_status[decision.status] += 1
        rest, closes = ending
        return start + rest, closes

    def _find(self, asker: _Asker, target: bytes) -> tuple[CompiledLink | None, str]:
        """The link that a target names, if it is at hand; and the query."""
        if asker.is_own:
            found = self._cache.ready(target) or self._cache.held(target)
            if found:
                return found, ""
        match = _TARGET.fullmatch(target)
        if match is None:
            return None, ""
        slug, query = match[1], (match[2] or b"").decode("ascii")
        domain_id = BASE_DOMAIN_ID
        if not asker.is_own:
            known = self._hosts.known(asker.caller.client.host)
            if known is None:
                return None, ""
            domain_id = known
        return self._fetch(domain_id, slug), query

    def _fetch(self, domain_id: int, raw_slug: bytes) -> CompiledLink | None:
        key = key_of(domain_id, raw_slug)
        held = self._cache.ready(key) or self._cache.held(key)
        if held is not None:
            return held or None
        slug = raw_slug.decode("ascii")
        if self._load is None or not self._reads_left or target_of(f"/{slug}") is None:
            return None
        self._reads_left -= 1
        try:
            return self._cache.read(domain_id, slug, self._load)
        except DatabaseBusy:
            return None

    def _meet(self, key: tuple[str, bytes]) -> _Asker | None:
        """Whoever sends a header that was not seen lately; None when it is not a plain one."""
        asker = self._askers.get(key)
        if asker is not None:
            return asker
        peer, block = key
        fields = self._header.read(block)
        if fields is None:
            return None
        caller = self._reader.caller(peer, "http", fields)
        if self._require_https and caller.client.scheme != "https":
            return None
        is_own = self._hosts.is_own(caller.client.host)
        weight = _CALLER_BYTES + _CALLER_PER_BYTE * len(block)
        asker = _Asker(caller, fields.get("connection", "").lower(), is_own, weight)
        self._askers.put(key, asker)
        return asker


def _starts(version: str) -> dict[int, bytes]:
    """How an answer begins, by its status."""
    return {
        status: f"HTTP/{version} {line}\r\nLocation: ".encode()
        for status, line in STATUS_LINES.items()
    }


def _nobody() -> str:
    """Nobody asks: a link that does not track tells nothing of its visitors."""
    return ""
