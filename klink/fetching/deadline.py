"""The one moment by which a whole fetch is over."""

from __future__ import annotations

import time

from klink.fetching.errors import Unreachable


class Deadline:
    """``timeout_s`` from now, by a clock that nobody sets."""

    def __init__(self, timeout_s: float) -> None:
        self._at = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Seconds that are left.

        :raises Unreachable: ``timeout``, when none are.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise Unreachable("timeout")
        return left
