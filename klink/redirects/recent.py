"""Values by key within a number of bytes; what was not asked for lately goes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Recent"]

_K = TypeVar("_K")
_V = TypeVar("_V")


class Recent(Generic[_K, _V]):
    """Two dictionaries in place of an order of use.

    What is used lies in the young one. When that has half of the room it becomes the old
    one, and what nobody has used since the last time is let go. So a hit costs one look-up
    and changes nothing, no entry needs a place in a list, and the half of the room that was
    used last is always there.

    One thread at a time may change it; :meth:`peek` is safe beside that.

    :param max_bytes: how much it may take.
    :param weigh: bytes that a key and its value take; the same each time it is asked.
    """

    __slots__ = ("_half_bytes", "_old", "_old_bytes", "_weigh", "_young", "_young_bytes")

    def __init__(self, max_bytes: int, weigh: Callable[[_K, _V], int]) -> None:
        self._half_bytes = max_bytes // 2
        self._weigh = weigh
        self._young: dict[_K, _V] = {}
        self._old: dict[_K, _V] = {}
        self._young_bytes = self._old_bytes = 0

    @property
    def bytes(self) -> int:
        """What it takes now, about."""
        return self._young_bytes + self._old_bytes

    def peek(self, key: _K) -> _V | None:
        """The value if it was used lately; None may still mean that :meth:`get` has it."""
        return self._young.get(key)

    def get(self, key: _K) -> _V | None:
        """The value, None when there is none."""
        value = self._young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self._old_bytes -= self._weigh(key, value)
            self._keep(key, value)
        return value

    def put(self, key: _K, value: _V) -> None:
        """Keep a value, unless it alone is more than half of what all may take."""
        self.drop(key)
        if self._weigh(key, value) <= self._half_bytes:
            self._keep(key, value)

    def drop(self, key: _K) -> None:
        """Let go of a value, if it is there."""
        if (value := self._young.pop(key, None)) is not None:
            self._young_bytes -= self._weigh(key, value)
        elif (value := self._old.pop(key, None)) is not None:
            self._old_bytes -= self._weigh(key, value)

    def clear(self) -> None:
        """Let go of everything."""
        self._young, self._old = {}, {}
        self._young_bytes = self._old_bytes = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def _keep(self, key: _K, value: _V) -> None:
        weight = self._weigh(key, value)
        if self._young_bytes + weight > self._half_bytes:
            self._old, self._young = self._young, {}
            self._old_bytes, self._young_bytes = self._young_bytes, 0
        self._young[key] = value
        self._young_bytes += weight
