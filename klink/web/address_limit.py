"""How often an address may do what anybody may, such as send events or report a link."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from klink.core.client_address import network
from klink.core.errors import RateLimited

__all__ = ["Limit"]

MAX_SENDERS = 50_000


class _Rule(NamedTuple):
    """So many at once, and so many a second after that."""

    at_once: int
    per_s: float


_SITE = 10
"""How many addresses' share the site of one has."""


class _Senders:
    """When what each of the latest ``MAX_SENDERS`` has sent is used up.

    One number each, by the generic cell rate algorithm: the time at which its bucket will be
    full again.
    """

    def __init__(self, rule: _Rule) -> None:
        self._cost_s = 1.0 / rule.per_s
        self._room_s = (rule.at_once - 1) * self._cost_s
        self._full_at_s: OrderedDict[Hashable, float] = OrderedDict()

    def wait_s(self, key: Hashable, now_s: float) -> float:
        """Seconds until the next one; not above 0 when it may come now."""
        return self._full_at_s.get(key, now_s) - now_s - self._room_s

    def count(self, key: Hashable, now_s: float) -> None:
        """Count one."""
        self._full_at_s[key] = max(self._full_at_s.get(key, now_s), now_s) + self._cost_s
        self._full_at_s.move_to_end(key)
        if len(self._full_at_s) > MAX_SENDERS:
            self._full_at_s.popitem(last=False)


class Limit:
    """Counts requests per address, in memory; safe to use from several threads.

    A /64 of IPv6 counts as an address; the /48 around it, which a site has, may send ten times
    as many.

    :param clock: monotonic seconds.
    :param at_once: how many an address may send at once, and ``per_s`` how many a second after
        that.
    :param what: what is counted, for whoever is refused.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        at_once: int = 60,
        per_s: float = 1.0,
        what: str = "events",
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._senders = _Senders(_Rule(at_once, per_s))
        self._sites = _Senders(_Rule(at_once * _SITE, per_s * _SITE))
        self._what = what

    def take(self, address: str) -> None:
        """Count one request.

        :raises RateLimited: the address has sent too many; this one does not count.
        """
        counts = [(self._senders, network(address, 64))]
        if ":" in address:
            counts.append((self._sites, network(address, 48)))
        now_s = self._clock()
        with self._lock:
            wait_s = max(senders.wait_s(key, now_s) for senders, key in counts)
            if wait_s <= 0:
                for senders, key in counts:
                    senders.count(key, now_s)
        if wait_s > 0:
            raise RateLimited(math.ceil(wait_s), f"too many {self._what} from this address")
