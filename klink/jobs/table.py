"""The jobs there are. Nothing's correctness waits for one: visits and reads go by the clock.

Each step is one transaction of about 50 ms at most on a slow disk, so that redirects and
the API never wait long for the write lock (architecture: one writer).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from klink.clicks import retention
from klink.core import (
    anonymous,
    changes,
    guesses,
    idempotency,
    links,
    passes,
    reports,
    sessions,
    usage,
)
from klink.core.context import Context
from klink.jobs.backing_up import back_up
from klink.jobs.countries import update_geoip
from klink.jobs.destinations import check_destinations
from klink.jobs.domains import verify_domains
from klink.jobs.job import Job, JobReport, JobSettings
from klink.jobs.pace import Pace
from klink.jobs.scanning import scan_links
from klink.jobs.sites import verify_sites
from klink.jobs.winners import name_winners

VISITORS_KEPT = timedelta(days=2)
"""A day's visitors stay this long after it, for clicks that are folded late."""

CHANGES_KEPT = timedelta(days=1)
"""Whoever follows the change log has read an entry within seconds."""

_EXPIRED = 50  # links a step
_PURGED = 10


def expire_links(ctx: Context, _: JobSettings, pace: Pace) -> JobReport:
    """Tell the history and the caches of links that have expired."""
    steps = iter(partial(links.expire_due, ctx, limit=_EXPIRED), 0)
    return JobReport({"links": pace.total(steps)})


def purge_trash(ctx: Context, _: JobSettings, pace: Pace) -> JobReport:
    """Erase links that have lain in the trash for 30 days; their slugs are free then."""
    steps = iter(partial(links.purge_trash, ctx, limit=_PURGED), 0)
    return JobReport({"links": pace.total(steps)})


def sweep_purged(ctx: Context, __: JobSettings, pace: Pace) -> JobReport:
    """Delete the clicks and counts that purged links left behind."""
    return JobReport({"rows": pace.total(links.sweep(ctx.now))})


def prune_clicks(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Forget single clicks past their time, and who clicked on days that are over.

    Roll-ups and totals stay. A visitor without a cookie has another id every day, so the
    sets that make a day's uniques are of no use after it. The all-time set of a link stays
    whole: it does not say which of its ids came from a cookie, and those may come again.
    What events are attributed to goes when no event may be attributed to it any more.
    """
    before = ctx.now - timedelta(days=settings.keep_clicks_days)
    clicks = pace.total(retention.forget_clicks(before))
    visitors = pace.total(retention.forget_visitors(ctx.now - VISITORS_KEPT))
    window_began = ctx.now - ctx.settings.attribution_window
    attributable = pace.total(retention.forget_visitor_clicks(window_began))
    return JobReport(
        {"clicks": clicks, "day_visitors": visitors, "attributable_clicks": attributable}
    )


def clean_up(ctx: Context, _: JobSettings, pace: Pace) -> JobReport:
    """Drop what nobody asks for any more: old answers, counts, changes, sessions, reports."""
    tables: dict[str, Callable[[], int]] = {
        "answers": partial(idempotency.prune, ctx.now),
        "windows": partial(usage.prune, ctx.now),
        "changes": partial(changes.prune, ctx.now - CHANGES_KEPT),
        "anonymous": partial(anonymous.prune, ctx.now),
        "passes": partial(passes.prune, ctx.now),
        "guesses": partial(guesses.prune, ctx.now),
        "reports": partial(reports.prune, ctx.now),
        "sessions": partial(sessions.prune, ctx.now),
    }
    return JobReport({name: pace.total(iter(prune, 0)) for name, prune in tables.items()})


def pick_winners(ctx: Context, _: JobSettings, pace: Pace) -> JobReport:
    """Name the winners of experiments that are decided."""
    return JobReport({"winners": pace.total(name_winners(ctx))})


def _look_for_backup_every_s(settings: JobSettings) -> float:
    """Often enough that one that failed, or was missed while nothing ran, is soon made up for."""
    return min(300.0, settings.backups.every_s if settings.backups else 300.0)


def _every(**span: float) -> Callable[[JobSettings], float]:
    return lambda _: timedelta(**span).total_seconds()


JOBS: tuple[Job, ...] = (
    Job(
        "expire-links",
        "write down which links have expired",
        lambda settings: settings.expire_every_s,
        expire_links,
    ),
    Job(
        "scan-links",
        "put links in quarantine that a blocklist names, and take others out",
        _every(minutes=1),
        scan_links,
        is_long=True,
    ),
    Job(
        "pick-winners",
        "name the winners of experiments",
        _every(hours=1),
        pick_winners,
        is_long=True,
    ),
    Job(
        "verify-sites",
        "look whether links stand on their pages",
        lambda settings: min(60.0, settings.verify_every_s),
        verify_sites,
        is_long=True,
    ),
    Job(
        "verify-domains",
        "look for the proofs of domains that are due",
        _every(minutes=1),
        verify_domains,
        is_long=True,
    ),
    Job(
        "sweep-purged",
        "delete the clicks of purged links",
        _every(minutes=5),
        sweep_purged,
        is_long=True,
    ),
    Job(
        "check-destinations",
        "look whether what links lead to is there",
        lambda settings: min(60.0, settings.check_every_s),
        check_destinations,
        is_long=True,
    ),
    Job(
        "backup",
        "make a backup when the newest is old, and delete what need not stay",
        _look_for_backup_every_s,
        back_up,
        is_long=True,
    ),
    Job(
        "update-geoip",
        "fetch a newer database of countries",
        _every(hours=1),
        update_geoip,
        is_long=True,
    ),
    Job("purge-trash", "erase what lay in the trash for 30 days", _every(hours=1), purge_trash),
    Job("clean-up", "drop old answers, counts and changes", _every(hours=1), clean_up),
    Job(
        "prune-clicks",
        "forget clicks older than they are kept",
        _every(hours=6),
        prune_clicks,
        is_long=True,
    ),
)
