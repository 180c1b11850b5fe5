"""Asking sites of others: a few at a time, a host one thing at a time, and nobody waits for it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from klink.core.context import Context
from klink.jobs.pace import Pace

__all__ = ["AT_ONCE", "LONGEST_RUN", "Errand", "ask_all"]

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Sites that are asked at a time, each of another host."""

LONGEST_RUN = timedelta(minutes=10)
"""A run by the clock begins nothing after this; the next one goes on where it was."""

LOOK_UP_S = 0.2  # how long it takes to notice that the server ends


class Question(Protocol):
    """What is to be asked."""

    @property
    def host(self) -> str:
        """Whom."""


Q = TypeVar("Q", bound=Question)
A = TypeVar("A")


@dataclass(frozen=True)
class Errand(Generic[Q, A]):
    """What a job asks, and what it does with the answers.

    :ivar next_one: the question to ask next, of none of the busy hosts, or None.
    :ivar ask: asks it, in a thread that knows no database.
    :ivar record: writes an answer down, and says in a word how it went.
    :ivar unknown: the answer when asking has failed by a fault of our own.
    """

    next_one: Callable[[Context, Collection[str]], Q | None]
    ask: Callable[[Q], A]
    record: Callable[[Context, Q, A], str]
    unknown: A


def ask_all(
    errand: Errand[Q, A], ctx: Context, pace: Pace, words: Collection[str], *, is_endless: bool
) -> dict[str, int]:
    """Ask until there is nothing to ask; return how often it went how.

    Threads ask and know no database; this one reads what is due and writes what they find.

    :param words: all that ``errand.record`` may say.
    :param is_endless: whether it may take longer than :data:`LONGEST_RUN`.
    """
    counts = dict.fromkeys(words, 0)
    run = _Run(errand, ctx, is_endless=is_endless)
    while not pace.is_stopped:
        run.begin_what_can_be()
        if run.is_idle:
            break
        word = run.finish_one()
        if word is not None:
            counts[word] += 1
            pace.note(1)
    return counts


class _Run(Generic[Q, A]):
    """The questions of one run that are under way."""

    def __init__(self, errand: Errand[Q, A], ctx: Context, *, is_endless: bool) -> None:
        self._errand = errand
        self._ctx = ctx
        self._ends_at = None if is_endless else ctx.now + LONGEST_RUN
        self._began_s = time.monotonic()
        self._busy: set[str] = set()
        self._done: queue.SimpleQueue[tuple[Q, A]] = queue.SimpleQueue()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._busy

    def begin_what_can_be(self) -> None:
        """Begin while there is room, and a host that is not being asked."""
        while len(self._busy) < AT_ONCE:
            now = self._now()
            if self._ends_at is not None and now > self._ends_at:
                return
            question = self._errand.next_one(replace(self._ctx, now=now), self._busy)
            if question is None:
                return
            self._busy.add(question.host)
            # Nobody waits for them at the end: what they would have found is asked again.
            threading.Thread(
                target=_ask,
                args=(self._errand, question, self._done),
                name="klink-asking",
                daemon=True,
            ).start()

    def finish_one(self) -> str | None:
        """Write down an answer, if one comes soon; say how it went."""
        try:
            question, answer = self._done.get(timeout=LOOK_UP_S)
        except queue.Empty:
            return None
        self._busy.discard(question.host)
        return self._errand.record(replace(self._ctx, now=self._now()), question, answer)

    def _now(self) -> datetime:
        """The time of day; a run may be long."""
        return self._ctx.now + timedelta(seconds=time.monotonic() - self._began_s)


def _ask(errand: Errand[Q, A], question: Q, done: queue.SimpleQueue[tuple[Q, A]]) -> None:
    """One question, in a thread of its own."""
    try:
        answer = errand.ask(question)
    except Exception:
        log.exception("%s could not be asked", question.host)
        answer = errand.unknown
    done.put((question, answer))
