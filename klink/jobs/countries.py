"""Keeping the database of countries new."""

from __future__ import annotations

from klink.core.context import Context
from klink.geoip import update
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

__all__ = ["update_geoip"]


def update_geoip(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Fetch a newer database of countries when it is due (``[geoip] update_every``).

    After a failure it is due an hour later, then ever later; the old one stays meanwhile.
    """
    if settings.geoip is None:
        return JobReport({"updated": 0})
    outcome = update(settings.geoip, ctx.now, is_asked=settings.everything)
    count = int(outcome.result == "updated")
    pace.note(count)
    return JobReport({"updated": count})
