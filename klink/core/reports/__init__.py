"""What visitors report of links: taken from anybody, decided by the workspace or the operator."""

from __future__ import annotations

from klink.core.reports.deciding import act, dismiss, prune
from klink.core.reports.finding import open_count, search
from klink.core.reports.model import (
    MAX_EMAIL,
    MAX_TEXT,
    REASONS,
    STATES,
    NewReport,
    ReportPage,
    ReportView,
)
from klink.core.reports.taking import check, link_of, take

__all__ = [
    "MAX_EMAIL",
    "MAX_TEXT",
    "REASONS",
    "STATES",
    "NewReport",
    "ReportPage",
    "ReportView",
    "act",
    "check",
    "dismiss",
    "link_of",
    "open_count",
    "prune",
    "search",
    "take",
]
