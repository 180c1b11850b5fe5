"""Unicode's table of what letters look like (UTS #39), as far as hosts are concerned."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import ada_url

__all__ = ["ASCII_LOOKS", "looks"]

ASCII_LOOKS: Mapping[str, str] = {"0": "o", "1": "l", "m": "rn"}
"""What the table says of ASCII; most hosts are, and so need not wait until it is read."""

_MARKS = dict.fromkeys(map(ord, "\u200e\u200f"))  # the package's own, around letters of Hebrew

_Table = Mapping[str, list[str]]


@cache
def looks() -> Mapping[str, str]:
    """What each letter that can stand in a host looks like; those like nothing else are left out.

    In the form that skeletons have: decomposed, small letters. Read from the package when first
    asked for, which takes a tenth of a second.
    """
    read = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
    table = {char: [each["c"].translate(_MARKS) for each in like] for char, like in read.items()}
    found = {}
    for char in table:
        if len(char) == 1 and _is_of_hosts(char) and unicodedata.normalize("NFD", char) == char:
            look = _look(table, char)
            if look != char:
                found[char] = look
    return found


def _look(table: _Table, text: str) -> str:
    """The text as its look, mapped until nothing changes any more."""
    before = ""
    while before != text:
        before = text
        decomposed = unicodedata.normalize("NFD", text)
        text = "".join(_prototype(table, char) for char in decomposed).lower()
    return text


def _prototype(table: _Table, char: str) -> str:
    """What Unicode maps the character to.

    The package has each pair both ways: a prototype has many that look like it, all others one.
    Where two have only each other, either will do.
    """
    like = table.get(char, [])
    if len(like) != 1:
        return char
    (other,) = like
    are_alone = len(other) == 1 and len(table.get(other, [])) == 1
    return char if are_alone and char < other else other


def _is_of_hosts(char: str) -> bool:
    """Whether a host keeps the character as it is; most are mapped to others or refused."""
    if char.isascii():
        return char in ASCII_LOOKS
    try:
        label = str(ada_url.URL(f"http://a{char}a.example/").hostname).partition(".")[0]
    except ValueError:
        return False
    return label.startswith("xn--") and label[4:].encode().decode("punycode") == f"a{char}a"
