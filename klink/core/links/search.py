"""Lists of links: filtered, sorted, and paged by a cursor.

A page starts where the last one ended by the value it was sorted by, so the cost of a
page does not grow with its distance from the start, and links made meanwhile shift
nothing.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.links.find import counts_as_active
from klink.core.links.model import LinkPage, LinkQuery
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.core.slugs import may_be_slug
from klink.core.times import to_ms
from klink.db.connection import read
from klink.db.models import BASE_DOMAIN_ID, Domain, Link, LinkTag

MAX_LIMIT = 200
MAX_Q = 200
MAX_WORDS = 8
"""Different words in ``q``: each costs three comparisons of every link."""

MAX_WORD = 64
STATES = ("active", "inactive", "expired", "trashed")
SORTS = ("created", "-created", "updated", "-updated", "slug", "-slug")


def search(ctx: Context, who: Principal, query: LinkQuery) -> LinkPage:
    """One page of the workspace's links.

    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: a filter, the sort, the limit or the cursor is not known.
    """
    who.need("read")
    _check(query)
    with read():
        # Any: peewee's query types do not survive chaining.
        rows: Any = Link.select().where(Link.workspace == who.workspace_id)
        rows = _filtered(ctx, rows, query)
        rows = _from_cursor(rows, query)
        found = list(rows.limit(query.limit + 1))
        more = len(found) > query.limit
        found = found[: query.limit]
        cursor = _cursor(query, found[-1]) if more else None
        return LinkPage(views(ctx, found), cursor)


def _check(query: LinkQuery) -> None:
    errors = {}
    if query.state is not None and query.state not in STATES:
        errors["state"] = [f"must be one of {', '.join(STATES)}"]
    if query.sort not in SORTS:
        errors["sort"] = [f"must be one of {', '.join(SORTS)}"]
    if not 1 <= query.limit <= MAX_LIMIT:
        errors["limit"] = [f"must be 1 to {MAX_LIMIT}"]
    words = _words(query)
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


def _words(query: LinkQuery) -> list[str]:
    return list(dict.fromkeys(query.q.split()))


def _filtered(ctx: Context, rows: Any, query: LinkQuery) -> Any:
    now_ms = to_ms(ctx.now)
    if query.state == "trashed":
        rows = rows.where(Link.deleted_at.is_null(False))
    else:
        rows = rows.where(Link.deleted_at.is_null())
    if query.state == "active":
        rows = rows.where(counts_as_active(now_ms))
    elif query.state == "inactive":
        rows = rows.where(Link.is_active == False)  # noqa: E712 - SQL, not Python
    elif query.state == "expired":
        rows = rows.where(Link.expires_at <= now_ms)
    if query.tag is not None:
        tagged = LinkTag.select(LinkTag.link).where(
            LinkTag.workspace_id == Link.workspace, LinkTag.tag == query.tag
        )
        rows = rows.where(Link.id.in_(tagged))
    if query.domain is not None:
        host = query.domain.lower()
        if host == ctx.settings.base_host:
            rows = rows.where(Link.domain == BASE_DOMAIN_ID)
        else:
            rows = rows.where(Link.domain.in_(Domain.select(Domain.id).where(Domain.host == host)))
    for word in _words(query):
        rows = rows.where(
            Link.slug.contains(word) | Link.title.contains(word) | Link.url.contains(word)
        )
    return rows


def _from_cursor(rows: Any, query: LinkQuery) -> Any:
    down = query.sort.startswith("-")
    key = query.sort.lstrip("-")
    by_key: dict[str, list[Any]] = {
        "created": [Link.id],
        "updated": [Link.updated_at, Link.id],
        "slug": [Link.slug, Link.id],
    }
    columns = by_key[key]
    rows = rows.order_by(*[column.desc() if down else column.asc() for column in columns])
    if query.cursor is None:
        return rows
    values = _parse_cursor(
        query.cursor,
        query.sort,
        [int] if key == "created" else [int if key == "updated" else str, int],
    )
    if len(columns) == 1:
        beyond = columns[0] < values[0] if down else columns[0] > values[0]
        return rows.where(beyond)
    first, last = columns
    if down:
        beyond = (first < values[0]) | ((first == values[0]) & (last < values[1]))
    else:
        beyond = (first > values[0]) | ((first == values[0]) & (last > values[1]))
    return rows.where(beyond)


def _cursor(query: LinkQuery, row: Link) -> str:
    key = query.sort.lstrip("-")
    by_key: dict[str, list[object]] = {
        "created": [row.id],
        "updated": [to_ms(row.updated_at), row.id],
        "slug": [row.slug, row.id],
    }
    values = by_key[key]
    text = json.dumps([query.sort, *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_cursor(cursor: str, sort: str, types: list[type]) -> list[Any]:
    """The values in a cursor; it comes from a client, so nothing about it is believed."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, *values = json.loads(base64.urlsafe_b64decode(padded))
        fits = made_for == sort and [type(value) for value in values] == types
        fits = fits and all(
            abs(v) < 2**62 if isinstance(v, int) else may_be_slug(v) for v in values
        )
    except (ValueError, TypeError, RecursionError):
        fits = False
    if not fits:
        raise ValidationFailed({"cursor": ["is not a cursor of this list; start without one"]})
    return list(values)
