"""Patterns with ``*`` and ``?``, matched in time that grows with the text alone.

Regular expressions of other people could keep a processor busy for hours. A pattern with ``*``
alone fits when its pieces are found one after the other, one with ``?`` alone only texts of its own
length. With both, all places in the pattern that a text may have reached are the bits of one
number, so each character of the text is one step, whatever the pattern; that takes longer, so lists
have room for fewer of them.
"""

from __future__ import annotations

import re

__all__ = ["Glob", "is_glob"]

_WILD = re.compile(r"[*?]+")


def is_glob(text: str) -> bool:
    """Whether a text has a wildcard."""
    return "*" in text or "?" in text


class Glob:
    """A pattern for a whole text: ``*`` is any number of characters, ``?`` any one."""

    __slots__ = ("_any", "_end", "_masks", "_needle", "_pieces", "_stars", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces = () if "?" in text else tuple(text.split("*"))
        self._needle = max(_WILD.split(text), key=len)
        self._masks: dict[str, int] = {}
        self._any = self._stars = 0
        place = 1  # the bit of what has been matched so far
        for char in text:
            if char == "*":
                self._stars |= place
                continue
            if char == "?":
                self._any |= place
            else:
                self._masks[char] = self._masks.get(char, 0) | place
            place <<= 1
        self._end = place

    def matches(self, text: str) -> bool:
        """Whether the whole text fits."""
        if self._needle not in text:  # nearly always, and at once
            return False
        if not self._stars and len(text) != len(self.text):
            return False
        return self._has_pieces(text) if self._pieces else self._is_reached(text)

    def _has_pieces(self, text: str) -> bool:
        """Whether the pieces between the stars stand in the text, the outer ones at its ends."""
        first, *between = self._pieces
        if not between:
            return text == first
        last = between.pop()
        end = len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last)):
            return False
        place = len(first)
        for piece in between:
            place = text.find(piece, place, end)
            if place < 0:
                return False
            place += len(piece)
        return place <= end

    def _is_reached(self, text: str) -> bool:
        """Whether the end of the pattern is among the places that the text reaches."""
        masks, wild, stars = self._masks, self._any, self._stars
        reached = 1
        for char in text:
            reached = (reached & (masks.get(char, 0) | wild)) << 1 | (reached & stars)
            if not reached:
                return False
        return bool(reached & self._end)
