"""How fast a job works, and when it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

MIN_REST_S = 0.001
MAX_REST_S = 0.25


def _nobody(_: int) -> None:
    """Nobody watches."""


class Pace:
    """Takes a job's steps one by one and leaves the database to others in between.

    :param stop: once set, no further step is begun.
    :param progress: told after each step how much is done since the job began.
    :ivar longest_s: how long the longest step took so far.
    """

    def __init__(
        self,
        stop: threading.Event | None = None,
        progress: Callable[[int], None] = _nobody,
    ) -> None:
        self._stop = stop or threading.Event()
        self._progress = progress
        self._done = 0
        self.longest_s = 0.0

    @property
    def is_stopped(self) -> bool:
        """Whether no further step may be begun."""
        return self._stop.is_set()

    def note(self, count: int) -> None:
        """A step is done that did this much, at a pace of the job's own."""
        self._done += count
        self._progress(self._done)

    def rest(self, took_s: float) -> None:
        """Rest after a step that took so long; the end of the server ends it."""
        self._stop.wait(min(MAX_REST_S, max(MIN_REST_S, took_s)))

    def total(self, steps: Iterable[int]) -> int:
        """Take every step, resting after each for as long as it took; return the sum.

        :param steps: each is one short transaction and gives how much it did.
        """
        total = 0
        began = time.perf_counter()
        for count in steps:
            total += count
            self.note(count)
            took = time.perf_counter() - began
            self.longest_s = max(self.longest_s, took)
            if self._stop.wait(min(MAX_REST_S, max(MIN_REST_S, took))):
                break
            began = time.perf_counter()
        return total
