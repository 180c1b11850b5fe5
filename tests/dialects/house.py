"""All of klink but its server: every door over one database, a journal and a running ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any, cast

from flask import Flask
from werkzeug.test import Client, TestResponse

from klink import admin, dialects, tracking
from klink.admin.door import CODES, GUESSES
from klink.api import make_app
from klink.clicks.enrich import Enricher
from klink.clicks.geoip import CountryDatabase
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.recent import RecentClicks
from klink.clicks.visits import Recorder, VisitReader
from klink.core import domains, keys, links, users, workspaces
from klink.core.captcha import Captcha, Nothing
from klink.core.context import Changed, Context, Settings
from klink.core.guesses import CodeGuesses, SignInGuesses
from klink.core.plans import UNLIMITED, Plan
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.core.usage import Meter
from klink.dialects import Options
from klink.dialects.options import EXTENSION as OPTIONS
from klink.pages import Guards, make_blueprint, make_report_blueprint, report_limit
from klink.redirects.answers import Answers
from klink.redirects.cache import LinkCache
from klink.redirects.front import Front
from klink.redirects.hosts import Hosts, plain_host
from klink.web.parts import Parts
from tests.doors import SharedApp, fresh

BASE_URL = "https://go.example.org"
PROXY = "10.0.0.1"
COUNTRY = "CF-IPCountry"
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)
SECRET = b"v" * 32
NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
CONVERSIONS = frozenset({"purchase", "signup", "lead"})
PLANS = {
    plan.name: plan
    for plan in (
        UNLIMITED,
        Plan("klinky-scale", requests_per_hour=1_000),
        Plan("qklnk", requests_per_minute=60),
        Plan("minute", requests_per_minute=2),
        Plan("hour", requests_per_hour=2),
        Plan("month", requests_per_month=2),
        Plan("two-links", max_links=2),
        Plan("klinky-free", api_access=False),
    )
}
DEFAULT_PLANS = {
    "klink": "unlimited",
    "klinky": "klinky-scale",
    "qklnk": "qklnk",
    "kliqs": "unlimited",
    "klookup": "unlimited",
}


class Reply(TestResponse):
    """An answer, to the type checker: one whose JSON is there."""

    json: Any


@dataclass(frozen=True)
class Person:
    """Somebody with a key of one dialect."""

    house: House
    dialect: str
    key: str
    workspace_id: int
    user_id: int

    def ask(self, method: str, path: str, **more: Any) -> Reply:
        """A request with the key, by the header that the dialect's document shows."""
        name = "X-API-Key" if self.dialect == "klinky" else "Authorization"
        value = self.key if self.dialect == "klinky" else f"Bearer {self.key}"
        headers = {name: value} | dict(more.pop("headers", {}))
        return self.house.ask(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Reply:
        return self.ask("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.ask("POST", path, json=json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.ask("PUT", path, json=json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.ask("PATCH", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.ask("DELETE", path, **more)


def _make(shared: SharedApp, parts: Parts) -> Flask:
    doors = [
        tracking.make_blueprint(shared.own("event_limit")),
        make_report_blueprint(shared.own("report_limit"), shared.own("report_captcha")),
        admin.make_blueprint(admin.SCREENS, SECRET),
        make_blueprint(shared.own("answers"), shared.own("guards")),
    ]
    app = make_app(parts, doors)
    dialects.install(app, Options(), "1.2.3")
    return app


_APP = SharedApp(_make)


class House:
    """klink without its server; the clock is the test's to move."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.now = NOW
        self.monotonic_s = 0.0
        self.announced: list[Changed] = []
        self.report_captcha: Captcha = Nothing()
        self._settings = Settings(
            base_url=BASE_URL,
            plans=PLANS,
            dialect_plans=DEFAULT_PLANS,
            max_active_keys=100,
            secret=SECRET,
            conversion_names=CONVERSIONS,
            **settings,
        )
        self._journal = Journal.open(folder, b"e" * 16, fsync_every_s=None)
        self._enricher = Enricher(lambda _: "")
        self._recent = RecentClicks(lambda: self.now)
        self._ledger = Ledger(self._journal, self._enricher, lambda: self.now, recent=self._recent)
        self._cache = LinkCache(links.compiled, 1 << 20)
        self.meter = Meter()
        self._announce: Callable[[Changed], None] = self.announced.append
        workspaces.ensure_first(self.ctx)
        self._ledger.start()
        self.configure()

    def configure(
        self, *, require_https: bool = False, is_shared: bool = True, **options: Any
    ) -> None:
        """Put the doors up anew, with these options of the dialects.

        :param is_shared: False for a test that adds to the application.
        """
        chosen = Options(**options)
        hosts = Hosts("go.example.org", links.domain_of_host, chosen.hosts, domains.ways)
        reader = VisitReader(SECRET, [IPv4Network(PROXY)], COUNTRY)
        self.answers = answers = Answers(Recorder(self._journal, SECRET), self._enricher)

        def announce(changed: Changed) -> None:
            self._cache.forget(changed)
            hosts.forget(changed)

        self._announce = announce
        parts = Parts(
            settings=self._settings,
            clock=lambda: self.now,
            meter=self.meter,
            ledger=self._ledger,
            recent=self._recent,
            geoip=CountryDatabase(None),
            announce=announce,
            trusted_proxies=(ip_network(PROXY),),
            require_https=require_https,
            metrics_allow=(ip_network("127.0.0.0/8"),),
            version="1.2.3",
        )
        self.event_limit = tracking.Limit(lambda: self.monotonic_s)
        self.report_limit = report_limit(clock=lambda: self.monotonic_s)
        self.guards = Guards.of(SECRET, Nothing())
        self.app = _APP.taken(self, parts) if is_shared else fresh(_make, self, parts)
        self.app.extensions[OPTIONS] = chosen
        self.app.extensions[GUESSES] = SignInGuesses(SECRET)
        self.app.extensions[CODES] = CodeGuesses(SECRET)
        front = Front(
            base_url=BASE_URL,
            cache=self._cache,
            hosts=hosts,
            reader=reader,
            answers=answers,
            fallback=dialects.Selector(
                self.app,
                host=lambda environ: plain_host(reader.client(environ).host),
                hosts=chosen.hosts,
                default=chosen.default,
            ),
            clock_ms=lambda: to_ms(self.now),
            require_https=require_https,
        )
        self.client = Client(front, use_cookies=False)

    def close(self) -> None:
        """Stop the ledger and close the journal."""
        self._ledger.stop(timeout_s=2.0)
        self._journal.close()
        _APP.let_go(self)

    def ledger_waits(self) -> None:
        """Wait until all clicks are counted."""
        assert self._ledger.wait() == 0

    @property
    def ctx(self) -> Context:
        """The core's context, now."""
        return Context(self.now, self._settings, self._announce)

    def later(self, **by: float) -> None:
        """Move the clock."""
        self.now += timedelta(**by)

    def restart(self) -> None:
        """Begin anew with what has been saved of the request counters."""
        self.meter.flush()
        self.meter = Meter()
        self.configure()

    def person(
        self,
        dialect: str,
        *,
        workspace: str = "default",
        scopes: Sequence[str] = (),
        plan: str | None = None,
    ) -> Person:
        """Somebody with a new key; the workspace is made when there is none of that name."""
        known = {each.name: each for each in workspaces.all_of_them()}
        home = known.get(workspace) or workspaces.create(self.ctx, workspace)
        user = users.find(None, home.id)
        _, key = keys.create(
            self.ctx,
            workspace_id=home.id,
            user_id=user.id,
            name=dialect,
            dialect=dialect,
            scopes=scopes,
            plan=plan,
        )
        return Person(self, dialect, key, home.id, user.id)

    def domain(self, host: str, *, workspace_id: int = 1) -> int:
        """Make a verified domain."""
        admin = Principal(workspace_id, None, None, "cli")
        domains.claim(self.ctx, admin, host, verified=True)
        return links.domain_of_host(host) or 0

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        peer: str = "203.0.113.7",
        base_url: str = BASE_URL,
        **more: Any,
    ) -> Reply:
        """A request; ``json``, ``data`` and ``query_string`` are werkzeug's."""
        return cast(
            Reply,
            self.client.open(
                path,
                method=method,
                headers=headers or {},
                base_url=base_url,
                environ_overrides={"REMOTE_ADDR": peer},
                buffered=True,
                **more,
            ),
        )

    def visit(self, short_url: str, *, country: str = "", peer: str = "", **more: Any) -> Reply:
        """A browser follows a short URL.

        :param country: as a trusted proxy would say it, in which case ``peer`` is the visitor's
            address that the proxy reports.
        """
        base, _, path = short_url.removeprefix("https://").partition("/")
        headers = {"User-Agent": BROWSER, "Accept": "text/html"} | more.pop("headers", {})
        if country:
            headers |= {COUNTRY: country, "X-Forwarded-For": peer or "198.51.100.7"}
            headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-Host": base}
            peer = PROXY
        method = more.pop("method", "GET")
        return self.ask(
            method,
            f"/{path}",
            headers=headers,
            peer=peer or "203.0.113.7",
            base_url=f"https://{base}",
            **more,
        )


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What these give when all of them run at the same time, in their order.

    An exception is given back in the place of a result. Any: whatever they give.
    """
    import threading

    from klink.db import connection

    found: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(i: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            found[i] = work()
        except Exception as error:
            found[i] = error
        finally:
            connection.close_thread()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
