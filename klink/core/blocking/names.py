"""Hosts and URLs in the one form in which lists and destinations are compared.

A host is in lower case and punycode, without a dot at its end; an IPv4 address inside an IPv6
one is that IPv4 address. Of a URL the scheme and the fragment are left out, and escapes of
characters that need none are undone, or ``%61`` would be a way past every list.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple

import ada_url

from klink.core.dns_names import MAX_LENGTH

__all__ = ["Asked", "asked", "comparable_host", "host_of", "is_address", "key_of_url"]

_SIMPLE = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z0-9-]*[a-z-][a-z0-9-]*")
_NOT_OF_HOSTS = re.compile(r"[\x00-\x20\x7f/?#@\\%*]|:[0-9]*\Z")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Asked(NamedTuple):
    """A destination, as lists are asked about it.

    :ivar hosts: its host, then every domain that the host lies in.
    :ivar urls: ``host:port/path?query``, then the same without the query.
    :ivar text: ``host/path?query`` in lower case, what patterns are held against.
    """

    hosts: tuple[str, ...]
    urls: tuple[str, ...]
    text: str

    @property
    def host(self) -> str:
        """Its host."""
        return self.hosts[0]


def asked(location: str) -> Asked:
    """A destination by its WHATWG serialisation (:class:`klink.core.urls.ParsedUrl`)."""
    authority, rest = _split(location)
    host, port = _without_port(authority)
    host = comparable_host(host)
    path = _canonical(rest)
    return Asked(_with_parents(host), _keys(host, port, path), f"{host}{path}".lower())


def key_of_url(text: str) -> str | None:
    """The form in which a list keeps a URL; a host alone when it names nothing more than one.

    :returns: None when it is no URL with a host.
    """
    try:
        parts = ada_url.parse_url(text, ("href", "hostname", "protocol"))
    except ValueError:
        return None
    if parts["protocol"] not in ("http:", "https:") or not parts["hostname"]:
        return None
    authority, rest = _split(parts["href"])
    host, port = _without_port(authority.rpartition("@")[2])
    host, path = comparable_host(host), _canonical(rest)
    return host if path == "/" and not port else _keys(host, port, path)[0]


def host_of(text: str) -> str | None:
    """The host that a list names, or None when it is none.

    ``*.`` and a dot before it say what holds anyway, that its subdomains are meant too.
    """
    text = text.removeprefix("*.").removeprefix(".")
    if _SIMPLE.fullmatch(text) and "xn--" not in text:
        return text if len(text) <= MAX_LENGTH else None
    if not text or len(text) > 4 * MAX_LENGTH:
        return None
    if text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"
    if _NOT_OF_HOSTS.search(text):
        return None
    try:
        host = comparable_host(ada_url.URL(f"http://{text}/").hostname)
    except ValueError:
        return None
    return host if host and len(host) <= MAX_LENGTH else None


def comparable_host(host: str) -> str:
    """A serialised host without a final dot; IPv4 inside IPv6 as IPv4."""
    if host.startswith("[::ffff:"):
        mapped = IPv6Address(host[1:-1]).ipv4_mapped
        return str(mapped) if mapped is not None else host
    return host.rstrip(".")


def is_address(host: str) -> bool:
    """Whether a plain host is an IP address: the standard makes one of all that end in a number."""
    return host.startswith("[") or host.rpartition(".")[2].isdecimal()


@lru_cache(maxsize=1024)  # links by the thousand lead to few hosts
def _with_parents(host: str) -> tuple[str, ...]:
    found = [host]
    if not is_address(host):
        dot = host.find(".")
        while dot >= 0:
            found.append(host[dot + 1 :])
            dot = host.find(".", dot + 1)
    return tuple(found)


def _split(location: str) -> tuple[str, str]:
    """Authority, and path with query."""
    _, _, rest = location.partition("://")
    authority, slash, path = rest.partition("#")[0].partition("/")
    return authority, slash + path


def _without_port(authority: str) -> tuple[str, str]:
    """The host, and ``:port`` when there is one."""
    host, colon, port = authority.rpartition(":")
    if colon and port.isdecimal() and (host.endswith("]") or ":" not in host):
        return host, colon + port
    return authority, ""


def _keys(host: str, port: str, path: str) -> tuple[str, ...]:
    whole = f"{host}{port}{path}"
    bare = whole.partition("?")[0]
    return (whole,) if bare == whole else (whole, bare)


def _canonical(path: str) -> str:
    return _ESCAPE.sub(_unescaped, path) if "%" in path else path


def _unescaped(match: re.Match[str]) -> str:
    char = chr(int(match[0][1:], 16))
    return char if char in _UNRESERVED else match[0].upper()
