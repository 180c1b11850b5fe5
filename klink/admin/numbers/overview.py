"""The overview of the workspace: its figures over a span, and what happens just now."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from klink.admin.charts import sparkline
from klink.admin.gate import who
from klink.admin.numbers import figures, lists
from klink.admin.numbers.choice import asked_span, chosen_span, in_words, kept, same_page
from klink.admin.numbers.lists import Row
from klink.admin.rendering import fragment, page
from klink.admin.screens import Screens
from klink.clicks.recent import LastMinutes
from klink.core.links.quota import living_links
from klink.stats.overview import Overview, workspace_overview
from klink.stats.top_links import TopLink
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context, parts
from klink.web.principal import principal

screens = Screens()

_LINE = (180, 28)  # of the last minutes, in pixels


@screens.at("/", needs="read")
def overview() -> Response:
    """Clicks, visitors, conversions and revenue over a span, beside the span before."""
    wait_for_clicks()
    ctx, me = context(), principal()
    span, form = chosen_span()
    found = workspace_overview(ctx, me, span, lists.chosen_dims(), limit=lists.limit())
    if _is_untouched(found) and not living_links(me.workspace_id):
        return page("overview_empty", title="Overview", at="overview")
    return page(
        "overview",
        title="Overview",
        at="overview",
        status=422 if form.errors else 200,
        form=form,
        span=span,
        days=in_words(span),
        utc_days=figures.days_in_words(span),
        same_page=same_page,
        kept=kept(),
        figures=figures.figures(found, who().workspace.currency),
        chart=figures.chart(found),
        top_links=_rows(found.top_links[: lists.SHORT]),
        listings=lists.listings(found.top, with_rest=False),
        last=_last_minutes(),
        line=_line,
    )


@screens.at("/live", needs="read")
def live() -> Response:
    """The clicks of the last minutes, for the page to look at again and again."""
    return fragment("live", last=_last_minutes(), line=_line)


def _is_untouched(found: Overview) -> bool:
    return not (found.totals.views or found.totals_before.views or found.events.conversions)


def _rows(found: list[TopLink]) -> list[Row]:
    longest = max([each.clicks for each in found] + [1])
    span: dict[str, Any] = {**asked_span()}  # url_for takes names of its own as well, not texts
    return [
        Row(
            f"/{each.slug}",
            url_for("admin.link_page", uid=each.uid, **span),
            each.clicks,
            0,
            each.clicks / longest,
            0.0,
        )
        for each in found
    ]


def _last_minutes() -> LastMinutes | None:
    recent = parts().recent
    return None if recent is None else recent.of(principal().workspace_id)


def _line(last: LastMinutes) -> str:
    return sparkline(last.clicks, *_LINE)
