"""A site on this machine that goes down and up again, and the visitors of a link to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fetching.sites import Site, Visit, page
from tests.live.server import Server

pytestmark = pytest.mark.live

FAILOVER = "https://mirror.example/"


class Shop:
    """A site whose status a test changes."""

    def __init__(self) -> None:
        self.status = b"200 OK"
        self.site = Site(self._answer)
        self.url = f"http://127.0.0.1:{self.site.port}/"

    def _answer(self, visit: Visit) -> None:
        visit.send(page(b"", status=self.status))


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.site.end()


def served(database_url: str, tmp_path: Path, **settings: str) -> Server:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    return Server(data_dir, database_url, **settings)


def reached(state: Callable[[], bool]) -> bool:
    """Wait until the server's clock has brought this about."""
    deadline = time.monotonic() + 90
    while not state():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def soon(server: Server, name: str) -> bool:
    """Whether the server's clock will run a job within a minute, though it is a new server."""
    [at] = [job["next_at"] for job in server.get("/ready").json["jobs"] if job["name"] == name]
    return datetime.fromisoformat(at) - datetime.now(UTC) < timedelta(minutes=1)


def test_the_server_sends_visitors_elsewhere_and_back_by_itself(
    database_url: str, tmp_path: Path, shop: Shop
) -> None:
    server = served(
        database_url,
        tmp_path,
        KLINK_VERIFICATION__ALLOW_PRIVATE_ADDRESSES="true",
        KLINK_DESTINATIONS__FAILOVER_CHECK_EVERY="1s",
    )
    server.program = "tests.live.hasty"
    try:
        server.start()
        key = server.klink("keys", "create", "--name", "live")
        link = server.create(key, url=shop.url, failover_url=FAILOVER)

        def goes() -> str:
            return server.get(f"/{link['slug']}").headers["location"]

        assert goes() == shop.url
        shop.status = b"503 Busy"
        assert reached(lambda: goes() == FAILOVER)
        check = server.get(f"/api/v1/links/{link['id']}", key=key).json["check"]
        assert (check["problem"], check["status"]) == ("server_error", 503)
        shop.status = b"403 Forbidden"
        assert reached(lambda: goes() == shop.url)
        first = shop.site.requests[0]
        assert first.startswith(b"HEAD / ")
        assert b"User-Agent: klink/" in first
    finally:
        server.end()


def test_everything_is_checked_by_hand_and_this_machine_only_when_it_is_allowed(
    database_url: str, tmp_path: Path, shop: Shop
) -> None:
    server = served(database_url, tmp_path)
    try:
        server.start()
        assert soon(server, "check-destinations")
        key = server.klink("keys", "create", "--name", "live")
        link = server.create(key, url=shop.url)
        counts = json.loads(server.klink("jobs", "run", "check-destinations", "--json"))["counts"]
        assert {word: count for word, count in counts.items() if count} == {"problems": 1}
        check = server.get(f"/api/v1/links/{link['id']}", key=key).json["check"]
        assert (check["problem"], check["status"]) == ("refused", None)
        assert shop.site.requests == []
    finally:
        server.end()
