"""The history of a link: who changed what, when, and the way back to how it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from klink.core import paging
from klink.core.context import Context
from klink.core.errors import NotFound, ValidationFailed
from klink.core.links import versions
from klink.core.links.change import update
from klink.core.links.find import row_of
from klink.core.links.model import UTM_NAMES, LinkPatch, LinkView, NewRule, NewVariant
from klink.core.links.versions import Snapshot
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.core.times import from_ms
from klink.db import rows
from klink.db.connection import read

__all__ = ["HistoryEntry", "HistoryPage", "history", "restore_version"]

_WORDS = {
    versions.CREATED: "created",
    versions.FOUND: "as it was when its history began",
    versions.REVERTED: "restored",
    "link.update": "changed",
    "link.trash": "moved to the trash",
    "link.restore": "taken out of the trash",
    "link.winner": "winner named",
    "link.winner.undo": "winner taken back",
    "link.quarantine": "put in quarantine",
    "link.release": "released from quarantine",
    "tag.rename": "tag renamed",
    "tag.delete": "tag deleted",
}
_ROUTING = ("url", "mode", "variants", "rules", "default")
_TIMES = ("starts_at", "expires_at")
_OWN = (
    "slug", "title", "description", "type", "post_id", "site_url", "auto_winner",
    "winner_threshold", "forward_query", "redirect_status", "conversion_tracking",
    "conversion_redirect_url", "starts_at", "expires_at", "max_clicks", "expired_url",
    "failover_url", "is_active",
)  # fmt: skip
"""What going back changes, beside destinations, tags and UTM parameters."""

_COLUMNS = "version, at, user_id, key_id, door, action, restored, snapshot"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version of a link, and the change that made it.

    :ivar email: of the user who made it; None when it was klink, or nobody knows.
    :ivar key: name of the API key that it came with.
    :ivar door: ``klink``, ``admin``, ``cli``, ``jobs``, a dialect's name, or '': nobody knows.
    :ivar action: noun and verb, as in the audit log; ``words`` tells the same to people.
    :ivar restored: the version that it went back to.
    :ivar changes: the old and the new value of each field that has another one, by the names of
        :class:`LinkView` (``utm.source`` for those parts; ``trashed``; ``password``, which is
        ``set``, ``changed`` or None). Variants and rules are lists of mappings, times are times.
    :ivar is_current: whether the link is like this now.
    :ivar is_kept: whether it can be restored; of the first one of an old link only the time is
        known.
    :ivar differs: whether restoring it would change the link as it is now.
    """

    version: int
    at: datetime
    email: str | None
    key: str | None
    door: str
    action: str
    restored: int | None
    changes: Mapping[str, tuple[Any, Any]]  # Any: of each field's own type
    is_current: bool
    is_kept: bool
    differs: bool

    @property
    def words(self) -> str:
        """What was done, in words."""
        if self.restored is not None:
            return f"version {self.restored} restored"
        return _WORDS.get(self.action, self.action)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of a link's history, newest first, and where the next begins."""

    items: list[HistoryEntry]
    next_cursor: str | None


class _Version(NamedTuple):
    """A record; ``snapshot`` is None when nothing but its time is known."""

    version: int
    at: datetime
    user_id: int | None
    key_id: int | None
    door: str
    action: str
    restored: int | None
    snapshot: Snapshot | None


def history(
    ctx: Context, who: Principal, uid: str, *, cursor: str | None = None, limit: int = 50
) -> HistoryPage:
    """One page of the history of a link, in the trash or not; newest first.

    :param cursor: ``next_cursor`` of the page before.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    :raises ValidationFailed: the limit or the cursor.
    """
    who.need("read")
    errors: dict[str, list[str]] = {}
    below = paging.below(errors, cursor=cursor, limit=limit)
    with read():
        (link,) = views(ctx, [row_of(who, uid)])
        if errors:
            raise ValidationFailed(errors)
        found = _versions(link, min(below, 2**31 - 1), limit + 1)
        shown = found[:limit]
        emails = _names("users", "email", {each.user_id for each in shown})
        keys = _names("api_keys", "name", {each.key_id for each in shown})
    now = versions.snapshot(link)
    items = [
        HistoryEntry(
            version=each.version,
            at=each.at,
            email=emails.get(each.user_id),
            key=keys.get(each.key_id),
            door=each.door,
            action=each.action,
            restored=each.restored,
            changes=_changes(before, each),
            is_current=cursor is None and i == 0,
            is_kept=each.snapshot is not None,
            differs=each.snapshot is not None and bool(_patch(now, each.snapshot).given()),
        )
        for i, (each, before) in enumerate(zip(shown, [*found[1:], None], strict=False))
    ]
    more = len(found) > limit
    return HistoryPage(items, str(items[-1].version) if more else None)


def restore_version(
    ctx: Context, who: Principal, uid: str, version: int, if_version: int | None = None
) -> LinkView:
    """Make a link what it was in a version of its history, as a change like any other.

    Only what differs is changed, and must be allowed today. Whether it is in quarantine, which
    winner its experiment has and what its password is stay as they are.

    :param if_version: the version that the caller has read, or None to change any.
    :raises NotFound: no such link, or no such version of it.
    :raises: as :func:`klink.core.links.update`.
    """
    who.need("update")
    with read():
        row = row_of(who, uid)
        sql = "SELECT snapshot FROM link_versions WHERE link_id = ? AND version = ?"
        found = rows.one(sql, row.id, version) if 0 < version < 2**31 else None
        is_there = found is not None or (version == row.version and not _is_known(row.id))
    if not is_there:
        raise NotFound("version")
    old = None if found is None else versions.unpacked(found[0])

    def back(link: LinkView) -> LinkPatch:
        return LinkPatch() if old is None else _patch(versions.snapshot(link), old)

    return update(ctx, who, uid, back, if_version=if_version, restored=version)


def _versions(link: LinkView, below: int, limit: int) -> list[_Version]:
    """Versions lower than ``below``, newest first, at most ``limit``."""
    sql = f"""
        SELECT {_COLUMNS} FROM link_versions WHERE link_id = ? AND version < ?
        ORDER BY version DESC LIMIT ?
    """  # noqa: S608 - own words
    found = [_read(row) for row in rows.all_of(sql, link.id, below, limit)]
    if not found and link.version < below and not _is_known(link.id):
        found = [_as_it_is(link)]
    if len(found) < limit and below > 1 and (not found or found[-1].version > 1):
        found.append(_creation(link))
    return found


def _read(row: tuple[Any, ...]) -> _Version:  # Any: of each column's own type
    kept = _Version(*row)
    return kept._replace(at=from_ms(row[1]), snapshot=versions.unpacked(row[-1]))


def _is_known(link_id: int) -> bool:
    """Whether the link has any version that was written down."""
    return rows.one("SELECT 1 FROM link_versions WHERE link_id = ? LIMIT 1", link_id) is not None


def _as_it_is(link: LinkView) -> _Version:
    """The only version of a link that was not changed since versions are kept."""
    values = versions.snapshot(link, link.version)
    key_id = versions.keys_of([link.uid]).get(link.uid) if link.version == 1 else None
    made = versions.first(link, versions.packed(values), key_id)
    del made["link_id"]
    return _Version(**made | {"snapshot": values})


def _creation(link: LinkView) -> _Version:
    """How a link began of which no version was kept then."""
    key_id = versions.keys_of([link.uid]).get(link.uid)
    return _Version(
        1,
        link.created_at,
        link.created_by,
        key_id,
        link.created_via,
        versions.CREATED,
        None,
        None,
    )


def _names(table: str, column: str, ids: set[int | None]) -> dict[int | None, str]:
    known = sorted(each for each in ids if each is not None)
    if not known:
        return {}
    theirs, values = rows.among("id", known)
    return dict(rows.all_of(f"SELECT id, {column} FROM {table} WHERE {theirs}", values))  # noqa: S608 - own


def _changes(before: _Version | None, after: _Version) -> dict[str, tuple[Any, Any]]:
    """What a version has that the one before it has not."""
    if before is None or before.snapshot is None or after.snapshot is None:
        return {}
    old, new = before.snapshot, after.snapshot
    found = {}
    for name in versions.NAMES:
        if old[name] == new[name]:
            continue
        if name == "url" and "single" not in (old["mode"], new["mode"]):
            continue  # it follows from the variants, which are among the changes
        found[name] = (_shown(name, old[name], None), _shown(name, new[name], old[name]))
    return found


def _shown(name: str, value: Any, before: Any) -> Any:  # Any: of each field's own type
    if value is None:
        return None
    if name in _TIMES:
        return from_ms(value)
    if name == "password":
        return "set" if before is None else "changed"
    return value


def _patch(now: Snapshot, old: Snapshot) -> LinkPatch:
    """What makes a link that is ``now`` what it was."""
    given = {name: old[name] for name in _OWN if old[name] != now[name]}
    for name in _TIMES:
        if given.get(name) is not None:
            given[name] = from_ms(given[name])
    if old["tags"] != now["tags"]:
        given["tags"] = tuple(old["tags"])
    utm = {name: old[f"utm.{name}"] for name in UTM_NAMES}
    differs = {name: text for name, text in utm.items() if text != now[f"utm.{name}"]}
    if differs:
        given["utm"] = differs
    if any(old[name] != now[name] for name in _ROUTING):
        given |= _destinations(old)
    return LinkPatch(**given)


def _destinations(old: Snapshot) -> dict[str, Any]:  # Any: of each field's own type
    variants: Sequence[Mapping[str, Any]] = old["variants"]
    if not variants:
        return {"url": old["url"], "mode": "single", "variants": (), "rules": (), "default": None}
    return {
        "mode": old["mode"],
        "variants": tuple(NewVariant(**each) for each in variants),
        "rules": tuple(NewRule(**each) for each in old["rules"]),
        "default": old["default"],
    }
