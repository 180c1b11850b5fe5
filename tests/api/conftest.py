"""The app without a server, and its cast: an owner, a teammate, and a stranger elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from klink.api import make_app
from klink.clicks.enrich import Enricher
from klink.clicks.geoip import CountryDatabase
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.core import keys, users, workspaces
from klink.core.context import Changed, Context, Settings
from klink.core.plans import UNLIMITED, Plan
from klink.core.usage import Meter
from klink.web.parts import Parts
from tests.doors import SharedApp

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
PLANS = {
    plan.name: plan
    for plan in (
        UNLIMITED,
        Plan("small", requests_per_minute=3, requests_per_hour=5, requests_per_month=6),
        Plan("monthly", requests_per_month=3),
        Plan("two-links", max_links=2),
        Plan("closed", api_access=False),
    )
}


@dataclass
class World:
    """What a test may move: the clock; and what it may look at."""

    now: datetime = NOW
    announced: list[Changed] = field(default_factory=list)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


class Reply(TestResponse):
    """An answer, to the type checker: one whose JSON is there."""

    json: Any


@dataclass(frozen=True)
class Person:
    """Somebody with a key."""

    client: FlaskClient
    key: str
    workspace_id: int
    user_id: int

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def ask(self, method: str, path: str, **more: Any) -> Reply:
        """A request with the person's key; a path that begins with no slash is the API's."""
        headers = self.auth | dict(more.pop("headers", {}))
        where = path if path.startswith("/") else f"/api/v1/{path}"
        return cast(Reply, self.client.open(where, method=method, headers=headers, **more))

    def get(self, path: str, **more: Any) -> Reply:
        return self.ask("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.ask("POST", path, json=json, **more)

    def patch(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.ask("PATCH", path, json=json, **more)

    def put(self, path: str, json: Any = None, **more: Any) -> Reply:
        return self.ask("PUT", path, json=json, **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self.ask("DELETE", path, **more)

    def link(self, **fields: Any) -> dict[str, Any]:
        """A link that is made."""
        reply = self.post("links", {"url": "https://example.com/landing"} | fields)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json
        return made


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path, b"e" * 16, fsync_every_s=None)
    yield opened
    opened.close()


@pytest.fixture
def ledger(journal: Journal, world: World) -> Ledger:
    """The ledger, not running: nothing waits to be counted, and nothing gets counted."""
    return Ledger(journal, Enricher(lambda _: ""), lambda: world.now)


@pytest.fixture
def parts(db: str, world: World, ledger: Ledger) -> Parts:
    settings = Settings(
        base_url="https://go.example.org",
        plans=PLANS,
        dialect_plans={"klink": "unlimited"},
        max_active_keys=10,
        secret=b"s" * 32,
    )
    return Parts(
        settings=settings,
        clock=lambda: world.now,
        meter=Meter(),
        ledger=ledger,
        geoip=CountryDatabase(None),
        announce=world.announced.append,
        metrics_allow=(ip_network("127.0.0.0/8"),),
        version="1.2.3",
    )


_APP = SharedApp(lambda _, parts: make_app(parts))


@pytest.fixture
def app(parts: Parts) -> Iterator[Flask]:
    yield _APP.taken(parts, parts)
    _APP.let_go(parts)


ClientOf = Callable[[Parts], FlaskClient]


@pytest.fixture
def client_of() -> Iterator[ClientOf]:
    """Makes clients of an application with parts of the test's own, one after the other."""
    holder = object()
    yield lambda parts: _APP.taken(holder, parts).test_client()
    _APP.let_go(holder)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ctx(parts: Parts) -> Context:
    made = Context(parts.clock(), parts.settings)
    workspaces.ensure_first(made)
    return made


MakeKey = Callable[..., Person]


@pytest.fixture
def owner(ctx: Context, client: FlaskClient) -> Person:
    home = workspaces.find(None)
    return _with_key(ctx, client, home.id, users.find(None, home.id).id)


@pytest.fixture
def teammate(ctx: Context, client: FlaskClient, owner: Person) -> Person:
    home = owner.workspace_id
    user = users.create(ctx, "teammate@example.org", role="editor", workspace_id=home)
    return _with_key(ctx, client, home, user.id)


@pytest.fixture
def stranger(ctx: Context, client: FlaskClient) -> Person:
    away = workspaces.create(ctx, "elsewhere")
    user = users.create(ctx, "stranger@example.org", role="owner", workspace_id=away.id)
    return _with_key(ctx, client, away.id, user.id)


@pytest.fixture
def owner_with(ctx: Context, owner: Person) -> MakeKey:
    """Makes the owner another key: ``owner_with(scopes=["read"], plan="small")``."""

    def make(scopes: Sequence[str] = (), plan: str | None = None) -> Person:
        _, key = keys.create(
            ctx,
            workspace_id=owner.workspace_id,
            user_id=owner.user_id,
            name="another",
            scopes=scopes,
            plan=plan,
        )
        return replace(owner, key=key)

    return make


def _with_key(ctx: Context, client: FlaskClient, workspace_id: int, user_id: int) -> Person:
    _, key = keys.create(ctx, workspace_id=workspace_id, user_id=user_id, name="test")
    return Person(client, key, workspace_id, user_id)
