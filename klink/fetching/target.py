"""From the text of a URL to where a request goes.

Parsed by the WHATWG URL standard, as every URL in klink is: so ``0x7f.1``, ``2130706433`` and
``127%2e0.0.1`` are the address that a browser takes them for before anybody looks at them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import ada_url

from klink.fetching.addresses import Address, is_allowed, parsed
from klink.fetching.errors import Refused

__all__ = ["Target", "joined", "target_of"]

MAX_URL = 8192
"""Characters of a URL, a redirect's too; klink keeps 2,048 itself."""

# Ports above 1023 that browsers refuse (the Fetch standard's "bad ports"), and those of
# services that take a request for a command, or tell much.
_BAD_PORTS = frozenset(
    (
        1719,
        1720,
        1723,
        2049,
        3659,
        4045,
        4190,
        5060,
        5061,
        6000,
        6566,
        *range(6665, 6670),
        6679,
        6697,
        10080,
    )
)
_SERVICES = frozenset((2375, 2376, 2379, 3306, 5432, 6379, 9200, 9300, 10250, 11211, 27017))
_DEFAULT_PORTS = {"http:": 80, "https:": 443}
_LOCAL_NAMES = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|lan|home|corp|private|home\.arpa)"
)
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_CONTROLS_OR_ENDS = re.compile(r"[\x00-\x1f\x7f-\x9f]|\A\s|\s\Z")


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes.

    :ivar url: its serialisation without the fragment.
    :ivar host: lower case, punycode; an IPv6 address without brackets, no dot at the end.
    :ivar address: the address that the host is, when it is no name.
    :ivar path: with its query, percent-encoded.
    """

    url: str
    is_https: bool
    host: str
    port: int
    address: Address | None
    path: str

    @property
    def authority(self) -> str:
        """What the ``Host`` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"


def joined(base: str, location: str) -> str:
    """What a redirect's ``Location`` leads to.

    :raises Refused: when it is malformed.
    """
    if len(location) > MAX_URL or _CONTROLS_OR_ENDS.search(location):
        raise Refused("url")
    try:
        return str(ada_url.join_url(base, location))
    except (ValueError, UnicodeError):
        raise Refused("url") from None


def target_of(text: str, *, allow_private: bool) -> Target:
    """Read a URL and refuse what klink never asks.

    :raises Refused: with the reason.
    """
    url = _parse(text)
    if url.protocol not in _DEFAULT_PORTS:
        raise Refused("scheme")
    if url.username or url.password:
        raise Refused("credentials")
    host = url.hostname.removesuffix(".")
    port = int(url.port) if url.port else _DEFAULT_PORTS[url.protocol]
    if port not in (80, 443) and (port < 1024 or port in _BAD_PORTS | _SERVICES):
        raise Refused("port")
    return Target(
        url=url.href.partition("#")[0],
        is_https=url.protocol == "https:",
        host=host.strip("[]"),
        port=port,
        address=_checked_host(host, allow_private=allow_private),
        path=url.pathname + url.search,
    )


def _parse(text: str) -> ada_url.URL:
    if len(text) > MAX_URL or _CONTROLS_OR_ENDS.search(text):
        raise Refused("url")
    try:
        url = ada_url.URL(text)
    except (ValueError, UnicodeError):
        raise Refused("url") from None
    if len(url.href) > MAX_URL or not url.href.isascii():
        raise Refused("url")
    return url


def _checked_host(host: str, *, allow_private: bool) -> Address | None:
    """The address that a host is, None for a name.

    :raises Refused: for an address that is not public, and for a name of the local network.
    """
    if host.startswith("["):
        address = parsed(host.strip("[]"))
        if address is None:
            raise Refused("url")
    else:
        address = parsed(host)
    if address is not None:
        if not is_allowed(address, allow_private=allow_private):
            raise Refused("private")
        return address
    if not _NAME.fullmatch(host):
        raise Refused("url")
    if not allow_private and ("." not in host or _LOCAL_NAMES.fullmatch(host)):
        raise Refused("host")
    return None
