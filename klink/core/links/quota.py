"""How many links a workspace has, and how many more its plan allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from klink.core.context import Context
from klink.core.errors import LinkLimitReached
from klink.core.links.find import counts_as_active
from klink.core.links.same import lock_living
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.connection import read
from klink.db.models import Link


def check_limit(ctx: Context, who: Principal, more: int = 0) -> None:
    """Refuse one more active link when a plan allows no more (contract: ``max_links``).

    :param more: active links that come before it and are not written yet.
    :raises LinkLimitReached: with the plan's number.
    """
    limits = [plan.max_links for plan in who.plans if plan.max_links is not None]
    if not limits:
        return
    lock_living(who.workspace_id)
    if active_links(ctx, who.workspace_id) + more >= min(limits):
        raise LinkLimitReached(min(limits))


def active_links(ctx: Context, workspace_id: int) -> int:
    """How many links of the workspace ``max_links`` counts."""
    living = counts_as_active(to_ms(ctx.now))
    with read():
        return int(Link.select().where(Link.workspace == workspace_id, living).count())


def counts_as_active_now(ctx: Context, state: Mapping[str, Any]) -> bool:
    """Whether ``max_links`` counts a link with these fields.

    :param state: ``is_active``, ``expires_at`` and ``deleted_at`` of the link. Any: each of
        its own type.
    """
    expires_at = state["expires_at"]
    is_expired = expires_at is not None and expires_at <= ctx.now
    return bool(state["is_active"]) and state["deleted_at"] is None and not is_expired
