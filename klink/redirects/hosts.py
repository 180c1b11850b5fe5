"""Which domain's links a request is for, by its host, and where that domain sends the others."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from ipaddress import ip_address

from klink.core.context import Changed
from klink.core.domains import Ways
from klink.db.models import BASE_DOMAIN_ID

__all__ = ["Hosts", "plain_host"]

_REMEMBERED = 4096
"""Hosts remembered on either side: those that are a domain's, and those that are not."""

_HOST = re.compile(
    r"(?:([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?|\[([0-9a-f:.]+)\])(?::\d{0,5})?", re.ASCII
)
_MAX_HOST = 261


def plain_host(host: str) -> str:
    """The host of a Host header: lower case, no port, no final dot; '' for garbage.

    IPv6 without its brackets.
    """
    match = _HOST.fullmatch(host.lower()) if len(host) <= _MAX_HOST else None
    return "" if match is None else match[1] or match[2]


class Hosts:
    """Domain ids by host; safe to use from several threads.

    The host of ``base_url`` on any port, loopback names and addresses, and a request that
    names no host at all (HTTP/1.0) are the base domain's.

    :param base_host: of ``base_url``, perhaps with a port.
    :param load: the id of a verified domain, None when the host is none.
    :param offices: other hosts that the API answers on, lower case and without port.
    :param load_ways: where a domain sends those who ask for no link of it.
    """

    def __init__(
        self,
        base_host: str,
        load: Callable[[str], int | None],
        offices: Collection[str] = (),
        load_ways: Callable[[int], Ways] = lambda _: Ways(),
    ) -> None:
        self._base = plain_host(base_host)
        self._load = load
        self._load_ways = load_ways
        self._offices = frozenset(offices)
        self._lock = threading.Lock()
        self._generation = 0
        # Two spaces, so that made-up hosts cannot push out the real ones.
        self._own: dict[str, bool] = {}  # never changes, so that the first ones may stay
        self._known: OrderedDict[str, int | None] = OrderedDict()
        self._unknown: OrderedDict[str, int | None] = OrderedDict()
        self._ways: OrderedDict[int, Ways] = OrderedDict()

    def is_own(self, host: str) -> bool:
        """Whether a request's host is this server's own, on which it answers everything."""
        own = self._own.get(host)
        if own is None:
            plain = plain_host(host)
            own = not host or (bool(plain) and (plain == self._base or _is_loopback(plain)))
            if len(self._own) < _REMEMBERED and len(host) <= _MAX_HOST:
                self._own[host] = own
        return own

    def has_office(self, host: str) -> bool:
        """Whether the API answers on a request's host."""
        return self.is_own(host) or plain_host(host) in self._offices

    def domain_of(self, host: str) -> int | None:
        """The id of the domain that a request's host stands for, None for an unknown host.

        :raises DatabaseBusy: when that is not in memory and cannot be read now.
        """
        if self.is_own(host):
            return BASE_DOMAIN_ID
        plain = plain_host(host)
        if not plain:
            return None
        with self._lock:
            for remembered in (self._known, self._unknown):
                if plain in remembered:
                    remembered.move_to_end(plain)
                    return remembered[plain]
            generation = self._generation
        domain_id = self._load(plain)
        with self._lock:
            if generation == self._generation:
                remembered = self._unknown if domain_id is None else self._known
                remembered[plain] = domain_id
                if len(remembered) > _REMEMBERED:
                    remembered.popitem(last=False)
        return domain_id

    def ways_of(self, domain_id: int) -> Ways:
        """Where a domain sends those who ask for no link of it.

        :raises DatabaseBusy: when that is not in memory and cannot be read now.
        """
        with self._lock:
            found = self._ways.get(domain_id)
            if found is not None:
                self._ways.move_to_end(domain_id)
                return found
            generation = self._generation
        found = self._load_ways(domain_id)
        with self._lock:
            if generation == self._generation:
                self._ways[domain_id] = found
                if len(self._ways) > _REMEMBERED:
                    self._ways.popitem(last=False)
        return found

    def known(self, host: str) -> int | None:
        """The id of the domain that a host stands for, when it is in memory."""
        with self._lock:
            return self._known.get(plain_host(host))

    def forget(self, changed: Changed) -> None:
        """Let go of all hosts when a domain has changed; that is rare."""
        if changed.kind == "domain":
            self.flush()

    def flush(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._generation += 1
            self._known.clear()
            self._unknown.clear()
            self._ways.clear()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if not (host[0].isdigit() or ":" in host):
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
