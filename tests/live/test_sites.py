"""A page on this machine, and the link that stands on it, until it does no more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fetching.sites import Site, Visit, page
from tests.live.server import Server

pytestmark = pytest.mark.live


class Downloads:
    """A page whose text and status a test changes."""

    def __init__(self) -> None:
        self.text = ""
        self.status = b"200 OK"
        self.site = Site(self._answer)
        self.url = f"http://127.0.0.1:{self.site.port}/downloads"

    def _answer(self, visit: Visit) -> None:
        visit.send(page(self.text.encode(), status=self.status))


@pytest.fixture
def downloads() -> Iterator[Downloads]:
    made = Downloads()
    yield made
    made.site.end()


def served(database_url: str, tmp_path: Path, allow_private: str) -> Server:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    return Server(
        data_dir,
        database_url,
        KLINK_VERIFICATION__ALLOW_PRIVATE_ADDRESSES=allow_private,
        KLINK_VERIFICATION__GRACE="2s",
    )


def verify(server: Server) -> dict[str, int]:
    """Look at every page; say how many links had which outcome."""
    counts = json.loads(server.klink("jobs", "run", "verify-sites", "--json"))["counts"]
    return {word: count for word, count in counts.items() if count}


def test_a_link_is_verified_lost_found_again_and_deleted_when_it_stays_lost(
    database_url: str, tmp_path: Path, downloads: Downloads
) -> None:
    server = served(database_url, tmp_path, "true")
    try:
        server.start()
        key = server.klink("keys", "create", "--name", "live")
        fields = {"type": "inpage", "post_id": "1", "site_url": downloads.url}
        link = server.create(key, url="https://example.com/", **fields)
        slug = link["slug"]
        assert (link["site_verified_at"], link["scheduled_deletion_at"]) == (None, None)

        def state() -> tuple[bool, bool]:
            seen = server.get(f"/api/v1/links/{link['id']}", key=key).json
            return seen["site_verified_at"] is not None, seen["scheduled_deletion_at"] is not None

        downloads.text = f'<a href="{link["short_url"]}/page">Download</a>'
        assert verify(server) == {"found": 1}
        assert state() == (True, False)
        assert b"klink/" in downloads.site.requests[0]

        downloads.text = "Nothing to download here."
        assert verify(server) == {"missing": 1}
        assert state() == (True, True)

        downloads.text = f"Its code is {slug}."
        assert verify(server) == {"found": 1}
        assert state() == (True, False)

        downloads.status = b"503 Busy"
        assert verify(server) == {"unproven": 1}
        assert state() == (True, False)

        downloads.status = b"404 Not Found"
        assert verify(server) == {"missing": 1}
        assert server.get(f"/{slug}/page").status == 200
        deadline = time.monotonic() + 30
        while server.get(f"/api/v1/links/{link['id']}", key=key).status == 200:
            assert time.monotonic() < deadline
            verify(server)
        # Another process has deleted it, which the cache follows within a second or so.
        for path in (f"/{slug}", f"/{slug}/page"):
            while server.get(path).status != 404:
                assert time.monotonic() < deadline
    finally:
        server.end()


def test_a_page_on_this_machine_is_not_fetched_unless_it_is_allowed(
    database_url: str, tmp_path: Path, downloads: Downloads
) -> None:
    server = served(database_url, tmp_path, "false")
    try:
        server.start()
        key = server.klink("keys", "create", "--name", "live")
        fields = {"type": "inpage", "post_id": "1", "site_url": downloads.url}
        server.create(key, url="https://example.com/", **fields)
        assert verify(server) == {"unproven": 1}
        assert downloads.site.requests == []
    finally:
        server.end()
