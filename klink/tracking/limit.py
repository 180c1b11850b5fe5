"""How often an address may send events, which anybody can who has read a page's source."""

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


_SENDER = _Rule(60, 1.0)
_SITE = _Rule(600, 10.0)


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
    """Counts events per address, in memory; safe to use from several threads.

    An address may send 60 at once and one a second after that. A /64 of IPv6 counts as an
    address; the /48 around it, which a site has, may send ten times as many.

    :param clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._senders, self._sites = _Senders(_SENDER), _Senders(_SITE)

    def take(self, address: str) -> None:
        """Count one event.

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
            raise RateLimited(math.ceil(wait_s), "too many events from this address")
