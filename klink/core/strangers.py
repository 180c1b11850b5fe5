"""Requests without a valid key, limited by address (klinky K10).

Kept in memory alone: a stranger who comes once must cost nobody a row, and after a restart
begins anew. Addresses go nowhere from here.
"""

from __future__ import annotations

import threading

from klink.core.client_address import network
from klink.core.context import Context
from klink.core.errors import RateLimited
from klink.core.usage import Window, wait_s, window_of

MOST = 50_000
"""Windows remembered at once; the oldest go first, so that memory is bounded."""

_Slot = tuple[str, str, int]


class Strangers:
    """Counts of addresses in their windows; shared by threads."""

    def __init__(self) -> None:
        self._counts: dict[_Slot, int] = {}
        self._mutex = threading.Lock()

    def take(self, ctx: Context, address: str, window: str, limit: int) -> Window:
        """Count one request, or refuse it and count nothing.

        :param address: the client's; a /64 of IPv6 counts as one.
        :param window: ``minute`` or ``hour``.
        :returns: the window as it then stands.
        :raises RateLimited: the address has used up ``limit``.
        """
        slot = _slot(ctx, address, window)
        with self._mutex:
            count = self._counts.get(slot, 0)
            if count >= limit:
                text = f"without a valid key there are {limit} requests a {window}"
                raise RateLimited(wait_s(window, ctx.now), text, window=window)
            if slot not in self._counts and len(self._counts) >= MOST:
                del self._counts[next(iter(self._counts))]
            self._counts[slot] = count + 1
        return window_of(window, ctx.now, limit, count + 1)

    def window(self, ctx: Context, address: str, window: str, limit: int) -> Window:
        """How the window of an address stands, counting nothing."""
        count = self._counts.get(_slot(ctx, address, window), 0)
        return window_of(window, ctx.now, limit, count)


def _slot(ctx: Context, address: str, window: str) -> _Slot:
    turns = window_of(window, ctx.now, 1, 0).resets_at
    return network(address), window, int(turns.timestamp())
