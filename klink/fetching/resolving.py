"""From a name to addresses: once a request, in bounded time, and all of them looked at."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence

from klink.fetching.addresses import Address, is_allowed, parsed
from klink.fetching.deadline import Deadline
from klink.fetching.errors import Refused, Unreachable

__all__ = ["Resolve", "addresses_of", "system_resolve"]

Resolve = Callable[[str, int], Sequence[str]]
"""From host and port to addresses; raises ``OSError`` when there are none."""

MAX_ADDRESSES = 4  # that are tried, of a name that may have dozens
MAX_LOOKUPS = 32
"""Look-ups at once: nothing can end one that hangs, so there must not be any number of them."""

_places = threading.BoundedSemaphore(MAX_LOOKUPS)


def system_resolve(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def addresses_of(
    host: str, port: int, resolve: Resolve, deadline: Deadline, *, allow_private: bool
) -> list[Address]:
    """The addresses to connect to, in the resolver's order.

    One that is not public refuses all: a name that has both is made to be taken for a public
    one by whoever looks first.

    :raises Refused: ``private``.
    :raises Unreachable: ``dns`` or ``timeout``.
    """
    addresses = [parsed(text) for text in _looked_up(host, port, resolve, deadline)]
    known = [address for address in addresses if address is not None]
    if not known or len(known) < len(addresses):
        raise Unreachable("dns")
    if not all(is_allowed(address, allow_private=allow_private) for address in known):
        raise Refused("private")
    return known[:MAX_ADDRESSES]


def _looked_up(host: str, port: int, resolve: Resolve, deadline: Deadline) -> Sequence[str]:
    """Ask the resolver in a thread of its own, since it knows no time-out."""
    found: list[Sequence[str]] = []

    def look_up() -> None:
        try:
            found.append(resolve(host, port))
        except (OSError, UnicodeError):
            pass  # no such name: ``found`` stays empty
        finally:
            _places.release()

    if not _places.acquire(timeout=deadline.left_s()):
        raise Unreachable("timeout")
    thread = threading.Thread(target=look_up, name="klink-resolve", daemon=True)
    thread.start()
    thread.join(deadline.left_s())
    if thread.is_alive():
        raise Unreachable("timeout")
    if not found:
        raise Unreachable("dns")
    return found[0]
