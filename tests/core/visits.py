"""Links and visits for tests of what is decided about them."""

from __future__ import annotations

from typing import Any

from klink.core.compiled import Agent, CompiledLink, CompiledVariant, Visit

NOON_MS = 1_769_860_800_000
"""2026-01-31T12:00:00Z, a Saturday."""


class FixedLookups:
    """Look-ups that always answer the same, and remember what they were asked."""

    def __init__(self, country: str = "", agent: Agent | None = None) -> None:
        self.asked: list[str] = []
        self._country = country
        self._agent = agent or Agent("", "", "")

    def agent(self, user_agent: str) -> Agent:
        """Return the agent that was fixed."""
        self.asked.append("agent")
        return self._agent

    def country(self, net: str) -> str:
        """Return the country that was fixed."""
        self.asked.append("country")
        return self._country


def a_visit(**changes: Any) -> Visit:
    """A person's visit at noon, but for what is changed."""
    visit = Visit(
        at_ms=NOON_MS,
        method="GET",
        net="203.0.113.0/24",
        user_agent="Mozilla/5.0",
        referrer="",
        languages=("en-gb", "de"),
        query="",
        visitor="v_0123456789abcdef",
        is_private=False,
        has_cookie=False,
        purpose="",
        country_hint="",
    )
    return visit._replace(**changes)


def variant(label: str, weight: int = 50, *, id: int = 0) -> CompiledVariant:
    """A variant that leads to example.com/LABEL."""
    return CompiledVariant(id, label, f"https://example.com/{label}", weight)


def a_link(**changes: Any) -> CompiledLink:
    """A live link to example.com, but for what is changed."""
    link = CompiledLink(
        id=42,
        workspace_id=7,
        slug="spring",
        type="direct",
        mode="single",
        status=302,
        variants=(CompiledVariant(0, "", "https://example.com/", 100),),
    )
    return link._replace(**changes)
