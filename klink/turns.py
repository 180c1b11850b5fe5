"""Workers compute one at a time, and let the others when they wait.

Threads share one interpreter, and its lock: four that compute get no more done than one, and
each of them takes the lock from the event loop, at every system call of every redirect. So
there is one turn in a process, as there is one lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["PATIENCE_S", "are_taken", "given_back", "taken"]

PATIENCE_S = 0.025
"""How long a worker waits for its turn. Then it goes on without: whoever has it may wait for
something that no one has said gives it back."""

_turn = threading.Lock()
_mine = threading.local()


@contextmanager
def taken() -> Iterator[None]:
    """Have the turn during the block, if it comes soon enough."""
    _mine.has_it = _turn.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        _let_go()


@contextmanager
def given_back() -> Iterator[None]:
    """Let others have the turn during the block, in which the calling thread waits."""
    if not _let_go():
        yield
        return
    try:
        yield
    finally:
        _mine.has_it = _turn.acquire(timeout=PATIENCE_S)


def are_taken() -> bool:
    """Whether a worker computes now."""
    return _turn.locked()


def _let_go() -> bool:
    """Let go of the turn; whether the calling thread had it."""
    had_it = getattr(_mine, "has_it", False)
    if had_it:
        _mine.has_it = False
        _turn.release()
    return had_it
