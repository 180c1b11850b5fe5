"""Hosts and patterns that people write by hand, ready to be asked."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from klink.core.blocking.globs import Glob, is_glob
from klink.core.blocking.names import Asked, host_of, key_of_url

__all__ = ["MAX_PATTERN", "MAX_VALUE", "Rules", "exactly", "host_value", "pattern_value"]

MAX_PATTERN = 255
MAX_VALUE = 2048
"""Characters; of a text with wildcards ``MAX_PATTERN``."""

_KEPT = "".join(map(chr, range(0x21, 0x7F)))


class Rules:
    """Hosts, each with its subdomains, and patterns.

    :param values: as :func:`host_value` and :func:`pattern_value` give them.
    """

    def __init__(self, values: Iterable[str]) -> None:
        hosts, texts, globs = set(), set(), []
        for value in values:
            if is_glob(value):
                globs.append(Glob(value.lower()))
            elif "/" in value:
                texts.add(value.lower())
            else:
                hosts.add(value)
        self._hosts, self._texts, self._globs = frozenset(hosts), frozenset(texts), tuple(globs)
        self._is_empty = not (hosts or texts or globs)

    def find(self, asked: Asked) -> tuple[str, str] | None:
        """What holds for the destination: ``host`` or ``pattern``, and the text of it."""
        if self._is_empty:  # as it mostly is, and thousands of links may be asked about
            return None
        for host in asked.hosts:
            if host in self._hosts:
                return "host", host
        if asked.text in self._texts:
            return "pattern", asked.text
        for glob in self._globs:
            # Without a slash it may be about a host alone, or about anything.
            if glob.matches(asked.text) or ("/" not in glob.text and glob.matches(asked.host)):
                return "pattern", glob.text
        return None


def host_value(text: str) -> str | None:
    """A host as it is kept, or None; ``*.`` before it and a whole URL are understood."""
    text = text.strip()
    if "://" in text:
        key = key_of_url(text)
        return key if key is not None and "/" not in key else None
    return host_of(text)


def pattern_value(text: str) -> str | None:
    """A pattern as it is kept, or None: without scheme, in ASCII.

    Without wildcards it is one exact URL.
    """
    text = text.strip()
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() in ("http", "https", "*"):
        text = rest
    host, slash, path = text.partition("/")
    if not is_glob(host):
        named = host_of(host)
        if named is None:
            return None
        host = named
    if not text or not host.isascii() or any(char <= " " or char == "\x7f" for char in text):
        return None
    try:
        value = host.lower() + slash + quote(path, safe=_KEPT)
    except UnicodeEncodeError:
        return None
    if not is_glob(value) and not slash:
        return None
    return value if len(value) <= (MAX_PATTERN if is_glob(value) else MAX_VALUE) else None


def exactly(asked: Asked) -> str:
    """The pattern for one destination; for its host when it is too long to be kept.

    A ``*`` in it would stand for anything, so it becomes any one character.
    """
    return pattern_value(asked.text.replace("*", "?")) or asked.host.replace("*", "?")
