"""Entries of the audit log as views: with the names of whom and what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from klink.core import audit_words
from klink.core.audit_words import Detail, Named
from klink.core.times import from_ms
from klink.db import rows

__all__ = ["COLUMNS", "Actor", "AuditView", "Entry", "Subject", "views"]

_OWN = ("session.", "user.set_up")
"""What nobody can do but whom it is about."""


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


class Entry(NamedTuple):
    """A row; the columns of :data:`COLUMNS`."""

    id: int
    at: int
    workspace_id: int | None
    user_id: int | None
    key_id: int | None
    action: str
    subject: str
    details: str
    door: str | None


COLUMNS = ", ".join(Entry._fields)


class _Names(NamedTuple):
    """What people call what entries have numbers of."""

    users: dict[int, str]
    keys: dict[int, tuple[str, str]]
    workspaces: dict[int, str]
    subjects: dict[str, str]
    numbered: dict[Named, str]
    called: dict[str, str]


_LABELS = {
    "link": ("links", "slug"),
    "user": ("users", "email"),
    "key": ("api_keys", "name"),
    "workspace": ("workspaces", "name"),
    "bio": ("bio_pages", "name"),
}
"""Where the names of subjects are that have ids."""

_TOLD_AS = {
    "link": "slug",
    "blocking": "value",
    "key": "name",
    "invite": "email",
    "report": "link",
    "bio": "name",
}
"""Which detail of an entry names its subject, where nothing else does any more."""

_SIGNS = {"link": "/", "bio": "@"}


def views(found: Sequence[Entry]) -> list[AuditView]:
    """Rows as views, whatever their number with a handful of queries."""
    inside = {each for entry in found for each in audit_words.named(entry.details)}
    people = {entry.user_id for entry in found} | {i for kind, i in inside if kind == "user"}
    users = {row[0]: row[1] for row in _named("users", "id, email", people)}
    slugs = _named("links", "id, slug", {i for kind, i in inside if kind == "link"})
    keys = _named("api_keys", "id, name, dialect", {entry.key_id for entry in found})
    places = _named("workspaces", "id, name", {entry.workspace_id for entry in found})
    ids = sorted({uid for each in found for uid in audit_words.identified(each.details)})
    names = _Names(
        users,
        {row[0]: (row[1], row[2]) for row in keys},
        {row[0]: row[1] for row in places},
        _labels({entry.subject for entry in found}),
        {("user", i): email for i, email in users.items()}
        | {("link", i): f"/{slug}" for i, slug in slugs},
        {
            uid: f"/{name}" if kind == "link" else name
            for kind in ("link", "key")
            for uid, name in _called(kind, ids)
        },
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
    for kind in _LABELS:
        uids = sorted(s.partition(":")[2] for s in subjects if s.startswith(f"{kind}:"))
        made |= {f"{kind}:{uid}": name for uid, name in _called(kind, uids)}
    return made


def _called(kind: str, uids: Sequence[str]) -> list[tuple[str, str]]:
    if not uids:
        return []
    table, column = _LABELS[kind]
    where, value = rows.among("uid", uids)
    sql = f"SELECT uid, {column} FROM {table} WHERE {where}"  # noqa: S608 - own names
    return [(uid, str(name)) for uid, name in rows.all_of(sql, value)]


def _view(entry: Entry, names: _Names) -> AuditView:
    details = audit_words.details(entry.details, names.numbered, names.called)
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


def _subject(entry: Entry, names: _Names, details: Sequence[Detail]) -> Subject:
    kind, _, id_ = entry.subject.partition(":")
    known = names.subjects.get(entry.subject)
    told = {each.name: each.new for each in details}
    label = known
    if label is None:  # gone, or never had another name
        label = told.get(_TOLD_AS.get(kind, ""), id_)
    return Subject(kind, id_, _SIGNS.get(kind, "") + label, known is not None)


def _actor(entry: Entry, names: _Names) -> Actor:
    key, dialect = names.keys.get(entry.key_id or 0, ("", ""))
    door = entry.door or dialect
    via = audit_words.DOORS.get(door, door)
    if entry.user_id is not None:
        return Actor(names.users.get(entry.user_id, "a user who is gone"), key, via)
    if entry.action.startswith(_OWN):
        return Actor(names.subjects.get(entry.subject, "a user who is gone"), "", via)
    is_strangers = entry.action == "report.take" or door not in ("", "jobs", "cli")
    return Actor("a visitor" if is_strangers else "klink", key, via)
