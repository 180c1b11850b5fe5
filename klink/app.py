"""The composition root: builds every part from the configuration, starts and stops them.

What is started last is stopped first: the server finishes its requests, then the jobs, the
counters, the ledger (which folds what is left of the journal) and the database end.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from klink import __version__, admin, dialects, logs, tracking
from klink.api import make_app
from klink.clicks import enrich
from klink.clicks.enrich import Enricher
from klink.clicks.geoip import CountryDatabase
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.recent import RecentClicks
from klink.clicks.visits import Recorder, VisitReader
from klink.config import Config
from klink.core import domains, links, secrets, workspaces
from klink.core.compiled import CompiledLink
from klink.core.context import Changed, Context, Settings
from klink.core.errors import DatabaseBusy
from klink.core.usage import Meter
from klink.db import connection, migrate
from klink.db.link_rows import LoopReader
from klink.greeting import greet
from klink.metrics import Metrics, Watch, door_of
from klink.opening import backup_plan, captcha, core_settings, held, job_settings, upgrade
from klink.pages import Guards, make_blueprint, make_report_blueprint, report_limit
from klink.redirects.answers import Answers
from klink.redirects.cache import LinkCache, Load
from klink.redirects.follower import ChangeFeed
from klink.redirects.front import Front
from klink.redirects.hosts import Hosts, plain_host
from klink.redirects.lane import Lane
from klink.scheduler import Scheduler
from klink.server import IDENT, Server
from klink.stopping import StopSignals
from klink.tallies import Requests
from klink.web.parts import Parts

__all__ = ["serve"]

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 1.0
FOLD_AT_END_S = 2.5

_SWITCH_S = 0.0005
"""How long a thread may compute while another wants to; by default 5 ms, which the event loop
would wait out at each system call."""

_COLLECT_AFTER = 20_000
"""Objects made more than let go, after which the collector looks: by default 700, so that it
would look hundreds of times a second while redirects leave nothing behind for it."""

_M_ARENA_MAX = -8  # glibc's <malloc.h>


def serve(config: Config) -> int:
    """Run the server until SIGTERM or SIGINT; return the exit status.

    :raises KlinkError: when it cannot start; its text is one line for a person.
    """
    logged = logs.to_stderr(config.log.format, config.log.level)
    _share_one_arena()
    with ExitStack() as stack:
        signals = stack.enter_context(StopSignals())
        house = _build(config, stack)
        requests = Requests()
        server = Server(
            house.front,
            host=config.server.host,
            port=config.server.port,
            threads=config.server.threads,
            lane=house.lane,
            refuse=dialects.server_refusals(_dialect_options(config), plain_host),
            tell=lambda path, status, took_s: requests.add(door_of(path), status, took_s),
            on_thread_end=connection.close_thread,
        )
        Watch(
            clock=_now,
            requests=requests,
            lane=house.lane,
            server=server,
            cache=house.cache,
            ledger=house.ledger,
            journal=house.journal,
            geoip=house.countries,
            jobs=house.scheduler.status,
            backups=backup_plan(config),
            data_dir=config.data_dir,
            forwarded_ignored=lambda: house.reader.ignored,
            logged=logged.counts,
        ).over(house.metrics)
        _start(house, stack)
        stack.callback(server.close)
        # What is there now stays; the collector need not look at it each time (10 ms a look).
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        sys.setswitchinterval(_SWITCH_S)
        server.start()
        greet(config, Context(_now(), house.settings), [str(each) for each in server.addresses])
        signals.attach(server)
        server.run()
        log.info("stopping")
    return 0


@dataclass(frozen=True, slots=True)
class _House:
    """What must be started, in this order, and the application that answers."""

    settings: Settings
    ledger: Ledger
    feed: ChangeFeed
    flusher: _Flusher
    scheduler: Scheduler
    front: Front
    lane: Lane
    countries: CountryDatabase
    cache: LinkCache
    journal: Journal
    metrics: Metrics
    reader: VisitReader


def _open_data(config: Config, stack: ExitStack) -> Settings:
    """Open the data folder and the database, and bring both up to date."""
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if connection.sqlite_path(config.database.url, config.data_dir) is not None:
        stack.enter_context(held(config.data_dir))
    connection.connect(config.database.url, config.data_dir)
    stack.callback(connection.disconnect)
    upgrade(config)
    settings = core_settings(config)
    workspaces.ensure_first(Context(_now(), settings))
    return settings


def _build(config: Config, stack: ExitStack) -> _House:
    """Make all parts; nothing runs yet but the journal's keeper.

    :param stack: gets what must be undone at the end.
    """
    settings = _open_data(config, stack)
    cache = LinkCache(links.compiled, config.cache.max_bytes)
    hosts = Hosts(settings.base_host, links.domain_of_host, config.dialects.hosts, domains.ways)

    def announce(changed: Changed) -> None:
        cache.forget(changed)
        hosts.forget(changed)

    def flush() -> None:
        cache.flush()
        hosts.flush()

    journal = _journal(config, stack)
    countries = CountryDatabase(config.geoip_file)
    enricher = Enricher(countries.lookup)
    recent = RecentClicks(_now)
    ledger = Ledger(journal, enricher, _now, recent=recent)
    meter = Meter()
    scheduler = Scheduler(lambda: Context(_now(), settings, announce), job_settings(config))
    visitors_secret = secrets.derive(settings.secret, "visitors")
    reader = VisitReader(
        visitors_secret, config.server.trusted_proxies, config.geoip.country_header
    )
    recorder = Recorder(journal, visitors_secret)
    answers = Answers(recorder, enricher)
    metrics = Metrics(__version__)
    parts = Parts(
        settings=settings,
        clock=_now,
        meter=meter,
        ledger=ledger,
        recent=recent,
        geoip=countries,
        announce=announce,
        trusted_proxies=config.server.trusted_proxies,
        require_https=config.server.require_https,
        metrics_allow=config.metrics.allow,
        backups=backup_plan(config),
        jobs_status=scheduler.status,
        run_job=scheduler.run_now,
        metrics=metrics.text,
        version=__version__,
        data_dir=config.data_dir,
        started_at=_now(),
        forwarded=reader.forwarded,
        logs_requests=config.log.requests,
    )
    front = _front(config, parts, cache, hosts, reader, answers)
    lane = _lane(config, stack, cache, hosts, reader, recorder, countries)
    return _House(
        settings,
        ledger,
        ChangeFeed(announce, flush),
        _Flusher(meter),
        scheduler,
        front,
        lane,
        countries,
        cache,
        journal,
        metrics,
        reader,
    )


def _journal(config: Config, stack: ExitStack) -> Journal:
    made = Journal.open(config.data_dir, migrate.epoch(), fsync_every_s=config.clicks.fsync_every_s)
    stack.callback(made.close)
    return made


def _front(
    config: Config,
    parts: Parts,
    cache: LinkCache,
    hosts: Hosts,
    reader: VisitReader,
    answers: Answers,
) -> Front:
    """The WSGI application: short URLs first, then the doors behind them."""
    options = _dialect_options(config)
    secret = parts.settings.secret
    asked = captcha(config, secret, lambda host: hosts.domain_of(host) is not None)
    doors = [
        tracking.make_blueprint(tracking.Limit()),
        make_report_blueprint(report_limit(), asked),
        admin.make_blueprint(admin.SCREENS, secret),
        make_blueprint(answers, Guards.of(secret, asked)),
    ]
    app = make_app(parts, doors)
    dialects.install(app, options, __version__)
    return Front(
        base_url=parts.settings.base_url,
        cache=cache,
        hosts=hosts,
        reader=reader,
        answers=answers,
        fallback=dialects.Selector(
            app,
            host=lambda environ: plain_host(reader.client(environ).host),
            hosts=options.hosts,
            default=options.default,
        ),
        require_https=config.server.require_https,
    )


def _dialect_options(config: Config) -> dialects.Options:
    found = config.dialects
    return dialects.Options(
        default=found.default,
        hosts=found.hosts,
        shown_limit=found.klinky.shown_limit,
        keyless_per_hour=found.klinky.keyless_per_hour,
        require_post_id=found.klookup.require_post_id,
        anonymous=found.klookup.anonymous,
    )


def _lane(
    config: Config,
    stack: ExitStack,
    cache: LinkCache,
    hosts: Hosts,
    reader: VisitReader,
    recorder: Recorder,
    countries: CountryDatabase,
) -> Lane:
    """What the event loop answers by, of the same parts as the front."""
    return Lane(
        cache=cache,
        hosts=hosts,
        reader=reader,
        recorder=recorder,
        load=_loader(config, stack),
        lookups=Enricher(countries.lookup_now),
        server=IDENT,
        require_https=config.server.require_https,
    )


def _loader(config: Config, stack: ExitStack) -> Load | None:
    """How the event loop reads a link; None where reading means waiting for another server."""
    path = connection.sqlite_path(config.database.url, config.data_dir)
    if path is None:
        return None
    rows = LoopReader(path)
    stack.callback(rows.close)

    def load(domain_id: int, slug: str) -> CompiledLink | None:
        found = rows.fetch(domain_id, slug)
        return None if found is None else links.compiled_of(found)

    return load


def _start(house: _House, stack: ExitStack) -> None:
    """Start what runs beside the server; ``stack`` stops it in reverse order."""
    enrich.warm_up()
    house.countries.status()  # the loop takes what is open; the fold opens it anew
    house.ledger.start()
    stack.callback(house.ledger.stop, timeout_s=FOLD_AT_END_S)
    house.feed.start()
    stack.callback(house.feed.stop)
    house.flusher.start()
    stack.callback(house.flusher.stop)
    house.scheduler.start()
    stack.callback(house.scheduler.stop)


class _Flusher:
    """Saves the request counters every second, and at the end."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="klink-usage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Save a last time and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(FLUSH_EVERY_S):
                self._flush()
            self._flush()
        finally:
            connection.close_thread()

    def _flush(self) -> None:
        try:
            self._meter.flush()
        except DatabaseBusy:
            pass  # the connection has logged it; what is not saved now is saved next time
        except Exception:  # the top of a thread: it goes on, whatever happens
            log.exception("the request counters could not be saved")


def _share_one_arena() -> None:
    """Have all threads allocate from one place, where the C library is glibc.

    It gives each thread one of its own, and what is free in one is of no use to the others: after
    an hour of load that is 20 MiB of 270. Python's lock keeps them from meeting there anyway.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _now() -> datetime:
    return datetime.now(UTC)
