"""Links from a klink that speaks the three products' APIs, into another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from klink.core import domains, links
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.stats.counts import with_counts
from tests.cli.conftest import Done, Klink, core, home, klink
from tests.live.server import Server

__all__ = ["home", "klink"]

pytestmark = pytest.mark.live

OWNER = Principal(1, 1, None, "cli", role="owner")
DIALECTS = ("klinky", "qklnk", "klookup")
DOMAIN = "go.example.com"


class Old:
    """The server that links are taken from."""

    def __init__(self, folder: Path) -> None:
        (folder / "data").mkdir()
        self.server = Server(folder / "data", f"sqlite:///{folder / 'klink.db'}")
        self.server.start()
        self.keys = {each: self._key(each) for each in (*DIALECTS, "klink")}
        self.server.klink("domains", "add", DOMAIN, "--verified")

    def _key(self, dialect: str) -> str:
        return self.server.klink("keys", "create", "--name", dialect, "--dialect", dialect)

    def post(self, dialect: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        key = self.keys[dialect]
        header = {"X-API-Key": key} if dialect == "klinky" else {"Authorization": f"Bearer {key}"}
        reply = self.server.request("POST", f"/api/v1{path}", body=body, headers=header)
        assert reply.status == 201, reply.body
        found: dict[str, Any] = reply.json
        return found

    def click(self, slug: str, times: int) -> None:
        for _ in range(times):
            assert self.server.get(f"/{slug}").status == 302


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    made = Old(tmp_path_factory.mktemp("old"))
    try:
        yield made
    finally:
        made.server.end()


@pytest.fixture
def here(home: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The new klink's folder, with a database of the one engine that the old one has, too."""
    (home / "data").mkdir()
    (home / "data" / "klink.db").write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("KLINK_SERVER__BASE_URL", "https://go.example.org")
    return home / "data"


@pytest.fixture
def take(old: Old, klink: Klink, here: Path, monkeypatch: pytest.MonkeyPatch) -> Take:
    return Take(old, klink, monkeypatch)


class Take:
    """Runs an import from the old server."""

    def __init__(self, old: Old, klink: Klink, monkeypatch: pytest.MonkeyPatch) -> None:
        self._old, self._klink, self._environment = old, klink, monkeypatch

    def __call__(self, dialect: str, *more: str) -> dict[str, Any]:
        self._environment.setenv("KLINK_IMPORT_KEY", self._old.keys[dialect])
        done = self.raw(dialect, *more, "--json")
        assert done.status == 0, done.err
        found: dict[str, Any] = done.json
        return found

    def raw(self, dialect: str, *more: str, stdin: bytes = b"") -> Done:
        base = f"http://127.0.0.1:{self._old.server.port}/{dialect}/api/v1"
        return self._klink("import", dialect, "--from", base, "--allow-private", *more, stdin=stdin)


def found(folder: Path, slugs: Sequence[str]) -> list[tuple[LinkView, int]]:
    """Links of the new database, with their clicks."""
    with core(folder) as ctx:
        views = [links.find(ctx, OWNER, slug) for slug in slugs]
        return [(v, c.clicks) for v, c in zip(views, with_counts(views), strict=True)]


AB = [
    {"label": "a", "destination_url": "https://a.example/?x=1", "weight": 60},
    {"label": "b", "destination_url": "https://b.example/", "weight": 40},
]


def test_what_klinky_can_say_arrives(old: Old, take: Take, here: Path) -> None:
    made = {
        "name": "Pricing <b>",
        "slug": "pricing",
        "variants": AB,
        "auto_winner": True,
        "auto_winner_threshold": 250,
        "enable_conversion_tracking": True,
        "conversion_redirect_url": "https://example.com/thanks",
    }
    geo = {"us": "a", "CA": "a", "DE": "b", "default": "b"}
    old.post("klinky", "/public/links", made)
    shops = {"name": "Shops", "slug": "shops", "routing_type": "geo", "geo_rules": geo}
    old.post("klinky", "/public/links", shops | {"variants": AB})
    old.click("pricing", 3)
    assert take("klinky")["made"] >= 2
    (pricing, clicks), (shops_view, _) = found(here, ["pricing", "shops"])
    assert (pricing.title, pricing.mode, clicks) == ("Pricing <b>", "split", 3)
    assert [(v.label, v.url, v.weight) for v in pricing.variants] == [
        tuple(each.values()) for each in AB
    ]
    assert (pricing.auto_winner, pricing.winner_threshold) == (True, 250)
    assert pricing.conversion_tracking
    assert pricing.conversion_redirect_url == "https://example.com/thanks"
    assert (shops_view.mode, shops_view.default) == ("rules", "b")
    assert {r.use: r.when for r in shops_view.rules} == {
        "a": {"country": ["US", "CA"]},
        "b": {"country": ["DE"]},
    }
    assert take("klinky")["made"] == 0


def test_what_qklnk_can_say_arrives(old: Old, take: Take, here: Path) -> None:
    utm = {f"utm_{name}": f"{name} & co" for name in ("source", "medium", "campaign", "content")}
    destination = "https://example.com/page?a=1#b"
    body = {"destination": destination, "domain": DOMAIN, **utm}
    made = old.post("qklnk", "/links", body)["data"]
    plain = old.post("qklnk", "/links", {"destination": destination})["data"]
    old.click(plain["slug"], 2)
    with core(here) as ctx:
        domains.claim(ctx, OWNER, DOMAIN, verified=True)
    report = take("qklnk")
    assert (report["refused"], report["conflict"]) == (0, 0)
    (on_domain, _), (simple, clicks) = found(here, [made["slug"], plain["slug"]])
    assert (on_domain.url, on_domain.domain) == (destination, DOMAIN)
    assert on_domain.utm.values() == (*utm.values(), None)
    assert (simple.domain, clicks) == ("go.example.org", 2)
    assert simple.created_at.isoformat().replace("+00:00", "Z") == plain["created_at"]


def test_what_klook_up_can_say_arrives(old: Old, take: Take, here: Path) -> None:
    body = {
        "url": "https://example.com/post",
        "type": "inpage",
        "post_id": "post-42",
        "site_url": "https://blog.example/42",
        "title": "Post",
        "description": "Two\nlines",
        "expires_at": "2031-02-28T23:59:59Z",
    }
    slug = old.post("klookup", "/links", body)["data"]["short_code"]
    past = {"url": "https://example.com/", "expires_at": "2024-02-28T23:59:59Z"}
    gone = old.post("klookup", "/links", past)["data"]["short_code"]
    assert take("klookup", "--dry-run")["dry_run"]
    report = take("klookup")
    assert report["refused"] == 0
    (post, _), (expired, _) = found(here, [slug, gone])
    assert (post.url, post.type, post.post_id) == (body["url"], "inpage", "post-42")
    assert (post.title, post.description) == ("Post", "Two\nlines")
    assert (post.site_url, str(post.expires_at)[:4]) == (body["site_url"], "2031")
    assert str(expired.expires_at)[:4] == "2024"
    again = take("klookup")
    assert (again["made"], again["there"]) == (0, report["rows"])


def test_the_key_may_come_by_standard_input(
    old: Old, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    old.post("qklnk", "/links", {"destination": "https://example.com/"})
    assert take.raw("qklnk", stdin=old.keys["qklnk"].encode() + b"\n").status == 0
    assert "there is no key" in take.raw("qklnk").refusal
    assert "is no key" in take.raw("qklnk", stdin=b"two words\n").refusal
    wrong = take.raw("qklnk", stdin=b"qklnk_" + b"0" * 40)
    assert "does not know this key (401)" in wrong.refusal
    assert "0000" not in wrong.err


def test_a_key_of_another_api_finds_none(old: Old, klink: Klink, here: Path) -> None:
    base = f"http://127.0.0.1:{old.server.port}/api/v1"
    asked = ("import", "klinky", "--from", base, "--allow-private")
    assert "has no API of Klinky" in klink(*asked, stdin=old.keys["qklnk"].encode()).refusal
    unlike = klink("import", "klinky", "--from", base, stdin=old.keys["klinky"].encode())
    assert "unencrypted" in unlike.refusal


def test_kliqs_has_nothing_to_read(klink: Klink, here: Path) -> None:
    assert "lists none" in klink("import", "kliqs").refusal
