"""What the fold counts beyond what the property test draws: caps, hints, odd records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import peewee
import pytest

from klink.clicks.record import ClickRecord, Flag
from klink.db.connection import DatabaseBusy, write
from klink.db.fold import OTHER, AgentFacts, Folded, Lookups, fold, is_about_data
from klink.db.models import Click, LinkDay, WorkspaceDay
from tests.clicks.world import NOW_MS, make_links, rows, visit

DAY = NOW_MS // 86_400_000
REFERRER, UTM_TERM = 6, 12


@pytest.fixture(autouse=True)
def _links(db: str) -> None:
    make_links()


def agent(user_agent: str, flags: int) -> AgentFacts:
    return AgentFacts(
        user_agent, flags, 0, "", int(flags & Flag.CLICK > 0), 1, "", user_agent[:9], ""
    )


LOOKUPS = Lookups(agent=agent, country=lambda net: "", referrer=lambda text: text)


def count(records: Iterable[ClickRecord], max_values: int = 3) -> Folded:
    with write():
        return fold(json.dumps(list(records)), LOOKUPS, max_values=max_values)


def by_value(model: type[LinkDay] | type[WorkspaceDay], dim: int) -> dict[str, int]:
    return {value: n for d, value, n in rows(model, "dim", "value", "clicks") if d == dim}


def from_(referrer: str, times: int = 1, **fields: Any) -> list[ClickRecord]:
    return [visit(referrer=referrer, **fields) for _ in range(times)]


def test_values_beyond_the_cap_are_counted_together_the_frequent_ones_apart() -> None:
    count([*from_("rare"), *from_("a", 5), *from_("", 2), *from_("b", 4), *from_("c", 3)])
    assert by_value(LinkDay, REFERRER) == {"": 2, "a": 5, "b": 4, "c": 3, OTHER: 1}
    assert by_value(WorkspaceDay, REFERRER) == {"": 2, "a": 5, "b": 4, "c": 3, OTHER: 1}


def test_the_cap_holds_across_batches_and_what_is_there_goes_on_counting() -> None:
    count(from_("a", 2))
    count([*from_("b"), *from_("c"), *from_("d")])
    count([*from_("e", 9), *from_("a"), *from_("d")])
    assert by_value(LinkDay, REFERRER) == {"a": 3, "b": 1, "c": 1, OTHER: 11}


def test_a_cap_is_per_link_and_day() -> None:
    count([*from_("a"), *from_("b"), *from_("c")])
    count([*from_("d", link_id=2), *from_("d", at_ms=NOW_MS + 86_400_000)])
    found = rows(LinkDay, "link_id", "day", "dim", "value")
    assert {(2, DAY, REFERRER, "d"), (1, DAY + 1, REFERRER, "d")} <= set(found)
    assert OTHER not in by_value(LinkDay, REFERRER)


def test_made_up_campaigns_and_agents_are_capped_and_single_clicks_keep_them() -> None:
    records = [
        visit(user_agent=f"agent {n}", utm=(None, None, None, None, f"term {n}")) for n in range(9)
    ]
    assert count(records) == Folded(9, NOW_MS)
    for dim in (3, UTM_TERM):
        values = by_value(LinkDay, dim)
        assert len(values) == 4
        assert (sum(values.values()), values[OTHER]) == (9, 6)
    assert len(set(rows(Click, "utm"))) == 9
    assert len(set(rows(Click, "browser"))) == 9


def test_nothing_to_count_is_counted_too() -> None:
    assert count([]) == Folded(0, 0)
    assert rows(Click) == []


@pytest.mark.parametrize(
    "record",
    [
        {"not": "an array"},
        "text",
        [1, 2],
        [None] * 12,
        ["x", 1, 0, 1, 3, "", "", "", "", "", "", None],
        [1.5, 1, 0, 1, 3, "", "", "", "", "", "", None],
        [10**30, 1, 0, 1, 3, "", "", "", "", "", "", None],
        [1, 1, 0, 1, 3, None, "", "", "", "", "", None],
    ],
)
def test_what_is_no_record_is_refused_as_bad_data(record: object) -> None:
    with pytest.raises((peewee.DatabaseError, DatabaseBusy)) as refused, write():
        fold(json.dumps([visit(), record]), LOOKUPS)
    assert is_about_data(refused.value)
    assert rows(Click) == []


def test_text_that_is_no_json_is_refused_as_bad_data() -> None:
    with pytest.raises((peewee.DatabaseError, DatabaseBusy)) as refused, write():
        fold("[[", LOOKUPS)
    assert is_about_data(refused.value)
