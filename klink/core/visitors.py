"""Visitor ids and truncated addresses (contract: Visitor, Privacy).

Three values, one from the other, none reversible: the day's secret; the raw id, which
chooses a variant and lives in the visitor's cookie; and the workspace's id of that
visitor, which is stored and leaves as ``klid``, so that workspaces cannot compare their
visitors. All are keyed BLAKE2b, a MAC like HMAC at a third of its time; two are made for
every click.
"""

from __future__ import annotations

import re
import socket
from hashlib import blake2b, sha256

__all__ = ["day_secret", "is_visitor_id", "truncate", "visitor_id", "workspace_visitor"]

_DAY_MS = 86_400_000
_ID_LENGTH = 16
_SHAPE = re.compile(r"v_[0-9A-Za-z]{16}", re.ASCII)

# One byte of a digest becomes one character. 256 is no multiple of 62, so eight characters
# come a quarter more often; sixteen of them still hold 95 bits.
_BASE62 = (b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" * 5)[:256]

_MAPPED = b"\0" * 10 + b"\xff\xff"


def day_secret(secret: bytes, at_ms: int) -> bytes:
    """Return the secret of a UTC day, from the installation's own; ask it once a day."""
    day = at_ms // _DAY_MS
    return blake2b(str(day).encode(), key=_key(secret), person=b"klink.day").digest()


def visitor_id(day_secret: bytes, address: str, user_agent: str) -> str:
    """Return the raw id of a visitor without a cookie: ``v_`` and 16 base62 characters.

    :param address: the whole address; it goes no further than this hash.
    """
    text = f"{address}\0{user_agent}".encode("utf-8", "surrogatepass")
    digest = blake2b(text, digest_size=_ID_LENGTH, key=day_secret, person=b"klink.visitor")
    return "v_" + digest.digest().translate(_BASE62).decode("ascii")


def workspace_visitor(secret: bytes, workspace_id: int, visitor: str) -> str:
    """Return what one workspace may know of a visitor: stored, and sent as ``klid``.

    :param secret: the installation's own, not a day's, so that a cookie's visitor stays
        the same one.
    :param visitor: a raw id.
    """
    text = f"{workspace_id}\0{visitor}".encode("utf-8", "surrogatepass")
    digest = blake2b(text, digest_size=_ID_LENGTH, key=_key(secret), person=b"klink.workspace")
    return "v_" + digest.digest().translate(_BASE62).decode("ascii")


def is_visitor_id(text: str) -> bool:
    """Whether ``text`` has the shape of a visitor id, raw or a workspace's."""
    return _SHAPE.fullmatch(text) is not None


def truncate(address: str) -> str:
    """Return the net that stands for an address: a /24 or /48, '' for what is no address.

    ``203.0.113.7`` gives ``203.0.113.0/24``, ``2001:db8:1:2::3`` gives
    ``2001:db8:1::/48``; IPv4 mapped into IPv6 is IPv4. Once for every click, so without
    :mod:`ipaddress`.
    """
    try:
        if ":" not in address:
            packed = socket.inet_pton(socket.AF_INET, address)
            return f"{packed[0]}.{packed[1]}.{packed[2]}.0/24"
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return ""
    if packed.startswith(_MAPPED):
        return f"{packed[12]}.{packed[13]}.{packed[14]}.0/24"
    return socket.inet_ntop(socket.AF_INET6, packed[:6] + b"\0" * 10) + "/48"


def _key(secret: bytes) -> bytes:
    """BLAKE2b takes keys of up to 64 bytes; one given by environment may be longer."""
    return secret if len(secret) <= 64 else sha256(secret).digest()
