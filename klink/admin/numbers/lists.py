"""Lists of what clicks came with, with bars in the row: a few groups, each with tabs.

A tab is a link: which list of a group is shown stands in the query, so only those are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import request

from klink.admin.numbers import values
from klink.admin.numbers.choice import same_page
from klink.stats.breakdown import MAX_LIMIT, Dim, Top

__all__ = ["SHORT", "Listing", "Row", "chosen_dims", "limit", "listings", "reasons", "rows_of"]

SHORT = 8
"""Values of a list, unless more of them are asked for."""


class _Group(NamedTuple):
    """Lists of which one is shown; the first, unless another is asked for."""

    key: str
    title: str
    lists: Sequence[tuple[str, Dim]]


_GROUPS = (
    _Group(
        "source",
        "Sources",
        (
            ("Referrers", Dim.REFERRER),
            ("UTM source", Dim.UTM_SOURCE),
            ("Medium", Dim.UTM_MEDIUM),
            ("Campaign", Dim.UTM_CAMPAIGN),
            ("Content", Dim.UTM_CONTENT),
            ("Term", Dim.UTM_TERM),
        ),
    ),
    _Group("place", "Places", (("Countries", Dim.COUNTRY), ("Languages", Dim.LANGUAGE))),
    _Group(
        "device",
        "Devices",
        (("Devices", Dim.DEVICE), ("Browsers", Dim.BROWSER), ("Systems", Dim.OS)),
    ),
)


class Row(NamedTuple):
    """A line of a list.

    :ivar share: of the longest bar, 0 to 1; ``of_all``: of all people's clicks.
    """

    label: str
    href: str | None
    clicks: int
    rest: int
    share: float
    of_all: float


class Tab(NamedTuple):
    """A list that can be shown."""

    word: str
    href: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A group's list as it is shown.

    :ivar other: what all other values have together: people's clicks, and the rest.
    :ivar more: where all of them are shown; '' when these are all.
    """

    key: str
    title: str
    tabs: Sequence[Tab]
    rows: Sequence[Row]
    other: tuple[int, int]
    more: str


def chosen_dims() -> list[Dim]:
    """What the lists that are asked for count by."""
    return [_chosen(group)[1] for group in _GROUPS]


def limit() -> int:
    """How many values must be counted: many, when one of the lists is to be whole."""
    return MAX_LIMIT if _is_whole() else SHORT


def listings(top: Mapping[Dim, Top], *, with_rest: bool) -> list[Listing]:
    """The lists of a page.

    :param with_rest: whether values that only bots and the like came with are shown, too.
    """
    return [_listing(group, top[_chosen(group)[1]], with_rest=with_rest) for group in _GROUPS]


def rows_of(dim: Dim, top: Top, most: int = MAX_LIMIT, *, with_rest: bool) -> list[Row]:
    """The lines of one list."""
    shown = [each for each in top.values if each.clicks or (with_rest and each.rest)][:most]
    longest = max([each.clicks for each in shown] + [1])
    all_clicks = sum(each.clicks for each in top.values) + top.other_clicks
    return [
        Row(
            values.value(dim, each.value),
            None,
            each.clicks,
            each.rest,
            each.clicks / longest,
            each.clicks / all_clicks if all_clicks else 0.0,
        )
        for each in shown
    ]


def reasons(top: Top) -> list[Row]:
    """Why visits count as no people's: the bars are those visits."""
    longest = max([each.rest for each in top.values] + [1])
    everyone = sum(each.rest for each in top.values) + top.other_rest
    return [
        Row(
            values.value(Dim.REASON, each.value),
            None,
            each.clicks,
            each.rest,
            each.rest / longest,
            each.rest / everyone,
        )
        for each in top.values
        if each.rest
    ]


def _listing(group: _Group, top: Top, *, with_rest: bool) -> Listing:
    word, dim = _chosen(group)
    is_whole = _is_whole(group)
    rows = rows_of(dim, top, MAX_LIMIT if is_whole else SHORT, with_rest=with_rest)
    other = (
        sum(each.clicks for each in top.values) + top.other_clicks - sum(r.clicks for r in rows),
        sum(each.rest for each in top.values) + top.other_rest - sum(r.rest for r in rows),
    )
    has_more = not is_whole and other[0] > 0
    return Listing(
        key=group.key,
        title=group.title,
        tabs=[_tab(group, name, each, is_here=name == word) for name, each in group.lists],
        rows=rows,
        other=other,
        more=f"{same_page(more=group.key)}#{group.key}" if has_more else "",
    )


def _tab(group: _Group, word: str, dim: Dim, *, is_here: bool) -> Tab:
    is_first = dim is group.lists[0][1]
    chosen = {group.key: None if is_first else dim.name.lower(), "more": None}
    return Tab(word, f"{same_page(**chosen)}#{group.key}", is_here)


def _chosen(group: _Group) -> tuple[str, Dim]:
    asked = request.args.get(group.key, "")
    for word, dim in group.lists:
        if asked == dim.name.lower():
            return word, dim
    return group.lists[0]


def _is_whole(group: _Group | None = None) -> bool:
    asked = request.args.get("more", "")
    return asked in [each.key for each in _GROUPS] if group is None else asked == group.key
