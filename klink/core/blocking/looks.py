"""Hosts that look like another one: ``paypal.com`` with a Cyrillic a, ``paypa1.com``.

Two texts look alike when their skeletons by Unicode's table are the same (UTS #39), letter by
letter and label by label, so ``paypal-help.com`` looks like nothing but itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from klink.core.blocking.confusables import ASCII_LOOKS, looks
from klink.core.blocking.names import is_address

__all__ = ["Brands", "looks_of"]

# Cyrillic palochka, which Unicode maps to i; in most fonts it is an l.
_PALOCHKA = "\u04cf"


class Brands:
    """Hosts and words that others must not look like.

    :param names: plain hosts. One with a dot stands for itself and is compared with as many
        labels at the end of a host; a word is compared with each label but the last.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name for name in names if not is_address(name))
        self._words = {_skeleton(_unicode(n)): n for n in self._names if "." not in n}
        self._hosts = {_skeleton(_unicode(n)): n for n in self._names if "." in n}
        self._sizes = sorted({name.count(".") + 1 for name in self._hosts.values()})

    def like(self, host: str) -> str | None:
        """The brand that a plain host looks like without being it, or None."""
        if not self._names or is_address(host):
            return None
        labels = host.split(".")
        for size in self._sizes:
            brand = self._find(self._hosts, ".".join(labels[-size:]))
            if brand is not None:
                return brand
        if self._words:
            for label in labels[:-1]:
                brand = self._find(self._words, label)
                if brand is not None:
                    return brand
        return None

    def _find(self, brands: dict[str, str], text: str) -> str | None:
        if text in self._names:
            return None
        return next((brands[look] for look in looks_of(text) if look in brands), None)


@lru_cache(maxsize=4096)
def looks_of(text: str) -> tuple[str, ...]:
    """What a host, or a part of one, may be taken for: its skeleton, and others where it has marks.

    Unicode keeps accents, so ``paypál`` is something else than ``paypal``; an accent or a dot
    below is quickly overlooked, though, where the brand itself has none.
    """
    shown = _unicode(text)
    if shown.isascii():
        return (_skeleton(shown),)
    found: dict[str, None] = {}
    for spelled in (shown, shown.replace(_PALOCHKA, "l")):
        skeleton = _skeleton(spelled)
        found[skeleton] = found[_without_marks(skeleton)] = None
    return tuple(found)


def _unicode(host: str) -> str:
    """The host as browsers show it."""
    return ".".join(_label(label) for label in host.split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode().decode("punycode")
    except UnicodeError:
        return label


def _skeleton(text: str) -> str:
    table = ASCII_LOOKS if text.isascii() else looks()
    return "".join(table.get(char, char) for char in unicodedata.normalize("NFD", text))


def _without_marks(text: str) -> str:
    return "".join(char for char in text if not unicodedata.combining(char))
