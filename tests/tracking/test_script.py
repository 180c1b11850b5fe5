"""The script as a browser gets it; what it does there, tests/browser shows."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.dialects.house import House

PATH = "/_klink.js"


def test_the_script_is_small_open_to_all_sites_and_kept_for_an_hour(house: House) -> None:
    answer = house.ask("GET", PATH)
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert len(gzip.compress(answer.data)) < 3072
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_a_browser_that_has_the_script_gets_it_only_when_it_has_changed(house: House) -> None:
    etag = house.ask("GET", PATH).headers["ETag"]
    again = house.ask("GET", PATH, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    other = house.ask("GET", PATH, headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


def test_the_script_runs_under_a_strict_policy_and_takes_nothing_from_elsewhere(
    house: House,
) -> None:
    script = house.ask("GET", PATH).text
    assert not re.search(
        r"\beval\b|\bFunction\(|innerHTML|createElement|import\b|document\.write", script
    )
    assert re.findall(r"https?://[^/\"]+", script) == ["https://YOUR-KLINK"]


@pytest.mark.parametrize("host", ["go.example.org", "links.example.net", "localhost:8080"])
def test_every_host_that_has_links_serves_the_script(house: House, host: str) -> None:
    house.domain("links.example.net")
    assert house.ask("GET", PATH, base_url=f"https://{host}").status_code == 200


def test_a_host_that_klink_does_not_know_has_none(house: House) -> None:
    answer = house.ask("GET", PATH, base_url="https://stranger.example.net")
    assert answer.status_code == 421
    assert answer.json["error"]["code"] == "wrong_host"


def test_the_head_of_the_script_can_be_asked_for_and_nothing_be_done_to_it(house: House) -> None:
    assert house.ask("HEAD", PATH).status_code == 200
    answer = house.ask("POST", PATH)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.json["error"]["code"] == "method_not_allowed"


def test_under_require_https_the_script_is_sent_to_https(house: House) -> None:
    house.configure(require_https=True)
    answer = house.ask("GET", f"{PATH}?v=1", base_url="http://go.example.org")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://go.example.org/_klink.js?v=1"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
