"""How many links a workspace has, and how many more its plan allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from klink.core.context import Context
from klink.core.errors import LinkLimitReached
from klink.core.links.same import lock_living
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import read


def check_limit(ctx: Context, who: Principal, more: int = 0) -> None:
    """Refuse one more active link when a plan allows no more (contract: ``max_links``).

    :param more: active links that come before it and are not written yet.
    :raises LinkLimitReached: with the plan's number.
    """
    limits = [plan.max_links for plan in who.plans if plan.max_links is not None]
    if not limits:
        return
    lock_living(who.workspace_id)
    if enabled(who.workspace_id) + more < min(limits):
        return
    if active_links(ctx, who.workspace_id) + more >= min(limits):
        raise LinkLimitReached(min(limits))


def active_links(ctx: Context, workspace_id: int) -> int:
    """How many links of the workspace ``max_links`` counts; what has expired is not kept count of.

    So it costs as much as there are links that expired and are neither in the trash nor
    inactive.
    """
    sql = """
        SELECT COUNT(*) FROM links
        WHERE workspace_id = ? AND deleted_at IS NULL AND expires_at <= ? AND is_active
    """
    with read():
        row = rows.one(sql, workspace_id, to_ms(ctx.now))
        assert row is not None  # an aggregate always gives one
        return enabled(workspace_id) - int(row[0])


def enabled(workspace_id: int) -> int:
    """How many links are neither in the trash nor inactive; they may have expired."""
    row = rows.one("SELECT enabled FROM workspace_links WHERE workspace_id = ?", workspace_id)
    return 0 if row is None else int(row[0])


def living_links(workspace_id: int) -> int:
    """How many links the workspace has outside the trash."""
    with read():
        row = rows.one("SELECT living FROM workspace_links WHERE workspace_id = ?", workspace_id)
    return 0 if row is None else int(row[0])


def count(workspace_id: int, *, living: int, enabled: int) -> None:
    """Add to what is kept count of, in the unit of work that makes it so.

    The last thing that a unit of work waits for: on PostgreSQL all who make links of the
    workspace wait here for one another, and nobody may wait for them in turn.
    """
    if living or enabled:
        rows.run(
            """
            INSERT INTO workspace_links (workspace_id, living, enabled) VALUES (?, ?, ?)
            ON CONFLICT (workspace_id) DO UPDATE SET
                living = workspace_links.living + excluded.living,
                enabled = workspace_links.enabled + excluded.enabled
            """,
            workspace_id,
            living,
            enabled,
        )


def counts_as_active_now(ctx: Context, state: Mapping[str, Any]) -> bool:
    """Whether ``max_links`` counts a link with these fields.

    :param state: ``is_active``, ``expires_at`` and ``deleted_at`` of the link. Any: each of
        its own type.
    """
    expires_at = state["expires_at"]
    is_expired = expires_at is not None and expires_at <= ctx.now
    return bool(state["is_active"]) and state["deleted_at"] is None and not is_expired
