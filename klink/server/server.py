"""The loop: sockets, connections, dispatchers, and an orderly end.

Requests of visitors and of the office (the API and what else is not a visitor's) have
dispatchers of their own, so that neither starves the other: API writes that wait for a
locked database hold up no redirect.
"""

from __future__ import annotations

import contextlib
import heapq
import logging
import resource
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import Task, ThreadedTaskDispatcher

from klink import turns
from klink.server.channel import Channel
from klink.server.errors import Refuse, TooManyWait, is_office, nobody
from klink.server.listening import Address, bind
from klink.server.loop import EpollLoop, Lane, Loop, PollLoop
from klink.server.parser import MAX_OFFICE_BODY_BYTES
from klink.tallies import Spread

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["IDENT", "Listener", "Server", "ServerFigures", "Tell"]

log = logging.getLogger(__name__)

IDENT = "klink"
"""What the ``Server`` header says."""

MAX_HEADER_BYTES = 64 * 1024
MAX_CONNECTIONS = 4000
ACCEPTED_AT_ONCE = 64
MAX_WAITING = 1024
"""Requests that may wait for a worker of their kind; more would wait longer than anybody does."""
HEADER_S = 30
"""How long a request's header may take from its first byte."""
IDLE_S = 120
"""How long nothing may come over a connection, or be taken of what waits for its client."""
SWEEP_S = 5
"""How often connections are looked at for one that had its time."""
DRAIN_S = 4.0
"""How long requests under way may take to finish once the server stops."""

_OTHER_FILES = 128  # journal, database, static files: what connections must leave room for


Tell = Callable[[str | None, int, float], None]
"""Counts an answer of a worker: the path as it was routed (None: the server refused what never
became a request), the status, and how long it took in seconds, from the request's first byte."""


class ServerFigures(NamedTuple):
    """How the server is at the moment.

    :ivar queues: requests that wait, by the kind of worker.
    :ivar redirects: how long the lane's answers took; None where there is no lane.
    """

    connections: int
    queues: Mapping[str, int]
    redirects: Spread | None


class _Dispatcher(ThreadedTaskDispatcher):
    """Threads that work requests off.

    :param on_thread_end: called in each thread when it ends.
    """

    def __init__(self, name: str, threads: int, on_thread_end: Callable[[], None]) -> None:
        super().__init__()
        self._on_thread_end = on_thread_end
        # A queue that is one request deep is no news; waitress would warn each time.
        self.queue_logger = logging.getLogger(f"{__name__}.{name}")
        self.queue_logger.disabled = True
        self.set_thread_count(threads)

    def handler_thread(self, thread_no: int) -> None:
        """Work until told to stop."""
        try:
            super().handler_thread(thread_no)
        finally:
            self._on_thread_end()


class _Dispatchers(NamedTuple):
    """Who works off what; ``refusals`` only says no, so that nobody waits for long to hear it."""

    visitors: _Dispatcher
    office: _Dispatcher
    refusals: _Dispatcher


class Listener(TcpWSGIServer):
    """One listening socket; several share the map of connections and the dispatchers."""

    channel_class = Channel
    is_stopping = False
    lane: Lane | None
    """None once the server stops: then each answer has to say that it is the last."""
    active_channels: dict[int, Channel]  # type: ignore[assignment]  # the stubs are wrong here

    def __init__(
        self,
        application: WSGIApplication,
        bound: socket.socket,
        adj: Adjustments,
        map_: dict[int, Any],  # Any: whatever waitress keeps in it
        loop: Loop,
        dispatchers: _Dispatchers,
        refuse: Refuse,
        tell: Tell,
    ) -> None:
        self.loop, self.lane = loop, loop.lane
        self.refuse = refuse
        self.tell = tell
        self._dispatchers = dispatchers
        self._served = threading.local()
        self._open, self._has_more = map_, False
        self._warns_at = 0.0
        super().__init__(
            application,
            map_,
            _start=False,
            _sock=bound,
            dispatcher=dispatchers.visitors,
            adj=adj,
            sockinfo=(bound.family, bound.type, bound.proto, bound.getsockname()),
            bind_socket=False,
        )

    def accept(self) -> tuple[socket.socket, Any] | None:  # Any: an address of either family
        """The next connection that waits, None when there is none."""
        accepted: tuple[socket.socket, Any] | None = super().accept()
        self._has_more = accepted is not None
        return accepted

    def handle_accept(self) -> None:
        """Take the connections that wait, a tick's worth of them."""
        room = min(ACCEPTED_AT_ONCE, self.adj.connection_limit - len(self._open))
        for _ in range(room):
            super().handle_accept()
            if not self._has_more:
                return

    def add_task(self, task: Task) -> None:
        """Queue a connection whose first request is whole, where requests of its kind go."""
        channel: Any = task  # Any: the stubs call a channel a task
        request = channel.requests[0]
        to = self._dispatchers
        wanted = to.office if is_office(getattr(request, "path", "")) else to.visitors
        if len(wanted.queue) >= MAX_WAITING:
            request.error = TooManyWait("queue")
            wanted = to.refusals
        wanted.add_task(task)

    @contextlib.contextmanager
    def serving(self, channel: Channel) -> Iterator[None]:
        """While the calling worker serves a channel: in its turn."""
        self._served.channel = channel
        try:
            with turns.taken():
                yield
        finally:
            self._served.channel = None

    def pull_trigger(self) -> None:
        """Wake the loop; a worker does it when its channel has something to send, or is done."""
        channel = getattr(self._served, "channel", None)
        if channel is not None:
            self.loop.mark(channel)
        super().pull_trigger()

    def readable(self) -> bool:
        """Whether connections are taken in; where there is no room, some is made."""
        if self.accepting and len(self._open) >= self.adj.connection_limit:
            self._make_room()
        return super().readable()

    def maintenance(self, now: float) -> None:
        """Close the connections whose clients had their time.

        At once: one that takes nothing would never become ready for a last try.
        """
        for channel in list(self.active_channels.values()):
            if channel.is_late(now, header_s=HEADER_S, idle_s=IDLE_S):
                channel.handle_close()

    def _make_room(self) -> None:
        """Close some of the connections that wait longest for their clients.

        So that whoever opens many and says nothing shuts nobody out: a newcomer who asks is
        answered long before it is its turn.
        """
        waiting = [
            (since, number, channel)
            for number, channel in enumerate(self._open.values())
            if isinstance(channel, Channel) and (since := channel.waits_since) is not None
        ]
        for _, _, channel in heapq.nsmallest(1 + len(waiting) // 64, waiting):
            channel.handle_close()
        if waiting and time.monotonic() > self._warns_at:
            self._warns_at = time.monotonic() + 60
            log.warning("%d connections are open: the oldest that are idle close", len(self._open))

    def stop_listening(self) -> None:
        """Close the socket; the connections that it made live on."""
        self.accepting = False
        self.del_channel()
        assert self.socket is not None
        self.socket.close()


class Server:
    """klink's HTTP server.

    :param host: name or address; all addresses of a name are listened on.
    :param port: 0 lets the system choose one.
    :param threads: workers for visitors, and as many for the office.
    :param lane: answers plain requests on the loop itself, where the system has epoll.
    :param refuse: words what never becomes a request to the application, in a dialect's shape.
    :param tell: told of each answer of a worker.
    :param on_thread_end: called in each worker when it ends.
    :raises CannotListen: when the address cannot be had.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        host: str,
        port: int,
        threads: int,
        lane: Lane | None = None,
        refuse: Refuse = nobody,
        tell: Tell = lambda *_: None,
        on_thread_end: Callable[[], None] = lambda: None,
    ) -> None:
        sockets = bind(host, port)
        self._map: dict[int, Any] = {}  # Any: as in Listener
        adj = Adjustments(
            sockets=sockets,
            ident=IDENT,
            threads=threads,
            connection_limit=_room_for_connections(),
            asyncore_use_poll=True,
            max_request_header_size=MAX_HEADER_BYTES,
            max_request_body_size=MAX_OFFICE_BODY_BYTES + 1,  # the parser knows the limit
            cleanup_interval=SWEEP_S,
            # klink reads X-Forwarded-* by itself, from the peers that it trusts.
            clear_untrusted_proxy_headers=False,
            expose_tracebacks=False,
            log_socket_errors=False,
            server_name=host,
        )
        self._dispatchers = _Dispatchers(
            visitors=_Dispatcher("visitors", threads, on_thread_end),
            office=_Dispatcher("office", threads, on_thread_end),
            refusals=_Dispatcher("refusals", 1, on_thread_end),
        )
        self._loop: EpollLoop | PollLoop = (
            EpollLoop(self._map, lane, turns.are_taken)
            if hasattr(select, "epoll")
            else PollLoop(self._map)
        )
        self._listeners = [
            Listener(
                application, bound, adj, self._map, self._loop, self._dispatchers, refuse, tell
            )
            for bound in sockets
        ]
        self._loop.serve(self._listeners)
        self._is_stopping = False
        self.addresses = [Address(*bound.getsockname()[:2]) for bound in sockets]
        """Where it listens."""

    def figures(self) -> ServerFigures:
        """How it is now; safe in any thread."""
        open_ones = sum(len(listener.active_channels) for listener in self._listeners)
        took = self._loop.took
        queues = {name: len(each.queue) for name, each in self._dispatchers._asdict().items()}
        return ServerFigures(open_ones, queues, None if took is None else took.spread())

    def start(self) -> None:
        """Take connections from here on; they are answered once :meth:`run` runs."""
        for listener in self._listeners:
            listener.accept_connections()

    def run(self) -> None:
        """Serve until :meth:`request_stop`, then finish what was begun and return."""
        while not self._is_stopping:
            self._loop.tick(1.0)
        self._drain()

    def request_stop(self) -> None:
        """Make :meth:`run` end; safe in a signal handler and from any thread."""
        self._is_stopping = True
        for listener in self._listeners:
            listener.is_stopping = True
            listener.lane = None
            with contextlib.suppress(OSError):  # closed already
                listener.pull_trigger()

    def close(self) -> None:
        """End the workers and close what is open."""
        for dispatcher in self._dispatchers:
            dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)
        self._loop.close()

    def _drain(self) -> None:
        """Stop accepting, close idle connections, and let the others finish."""
        deadline_s = time.monotonic() + DRAIN_S
        for listener in self._listeners:
            listener.stop_listening()
        while (open_ones := self._close_idle()) and time.monotonic() < deadline_s:
            self._loop.tick(0.05)
        if open_ones:
            log.warning("%d connections were cut: they did not finish in time", open_ones)

    def _close_idle(self) -> int:
        """Close the connections on which nothing happens; return how many are left."""
        left = 0
        for listener in self._listeners:
            for channel in list(listener.active_channels.values()):
                if channel.is_idle:
                    channel.handle_read()  # what has come in meanwhile is a request at hand
                if channel.is_idle:
                    channel.handle_close()
                else:
                    left += 1
        return left


def _room_for_connections() -> int:
    """How many connections this process may have open; raises its own limit of files first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, soft - _OTHER_FILES))
