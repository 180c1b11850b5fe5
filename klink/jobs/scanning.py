"""Holding links against the blocklists."""

from __future__ import annotations

from klink.core import links
from klink.core.context import Context
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace


def scan_links(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Scan all links when a list has changed since that was done last, and once a day.

    With ``settings.everything`` in any case.
    """
    if not (settings.everything or links.is_due(ctx)):
        return JobReport({"links": 0, "quarantined": 0, "released": 0})
    scan = links.Scan(ctx)
    seen = pace.total(scan.steps())
    return JobReport({"links": seen, "quarantined": scan.quarantined, "released": scan.released})
