"""Making a backup when the newest has got old, and letting go of those that need not stay."""

from __future__ import annotations

import time

from klink.backups import is_due, make, prune
from klink.core.context import Context
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

__all__ = ["back_up"]


class _Stopped(Exception):
    """The server ends; what there is of a backup goes."""


def back_up(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Make a backup if one is due, or by hand at any time; then delete what need not stay.

    :raises BackupFailed: when it cannot be made; then all others stay.
    """
    counts = {"backups": 0, "deleted": 0}
    plan = settings.backups
    if plan is None or not (settings.everything or (plan.enabled and is_due(plan, ctx.now))):
        return JobReport(counts)
    began_s = time.monotonic()

    def watch(_: str, __: int, ___: int) -> None:
        nonlocal began_s
        pace.rest(time.monotonic() - began_s)
        if pace.is_stopped:
            raise _Stopped
        began_s = time.monotonic()

    try:
        make(plan.source, plan.folder, ctx.now, watch=watch)
    except _Stopped:
        return JobReport(counts)
    pace.note(1)
    return JobReport({"backups": 1, "deleted": prune(plan.folder, plan.keep)})
