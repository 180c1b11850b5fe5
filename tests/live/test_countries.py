"""Countries by a real database: @ip-location-db/geo-whois-asn-country-mmdb, of npm.

``scripts/test`` fetches it into ``build/geo``, and leaves this file out where it cannot.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klink.clicks.geoip import CHECK_EVERY_S, CountryDatabase
from klink.core.visitors import truncate
from tests.live.server import Server
from tests.mmdb import write_mmdb

pytestmark = pytest.mark.live

REAL = Path(__file__).resolve().parents[2] / "build" / "geo" / "geo-whois-asn-country.mmdb"

# Networks of registries, universities and carriers, which have been where they are for decades.
KNOWN = {
    "193.0.6.139": "NL",
    "217.0.43.1": "DE",
    "133.11.0.1": "JP",
    "128.112.0.1": "US",
    "131.111.8.1": "GB",
    "200.160.2.3": "BR",
    "139.130.4.5": "AU",
    "193.136.0.1": "PT",
    "130.59.1.1": "CH",
    "2001:67c:2e8:22::c100:68b": "NL",
    "2003::1": "DE",
    "2001:630::1": "GB",
    "2001:660::1": "FR",
    "2001:620::1": "CH",
    "2001:12ff::1": "BR",
    "::ffff:130.59.1.1": "CH",
    "10.0.0.1": "",
    "127.0.0.1": "",
    "fe80::1": "",
}
PATIENCE_S = 60.0


class Clock:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_a_check(self) -> None:
        self.now += CHECK_EVERY_S


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copy(REAL, tmp_path / "geoip.mmdb"))


def test_known_addresses_are_in_their_countries() -> None:
    database = CountryDatabase(REAL)
    for _ in range(2):  # the second time from memory
        assert {address: database.lookup(truncate(address)) for address in KNOWN} == KNOWN
    assert database.status().state == "loaded"


def test_it_is_mapped_and_not_read_into_memory() -> None:
    database = CountryDatabase(REAL)
    assert database.lookup(truncate("130.59.1.1")) == "CH"
    assert "klink-geoip-" in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("way", ["renamed over it", "written in its place"])
def test_another_file_is_used_soon(path: Path, tmp_path: Path, clock: Clock, way: str) -> None:
    database = CountryDatabase(path, clock)
    assert database.lookup("130.59.1.0/24") == "CH"
    other = write_mmdb(tmp_path / "other.mmdb", {"130.59.0.0/16": {"country_code": "LI"}})
    if way == "renamed over it":
        other.replace(path)
    else:
        path.write_bytes(other.read_bytes())
    clock.pass_a_check()
    assert database.lookup("130.59.1.0/24") == "LI"
    assert database.lookup("217.0.43.0/24") == ""


def test_half_a_file_leaves_the_whole_one_in_use(path: Path, clock: Clock) -> None:
    database = CountryDatabase(path, clock)
    assert database.lookup("130.59.1.0/24") == "CH"
    path.write_bytes(path.read_bytes()[:1_000_000])
    clock.pass_a_check()
    assert database.lookup("217.0.43.0/24") == "DE"
    assert database.status().state == "broken"


@pytest.fixture
def located(path: Path, sqlite_template: Path, tmp_path: Path) -> Iterator[Server]:
    """A server with that database, behind a proxy that it trusts."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (tmp_path / "klink.db").write_bytes(sqlite_template.read_bytes())
    made = Server(
        data_dir,
        f"sqlite:///{tmp_path / 'klink.db'}",
        KLINK_GEOIP__DATABASE=str(path),
        KLINK_SERVER__TRUSTED_PROXIES="127.0.0.1",
    )
    try:
        made.start()
        yield made
    finally:
        made.end()


def test_a_live_server_sends_visitors_by_their_addresses(located: Server, path: Path) -> None:
    key = located.klink("keys", "create", "--name", "live")
    routing = {
        "mode": "rules",
        "variants": [
            {"label": "alps", "url": "https://example.com/alps", "weight": 50},
            {"label": "rest", "url": "https://example.com/rest", "weight": 50},
        ],
        "rules": [{"when": {"country": ["CH", "DE"]}, "use": "alps"}],
        "default": "rest",
    }
    made = located.create(key, slug="geo", routing=routing)

    def places() -> dict[str, str]:
        return {
            address: located.get("/geo", headers={"X-Forwarded-For": address}).headers["location"]
            for address in KNOWN
        }

    wanted = {
        address: f"https://example.com/{'alps' if country in ('CH', 'DE') else 'rest'}"
        for address, country in KNOWN.items()
    }
    assert places() == wanted
    told = located.get(f"/api/v1/links/{made['id']}/explain?ip=2001:620::1", key=key).json
    assert (told["variant"], told["visitor"]["country"]) == ("alps", "CH")
    located.settled(key, made)
    clicks = located.get(f"/api/v1/links/{made['id']}/clicks", key=key).json["items"]
    assert sorted(click["country"] or "" for click in clicks) == sorted(KNOWN.values())

    path.write_bytes(path.read_bytes()[:1_000_000])
    assert _state(located, "broken")["state"] == "broken"
    assert places() == wanted


def _state(server: Server, wanted: str) -> dict[str, Any]:
    """What ``/ready`` says of the database, as soon as that is ``wanted``."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found: dict[str, Any] = server.get("/ready").json["geoip"]
        if found["state"] == wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.1)
