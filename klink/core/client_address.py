"""Who is really asking: the address, scheme and host behind trusted proxies.

No header is believed unless the peer that sent it is one of ``[server]
trusted_proxies``; otherwise limits, quotas and geo rules could be forged
(architecture: "no trusted proxy by default"). One pure function, for every way in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, Protocol

from klink.core import secrets

__all__ = [
    "Client", "Forwarded", "Headers", "client_address", "is_near", "keyed_hash", "network",
]  # fmt: skip

_Address = IPv4Address | IPv6Address

# An address with the port that some proxies add: `203.0.113.7:4711`, `[2001:db8::7]:4711`.
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}", re.ASCII)
_HOST = re.compile(r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)
_MAX_ENTRY = 80  # an IPv6 address with brackets, zone and port; keeps the cache small too
_MAX_HOST = 261  # 253 characters of a name, a final dot, a colon and a port


class Headers(Protocol):
    """A mapping from lower-case header names; repeated ones joined by commas."""

    def get(self, name: str, /) -> str | None:
        """Return the header's value, None when it was not sent."""
        ...


class Client(NamedTuple):
    """What is known of whoever sent a request.

    :ivar address: in canonical form, without port or zone; '' when the peer has none
        (a unix socket).
    :ivar scheme: ``http`` or ``https``, as the client sees it.
    :ivar host: with its port, as the client sees it.
    :ivar via_trusted: whether the peer is a trusted proxy.
    :ivar ignored_forwarded: whether ``X-Forwarded-For`` came from a peer that is not.
    """

    address: str
    scheme: str
    host: str
    via_trusted: bool
    ignored_forwarded: bool


class Forwarded(NamedTuple):
    """How often ``X-Forwarded-For`` was not believed since the start.

    :ivar callers: how many callers were looked at.
    :ivar ignored: how many of them brought one that was not believed.
    :ivar near: how many of these came from this machine or a private network, where proxies are.
    :ivar peer: the last of these, as it is to stand in ``trusted_proxies``; '' when there was none.
    """

    callers: int = 0
    ignored: int = 0
    near: int = 0
    peer: str = ""


def is_near(peer: str) -> bool:
    """Whether an address is of this machine or of a private network; '' is a unix socket's."""
    parsed = _parse(peer)
    return not peer or (parsed is not None and (parsed.is_private or parsed.is_loopback))


def client_address(
    peer: str,
    scheme: str,
    host: str,
    headers: Headers,
    trusted: Sequence[IPv4Network | IPv6Network],
) -> Client:
    """Return the client behind ``peer``.

    ``X-Forwarded-For`` is walked from the right for as long as trusted proxies stand
    there; the first address that is none of them is the client, since its own entries
    (further left) are only what it claims. An entry that is no address stops the walk
    at the last proxy. Of ``X-Forwarded-Proto`` and ``-Host`` the rightmost value counts:
    the nearest proxy's.

    :param peer: address of the connection's other end, with no port.
    :param scheme: scheme of the connection itself.
    :param host: the Host header.
    """
    forwarded = headers.get("x-forwarded-for")
    address = _parse(peer) if trusted else None
    if address is None or not _is_trusted(address, trusted):
        return Client(_canonical(peer), scheme, host, False, forwarded is not None)
    if forwarded:
        address = _walk(address, forwarded, trusted)
    said_scheme = _rightmost(headers.get("x-forwarded-proto")).lower()
    said_host = _rightmost(headers.get("x-forwarded-host")).lower()
    return Client(
        address=str(address),
        scheme=said_scheme if said_scheme in ("http", "https") else scheme,
        host=said_host if _is_host(said_host) else host,
        via_trusted=True,
        ignored_forwarded=False,
    )


def network(address: str, bits: int = 64) -> str:
    """Who counts as one: an IPv4 address, or a network of IPv6 with this prefix.

    One subscriber has a /64 at least, and a company or a tunnel a /48. What is no address
    (the peer of a unix socket has none) is ''.
    """
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, bits), strict=False))
    return "" if parsed is None else str(parsed)


def keyed_hash(secret: bytes, purpose: str, address: str) -> str:
    """What stands for an address, or a /64 of IPv6, where it is counted and stored.

    Whoever reads the database cannot find out the address without the server's secret.

    :param secret: the server's.
    :param purpose: hashes made for one purpose cannot be compared with another's.
    """
    key = secrets.derive(secret, purpose)
    return hashlib.blake2b(network(address).encode(), key=key, digest_size=16).hexdigest()


def _walk(peer: _Address, forwarded: str, trusted: Sequence[IPv4Network | IPv6Network]) -> _Address:
    """Follow X-Forwarded-For from the right; return the first address that is no proxy."""
    address = peer
    for entry in reversed(forwarded.split(",")):
        claimed = _parse(entry.strip(" \t"))
        if claimed is None:
            return address
        address = claimed
        if not _is_trusted(address, trusted):
            return address
    return address


def _parse(text: str) -> _Address | None:
    """Read an address, perhaps with a port or zone; IPv4 mapped into IPv6 is IPv4."""
    return _parse_short(text) if len(text) <= _MAX_ENTRY else None


@lru_cache(maxsize=4096)
def _parse_short(text: str) -> _Address | None:
    match = _WITH_PORT.fullmatch(text)
    if match is not None:
        text = match[1] or match[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=4096)
def _canonical(peer: str) -> str:
    address = _parse(peer)
    return "" if address is None else str(address)


def _is_trusted(address: _Address, trusted: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in trusted)


def _rightmost(value: str | None) -> str:
    return (value or "").rpartition(",")[2].strip(" \t")


def _is_host(text: str) -> bool:
    return len(text) <= _MAX_HOST and _HOST.fullmatch(text) is not None
