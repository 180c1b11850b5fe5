"""How the server is, for whoever runs it."""

from __future__ import annotations

from flask import Response

from klink.admin.rendering import page
from klink.admin.screens import Screens
from klink.backups import fact
from klink.stats.health import Seen, bytes_in_words, facts
from klink.web.client import client
from klink.web.parts import context, parts

screens = Screens()

_WORST_FIRST = ("bad", "warn", "note", "good")


@screens.at("/settings/health", needs="operator")
def health() -> Response:
    """Facts, those that need somebody first."""
    now, plan = context().now, parts().backups
    found = facts(context(), _seen())
    backups = plan.listed() if plan else []
    if plan:
        found.append(fact(plan, backups, now))
    found.sort(key=lambda fact: _WORST_FIRST.index(fact.judgement) // 2)
    return page(
        "settings/health",
        title="Health",
        at="settings",
        tab="health",
        facts=found,
        backups=[
            (each.at, bytes_in_words(each.size_bytes), each.path.name, each.problem)
            for each in backups
        ],
        urgent=sum(fact.judgement in ("bad", "warn") for fact in found),
    )


def _seen() -> Seen:
    own, asks, jobs = parts(), client(), parts().jobs_status()
    return Seen(
        version=own.version,
        started_at=own.started_at,
        data_dir=own.data_dir,
        ledger=own.ledger.status(),
        geoip=own.geoip.status(),
        failing_jobs=[job.name for job in jobs if job.last and job.last.error],
        runs_jobs=any(job.next_at for job in jobs),
        forwarded_ignored=own.forwarded().ignored,
        is_forwarded=asks.ignored_forwarded,
        scheme=asks.scheme,
        host=asks.host,
        has_proxies=bool(own.trusted_proxies),
        metrics_allow=own.metrics_allow,
    )
