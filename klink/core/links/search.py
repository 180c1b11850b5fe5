"""Lists of links: filtered, sorted, and paged by a cursor or by number.

A page by cursor starts where the last one ended by the value it was sorted by, so its cost
does not grow with its distance from the start, and links made meanwhile shift nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.links import by_clicks, finding
from klink.core.links.filters import filters, words_of
from klink.core.links.model import LinkPage, LinkQuery, NumberedPage
from klink.core.links.quota import living_links
from klink.core.links.views import views_of
from klink.core.principal import Principal
from klink.core.slugs import may_be_slug
from klink.db.connection import read

MAX_LIMIT = 200
MAX_PAGE = 10**9
MAX_Q = 200
MAX_WORDS = 8
"""Different words in ``q``: each is compared with every link that may fit."""

MAX_WORD = 64
STATES = ("active", "inactive", "expired", "quarantined", "trashed")
BY_NUMBER = ("created", "-created", "updated", "-updated", "slug", "-slug")
"""What a list can be sorted by whose pages have numbers."""

SORTS = (*BY_NUMBER, "clicks", "-clicks")


def search(ctx: Context, who: Principal, query: LinkQuery) -> LinkPage:
    """One page of the workspace's links.

    It may hold fewer than ``query.limit``, even none, and have a next one: no more than some
    thousands of links are looked at for it (:mod:`klink.core.links.finding`).

    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: a filter, the sort, the limit or the cursor is not known.
    """
    who.need("read")
    _check(query, SORTS)
    order = _order(query)
    with read():
        asked = filters(ctx, who.workspace_id, query)
        way = by_clicks if order.columns == by_clicks.COLUMNS else finding
        found = way.find(asked, order, query.limit)
        cursor = None if found.after is None else _cursor(query, found.after)
        return LinkPage(views_of(ctx, found.records), cursor)


def numbered(ctx: Context, who: Principal, query: LinkQuery, page: int) -> NumberedPage:
    """Page number ``page`` of the workspace's links, ``query.limit`` to a page.

    A page after the last is empty. Without filters the total is kept count of; with some the
    links are counted, which takes longer the more links there are.

    :param query: without a cursor, and not sorted by clicks.
    :raises InsufficientScope, ValidationFailed: as :func:`search`.
    """
    who.need("read")
    _check(query, BY_NUMBER)
    if not 1 <= page <= MAX_PAGE:
        raise ValidationFailed({"page": [f"must be 1 to {MAX_PAGE}"]})
    order = _order(query)
    with read():
        asked = filters(ctx, who.workspace_id, query)
        total = finding.count(asked) if asked.rest else living_links(who.workspace_id)
        skipped = (page - 1) * query.limit
        found = finding.at(asked, order, skipped=skipped, limit=query.limit, total=total)
        pages = max(1, -(-total // query.limit))
        return NumberedPage(views_of(ctx, found), page, pages, total)


def _check(query: LinkQuery, sorts: Sequence[str]) -> None:
    errors = {}
    if query.state is not None and query.state not in STATES:
        errors["state"] = [f"must be one of {', '.join(STATES)}"]
    if query.sort not in sorts:
        errors["sort"] = [f"must be one of {', '.join(sorts)}"]
    if not 1 <= query.limit <= MAX_LIMIT:
        errors["limit"] = [f"must be 1 to {MAX_LIMIT}"]
    words = words_of(query.q)
    if len(query.q) > MAX_Q:
        errors["q"] = [f"at most {MAX_Q} characters"]
    elif len(words) > MAX_WORDS:
        errors["q"] = [f"at most {MAX_WORDS} different words; leave some out"]
    elif any(len(word) > MAX_WORD for word in words):
        errors["q"] = [f"at most {MAX_WORD} characters in a word; give a part of it"]
    if any("\0" in text for text in (query.q, query.tag or "", query.domain or "")):
        errors["q"] = ["must not contain control characters"]
    if errors:
        raise ValidationFailed(errors)


_COLUMNS = {**finding.COLUMNS, "clicks": by_clicks.COLUMNS}
_TYPES: dict[str, list[type]] = {
    "created": [int],
    "updated": [int, int],
    "slug": [str, int],
    "clicks": [int, int],
}
"""Of what a cursor holds, by what the list is sorted by."""


def _order(query: LinkQuery) -> finding.Order:
    """The list's order, from the cursor on."""
    key = query.sort.lstrip("-")
    after = None if query.cursor is None else _parse_cursor(query.cursor, query.sort, _TYPES[key])
    return finding.Order(_COLUMNS[key], query.sort.startswith("-"), after)


def _cursor(query: LinkQuery, after: tuple[Any, ...]) -> str:
    text = json.dumps([query.sort, *after], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_cursor(cursor: str, sort: str, types: Sequence[type]) -> tuple[Any, ...]:
    """The values in a cursor; it comes from a client, so nothing about it is believed."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, *values = json.loads(base64.urlsafe_b64decode(padded))
        fits = made_for == sort and [type(value) for value in values] == list(types)
        fits = fits and all(
            abs(v) < 2**62 if isinstance(v, int) else may_be_slug(v) for v in values
        )
    except (ValueError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise ValidationFailed({"cursor": ["is not a cursor of this list; start without one"]})
    return tuple(values)
