"""``If-Match``: a change that names the version it was made for (RFC 9110, 13.1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from flask import request

from klink.core.errors import PreconditionFailed

_TAG = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e]*"\s*')
_STRONG = re.compile(r'\s*"([1-9][0-9]{0,17})"\s*')
_MAX_TAGS = 20
_NO_VERSION = 0

_T = TypeVar("_T")


def if_match(change: Callable[[int | None], _T]) -> _T:
    """Make a change for whichever version ``If-Match`` names.

    Without the header, or with ``*``, any version will do. Weak tags never match, and
    neither does a header that cannot be read.

    :param change: takes the version that the link must have, or None for any.
    :raises PreconditionFailed: the link has none of the versions named.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return change(None)
    *others, last = _versions(header)
    for version in others:
        try:
            return change(version)
        except PreconditionFailed:
            continue
    return change(last)


def _versions(header: str) -> list[int]:
    """The versions named; one that no link has when there are none, so that 404 comes first."""
    tags = header.split(",")
    if len(tags) > _MAX_TAGS or not all(_TAG.fullmatch(tag) for tag in tags):
        return [_NO_VERSION]
    strong = [match for match in map(_STRONG.fullmatch, tags) if match]
    return [int(match[1]) for match in strong] or [_NO_VERSION]
