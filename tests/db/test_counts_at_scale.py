"""Migration 2 carries over what a database of schema 1 has counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from klink.clicks.record import Flag
from klink.db import migrate
from klink.db.connection import database, engine, write
from klink.db.fold import AgentFacts, Lookups, fold
from klink.db.models import (
    MODELS,
    DayVisitor,
    LinkDay,
    LinkTotal,
    LinkValueTotal,
    LinkVisitor,
    WorkspaceDay,
    WorkspaceVisitor,
)
from tests.clicks.world import NOW_MS, rows, visit

DAY = NOW_MS // 86_400_000
MONTHS = 90

# Link 1 of workspace 1 was clicked by "ann" yesterday and today, by way of variants 1 and 2;
# by "bob" today, by way of none. Link 4 was purged, and waits to be swept.
DAY_VISITORS = [
    (0, 1, DAY - 1, "ann"), (0, 1, DAY, "ann"), (0, 1, DAY, "bob"), (0, 4, DAY, "cleo"),
    (1, 1, DAY - 1, "ann"), (1, 1, DAY, "ann"), (1, 2, DAY, "ann"),
    (2, 1, DAY - 1, "ann"), (2, 1, DAY, "ann"), (2, 1, DAY, "bob"), (2, 1, DAY, "cleo"),
]  # fmt: skip
LINK_VISITORS = [(1, "ann", DAY - 1), (1, "bob", DAY), (4, "cleo", DAY)]
VARIANT_TOTALS = [(1, 1, 2, 2, 0, 0), (2, 1, 1, 1, 0, 0)]
# Link 1 is busy, link 2 is not; both have days of long ago, and link 1 one of the future.
LINK_TOTALS = [
    (1, 3_000, 3_300, 2, 300, NOW_MS, 0, 0), (2, 5, 5, 5, 0, NOW_MS, 0, 0),
    (4, 2_000, 2_000, 1, 0, NOW_MS, 0, 0),
]  # fmt: skip
LINK_DAYS = [
    (link_id, DAY - age, dim, value, 10 + age % 7, age % 3, int(dim in (0, 7)))
    for link_id in (1, 2, 4)
    for age in (-1, 0, 1, 2, 3, *range(10, MONTHS))
    for dim, value in ((0, ""), (1, "DE"), (1, ""), (6, "t.example"), (7, "a"))
]


# Named, not taken from a model: models know the newest schema.
LINKS_OF_SCHEMA_1 = """
    INSERT INTO links (
        id, uid, workspace_id, created_via, domain_id, slug, url, location, type, mode,
        auto_winner, winner_threshold, run, forward_query, redirect_status,
        conversion_tracking, is_active, version, created_at, updated_at)
    SELECT id, 'l' || id, 1, 'klink', 1, 'slug' || id, 'https://example.com/',
        'https://example.com/', 'direct', 'single', false, 100, 1, false, 302, false, true, 1, 0, 0
    FROM (SELECT 1 AS id UNION ALL SELECT 2) AS ids
"""


def put(table: str, values: list[tuple[Any, ...]]) -> None:
    mark = "?" if engine() == "sqlite" else "%s"
    marks = ", ".join([mark] * len(values[0]))
    for row in values:
        database.execute_sql(f"INSERT INTO {table} VALUES ({marks})", row)


@pytest.fixture(autouse=True)
def _schema_1(db: str, engine: str) -> None:
    """A filled database as the first release left it."""
    for model in reversed(MODELS):
        cascade = "CASCADE" if engine == "postgresql" else ""
        database.execute_sql(f"DROP TABLE {model._meta.table_name} {cascade}")
    with write():
        migrate._run(migrate.available()[0][1])
        database.execute_sql(
            "INSERT INTO workspaces (id, uid, public_id, name, currency, created_at) "
            "VALUES (1, 'w', 'w', 'w', 'USD', 0)"
        )
        database.execute_sql(LINKS_OF_SCHEMA_1)
        put("day_visitors", DAY_VISITORS)
        put("link_visitors", LINK_VISITORS)
        put("variant_totals", VARIANT_TOTALS)
        put("link_totals", LINK_TOTALS)
        put("link_days", LINK_DAYS)


def test_who_clicked_on_which_day_is_still_known() -> None:
    migrate.migrate()
    first = rows(LinkVisitor, "link_id", "visitor", "day", "variant_id")
    assert first == [(1, "ann", DAY - 1, 0), (1, "bob", DAY, 0), (4, "cleo", DAY, 0)]
    assert rows(DayVisitor, "day", "link_id", "visitor", "variant_id") == [
        (DAY - 1, 1, "ann", 1),
        (DAY, 1, "ann", 0),
        (DAY, 1, "ann", 1),
        (DAY, 1, "ann", 2),
    ]
    assert rows(WorkspaceVisitor, "day", "workspace_id", "visitor") == sorted(
        (day, scope_id, visitor) for scope, scope_id, day, visitor in DAY_VISITORS if scope == 2
    )


def test_nobody_who_was_counted_is_counted_again() -> None:
    migrate.migrate()
    again = [
        visit(link_id=link, at_ms=NOW_MS - ago * 86_400_000, visitor=visitor)
        for link, ago, visitor in [(1, 1, "ann"), (1, 0, "ann"), (1, 0, "bob"), (2, 0, "cleo")]
    ]
    with write():
        fold(json.dumps(again), LOOKUPS)
    uniques = {row[0]: row[1] for row in rows(LinkTotal, "link_id", "uniques")}
    assert uniques == {1: 2, 2: 5 + 1, 4: 1}
    assert {row[0] for row in rows(WorkspaceDay, "uniques")} == {0}
    days = {
        row[:2]: row[2] for row in rows(LinkDay, "link_id", "day", "uniques", "dim") if not row[3]
    }
    assert (days[1, DAY - 1], days[1, DAY], days[2, DAY]) == (1, 1, 1 + 1)


def test_the_days_of_busy_links_are_added_up_and_go_on_being_right() -> None:
    migrate.migrate()
    summed = rows(LinkTotal, "link_id", "workspace_id", "summed_to_day", "summed_visits")
    assert summed == [(1, 1, DAY - 1, 3_300), (2, 1, 0, 0), (4, 0, DAY - 1, 2_000)]
    assert rows(LinkValueTotal) == sums_of_days({1: DAY - 1, 4: DAY - 1})
    with write():
        fold(json.dumps([visit(at_ms=NOW_MS - 20 * 86_400_000), visit()]), LOOKUPS)
    assert rows(LinkValueTotal) == sums_of_days({1: DAY - 1, 4: DAY - 1})


def sums_of_days(summed_to: dict[int, int]) -> list[Any]:
    found: dict[Any, list[int]] = {}
    for link_id, day, dim, value, *counted in rows(LinkDay):
        if day < summed_to.get(link_id, 0):
            mine = found.setdefault((link_id, dim, value), [0, 0, 0])
            mine[:] = map(sum, zip(mine, counted, strict=True))
    return sorted((*key, *counted) for key, counted in found.items())


def agent(user_agent: str, flags: int) -> AgentFacts:
    return AgentFacts(user_agent, flags, 0, "", int(flags & Flag.CLICK > 0), 1, "", "", "")


LOOKUPS = Lookups(agent=agent, country=lambda net: "", referrer=lambda text: text)
