"""Where the server listens: sockets that are bound before anything else starts."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

from klink.core.errors import KlinkError

__all__ = ["Address", "CannotListen", "bind"]

_WHY = {
    errno.EADDRINUSE: "another program listens there already",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "that port needs more rights than klink has",
}
_NO_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


class CannotListen(KlinkError):
    """The address in ``server.listen`` cannot be had; the text says why and what to do."""

    code = "cannot_listen"


class Address(NamedTuple):
    """An address that is listened on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to every address that ``host`` stands for; ``localhost`` has two.

    :param port: 0 lets the system choose, the same one for all.
    :raises CannotListen: when one cannot be had.
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except socket.gaierror as error:
        raise CannotListen(
            f"cannot listen on {Address(host, port)}: {error.strerror}; set server.listen"
        ) from None
    families: dict[int, str] = {}
    for kind, _, _, _, sockaddr in found:
        if kind in (socket.AF_INET, socket.AF_INET6):
            families.setdefault(kind, str(sockaddr[0]))
    bound: list[socket.socket] = []
    try:
        for family, address in families.items():
            each = _bind_one(family, address, port, is_only=len(families) == 1)
            if each is not None:
                bound.append(each)
                port = int(each.getsockname()[1])
    except OSError as error:
        for each in bound:
            each.close()
        why = _WHY.get(error.errno or 0, error.strerror or str(error))
        raise CannotListen(
            f"cannot listen on {Address(host, port)}: {why}; stop it or set server.listen"
        ) from None
    if not bound:
        raise CannotListen(f"cannot listen on {Address(host, port)}: set server.listen")
    return bound


def _bind_one(family: int, address: str, port: int, *, is_only: bool) -> socket.socket | None:
    """A bound socket; None for one family of two that this machine does not have."""
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if is_only:
            raise
        return None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
    except OSError as error:
        made.close()
        if error.errno in _NO_FAMILY and not is_only:
            return None
        raise
    return made
