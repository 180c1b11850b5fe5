"""Countries of truncated addresses, from a database file that comes and goes."""

from __future__ import annotations

import logging
import os

import pytest

from klink.clicks.geoip import CHECK_EVERY_S, CountryDatabase
from tests.mmdb import BUILD_EPOCH, write_mmdb

NETS: dict[str, dict[str, object]] = {
    "203.0.113.0/24": {"country": {"iso_code": "US", "names": {"en": "United States"}}},
    "198.51.100.0/25": {"country_code": "de"},
    "192.0.2.0/24": {"country": {"geoname_id": 1}},
    "100.64.0.0/10": {"country_code": "??"},
    "100.0.0.0/11": {"country_code": 7},
    "2001:db8:1::/48": {"country": {"iso_code": "JP"}},
}


class Clock:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self):
        return self.now

    def pass_a_check(self):
        self.now += CHECK_EVERY_S


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "geoip.mmdb"


def replace(path, nets, **metadata):
    """Put another database in the place of the old one, as an update does."""
    write_mmdb(path.with_suffix(".new"), nets, **metadata).replace(path)


@pytest.mark.parametrize(
    "net,country",
    [
        ("203.0.113.0/24", "US"),
        ("198.51.100.0/24", "DE"),
        ("2001:db8:1::/48", "JP"),
        ("203.0.114.0/24", ""),
        ("2001:db8:2::/48", ""),
        ("192.0.2.0/24", ""),
        ("100.64.0.0/24", ""),
        ("100.0.0.0/24", ""),
        ("", ""),
        ("garbage", ""),
        ("::/48", ""),
    ],
)
def test_nets_have_the_country_of_their_first_address(path, net, country):
    database = CountryDatabase(write_mmdb(path, NETS))
    assert database.lookup(net) == country
    assert database.lookup(net) == country


def test_the_state_tells_when_the_database_was_made(path):
    assert CountryDatabase(write_mmdb(path, NETS)).status() == (
        "loaded",
        BUILD_EPOCH * 1000,
        "",
    )


def test_without_a_database_every_country_is_unknown(path):
    for database in (CountryDatabase(None), CountryDatabase(path)):
        assert database.lookup("203.0.113.0/24") == ""
        assert database.status() == ("absent", None, "")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xab\xcd\xefMaxMind.com" * 3])
def test_a_broken_database_is_told_and_harms_nothing(path, content, caplog):
    path.write_bytes(content)
    database = CountryDatabase(path)
    with caplog.at_level(logging.WARNING):
        assert database.lookup("203.0.113.0/24") == ""
    status = database.status()
    assert status.state == "broken"
    assert status.detail
    assert len(caplog.records) == 1


def test_a_folder_in_its_place_is_broken_too(tmp_path):
    database = CountryDatabase(tmp_path)
    assert database.lookup("203.0.113.0/24") == ""
    assert database.status().state == "broken"


def test_a_damaged_page_is_an_unknown_country(path):
    whole = write_mmdb(path, NETS).read_bytes()
    path.write_bytes(whole.replace(b"iso_code", b"\xff" * 8))
    assert CountryDatabase(path).lookup("203.0.113.0/24") == ""


def test_a_new_file_is_used_within_seconds(path, clock):
    database = CountryDatabase(path, clock)
    assert database.lookup("203.0.113.0/24") == ""
    replace(path, NETS)
    assert database.lookup("203.0.113.0/24") == ""
    clock.pass_a_check()
    assert database.lookup("203.0.113.0/24") == "US"
    replace(path, {"203.0.113.0/24": {"country_code": "CA"}}, build_epoch=BUILD_EPOCH + 1)
    assert database.lookup("203.0.113.0/24") == "US"
    clock.pass_a_check()
    assert database.lookup("203.0.113.0/24") == "CA"
    assert database.status().built_at_ms == (BUILD_EPOCH + 1) * 1000


def test_a_file_that_goes_away_is_let_go_of(path, clock):
    database = CountryDatabase(write_mmdb(path, NETS), clock)
    assert database.lookup("203.0.113.0/24") == "US"
    path.unlink()
    clock.pass_a_check()
    assert database.lookup("203.0.113.0/24") == ""
    assert database.status().state == "absent"


def test_a_half_copied_file_leaves_the_last_good_one_in_use(path, clock):
    database = CountryDatabase(write_mmdb(path, NETS), clock)
    assert database.lookup("203.0.113.0/24") == "US"
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    clock.pass_a_check()
    assert database.status().state == "broken"
    assert database.lookup("198.51.100.0/24") == "DE"
    path.write_bytes(whole)
    clock.pass_a_check()
    assert database.status().state == "loaded"


def test_a_file_overwritten_in_place_does_not_kill_the_process(path, clock):
    many = {f"10.{n}.{m}.0/24": {"country_code": "US"} for n in range(40) for m in range(250)}
    database = CountryDatabase(write_mmdb(path, many), clock)
    assert database.lookup("10.1.1.0/24") == "US"
    os.truncate(path, 0)
    assert {database.lookup(net) for net in many} == {"US"}
