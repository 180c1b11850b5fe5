"""Events read back: newest first, by pages, by what they are about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from klink.core import events
from klink.core.context import Context
from klink.core.errors import InsufficientScope, NotFound, ValidationFailed
from klink.core.events import EventQuery, EventView, NewEvent
from klink.core.principal import Principal
from tests.core.clicked import VISITOR, a_link, a_split, click
from tests.core.conftest import NOW

MINUTE = timedelta(minutes=1)


def record(ctx: Context, who: Principal, minutes_ago: int = 0, **fields: Any) -> EventView:
    given = {"visitor_id": VISITOR, "event_name": "e"} | fields
    at = NOW - minutes_ago * MINUTE
    return events.record(ctx, who, NewEvent(occurred_at=at, **given))


def found(ctx: Context, who: Principal, **query: Any) -> list[EventView]:
    return events.search(ctx, who, EventQuery(**query)).items


def test_events_come_newest_first_and_by_pages(ctx: Context, owner: Principal) -> None:
    recorded = [record(ctx, owner, minutes) for minutes in (3, 1, 2, 1, 1)]
    expected = sorted(recorded, key=lambda event: (event.occurred_at, event.id), reverse=True)
    assert found(ctx, owner) == expected
    walked: list[EventView] = []
    cursor = None
    for _ in range(3):
        page = events.search(ctx, owner, EventQuery(limit=2, cursor=cursor))
        walked += page.items
        cursor = page.next_cursor
    assert (walked, cursor) == (expected, None)


def test_events_are_found_by_what_they_are_about(ctx: Context, owner: Principal) -> None:
    link, split = a_link(ctx, owner), a_split(ctx, owner)
    click(link, NOW - 9 * MINUTE)
    click(split, NOW - 5 * MINUTE, variant="b")
    early, late = record(ctx, owner, 7), record(ctx, owner, 3, event_name="f")
    other = record(ctx, owner, 1, visitor_id="Größe")
    assert found(ctx, owner, link=link.uid) == [early]
    assert found(ctx, owner, link=split.uid.upper()) == [late]
    assert (late.slug, late.variant) == (split.slug, "b")
    assert found(ctx, owner, visitor_id=VISITOR) == [late, early]
    assert found(ctx, owner, visitor_id="Größe") == [other]
    assert found(ctx, owner, event_name="e") == [other, early]
    assert found(ctx, owner, since=NOW - 3 * MINUTE) == [other, late]
    assert found(ctx, owner, until=NOW - 3 * MINUTE) == [early]
    assert found(ctx, owner, link=link.uid, event_name="f") == []


def test_other_workspaces_see_nothing_of_them(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    link = a_link(ctx, owner)
    record(ctx, owner)
    assert found(ctx, stranger) == []
    with pytest.raises(NotFound):
        found(ctx, stranger, link=link.uid)
    with pytest.raises(InsufficientScope):
        found(ctx, replace(owner, scopes=frozenset({"create"})))


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 201},
        {"cursor": "x"},
        {"cursor": "1-1; --"},
        {"cursor": "9" * 30 + "-1"},
        {"visitor_id": ""},
        {"event_name": "\0"},
        {"since": NOW, "until": NOW},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    ctx: Context, owner: Principal, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        found(ctx, owner, **wrong)
    assert list(caught.value.errors) == list(wrong)[:1]


def test_a_link_that_is_no_uuid_is_unknown(ctx: Context, owner: Principal) -> None:
    with pytest.raises(NotFound):
        found(ctx, owner, link="\0")
