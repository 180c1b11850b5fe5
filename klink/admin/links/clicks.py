"""The raw clicks of a link: every visit that is kept, why it counts or does not, and all as CSV."""

from __future__ import annotations

from flask import Response, request

from klink.admin.numbers import values
from klink.admin.numbers.choice import same_page
from klink.admin.rendering import page
from klink.admin.screens import Screens
from klink.core import links
from klink.stats.clicks import ClickQuery, page_of_clicks
from klink.web.click_export import export_clicks
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()


@screens.at("/links/<uid>/clicks", needs="read")
def link_clicks(uid: str) -> Response:
    """One page of visits, the newest first."""
    wait_for_clicks()
    ctx, me = context(), principal()
    link = links.get(ctx, me, uid)
    is_people = request.args.get("who") == "people"
    query = ClickQuery(clicks_only=is_people, cursor=request.args.get("cursor"))
    found = page_of_clicks(ctx, me, link, query)
    return page(
        "links/clicks",
        title=f"Clicks of /{link.slug}",
        at="links",
        link=link,
        clicks=found.items,
        is_people=is_people,
        same_page=same_page,
        following=found.next_cursor and same_page(cursor=found.next_cursor),
        first=same_page() if query.cursor else "",
        country=values.country,
        reason=values.reason,
        language=values.language,
    )


@screens.at("/links/<uid>/clicks.csv", needs="read")
def link_clicks_csv(uid: str) -> Response:
    """All visits that are kept, in one file."""
    wait_for_clicks()
    ctx, me = context(), principal()
    query = ClickQuery(clicks_only=request.args.get("who") == "people")
    return export_clicks(ctx, me, links.get(ctx, me, uid), query)
