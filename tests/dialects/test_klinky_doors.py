"""Klinky beside the other doors: links made elsewhere, and its own seen from there."""

from __future__ import annotations

from typing import Any

import pytest

from klink.dialects.klinky import schemas
from tests.dialects.house import House, Person
from tests.dialects.klinky import AB, GEO, LINKS, make, one

NATIVE = "/api/v1/links"
URL = "https://example.com/landing"
RULES: dict[str, Any] = {
    "mode": "rules",
    "variants": [
        {"label": "a", "url": "https://a.example/", "weight": 60},
        {"label": "b", "url": "https://b.example/", "weight": 40},
    ],
    "rules": [
        {"when": {"country": ["US"], "device": ["mobile"]}, "use": "b"},
        {"when": {"country": ["US", "CA"]}, "use": "a"},
        {"when": {"country": ["CA", "DE"]}, "use": "b"},
        {"when": {"country": ["FR"]}, "use": "split"},
    ],
    "default": "b",
}


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klinky")


@pytest.fixture
def native(house: House) -> Person:
    return house.person("klink")


def elsewhere(native: Person, **fields: Any) -> str:
    reply = native.post(NATIVE, fields)
    assert reply.status_code == 201, reply.text
    return str(reply.json["id"])


def test_a_single_link_is_one_variant_main(house: House, owner: Person, native: Person) -> None:
    uid = elsewhere(native, url=URL, slug="spring")
    house.visit("https://go.example.org/spring")
    shown = owner.get(f"{LINKS}/{uid}").json
    (main,) = shown["variants"]
    assert (shown["name"], shown["routing_type"], shown["geo_rules"]) == ("spring", "ab_test", None)
    assert main == {
        "id": main["id"],
        "label": "main",
        "destination_url": URL,
        "weight": 100,
        "clicks": 1,
        "conversions": 0,
    }
    house.later(days=1)
    assert owner.get(LINKS).json["items"] == [shown]
    (click,) = owner.get(f"{LINKS}/{uid}/clicks").json["items"]
    assert (click["variant"], click["variant_label"]) == (main["id"], "main")
    assert schemas.Link().validate(shown) == {}
    assert schemas.Click().validate(click) == {}


def test_a_title_is_the_name(owner: Person, native: Person) -> None:
    uid = elsewhere(native, url=URL, title="Spring")
    assert owner.get(f"{LINKS}/{uid}").json["name"] == "Spring"
    owner.put(f"{LINKS}/{uid}", {"name": "Summer"})
    assert native.get(f"{NATIVE}/{uid}").json["title"] == "Summer"


def test_main_sent_back_changes_the_one_destination(owner: Person, native: Person) -> None:
    uid = elsewhere(native, url=URL)
    before = owner.get(f"{LINKS}/{uid}").json
    changed = owner.put(f"{LINKS}/{uid}/variants", one("main", "https://example.com/new")).json
    assert changed["variants"][0]["id"] == before["variants"][0]["id"]
    shown = native.get(f"{NATIVE}/{uid}").json
    assert (shown["url"], shown["routing"]["mode"]) == ("https://example.com/new", "single")
    reply = owner.put(f"{LINKS}/{uid}/variants", one("main", "ftp://a.example"))
    assert reply.status_code == 422
    assert reply.json["detail"].startswith("variants.0.destination_url: ")


def test_a_single_link_can_get_variants(owner: Person, native: Person) -> None:
    uid = elsewhere(native, url=URL)
    changed = owner.put(f"{LINKS}/{uid}/variants", AB).json
    assert [v["label"] for v in changed["variants"]] == ["control", "new_headline"]
    assert native.get(f"{NATIVE}/{uid}").json["routing"]["mode"] == "split"


def test_one_variant_keeps_its_label_and_id(owner: Person) -> None:
    made = make(owner, variants=one("only"))
    again = owner.get(f"{LINKS}/{made['id']}").json
    assert again["variants"] == made["variants"]
    assert made["variants"][0]["label"] == "only"


def test_of_rules_it_shows_what_it_can_express_and_keeps_the_rest(
    owner: Person, native: Person
) -> None:
    uid = elsewhere(native, routing=RULES)
    where = f"{LINKS}/{uid}"
    shown = owner.get(where).json
    assert shown["routing_type"] == "geo"
    assert shown["geo_rules"] == {"US": "a", "CA": "a", "DE": "b", "default": "b"}
    sent: list[Any] = [shown["geo_rules"], {}, None]
    for rules in sent:
        reply = owner.put(where, {"geo_rules": rules, "name": "Never"})
        assert reply.status_code == 422
        assert reply.json["detail"].startswith("geo_rules: this link has rules that cannot be")
    assert owner.put(where, {"name": "New"}).json == shown | {"name": "New"}
    assert native.get(f"{NATIVE}/{uid}").json["routing"]["rules"] == RULES["rules"]


def test_replacing_variants_keeps_rules_that_it_cannot_express(
    owner: Person, native: Person
) -> None:
    uid = elsewhere(native, routing=RULES)
    owner.put(f"{LINKS}/{uid}/variants", one("b"))
    routing = native.get(f"{NATIVE}/{uid}").json["routing"]
    assert [rule["use"] for rule in routing["rules"]] == ["b", "b", "split"]


def test_its_links_are_what_they_are_elsewhere(owner: Person, native: Person) -> None:
    made = make(owner, GEO)
    shown = native.get(f"{NATIVE}/{made['id']}").json
    assert shown["title"] == "Regional Store Test"
    assert shown["routing"]["mode"] == "rules"
    assert shown["routing"]["rules"] == [
        {"when": {"country": ["US", "CA"]}, "use": "us_store"},
        {"when": {"country": ["DE", "FR"]}, "use": "eu_store"},
    ]
    assert shown["routing"]["default"] == "us_store"
    assert native.get(f"{NATIVE}/{make(owner)['id']}").json["routing"]["mode"] == "split"


def test_answers_are_as_the_description_says(house: House, owner: Person) -> None:
    made = make(owner, GEO)
    house.visit(made["short_url"])
    assert schemas.Link().validate(made) == {}
    assert set(schemas.Link().fields) == set(made)
    assert schemas.LinkPage().validate(owner.get(LINKS).json) == {}
    assert schemas.ClickPage().validate(owner.get(f"{LINKS}/{made['id']}/clicks").json) == {}


def test_it_is_described(house: House) -> None:
    described = house.ask("GET", "/api/openapi/klinky.json").json
    assert set(described["paths"]) == {
        "/klinky/api/v1/public/links",
        "/klinky/api/v1/public/links/{link_id}",
        "/klinky/api/v1/public/links/{link_id}/variants",
        "/klinky/api/v1/public/links/{link_id}/clicks",
    }
    assert set(described["components"]["securitySchemes"]) == {"apiKey", "bearer"}
