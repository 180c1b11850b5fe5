"""The lists that people keep by hand, in the database: hosts, patterns, and what is allowed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klink.core import audit, paging
from klink.core.blocking.globs import is_glob
from klink.core.blocking.rules import MAX_PATTERN, Rules, host_value, pattern_value
from klink.core.context import Context
from klink.core.errors import ListFull, NotFound, OnlyOperator, ValidationFailed
from klink.core.principal import Principal
from klink.core.problems import text_problem
from klink.db import meta, rows
from klink.db.connection import lock, read, write
from klink.db.models import BlockingEntry

__all__ = [
    "EVERYWHERE", "KINDS", "MAX_NOTE", "Entries", "EntryPage", "EntryView", "add", "kind_for",
    "of_workspace", "remove", "search", "version",
]  # fmt: skip

EVERYWHERE = 0
"""Stands for all workspaces; only the operator has these."""

KINDS = ("host", "pattern", "allow")
MAX_NOTE = 500
MAX_ENTRIES = 10_000
MAX_PATTERNS = 200
"""Of a workspace; each is held against every destination."""
MAX_SLOW_PATTERNS = 50
"""Of these, how many may have both ``*`` and ``?``, which take a hundred times as long."""

_VERSION = "blocking_entries"
_MAX_ID = 2**62


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as doors show it; ``is_everywhere`` holds in all workspaces."""

    id: int
    kind: str
    value: str
    note: str
    is_everywhere: bool
    by_operator: bool
    created_by: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of entries and where the next begins, if there is one."""

    items: list[EntryView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one workspace, or those for all, ready to be asked.

    :ivar allowed: by the workspace itself; ``pardoned`` by the operator.
    """

    blocked: Rules
    allowed: Rules
    pardoned: Rules


def kind_for(text: str) -> str:
    """The kind that a text to be blocked is meant to be."""
    return "host" if host_value(text) else "pattern"


def add(
    ctx: Context, who: Principal, kind: str, value: str, note: str = "", *, everywhere: bool = False
) -> tuple[EntryView, bool]:
    """Put an entry on the workspace's list; also whether it is new.

    :param kind: ``host`` (with its subdomains), ``pattern`` (``host/path?query`` with ``*`` and
        ``?``), or ``allow``, which takes either and wins.
    :param everywhere: on the list for all workspaces.
    :raises InsufficientScope, InsufficientRole: the key may not.
    :raises OnlyOperator: ``everywhere``, by somebody else.
    :raises ValidationFailed: kind, value or note cannot be accepted.
    :raises ListFull: the list is full.
    """
    who.need("create")
    _may_change(who, everywhere=everywhere)
    place = EVERYWHERE if everywhere else who.workspace_id
    kept = _checked(kind, value, note)
    record = {
        "workspace_id": place,
        "kind": kind,
        "value": kept,
        "by_operator": who.is_operator,
    }
    with write():
        lock("klink:blocking")
        same = [getattr(BlockingEntry, name) == each for name, each in record.items()]
        found = BlockingEntry.get_or_none(*same)
        if found is not None:
            return _view(found), False
        _check_room(place, kept)
        row = BlockingEntry.create(**record, note=note, created_by=who.user_id, created_at=ctx.now)
        _changed(ctx, who, "blocking.add", row)
        return _view(row), True


def remove(ctx: Context, who: Principal, number: int) -> None:
    """Take an entry off its list.

    :raises InsufficientScope, InsufficientRole: the key may not.
    :raises OnlyOperator: it is the operator's.
    :raises NotFound: unknown, or another workspace's.
    """
    who.need("delete")
    who.need_manager()
    with write():
        lock("klink:blocking")
        mine = [who.workspace_id, EVERYWHERE] if who.is_operator else [who.workspace_id]
        row = None
        if 1 <= number <= _MAX_ID:
            row = BlockingEntry.get_or_none(
                BlockingEntry.id == number, BlockingEntry.workspace_id.in_(mine)
            )
        if row is None:
            raise NotFound("entry of the blocklist")
        if row.by_operator and not who.is_operator:
            raise OnlyOperator("the server's operator made this entry; ask there")
        BlockingEntry.delete().where(BlockingEntry.id == row.id).execute()
        _changed(ctx, who, "blocking.remove", row)


def search(
    ctx: Context,  # noqa: ARG001 - called like every function that a door calls
    who: Principal,
    *,
    kind: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
    everywhere: bool = False,
) -> EntryPage:
    """One page of the workspace's entries, newest first.

    :param everywhere: those for all workspaces, for the operator only.
    :raises InsufficientScope, InsufficientRole: the key may not read them.
    :raises ValidationFailed: kind, limit or cursor.
    """
    who.need("read")
    _may_change(who, everywhere=everywhere)
    before = _check(kind, cursor, limit)
    # Any: peewee's queries lose their types while they are chained.
    found: Any = BlockingEntry.select().where(
        BlockingEntry.workspace_id == (EVERYWHERE if everywhere else who.workspace_id),
        BlockingEntry.id < before,
    )
    if kind is not None:
        found = found.where(BlockingEntry.kind == kind)
    with read():
        items = list(found.order_by(BlockingEntry.id.desc()).limit(limit + 1))
    more = len(items) > limit
    shown = [_view(row) for row in items[:limit]]
    return EntryPage(shown, str(shown[-1].id) if more else None)


def version() -> str:
    """What changes whenever an entry of any list does."""
    row = rows.one("SELECT value FROM meta WHERE key = ?", _VERSION)
    return "" if row is None else str(row[0])


def of_workspace(ctx: Context, place: int, at: str) -> Entries:
    """The entries of a workspace, or of ``EVERYWHERE``, remembered as long as none changes.

    :param at: the :func:`version`.
    """
    made = ctx.settings.blocklists.remembered(place, at, lambda: _load(place))
    assert isinstance(made, Entries)
    return made


def _load(place: int) -> Entries:
    sql = "SELECT kind, value, by_operator FROM blocking_entries WHERE workspace_id = ?"
    found = rows.all_of(sql, place)
    return Entries(
        Rules(value for kind, value, _ in found if kind != "allow"),
        Rules(value for kind, value, by_operator in found if kind == "allow" and not by_operator),
        Rules(value for kind, value, by_operator in found if kind == "allow" and by_operator),
    )


def _may_change(who: Principal, *, everywhere: bool) -> None:
    who.need_manager()
    if everywhere and not who.is_operator:
        raise OnlyOperator("the lists for all workspaces are the server's operator's")


def _checked(kind: str, value: str, note: str) -> str:
    """The value as it is kept."""
    errors: dict[str, list[str]] = {}
    kept = None
    if kind not in KINDS:
        errors["kind"] = [f"must be one of {', '.join(KINDS)}"]
    else:
        kept = host_value(value) if kind != "pattern" else None
        if kind != "host":
            kept = kept or pattern_value(value)
        if kept is None:
            errors["value"] = [f"must be {_WANTED[kind]}"]
    if problem := text_problem(note, MAX_NOTE, least=0):
        errors["note"] = [problem]
    if errors or kept is None:
        raise ValidationFailed(errors)
    return kept


_HOST = "a host such as bad.example, without a path and a port"
_PATTERN = (
    f"a pattern of at most {MAX_PATTERN} characters for host/path?query such as *.example/login*, "
    "its host in ASCII"
)
_WANTED = {"host": _HOST, "pattern": _PATTERN, "allow": f"{_HOST}, or {_PATTERN}"}


def _check_room(place: int, value: str) -> None:
    row = rows.one("SELECT COUNT(*) FROM blocking_entries WHERE workspace_id = ?", place)
    if row is not None and row[0] >= MAX_ENTRIES:
        raise ListFull(f"a list has room for {MAX_ENTRIES} entries; remove some, or use a file")
    if not is_glob(value):
        return
    patterns = [each for each in _values(place) if is_glob(each)]
    if len(patterns) >= MAX_PATTERNS:
        raise ListFull(f"a list has room for {MAX_PATTERNS} patterns; remove some")
    if _is_slow(value) and sum(map(_is_slow, patterns)) >= MAX_SLOW_PATTERNS:
        raise ListFull(
            f"a list has room for {MAX_SLOW_PATTERNS} patterns with both * and ?; write * alone"
        )


def _is_slow(pattern: str) -> bool:
    return "*" in pattern and "?" in pattern


def _values(place: int) -> list[str]:
    sql = "SELECT value FROM blocking_entries WHERE workspace_id = ?"
    return [value for (value,) in rows.all_of(sql, place)]


def _check(kind: str | None, cursor: str | None, limit: int) -> int:
    """Refuse what cannot be; give the number that the page lies below."""
    errors: dict[str, list[str]] = {}
    if kind is not None and kind not in KINDS:
        errors["kind"] = [f"must be one of {', '.join(KINDS)}"]
    before = paging.below(errors, cursor=cursor, limit=limit)
    if errors:
        raise ValidationFailed(errors)
    return before


def _changed(ctx: Context, who: Principal, action: str, row: BlockingEntry) -> None:
    """Write down a change, and let everybody read the lists anew."""
    about = {"kind": row.kind, "value": row.value, "everywhere": row.workspace_id == EVERYWHERE}
    audit.record(ctx, who, action, f"blocking:{row.id}", about)
    meta.put(_VERSION, secrets.token_hex(8))


def _view(row: BlockingEntry) -> EntryView:
    return EntryView(
        row.id,
        row.kind,
        row.value,
        row.note,
        row.workspace_id == EVERYWHERE,
        row.by_operator,
        row.created_by,
        row.created_at,
    )
