"""The sums of a link's days equal its days, whatever is counted late and whatever is capped."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from klink.clicks.record import ClickRecord, Flag
from klink.db.connection import write
from klink.db.fold import AgentFacts, Lookups, fold
from klink.db.models import LinkDay, LinkTotal, LinkValueTotal
from tests.clicks.world import NOW_MS, make_links, rows, visit

DAY_MS = 86_400_000
DAY = NOW_MS // DAY_MS
TABLES = (LinkDay, LinkTotal, LinkValueTotal)


@pytest.fixture(autouse=True)
def _links(db: str) -> None:
    make_links()


def agent(user_agent: str, flags: int) -> AgentFacts:
    return AgentFacts(user_agent, flags, 0, "", int(flags & Flag.CLICK > 0), 1, "", "", "")


LOOKUPS = Lookups(agent=agent, country=lambda net: "", referrer=lambda text: text)


def count(records: list[ClickRecord], sum_from: int = 1) -> None:
    with write():
        fold(json.dumps(records), LOOKUPS, max_values=2, sum_from=sum_from)


def days_ago(days: int, **fields: Any) -> ClickRecord:
    return visit(at_ms=NOW_MS - days * DAY_MS, **fields)


def summed_to(link_id: int = 1) -> int:
    found: int = dict(rows(LinkTotal, "link_id", "summed_to_day"))[link_id]
    return found


def check_sums() -> None:
    """Every row of the sums is what the days before ``summed_to_day`` add up to."""
    before = dict(rows(LinkTotal, "link_id", "summed_to_day"))
    expected: dict[Any, list[int]] = {}
    for link_id, day, dim, value, *counted in rows(LinkDay):
        if day < before[link_id]:
            mine = expected.setdefault((link_id, dim, value), [0, 0, 0])
            mine[:] = map(sum, zip(mine, counted, strict=True))
    assert rows(LinkValueTotal) == sorted((*key, *mine) for key, mine in expected.items())


records = st.builds(
    days_ago,
    st.integers(0, 6),
    link_id=st.integers(1, 3),
    variant_id=st.integers(0, 4),
    visitor=st.sampled_from(["v_1", "v_2", ""]),
    referrer=st.sampled_from(["", "a", "b", "c", "d"]),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(records, max_size=12), max_size=6), st.integers(1, 6))
@example([[days_ago(0)], [days_ago(5)], [days_ago(5, visitor="v_2")]], 1)
def test_the_sums_equal_the_days(batches: list[list[ClickRecord]], sum_from: int) -> None:
    with write():
        for model in TABLES:
            model.delete().execute()
    for batch in batches:
        count(batch, sum_from)
        check_sums()


def test_the_last_two_days_are_not_added_up_since_some_clicks_come_late() -> None:
    count([days_ago(days) for days in range(5)])
    assert summed_to() == DAY - 1
    assert {row[0] for row in rows(LinkValueTotal, "clicks") if row} == {3}


def test_a_link_with_few_visits_is_not_added_up() -> None:
    count([days_ago(9), days_ago(0)], sum_from=3)
    assert (summed_to(), rows(LinkValueTotal)) == (0, [])


def test_only_links_with_enough_visits_are_added_up() -> None:
    old = [days_ago(9, link_id=link) for link in (1, 2, 3) for _ in range(link)]
    count(old, sum_from=1_000)
    count([days_ago(0, link_id=link) for link in (1, 2, 3)], sum_from=3)
    assert [summed_to(link) > 0 for link in (1, 2, 3)] == [False, True, True]
    check_sums()
