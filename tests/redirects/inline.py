"""A pair of servers that the calling thread drives, for many requests in little time.

Everything is the real thing (server, listener, loop, channels, parser, tasks, front, lane), but
for three: the connection is one end of a socket pair, the workers' queues are worked off here
between two turns of the loop, and journal and pages only keep and show what they get.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from klink.clicks.visits import ARRIVAL
from klink.core import links
from klink.redirects.answers import Answers
from klink.server import Server
from klink.server.channel import Channel
from tests.redirects.corpus import Case, ask
from tests.redirects.pair import Parts, plain
from tests.redirects.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["InlinePair"]

_PROBE = ask(b"/plain?then", b"Connection: close", b"User-Agent: probe")
_MAX_TURNS = 10_000


class _Kept:
    """A journal in memory."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def append(self, records: Sequence[bytes]) -> bool:
        self.records += records
        return True


def _show(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """An application that answers with what it was asked."""
    arrival = environ.get(ARRIVAL)
    shown = [environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")]
    shown += [environ["wsgi.input"].read(), arrival and (arrival.decision, arrival[3:])]
    body = repr(shown).encode()
    start("404 Not Found", [("Content-Length", str(len(body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _showing(_: Answers) -> WSGIApplication:
    return _show


class _Driven(Server):
    """A server without workers of its own."""

    def join(self, connection: socket.socket, peer: str) -> None:
        """Take a connection in, as if it had been accepted."""
        listener = self._listeners[0]
        Channel(listener, connection, (peer, 4711), listener.adj, map=self._map)

    def turn(self) -> None:
        """Let the loop and the work turn until nothing moves."""
        still = 0
        for _ in range(_MAX_TURNS):
            self._loop.tick(0.0)
            still += 1
            for dispatcher in self._dispatchers:
                while dispatcher.queue:
                    still = 0
                    dispatcher.queue.popleft().service()
            if still > 2:  # one to see what was marked, one to act on it
                return
        raise AssertionError("the server does not come to rest")


class _Half:
    def __init__(self, site: Site, *, has_lane: bool, require_https: bool) -> None:
        self._journal = _Kept()
        self.parts = Parts(
            site, self._journal, _showing, links.compiled, require_https=require_https
        )
        lane = self.parts.lane if has_lane else None
        self._server = _Driven(self.parts.front, host="127.0.0.1", port=0, threads=0, lane=lane)
        self._server.start()

    def exchange(self, case: Case) -> tuple[bytes, bool, list[bytes]]:
        """What comes of a case and a plain request behind it, whether the connection was
        closed in the end, and what was written down."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.setblocking(False)
            self._server.join(theirs, case.peer)
            came = b""
            try:
                for piece in (*case.pieces, _PROBE):
                    ours.sendall(piece)
                    self._server.turn()
                    more, _ = _what_is_there(ours)
                    came += more
                ours.shutdown(socket.SHUT_WR)
            except BrokenPipeError:  # the server has closed it: that is its answer
                pass
            self._server.turn()
            more, is_closed = _what_is_there(ours)
        self._server.turn()
        records, self._journal.records = self._journal.records, []
        return plain(came + more), is_closed, records

    def close(self) -> None:
        self._server.close()


def _what_is_there(connection: socket.socket) -> tuple[bytes, bool]:
    """All that has come, and whether that was the end."""
    found = b""
    while True:
        try:
            data = connection.recv(65536)
        except BlockingIOError:
            return found, False
        except ConnectionResetError:
            return found, True
        if not data:
            return found, True
        found += data


class InlinePair:
    """A server with the lane and one without, over the same links."""

    def __init__(self, site: Site, *, require_https: bool = False) -> None:
        self._with_lane = _Half(site, has_lane=True, require_https=require_https)
        self._without = _Half(site, has_lane=False, require_https=require_https)
        self.by_lane = 0
        """How many requests the lane has answered; the plain ones behind are not among them."""

    def difference(self, case: Case) -> tuple[object, object] | None:
        """What the two see, if that differs."""
        seen, expected = self._with_lane.exchange(case), self._without.exchange(case)
        answered = self._with_lane.parts.lane.answered
        self.by_lane += len(answered - {_PROBE})
        answered.clear()
        return None if seen == expected else (seen, expected)

    def close(self) -> None:
        self._with_lane.close()
        self._without.close()
