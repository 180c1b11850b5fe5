"""Holds what a program printed against what a page shows of it.

What is different at every run, such as ids and keys, is bound: it may be anything of its kind, and
stands from then on for what the page shows in its place, in commands too.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

__all__ = ["Shown"]

Json: TypeAlias = Any  # whatever an answer or a page holds

MORE = "…"
"""Stands on a page for what it leaves out."""

_KINDS = [
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    re.compile(r"klink_[A-Za-z0-9]{40}"),
    re.compile(r"v_[A-Za-z0-9_-]{16}"),
    re.compile(r"WyI[A-Za-z0-9_-]+"),  # a cursor
]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SECONDS = re.compile(r"(?<=Retry-After: )\d+|(?<=;t=)\d+")
_ANY = re.compile("|".join(kind.pattern for kind in _KINDS))


class Shown:
    """What a page shows, and what stands for it in this run.

    :param host: the address that the page gives the server.
    :param url: the one that it has.
    """

    def __init__(self, host: str, url: str) -> None:
        self._bound: dict[str, str] = {}
        self._addresses = ((host, url), (host.partition("//")[2], url.partition("//")[2]))

    def real(self, text: str) -> str:
        """A text of the page with what stands for its parts in this run."""
        for shown, real in (*self._addresses, *self._bound.items()):
            text = text.replace(shown, real)
        return text

    def check(self, language: str, shown: str, printed: str) -> None:
        """Hold what was printed against a block of the page.

        :param language: ``json`` (values, one after another), ``http`` (a head, and JSON maybe) or
            ``text``.
        """
        if language == "json":
            self._values(shown, printed)
        elif language == "http":
            self._answer(shown, printed)
        else:
            assert language == "text"
            self._texts(shown.strip(), printed.strip())

    def _answer(self, shown: str, printed: str) -> None:
        head, _, body = shown.partition("\n\n")
        real_head, _, real_body = printed.replace("\r", "").partition("\n\n")
        lines = real_head.splitlines()
        first, *others = head.strip().splitlines()
        self._texts(first, lines[0])
        for line in others:
            name = line.partition(":")[0]
            [same] = [each for each in lines[1:] if each.partition(":")[0] == name]
            self._texts(line, same)
        if body:
            self._values(body, real_body)

    def _values(self, shown: str, printed: str) -> None:
        expected, real = list(_values(shown)), list(_values(printed))
        assert len(expected) == len(real), printed
        for each, value in zip(expected, real, strict=True):
            self._same(each, value, "$")

    def _same(self, shown: Json, real: Json, at: str) -> None:
        if isinstance(shown, dict):
            assert isinstance(real, dict), (at, real)
            names = shown.keys() - {MORE}
            assert names <= real.keys(), (at, names - real.keys())
            assert MORE in shown or names == real.keys(), (at, "not shown", real.keys() - names)
            for name in names:
                self._same(shown[name], real[name], f"{at}.{name}")
        elif isinstance(shown, list):
            assert isinstance(real, list), (at, real)
            assert len(real) == len(shown), (at, real)
            for index, (each, value) in enumerate(zip(shown, real, strict=True)):
                self._same(each, value, f"{at}[{index}]")
        elif isinstance(shown, str) and isinstance(real, str):
            self._texts(shown, real, at)
        else:
            assert (type(shown), shown) == (type(real), real), at

    def _texts(self, shown: str, real: str, at: str = "") -> None:
        expected = list(_ANY.finditer(shown))
        found = list(_ANY.finditer(real))
        for each, other in zip(expected, found, strict=False):
            if each[0] not in self._bound and any(
                kind.fullmatch(each[0]) and kind.fullmatch(other[0]) for kind in _KINDS
            ):
                self._bound[each[0]] = other[0]
        assert _timeless(self.real(shown)) == _timeless(real), at


def _timeless(text: str) -> str:
    return _SECONDS.sub("<seconds>", _TIME.sub("<time>", text))


def _values(text: str) -> list[Json]:
    """The JSON values of a text, one after another."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while rest := text[at:].lstrip():
        at = len(text) - len(rest)
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found
