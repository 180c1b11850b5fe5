"""Looking at the pages that links stand on."""

from __future__ import annotations

from functools import partial

from klink.core import sites
from klink.core.context import Context
from klink.jobs.asking import Errand, ask_all
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

OUTCOMES = ("found", "missing", "unproven", "deleted", "changed")


def verify_sites(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Look at every page that is due; with ``settings.everything`` at each one once."""
    not_since = ctx.now if settings.everything else None

    def look(check: sites.Check) -> sites.Outcome:
        return sites.look(settings.fetcher, check.site_url, check.slug)

    errand = Errand(
        next_one=partial(sites.next_check, not_since=not_since),
        ask=look,
        record=sites.record,
        unknown=sites.Outcome(sites.Found.UNPROVEN, "error"),
    )
    return JobReport(ask_all(errand, ctx, pace, OUTCOMES, is_endless=settings.everything))
