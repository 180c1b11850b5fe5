"""The cast: an owner, a teammate in the same workspace, and a stranger in another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from klink.core import users, workspaces
from klink.core.context import Changed, Context, Settings
from klink.core.plans import UNLIMITED, Plan
from klink.core.principal import Principal

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
PLANS = {
    "unlimited": UNLIMITED,
    "small": Plan("small", 3, 5, 6, 2),
    "closed": Plan("closed", api_access=False),
}


@dataclass
class World:
    """A context whose clock a test moves, and what was announced."""

    ctx: Context
    announced: list[Changed]

    def later(self, delta: timedelta) -> Context:
        """The same world, some time on."""
        return replace(self.ctx, now=self.ctx.now + delta)


@pytest.fixture
def world(db: str) -> World:
    announced: list[Changed] = []
    settings = Settings(
        base_url="https://go.example.org",
        plans=PLANS,
        dialect_plans={"klink": "unlimited"},
        max_active_keys=3,
        secret=b"s" * 32,
    )
    ctx = Context(NOW, settings, announced.append)
    workspaces.ensure_first(ctx)
    return World(ctx, announced)


@pytest.fixture
def ctx(world: World) -> Context:
    return world.ctx


@pytest.fixture
def owner(ctx: Context) -> Principal:
    home = workspaces.find(None)
    return Principal(home.id, users.find(None, home.id).id, None, "klink", role="owner")


@pytest.fixture
def operator(owner: Principal) -> Principal:
    """Whoever runs the server, at its command line."""
    return replace(owner, dialect="cli")


@pytest.fixture
def teammate(ctx: Context, owner: Principal) -> Principal:
    user = users.create(ctx, "teammate@example.org", role="editor", workspace_id=owner.workspace_id)
    return Principal(owner.workspace_id, user.id, None, "klink", role="editor")


@pytest.fixture
def stranger(ctx: Context) -> Principal:
    away = workspaces.create(ctx, "elsewhere")
    user = users.create(ctx, "stranger@example.org", role="owner", workspace_id=away.id)
    return Principal(away.id, user.id, None, "klink", role="owner")
