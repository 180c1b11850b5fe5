"""How many people clicked in the last minutes, kept in memory as the ledger folds.

Nothing is written: after a start the count begins anew, and says since when it counts. Clicks
from before, which a dead process left in its journal, are in none of these minutes, so what is
said is true of the time that it is said of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from klink.core.times import from_ms, to_ms

__all__ = ["MINUTES", "LastMinutes", "RecentClicks"]

MINUTES = 30
"""How many minutes are kept, the one that goes on among them."""

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class LastMinutes:
    """The clicks of a workspace, minute by minute.

    :param clicks: of people, by the minute, oldest first; the last one still goes on.
    :param since: aware UTC time from which on there is a count, when that is within these
        minutes; None when all of them were counted.
    """

    clicks: tuple[int, ...]
    since: datetime | None

    def last(self, minutes: int) -> int:
        """The clicks of this many minutes, the one that goes on among them."""
        return sum(self.clicks[-minutes:])


class RecentClicks:
    """Counts by workspace and minute; the ledger adds, any thread reads.

    It holds at most :data:`MINUTES` numbers for each workspace that was clicked in them.

    :param clock: the time now, aware UTC; counting begins with it.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._since_ms = to_ms(clock())
        self._lock = threading.Lock()
        self._counts: dict[int, dict[int, int]] = {}
        self._swept = 0  # the minute in which what is too old was let go of

    def __len__(self) -> int:
        """How many workspaces it holds counts of."""
        return len(self._counts)

    def begin_ms(self) -> int:
        """The time (ms) of the earliest click that is of interest now."""
        first = to_ms(self._clock()) // _MINUTE_MS - MINUTES + 1
        return max(first * _MINUTE_MS, self._since_ms)

    def add(self, counted: Iterable[tuple[int, int, int]]) -> None:
        """Count clicks, none of them from before :meth:`begin_ms`.

        :param counted: workspace, minute since 1970, and how many.
        """
        now = to_ms(self._clock()) // _MINUTE_MS
        with self._lock:
            if now != self._swept:
                self._sweep(now)
            for workspace_id, minute, clicks in counted:
                if now - MINUTES < minute <= now:
                    own = self._counts.setdefault(workspace_id, {})
                    own[minute] = own.get(minute, 0) + clicks

    def of(self, workspace_id: int) -> LastMinutes:
        """The last minutes of a workspace."""
        now = to_ms(self._clock()) // _MINUTE_MS
        first = now - MINUTES + 1
        with self._lock:
            own = self._counts.get(workspace_id, {})
            clicks = tuple(own.get(minute, 0) for minute in range(first, now + 1))
        is_whole = self._since_ms <= first * _MINUTE_MS
        return LastMinutes(clicks, None if is_whole else from_ms(self._since_ms))

    def _sweep(self, now: int) -> None:
        """Let go of what is not of the last minutes, or lies ahead of a clock that was set back."""
        kept: dict[int, dict[int, int]] = {}
        for workspace_id, own in self._counts.items():
            left = {at: clicks for at, clicks in own.items() if now - MINUTES < at <= now}
            if left:
                kept[workspace_id] = left
        self._counts, self._swept = kept, now
