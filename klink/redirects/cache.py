"""Links made ready to redirect, in memory, bounded in bytes.

An entry is stored only when nothing was forgotten that could be it since before it was
read; so a change that commits while a reader is under way is never covered by what the
reader saw before it (architecture: "a cache entry is stored only if its generation has
not moved").
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from typing import Final

from klink.core.compiled import CompiledLink, Condition
from klink.core.context import Changed

__all__ = ["Key", "LinkCache", "weigh"]

Key = tuple[int, str]
"""Domain id and slug."""

_SHARE_OF_MISSES = 16
"""One part in so many of the room remembers slugs that no link has."""

_GENERATIONS = 1024
"""Keys share generations; one that moves for another key costs one more read."""

# What an entry costs besides its key and value: the ordered dictionary's node, its slot and
# the weight kept beside the value. Measured; a test holds it against the truth.
_ENTRY_BYTES = 200

_CONDITION_FIELDS = tuple(field.name for field in fields(Condition))


class _Absent(Enum):
    """The type of ``_ABSENT``: nothing is known, which is more than "there is no link"."""

    ABSENT = 1


_ABSENT: Final = _Absent.ABSENT


class _Shelf:
    """Values by key, the least recently used thrown out when they weigh too much.

    Not safe by itself: its owner holds a lock.
    """

    def __init__(self, max_bytes: int) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, tuple[CompiledLink | None, int]] = OrderedDict()

    def get(self, key: Key) -> CompiledLink | _Absent | None:
        entry = self._entries.get(key)
        if entry is None:
            return _ABSENT
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: Key, value: CompiledLink | None) -> None:
        self.drop(key)
        weight = _ENTRY_BYTES + weigh(key) + weigh(value)
        if weight > self._max_bytes:
            return
        self._entries[key] = (value, weight)
        self.bytes += weight
        while self.bytes > self._max_bytes:
            _, (_, gone) = self._entries.popitem(last=False)
            self.bytes -= gone

    def drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry[1]

    def clear(self) -> None:
        self._entries.clear()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)


class LinkCache:
    """Compiled links by domain and slug; safe to use from several threads.

    Slugs that no link has are remembered in a space of their own, so that guessing cannot
    push out the good ones.

    :param load: reads a link from the database; what it raises comes out of :meth:`get`
        and is not remembered.
    :param max_bytes: how much all of it may take.
    """

    def __init__(self, load: Callable[[int, str], CompiledLink | None], max_bytes: int) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._found = _Shelf(max_bytes - max_bytes // _SHARE_OF_MISSES)
        self._missing = _Shelf(max_bytes // _SHARE_OF_MISSES)
        self._generations = [0] * _GENERATIONS

    def get(self, domain_id: int, slug: str) -> CompiledLink | None:
        """The link with this slug, None when there is none.

        :raises DatabaseBusy: when it is not in memory and cannot be read now.
        """
        key = (domain_id, slug)
        with self._lock:
            link = self._found.get(key)
            if link is _ABSENT:
                link = self._missing.get(key)
            generation = self._generations[hash(key) % _GENERATIONS]
        if link is not _ABSENT:
            return link
        read = self._load(domain_id, slug)
        with self._lock:
            if self._generations[hash(key) % _GENERATIONS] == generation:
                (self._missing if read is None else self._found).put(key, read)
        return read

    def forget(self, changed: Changed) -> None:
        """Let go of what a change makes wrong: a link that appeared, changed or went."""
        if changed.domain_id is None or changed.slug is None:
            if changed.kind == "link":
                self.flush()  # a change that does not say which link is meant
            return
        key = (changed.domain_id, changed.slug)
        with self._lock:
            self._generations[hash(key) % _GENERATIONS] += 1
            self._found.drop(key)
            self._missing.drop(key)

    def flush(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._generations = [generation + 1 for generation in self._generations]
            self._found.clear()
            self._missing.clear()

    @property
    def bytes(self) -> int:
        """What it takes now, about."""
        with self._lock:
            return self._found.bytes + self._missing.bytes

    def __len__(self) -> int:
        """How many links are held; slugs without a link are not among them."""
        with self._lock:
            return len(self._found)


def weigh(value: object) -> int:
    """About how many bytes of memory a key or a compiled link takes.

    What Python has only once (small numbers, what is empty) weighs nothing. Texts that
    several links share are counted with each: an estimate that errs upwards keeps the
    promise of ``[cache] max_bytes``.
    """
    if not value or isinstance(value, bool):
        return 0
    if isinstance(value, int) and 0 <= value <= 256:
        return 0
    if isinstance(value, Condition):
        return sys.getsizeof(value) + sum(weigh(getattr(value, n)) for n in _CONDITION_FIELDS)
    if isinstance(value, tuple):
        return sys.getsizeof(value) + sum(map(weigh, value))
    return sys.getsizeof(value)
