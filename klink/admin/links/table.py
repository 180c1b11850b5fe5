"""The table of links: searched, filtered, sorted, and paged by a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request

from klink.admin.charts import sparkline_to_now
from klink.admin.forms import Form
from klink.admin.links.badges import Badge, badges
from klink.admin.links.listing import Asked
from klink.admin.rendering import fragment, page
from klink.admin.screens import Screens
from klink.core import domains, links
from klink.core.links import LinkPage, LinkView
from klink.stats.counts import LinkCounts, with_counts
from klink.stats.sparklines import sparklines
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

PAGE = 50

STATES = (
    ("", "All but the trash"),
    ("active", "Active"),
    ("inactive", "Disabled"),
    ("expired", "Expired"),
    ("quarantined", "In quarantine"),
    ("trashed", "In the trash"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A link as the table shows it.

    :ivar spark: the path of its last thirty days, and of the end that is today; two times ''
        when nobody clicked.
    """

    link: LinkView
    counts: LinkCounts
    badges: list[Badge]
    spark: tuple[str, str]


@screens.at("/links", needs="read")
def links_table() -> Response:
    """The table, or for a script its rows alone."""
    asked = Asked.of(request.args)
    form = Form.asked()
    found = LinkPage([], None)
    wait_for_clicks()
    with form.catching():
        found = links.search(context(), principal(), asked.query(PAGE))
    values = {
        "asked": asked,
        "form": form,
        "rows": rows_of(found.items),
        "next_cursor": found.next_cursor,
        "looked_far": found.next_cursor is not None and len(found.items) < PAGE,
    }
    status = 422 if form.errors else 200
    if request.headers.get("X-Klink") == "fragment":
        return fragment("links/results", status=status, total=None, **values)
    total = None
    if not asked.is_filtered and not asked.is_trash:
        total = links.living_links(principal().workspace_id)
    return page(
        "links/table",
        title="Trash" if asked.is_trash else "Links",
        at="links",
        status=status,
        total=total,
        states=STATES,
        hosts=_hosts(asked.domain),
        tags=sorted({tag for link in found.items for tag in link.tags}),
        **values,
    )


def _hosts(asked: str) -> list[tuple[str, str]]:
    """The domains to choose from; what was asked for is among them, whatever it is."""
    hosts = [domain.host for domain in domains.find_all(context(), principal()).items]
    if asked and asked not in hosts:
        hosts.append(asked)
    return [("", "All"), *((host, host) for host in hosts)]


def rows_of(found: Sequence[LinkView]) -> list[Row]:
    """The rows of these links: a handful of queries, however many they are."""
    ctx = context()
    counts = with_counts(found)
    days = sparklines(ctx.now, found)
    return [
        Row(link, counted, badges(link, ctx.now), _spark(days[link.id]))
        for link, counted in zip(found, counts, strict=True)
    ]


def _spark(days: Sequence[int]) -> tuple[str, str]:
    return sparkline_to_now(days) if any(days) else ("", "")
