"""One connection, and one request of it, as waitress has them with what klink adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from klink.server.errors import ServerErrorTask

if TYPE_CHECKING:
    from klink.server.server import Listener

__all__ = ["Channel"]


class _Task(WSGITask):
    """A request to the application; near the server's end the last one of its connection."""

    channel: Channel

    def build_response_header(self) -> bytes:
        """The status line and headers; they say so when the connection closes after this."""
        if self.channel.server.is_stopping:
            self.set_close_on_finish()
        return super().build_response_header()


class Channel(HTTPChannel):
    """A connection."""

    task_class = _Task
    error_task_class = ServerErrorTask
    server: Listener

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read, answered or sent."""
        return self.request is None and not self.requests and not self.total_outbufs_len
