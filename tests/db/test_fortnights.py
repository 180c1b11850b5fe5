"""A workspace's fortnights equal its days, whenever they are added up and whatever comes late."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.clicks.record import ClickRecord
from klink.db.connection import write
from klink.db.fold import fold
from klink.db.fortnights import DAYS
from klink.db.models import LinkDay, Workspace, WorkspaceDay, WorkspaceFortnight
from klink.stats import ranges
from klink.stats.breakdown import Dim, breakdown
from klink.stats.scope import of_workspace
from tests.clicks.world import LINKS, NOW_MS, make_links, rows, visit
from tests.db.test_sums import LOOKUPS

DAY_MS = 86_400_000
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
TODAY = NOW_MS // DAY_MS
WORKSPACES = sorted(set(LINKS.values()))


@pytest.fixture(autouse=True)
def _links(db: str) -> None:
    make_links()


def count(*records: ClickRecord) -> None:
    with write():
        fold(json.dumps(records), LOOKUPS)


def days_ago(days: int, **fields: Any) -> ClickRecord:
    return visit(at_ms=NOW_MS - days * DAY_MS, **fields)


def summed_to(workspace_id: int) -> int:
    found: int = dict(rows(Workspace, "id", "summed_to_day"))[workspace_id]
    return found


def referrers(workspace_id: int, since: datetime, until: datetime | None = None) -> Any:
    over = ranges.make(NOW, since=since, until=until)
    top = breakdown(of_workspace(workspace_id), over, 10, [Dim.REFERRER])[Dim.REFERRER]
    return {each.value: each.clicks for each in top.values}


def referrers_by_hand(workspace_id: int, since: datetime, until: datetime) -> dict[str | None, int]:
    """From the day rows, the whole days that a range touches."""
    first, last = ((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(days=1) for at in
                   (since, until - timedelta(milliseconds=1)))  # fmt: skip
    found: dict[str | None, int] = {}
    for owner, day, dim, value, clicks, *_ in rows(WorkspaceDay):
        if (owner, dim) == (workspace_id, Dim.REFERRER) and first <= day <= last:
            found[value or None] = found.get(value or None, 0) + clicks
    return found


def check_fortnights() -> None:
    """Every row is what the days before ``summed_to_day`` add up to."""
    expected: dict[Any, list[int]] = {}
    for workspace_id, day, dim, value, clicks, rest, _ in rows(WorkspaceDay):
        if dim and day < summed_to(workspace_id):
            mine = expected.setdefault((workspace_id, dim, day // DAYS, value), [0, 0])
            mine[:] = mine[0] + clicks, mine[1] + rest
    assert rows(WorkspaceFortnight) == sorted((*key, *mine) for key, mine in expected.items())


records = st.builds(
    days_ago,
    st.integers(0, 60),
    link_id=st.sampled_from(list(LINKS)),
    visitor=st.sampled_from(["v_1", "v_2", ""]),
    referrer=st.sampled_from(["", "a", "b", "c"]),
)
times = st.integers(0, 70 * 24).map(lambda hours: NOW - timedelta(hours=hours))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(records, max_size=8), max_size=6), times, times)
def test_the_fortnights_equal_the_days_and_so_does_every_range(
    batches: list[list[ClickRecord]], one: datetime, another: datetime
) -> None:
    with write():
        for model in (LinkDay, WorkspaceDay, WorkspaceFortnight):
            model.delete().execute()
        Workspace.update(summed_to_day=0).execute()
    since, until = min(one, another), max(one, another) + timedelta(hours=1)
    for batch in batches:
        count(*batch)
        check_fortnights()
        for workspace_id in WORKSPACES:
            found = referrers(workspace_id, since, until)
            assert found == referrers_by_hand(workspace_id, since, until)


def test_each_fold_adds_up_a_day_until_all_are_but_today_and_yesterday() -> None:
    """Some clicks come late."""
    count(*(days_ago(days) for days in (0, 1, 2, 3, 30)))
    steps = [summed_to(1)]
    for _ in range(4):
        count(days_ago(0))
        steps.append(summed_to(1))
        check_fortnights()
    assert [TODAY - step for step in steps] == [29, 2, 1, 1, 1]


def test_every_range_is_right_while_the_days_are_added_up_one_by_one() -> None:
    count(*(days_ago(days) for days in range(3 * DAYS)))
    ranges_asked = [(NOW - timedelta(days=3 * DAYS), NOW), (NOW - timedelta(days=2 * DAYS), NOW)]
    for _ in range(3 * DAYS):
        for since, until in ranges_asked:
            assert referrers(1, since, until) == referrers_by_hand(1, since, until)
        count(days_ago(0))
    assert summed_to(1) == TODAY - 1


def test_a_workspace_without_visits_falls_behind_and_catches_up() -> None:
    theirs = next(id_ for id_, owner in LINKS.items() if owner != 1)
    count(days_ago(2_000), days_ago(900, link_id=theirs))
    count(days_ago(0))
    assert summed_to(LINKS[theirs]) == 0
    for _ in range(2):
        count(days_ago(0), days_ago(0, link_id=theirs))
    assert {summed_to(each) for each in WORKSPACES} == {TODAY - 1}
    check_fortnights()


def test_the_whole_of_time_is_what_was_counted_from_the_first_day_on() -> None:
    count(*(days_ago(days, referrer="a") for days in (0, 20, 40, 900)))
    everything = datetime(1970, 1, 1, tzinfo=UTC)
    for folds in range(5):
        assert referrers(1, everything) == {"a": 4 + folds}
        assert referrers(1, everything, NOW - timedelta(days=1_000)) == {}
        count(days_ago(0, referrer="a"))
