"""Reading events back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.events.model import EventView, views
from klink.core.links.find import row_of
from klink.core.paging import position
from klink.core.principal import Principal
from klink.core.problems import text_problem
from klink.core.times import to_ms
from klink.db.connection import read
from klink.db.models import Event

_MAX_FILTER = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events to list, newest first.

    :param link: UUID of the link that they are attributed to.
    :param since: aware; with ``until`` (exclusive) by ``occurred_at``.
    :param cursor: ``next_cursor`` of the page before.
    """

    link: str | None = None
    visitor_id: str | None = None
    event_name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events and where the next begins, if there is one."""

    items: list[EventView]
    next_cursor: str | None


def search(
    ctx: Context,  # noqa: ARG001 - called like every function that a door calls
    who: Principal,
    query: EventQuery,
) -> EventPage:
    """One page of the workspace's events, by when they occurred.

    :raises InsufficientScope: the key may not read.
    :raises NotFound: the link is unknown, or another workspace's.
    :raises ValidationFailed: a filter, the limit, the times or the cursor.
    """
    who.need("read")
    before = _check(query)
    with read():
        found = _rows(who, query, before)
        shown = views(found[: query.limit])
    if len(found) <= query.limit:
        return EventPage(shown, None)
    last = shown[-1]
    return EventPage(shown, f"{to_ms(last.occurred_at)}-{last.id}")


def named(event_name: str) -> Any:
    """The condition that a visitor's event has this name.

    In no index: the visitor's leads to a few events, that of names to everybody's.
    """
    return Event.event_name.concat("") == event_name


def _check(query: EventQuery) -> tuple[int, int] | None:
    """Refuse what cannot be; give the position (occurred_at, id) that the cursor holds."""
    errors: dict[str, list[str]] = {}
    for field in ("visitor_id", "event_name"):
        text = getattr(query, field)
        if text is not None and (problem := text_problem(text, _MAX_FILTER)):
            errors[field] = [problem]
    before = position(
        errors, since=query.since, until=query.until, cursor=query.cursor, limit=query.limit
    )
    if errors:
        raise ValidationFailed(errors)
    return before


def _rows(who: Principal, query: EventQuery, before: tuple[int, int] | None) -> list[Event]:
    # Any: peewee's queries lose their types while they are chained.
    found: Any = Event.select().where(Event.workspace_id == who.workspace_id)
    if query.link is not None:
        found = found.where(Event.link_id == row_of(who, query.link).id)
    if query.visitor_id is not None:
        found = found.where(Event.visitor == query.visitor_id)
    if query.event_name is not None and query.visitor_id is not None:
        found = found.where(named(query.event_name))
    elif query.event_name is not None:
        found = found.where(Event.event_name == query.event_name)
    if query.since is not None:
        found = found.where(Event.occurred_at >= query.since)
    if query.until is not None:
        found = found.where(Event.occurred_at < query.until)
    if before is not None:
        at, id_ = before
        # The first half alone tells an engine where in the index to begin.
        found = found.where(Event.occurred_at <= at, (Event.occurred_at < at) | (Event.id < id_))
    newest_first = found.order_by(Event.occurred_at.desc(), Event.id.desc())
    return list(newest_first.limit(query.limit + 1))
