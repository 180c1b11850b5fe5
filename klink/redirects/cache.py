"""Links made ready to redirect, in memory, bounded in bytes.

An entry is stored only when nothing was forgotten that could be it since before it was
read; so a change that commits while a reader is under way is never covered by what the
reader saw before it (architecture: "a cache entry is stored only if its generation has
not moved").
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from klink import turns
from klink.core.compiled import CompiledLink
from klink.core.context import Changed
from klink.db.models import BASE_DOMAIN_ID
from klink.redirects.packed import pack, unpack
from klink.redirects.recent import Recent

__all__ = ["CacheFigures", "Key", "LinkCache", "Load", "key_of"]

Key = bytes
"""A slug, and before it, for domains other than the base domain, the domain's id."""

Load = Callable[[int, str], CompiledLink | None]
"""Reads a link from the database by its domain's id and its slug; None: there is none."""

# Of sixteen parts of the room one remembers slugs that no link has, four hold what was asked
# for often ready to use, and the rest holds the others packed.
_PARTS, _MISSING_PARTS, _READY_PARTS = 16, 1, 4

_GENERATIONS = 1024
"""Keys share generations; one that moves for another key costs one more read."""

# What an entry costs besides its key and value: its slot in a dictionary that is between a
# third and two thirds full.
_SLOT_BYTES = 50

# What a ready link takes for each byte of its packed form, and besides: tuples, texts with
# their heads, numbers. Measured; a test holds it against the truth.
_READY_PER_PACKED, _READY_BYTES = 4, 120

_READIED_EVERY = 4
"""Of the links that are found packed, so many that one is made ready to use: what is asked for
often gets there soon, and what is not does not push it out."""

_MISSING: Final = b""
_WAIT_S = 5.0  # for another thread's read of the same link; it has a time limit of its own


class CacheFigures(NamedTuple):
    """What the cache holds, and what it was asked for since the start.

    :ivar hits: look-ups that memory answered, be it that there is no such link.
    :ivar misses: reads of the database.
    """

    hits: int
    misses: int
    links: int
    bytes: int


class _Ready:
    """A link ready to use, and how many bytes it takes."""

    __slots__ = ("link", "weight")

    def __init__(self, link: CompiledLink, packed: bytes) -> None:
        self.link = link
        self.weight = _READY_BYTES + _READY_PER_PACKED * len(packed)


def key_of(domain_id: int, slug: bytes) -> Key:
    """The key of a link.

    The lane looks a request's target up as it came, and that may hold all but the end of a
    line: what parts a domain from its slug can stand in none.
    """
    return slug if domain_id == BASE_DOMAIN_ID else b"%d\r\n%b" % (domain_id, slug)


class LinkCache:
    """Compiled links by domain and slug; safe to use from several threads.

    Slugs that no link has are remembered in a space of their own, so that guessing cannot
    push out the good ones.

    :param load: what it raises comes out of :meth:`get` and is not remembered.
    :param max_bytes: how much all of it may take.
    """

    def __init__(self, load: Load, max_bytes: int) -> None:
        part = max_bytes // _PARTS
        self._load = load
        self._lock = threading.Lock()
        self._ready: Recent[Key, _Ready] = Recent(part * _READY_PARTS, _weigh_ready)
        self._packed: Recent[Key, bytes] = Recent(
            part * (_PARTS - _READY_PARTS - _MISSING_PARTS), _weigh_packed
        )
        self._missing: Recent[Key, bytes] = Recent(part * _MISSING_PARTS, _weigh_packed)
        self._generations = [0] * _GENERATIONS
        self._ready_hits = 0  # of the loop, the only one who asks for what is ready
        self._packed_hits = self._other_hits = self._misses = 0
        self._reading: dict[Key, threading.Event] = {}

    def ready(self, key: Key) -> CompiledLink | None:
        """The link if it was asked for lately, at the price of one look-up.

        None says nothing: :meth:`held` may still have it.
        """
        entry = self._ready.peek(key)
        if entry is None:
            return None
        self._ready_hits += 1
        return entry.link

    def held(self, key: Key) -> CompiledLink | Literal[False] | None:
        """The link if it is in memory, False if it is known that there is none.

        None when nothing is known. Never waits for the database.
        """
        with self._lock:
            entry = self._ready.get(key)
            if entry is not None:
                self._other_hits += 1
                return entry.link
            packed = self._packed.get(key)
            if packed is not None:
                link = unpack(packed)
                self._packed_hits += 1
                if self._packed_hits % _READIED_EVERY == 0:
                    self._ready.put(key, _Ready(link, packed))
                return link
            return None if self._missing.get(key) is None else False

    def get(self, domain_id: int, slug: str) -> CompiledLink | None:
        """The link with this slug, None when there is none.

        Of several threads that ask for the same at once, one reads.

        :raises DatabaseBusy: when it is not in memory and cannot be read now.
        """
        key = key_of(domain_id, slug.encode())
        while True:
            known = self.held(key)
            if known is not None:
                if known is False:  # the loop, which leaves those to a worker, asked before
                    with self._lock:
                        self._other_hits += 1
                return known or None
            with self._lock:
                under_way = self._reading.get(key)
                if under_way is None:
                    done = self._reading[key] = threading.Event()
                    break
            with turns.given_back():
                is_done = under_way.wait(_WAIT_S)
            if not is_done:
                return self.read(domain_id, slug, self._load)
        try:
            return self.read(domain_id, slug, self._load)
        finally:
            with self._lock:
                self._reading.pop(key, None)
            done.set()

    def read(self, domain_id: int, slug: str, load: Load) -> CompiledLink | None:
        """Read a link by ``load`` and remember it, or that there is none.

        What ``load`` raises comes out of here and is not remembered.
        """
        key = key_of(domain_id, slug.encode())
        place = hash(key) % _GENERATIONS
        generation = self._generations[place]
        link = load(domain_id, slug)
        packed = _MISSING if link is None else pack(link)
        with self._lock:
            self._misses += 1
            if self._generations[place] == generation:
                if link is None:
                    self._missing.put(key, packed)
                else:
                    self._missing.drop(key)
                    self._packed.put(key, packed)
        return link

    def forget(self, changed: Changed) -> None:
        """Let go of what a change makes wrong: a link that appeared, changed or went."""
        if changed.domain_id is None or changed.slug is None:
            if changed.kind == "link":
                self.flush()  # a change that does not say which link is meant
            return
        key = key_of(changed.domain_id, changed.slug.encode())
        with self._lock:
            self._generations[hash(key) % _GENERATIONS] += 1
            for shelf in (self._ready, self._packed, self._missing):
                shelf.drop(key)

    def flush(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._generations = [generation + 1 for generation in self._generations]
            for shelf in (self._ready, self._packed, self._missing):
                shelf.clear()

    def figures(self) -> CacheFigures:
        """What it holds, and what it was asked for."""
        with self._lock:
            hits = self._ready_hits + self._packed_hits + self._other_hits
            misses = self._misses
        return CacheFigures(hits, misses, len(self), self.bytes)

    @property
    def bytes(self) -> int:
        """What it takes now, about."""
        with self._lock:
            return self._ready.bytes + self._packed.bytes + self._missing.bytes

    def __len__(self) -> int:
        """How many links are held; slugs without a link are not among them."""
        with self._lock:
            return len(self._packed)


def _weigh_packed(key: Key, packed: bytes) -> int:
    return _SLOT_BYTES + _room(key) + (_room(packed) if packed else 0)


def _room(data: bytes) -> int:
    """What an object takes: memory is given out in pieces of 16 bytes."""
    return sys.getsizeof(data) + 15 & ~15


def _weigh_ready(_key: Key, ready: _Ready) -> int:
    # The key is the packed link's, too.
    return _SLOT_BYTES + ready.weight
