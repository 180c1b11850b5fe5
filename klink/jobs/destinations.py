"""Checking what links lead to."""

from __future__ import annotations

from functools import partial

from klink.core import destination_checks as checks
from klink.core.context import Context
from klink.jobs.asking import Errand, ask_all
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace


def check_destinations(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Check every destination that is due; with ``settings.everything`` each one once."""
    pace.total(checks.enrol(ctx, everything=settings.everything))

    def ask(check: checks.Check) -> checks.Answer | None:
        if check.location is None:
            return None
        return checks.ask(settings.fetcher, check.location, check.host)

    errand = Errand(
        next_one=partial(checks.next_check, not_since=ctx.now if settings.everything else None),
        ask=ask,
        record=checks.record,
        unknown=None,
    )
    return JobReport(ask_all(errand, ctx, pace, checks.WORDS, is_endless=settings.everything))
