"""The analytics of a workspace."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.resource import Resource
from klink.api.schemas import AnalyticsQuery
from klink.api.stats_answers import Analytics
from klink.core.errors import ValidationFailed
from klink.stats import ranges
from klink.stats.reading import workspace_analytics
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("analytics", "What happened in the workspace.")


@blueprint.at("/analytics")
@blueprint.query(AnalyticsQuery)
@blueprint.answers(200, Analytics, "The analytics.")
def read_analytics(query: dict[str, Any]) -> Response:
    """Read the workspace's analytics.

    Over `days` whole UTC days up to now, or from `since` to `until`; by default the last 30
    days. What purged links had stays in the totals.
    """
    wait_for_clicks()
    ctx = context()
    if "days" not in query:
        over = ranges.make(ctx.now, **query)
    elif len(query) > 1:
        raise ValidationFailed({"days": ["stands alone; or use since and until"]})
    else:
        over = ranges.last_days(ctx.now, query["days"])
    return render.answer(render.analytics(workspace_analytics(ctx, principal(), over)))
