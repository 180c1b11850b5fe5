"""Looking for the proof that a host is a workspace's: a TXT record, or a file on the host.

Nothing of what is found there is told but what DNS tells everybody anyway: else a claim would
be a way to read what only this server can reach.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple

import dns.exception
import dns.nameserver
import dns.rdatatype
import dns.resolver

from klink import __version__, turns
from klink.core.context import Settings
from klink.core.domains.model import Finding, Outcome
from klink.core.errors import TooBusy
from klink.fetching import Fetcher, FetchError, system_resolve

__all__ = ["FILE_PATH", "Instructions", "instructions", "look", "place"]

FILE_PATH = "/.well-known/klink-verify.txt"
"""klink itself answers nothing there, on no host: whoever points a host at klink would have
proved it."""

_PREFIX = "klink-verify="
_DNS_TIMEOUT_S = 3.0
_FILE_TIMEOUT_S = 3.0
_MAX_FILE = 1024
_MAX_REDIRECTS = 2  # to HTTPS, and to how the host writes itself
_MAX_RECORDS = 20
_MAX_SHOWN = 80

_AT_ONCE = 2  # requests that wait for others' servers, so that the API's other workers go on
_waiting: set[int] = set()
_waiting_lock = threading.Lock()


NameServers = tuple[tuple[str, int], ...]


class Instructions(NamedTuple):
    """What proves a claim: either of the two.

    :ivar record: name of a TXT record, and ``value`` what it holds.
    :ivar url: address of a file, and ``content`` what it holds.
    """

    record: str
    value: str
    url: str
    content: str


def instructions(host: str, token: str) -> Instructions:
    """What to set so that the claim with this token is proved."""
    return Instructions(f"_klink.{host}", f"{_PREFIX}{token}", f"https://{host}{FILE_PATH}", token)


@contextmanager
def place(workspace_id: int) -> Iterator[None]:
    """Have one of the few places for a request that looks for proofs while its client waits.

    A workspace has one at a time, so that none takes them all.

    :raises TooBusy: there is none.
    """
    with _waiting_lock:
        if workspace_id in _waiting or len(_waiting) >= _AT_ONCE:
            raise TooBusy("enough domains are being checked just now; try again soon")
        _waiting.add(workspace_id)
    try:
        yield
    finally:
        with _waiting_lock:
            _waiting.discard(workspace_id)


def look(
    settings: Settings, host: str, token: str, fetcher: Fetcher | None = None
) -> Iterator[Finding]:
    """Look for the proof in one place after the other, until it is found.

    Each step waits for others' servers, a few seconds at most; no transaction may be open.

    :param fetcher: reads the file; by default one that introduces this server.
    """
    wanted = instructions(host, token)
    with turns.given_back():
        found = _in_dns(settings.nameservers, wanted)
    yield found
    if found.outcome != "found":
        fetcher = fetcher or _fetcher(settings.base_url, settings.nameservers)
        yield _in_file(fetcher, host, wanted)


def _in_dns(servers: NameServers, wanted: Instructions) -> Finding:
    try:
        answer = _resolver(servers).resolve(wanted.record, "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Finding("dns", "missing", f"there is no TXT record at {wanted.record}")
    except dns.resolver.LifetimeTimeout:
        return Finding("dns", "unknown", f"nobody answered in time about {wanted.record}")
    except dns.exception.DNSException:
        return Finding("dns", "unknown", f"the name servers could not say about {wanted.record}")
    texts = [_text_of(record) for record in list(answer)[:_MAX_RECORDS]]
    if wanted.value in texts:
        return Finding("dns", "found", f"{wanted.record} holds {wanted.value}")
    others = [text[:_MAX_SHOWN] for text in texts if text.startswith(_PREFIX)]
    if others:
        return Finding("dns", "missing", f"{wanted.record} holds {', '.join(others)}")
    return Finding("dns", "missing", f"the TXT records at {wanted.record} are others")


@cache
def _fetcher(base_url: str, servers: NameServers) -> Fetcher:
    resolve = partial(_addresses, servers) if servers else system_resolve
    return Fetcher(f"klink/{__version__} (+{base_url})", resolve=resolve)


def _addresses(servers: NameServers, host: str, _port: int) -> list[str]:
    """A host's addresses, as the name servers of the configuration have them."""
    try:
        return list(_resolver(servers).resolve_name(host, search=False).addresses())
    except dns.exception.DNSException as error:
        raise OSError from error


def _in_file(fetcher: Fetcher, host: str, wanted: Instructions) -> Finding:
    """The file by HTTPS, else by HTTP: many a host has no certificate before klink serves it."""
    told = []
    outcome: Outcome = "unknown"
    for scheme in ("https", "http"):
        is_found, text = _at(fetcher, f"{scheme}://{host}{FILE_PATH}", host, wanted.content)
        told.append(text)
        if is_found:
            return Finding("file", "found", text)
        if is_found is False:
            outcome = "missing"
    return Finding("file", outcome, "; ".join(told))


def _at(fetcher: Fetcher, url: str, host: str, content: str) -> tuple[bool | None, str]:
    """Whether the file is there, None when nobody can say; and what was found."""
    try:
        got = fetcher.get(
            url,
            max_bytes=_MAX_FILE,
            timeout_s=_FILE_TIMEOUT_S,
            max_redirects=_MAX_REDIRECTS,
            accept=("*/*",),
        )
    except FetchError as error:
        return None, f"{url} cannot be fetched ({error.reason})"
    if got.host != host:  # what leads anywhere at all would prove anything
        return False, f"{url} leads to another host"
    if got.status != 200:
        return False, f"{url} has the status {got.status}"
    if not got.is_complete or got.body.strip() != content.encode():
        return False, f"{url} holds something else"
    return True, f"{url} holds the token"


def _resolver(servers: NameServers) -> dns.resolver.Resolver:
    """Made anew each time: the system's name servers may have changed, and no answer is kept."""
    try:
        made = dns.resolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration:
        made = dns.resolver.Resolver(configure=False)  # has no servers, and says so when asked
    if servers:
        made.nameservers = [
            dns.nameserver.Do53Nameserver(address, port) for address, port in servers
        ]
    made.lifetime = _DNS_TIMEOUT_S
    return made


def _text_of(record: Any) -> str:  # Any: dnspython types rdata by its base
    """The text of a TXT record, whose strings belong together (RFC 7208, 3.3, for one)."""
    return b"".join(record.strings).decode("ascii", "replace").strip()
