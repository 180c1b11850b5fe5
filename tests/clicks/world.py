"""Links to click on, and what a ledger needs besides: for tests of the ledger and the fold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from klink.clicks.enrich import Enricher
from klink.clicks.record import ClickRecord, Flag, Utm, encode
from klink.db import search_index
from klink.db.connection import read, write
from klink.db.models import Base, Link, Variant, Workspace

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)

# Link by its workspace, variant by its link and label. Link 4 was purged, variant 9 replaced.
LINKS = {1: 1, 2: 1, 3: 2}
SPLIT, TRACKED = 1, 3  # links whose clicks events may be attributed to
VARIANTS = {1: (1, "a"), 2: (1, "b"), 3: (2, "a"), 4: (2, "c")}
PURGED_LINK, REPLACED_VARIANT = 4, 9

COUNTRIES = {"203.0.113.0/24": "DE", "198.51.100.0/24": "US"}


def make_links() -> None:
    """Two workspaces; links 1 and 2 with variants in the first, link 3 in the second."""
    with write():
        for id_ in sorted(set(LINKS.values())):
            uid = f"w{id_}"
            Workspace.insert(
                id=id_, uid=uid, public_id=uid, name=uid, currency="USD", created_at=NOW
            ).execute()
        for id_, workspace_id in LINKS.items():
            Link.insert(**_link(id_, workspace_id)).execute()
            search_index.add(id_, id_)  # as whoever makes links does
        for id_, (link_id, label) in VARIANTS.items():
            Variant.insert(
                id=id_, uid=f"v{id_}", link=link_id, label=label, url="https://example.com/",
                location="https://example.com/", weight=50, position=id_,
            ).execute()  # fmt: skip


def _link(id_: int, workspace_id: int) -> dict[str, Any]:
    return {
        "id": id_, "uid": f"l{id_}", "workspace": workspace_id, "created_via": "klink",
        "domain": 1, "slug": f"slug{id_}", "url": "https://example.com/",
        "location": "https://example.com/", "type": "direct",
        "mode": "split" if id_ == SPLIT else "single",
        "auto_winner": False, "winner_threshold": 100, "run": 1, "forward_query": False,
        "redirect_status": 302, "conversion_tracking": id_ == TRACKED, "is_active": True,
        "version": 1, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def visit(
    *,
    at_ms: int = NOW_MS,
    link_id: int = 1,
    variant_id: int = 0,
    flags: int = int(Flag.VIEW | Flag.CLICK),
    visitor: str = "v_0000000000000001",
    net: str = "203.0.113.0/24",
    country: str = "",
    user_agent: str = BROWSER,
    referrer: str = "",
    language: str = "de",
    utm: Utm | None = None,
) -> ClickRecord:
    """A visit; by default a person's click."""
    return ClickRecord(
        at_ms, link_id, variant_id, 1, flags, visitor, net, country, user_agent, referrer,
        language, utm,
    )  # fmt: skip


def clicks(count: int, **fields: Any) -> list[bytes]:
    """Records of that many clicks, each by another visitor."""
    return [encode(visit(visitor=f"v_{n:016d}", **fields)) for n in range(count)]


class Mortal:
    """What a ledger asks while it folds; at the n-th question its thread dies."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.now = NOW
        self.dies_at = dies_at
        self.asked = 0

    def enricher(self) -> Enricher:
        """An enricher that knows ``COUNTRIES``."""
        return Enricher(self._alive(lambda net: COUNTRIES.get(net, "")))

    def clock(self) -> datetime:
        """The time, which only a test moves."""
        now: datetime = self._alive(lambda: self.now)()
        return now

    def _alive(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: object) -> Any:
            if threading.current_thread().name == "klink-ledger":
                self.asked += 1
                if self.asked == self.dies_at:
                    raise SystemExit
            return answer(*args)

        return ask


def rows(model: type[Base], *columns: str) -> list[tuple[Any, ...]]:
    """All rows of a table, sorted."""
    with read():
        found: Any = model.select(*(getattr(model, column) for column in columns))
        return sorted(found.tuples(), key=repr)
