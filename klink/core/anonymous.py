"""Links that are made without a key (klookup U12): whose they are, and how many."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

from klink.core import workspaces
from klink.core.client_address import keyed_hash
from klink.core.context import Context
from klink.core.errors import AnonymousLimitReached, Conflict, NotFound, ValidationFailed
from klink.core.links.model import NewLink
from klink.core.plans import stored
from klink.core.principal import Principal
from klink.core.workspaces import WorkspaceView
from klink.db.connection import lock, write
from klink.db.models import AnonymousLink

WORKSPACE = "anonymous"
"""The name of the workspace that owns them."""

DIALECT = "klookup"
COUNTED = timedelta(hours=24)


def principal(ctx: Context) -> Principal:
    """Whoever asks without a key: may create, in the workspace ``anonymous``.

    The workspace is made when there is none yet; what plan it has caps them all.
    """
    home = _workspace(ctx)
    return Principal(
        workspace_id=home.id,
        user_id=None,
        key_id=None,
        dialect=DIALECT,
        scopes=frozenset({"create"}),
        workspace_plan=stored(ctx.settings.plans, home.plan),
    )


def check(new: NewLink) -> None:
    """Refuse what needs a key: previews are a workspace's promise about its own pages.

    :raises ValidationFailed: the link is not ``direct``.
    """
    if new.type != "direct":
        raise ValidationFailed({"type": ["without an API key only direct links can be made"]})


def limited(ctx: Context, new: NewLink) -> NewLink:
    """The link with the end that the server gives to links made without a key, if it does.

    An earlier end stays.
    """
    longest = ctx.settings.anonymous_expiry
    if longest is None:
        return new
    end = ctx.now + longest
    return replace(new, expires_at=end if new.expires_at is None else min(end, new.expires_at))


def take(ctx: Context, address: str) -> None:
    """Count one creation of this address, in the unit of work of the creation.

    So a creation that fails counts nothing. A /64 of IPv6 counts as one address.

    :raises AnonymousLimitReached: the address has made as many as it may in 24 h.
    """
    who = keyed_hash(ctx.settings.secret, "anonymous links", address)
    limit = ctx.settings.anonymous_links_per_day
    table = AnonymousLink
    with write():
        lock(f"klink:anonymous:{who}")
        since = ctx.now - COUNTED
        table.delete().where(table.address == who, table.created_at <= since).execute()
        mine = table.select().where(table.address == who)
        latest = list(mine.order_by(table.created_at.desc()).limit(limit))
        if len(latest) == limit:
            raise _used_up(ctx.now, limit, latest[-1].created_at)
        table.create(address=who, created_at=ctx.now)


def prune(now: datetime, *, limit: int = 300) -> int:
    """Delete creations that no longer count, at most ``limit``; return how many."""
    old = (
        AnonymousLink.select(AnonymousLink.id)
        .where(AnonymousLink.created_at <= now - COUNTED)
        .order_by(AnonymousLink.created_at)
        .limit(limit)
    )
    with write():
        return int(AnonymousLink.delete().where(AnonymousLink.id.in_(old)).execute())


def _used_up(now: datetime, limit: int, oldest: datetime) -> AnonymousLimitReached:
    # A whole second, since that is how it is shown: whoever comes then must not be too early.
    again_at = (oldest + COUNTED + timedelta(microseconds=999_999)).replace(microsecond=0)
    wait_s = math.ceil((again_at - now).total_seconds())
    return AnonymousLimitReached(limit, again_at, max(1, wait_s))


def _workspace(ctx: Context) -> WorkspaceView:
    try:
        return workspaces.find(WORKSPACE)
    except NotFound:
        pass
    try:
        return workspaces.create(ctx, WORKSPACE)
    except Conflict:  # somebody else was faster
        return workspaces.find(WORKSPACE)
