"""Everything that klink loads only when it is asked for is there.

That is what a package, a binary or an image forgets without a word: commands and migrations that
are found by name, languages, files for pages, time zones, certificates, native code.
``scripts/test-binary`` and ``scripts/test-image`` run this first against what they packed.
"""

from __future__ import annotations

import json
import re
import sqlite3
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
import trustme

from klink.cli.main import COMMANDS
from klink.db import migrate
from klink.jobs import JOBS
from klink.pages.languages import LANGUAGES
from tests.fetching.sites import Site, page
from tests.live.server import BROWSER, Server

pytestmark = pytest.mark.live

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose first start makes its database, so all migrations have run."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "data").mkdir()
    settings = {
        "KLINK_VERIFICATION__ALLOW_PRIVATE_ADDRESSES": "true",
        "KLINK_BLOCKING__BRANDS": "paypal.com",
    }
    made = Server(folder / "data", "sqlite:///klink.db", **settings)
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return server.klink("keys", "create", "--name", "whole")


def loaded(html: str) -> list[str]:
    """What a page loads."""
    return re.findall(r"<(?:script|link|img)\b[^>]*?\b(?:src|href)=\"([^\"#]+)\"", html)


def test_every_command_explains_itself(server: Server) -> None:
    for name in COMMANDS:  # each has a module, which is imported by its name
        assert server.klink(name, "--help").startswith(f"Usage: klink {name} ")


def test_the_first_start_has_run_every_migration(server: Server) -> None:
    with closing(sqlite3.connect(server.data_dir / "klink.db")) as database:
        [[schema]] = database.execute("SELECT value FROM meta WHERE key = 'schema'")
    assert int(schema) == migrate.available()[-1][0]


def test_the_admin_page_opens_with_all_that_it_loads(server: Server) -> None:
    found = re.search(r"/admin/setup/\S+", server.log.read_text())
    assert found is not None
    home = f"http://127.0.0.1:{server.port}"
    visitor = build_opener(HTTPCookieProcessor(CookieJar()))
    form = visitor.open(home + found[0]).read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', form)
    assert token is not None
    sent = {"csrf": token[1], "email": "ann@example.org", "password": PASSWORD, "again": PASSWORD}
    posted = Request(home + found[0], urlencode(sent).encode(), headers={"Origin": home})
    screens = [
        "/admin/",
        "/admin/links",
        "/admin/links/new",
        "/admin/settings/health",
        "/admin/bio",
    ]
    pages = [visitor.open(posted), *(visitor.open(home + path) for path in screens)]
    assets = set()
    for opened in pages:
        assert opened.status == 200
        assets |= {urljoin(opened.url, path) for path in loaded(opened.read().decode())}
    assert len(assets) > 4
    for asset in assets:
        assert visitor.open(asset).read()


def test_the_documentation_opens_with_all_that_it_loads(server: Server) -> None:
    reply = server.get("/api/docs")
    assets = loaded(reply.body.decode())
    assert len(assets) > 3
    for asset in assets:
        assert server.get(urljoin("/api/docs", asset)).status == 200
    assert server.get("/api/openapi.json").json["openapi"].startswith("3.1")


def test_visitors_are_answered_in_every_language(server: Server) -> None:
    said = {}
    for tag in LANGUAGES:
        reply = server.get("/no-such-link", headers={"Accept-Language": tag})
        assert (reply.status, reply.headers["content-language"]) == (404, tag)
        heading = re.search(rb"<h1[^>]*>(.+?)</h1>", reply.body, re.DOTALL)
        assert heading is not None
        said[heading[1].strip()] = tag
    assert len(said) == len(LANGUAGES)


def test_a_preview_opens_with_all_that_it_loads(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/", type="inpage")
    path = f"/{link['slug']}/page"
    assets = loaded(server.get(path).body.decode())
    assert any("captcha" in asset for asset in assets)
    for asset in [*assets, "/_klink.js"]:
        assert server.get(urljoin(path, asset)).status == 200


def test_clicks_are_told_apart_and_counted_in_any_timezone(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/")
    bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    for agent in (BROWSER, bot):
        assert server.get(f"/{link['slug']}", headers={"User-Agent": agent}).status == 302
    server.settled(key, link)
    path = f"/api/v1/links/{link['id']}/stats?timezone=Asia/Kathmandu"
    stats = server.get(path, key=key).json
    assert stats["range"]["timezone"] == "Asia/Kathmandu"
    assert (stats["totals"]["clicks"], stats["totals"]["views"]) == (1, 2)
    clicks = server.get(f"/api/v1/links/{link['id']}/clicks", key=key).json["items"]
    assert {click["browser"] for click in clicks} >= {"Chrome"}


def test_lookalike_hosts_are_known(server: Server, key: str) -> None:
    reply = server.request("POST", "/api/v1/links", key=key, body={"url": "https://paypa1.com/"})
    assert (reply.status, "looks like paypal.com" in reply.body.decode()) == (422, True)


def test_qr_codes_are_drawn(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/")
    png = server.get(f"/api/v1/links/{link['id']}/qr.png", key=key).body
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width == height > 100
    assert b"<svg" in server.get(f"/api/v1/links/{link['id']}/qr.svg", key=key).body


def test_every_job_runs(server: Server) -> None:
    asked_outside = {"update-geoip"}  # tests/geoip has it ask a server of its own
    for job in (each for each in JOBS if each.name not in asked_outside):
        ran = json.loads(server.klink("jobs", "run", job.name, "--json"))
        assert ran["error"] is None, ran


def test_certificates_are_held_against_authorities(server: Server, key: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)  # of an authority that nobody knows
    site = Site(lambda visit: visit.send(page(b"")), tls)
    try:
        url = f"https://127.0.0.1:{site.port}/"
        link = server.create(key, url=url, failover_url="https://example.com/")
        server.klink("jobs", "run", "check-destinations")
        seen = server.get(f"/api/v1/links/{link['id']}", key=key).json
        assert seen["check"]["problem"] == "certificate"
    finally:
        site.end()


def test_it_starts_again_on_what_it_has(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/again")
    assert server.stop()[0] == 0
    server.start()
    assert server.get(f"/{link['slug']}").headers["location"] == "https://example.com/again"
