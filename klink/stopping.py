"""The signals that end a server."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from klink.server import Server

__all__ = ["StopSignals"]


class StopSignals:
    """SIGTERM and SIGINT ask the server to stop, however early and often they come."""

    def __init__(self) -> None:
        self._server: Server | None = None
        self._was_asked = False
        self._before: dict[signal.Signals, Any] = {}  # Any: what signal.signal gives back

    def attach(self, server: Server) -> None:
        """Pass on what was asked, and what will be."""
        self._server = server
        if self._was_asked:
            server.request_stop()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._was_asked = True
        if self._server is not None:
            self._server.request_stop()

    def __enter__(self) -> StopSignals:
        for each in (signal.SIGTERM, signal.SIGINT):
            self._before[each] = signal.signal(each, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
