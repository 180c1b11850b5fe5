"""Reading the audit log: newest first, by what, by whom, about what and when.

Every question is answered along an index. Entries are numbered in the order in which they were
written, which is very nearly that of their times, so a span of time is looked up in the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from klink.core import audit_words, paging
from klink.core.audit_words import Detail, Named
from klink.core.errors import ValidationFailed
from klink.core.principal import Principal
from klink.core.slugs import may_be_slug
from klink.core.times import from_ms, to_ms
from klink.db import rows
from klink.db.connection import read
from klink.db.models import BASE_DOMAIN_ID

__all__ = ["Actor", "AuditPage", "AuditQuery", "AuditView", "Subject", "search", "search_all"]

MAX_TEXT = 300

_SLACK = timedelta(hours=6)
"""By how much an entry's time may differ from that of those written with it: a job writes the
time at which it began."""

_FREQUENT = frozenset({"link.create", "link.update"})
"""What programs do all day long: whoever does it, too, is found sooner by who they are."""

_OWN = ("session.", "user.set_up")
"""What nobody can do but whom it is about."""


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
class Actor:
    """Who did something.

    :ivar name: an e-mail address, or ``klink`` or ``a visitor``.
    :ivar key: the name of the key that was used, '' without one.
    :ivar via: what they came through, in words; '' when that is not known.
    """

    name: str
    key: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What something was done to.

    :ivar kind: ``link``, ``domain``, ``key``, ``user``, ``workspace``, …
    :ivar label: what people call it; its id when it is gone.
    :ivar is_there: whether a link of this id is there, perhaps in the trash.
    """

    kind: str
    id: str
    label: str
    is_there: bool = False


@dataclass(frozen=True, slots=True)
class AuditView:
    """One entry.

    :ivar workspace: its name, '' for what is of none.
    :ivar said: the action in words.
    """

    id: int
    at: datetime
    workspace: str
    actor: Actor
    action: str
    said: str
    subject: Subject
    details: tuple[Detail, ...]


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


class _Entry(NamedTuple):
    """A row; the columns of ``_COLUMNS``."""

    id: int
    at: int
    workspace_id: int | None
    user_id: int | None
    key_id: int | None
    action: str
    subject: str
    details: str
    door: str | None


_COLUMNS = ", ".join(_Entry._fields)


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
        shown = _views(found[: query.limit])
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
        made.append(_Condition("id >= ?", (_first_since(query.since - _SLACK),)))
    if query.until:
        made.append(_Condition("at < ?", (to_ms(query.until),)))
        made.append(_Condition("id < ?", (_first_since(query.until + _SLACK),)))
    return made


def _first_since(time: datetime) -> int:
    """From which number on entries are of this time or later, were all in order."""
    at_ms = to_ms(time)
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
) -> list[_Entry]:
    """The newest entries of each place, put in order."""
    if places is None:
        return _newest(conditions, many)
    found: list[_Entry] = []
    for place in places:
        column = "workspace_id + 0" if is_off else "workspace_id"
        here = _Condition(f"{column} = ?", (place,))
        if place is None:
            here = _Condition("workspace_id IS NULL", ())
        found += _newest([here, *conditions], many)
    return sorted(found, reverse=True)[:many]


def _newest(conditions: list[_Condition], many: int) -> list[_Entry]:
    where = " AND ".join(each.sql for each in conditions)
    sql = f"SELECT {_COLUMNS} FROM audit WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - own
    values = [value for each in conditions for value in each.values]
    return [_Entry(*row) for row in rows.all_of(sql, *values, many)]


class _Names(NamedTuple):
    """What people call what entries have numbers of."""

    users: dict[int, str]
    keys: dict[int, tuple[str, str]]
    workspaces: dict[int, str]
    subjects: dict[str, str]
    numbered: dict[Named, str]


_LABELS = {
    "link": ("links", "slug"),
    "user": ("users", "email"),
    "key": ("api_keys", "name"),
    "workspace": ("workspaces", "name"),
}
"""Where the names of subjects are that have ids."""

_TOLD_AS = {"link": "slug", "blocking": "value", "key": "name", "invite": "email"}
"""Which detail of an entry names its subject, where nothing else does any more."""


def _views(found: Sequence[_Entry]) -> list[AuditView]:
    """Rows as views, whatever their number with a handful of queries."""
    inside = {each for entry in found for each in audit_words.named(entry.details)}
    people = {entry.user_id for entry in found} | {i for kind, i in inside if kind == "user"}
    users = {row[0]: row[1] for row in _named("users", "id, email", people)}
    slugs = _named("links", "id, slug", {i for kind, i in inside if kind == "link"})
    keys = _named("api_keys", "id, name, dialect", {entry.key_id for entry in found})
    places = _named("workspaces", "id, name", {entry.workspace_id for entry in found})
    names = _Names(
        users,
        {row[0]: (row[1], row[2]) for row in keys},
        {row[0]: row[1] for row in places},
        _labels({entry.subject for entry in found}),
        {("user", i): email for i, email in users.items()}
        | {("link", i): f"/{slug}" for i, slug in slugs},
    )
    return [_view(each, names) for each in found]


def _named(table: str, columns: str, ids: Iterable[int | None]) -> list[tuple[Any, ...]]:
    wanted = sorted({i for i in ids if i is not None})
    if not wanted:
        return []
    where, value = rows.among("id", wanted)
    return rows.all_of(f"SELECT {columns} FROM {table} WHERE {where}", value)  # noqa: S608 - own


def _labels(subjects: set[str]) -> dict[str, str]:
    """What subjects are called that are still there."""
    made: dict[str, str] = {}
    for kind, (table, column) in _LABELS.items():
        uids = sorted(s.partition(":")[2] for s in subjects if s.startswith(f"{kind}:"))
        if uids:
            where, value = rows.among("uid", uids)
            sql = f"SELECT uid, {column} FROM {table} WHERE {where}"  # noqa: S608 - own names
            made |= {f"{kind}:{uid}": str(name) for uid, name in rows.all_of(sql, value)}
    return made


def _view(entry: _Entry, names: _Names) -> AuditView:
    details = audit_words.details(entry.details, names.numbered)
    return AuditView(
        id=entry.id,
        at=from_ms(entry.at),
        workspace=names.workspaces.get(entry.workspace_id or 0, ""),
        actor=_actor(entry, names),
        action=entry.action,
        said=audit_words.said(entry.action),
        subject=_subject(entry, names, details),
        details=details,
    )


def _subject(entry: _Entry, names: _Names, details: Sequence[Detail]) -> Subject:
    kind, _, id_ = entry.subject.partition(":")
    known = names.subjects.get(entry.subject)
    told = {each.name: each.new for each in details}
    label = known
    if label is None:  # gone, or never had another name
        label = told.get(_TOLD_AS.get(kind, ""), id_)
    return Subject(kind, id_, f"/{label}" if kind == "link" else label, known is not None)


def _actor(entry: _Entry, names: _Names) -> Actor:
    key, dialect = names.keys.get(entry.key_id or 0, ("", ""))
    door = entry.door or dialect
    via = audit_words.DOORS.get(door, door)
    if entry.user_id is not None:
        return Actor(names.users.get(entry.user_id, "a user who is gone"), key, via)
    if entry.action.startswith(_OWN):
        return Actor(names.subjects.get(entry.subject, "a user who is gone"), "", via)
    is_strangers = entry.action == "report.take" or door not in ("", "jobs", "cli")
    return Actor("a visitor" if is_strangers else "klink", key, via)
