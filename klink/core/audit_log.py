"""Reading the audit log: newest first, by what, by whom, about what and when.

Every question is answered along an index. Entries are numbered in the order in which they were
written, which is very nearly that of their times, so a span of time is looked up in the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from klink.core import paging
from klink.core.audit_views import COLUMNS, Actor, AuditView, Entry, Subject, views
from klink.core.errors import ValidationFailed
from klink.core.principal import Principal
from klink.core.slugs import may_be_slug
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import read
from klink.db.models import BASE_DOMAIN_ID

__all__ = ["Actor", "AuditPage", "AuditQuery", "AuditView", "Subject", "search", "search_all"]

MAX_TEXT = 300

_SLACK_MS = 6 * 3600 * 1000
"""By how much an entry's time may differ from that of those written with it: a job writes the
time at which it began."""

_FREQUENT = frozenset({"link.create", "link.update"})
"""What programs do all day long: whoever does it, too, is found sooner by who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries; None is any.

    :param person: an e-mail address.
    :param subject: such as ``link:0198…``, or a slug, a host or an e-mail address.
    :param cursor: ``next_cursor`` of the page before.
    """

    action: str | None = None
    person: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of entries and where the next begins, if there is one."""

    items: list[AuditView]
    next_cursor: str | None


def search(who: Principal, query: AuditQuery) -> AuditPage:
    """One page of the workspace's entries.

    :raises InsufficientScope, InsufficientRole: for owners and admins.
    :raises ValidationFailed: what cannot be asked, by its name in the query.
    """
    who.need("read")
    who.need_manager()
    return _search(query, [who.workspace_id])


def search_all(query: AuditQuery) -> AuditPage:
    """The same of all workspaces and of none: for whoever runs the server, as the door has seen.

    :raises ValidationFailed: what cannot be asked, by its name in the query.
    """
    return _search(query, None)


class _Condition(NamedTuple):
    sql: str
    values: tuple[object, ...]


def _search(query: AuditQuery, places: Sequence[int | None] | None) -> AuditPage:
    """:param places: the workspaces; None is everywhere."""
    below = _check(query)
    with read():
        conditions = _conditions(query, below, places)
        if conditions is None:
            return AuditPage([], None)
        if places is None and (query.action or query.person) and not query.subject:
            # An index begins with the workspace.
            places = [None, *(i for (i,) in rows.all_of("SELECT id FROM workspaces"))]
        off = _off_index(query)
        found = _fetch(conditions, places, query.limit + 1, is_off="workspace_id" in off)
        shown = views(found[: query.limit])
    return AuditPage(shown, str(shown[-1].id) if len(found) > query.limit else None)


def _check(query: AuditQuery) -> int:
    """Refuse what cannot be; give the number that the page lies below."""
    errors: dict[str, list[str]] = {}
    for name in ("action", "person", "subject"):
        text = getattr(query, name)
        if text is not None and (len(text) > MAX_TEXT or not text.isprintable()):
            errors[name] = [f"must be at most {MAX_TEXT} printable characters"]
    if query.since and query.until and query.since >= query.until:
        errors["since"] = ["must lie before until"]
    below = paging.below(errors, cursor=query.cursor, limit=query.limit)
    if errors:
        raise ValidationFailed(errors)
    return below


def _off_index(query: AuditQuery) -> frozenset[str]:
    """The columns that no index is to be taken for, since another one leads to fewer entries."""
    if query.subject:
        return frozenset({"workspace_id", "action", "user_id"})
    if query.action and query.person:
        return frozenset({"action" if query.action in _FREQUENT else "user_id"})
    return frozenset()


def _conditions(
    query: AuditQuery, below: int, places: Sequence[int | None] | None
) -> list[_Condition] | None:
    """What must hold of the entries; None when nothing can be found."""
    off = _off_index(query)
    made = [_Condition("id < ?", (below,))]
    if query.action:
        column = "action || ''" if "action" in off else "action"
        made.append(_Condition(f"{column} = ?", (query.action,)))
    if query.person:
        user = rows.one("SELECT id FROM users WHERE email = ?", query.person.strip().lower())
        if user is None:
            return None
        column = "user_id + 0" if "user_id" in off else "user_id"
        made.append(_Condition(f"{column} = ?", (user[0],)))
    if query.subject:
        sql, value = rows.among("subject", _subjects(query.subject.strip(), places))
        made.append(_Condition(sql, (value,)))
    if query.since:
        made.append(_Condition("at >= ?", (to_ms(query.since),)))
        made.append(_Condition("id >= ?", (_first_since(to_ms(query.since) - _SLACK_MS),)))
    if query.until:
        made.append(_Condition("at < ?", (to_ms(query.until),)))
        made.append(_Condition("id < ?", (_first_since(to_ms(query.until) + _SLACK_MS),)))
    return made


def _first_since(at_ms: int) -> int:
    """From which number on entries are of this time or later, were all in order."""
    ends = rows.one("SELECT (SELECT MIN(id) FROM audit), (SELECT MAX(id) FROM audit)")
    if ends is None or ends[0] is None:
        return 0
    low, high = ends[0], ends[1] + 1
    while low < high:
        middle = (low + high) // 2
        row = rows.one("SELECT id, at FROM audit WHERE id >= ? ORDER BY id LIMIT 1", middle)
        assert row is not None  # the last one is there
        if row[1] < at_ms:
            low = row[0] + 1
        else:
            high = middle
    return int(low)


def _subjects(text: str, places: Sequence[int | None] | None) -> list[str]:
    """What a person may mean by a subject."""
    found = [text]
    if ":" in text:
        return found
    found += [f"{kind}:{text}" for kind in ("link", "domain", "report", "job")]
    user = rows.one("SELECT uid FROM users WHERE email = ?", text.lower())
    if user is not None:
        found.append(f"user:{user[0]}")
    slug = text.lstrip("/")
    if may_be_slug(slug):
        found += [f"link:{uid}" for (uid,) in _links_called(slug, places)]
    return found


def _links_called(slug: str, places: Sequence[int | None] | None) -> list[tuple[Any, ...]]:
    """The ids of links with this slug; those of the trash hold theirs, too."""
    sql = "SELECT uid FROM links WHERE slug = ? AND domain_id IN (SELECT id FROM domains{})"
    if places is None:
        return rows.all_of(sql.format(""), slug)
    (place,) = places
    sql = sql.format(" WHERE id = ? OR workspace_id = ?") + " AND workspace_id = ?"
    return rows.all_of(sql, slug, BASE_DOMAIN_ID, place, place)


def _fetch(
    conditions: list[_Condition], places: Sequence[int | None] | None, many: int, *, is_off: bool
) -> list[Entry]:
    """The newest entries of each place, put in order."""
    if places is None:
        return _newest(conditions, many)
    found: list[Entry] = []
    for place in places:
        column = "workspace_id + 0" if is_off else "workspace_id"
        here = _Condition(f"{column} = ?", (place,))
        if place is None:
            here = _Condition("workspace_id IS NULL", ())
        found += _newest([here, *conditions], many)
    return sorted(found, reverse=True)[:many]


def _newest(conditions: list[_Condition], many: int) -> list[Entry]:
    where = " AND ".join(each.sql for each in conditions)
    sql = f"SELECT {COLUMNS} FROM audit WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - own
    values = [value for each in conditions for value in each.values]
    return [Entry(*row) for row in rows.all_of(sql, *values, many)]
