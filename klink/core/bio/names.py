"""Names of bio pages: what stands behind the ``@`` of their addresses."""

from __future__ import annotations

import re

from klink.core.blocking.looks import looks_of
from klink.core.errors import ValidationFailed
from klink.core.slugs import RESERVED

__all__ = ["MAX_NAME", "MIN_NAME", "check_name", "plain_name"]

MIN_NAME, MAX_NAME = 3, 32

_SHAPE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_JOINTS = re.compile(r"[-_]+")
_DIGITS = "0123456789"
_SPOKEN = str.maketrans("34578", "eastb")  # digits that are written for letters


def plain_name(text: str) -> str | None:
    """The name as it is kept, in lower case; None for what no page can have."""
    fits = MIN_NAME <= len(text) <= MAX_NAME and _SHAPE.fullmatch(text)
    return text.lower() if fits else None


def check_name(text: str) -> str:
    """The name as it is kept, when somebody may choose it.

    :param text: in any case; people write the ``@`` before it.
    :raises ValidationFailed: on ``name``: its shape is wrong, or it is kept for the operator.
    """
    given = text.strip().removeprefix("@")
    if not MIN_NAME <= len(given) <= MAX_NAME:
        raise _refusal(f"must have {MIN_NAME} to {MAX_NAME} characters")
    name = plain_name(given)
    if name is None:
        raise _refusal(
            "may hold only letters a-z, digits, '-' and '_', "
            "and must start and end with a letter or digit"
        )
    if _sounds_official(name):
        raise _refusal(f"{name!r} is kept for whoever runs this server; choose another name")
    return name


def _sounds_official(name: str) -> bool:
    """Whether a name is a reserved word, or is made to be read as one or as several.

    ``support``, ``supp0rt``, ``sup-port``, ``support24``, ``official_support``.
    """
    parts = _JOINTS.split(name)
    spellings = ["".join(parts), "".join(parts).rstrip(_DIGITS)]
    return any(map(_is_kept, spellings)) or all(map(_is_kept, parts))


def _is_kept(word: str) -> bool:
    return bool(word) and (word in _WORDS or _look(word) in _LOOKS)


def _look(word: str) -> str:
    return looks_of(word.translate(_SPOKEN))[0].replace("i", "l")


_WORDS = RESERVED | {_JOINTS.sub("", word) for word in RESERVED}
_LOOKS = frozenset(map(_look, _WORDS))


def _refusal(text: str) -> ValidationFailed:
    return ValidationFailed({"name": [text]})
