"""What the server and the command line open alike: the data folder and the core's settings."""

from __future__ import annotations

import fcntl
import logging
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from klink import __version__
from klink.backups import BackupFailed, BackupPlan, Keep, Source, check_gently, make
from klink.config import Config, ConfigError
from klink.core import secrets
from klink.core.blocking.lists import Blocklists
from klink.core.blocking.names import comparable_host
from klink.core.blocking.rules import pattern_value
from klink.core.captcha import Altcha, Captcha, Nothing, Turnstile
from klink.core.context import Settings
from klink.core.errors import KlinkError
from klink.core.plans import Plan
from klink.db import migrate
from klink.fetching import Fetcher
from klink.geoip import Origin, Updates
from klink.jobs import JobSettings

__all__ = [
    "LOCK_FILE", "DataFolderHeld", "NoBackupNoUpgrade", "backup_plan", "captcha",
    "core_settings", "fetcher", "geoip_updates", "held", "job_settings", "upgrade",
]  # fmt: skip

log = logging.getLogger(__name__)

LOCK_FILE = "klink.lock"
"""A server holds a lock on this file in the data folder while it runs."""


class DataFolderHeld(KlinkError):
    """Another process holds the data folder."""

    code = "data_folder_held"

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"another klink serves {data_dir} already; stop it, or set data_dir")


class NoBackupNoUpgrade(KlinkError):
    """The database was not brought up to date, since it could not be backed up before."""

    code = "no_backup_no_upgrade"

    def __init__(self, why: BackupFailed) -> None:
        super().__init__(
            f"the database is not upgraded, as there is no backup: {why} (or set "
            "backups.before_upgrades = false, to go on without one)"
        )


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the data folder during the block: with SQLite one server may run on it.

    :raises DataFolderHeld: when another process holds it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderHeld(data_dir) from None
        yield
    finally:
        os.close(descriptor)


def core_settings(config: Config) -> Settings:
    """What the core needs of the configuration, with the server's secret.

    :raises BadSecret: when the secret cannot be used.
    """
    expiry_s = config.dialects.klookup.anonymous_expiry_s
    every_s = config.destinations.check_every_s
    return Settings(
        base_url=config.server.base_url,
        plans={
            name: Plan(
                name,
                requests_per_minute=plan.requests_per_minute,
                requests_per_hour=plan.requests_per_hour,
                requests_per_month=plan.requests_per_month,
                max_links=plan.max_links,
                api_access=plan.api_access,
            )
            for name, plan in config.plans.items()
        },
        dialect_plans=config.dialects.plans,
        max_active_keys=config.keys.max_active_per_user,
        secret=secrets.load(config.data_dir, os.environ),
        conversion_names=frozenset(config.conversions.names),
        attribution_window=timedelta(seconds=config.conversions.attribution_window_s),
        max_public_revenue=config.conversions.max_public_revenue,
        anonymous_links_per_day=config.dialects.klookup.anonymous_links_per_day,
        site_interval=timedelta(seconds=config.verification.interval_s),
        site_grace=timedelta(seconds=config.verification.grace_s),
        office_hosts=frozenset(config.dialects.hosts),
        nameservers=config.domains.nameservers,
        anonymous_expiry=None if expiry_s is None else timedelta(seconds=expiry_s),
        blocklists=_blocklists(config),
        destination_interval=None if every_s is None else timedelta(seconds=every_s),
        failover_interval=timedelta(seconds=config.destinations.failover_check_every_s),
    )


def captcha(config: Config, secret: bytes, serves: Callable[[str], bool]) -> Captcha:
    """The captcha that is configured.

    :param secret: the server's.
    :param serves: whether a host, without port, is one that this server answers.
    """
    chosen = config.captcha
    if chosen.provider == "altcha":
        return Altcha(secret)
    if chosen.provider == "none":
        return Nothing()
    return Turnstile(
        secret,
        site_key=chosen.turnstile_site_key,
        turnstile_secret=chosen.turnstile_secret,
        verify_url=chosen.turnstile_verify_url,
        serves=serves,
    )


def _blocklists(config: Config) -> Blocklists:
    given = config.blocking
    patterns = []
    for text in given.patterns:
        value = pattern_value(text)
        if value is None:
            raise ConfigError(f"blocking.patterns: {text!r} is no pattern for host/path?query")
        patterns.append(value)
    hosts = [comparable_host(host) for host in given.hosts]
    return Blocklists(hosts, patterns, config.blocklist_files, given.brands)


def job_settings(config: Config) -> JobSettings:
    """What the jobs need of the configuration."""
    return JobSettings(
        enabled=config.jobs.enabled,
        expire_every_s=config.jobs.expire_every_s,
        keep_clicks_days=config.privacy.keep_clicks_days,
        verify_every_s=config.verification.interval_s,
        check_every_s=min(
            config.destinations.failover_check_every_s,
            config.destinations.check_every_s or math.inf,
        ),
        fetcher=fetcher(config),
        backups=backup_plan(config),
        geoip=geoip_updates(config),
    )


def geoip_updates(config: Config) -> Updates:
    """What keeps the database of countries new."""
    geoip = config.geoip
    return Updates(
        file=config.geoip_file,
        data_dir=config.data_dir,
        origin=Origin(geoip.update_url, geoip.account, geoip.licence_key),
        every_s=geoip.update_every_s,
        fetcher=Fetcher(f"klink/{__version__}", allow_private=geoip.allow_private_addresses),
    )


def backup_plan(config: Config) -> BackupPlan:
    """How backups are made and kept."""
    given = config.backups
    keep = Keep(given.hourly, given.daily, given.weekly, given.max_bytes or None)
    source = Source(config.data_dir, __version__, check_gently)
    return BackupPlan(source, config.backup_folder, keep, given.every_s, given.enabled)


def upgrade(config: Config) -> list[str]:
    """Bring the bound database to this klink's schema, after a backup if it holds anything.

    :returns: the names of the migrations that ran.
    :raises DatabaseTooNew: when it is a newer klink's.
    :raises NoBackupNoUpgrade: when it could not be backed up; it is as it was.
    """
    if migrate.pending() and migrate.schema_version() > 0 and config.backups.before_upgrades:
        log.info("making a backup before the database gets a newer schema")
        try:
            source = Source(config.data_dir, __version__)
            made = make(source, config.backup_folder, datetime.now(UTC))
        except BackupFailed as error:
            raise NoBackupNoUpgrade(error) from error
        log.info("made the backup %s", made.path)
    return migrate.migrate()


def fetcher(config: Config) -> Fetcher:
    """What fetches pages of others, and how it introduces itself."""
    return Fetcher(
        f"klink/{__version__} (+{config.server.base_url})",
        allow_private=config.verification.allow_private_addresses,
    )
