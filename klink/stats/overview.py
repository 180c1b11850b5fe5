"""A workspace or a link at a glance: the figures of a span, beside those of the span before.

A door waits for the ledger first, so that these see every click answered before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from klink.core.context import Context
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.db.connection import read
from klink.stats.breakdown import DEFAULT_LIMIT, Dim, Top, breakdown
from klink.stats.conversions import Conversions, conversions
from klink.stats.scope import Scope, of_link, of_workspace, readable
from klink.stats.series import Point, series
from klink.stats.spans import Span
from klink.stats.top_links import TopLink, top_links
from klink.stats.totals import Totals, totals_of, unique_visitors

__all__ = ["Overview", "Visitors", "link_overview", "workspace_overview"]


@dataclass(frozen=True, slots=True)
class Visitors:
    """Distinct visitors of UTC days, added up.

    A day that is not over cannot be held against a whole one, and visitors are known by whole
    days only. So what is compared is ``past`` with ``past_before``.

    :param count: of all days of the span.
    :param past: of those that are over; None when none is.
    :param past_before: of as many days of the span before.
    """

    count: int
    past: int | None
    past_before: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What happened in a span.

    :param totals: by quarter hours, ``unique_visitors`` by the span's UTC days; with
        ``totals_before`` of the span before, where it is 0.
    :param events: conversions and revenue; with ``events_before`` likewise.
    :param points_before: clicks of the span before, point by point beside ``points``; None
        where it has none.
    :param top: the values that were asked for, by the span's UTC days.
    :param top_links: the most clicked; of one link none.
    """

    span: Span
    totals: Totals
    totals_before: Totals
    visitors: Visitors
    events: Conversions
    events_before: Conversions
    points: list[Point]
    points_before: list[int | None]
    top: Mapping[Dim, Top]
    top_links: list[TopLink]


def workspace_overview(
    ctx: Context,  # noqa: ARG001 - called like every function that a door calls
    who: Principal,
    span: Span,
    dims: Collection[Dim],
    *,
    limit: int = DEFAULT_LIMIT,
) -> Overview:
    """The principal's workspace over a span, purged links included in its totals.

    :param dims: by which to list the most frequent values.
    :param limit: of values and links each; what other values have is summed.
    :raises InsufficientScope: the key may not read.
    """
    who.need("read")
    with read():
        found = _overview(of_workspace(who.workspace_id), who.workspace_id, span, dims, limit)
        return replace(found, top_links=top_links(who.workspace_id, span.over, limit))


def link_overview(
    ctx: Context,
    who: Principal,
    link: LinkView | str,
    span: Span,
    dims: Collection[Dim],
    *,
    limit: int = DEFAULT_LIMIT,
) -> Overview:
    """One link over a span.

    :param link: the link or its UUID.
    :param dims: with ``limit``: as for a workspace.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    """
    view = readable(ctx, who, link)
    with read():
        return _overview(of_link(view.id), view.workspace_id, span, dims, limit)


def _overview(
    scope: Scope, workspace_id: int, span: Span, dims: Collection[Dim], limit: int
) -> Overview:
    link_id = None if scope == of_workspace(workspace_id) else scope.id
    points, before = series(scope, span.over), series(scope, span.before)
    counted = unique_visitors(scope, span.days)
    return Overview(
        span=span,
        totals=totals_of(points, counted),
        totals_before=totals_of(before, 0),
        visitors=_visitors(scope, span, counted),
        events=conversions(workspace_id, span.over, link_id=link_id),
        events_before=conversions(workspace_id, span.before, link_id=link_id),
        points=points,
        points_before=_beside(points, before),
        top=breakdown(scope, span.days, limit, dims) if dims else {},
        top_links=[],
    )


def _visitors(scope: Scope, span: Span, count: int) -> Visitors:
    if span.past_days is None or span.past_days_before is None:
        return Visitors(count, None, None)
    past = unique_visitors(scope, span.past_days) if span.is_to_now else count
    return Visitors(count, past, unique_visitors(scope, span.past_days_before))


def _beside(points: list[Point], before: list[Point]) -> list[int | None]:
    """The clicks of the span before, one for each point: months differ in their number."""
    clicks: list[int | None] = [point.clicks for point in before[: len(points)]]
    return clicks + [None] * (len(points) - len(clicks))
