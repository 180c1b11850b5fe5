"""One connection, and one request of it, as waitress has them with what klink adds."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from klink.server import calls
from klink.server.errors import ServerErrorTask
from klink.server.parser import Parser

if TYPE_CHECKING:
    from klink.server.server import Listener

__all__ = ["Channel"]

LINGER_S = 10.0
LINGER_BYTES = 16 * 1024 * 1024
"""How long, and how much, is read and thrown away after a refusal."""
BODY_GRACE_S = 30.0
BODY_BYTES_S = 500
"""How long a body may take, from the time that its header may take on; and by how many bytes
it earns another second. Silence has a limit of its own, which a byte now and then never meets."""


class _Task(WSGITask):
    """A request to the application; near the server's end the last one of its connection."""

    channel: Channel
    environ: dict[str, Any] | None  # Any: PEP 3333

    def execute(self) -> None:
        """Have the application answer."""
        super().execute()
        path = (self.environ or {}).get("PATH_INFO", "")  # as the application routed it
        _tell(self, path)

    def build_response_header(self) -> bytes:
        """The status line and headers; they say so when the connection closes after this."""
        if self.channel.server.is_stopping:
            self.set_close_on_finish()
        return super().build_response_header()


def _tell(task: _Task | _ErrorTask, path: str | None) -> None:
    """Have an answer counted."""
    request: Any = task.request  # the stubs know waitress's parser only
    status = int(task.status.partition(" ")[0])
    task.channel.server.tell(path, status, max(0.0, time.time() - request.began_at))


class _ErrorTask(ServerErrorTask):
    """A refusal, after which its connection lingers."""

    channel: Channel

    def execute(self) -> None:
        """Answer, and have the connection close so that the answer arrives."""
        self.channel.is_refused = True
        super().execute()
        _tell(self, None)


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
    _fileno: int | None  # the stubs lack it
    _thrown_away = 0

    def add_channel(self, map: Any = None) -> None:
        """Join the connections that are served."""
        super().add_channel(map)
        self.server.loop.mark(self)

    def del_channel(self, map: Any = None) -> None:
        """Leave them."""
        descriptor = self._fileno
        super().del_channel(map)
        if descriptor is not None:
            self.server.loop.forget(descriptor)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read, answered or sent."""
        return self.request is None and not self.requests and not self.total_outbufs_len

    @property
    def waits_since(self) -> float | None:
        """Since when it is the client's turn, in seconds since 1970; None: it is ours."""
        if self.requests:
            return None
        return self.last_activity if self.request is None else self.request.began_at

    def is_late(self, now: float, *, header_s: float, idle_s: float) -> bool:
        """Whether the client had its time: to send, to take what it asked for, or to go.

        :param now: seconds since 1970.
        """
        if self.lingers_until is not None:
            return now > self.lingers_until
        is_silent = self.last_activity < now - idle_s
        reading = self.request
        if self.requests:  # it is we who are late, unless a worker waits for the client
            if reading is not None:
                reading.began_at = now  # nothing is read meanwhile, so its time begins after
            return is_silent and self.total_outbufs_len > 0
        if is_silent or reading is None:
            return is_silent
        allowed_s = header_s
        if reading.headers_finished:
            allowed_s += BODY_GRACE_S + reading.body_bytes_received / BODY_BYTES_S
        return now > reading.began_at + allowed_s

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

    def handle_read(self) -> None:
        """Read what has come in; a plain request is answered by the lane at once."""
        loop = self.server.loop
        assert self.socket is not None
        try:
            if loop.is_crowded:
                data = calls.recv(self.socket.fileno())
            else:
                data = self.socket.recv(self.adj.recv_bytes)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.handle_close()
            return
        self.last_activity = loop.now
        lane = self.server.lane
        # A worker that ends a connection says so before it takes its request off the list,
        # so they are asked in this order.
        if (
            lane is not None
            and not self.requests
            and self.request is None
            and not self.total_outbufs_len
            and not (self.will_close or self.close_when_flushed)
            and self.lingers_until is None
        ):
            answered = lane.answer(data, self.addr[0])
            if answered is not None:
                loop.turn.append((self, answered))
                return
        self.received(data)

    def send_now(self, answer: bytes, *, closes: bool) -> None:
        """Send an answer of the lane; what the client does not take now waits for it.

        :param closes: whether the connection ends after it.
        """
        if self.socket is None:
            return  # gone meanwhile; it was counted, as one who leaves before it arrives is
        try:
            if self.server.loop.is_crowded:
                sent = calls.send(self.socket.fileno(), answer)
            else:
                sent = self.socket.send(answer)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.handle_close()
            return
        if sent == len(answer):
            if closes:
                self.handle_close()
            return
        rest = answer[sent:]
        with self.outbuf_lock:
            self.outbufs[-1].append(rest)
            self.current_outbuf_count += len(rest)
            self.total_outbufs_len += len(rest)
        self.close_when_flushed = closes
        self.server.loop.mark(self)

    def service(self) -> None:
        """Work off the first request, in a worker."""
        with self.server.serving(self):
            super().service()

    def received(self, data: bytes) -> bool:
        """Take in what came."""
        if self.lingers_until is None:
            return super().received(data)
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.will_close = True
        return False
