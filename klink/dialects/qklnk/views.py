"""qklnk's endpoints."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import EXCLUDE

from klink.core import events, links, users, workspaces
from klink.core.errors import LinkLimitReached
from klink.core.events import NewEvent
from klink.core.links import UNSET, LinkPatch, LinkQuery, LinkView, NewLink, Utm
from klink.core.links.model import UTM_NAMES
from klink.core.money import exact
from klink.dialects.base import Json, answer
from klink.dialects.qklnk import render
from klink.dialects.qklnk.schemas import (
    AnalyticsAnswer,
    AnalyticsQuery,
    EventAnswer,
    EventInput,
    LinkAnswer,
    LinkInput,
    LinkPage,
    ListQuery,
    NewLinkInput,
    UserAnswer,
)
from klink.stats import ranges
from klink.stats.counts import LinkCounts
from klink.stats.reading import workspace_analytics
from klink.web.client import asked_url
from klink.web.hooks import wait_for_clicks
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import Resource

resource = Resource("qklnk", "Links, analytics and events.", unknown=EXCLUDE)

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]


@resource.at("/user")
@resource.answers(200, UserAnswer, "Whose token it is.")
def read_user() -> Response:
    """Read who you are.

    Any token may.
    """
    who = principal()
    user = users.get(who.user_id or 0)
    return _data(render.user(user, workspaces.get(who.workspace_id)))


@resource.at("/links", "POST")
@resource.body(
    NewLinkInput, example={"destination": "https://example.com/spring", "utm_source": "news"}
)
@resource.answers(201, LinkAnswer, "Created.")
@resource.takes("Idempotency-Key")
@resource.refuses(LinkLimitReached)
def create_link(read: Read) -> Response:
    """Create a link."""
    wanted = NewLink(
        url=read["destination"],
        domain=read.get("domain") or None,
        utm=Utm(**_utm(read)),
    )
    return _create(links.prepare(wanted))


@idempotent
def _create(wanted: NewLink) -> Response:
    made = links.create(context(), principal(), wanted)
    # Nobody has clicked on it yet, so there is nothing to be asked.
    return _data(render.link(made.link, LinkCounts()), 201)


@resource.at("/links")
@resource.query(ListQuery)
@resource.answers(200, LinkPage, "One page, newest first.")
def list_links(query: Read) -> Response:
    """List the team's links."""
    wait_for_clicks()
    per_page = query["per_page"]
    asked = LinkQuery(sort="-created", limit=per_page)
    found = links.numbered(context(), principal(), asked, query["page"])
    kept = f"per_page={per_page}&" if "per_page" in request.args else ""
    return answer(render.page(found, per_page, asked_url(), kept))


@resource.at("/links/<slug>")
@resource.answers(200, LinkAnswer, "The link.")
def read_link(slug: str) -> Response:
    """Read a link with its counts.

    Of several domains that have the slug, the oldest link's.
    """
    wait_for_clicks()
    ctx, who = context(), principal()
    return _link(links.get(ctx, who, links.uid_by_slug(who, slug, scope="read")))


@resource.at("/links/<slug>", "PUT")
@resource.body(LinkInput, example={"destination": "https://example.com/summer"})
@resource.answers(200, LinkAnswer, "The link as it is now.")
def change_link(read: Read, slug: str) -> Response:
    """Change a link."""
    wait_for_clicks()
    ctx, who = context(), principal()
    patch = LinkPatch(url=read["destination"], utm=_utm(read) or UNSET)
    return _link(links.update(ctx, who, links.uid_by_slug(who, slug, scope="update"), patch))


@resource.at("/links/<slug>", "DELETE")
@resource.answers(204, description="Gone: into the trash, where its slug stays taken.")
def delete_link(slug: str) -> Response:
    """Delete a link."""
    who = principal()
    links.trash(context(), who, links.uid_by_slug(who, slug, scope="delete"))
    return Response(status=204)


@resource.at("/analytics")
@resource.query(AnalyticsQuery)
@resource.answers(200, AnalyticsAnswer, "The analytics.")
def read_analytics(query: Read) -> Response:
    """Read the team's analytics.

    Conversions and revenue are those of all events, whether a link brought the visitor or not.
    """
    wait_for_clicks()
    ctx = context()
    over = ranges.last_days(ctx.now, query["days"])
    return _data(render.analytics(workspace_analytics(ctx, principal(), over)))


@resource.at("/events/record", "POST")
@resource.body(EventInput, example={"visitor_id": "v-1", "event_name": "purchase", "revenue": 9.5})
@resource.answers(201, EventAnswer, "Recorded.")
@resource.takes("Idempotency-Key")
def record_event(read: Read) -> Response:
    """Record an event.

    It goes to the link of the visitor's last click; one of an unknown visitor is accepted, and
    stays unattributed.
    """
    revenue = read.get("revenue")
    new = NewEvent(**{**read, "revenue": None if revenue is None else exact(revenue)})
    wait_for_clicks()  # the visitor's last one may not be counted yet
    return _record(new)


@idempotent
def _record(new: NewEvent) -> Response:
    return _data(render.event(events.record(context(), principal(), new)), 201)


def _data(body: Json, status: int = 200) -> Response:
    return answer({"data": body}, status)


def _link(view: LinkView) -> Response:
    return _data(render.links([view])[0])


def _utm(read: Read) -> dict[str, str | None]:
    """Those of the five that came, by the core's names."""
    return {name: read[f"utm_{name}"] for name in UTM_NAMES if f"utm_{name}" in read}
