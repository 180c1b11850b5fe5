"""Recording events."""

from __future__ import annotations

from klink.core import workspaces
from klink.core.context import Context
from klink.core.events.attribution import count, last_click
from klink.core.events.checking import check
from klink.core.events.model import EventView, NewEvent, views
from klink.core.money import stored
from klink.core.principal import Principal
from klink.core.workspaces import WorkspaceView
from klink.db.connection import lock, share_lock, write
from klink.db.models import Event


def record(ctx: Context, who: Principal, new: NewEvent) -> EventView:
    """Record an event of the principal's workspace, attributed to its visitor's last click.

    A repeat of an ``event_id`` records nothing: it gives the first event, as ``repeated``.

    :raises InsufficientScope: the key may not create.
    :raises ValidationFailed: keyed by the fields of :class:`NewEvent`, all that is wrong.
    """
    who.need("create")
    metadata = check(ctx, new)
    with write():
        workspace = workspaces.get(who.workspace_id)
        first = _first(workspace.id, new.event_id)
        if first is not None:
            return views([first], repeated=True)[0]
        counts = new.event_name in workspaces.conversion_names(ctx, workspace)
        return keep(
            ctx,
            workspace,
            new,
            metadata,
            is_conversion=counts,
            via=who.dialect,
            key_id=who.key_id,
        )


def keep(
    ctx: Context,
    workspace: WorkspaceView,
    new: NewEvent,
    metadata: str | None,
    *,
    is_conversion: bool,
    via: str,
    key_id: int | None = None,
) -> EventView:
    """Write down an event that may be, with all that follows from it; part of ``write()``.

    :param metadata: as it is stored.
    :param via: the way it came.
    """
    if new.revenue:
        share_lock(workspaces.currency_lock(workspace.id))
        workspace = workspaces.get(workspace.id)  # its currency as it is now, and stays for this
    occurred_at = new.occurred_at or ctx.now
    click = last_click(ctx, workspace.id, new.visitor_id, occurred_at)
    row = Event.create(
        workspace_id=workspace.id,
        key_id=key_id,
        created_via=via,
        visitor=new.visitor_id,
        event_name=new.event_name,
        revenue=None if new.revenue is None else stored(new.revenue),
        currency=new.currency or workspace.currency,
        name=new.name,
        metadata=metadata,
        is_conversion=is_conversion,
        occurred_at=occurred_at,
        created_at=ctx.now,
        link_id=click and click.link_id,
        variant_id=(click and click.variant_id) or None,
        run=click and click.run,
        click_at=click and click.at,
        event_id=new.event_id,
    )
    if click is not None:
        count(row, click, workspace.currency)
    return views([row])[0]


def _first(workspace_id: int, event_id: str | None) -> Event | None:
    """The event that came with this id before; whoever else sends it now waits."""
    if event_id is None:
        return None
    lock(f"klink:event:{workspace_id}:{event_id}")
    row: Event | None = Event.get_or_none(
        Event.workspace_id == workspace_id, Event.event_id == event_id
    )
    return row
