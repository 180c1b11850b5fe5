"""Clicks per day, for the links of a page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from klink.stats.sparklines import sparklines
from tests.stats.conftest import NOW
from tests.stats.statements import questions
from tests.stats.visits import Visit, count


@pytest.fixture
def several(ctx: Context, owner: Principal) -> list[LinkView]:
    return [links.create(ctx, owner, NewLink(url="https://example.com/")).link for _ in range(3)]


def test_a_link_has_its_clicks_of_each_day_the_oldest_first(several: list[LinkView]) -> None:
    first, second, third = several
    count([Visit(NOW, first.id)] * 2)
    count([Visit(NOW - timedelta(days=29), first.id)])
    count([Visit(NOW - timedelta(days=30), first.id)] * 9)
    count([Visit(NOW - timedelta(days=1), second.id)] * 4)
    found = sparklines(NOW, several)
    assert found[first.id] == (1, *[0] * 28, 2)
    assert found[second.id] == (*[0] * 28, 4, 0)
    assert found[third.id] == (0,) * 30


def test_only_people_are_in_it(several: list[LinkView]) -> None:
    link = several[0]
    count([Visit(NOW, link.id, kind=1), Visit(NOW, link.id, facts={"country": "DE"})])
    assert sparklines(NOW, [link], days=2) == {link.id: (0, 1)}


def test_a_page_takes_one_query(several: list[LinkView]) -> None:
    with questions() as asked:
        sparklines(NOW, several)
    assert len(asked) == 1
    assert sparklines(NOW, []) == {}
