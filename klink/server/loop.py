"""The event loop: which connections are ready, and in what order they are served.

A tick has three phases: read what has come in, and decide; one write to the journal for all
that was decided; send. So a click is on its way to the disk before its answer leaves, at the
price of one system call for all that came together.
"""

from __future__ import annotations

import logging
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from waitress import wasyncore

from klink.tallies import Distribution

if TYPE_CHECKING:
    from klink.server.channel import Channel
    from klink.server.server import Listener

__all__ = ["Answered", "EpollLoop", "Lane", "Loop", "PollLoop"]

log = logging.getLogger(__name__)

_MAX_EVENTS = 512
_READ = select.POLLIN
_WRITE = select.POLLOUT

Answered = tuple[bytes, bool]
"""An answer, and whether the connection closes after it."""


class Lane(Protocol):
    """Answers plain requests where they are read (:class:`klink.redirects.lane.Lane`)."""

    def begin(self, now: float) -> None:
        """A tick begins, at ``now`` seconds since 1970."""
        ...

    def answer(self, data: bytes, peer: str) -> Answered | None:
        """Answer all that came over a connection with nothing pending; None: not here.

        :param peer: the address of the other end.
        """
        ...

    def write_down(self) -> None:
        """Write down what was answered in this tick; nothing of it has been sent."""
        ...


class Loop(Protocol):
    """What the server needs of a loop."""

    turn: list[tuple[Channel, Answered]]
    """What is to be sent at the end of this tick."""

    @property
    def is_crowded(self) -> bool:
        """Whether workers compute beside this tick."""
        ...

    @property
    def now(self) -> float:
        """When this tick began to serve, in seconds since 1970."""
        ...

    @property
    def took(self) -> Distribution | None:
        """How long the lane's answers took; None where there are none."""
        ...

    @property
    def lane(self) -> Lane | None:
        """What answers on the loop; None where nothing does."""
        ...

    def tick(self, timeout_s: float) -> None:
        """Wait for something to do, but not for longer, and do it."""
        ...

    def mark(self, channel: Any) -> None:  # Any: a channel, a listener or its trigger
        """Have a channel's interests looked at; safe in any thread."""
        ...

    def forget(self, descriptor: int) -> None:
        """Let go of a channel that closes."""
        ...

    def close(self) -> None:
        """Give back what the loop holds."""
        ...


class PollLoop:
    """waitress's own loop, where the system has no epoll; it asks every channel each time."""

    lane = None
    took = None
    is_crowded = False

    def __init__(self, map_: dict[int, Any]) -> None:  # Any: whatever waitress keeps in it
        self._map = map_
        self.turn: list[tuple[Channel, Answered]] = []

    @property
    def now(self) -> float:
        """The time, in seconds since 1970."""
        return time.time()

    def serve(self, listeners: Sequence[Listener]) -> None:
        """Nothing: they are in the map."""

    def tick(self, timeout_s: float) -> None:
        """Wait for something to do, but not for longer, and do it."""
        wasyncore.poll2(timeout_s, self._map)

    def mark(self, channel: Any) -> None:
        """Nothing: all of them are asked in any case."""

    def forget(self, descriptor: int) -> None:
        """Nothing: none is remembered."""

    def close(self) -> None:
        """Nothing is held."""


class EpollLoop:
    """A loop whose cost does not grow with the connections that are idle.

    The kernel keeps what each connection waits for. That changes after a read that was left
    to waitress, and when a worker or the maintenance has marked the channel; nobody else is
    asked.

    :param map_: waitress's map from descriptors to channels, listeners and triggers.
    :param is_crowded: whether workers compute now.
    """

    def __init__(
        self,
        map_: dict[int, Any],  # Any: as in PollLoop
        lane: Lane | None,
        is_crowded: Callable[[], bool],
    ) -> None:
        self.lane = lane
        self.took = Distribution()
        self.is_crowded = False
        self._ask_crowded = is_crowded
        self.now = time.time()
        self.turn: list[tuple[Channel, Answered]] = []
        self._map = map_
        self._epoll = select.epoll()
        self._known: dict[int, tuple[Any, int]] = {}  # by descriptor: whose, and its interests
        self._marked: deque[Any] = deque()
        self._listeners: Sequence[Listener] = ()

    def serve(self, listeners: Sequence[Listener]) -> None:
        """Begin with what is in the map; ``listeners`` are asked again at each tick."""
        self._listeners = listeners
        self._marked.extend(self._map.values())

    def mark(self, channel: Any) -> None:
        """Have a channel's interests looked at before the next wait; safe in any thread."""
        self._marked.append(channel)

    def forget(self, descriptor: int) -> None:
        """A channel closes: the kernel forgets by itself, and the number may come again."""
        self._known.pop(descriptor, None)

    def tick(self, timeout_s: float) -> None:
        """Wait for something to do, but not for longer, and do it."""
        marked = self._marked
        while marked:
            self._look_at(marked.popleft())
        events = self._epoll.poll(timeout_s, _MAX_EVENTS)
        began_s = time.perf_counter()
        self.now = time.time()
        self.is_crowded = self._ask_crowded()
        if self.lane is not None:
            self.lane.begin(self.now)
        self._serve(events)
        if answers := len(self.turn):
            self._send()
            # The clock is read twice a tick, not twice a request: each took this long at most.
            self.took.add(time.perf_counter() - began_s, answers)
        for listener in self._listeners:  # their interests, and waitress's housekeeping
            self._look_at(listener)

    def close(self) -> None:
        """Give back the kernel's list."""
        self._epoll.close()

    def _serve(self, events: list[tuple[int, int]]) -> None:
        """Read and write; accept at the end.

        A connection that closes now may give its number to one that is accepted now, which
        an event of this batch would not be meant for.
        """
        accepting = []
        known, turn = self._known, self.turn
        for descriptor, flags in events:
            found = known.get(descriptor)
            if found is None:
                continue
            channel = found[0]
            if channel.accepting:
                accepting.append((channel, flags))
                continue
            before = len(turn)
            if flags == _READ:
                wasyncore.read(channel)
            else:
                wasyncore.readwrite(channel, flags)
            if len(turn) == before:
                self._look_at(channel)
        for listener, flags in accepting:
            wasyncore.readwrite(listener, flags)

    def _send(self) -> None:
        """Send what was decided in this tick, once it is written down."""
        assert self.lane is not None
        turn, self.turn = self.turn, []
        self.lane.write_down()
        for channel, (answer, closes) in turn:
            channel.send_now(answer, closes=closes)

    def _look_at(
        self,
        channel: Any,  # Any: a channel, a listener or its trigger
    ) -> None:
        """Let the kernel know what a channel waits for, when that has changed."""
        descriptor = channel._fileno  # waitress has no other name for it
        if descriptor is None or descriptor not in self._map:
            return  # closed
        interests = _READ if channel.readable() else 0
        if not channel.accepting and channel.writable():
            interests |= _WRITE
        found = self._known.get(descriptor)
        if found is None or found[0] is not channel:
            self._epoll.register(descriptor, interests)
        elif found[1] != interests:
            self._epoll.modify(descriptor, interests)
        else:
            return
        self._known[descriptor] = (channel, interests)
