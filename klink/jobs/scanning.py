"""Holding links against the blocklists."""

from __future__ import annotations

from klink.core import domains, links
from klink.core.context import Context
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace


def scan_links(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Scan links, and where domains send visitors, when a list has changed, and once a day.

    With ``settings.everything`` in any case.
    """
    if not (settings.everything or links.is_due(ctx)):
        return JobReport(dict.fromkeys(("links", "quarantined", "released", "domains"), 0))
    scan = links.Scan(ctx)
    seen = pace.total(scan.steps())
    closed = pace.total(domains.close_blocked(ctx))
    counts = {"links": seen, "quarantined": scan.quarantined, "released": scan.released}
    return JobReport(counts | {"domains": closed})
