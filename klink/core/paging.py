"""What lists have in common: a limit, a cursor, and of things that happened a span of time.

A cursor is the number of the last one of the page before, and before it its time where the list is
in the order of times.
"""

from __future__ import annotations

import re
from datetime import datetime

MAX_LIMIT = 200

_MAX_NUMBER = 2**62
_CURSOR = re.compile(r"(\d{1,15})-(\d{1,18})", re.ASCII)


def position(
    errors: dict[str, list[str]],
    *,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
) -> tuple[int, int] | None:
    """The position (ms, id) that a cursor holds; what cannot be is noted in ``errors``."""
    if not 1 <= limit <= MAX_LIMIT:
        errors["limit"] = [f"must be 1 to {MAX_LIMIT}"]
    if since and until and since >= until:
        errors["since"] = ["must lie before until"]
    found = None if cursor is None else _CURSOR.fullmatch(cursor)
    if cursor is not None and found is None:
        errors["cursor"] = ["is not a cursor of this list; start without one"]
    return None if found is None else (int(found[1]), int(found[2]))


def below(errors: dict[str, list[str]], *, cursor: str | None, limit: int) -> int:
    """The number that a page of numbered things, newest first, lies below.

    What cannot be is noted in ``errors``.
    """
    return _number(errors, cursor, limit, first=_MAX_NUMBER)


def above(errors: dict[str, list[str]], *, cursor: str | None, limit: int) -> int:
    """The number that a page of numbered things, oldest first, lies above; as :func:`below`."""
    return _number(errors, cursor, limit, first=0)


def _number(errors: dict[str, list[str]], cursor: str | None, limit: int, *, first: int) -> int:
    if not 1 <= limit <= MAX_LIMIT:
        errors["limit"] = [f"must be 1 to {MAX_LIMIT}"]
    if cursor is None:
        return first
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        errors["cursor"] = ["is not a cursor of this list; start without one"]
        return 0
    return int(cursor)
