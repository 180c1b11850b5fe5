from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klink.geoip.verifying import KNOWN
from tests.cli.conftest import Klink
from tests.fetching.sites import Site
from tests.mmdb import write_mmdb


@pytest.fixture
def made(tmp_path: Path) -> bytes:
    nets = {f"{net.rpartition('.')[0]}.0/24": {"country_code": code} for net, code in KNOWN.items()}
    built = int(datetime.now(UTC).timestamp()) - 86_400
    return gzip.compress(write_mmdb(tmp_path / "made.mmdb", nets, build_epoch=built).read_bytes())


@pytest.fixture
def maker(made: bytes, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server on this machine that gives a database to whoever asks."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(made)
    site = Site(lambda visit: visit.send(head + made))
    monkeypatch.setenv("KLINK_GEOIP__UPDATE_URL", f"http://127.0.0.1:{site.port}/lite.mmdb.gz")
    monkeypatch.setenv("KLINK_GEOIP__ALLOW_PRIVATE_ADDRESSES", "true")
    yield site
    site.end()


def test_the_database_is_fetched_and_shown(klink: Klink, home: Path, maker: Site):
    assert klink("geoip", "show", "--json").json["built_at"] is None
    assert "No database is there; `klink geoip update` fetches one." in klink("geoip", "show").out
    assert klink("geoip", "update").line.startswith("in place: Test-Country of 20")
    assert (home / "data" / "geoip.mmdb").exists()
    assert not (home / "data" / "klink.db").exists()
    assert klink("geoip", "update", "--json").json["result"] == "unchanged"
    shown = klink("geoip", "show", "--json").json
    assert (shown["kind"], shown["failures"], shown["error"]) == ("Test-Country", 0, None)
    assert "Test-Country" in klink("geoip", "show").out
    assert "No database" not in klink("geoip", "show").out


def test_what_fails_is_told_in_one_line_and_shown_later(klink: Klink, maker: Site, monkeypatch):
    monkeypatch.setenv("KLINK_GEOIP__ALLOW_PRIVATE_ADDRESSES", "false")
    assert "not public" in klink("geoip", "update").refusal
    assert "not public" in klink("geoip", "show", "--json").json["error"]


def test_the_job_fetches_it_too(klink: Klink, here: Path, maker: Site):
    assert klink("jobs", "run", "update-geoip").line == "update-geoip: 1 updated"
    assert klink("jobs", "run", "update-geoip").line == "update-geoip: 0 updated"
    assert (here / "geoip.mmdb").exists()


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"ACCOUNT": "1"}, "geoip.licence_key"),
        ({"LICENCE_KEY": "hunter2"}, "geoip.account"),
        ({"ACCOUNT": "1", "LICENCE_KEY": "hunter2", "UPDATE_URL": "http://a.example/"}, "https://"),
        ({"UPDATE_URL": "https://a.example/?license_key=hunter2"}, "geoip.licence_key"),
        ({"UPDATE_URL": "https://ann:hunter2@a.example/"}, "without a user"),
        ({"UPDATE_URL": "ftp://a.example/"}, "https://host/path"),
        ({"UPDATE_EVERY": "5m"}, "geoip.update_every"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    klink: Klink, home: Path, monkeypatch, settings, words
):
    for name, value in settings.items():
        monkeypatch.setenv(f"KLINK_GEOIP__{name}", value)
    refusal = klink("geoip", "update").refusal
    assert words in refusal
    assert "hunter2" not in refusal


def test_the_key_is_masked(klink: Klink, home: Path, monkeypatch):
    monkeypatch.setenv("KLINK_GEOIP__ACCOUNT", "1")
    monkeypatch.setenv("KLINK_GEOIP__LICENCE_KEY", "hunter2")
    assert "hunter2" not in klink("config", "check", "--json").out
