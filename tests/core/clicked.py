"""Clicks that events may go to: folded as the ledger folds them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from klink.clicks.record import ClickRecord, Flag
from klink.core import links
from klink.core.context import Context
from klink.core.links import LinkView, NewLink, NewVariant
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.connection import write
from klink.db.fold import AgentFacts, Lookups, fold

VISITOR = "v_0123456789abcdef"
CLICK = int(Flag.VIEW | Flag.CLICK)
BY_WEIGHT = int(Flag.VIEW | Flag.CLICK | Flag.COOKIE | Flag.BY_WEIGHT)
BOT = "bot"


def a_link(ctx: Context, who: Principal, **fields: Any) -> LinkView:
    """A link that tracks conversions."""
    given: dict[str, Any] = {"url": "https://example.com/", "conversion_tracking": True} | fields
    return links.create(ctx, who, NewLink(**given)).link


def a_split(ctx: Context, who: Principal, **fields: Any) -> LinkView:
    """A link with the variants ``a`` and ``b``."""
    variants = tuple(NewVariant(label, f"https://{label}.example/", 50) for label in "ab")
    return a_link(ctx, who, url=None, conversion_tracking=False, variants=variants, **fields)


def click(link: LinkView, at: datetime, visitor: str = VISITOR, **fields: Any) -> None:
    """Count one visit to a link, by default a person's click."""
    count([record(link, at, visitor, **fields)])


def record(
    link: LinkView,
    at: datetime,
    visitor: str = VISITOR,
    *,
    variant: str = "",
    flags: int = CLICK,
    run: int = 1,
    user_agent: str = "",
) -> ClickRecord:
    """The record of a visit."""
    ids = {each.label: each.id for each in link.variants}
    variant_id = ids[variant] if variant else 0
    return ClickRecord(
        to_ms(at), link.id, variant_id, run, flags, visitor, "", "", user_agent, "", "", None
    )


def count(records: list[ClickRecord]) -> None:
    """Fold these."""
    with write():
        fold(json.dumps(records), Lookups(_agent, lambda net: "", lambda text: text))


def _agent(user_agent: str, flags: int) -> AgentFacts:
    is_bot = int(user_agent == BOT)
    is_click = int(bool(flags & Flag.CLICK) and not is_bot)
    return AgentFacts(user_agent, flags, is_bot, user_agent, is_click, 1, "", "", "")
