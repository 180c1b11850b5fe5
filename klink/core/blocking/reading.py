"""Blocklists as they are published: what a line of one says.

Understood are plain hosts and addresses, hosts files, URLs (one in a line, or as a column of CSV),
the rules of ad blockers that name a whole host, dnsmasq's, and response policy zones. The rest of
what these formats can say is passed over: it is about parts of pages, not about links.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from klink.core.blocking.names import host_of, is_address, key_of_url

__all__ = ["MAX_LINE", "NOTHING", "Meaning", "lines_of", "meaning"]

MAX_LINE = 8192
"""Bytes of a line; a longer one is no line of a list."""

_PLAIN = re.compile(
    r"(?:(?:0\.0\.0\.0|127\.0\.0\.1)[ \t]+)?"
    r"((?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?)"
)
_COMMENT = re.compile(r"[#!;]|//|\[adblock", re.IGNORECASE)
_OF_PAGES = re.compile(r"#[@?$%]*#|^/.*/(?:\$|$)|^(?!\|\|)\|")
_BLOCKER = re.compile(r"(@@)?\|\|([^/^$|*?]+)\^?\|?(?:\$(.*))?")
_DNSMASQ = re.compile(r"(?:address|server|local)=/(.+)/[^/]*")
_NETWORK = re.compile(r"[0-9.]+/[0-9]{1,2}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*/[0-9]{1,3}")
_URL = re.compile(r"https?://", re.IGNORECASE)
_WHOLE = frozenset({"all", "document", "doc", "popup", "important"})
"""Options of ad blockers with which a rule still means that nobody should go there."""

_LOCAL = frozenset(
    {
        "0.0.0.0", "broadcasthost", "ip6-allhosts", "ip6-allnodes", "ip6-allrouters",  # noqa: S104
        "ip6-localhost", "ip6-localnet", "ip6-loopback", "ip6-mcastprefix", "local", "localhost",
        "localhost.localdomain",
    }
)  # fmt: skip


class Meaning(NamedTuple):
    """What a line says; nothing, when it is empty, a comment, or about parts of pages.

    :ivar urls: as :func:`~klink.core.blocking.names.key_of_url` writes them.
    :ivar excepted: hosts that the list itself does not want to be blocked.
    """

    hosts: Sequence[str] = ()
    urls: Sequence[str] = ()
    excepted: Sequence[str] = ()


NOTHING = Meaning()


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a file that is read in pieces; a line that is too long gives its beginning."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line[: MAX_LINE + 1].decode("utf-8", "replace")
        rest = rest[: MAX_LINE + 1]
    if rest:
        yield rest.decode("utf-8", "replace")


def meaning(line: str) -> Meaning | None:
    """What a line says; None when it is of no list."""
    line = line.strip().removeprefix("\ufeff")
    plain = _PLAIN.fullmatch(line)
    if plain is not None and "xn--" not in line and len(line) < 200:  # nearly all there are
        return Meaning((plain[1],)) if plain[1] not in _LOCAL else NOTHING
    if len(line) > MAX_LINE or "\0" in line:
        return None
    if not line or _COMMENT.match(line) or _OF_PAGES.search(line):
        return NOTHING
    if line.startswith(("||", "@@")):
        return _of_blocker(line)
    names = _DNSMASQ.fullmatch(line)
    if names is not None:
        return _hosts(names[1].split("/"))
    if line.startswith('"') or ("," in line and not _URL.match(line)):
        return _of_csv(line)
    return _of_words(line.partition(" #")[0].partition("\t#")[0].split())


def _of_blocker(line: str) -> Meaning:
    rule = _BLOCKER.fullmatch(line)
    if rule is None:
        return NOTHING
    options = set((rule[3] or "").split(",")) - {""}
    host = host_of(rule[2])
    if host is None or not options <= _WHOLE:
        return NOTHING
    return Meaning(excepted=(host,)) if rule[1] else Meaning((host,))


def _of_csv(line: str) -> Meaning | None:
    try:
        columns = next(csv.reader([line]))
    except (csv.Error, StopIteration):
        return None
    urls = [column for column in columns if _URL.match(column)]
    if urls:
        return _url(urls[0])
    # The names of the columns stand above.
    return NOTHING if "url" in (column.strip().lower() for column in columns) else None


def _of_words(words: list[str]) -> Meaning | None:
    if not words:
        return None
    first = words[0]
    if first.startswith(("$", "@")):
        return NOTHING  # of a zone
    if len(words) > 1:
        return _of_record(words)
    if _URL.match(first):
        return _url(first)
    if _NETWORK.fullmatch(first):
        return NOTHING
    if "/" in first:
        return _url(f"http://{first}") if host_of(first.partition("/")[0]) else None
    return _hosts([first])


def _of_record(words: list[str]) -> Meaning | None:
    """A line of a hosts file, or a record of a response policy zone."""
    upper = [word.upper() for word in words]
    if "CNAME" in upper[1:-1]:
        found = _hosts([words[0]])
        passes = words[-1].lower().rstrip(".") == "rpz-passthru"
        return Meaning(excepted=found.hosts) if found and passes else found
    if {"SOA", "NS"} & set(upper):
        return NOTHING
    address = host_of(words[0])
    if address is not None and is_address(address):
        return _hosts([word for word in words[1:] if word.lower() not in _LOCAL]) or NOTHING
    return _url(words[0]) if _URL.match(words[0]) else None


def _url(text: str) -> Meaning | None:
    key = key_of_url(text)
    if key is None:
        return None
    return Meaning(urls=(key,)) if "/" in key else _hosts([key])


def _hosts(names: Iterable[str]) -> Meaning | None:
    """Hosts with a dot, and addresses: a bare word is more often a mistake than a domain."""
    found = [host for host in map(host_of, names) if host and ("." in host or is_address(host))]
    return Meaning(found) if found else None
