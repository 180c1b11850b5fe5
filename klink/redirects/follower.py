"""Tells the caches what other processes have changed, within half a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from klink.core.changes import Follower
from klink.core.context import Changed
from klink.core.errors import DatabaseBusy
from klink.db.connection import close_thread

__all__ = ["ChangeFeed"]

log = logging.getLogger(__name__)

POLL_EVERY_S = 0.5
BLIND_S = 8.0
"""After so long without a look the log may have moved on; less than the time it overlaps."""


class ChangeFeed:
    """A thread that reads the change log and hands on what is new in it.

    :param announce: told of every change, in about the order of commits.
    :param flush: called when the log could not be read for so long that nobody can say
        what was missed.
    :param clock: aware UTC time.
    """

    def __init__(
        self,
        announce: Callable[[Changed], None],
        flush: Callable[[], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._announce = announce
        self._flush = flush
        self._clock = clock
        self._monotonic = monotonic
        self._follower = Follower()
        self._looked_at = monotonic()
        self._is_in_trouble = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="klink-changes", daemon=True)

    def start(self) -> None:
        """Follow from here on; the caches must be empty until this returns."""
        self.open()
        self._thread.start()

    def open(self) -> None:
        """Begin after what is logged now, without a thread of its own."""
        self._follower.start()
        self._looked_at = self._monotonic()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Read once what is new and hand it on.

        A look that fails loses nothing: the next one reads the same entries.

        :raises DatabaseBusy: when the log cannot be read now.
        """
        found = self._follower.poll(self._clock())
        now = self._monotonic()
        if now - self._looked_at > BLIND_S:
            log.warning(
                "the change log was out of reach for %.0f s; caches emptied", now - self._looked_at
            )
            self._flush()
        self._looked_at = now
        for changed in found:
            self._announce(changed)

    def look_or_log(self) -> None:
        """Look, and whatever goes wrong, be ready for the next look."""
        try:
            self.look()
        except DatabaseBusy as error:
            self._say("the change log cannot be read, so caches may be out of date: %s", error)
        except Exception as error:  # the top of a thread: it goes on, whatever happens
            self._say("the change log could not be followed; caches emptied: %r", error)
            self._flush()  # nobody can say which changes were not handed on
        else:
            self._is_in_trouble = False

    def _say(self, text: str, error: Exception) -> None:
        if not self._is_in_trouble:
            log.warning(text, error)
        self._is_in_trouble = True

    def _run(self) -> None:
        try:
            while not self._stopping.wait(POLL_EVERY_S):
                self.look_or_log()
        finally:
            close_thread()
