"""The parts of the server that doors need, as the composition root hands them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Protocol

from flask import current_app, g

from klink.backups import BackupPlan
from klink.clicks.geoip import GeoStatus
from klink.clicks.ledger import LedgerStatus
from klink.clicks.recent import RecentClicks
from klink.core.client_address import Forwarded
from klink.core.context import Changed, Context, Settings
from klink.core.errors import Conflict
from klink.core.strangers import Strangers
from klink.core.usage import Meter
from klink.jobs import JobStatus

EXTENSION = "klink"
Network = IPv4Network | IPv6Network


class Clicks(Protocol):
    """The click ledger, as far as a reader needs it."""

    def wait(self, timeout_s: float = 2.0) -> float:
        """Wait until every click answered so far is counted; else say by how many seconds not."""

    def status(self) -> LedgerStatus:
        """How it stands."""


class Countries(Protocol):
    """The GeoIP database, as far as doors need it."""

    def lookup(self, net: str) -> str:
        """The ISO 3166 code of a truncated address, '' when unknown."""

    def status(self) -> GeoStatus:
        """How it stands."""


def _nobody(_: Changed) -> None:
    """No cache lives in this process."""


def _no_jobs(_: str) -> None:
    """No job runs in this process."""
    raise Conflict("this process runs no jobs; run it by `klink jobs run`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the composition root gives to the doors.

    :param clock: the time now, aware UTC.
    :param recent: the clicks of the last minutes; None where no ledger runs.
    :param announce: told of changes after their commit, so that caches let go.
    :param metrics_allow: peers that may read ``/ready`` and ``/metrics`` (configuration:
        ``[metrics] allow``).
    :param backups: how backups are made and kept; None where none are.
    :param jobs_status: every background job and how it does.
    :param run_job: begins a run of a job, as somebody asked for it; refuses when it cannot.
    :param metrics: what ``/metrics`` says, in Prometheus' text format.
    :param data_dir: the data folder, None where there is none.
    :param started_at: when the server was started, None where there is none.
    :param forwarded: what became of ``X-Forwarded-For`` since then.
    :param logs_requests: whether each request has a line in the log.
    """

    settings: Settings
    clock: Callable[[], datetime]
    meter: Meter
    strangers: Strangers = field(default_factory=Strangers)
    ledger: Clicks
    recent: RecentClicks | None = None
    geoip: Countries
    announce: Callable[[Changed], None] = _nobody
    trusted_proxies: tuple[Network, ...] = ()
    require_https: bool = False
    metrics_allow: tuple[Network, ...] = ()
    backups: BackupPlan | None = None
    jobs_status: Callable[[], Sequence[JobStatus]] = tuple
    run_job: Callable[[str], None] = _no_jobs
    metrics: Callable[[], bytes] = bytes
    version: str = ""
    data_dir: Path | None = None
    started_at: datetime | None = None
    forwarded: Callable[[], Forwarded] = Forwarded
    logs_requests: bool = False


def parts() -> Parts:
    """The parts of the app that answers the current request."""
    found: Parts = current_app.extensions[EXTENSION]
    return found


def context() -> Context:
    """The core's context of the current request: its time is read once."""
    if "context" not in g:
        own = parts()
        g.context = Context(own.clock(), own.settings, own.announce)
    made: Context = g.context
    return made
