"""Looking around, and making all checks: nothing is changed by it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from klink import __version__
from klink.config import Config
from klink.core import secrets
from klink.core.errors import DatabaseBusy, KlinkError
from klink.db import connection, migrate
from klink.doctor.address import met_server
from klink.doctor.finding import CannotTell, Check, Finding
from klink.doctor.scene import Database, Machine, Scene
from klink.doctor.table import CHECKS
from klink.fetching import Fetcher
from klink.jobs import JobRun, RunLog

__all__ = ["Report", "examine"]


@dataclass
class Report:
    """What came of an examination.

    :ivar findings: what is wrong.
    :ivar notes: what may be.
    :ivar passed: names of checks that found nothing.
    :ivar untold: checks that could not be made, with why.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    untold: dict[str, str] = field(default_factory=dict)


def examine(
    config: Config,
    now: datetime,
    *,
    machine: Machine | None = None,
    fetcher: Fetcher | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Report:
    """Make every check; the server may run or not, and the database be away.

    :param told: hears the name of each check before it is made.
    """
    report = Report()
    with _scene(config, now, machine or Machine(), fetcher) as scene:
        for check in CHECKS:
            told(check.name)
            _make(check, scene, report)
    return report


def _make(check: Check, scene: Scene, report: Report) -> None:
    before = len(report.findings)
    known = {each.code for each in report.findings}
    try:
        for finding in check.look(scene):
            if finding.is_note:
                report.notes.append(finding)
            elif finding.code not in known:  # one check may find what another has found
                report.findings.append(finding)
    except CannotTell as reason:
        report.untold[check.name] = str(reason)
    except KlinkError as error:
        report.untold[check.name] = str(error)
    except OSError as error:
        report.untold[check.name] = f"{error.filename or 'a file'}: {error.strerror or error}"
    else:
        if len(report.findings) == before:
            report.passed.append(check.name)


@contextlib.contextmanager
def _scene(
    config: Config, now: datetime, machine: Machine, fetcher: Fetcher | None
) -> Iterator[Scene]:
    # The server's own address may be one of a private network.
    asks = fetcher or Fetcher(f"klink/{__version__} (doctor)", allow_private=True)
    secret = _secret(config)
    server = met_server(config.server.host, config.server.port, secret, asks)
    try:
        met = _met_database(config)
        yield Scene(
            config=config,
            now=now,
            secret=secret,
            database=met,
            server=server,
            fetcher=asks,
            runs=_runs(met),
            machine=machine,
        )
    finally:
        connection.disconnect()


def _secret(config: Config) -> bytes | None:
    """The secret, which is not made here when there is none."""
    if not os.environ.get("KLINK_SECRET") and not (config.data_dir / "secret").exists():
        return None
    try:
        return secrets.load(config.data_dir, os.environ)
    except (KlinkError, OSError):
        return None  # the check of permissions says so


def _met_database(config: Config) -> Database:
    """Bind the database, and make none where there is none."""
    path = connection.sqlite_path(config.database.url, config.data_dir)
    if path is not None and not path.is_file():
        return Database("missing", f"there is no database {path}")
    if path is not None and path.stat().st_size == 0:
        return Database("missing", f"the database {path} is empty")
    try:
        connection.connect(config.database.url, config.data_dir)
        if migrate.schema_version() == 0:
            return Database("missing", "the database has no tables of klink's yet")
    except connection.DatabaseUnusable as error:
        return Database("damaged" if path is not None else "away", str(error))
    except DatabaseBusy as error:
        cause = str(error.__cause__ or error).strip().partition("\n")[0]
        return Database("away", cause[:200])
    return Database("answers")


def _runs(met: Database) -> Mapping[str, JobRun]:
    if met.state != "answers":
        return {}
    return RunLog().last()
