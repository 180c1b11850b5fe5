"""What doors ask for: the statistics of a link, the analytics of a workspace.

A door waits for the ledger first, so that these see every click answered before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.db.connection import read
from klink.stats.breakdown import DEFAULT_LIMIT, MAX_LIMIT, PEOPLE_DIMS, Dim, Top, breakdown
from klink.stats.conversions import conversions
from klink.stats.ranges import Covered, Range
from klink.stats.scope import of_link, of_workspace, readable
from klink.stats.series import Point, series
from klink.stats.top_links import TopLink, top_links
from klink.stats.totals import Totals, imported, totals_of, unique_visitors


@dataclass(frozen=True, slots=True)
class LinkStats:
    """The statistics of a link over a range.

    :param top: by ``country``, ``device``, ``browser``, ``os``, ``language``, ``referrer``,
        ``variant``, ``utm_source``, ``utm_medium``, ``utm_campaign``, ``utm_content``,
        ``utm_term``.
    :param rest_by_reason: why visits counted as no people's.
    :param conversions: events that count and are attributed to the link, by when they occurred.
    :param revenue: of all events attributed to it, in the workspace's currency.
    """

    covered: Covered
    totals: Totals
    series: list[Point]
    top: Mapping[str, Top]
    rest_by_reason: Top
    conversions: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class WorkspaceAnalytics:
    """The analytics of a workspace over a range.

    :param unique_visitors: summed over UTC days.
    :param conversions: of the same quarter hours as clicks; of all time, without beginning.
    :param revenue: of all events likewise, in the workspace's currency.
    :param revenue_by_currency: the same in every currency that there is, by its code.
    :param top_links: the most clicked, at most 10.
    """

    covered: Covered
    total_clicks: int
    views: int
    unique_visitors: int
    conversions: int
    revenue: Decimal
    revenue_by_currency: Mapping[str, Decimal]
    top_links: list[TopLink]
    series: list[Point]


def link_stats(
    ctx: Context,
    who: Principal,
    link: LinkView | str,
    over: Range,
    *,
    limit: int = DEFAULT_LIMIT,
) -> LinkStats:
    """The statistics of a link.

    :param link: the link or its UUID.
    :param limit: values of each dimension, 1 to 100; the others are summed.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    :raises ValidationFailed: ``limit``, or too many points in a range from the first visit on.
    """
    view = readable(ctx, who, link)
    if not 1 <= limit <= MAX_LIMIT:
        raise ValidationFailed({"limit": [f"must be 1 to {MAX_LIMIT}"]})
    scope = of_link(view.id)
    with read():
        events = conversions(view.workspace_id, over, link_id=view.id)
        over = over.begun(scope.first_quarter())
        points = series(scope, over)
        tops = breakdown(scope, over, limit)
        return LinkStats(
            covered=over.covered,
            totals=totals_of(points, unique_visitors(scope, over), imported(scope, over)),
            series=points,
            top={dim.name.lower(): tops[dim] for dim in PEOPLE_DIMS},
            rest_by_reason=tops[Dim.REASON],
            conversions=events.conversions,
            revenue=events.revenue,
        )


def workspace_analytics(
    ctx: Context,  # noqa: ARG001 - called like every function that a door calls
    who: Principal,
    over: Range,
) -> WorkspaceAnalytics:
    """The analytics of the principal's workspace, purged links included in its totals.

    Conversions and revenue are those of all its events, attributed or not (qklnk Q9).

    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: too many points in a range from the first visit on.
    """
    who.need("read")
    scope = of_workspace(who.workspace_id)
    with read():
        events = conversions(who.workspace_id, over)
        over = over.begun(scope.first_quarter())
        points = series(scope, over)
        counted = totals_of(points, unique_visitors(scope, over), imported(scope, over))
        return WorkspaceAnalytics(
            covered=over.covered,
            total_clicks=counted.clicks,
            views=counted.views,
            unique_visitors=counted.unique_visitors,
            conversions=events.conversions,
            revenue=events.revenue,
            revenue_by_currency=events.by_currency,
            top_links=top_links(who.workspace_id, over),
            series=points,
        )
