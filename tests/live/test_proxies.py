"""klink behind nginx and Caddy, set up as docs/operations.md says."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.live.proxies import HOST, PROXIES, Proxy, Visitor
from tests.live.server import Server
from tests.locks import locked

pytestmark = [pytest.mark.live, pytest.mark.alone]

ADDRESS, NET = "127.9.8.7", "127.9.8.0/24"
"""A visitor's, which no other part of these tests has."""

FORGED = {
    "X_Forwarded_For": "203.0.113.9",
    "X_Forwarded_Proto": "http",
    "X_Forwarded_Host": "evil.example",
    "Forwarded": "for=203.0.113.9;proto=http;host=evil.example",
    "X_Real_IP": "203.0.113.9",
}


class Behind:
    """A klink server, and a proxy before it."""

    def __init__(self, name: str, folder: Path, template: Path, **settings: str) -> None:
        folder.mkdir()
        (folder / "data").mkdir()
        self.database_url = f"sqlite:///{folder / 'klink.db'}"
        (folder / "klink.db").write_bytes(template.read_bytes())
        settings = {"KLINK_SERVER__BASE_URL": f"https://{HOST}", **settings}
        self.server = Server(folder / "data", self.database_url, **settings)
        with ExitStack() as stack:
            stack.callback(self.server.end)
            self.server.start()
            self.key = self.server.klink("keys", "create", "--name", "live")
            self.proxy = Proxy(name, folder, self.server.port)
            stack.callback(self.proxy.end)
            self.close = stack.pop_all().close

    def visitor(self) -> closing[Visitor]:
        return closing(Visitor(self.proxy.port, ADDRESS))

    def nets(self, link: dict[str, Any]) -> list[str]:
        """Where the link's visits came from, as they were written down."""
        self.server.settled(self.key, link)
        reply = self.server.get(f"/api/v1/links/{link['id']}/clicks", key=self.key)
        return [visit["net"] for visit in reply.json["items"]]


@pytest.fixture(params=PROXIES, scope="module")
def behind(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    """The proxy is trusted, and only HTTPS is served."""
    folder = tmp_path_factory.mktemp("behind") / "trusted"
    settings = {
        "KLINK_SERVER__TRUSTED_PROXIES": "127.0.0.1",
        "KLINK_SERVER__REQUIRE_HTTPS": "true",
        "KLINK_SERVER__THREADS": "1",
    }
    made = Behind(request.param, folder, sqlite_template, **settings)
    made.server.headers["X-Forwarded-Proto"] = "https"  # the tests stand beside the proxy
    yield made
    made.close()


def test_address_scheme_and_host_are_the_visitors(behind: Behind) -> None:
    link = behind.server.create(behind.key, url="https://a.example/", conversion_tracking=True)
    with behind.visitor() as visitor:
        reply = visitor.get(f"/{link['slug']}")
        assert reply.status == 302
        assert "; Secure" in reply.headers["set-cookie"]
        assert visitor.get("/api/v1/links").status == 401  # and not 421: the host is klink's own
    assert behind.nets(link) == [NET]


def test_what_a_visitor_claims_of_itself_is_not_believed(behind: Behind) -> None:
    link = behind.server.create(behind.key, url="https://a.example/", conversion_tracking=True)
    with behind.visitor() as visitor:
        reply = visitor.get(f"/{link['slug']}", **FORGED)
        assert reply.status == 302
        assert "; Secure" in reply.headers["set-cookie"]
    assert behind.nets(link) == [NET]
    # Past the proxy nobody is trusted either: this is HTTP, whatever it says.
    with socket.create_connection(("127.0.0.1", behind.server.port), 10, (ADDRESS, 0)) as direct:
        direct.sendall(
            f"GET /{link['slug']} HTTP/1.1\r\nHost: {HOST}\r\n"
            "X-Forwarded-Proto: https\r\n\r\n".encode()
        )
        assert direct.recv(4096).startswith(b"HTTP/1.1 308 ")
    assert behind.nets(link) == [NET]


def test_visitors_keep_their_connection(behind: Behind) -> None:
    link = behind.server.create(behind.key, url="https://a.example/", max_clicks=10)
    plain = behind.server.create(behind.key, url="https://a.example/")
    with behind.visitor() as visitor:
        for path in (plain["slug"], link["slug"], "nothing", plain["slug"], "nothing"):
            reply = visitor.get(f"/{path}")
            assert reply.status == (404 if path == "nothing" else 302)
            assert reply.headers.get("connection", "keep-alive") == "keep-alive"


def test_redirects_need_no_worker_behind_a_proxy_either(behind: Behind) -> None:
    plain = behind.server.create(behind.key, url="https://a.example/")
    limited = behind.server.create(behind.key, url="https://a.example/", max_clicks=5)
    with behind.visitor() as visitor, behind.visitor() as other:
        for each in (visitor, other):
            assert each.get(f"/{plain['slug']}").status == 302
        with (
            locked(behind.database_url),
            closing(socket.create_connection(("127.0.0.1", behind.server.port), 10)) as held,
        ):
            # The only worker for visitors waits for the database, in which it takes a use.
            held.sendall(
                f"GET /{limited['slug']} HTTP/1.1\r\nHost: {HOST}\r\n"
                "X-Forwarded-Proto: https\r\nUser-Agent: Mozilla/5.0\r\n\r\n".encode()
            )
            for _ in range(20):
                assert visitor.get(f"/{plain['slug']}").status == 302
            assert select.select([held], [], [], 0)[0] == []


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_without_trust_nothing_that_is_forwarded_is_believed(
    name: str, sqlite_template: Path, tmp_path: Path
) -> None:
    behind = Behind(name, tmp_path / "untrusted", sqlite_template)
    with closing(behind), behind.visitor() as visitor:
        link = behind.server.create(behind.key, url="https://a.example/", conversion_tracking=True)
        reply = visitor.get(f"/{link['slug']}", **FORGED)
        assert reply.status == 302
        assert "; Secure" not in reply.headers["set-cookie"]
        assert behind.nets(link) == ["127.0.0.0/24"]
        assert "server.trusted_proxies" in behind.server.log.read_text()
