"""Counters that cost next to nothing to count with, read when somebody looks (``/metrics``)."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["BOUNDS_S", "Distribution", "Requests", "Spread"]

BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Upper bounds of the groups that durations are counted in; one more holds what is longer."""


class Spread(NamedTuple):
    """How durations were spread at one moment.

    :ivar counts: by the bounds, and last what is above them; each group for itself.
    """

    counts: Sequence[int]
    sum_s: float


class Distribution:
    """Durations, counted in groups. One thread at a time counts; any may read."""

    __slots__ = ("_counts", "_sum_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    def add(self, took_s: float, times: int = 1) -> None:
        """Count a duration, as often as it was met."""
        self._counts[bisect_left(BOUNDS_S, took_s)] += times
        self._sum_s += took_s * times

    def spread(self) -> Spread:
        """What was counted so far."""
        return Spread(tuple(self._counts), self._sum_s)


class Requests:
    """Requests by door and status, and how long they took; safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, int], int] = {}
        self._durations: dict[str, Distribution] = {}

    def add(self, door: str, status: int, took_s: float) -> None:
        """Count one that was answered."""
        with self._lock:
            self._answers[door, status] = self._answers.get((door, status), 0) + 1
            if door not in self._durations:
                self._durations[door] = Distribution()
            self._durations[door].add(took_s)

    def answers(self) -> dict[tuple[str, int], int]:
        """How many there were, by door and status."""
        with self._lock:
            return dict(self._answers)

    def durations(self) -> dict[str, Spread]:
        """How long they took, by door."""
        with self._lock:
            return {door: each.spread() for door, each in self._durations.items()}
