"""The tags of a workspace's links: which there are, another name for one, and without one.

A tag lives on links and nowhere else, and may be on very many of them. So they are changed a few
at a time, each time in a unit of work of its own, and others write in between.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from klink.core import audit
from klink.core.context import Context
from klink.core.errors import NotFound, ValidationFailed
from klink.core.links.batch import tag_rows
from klink.core.links.fields import MAX_TAG
from klink.core.links.tag_versions import Tags, keep_tags
from klink.core.principal import Principal
from klink.core.problems import text_problem
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import lock_each, read, write
from klink.db.models import LinkTag

__all__ = ["TagPage", "TagView", "delete_tag", "rename_tag", "tags"]

MAX_LIMIT = 1_000
_AT_ONCE = 500
"""Links of one unit of work: about twenty milliseconds, in which nobody else writes."""

_MAX_CURSOR = 400


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag and how many links have it.

    :ivar trashed: how many more have it that are in the trash.
    """

    tag: str
    links: int
    trashed: int


@dataclass(frozen=True, slots=True)
class TagPage:
    """One page of tags, in the order of their texts, and where the next begins."""

    items: list[TagView]
    next_cursor: str | None


def tags(who: Principal, *, cursor: str | None = None, limit: int = 50) -> TagPage:
    """One page of the workspace's tags, with their counts.

    :param cursor: ``next_cursor`` of the page before.
    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: the limit or the cursor.
    """
    who.need("read")
    if not 1 <= limit <= MAX_LIMIT:
        raise ValidationFailed({"limit": [f"must be 1 to {MAX_LIMIT:,}"]})
    after = "" if cursor is None else _tag_of(cursor)
    sql = """
        SELECT tag, COUNT(*) FROM link_tags WHERE workspace_id = ? AND tag > ?
        GROUP BY tag ORDER BY tag LIMIT ?
    """
    with read():
        found = rows.all_of(sql, who.workspace_id, after, limit + 1)
        shown = found[:limit]
        trashed = _trashed(who.workspace_id)
    items = [TagView(tag, many - trashed.get(tag, 0), trashed.get(tag, 0)) for tag, many in shown]
    return TagPage(items, _cursor(items[-1].tag) if len(found) > limit else None)


def rename_tag(ctx: Context, who: Principal, tag: str, new: str) -> int:
    """Give a tag another name on all links that have it; return how many those were.

    When there is a tag of that name, the two are one from then on. Links in the trash too. Each
    is changed like any other change; those that get the tag meanwhile keep it.

    :raises InsufficientScope: the key may not.
    :raises NotFound: no link has the tag.
    :raises ValidationFailed: the name.
    """
    who.need("update")
    name = new.strip()
    if problem := text_problem(name, MAX_TAG):
        raise ValidationFailed({"name": [problem]})
    return 0 if name == tag else _change(ctx, who, tag, name)


def delete_tag(ctx: Context, who: Principal, tag: str) -> int:
    """Take a tag off all links that have it, those in the trash too; return how many those were.

    :raises InsufficientScope: the key may not.
    :raises NotFound: no link has the tag.
    """
    who.need("update")
    return _change(ctx, who, tag, None)


def _change(ctx: Context, who: Principal, tag: str, new: str | None) -> int:
    """Put ``new``, or nothing, in a tag's place."""
    if text_problem(tag, MAX_TAG):  # of which the database need not hear
        raise NotFound("tag")
    action = "tag.delete" if new is None else "tag.rename"
    changed = 0
    for ids in _links_with(who.workspace_id, tag):
        with write():
            if not changed:  # with the first ones, so that what was begun is known
                audit.record(ctx, who, action, f"tag:{tag}", {} if new is None else {"name": new})
            changed += _change_some(ctx, who, ids, tag, new, action)
    if not changed:
        raise NotFound("tag")
    return changed


def _links_with(workspace_id: int, tag: str) -> Iterator[list[int]]:
    """The links that have a tag, a few at a time, by their ids."""
    sql = """
        SELECT link_id FROM link_tags WHERE workspace_id = ? AND tag = ? AND link_id > ?
        ORDER BY link_id LIMIT ?
    """
    after = 0
    while True:
        with read():
            ids = [int(id_) for (id_,) in rows.all_of(sql, workspace_id, tag, after, _AT_ONCE)]
        if not ids:
            return
        after = ids[-1]
        yield ids


def _change_some(
    ctx: Context,
    who: Principal,
    ids: Sequence[int],
    tag: str,
    new: str | None,
    action: str,
) -> int:
    """Change links that still have the tag, in the current unit of work; return how many.

    What caches hold of a link names no tag, so the change log need not tell them.
    """
    lock_each([f"klink:link:{number}" for number in ids])
    changed = {
        number: Tags(sorted(tags), sorted(tags - {tag} | ({new} if new is not None else set())))
        for number, tags in _tags_of(ids).items()
        if tag in tags
    }
    if not changed:
        return 0
    keep_tags(ctx, who, action, changed)
    theirs, values = rows.among("link_id", list(changed))
    rows.run(f"DELETE FROM link_tags WHERE {theirs} AND tag = ?", values, tag)  # noqa: S608 - own
    if new is not None:
        lacking = [number for number, tags in changed.items() if new not in tags.before]
        given = [row for number in lacking for row in tag_rows(number, who.workspace_id, (new,))]
        rows.insert(LinkTag, given)
    theirs, values = rows.among("id", list(changed))
    sql = f"UPDATE links SET version = version + 1, updated_at = ? WHERE {theirs}"  # noqa: S608 - own
    rows.run(sql, to_ms(ctx.now), values)
    return len(changed)


def _tags_of(ids: Sequence[int]) -> dict[int, set[str]]:
    """All tags of these links."""
    theirs, values = rows.among("link_id", ids)
    found: dict[int, set[str]] = defaultdict(set)
    for number, tag in rows.all_of(f"SELECT link_id, tag FROM link_tags WHERE {theirs}", values):  # noqa: S608 - own
        found[number].add(tag)
    return found


def _trashed(workspace_id: int) -> dict[str, int]:
    """How many links in the trash have each tag."""
    # The order of a CROSS JOIN is SQLite's too: few links are in the trash, and an index has those.
    sql = """
        SELECT tag, COUNT(*) FROM links CROSS JOIN link_tags
        WHERE links.workspace_id = ? AND deleted_at IS NOT NULL AND link_id = links.id
        GROUP BY tag
    """
    return dict(rows.all_of(sql, workspace_id))


def _cursor(tag: str) -> str:
    return base64.urlsafe_b64encode(tag.encode()).decode().rstrip("=")


def _tag_of(cursor: str) -> str:
    """The tag in a cursor; it comes from a client, so nothing about it is believed."""
    try:
        if len(cursor) > _MAX_CURSOR:
            raise ValueError
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        if not text or "\0" in text or _cursor(text) != cursor:
            raise ValueError
    except ValueError:
        raise ValidationFailed(
            {"cursor": ["is not a cursor of this list; start without one"]}
        ) from None
    return text
