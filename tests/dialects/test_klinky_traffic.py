"""Klinky's clicks and where visitors go, row by row of its contract: K6 to K9."""

from __future__ import annotations

import re
from typing import Any

import pytest

from klink.core.countries import COUNTRIES
from tests.dialects.house import House, Person
from tests.dialects.klinky import (
    AB,
    GEO,
    LINKS,
    STORES,
    make,
    one,
    place,
)


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klinky")


@pytest.fixture
def native(house: House) -> Person:
    return house.person("klink")


# K6


def test_k6_clicks_of_persons_are_listed_newest_first(house: House, owner: Person) -> None:
    made = make(owner)
    for n in range(3):
        house.later(seconds=1)
        referrer = {"Referer": "https://news.example/x"}
        house.visit(made["short_url"], country="DE", peer=f"198.51.100.{n}", headers=referrer)
    house.visit(made["short_url"], headers={"User-Agent": "curl/8.0"})
    house.visit(made["short_url"], method="HEAD")
    found = owner.get(f"{LINKS}/{made['id']}/clicks").json
    assert (found["total"], found["page"], found["per_page"]) == (3, 1, 20)
    assert found["total"] == owner.get(f"{LINKS}/{made['id']}").json["total_clicks"]
    assert [click["timestamp"] for click in found["items"]] == [
        f"2026-03-14T15:09:{second}Z" for second in (29, 28, 27)
    ]
    newest = found["items"][0]
    variant = next(v for v in made["variants"] if v["id"] == newest["variant"])
    assert newest == {
        "id": newest["id"],
        "timestamp": "2026-03-14T15:09:29Z",
        "variant": variant["id"],
        "variant_label": variant["label"],
        "country": "DE",
        "device": "desktop",
        "browser": "Chrome",
        "referrer": "news.example",
        "ip": "198.51.100.0",
    }
    assert type(newest["id"]) is int


def test_k6_clicks_are_paged_and_filtered_by_time(house: House, owner: Person) -> None:
    made = make(owner)
    where = f"{LINKS}/{made['id']}/clicks"
    for _ in range(5):
        house.visit(made["short_url"])
        house.later(hours=12)  # 15:09:26 and 03:09:26, from the 14th to the 16th
    ids = [click["id"] for click in owner.get(where).json["items"]]
    pages = [owner.get(f"{where}?page={page}&per_page=2").json for page in (1, 2, 3, 4)]
    assert [click["id"] for page in pages for click in page["items"]] == ids
    assert {page["total"] for page in pages} == {5}
    expected = {
        "start_date=2026-03-15": ids[:4],
        "end_date=2026-03-15": ids[2:],
        "start_date=2026-03-15&end_date=2026-03-15": ids[2:4],
        "start_date=2026-03-15T15:09:26Z": ids[:3],
        "end_date=2026-03-15T15:09:26Z": ids[2:],
        "end_date=2026-03-15T15:09:25Z": ids[3:],
        "end_date=2026-03-15T17:09:26+02:00": ids[2:],
        "start_date=2026-03-15T17:09+0200": ids[:3],
        "end_date=9999-12-31": ids,
    }
    for query, wanted in expected.items():
        found = owner.get(f"{where}?{query}").json
        assert ([click["id"] for click in found["items"]], found["total"]) == (
            wanted,
            len(wanted),
        ), query


@pytest.mark.parametrize(
    "query, text",
    [
        ("start_date=yesterday", "start_date: not a date"),
        ("end_date=", "end_date: not a date"),
        ("start_date=2026-03-16&end_date=2026-03-15", "start_date: must lie before end_date"),
        ("per_page=0", "per_page: must be a whole number of at least 1"),
    ],
)
def test_k6_a_query_that_cannot_be_is_422(owner: Person, query: str, text: str) -> None:
    reply = owner.get(f"{LINKS}/{make(owner)['id']}/clicks?{query}")
    assert reply.status_code == 422
    assert reply.json["detail"].startswith(text)


def test_k6_a_click_on_a_variant_that_is_gone_has_none(house: House, owner: Person) -> None:
    made = make(owner, variants=one("old"))
    house.visit(made["short_url"])
    owner.put(f"{LINKS}/{made['id']}/variants", one("new"))
    (click,) = owner.get(f"{LINKS}/{made['id']}/clicks").json["items"]
    assert (click["variant"], click["variant_label"]) == (None, None)


# K7


def test_k7_traffic_follows_the_weights_and_one_visitor_keeps_one_variant(
    house: House, owner: Person
) -> None:
    uneven = [AB[0] | {"weight": 80}, AB[1] | {"weight": 20}]
    made = make(owner, variants=uneven)
    peers = [f"198.51.{n // 250}.{n % 250 + 1}" for n in range(200)]
    first = [place(house, made, peer=peer) for peer in peers]
    assert 0.7 < first.count("https://example.com/home") / len(peers) < 0.9
    assert [place(house, made, peer=peer) for peer in peers[:20]] == first[:20]
    shown = owner.get(f"{LINKS}/{made['id']}").json
    counts = [v["clicks"] for v in shown["variants"]]
    assert sum(counts) == shown["total_clicks"] == 220
    klid = re.search("klid=([^;]+)", house.visit(made["short_url"]).headers["Set-Cookie"])
    assert klid
    cookie = {"Cookie": f"klid={klid[1]}"}
    assert len({place(house, made, peer=peer, headers=cookie) for peer in peers[:20]}) == 1


# K8


def test_k8_geo_rules_choose_by_country_and_weights_do_not(house: House, owner: Person) -> None:
    uneven = [STORES[0] | {"weight": 100}, STORES[1] | {"weight": 0}]
    made = make(owner, GEO | {"variants": uneven})
    assert [v["weight"] for v in made["variants"]] == [100, 0]
    us, eu = "https://us.example.com/", "https://eu.example.com/"
    for country, wanted in {"US": us, "CA": us, "DE": eu, "FR": eu, "JP": us, "": us}.items():
        assert place(house, made, country=country) == wanted


def test_k8_without_a_default_it_is_the_first_variant(house: House, owner: Person) -> None:
    made = make(owner, GEO | {"geo_rules": {"de": "eu_store"}})
    assert made["geo_rules"] == {"DE": "eu_store"}
    assert place(house, made, country="JP") == "https://us.example.com/"
    assert place(house, made, country="DE") == "https://eu.example.com/"


@pytest.mark.parametrize("none", [{}, {"geo_rules": {}}, {"geo_rules": None}])
def test_k8_a_geo_link_may_get_its_rules_later(
    house: House, owner: Person, none: dict[str, Any]
) -> None:
    bare = {name: value for name, value in GEO.items() if name != "geo_rules"} | none
    made = make(owner, bare)
    assert made["geo_rules"] == {}
    assert place(house, made, country="DE") == "https://us.example.com/"
    where = f"{LINKS}/{made['id']}"
    rules = {" fr": "eu_store", "Default": "eu_store"}
    assert owner.put(where, {"geo_rules": rules}).json["geo_rules"] == {
        "FR": "eu_store",
        "default": "eu_store",
    }
    assert place(house, made, country="US") == "https://eu.example.com/"
    assert owner.put(where, {"geo_rules": None}).json["geo_rules"] == {}
    assert place(house, made, country="FR") == "https://us.example.com/"


def test_k8_every_country_there_is_may_have_a_rule(owner: Person) -> None:
    rules = {code: STORES[n % 2]["label"] for n, code in enumerate(sorted(COUNTRIES))}
    assert make(owner, GEO | {"geo_rules": rules})["geo_rules"] == rules


BAD_RULES: list[tuple[Any, str]] = [
    ({"US": "asia"}, "geo_rules: no variant is labelled 'asia'"),
    ({"default": "asia"}, "geo_rules: no variant is labelled 'asia'"),
    ({"US": "split"}, "geo_rules: no variant is labelled 'split'"),
    ({"default": "split"}, "geo_rules: no variant is labelled 'split'"),
    ({"USA": "us_store"}, "geo_rules: 'USA' is not an ISO 3166 code of two letters"),
    ({"UK": "us_store"}, "geo_rules: 'UK' is not the ISO 3166 code of any country"),
    ({"": "us_store"}, "geo_rules: "),
    ({"a.b": None}, "geo_rules: may not be null"),
    ({"US": ["us_store"]}, "geo_rules: must be a string"),
    ({"us": "us_store", "US": "eu_store"}, "geo_rules: US stands for two variants"),
    (["US"], "geo_rules: must be an object of country codes and labels"),
]


@pytest.mark.parametrize("rules, text", BAD_RULES)
def test_k8_rules_that_cannot_be_are_422(owner: Person, rules: Any, text: str) -> None:
    reply = owner.post(LINKS, GEO | {"geo_rules": rules})
    assert reply.status_code == 422
    assert reply.json["detail"].startswith(text)
    assert "split'" not in reply.json["detail"].replace("labelled 'split'", "")
    made = make(owner, GEO)
    reply = owner.put(f"{LINKS}/{made['id']}", {"geo_rules": rules, "name": "Never"})
    assert reply.status_code == 422
    assert reply.json["detail"].startswith(text)
    assert owner.get(f"{LINKS}/{made['id']}").json == made


def test_k8_a_link_that_splits_takes_no_geo_rules(owner: Person) -> None:
    made = make(owner)
    where = f"{LINKS}/{made['id']}"
    reply = owner.put(where, {"geo_rules": {"US": "control"}})
    assert reply.status_code == 422
    assert reply.json == {"detail": "geo_rules: is only for links with routing_type geo"}
    assert owner.put(where, {"geo_rules": None}).json == made
    assert owner.put(where, {"geo_rules": {}}).json == made


# K9: who wins, and when, is decided elsewhere; here the wish is kept.


def test_k9_the_wish_for_a_winner_is_kept_and_shown(owner: Person, native: Person) -> None:
    made = make(owner, auto_winner=True, auto_winner_threshold=200)
    shown = native.get(f"/api/v1/links/{made['id']}").json["experiment"]
    assert shown == {"auto_winner": True, "threshold": 200, "winner": None, "decided_at": None}
    changed = owner.put(f"{LINKS}/{made['id']}", {"auto_winner": False}).json
    assert (changed["auto_winner"], changed["auto_winner_threshold"]) == (False, 200)
    assert changed["winner"] is None
