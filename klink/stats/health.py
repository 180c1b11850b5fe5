"""How the server is, for whoever runs it: facts, each with a judgement and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from klink.clicks.geoip import GeoStatus
from klink.clicks.ledger import LedgerStatus
from klink.core.context import Context
from klink.core.errors import DatabaseBusy
from klink.core.times import from_ms
from klink.db import migrate
from klink.db.connection import engine
from klink.db.size import sizes

__all__ = ["Fact", "Seen", "bytes_in_words", "facts", "span_in_words"]

Judgement = Literal["good", "note", "warn", "bad"]

_KIB, _MIB = 1 << 10, 1 << 20
_LITTLE_BYTES = 256 * _MIB
_SOME_BYTES = 1024 * _MIB
_MAX_WAL_BYTES = 256 * _MIB
_LATE_S, _VERY_LATE_S = 5.0, 60.0
_GEOIP_OLD = timedelta(days=60)
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the process knows of itself.

    :ivar started_at: None where no server runs.
    :ivar data_dir: None where there is none.
    :ivar failing_jobs: jobs whose last run failed.
    :ivar runs_jobs: whether this process runs jobs by the clock.
    :ivar forwarded_ignored: how often since the start an ``X-Forwarded-For`` was not believed.
    :ivar is_forwarded: whether whoever asks now has come that way themselves.
    :ivar scheme, host: by which whoever asks now has come.
    :ivar has_proxies: whether any proxy is trusted.
    :ivar metrics_allow: who may read ``/metrics`` and ``/ready``.
    """

    version: str
    started_at: datetime | None
    data_dir: Path | None
    ledger: LedgerStatus
    geoip: GeoStatus
    failing_jobs: Sequence[str]
    runs_jobs: bool
    forwarded_ignored: int
    is_forwarded: bool
    scheme: str
    host: str
    has_proxies: bool
    metrics_allow: Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact.

    :ivar shown: the fact itself.
    :ivar judgement: ``note`` is neither good nor bad.
    :ivar advice: what it means or what to do; '' where there is nothing to say.
    """

    name: str
    shown: str
    judgement: Judgement
    advice: str = ""


def facts(ctx: Context, seen: Seen) -> list[Fact]:
    """All facts, as they are now; reads the size of files and asks the database."""
    found = [_software(ctx, seen), *_database(), *_disk(seen)]
    found += [_lag(seen.ledger), *_losses(seen), _geoip(ctx, seen.geoip), _jobs(seen)]
    return [*found, _base_url(ctx, seen), _proxy(seen), _metrics(seen)]


def bytes_in_words(size: int) -> str:
    """A size such as ``12.3 MiB``."""
    if size < _KIB:
        return f"{size} B"
    value = size / _KIB
    for unit in ("KiB", "MiB", "GiB"):
        if value < _KIB:
            return f"{value:.1f} {unit}"
        value /= _KIB
    return f"{value:.1f} TiB"


def span_in_words(seconds: float) -> str:
    """A span such as ``3 days`` or ``40 s``."""
    for length, name in ((_DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if seconds >= length:
            many = int(seconds // length)
            return f"{many} {name}{'' if many == 1 else 's'}"
    return f"{seconds:.0f} s"


def _software(ctx: Context, seen: Seen) -> Fact:
    shown = f"klink {seen.version}"
    if seen.started_at is not None:
        up_s = max(0.0, (ctx.now - seen.started_at).total_seconds())
        shown += f", up for {span_in_words(up_s)}"
    return Fact("Version", shown, "note")


def _database() -> list[Fact]:
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine()]
    try:
        size, schema = sizes(), migrate.schema_version()
    except DatabaseBusy:
        advice = "Look at the server's log; clicks are kept in the journal meanwhile."
        return [Fact("Database", f"{name} does not answer", "bad", advice)]
    made = [Fact("Database", f"{name}, {bytes_in_words(size.data_bytes)}", "good")]
    if size.wal_bytes is not None:
        is_long = size.wal_bytes > _MAX_WAL_BYTES
        advice = "Something reads the database for very long, a copy perhaps. End that."
        shown = bytes_in_words(size.wal_bytes)
        made.append(
            Fact("Write-ahead log", shown, "warn" if is_long else "good", advice if is_long else "")
        )
    newest = migrate.available()[-1][0]
    if schema == newest:
        made.append(Fact("Schema", f"{schema}, the newest that this klink knows", "good"))
    else:
        advice = f"This klink knows {newest}. Restart it, so that the database is brought up to it."
        made.append(Fact("Schema", str(schema), "warn", advice))
    return made


def _disk(seen: Seen) -> list[Fact]:
    if seen.data_dir is None:
        return []
    try:
        usage = shutil.disk_usage(seen.data_dir)
    except OSError as error:
        return [Fact("Free disk", f"cannot be read: {error.strerror}", "warn")]
    shown = f"{bytes_in_words(usage.free)} of {bytes_in_words(usage.total)}"
    if usage.free < _LITTLE_BYTES:
        advice = "Make room now: once the disk is full, clicks are lost and nothing can be saved."
        return [Fact("Free disk", shown, "bad", advice)]
    if usage.free < max(_SOME_BYTES, _database_bytes()):
        advice = "There is no room for a copy of the database, such as a backup. Make some."
        return [Fact("Free disk", shown, "warn", advice)]
    return [Fact("Free disk", shown, "good")]


def _database_bytes() -> int:
    """What a copy of the database takes beside it: nothing where another server has it."""
    if engine() != "sqlite":
        return 0
    try:
        return sizes().data_bytes
    except DatabaseBusy:
        return 0


def _lag(ledger: LedgerStatus) -> Fact:
    if ledger.lag_s < _LATE_S:
        return Fact("Counting of clicks", "up to date", "good")
    shown = f"{span_in_words(ledger.lag_s)} behind, {bytes_in_words(ledger.waiting_bytes)} to count"
    if ledger.lag_s < _VERY_LATE_S:
        return Fact("Counting of clicks", shown, "note", "It catches up by itself.")
    advice = "Nothing is lost. If it grows, the disk is slow or the database is busy: see the log."
    return Fact("Counting of clicks", shown, "warn", advice)


def _losses(seen: Seen) -> list[Fact]:
    ledger = seen.ledger
    made: list[Fact] = []
    if ledger.lost:
        advice = "Visitors were sent on all the same. Make room, and look at the log."
        shown = f"{ledger.lost:,} since the start: the disk refused them"
        made.append(Fact("Lost clicks", shown, "bad", advice))
    kept_bytes = _set_aside_bytes(seen.data_dir)
    if ledger.set_aside or kept_bytes:
        shown = f"{ledger.set_aside:,} since the start, {bytes_in_words(kept_bytes)} in all"
        advice = "They could not be counted and are kept in journal/set-aside.jsonl."
        made.append(Fact("Set aside", shown, "warn", advice))
    if ledger.damaged or ledger.foreign:
        shown = (
            f"{ledger.damaged:,} damaged places, {ledger.foreign:,} segments of another database"
        )
        advice = "The log says where. Segments of another database are moved aside, not deleted."
        made.append(Fact("Journal", shown, "warn", advice))
    if not made:
        made.append(Fact("Lost clicks", "none", "good"))
    return made


def _set_aside_bytes(data_dir: Path | None) -> int:
    try:
        return 0 if data_dir is None else (data_dir / "journal/set-aside.jsonl").stat().st_size
    except OSError:
        return 0


def _geoip(ctx: Context, geoip: GeoStatus) -> Fact:
    name = "Countries"
    if geoip.state == "absent":
        advice = (
            "There is no GeoIP database, so countries are unknown. `klink geoip update` fetches "
            "one; or put an .mmdb file where [geoip] database says."
        )
        return Fact(name, "unknown", "note", advice)
    if geoip.built_at_ms is None:
        return Fact(name, "the GeoIP database cannot be read", "bad", "Put a whole file there.")
    age = max(timedelta(), ctx.now - from_ms(geoip.built_at_ms))
    shown = f"GeoIP database of {from_ms(geoip.built_at_ms):%Y-%m-%d}, {age.days} days old"
    if geoip.state == "broken":
        advice = "The newer file cannot be read, so this one is used. Put a whole file there."
        return Fact(name, shown, "bad", advice)
    if age > _GEOIP_OLD:
        return Fact(name, shown, "warn", "Networks move. `klink geoip update` fetches a newer one.")
    return Fact(name, shown, "good")


def _jobs(seen: Seen) -> Fact:
    if seen.failing_jobs:
        shown = f"the last run of {', '.join(seen.failing_jobs)} failed"
        return Fact("Jobs", shown, "bad", "The page of jobs says why.")
    if not seen.runs_jobs:
        advice = "They are switched off here ([jobs] enabled): another process should run them."
        return Fact("Jobs", "none run by the clock", "note", advice)
    return Fact("Jobs", "all went well", "good")


def _base_url(ctx: Context, seen: Seen) -> Fact:
    base = ctx.settings.base_url
    if seen.host and seen.host.lower() not in (ctx.settings.base_host, *ctx.settings.office_hosts):
        advice = f"You have come by {seen.host[:100]}. Set server.base_url to what people use."
        return Fact("Short URLs begin with", base, "warn", advice)
    if ctx.settings.base_scheme == "http" and not _is_local(base):
        advice = "Passwords and keys go over the network in the clear. Put HTTPS in front."
        return Fact("Short URLs begin with", base, "warn", advice)
    if seen.scheme != ctx.settings.base_scheme:
        advice = f"You have come by {seen.scheme}: does the proxy send X-Forwarded-Proto?"
        return Fact("Short URLs begin with", base, "warn", advice)
    return Fact("Short URLs begin with", base, "good")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy(seen: Seen) -> Fact:
    name = "Proxies"
    if seen.is_forwarded:
        advice = (
            "All visitors seem to have one address, so limits and countries are wrong. If the "
            "proxy is yours, add its address to server.trusted_proxies."
        )
        return Fact(name, "you have come through one that is not trusted", "bad", advice)
    trusted = "some are trusted" if seen.has_proxies else "none is trusted"
    if seen.forwarded_ignored:
        shown = f"{trusted}; X-Forwarded-For was ignored {seen.forwarded_ignored:,} times"
        advice = "That is right, unless a proxy of yours is missing in server.trusted_proxies."
        return Fact(name, shown, "note", advice)
    return Fact(name, trusted, "good")


def _metrics(seen: Seen) -> Fact:
    name, allowed = "/metrics and /ready", list(map(str, seen.metrics_allow))
    if not allowed:
        return Fact(name, "answer nobody", "note", "[metrics] allow is empty.")
    shown = f"answer {', '.join(allowed)}"
    if any(net.prefixlen == 0 for net in seen.metrics_allow):
        return Fact(name, shown, "warn", "Anybody may read them. Narrow [metrics] allow.")
    return Fact(name, shown, "good")
