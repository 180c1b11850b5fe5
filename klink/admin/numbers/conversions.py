"""Conversions: the events that visitors brought, their sums by name, and how to send them."""

from __future__ import annotations

from flask import Response, request

from klink.admin.gate import who
from klink.admin.numbers import figures
from klink.admin.numbers.choice import chosen_span, in_words, kept, same_page
from klink.admin.rendering import page
from klink.admin.screens import Screens
from klink.core import events, workspaces
from klink.core.events import EventQuery
from klink.stats.conversions import by_name
from klink.stats.conversions import conversions as counted
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context, parts
from klink.web.principal import principal

screens = Screens()

SCRIPT = (
    "<script>window.klink = window.klink || function () "
    "{{ (klink.q = klink.q || []).push(arguments); }};</script>\n"
    '<script async src="{base_url}/_klink.js" data-workspace="{public_id}"></script>'
)
"""What a site has in its head (docs/conversions.md)."""

CALL = 'klink("purchase", {revenue: 99.99});'


@screens.at("/conversions", needs="read")
def conversions() -> Response:
    """Events of a span, the newest first."""
    wait_for_clicks()
    ctx, me, workspace = context(), principal(), who().workspace
    span, form = chosen_span()
    name = request.args.get("name") or None
    covered = span.over.covered
    query = EventQuery(
        event_name=name,
        since=covered.since,
        until=covered.until,
        cursor=request.args.get("cursor"),
    )
    found = events.search(ctx, me, query)
    now, before = (counted(workspace.id, each) for each in (span.over, span.before))
    return page(
        "conversions",
        title="Conversions",
        at="conversions",
        status=422 if form.errors else 200,
        form=form,
        span=span,
        days=in_words(span),
        same_page=same_page,
        kept=kept(),
        figures=[
            figures.figure("Conversions", now.conversions, before.conversions, span),
            figures.figure("Revenue", now.revenue, before.revenue, span, workspace.currency),
        ],
        others=[each for each in now.by_currency.items() if each[0] != workspace.currency],
        names=by_name(workspace.id, span.over),
        name=name,
        counting=workspaces.conversion_names(ctx, workspace),
        events=found.items,
        currency=workspace.currency,
        following=found.next_cursor and same_page(cursor=found.next_cursor),
        first=same_page() if query.cursor else "",
        has_any=bool(found.items) or bool(events.search(ctx, me, EventQuery(limit=1)).items),
        script=SCRIPT.format(
            base_url=parts().settings.base_url.rstrip("/"), public_id=workspace.public_id
        ),
        call=CALL,
    )
