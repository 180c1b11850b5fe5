"""How often somebody may guess a link's password."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from klink.core.client_address import network

__all__ = ["Throttle"]

FORGOTTEN_AFTER_S = 3600.0
MAX_GUESSERS = 50_000

_EVERYTHING = 1 << 30


class _Rule(NamedTuple):
    """How many tries are free, and how the rest waits: 1 s, then twice as long each time.

    :ivar longest_s: the longest wait; later tries count no more, so that a link is not
        held up for long after an attack.
    :ivar forgives: how many tries each ``quiet_s`` without one take off.
    """

    free: int
    longest_s: float
    quiet_s: float
    forgives: int

    @property
    def highest(self) -> int:
        """The number of the first try with the longest wait."""
        return self.free + math.ceil(math.log2(self.longest_s))

    def wait_s(self, number: int) -> float:
        """The pause after the try with this number, from 1."""
        if number < self.free:
            return 0.0
        return min(2.0 ** (number - self.free), self.longest_s)


_GUESSER = _Rule(5, 900.0, FORGOTTEN_AFTER_S, _EVERYTHING)
_SITE = _Rule(20, 900.0, FORGOTTEN_AFTER_S, _EVERYTHING)
_LINK = _Rule(50, 60.0, 60.0, 1)


class _Tries(NamedTuple):
    number: int
    not_before_s: float


_NONE = _Tries(0, -math.inf)


class _Counter:
    """Counts tries by a key, those of the latest ``MAX_GUESSERS`` keys."""

    def __init__(self, rule: _Rule) -> None:
        self._rule = rule
        self._tries: OrderedDict[Hashable, _Tries] = OrderedDict()

    def wait_s(self, key: Hashable, now_s: float) -> float:
        """Seconds until the next try; not above 0 when it may be now."""
        return self._tries.get(key, _NONE).not_before_s - now_s

    def count(self, key: Hashable, now_s: float) -> None:
        """Count a try."""
        rule, tries = self._rule, self._tries.get(key, _NONE)
        number = tries.number
        if number:
            quiet = int((now_s - tries.not_before_s) // rule.quiet_s)
            number = max(number - quiet * rule.forgives, 0)
        number = min(number + 1, rule.highest)
        self._tries[key] = _Tries(number, now_s + rule.wait_s(number))
        self._tries.move_to_end(key)
        if len(self._tries) > MAX_GUESSERS:
            self._tries.popitem(last=False)

    def take_back(self, key: Hashable) -> None:
        """Undo a try and the wait after it."""
        number, not_before_s = self._tries.get(key, _NONE)
        if number > 1:
            self._tries[key] = _Tries(number - 1, not_before_s - self._rule.wait_s(number))
        else:
            self.forget(key)

    def forget(self, key: Hashable) -> None:
        """Forget every try."""
        self._tries.pop(key, None)


class Throttle:
    """Counts tries per link and address, in memory; safe to use from several threads.

    Five are free. Then each must wait after the one before, 1 s at first and twice as long
    each time, up to a quarter of an hour. An hour without a try forgives all. A /64 of IPv6
    counts as an address; the /48 around it, which a site has, the same with 20 free.

    Whoever has many addresses meets the link's own count: after 50 tries that failed
    everybody waits, up to a minute. Each minute without a try forgives one.

    :param clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._guessers, self._sites = _Counter(_GUESSER), _Counter(_SITE)
        self._links = _Counter(_LINK)

    def ask(self, link_id: int, address: str) -> int:
        """Whole seconds to wait before the next try; 0 lets this one through and counts it.

        Asked before the password is hashed, so guessing costs the server next to nothing
        and several tries at once are still several.
        """
        counts, now_s = self._counts(link_id, address), self._clock()
        with self._lock:
            wait_s = max(counter.wait_s(key, now_s) for counter, key in counts)
            if wait_s > 0:
                return math.ceil(wait_s)
            for counter, key in counts:
                counter.count(key, now_s)
        return 0

    def forgive(self, link_id: int, address: str) -> None:
        """Forget the tries of somebody who knew the password; those of others stay."""
        self.take_back(link_id, address)
        with self._lock:
            self._guessers.forget((link_id, network(address, 64)))

    def take_back(self, link_id: int, address: str) -> None:
        """Uncount a try that was let through but never compared."""
        with self._lock:
            for counter, key in self._counts(link_id, address):
                counter.take_back(key)

    def _counts(self, link_id: int, address: str) -> list[tuple[_Counter, Hashable]]:
        counts: list[tuple[_Counter, Hashable]] = [
            (self._guessers, (link_id, network(address, 64))),
            (self._links, link_id),
        ]
        if ":" in address:
            counts.append((self._sites, (link_id, network(address, 48))))
        return counts
