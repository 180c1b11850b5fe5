"""How often somebody may guess a link's password."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

__all__ = ["Throttle"]

FREE_TRIES = 5
LONGEST_WAIT_S = 900.0
FORGOTTEN_AFTER_S = 3600.0
MAX_GUESSERS = 50_000

_Key = tuple[int, str]


class _Tries(NamedTuple):
    number: int
    not_before_s: float


class Throttle:
    """Counts tries per link and address, in memory; safe to use from several threads.

    Five are free. Then each must wait after the one before, 1 s at first and twice as long
    each time, up to a quarter of an hour. An hour without a try forgives all.

    :param clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[_Key, _Tries] = OrderedDict()

    def ask(self, link_id: int, address: str) -> int:
        """Whole seconds to wait before the next try; 0 lets this one through and counts it.

        Asked before the password is hashed, so guessing costs the server next to nothing
        and several tries at once are still several.
        """
        key, now_s = (link_id, _guesser(address)), self._clock()
        with self._lock:
            tries = self._tries.get(key, _Tries(0, 0.0))
            if now_s < tries.not_before_s:
                return math.ceil(tries.not_before_s - now_s)
            if now_s - tries.not_before_s > FORGOTTEN_AFTER_S:
                tries = _Tries(0, 0.0)
            number = tries.number + 1
            self._tries[key] = _Tries(number, now_s + _wait_s(number))
            self._tries.move_to_end(key)
            if len(self._tries) > MAX_GUESSERS:
                self._tries.popitem(last=False)
        return 0

    def forgive(self, link_id: int, address: str) -> None:
        """Forget the tries of somebody who knew the password."""
        with self._lock:
            self._tries.pop((link_id, _guesser(address)), None)


def _wait_s(number: int) -> float:
    """The pause after the try with this number, from 1."""
    if number < FREE_TRIES:
        return 0.0
    # The exponent is capped before it is used: a guesser with patience has large numbers.
    return min(2.0 ** min(number - FREE_TRIES, 16), LONGEST_WAIT_S)


def _guesser(address: str) -> str:
    """Who counts as one: an IPv4 address, or a /64, which one subscriber of IPv6 has."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(parsed, IPv6Address):
        return address
    return str(ip_network((parsed, 64), strict=False))
