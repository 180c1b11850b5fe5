"""Everything that answers visitors, put together over a real database and journal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import Client, TestResponse

from klink.clicks.enrich import Enricher
from klink.clicks.journal import Journal, Position
from klink.clicks.record import ClickRecord, decode
from klink.clicks.visits import Recorder, VisitReader
from klink.core import domains, links, users, workspaces
from klink.core.captcha import Captcha, Nothing
from klink.core.context import Changed, Context, Settings
from klink.core.domains import DomainPatch
from klink.core.links import LinkView, NewLink, NewVariant
from klink.core.plans import UNLIMITED
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.core.usage import Meter
from klink.db import connection
from klink.pages import Guards, make_blueprint
from klink.redirects.answers import Answers
from klink.redirects.cache import LinkCache
from klink.redirects.front import Front
from klink.redirects.hosts import Hosts
from klink.web import doors
from klink.web.parts import EXTENSION, Parts

BASE_URL = "https://go.example.org"
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)
PROXY = "10.0.0.1"
SECRET = b"v" * 32
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


class Site:
    """klink without its server: a front, the pages behind it, and a clock that tests move."""

    def __init__(self, folder: Path, *, captcha: Captcha | None = None, **front: Any) -> None:
        self.now = NOON
        settings = Settings(BASE_URL, {"unlimited": UNLIMITED}, {"klink": "unlimited"}, 10, SECRET)
        self.cache = LinkCache(self._compiled, 1 << 20)
        self.hosts = Hosts("go.example.org", links.domain_of_host, load_ways=domains.ways)
        self._settings = settings
        workspaces.ensure_first(self.ctx)
        home = workspaces.find(None)
        self.owner = Principal(home.id, users.find(None, home.id).id, None, "klink", role="owner")
        self.journal = Journal.open(folder, b"e" * 16, fsync_every_s=None)
        self._read_to = Position(self.journal.stream, 0, 0)
        self.reader = VisitReader(SECRET, [IPv4Network(PROXY)], "CF-IPCountry")
        self.recorder = Recorder(self.journal, SECRET)
        answers = Answers(self.recorder, Enricher(lambda _: ""))
        self.flask = Flask("pages-alone", static_folder=None)
        doors.install(self.flask)
        self.flask.extensions[EXTENSION] = self.parts()
        guards = Guards.of(SECRET, captcha or Nothing())
        self.flask.register_blueprint(make_blueprint(answers, guards))
        self.front = Front(
            base_url=BASE_URL,
            cache=self.cache,
            hosts=self.hosts,
            reader=self.reader,
            answers=answers,
            fallback=self.flask,
            clock_ms=lambda: to_ms(self.now),
            **front,
        )
        self.client = Client(self.front, use_cookies=False)
        self.before_read: Callable[[], None] = lambda: None

    def _compiled(self, domain_id: int, slug: str) -> Any:
        self.before_read()
        return links.compiled(domain_id, slug)

    @property
    def ctx(self) -> Context:
        """The core's context, now."""
        return Context(self.now, self._settings, self.announce)

    def parts(self) -> Parts:
        """What doors need of the server, as far as visitors' pages ask for it."""
        nothing: Any = None  # Any: no page waits for clicks or asks for a country
        return Parts(
            settings=self._settings,
            clock=lambda: self.now,
            meter=Meter(),
            ledger=nothing,
            geoip=nothing,
        )

    def announce(self, changed: Changed) -> None:
        """What this process hears of a change after its commit."""
        self.cache.forget(changed)
        self.hosts.forget(changed)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def link(self, slug: str = "spring", **fields: Any) -> LinkView:
        """Make a link, to ``https://example.com/SLUG`` unless said otherwise."""
        if "variants" not in fields:
            fields.setdefault("url", f"https://example.com/{slug}")
        return links.create(self.ctx, self.owner, NewLink(slug=slug, **fields)).link

    def split(self, slug: str = "spring", **fields: Any) -> LinkView:
        """A link whose visitors go half to ``/a``, half to ``/b``."""
        halves = tuple(NewVariant(label, f"https://example.com/{label}", 50) for label in "ab")
        return self.link(slug, variants=halves, mode="split", **fields)

    def change(self, link: LinkView, **fields: Any) -> None:
        """Change a link over the core, as any door does."""
        links.update(self.ctx, self.owner, link.uid, links.LinkPatch(**fields))

    def domain(self, host: str, **settings: str) -> int:
        """Make a verified domain of the owner's workspace; settings are a patch's."""
        domains.claim(self.ctx, self._admin, host, verified=True)
        if settings:
            self.set_domain(host, **settings)
        return links.domain_of_host(host) or 0

    def set_domain(self, host: str, **settings: str | None) -> None:
        """Change a domain's settings, as the command line does."""
        domains.change(self.ctx, self._admin, host, DomainPatch(**settings))  # type: ignore[arg-type]  # by name

    @property
    def _admin(self) -> Principal:
        return replace(self.owner, dialect="cli")

    def later(self, **delta: float) -> None:
        """Move the clock."""
        self.now += timedelta(**delta)

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        base_url: str = BASE_URL,
        peer: str = "203.0.113.7",
        form: dict[str, str] | None = None,
        **headers: Any,  # texts; Any, so that a test may unpack a dictionary of them
    ) -> TestResponse:
        """One request; a header is given by its name with underscores."""
        sent = {"User-Agent": BROWSER, "Accept": "text/html,*/*;q=0.8"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            path,
            method=method,
            base_url=base_url,
            headers={name: value for name, value in sent.items() if value},
            data=form,
            environ_overrides={"REMOTE_ADDR": peer},
            buffered=True,
        )

    def post(self, path: str, **form: str) -> TestResponse:
        """A browser posts a form."""
        return self.ask(path, method="POST", form=form)

    def records(self) -> list[ClickRecord]:
        """What the journal has got since the last call."""
        found: list[ClickRecord] = []
        reader = self.journal.reader()
        while True:
            batch = reader.read(self._read_to, 1 << 20)
            for payload in batch.payloads:
                found += [
                    decode(json.dumps(each).encode()) for each in json.loads(b"[%b]" % payload)
                ]
            self._read_to = batch.next
            if batch.at_tail:
                return found

    def in_thread(self, work: Callable[[], None]) -> Callable[[], None]:
        """``work`` for a thread of its own, which closes its connection at the end."""

        def run() -> None:
            try:
                work()
            finally:
                connection.close_thread()

        return run


def without_query(location: str | None) -> str:
    """A location's part before its query."""
    assert location is not None
    return location.partition("?")[0]
