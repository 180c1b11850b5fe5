"""A workspace with links, and clicks to forget."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from klink.core import links, users, workspaces
from klink.core.context import Changed, Context, Settings
from klink.core.links import LinkView, NewLink
from klink.core.plans import UNLIMITED
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.connection import write
from klink.db.models import Click

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


class Site:
    """A context whose clock a test moves, a person in it, and what was announced."""

    def __init__(self) -> None:
        self.announced: list[Changed] = []
        settings = Settings(
            base_url="https://go.example.org",
            plans={"unlimited": UNLIMITED},
            dialect_plans={"klink": "unlimited"},
            max_active_keys=10,
            secret=b"s" * 32,
        )
        self.ctx = Context(NOW, settings, self.announced.append)
        workspaces.ensure_first(self.ctx)
        home = workspaces.find(None)
        self.owner = Principal(home.id, users.find(None, home.id).id, None, "cli", role="owner")

    def later(self, **span: float) -> Context:
        """The same world, some time on."""
        return replace(self.ctx, now=self.ctx.now + timedelta(**span))

    def link(self, **fields: object) -> LinkView:
        """A new link."""
        new = NewLink(url="https://example.com/", **fields)  # type: ignore[arg-type]  # by name
        return links.create(self.ctx, self.owner, new).link


@pytest.fixture
def site(db: str) -> Site:
    return Site()


def add_clicks(*times: datetime, link_id: int = 1) -> None:
    """Rows as the ledger writes them, in this order."""
    row = {
        "link_id": link_id,
        "workspace_id": 1,
        "variant_id": 0,
        "run": 1,
        "kind": 0,
        "reason": "",
        "is_click": 1,
        "is_view": 1,
        "visitor": "v_0123456789abcdef",
        "net": "203.0.113.0/24",
        "country": "",
        "device": "",
        "browser": "",
        "os": "",
        "language": "",
        "referrer": "",
        "utm": None,
    }
    with write():
        for start in range(0, len(times), 500):
            chunk = times[start : start + 500]
            Click.insert_many([{**row, "at": to_ms(at)} for at in chunk]).execute()
