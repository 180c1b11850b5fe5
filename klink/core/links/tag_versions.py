"""What links were before and after a change of nothing but their tags, of very many links.

The same as :func:`klink.core.links.versions.keep` writes. But a tag may be on a hundred thousand
links, and to make two views of each, and their snapshots, takes five times as long as to read and
to write them. So here the snapshots are made from the links' rows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from klink.core.context import Context
from klink.core.links import versions
from klink.core.links.model import UTM_NAMES
from klink.core.principal import Principal
from klink.db import rows
from klink.db.models import LinkVersion

__all__ = ["Tags", "keep_tags"]


class Tags(NamedTuple):
    """A link's tags before a change and after it, each in the order of the texts."""

    before: Sequence[str]
    after: Sequence[str]


class _Link(NamedTuple):
    """A link as its row has it: times in milliseconds.

    :ivar values: its snapshot without tags, variants and rules, and without the usual values.
    """

    id: int
    uid: str
    version: int
    created_by: int | None
    created_via: str
    created_at: int
    updated_at: int
    mode: str
    values: dict[str, Any]  # Any: as of a snapshot


_OWN = ("id", "uid", "version", "created_by", "created_via", "created_at", "updated_at", "mode")
_COLUMNS = (
    *((name, {"default": "default_label", "winner": "winner_label"}.get(name, name))
      for name in versions.PLAIN),
    *((name, name) for name in versions.TIMES),
    *((f"utm.{name}", f"utm_{name}") for name in UTM_NAMES),
    ("trashed", "deleted_at IS NOT NULL"),
    ("password", "password_hash IS NOT NULL"),
)  # fmt: skip
"""What a snapshot calls what the columns have."""

_SELECTED = ", ".join((*_OWN, *(column for _, column in _COLUMNS)))
_USUAL = tuple((name, versions.usual(name)) for name, _ in _COLUMNS)
_FLAGS = frozenset(name for name, value in _USUAL if isinstance(value, bool))


def keep_tags(ctx: Context, who: Principal, action: str, changed: Mapping[int, Tags]) -> None:
    """Keep what links are about to become, in the unit of work that will change them.

    :param changed: by the links' numbers; their rows are as before, and get the next version.
    """
    ids = list(changed)
    last = {link_id: (version, text) for link_id, version, text in versions.last_of(ids)}
    found = list(_read(ids))
    inner = _inner([link.id for link in found if link.mode != "single"])
    fresh = [link.uid for link in found if link.version == 1 and link.id not in last]
    keys = versions.keys_of(fresh)
    new = []
    for link in found:
        tags = changed[link.id]
        values = link.values | inner.get(link.id, {})
        version, known = last.get(link.id, (0, ""))
        if "password" in values:
            since = versions.unpacked(known)["password"] if known else None
            values["password"] = since or link.version
        was = versions.packed(values | {"tags": list(tags.before)})
        if version < link.version and not (known and _are_same(known, was)):
            new.append(versions.first(link, was, keys.get(link.uid)))
        now = versions.packed(values | {"tags": list(tags.after)})
        new.append(versions.record(ctx, who, action, link.id, link.version + 1, now))
    rows.insert(LinkVersion, new)


def _are_same(one: str, other: str) -> bool:
    """Whether two packed snapshots say the same."""
    return one == other or versions.unpacked(one) == versions.unpacked(other)


def _read(ids: Sequence[int]) -> Iterator[_Link]:
    theirs, values = rows.among("id", ids)
    sql = f"SELECT {_SELECTED} FROM links WHERE {theirs} ORDER BY id"  # noqa: S608 - own words
    own = len(_OWN)
    for row in rows.all_of(sql, values):
        kept = {
            name: value
            for (name, usual), value in zip(_USUAL, row[own:], strict=True)
            if value != usual
        }
        for name in _FLAGS & kept.keys():
            kept[name] = bool(kept[name])
        if not kept["password"]:
            del kept["password"]
        yield _Link._make((*row[:own], kept))


def _inner(ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The variants and rules of these links, as snapshots have them."""
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"variants": [], "rules": []})
    if not ids:
        return found
    theirs, values = rows.among("link_id", ids)
    sql = f"SELECT link_id, label, url, weight FROM variants WHERE {theirs} ORDER BY position"  # noqa: S608 - own words
    for link_id, label, url, weight in rows.all_of(sql, values):
        found[link_id]["variants"].append({"label": label, "url": url, "weight": weight})
    sql = f"SELECT link_id, conditions, use FROM rules WHERE {theirs} ORDER BY position"  # noqa: S608 - own words
    for link_id, conditions, use in rows.all_of(sql, values):
        found[link_id]["rules"].append({"when": json.loads(conditions), "use": use})
    return found
