"""Write klink/core/blocking/confusables.txt: what letters of host names look like.

    .venv/bin/python -m scripts.make_confusables > klink/core/blocking/confusables.txt

Of Unicode's table (UTS #39), as the package ``confusable-homoglyphs`` holds it, only what can
stand in a host is kept, and each look already in the form that `klink.core.blocking.looks`
compares: decomposed, small letters.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping
from importlib.resources import files

import ada_url

_MARKS = dict.fromkeys(map(ord, "\u200e\u200f"))  # the package's own, around letters of Hebrew
_ASCII = "01m"
_HEAD = """\
# What letters that can stand in a host look like: each, then its look, in small letters.
# Made by scripts/make_confusables.py of Unicode's confusables (https://www.unicode.org/reports/tr39/).
# Copyright © Unicode, Inc., under the Unicode License (https://www.unicode.org/license.txt).
"""

Table = Mapping[str, list[str]]


def main() -> None:
    """Print the table."""
    read = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
    sys.stdout.buffer.write(made_of(table_of(read)).encode())


def table_of(read: Mapping[str, list[dict[str, str]]]) -> Table:
    """The package's JSON: what each character may be taken for."""
    return {char: [each["c"].translate(_MARKS) for each in like] for char, like in read.items()}


def made_of(table: Table) -> str:
    """The file's text."""
    lines = []
    for char in sorted(table):
        if len(char) == 1 and _is_of_hosts(char) and unicodedata.normalize("NFD", char) == char:
            look = _look(table, char)
            if look != char:
                lines.append(f"{char} {look}\n")
    return _HEAD + "".join(lines)


def _look(table: Table, text: str) -> str:
    """The text as its look, mapped until nothing changes any more."""
    before = ""
    while before != text:
        before = text
        decomposed = unicodedata.normalize("NFD", text)
        text = "".join(_prototype(table, char) for char in decomposed).lower()
    return text


def _prototype(table: Table, char: str) -> str:
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
        return char in _ASCII
    try:
        label = str(ada_url.URL(f"http://a{char}a.example/").hostname).partition(".")[0]
    except ValueError:
        return False
    return label.startswith("xn--") and label[4:].encode().decode("punycode") == f"a{char}a"


if __name__ == "__main__":
    main()
