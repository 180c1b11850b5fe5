"""Every metric that klink exports, with its labels: of a server that has done a bit of all."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from klink.backups import Backup
from klink.clicks.geoip import GeoStatus
from klink.clicks.ledger import LedgerStatus
from klink.core.times import to_ms
from klink.db.size import Sizes
from klink.jobs import JobRun, JobStatus
from klink.metrics import Metrics
from klink.metrics.backups import backup_families
from klink.metrics.clicks import click_families
from klink.metrics.database import database_families
from klink.metrics.jobs import job_families
from klink.metrics.traffic import traffic_families
from klink.metrics.trouble import trouble_families
from klink.redirects.cache import CacheFigures
from klink.server import ServerFigures
from klink.tallies import Distribution, Requests

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def exported() -> dict[str, set[str]]:
    """The labels of each sample, by its name as Prometheus has it."""
    requests = Requests()
    requests.add("links", 302, 0.002)
    server = ServerFigures(7, {"visitors": 1}, Distribution().spread())
    run = JobRun("clean-up", NOW, 1, {"rows": 1}, last_success_at=NOW)
    ledger = LedgerStatus(0, 0.0, 0, 0, 0, 0)
    loaded = GeoStatus("loaded", to_ms(NOW), "")
    metrics = Metrics("1.2.3")
    for families in (
        traffic_families(requests, {}, server, CacheFigures(0, 0, 0, 0)),
        click_families(ledger, {"person": 1}, 0, loaded, NOW),
        job_families([JobStatus("clean-up", "", 60.0, False, None, run)]),
        backup_families([Backup(Path("klink.tar"), NOW, 1, None)], NOW),
        database_families("sqlite", Sizes(1, 1)),
        trouble_families(Path(tempfile.gettempdir()), 0, {"warning": 0}),
    ):
        metrics.add(lambda families=list(families): families)  # type: ignore[misc]
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found
