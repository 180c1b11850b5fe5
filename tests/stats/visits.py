"""Visits to count: as the journal would bring them, folded for real, and counted by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from klink.clicks.record import ClickRecord, Flag, Utm
from klink.core.times import from_ms, to_ms
from klink.db.connection import write
from klink.db.fold import MAX_VALUES, SUM_FROM, AgentFacts, Lookups, fold

REASONS = ("", "known bot", "link preview", "prefetch")


@dataclass(frozen=True)
class Visit:
    """One visit; ``kind`` 0 is a person, of whom alone ``forwarded`` makes a click."""

    at: datetime
    link_id: int
    kind: int = 0
    seen: bool = True
    forwarded: bool = True
    visitor: str = "v_1"
    variant_id: int = 0
    label: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def click(self) -> int:
        return int(self.forwarded and self.kind == 0)

    @property
    def rest(self) -> int:
        return int(self.seen and self.kind != 0)

    @property
    def day(self) -> int:
        return to_ms(self.at) // 86_400_000

    @property
    def quarter(self) -> datetime:
        return from_ms(to_ms(self.at) // 900_000 * 900_000)

    def value(self, dim: str) -> str:
        return {"variant": self.label, "reason": REASONS[self.kind]}.get(
            dim, self.facts.get(dim, "")
        )

    def record(self) -> ClickRecord:
        """The record; its User-Agent spells out what is to be found in it."""
        agent = [self.kind, *(self.value(name) for name in ("device", "browser", "os"))]
        sent = [self.facts.get(f"utm_{name}") for name in _UTM]
        utm: Utm | None = (sent[0], sent[1], sent[2], sent[3], sent[4]) if any(sent) else None
        return ClickRecord(
            at_ms=to_ms(self.at),
            link_id=self.link_id,
            variant_id=self.variant_id,
            run=1,
            flags=Flag.VIEW * self.seen + Flag.CLICK * self.forwarded,
            visitor=self.visitor,
            net="203.0.113.0/24",
            country=self.value("country"),
            user_agent=json.dumps(agent),
            referrer=self.value("referrer"),
            language=self.value("language"),
            utm=utm,
        )


_UTM = ("source", "medium", "campaign", "content", "term")


def count(
    visits: Iterable[Visit], *, max_values: int = MAX_VALUES, sum_from: int = SUM_FROM
) -> None:
    """Fold the visits, as the ledger does."""
    lookups = Lookups(agent=_agent, country=lambda net: "", referrer=lambda text: text)
    with write():
        records = json.dumps([visit.record() for visit in visits])
        fold(records, lookups, max_values=max_values, sum_from=sum_from)


def _agent(user_agent: str, flags: int) -> AgentFacts:
    kind, device, browser, os = json.loads(user_agent)
    click = bool(flags & Flag.CLICK) and kind == 0
    view = bool(flags & Flag.VIEW)
    return AgentFacts(
        user_agent, flags, kind, REASONS[kind], int(click), int(view), device, browser, os
    )


def uniques(visits: Iterable[Visit]) -> int:
    """Distinct visitors among the clicks of each UTC day; a private click is one more."""
    clicks = [visit for visit in visits if visit.click]
    known = {(visit.day, visit.visitor) for visit in clicks if visit.visitor}
    return len(known) + sum(not visit.visitor for visit in clicks)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
