"""A workspace with an owner, and a stranger in another."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from klink.core import workspaces
from klink.core.context import Context, Settings
from klink.core.plans import UNLIMITED
from klink.core.principal import Principal

NOW = datetime(2026, 12, 1, 10, 7, 30, tzinfo=UTC)


@pytest.fixture
def ctx(db: str) -> Context:
    settings = Settings(
        base_url="https://go.example.org",
        plans={"unlimited": UNLIMITED},
        dialect_plans={"klink": "unlimited"},
        max_active_keys=3,
        secret=b"s" * 32,
    )
    made = Context(NOW, settings)
    workspaces.ensure_first(made)
    return made


@pytest.fixture
def owner(ctx: Context) -> Principal:
    return Principal(workspaces.find(None).id, None, None, "klink")


@pytest.fixture
def stranger(ctx: Context) -> Principal:
    return Principal(workspaces.create(ctx, "elsewhere").id, None, None, "klink")
