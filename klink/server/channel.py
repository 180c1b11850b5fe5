"""One connection, and one request of it, as waitress has them with what klink adds."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from klink.server.errors import ServerErrorTask
from klink.server.parser import Parser

if TYPE_CHECKING:
    from klink.server.server import Listener

__all__ = ["Channel"]

LINGER_S = 10.0
LINGER_BYTES = 16 * 1024 * 1024
"""How long, and how much, is read and thrown away after a refusal."""


class _Task(WSGITask):
    """A request to the application; near the server's end the last one of its connection."""

    channel: Channel

    def build_response_header(self) -> bytes:
        """The status line and headers; they say so when the connection closes after this."""
        if self.channel.server.is_stopping:
            self.set_close_on_finish()
        return super().build_response_header()


class _ErrorTask(ServerErrorTask):
    """A refusal, after which its connection lingers."""

    channel: Channel

    def execute(self) -> None:
        """Answer, and have the connection close so that the answer arrives."""
        self.channel.is_refused = True
        super().execute()


class Channel(HTTPChannel):
    """A connection.

    A client that is refused may still be sending. Closed at once, its end of the connection
    would drop the answer with what it could not send; so we go on reading for a while.
    """

    task_class = _Task
    error_task_class = _ErrorTask
    parser_class = Parser
    server: Listener
    request: Parser | None
    is_refused = False
    lingers_until: float | None = None
    """When a connection whose last answer is sent is cut; seconds since 1970."""
    _thrown_away = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read, answered or sent."""
        return self.request is None and not self.requests and not self.total_outbufs_len

    def is_late(self, now: float, header_s: float) -> bool:
        """Whether the client had its time: for a header, or after a refusal.

        :param now: seconds since 1970.
        """
        if self.lingers_until is not None:
            return now > self.lingers_until
        reading = self.request
        return (
            reading is not None
            and not self.requests  # else it is we who are late
            and not reading.headers_finished
            and reading.began_at < now - header_s
        )

    def handle_write(self) -> None:
        """Send what waits; when a refusal is sent, begin to linger."""
        if self.is_refused and self.close_when_flushed and not self.will_close:
            self._flush_exception(self._flush_some)  # type: ignore[attr-defined]  # no stubs
            if self.total_outbufs_len or self.will_close:
                return
            self.close_when_flushed = False
            self.lingers_until = time.time() + LINGER_S
            assert self.socket is not None
            with contextlib.suppress(OSError):  # gone already
                self.socket.shutdown(socket.SHUT_WR)
        else:
            super().handle_write()

    def received(self, data: bytes) -> bool:
        """Take in what came."""
        if self.lingers_until is None:
            return super().received(data)
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.will_close = True
        return False
