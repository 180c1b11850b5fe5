"""Events that anybody may send: of visitors that are known, once a day each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from klink.core import workspaces
from klink.core.context import Context
from klink.core.errors import InvalidUrl, NotFound, RateLimited, ValidationFailed
from klink.core.events.attribution import LastClick, last_click, workspace_of
from klink.core.events.checking import check_public
from klink.core.events.finding import named
from klink.core.events.model import EventView, NewEvent, views
from klink.core.events.recording import keep
from klink.core.urls import parse
from klink.core.visitors import is_visitor_id
from klink.core.workspaces import WorkspaceView
from klink.db.connection import lock, read, write
from klink.db.models import Domain, Event, Link

PUBLIC = "public"
MOST_A_DAY = 20
"""Events of different names that a visitor's browser may send in a UTC day: names are free, and
each brings a row and perhaps revenue."""

CONVERSION = "conversion"
"""The name of the event that a visitor makes on the way (klinky K1)."""


def record_public(
    ctx: Context,
    *,
    public_id: str,
    visitor_id: str,
    event_name: str,
    revenue: Decimal | None = None,
    currency: str | None = None,
    name: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> EventView:
    """Record an event that a browser sends, now; once per visitor, event name and UTC day.

    What comes again gives the first one, as ``repeated``.

    :param public_id: the workspace's.
    :raises NotFound: no such workspace; or the visitor has clicked nothing in it that an
        event may be attributed to.
    :raises ValidationFailed: the visitor's id is malformed, more revenue than
        ``max_public_revenue``, more than 2 KiB of metadata, or as for :func:`record`.
    :raises RateLimited: the visitor has sent :data:`MOST_A_DAY` events today.
    """
    workspace = workspaces.by_public_id(public_id)
    new = NewEvent(
        visitor_id=visitor_id,
        event_name=event_name,
        revenue=revenue,
        currency=currency,
        name=name,
        metadata=metadata,
    )
    stored_metadata = check_public(ctx, new)
    with read():  # strangers need not be waited for
        if last_click(ctx, workspace.id, visitor_id, ctx.now) is None:
            raise NotFound("visitor")
    counts = event_name in workspaces.conversion_names(ctx, workspace)
    return _once(ctx, workspace, new, stored_metadata, is_conversion=counts)


def convert(
    ctx: Context, visitor_id: str, *, host_domain_id: int | None = None
) -> tuple[EventView, str | None]:
    """Record that a visitor converts, once per UTC day; say where to send it.

    :param visitor_id: what a link has given it as ``klid``; of whichever workspace.
    :param host_domain_id: the domain that was asked: one of a workspace's own knows that
        workspace's visitors only.
    :returns: the event, which always counts as a conversion, and the location that the link of
        the visitor's last click names for it (``conversion_redirect_url``), if any.
    :raises ValidationFailed: the visitor's id is malformed.
    :raises NotFound: the visitor has clicked nothing that an event may be attributed to.
    :raises RateLimited: the visitor has sent :data:`MOST_A_DAY` events today.
    """
    with read():
        workspace_id, click = _click_of(ctx, visitor_id, host_domain_id)
        workspace = workspaces.get(workspace_id)
        location = _next_location(click)
    new = NewEvent(visitor_id=visitor_id, event_name=CONVERSION)
    return _once(ctx, workspace, new, None, is_conversion=True), location


def way_on(ctx: Context, visitor_id: str, *, host_domain_id: int | None = None) -> str | None:
    """Where :func:`convert` would send a visitor who does not want to be recorded.

    :raises ValidationFailed: the visitor's id is malformed.
    :raises NotFound: the visitor has clicked nothing that an event may be attributed to.
    """
    with read():
        _, click = _click_of(ctx, visitor_id, host_domain_id)
        return _next_location(click)


def _click_of(ctx: Context, visitor_id: str, host_domain_id: int | None) -> tuple[int, LastClick]:
    """The visitor's last click, and the workspace that knows the visitor."""
    if not is_visitor_id(visitor_id):
        raise ValidationFailed({"visitor_id": ["must be the klid that a link has given"]})
    workspace_id = _owner(host_domain_id) or workspace_of(visitor_id)
    click = workspace_id and last_click(ctx, workspace_id, visitor_id, ctx.now)
    if not workspace_id or not click:
        raise NotFound("visitor")
    return workspace_id, click


def _once(
    ctx: Context,
    workspace: WorkspaceView,
    new: NewEvent,
    metadata: str | None,
    *,
    is_conversion: bool,
) -> EventView:
    """Record a public event, or give the one of its visitor, name and day."""
    today = datetime.combine(ctx.now.astimezone(UTC).date(), time(), UTC)
    todays = (
        (Event.workspace_id == workspace.id)
        & (Event.visitor == new.visitor_id)
        & (Event.occurred_at >= today)
        & (Event.created_via == PUBLIC)
    )
    mine = todays & named(new.event_name)
    with read():  # a page that is loaded again need not wait for the lock
        first = Event.select().where(mine).order_by(Event.id).first()
    if first is None:
        with write():
            lock(f"klink:visitor:{workspace.id}:{new.visitor_id}")
            first = Event.select().where(mine).order_by(Event.id).first()
            if first is None:
                if Event.select().where(todays).count() >= MOST_A_DAY:
                    tomorrow = today + timedelta(days=1)
                    wait_s = math.ceil((tomorrow - ctx.now).total_seconds())
                    raise RateLimited(
                        wait_s, f"a visitor's browser may send {MOST_A_DAY} events a day"
                    )
                return keep(ctx, workspace, new, metadata, is_conversion=is_conversion, via=PUBLIC)
    with read():
        return views([first], repeated=True)[0]


def _owner(domain_id: int | None) -> int | None:
    domain = None if domain_id is None else Domain.get_or_none(Domain.id == domain_id)
    return None if domain is None else domain.workspace_id


def _next_location(click: LastClick) -> str | None:
    link = Link.get_or_none(
        Link.id == click.link_id, Link.deleted_at.is_null(), Link.quarantined_at.is_null()
    )
    if link is None or link.conversion_redirect_url is None:
        return None
    try:
        return parse(link.conversion_redirect_url).location
    except InvalidUrl:  # the rules were others when it was stored
        return None
