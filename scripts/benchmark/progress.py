"""One line that says how far something is, for whoever waits at a terminal."""

from __future__ import annotations

import sys
import time


class Progress:
    """Counts up to ``whole``; prints once a second, in a log less often."""

    def __init__(self, what: str, whole: int, there: int = 0) -> None:
        self._what = what
        self._whole = whole
        self._first = there
        self._began_s = time.monotonic()
        self._printed_s = 0.0
        self._is_open = False
        self._every_s = 1.0 if sys.stderr.isatty() else 15.0

    def at(self, done: int) -> None:
        """Say that so many are done."""
        now = time.monotonic()
        if now - self._printed_s < self._every_s:
            return
        self._printed_s = now
        rate = (done - self._first) / max(now - self._began_s, 0.001)
        left = (self._whole - done) / rate if rate else 0
        text = f"{self._what}: {done:,} of {self._whole:,}, {rate:,.0f}/s, {left:,.0f} s left"
        end = "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(f"{text:78}{end}")
        sys.stderr.flush()
        self._is_open = end == "\r"

    def end(self) -> None:
        """Leave the line."""
        if self._is_open:
            sys.stderr.write("\n")
            self._is_open = False
