"""Clients of Klinky, written as its guide writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.clients import Clients, Json, clients_of
from tests.live.server import BROWSER, Reply

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def klinky(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with clients_of("klinky", tmp_path_factory.mktemp("server"), sqlite_template) as clients:
        yield clients


def assert_limits(reply: Reply) -> None:
    """The headers that are in every answer, with the plan's limit."""
    assert reply.headers["x-ratelimit-limit"] == "1000"
    assert 0 <= int(reply.headers["x-ratelimit-remaining"]) < 1000
    assert int(reply.headers["x-ratelimit-reset"]) % 3600 == 0


def items(reply: Reply) -> Json:
    assert reply.status == 200
    assert_limits(reply)
    return reply.json["items"]


def test_quick_win_by_curl_makes_a_link_that_splits_visitors(klinky: Clients) -> None:
    made = klinky.curl("quick_win")
    assert made.status == 201
    assert_limits(made)
    link = made.json
    assert len(link["id"]) == 36
    assert link["slug"] == "homepage-test"
    assert link["short_url"] == f"http://127.0.0.1:{klinky.server.port}/homepage-test"
    assert [(each["label"], each["weight"]) for each in link["variants"]] == [
        ("control", 50),
        ("new_headline", 50),
    ]
    found = {
        klinky.visit(link["short_url"], **{"User-Agent": f"{BROWSER} {number}"}).headers["location"]
        for number in range(40)
    }
    assert found == {"https://example.com/home", "https://example.com/home-v2"}
    assert klinky.curl("quick_win").status == 409


def test_core_operations_by_curl_make_a_link_list_it_and_read_its_clicks(
    klinky: Clients,
) -> None:
    made = klinky.curl("create")
    assert made.status == 201
    link = made.json
    assert (link["name"], link["slug"]) == ("Campaign Test", "campaign-test")
    visit = klinky.visit(link["short_url"])
    assert visit.status == 302
    labels = {"https://a.com/": "a", "https://b.com/": "b"}

    [click] = items(klinky.curl("clicks", link["id"]))
    assert click["variant_label"] == labels[visit.headers["location"]]
    for sample in ("authentication", "list"):
        [listed] = [each for each in items(klinky.curl(sample)) if each["id"] == link["id"]]
        assert listed["total_clicks"] == 1


def test_authentication_by_curl_without_a_valid_key_is_refused(klinky: Clients) -> None:
    for key, text in (
        ("", "Missing API key. Include X-API-Key header."),
        ("klinky_live_your_api_key_here", "Invalid API key."),
    ):
        refused = klinky.curl("authentication", key=key)
        assert (refused.status, refused.json) == (401, {"detail": text})
        assert "x-ratelimit-limit" in refused.headers


def test_python_prints_what_its_sample_prints(klinky: Clients) -> None:
    made, *listed = klinky.lines("pricing.py")
    assert made == "Created trackable short link: klinky.io/pricing-test"
    assert listed[0] == "Pricing Page Test: 0 clicks, 0 conversions"  # the newest is on top
    visit = klinky.visit(f"http://127.0.0.1:{klinky.server.port}/pricing-test")
    assert visit.status == 302
    assert visit.headers["location"] in {
        "https://example.com/pricing",
        "https://example.com/pricing-sale",
    }
    link = items(klinky.curl("list"))[0]
    assert (link["auto_winner"], link["auto_winner_threshold"]) == (True, 200)


def test_javascript_prints_what_its_sample_prints_and_reads_analytics(
    klinky: Clients,
) -> None:
    made, analytics = klinky.lines("newsletter.mjs", BROWSER)
    assert made == "Created smart link: klinky.io/newsletter-test"
    page = json.loads(analytics)
    assert (page["total"], page["page"]) == (1, 1)
    [click] = page["items"]
    assert click["variant_label"] in {"short_form", "long_form"}
    assert click["browser"] == "Chrome"


def test_php_prints_what_its_sample_prints_and_sends_by_country(klinky: Clients) -> None:
    assert klinky.lines("store.php") == ["Created geo-routed link: klinky.io/store-test"]
    for country, store in (("US", "us"), ("CA", "us"), ("DE", "eu"), ("FR", "eu"), ("JP", "us")):
        visit = klinky.visit(
            f"http://127.0.0.1:{klinky.server.port}/store-test", **{"CF-IPCountry": country}
        )
        assert (visit.status, visit.headers["location"]) == (302, f"https://{store}.example.com/")


def test_idempotency_by_curl_gives_the_same_link_twice(klinky: Clients) -> None:
    first, again = klinky.answers("retry")
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    assert again.headers["idempotency-replayed"] == "true"
    names = [link["name"] for link in items(klinky.curl("list"))]
    assert names.count("Retried Test") == 1
    assert klinky.visit(first.json["short_url"]).headers["location"] == "https://a.com/"


def test_idempotency_by_curl_with_its_placeholder_for_a_body_is_refused(
    klinky: Clients,
) -> None:
    refused = klinky.curl("placeholder")
    assert (refused.status, refused.json) == (422, {"detail": "Invalid JSON in request body"})
    assert_limits(refused)
