"""All that is watched of a running server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client.core import Metric

from klink.backups import BackupPlan
from klink.clicks.geoip import CountryDatabase
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.core.errors import DatabaseBusy
from klink.db.connection import engine
from klink.db.size import Sizes, sizes
from klink.jobs import JobStatus
from klink.metrics.backups import backup_families
from klink.metrics.clicks import click_families
from klink.metrics.database import database_families
from klink.metrics.exposition import Metrics
from klink.metrics.jobs import job_families
from klink.metrics.traffic import traffic_families
from klink.metrics.trouble import trouble_families
from klink.redirects.cache import LinkCache
from klink.redirects.lane import Lane
from klink.server import Server
from klink.tallies import Requests

__all__ = ["Watch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Reads the parts of a server; each is asked only when somebody looks.

    :param requests: what workers answered.
    :param forwarded_ignored: how many requests brought an ``X-Forwarded-For`` that was not
        believed.
    :param logged: lines of the log, by level.
    """

    clock: Callable[[], datetime]
    requests: Requests
    lane: Lane
    server: Server
    cache: LinkCache
    ledger: Ledger
    journal: Journal
    geoip: CountryDatabase
    jobs: Callable[[], Sequence[JobStatus]]
    backups: BackupPlan
    data_dir: Path
    forwarded_ignored: Callable[[], int]
    logged: Callable[[], Mapping[str, int]]

    def over(self, metrics: Metrics) -> None:
        """Have everything shown there."""
        parts = (
            self._traffic, self._clicks, self._jobs, self._backups, self._trouble, _database,
        )  # fmt: skip
        for families in parts:
            metrics.add(families)

    def _traffic(self) -> Iterable[Metric]:
        return traffic_families(
            self.requests, self.lane.by_status, self.server.figures(), self.cache.figures()
        )

    def _clicks(self) -> Iterable[Metric]:
        return click_families(
            self.ledger.status(),
            self.ledger.visits(),
            self.journal.size_bytes(),
            self.geoip.status(),
            self.clock(),
        )

    def _backups(self) -> Iterable[Metric]:
        return backup_families(self.backups.listed(), self.clock())

    def _trouble(self) -> Iterable[Metric]:
        return trouble_families(self.data_dir, self.forwarded_ignored(), self.logged())

    def _jobs(self) -> Iterable[Metric]:
        return job_families(self.jobs())


def _database() -> Iterable[Metric]:
    found: Sizes | None = None
    with suppress(DatabaseBusy):  # which is what is shown
        found = sizes()
    return database_families(engine(), found)
