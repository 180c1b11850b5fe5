"""Statistics and raw clicks of one link."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from klink.api import render
from klink.api.links import living
from klink.api.resource import Resource
from klink.api.schemas import ClicksQuery, StatsQuery
from klink.api.stats_answers import ClickList, Stats
from klink.stats import ranges
from klink.stats.clicks import ClickQuery, page_of_clicks
from klink.stats.reading import link_stats
from klink.web.click_export import export_clicks
from klink.web.exports import CSV
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("stats", "What happened to a link.")


@blueprint.at("/links/<link_id>/stats")
@blueprint.query(StatsQuery)
@blueprint.answers(200, Stats, "The statistics.")
def read_stats(query: dict[str, Any], link_id: str) -> Response:
    """Read a link's statistics.

    Totals, a series, and top values over a range, by default the last 30 days. The range is
    rounded outward to quarter hours, for top values and unique visitors to UTC days; the
    answer says what it covers.
    """
    wait_for_clicks()
    ctx, who = context(), principal()
    limit = {"limit": query.pop("limit")} if "limit" in query else {}
    over = ranges.make(ctx.now, **query)
    return render.answer(render.stats(link_stats(ctx, who, living(link_id), over, **limit)))


@blueprint.at("/links/<link_id>/clicks")
@blueprint.query(ClicksQuery)
@blueprint.answers(200, ClickList, "One page, newest first; or all of them, as CSV.")
@blueprint.answers(200, content_type=CSV, description="One page; or all of them, as CSV.")
def read_clicks(query: dict[str, Any], link_id: str) -> Response:
    """Read a link's raw clicks.

    Newest first, people and the rest, as long as they are kept. With `Accept: text/csv` all
    of them from the cursor on, in one file.
    """
    wait_for_clicks()
    link = living(link_id)
    asked = ClickQuery(**query)
    if request.accept_mimetypes.best_match(["application/json", CSV]) == CSV:
        response = export_clicks(context(), principal(), link, asked)
    else:
        page = page_of_clicks(context(), principal(), link, asked)
        items = [render.click(view) for view in page.items]
        response = render.answer({"items": items, "next_cursor": page.next_cursor})
    response.headers["Vary"] = "Accept"
    return response
