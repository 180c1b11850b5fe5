"""Klinky's links, row by row of its contract: K1 to K5."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dialects.house import House, Person
from tests.dialects.klinky import (
    AB,
    COUNTRIES,
    GEO,
    LINKS,
    SHOWN,
    STORES,
    TEST,
    UUID,
    make,
    one,
)


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klinky")


@pytest.fixture
def native(house: House) -> Person:
    return house.person("klink")


# K1


def test_k1_a_link_is_made_with_its_variants(owner: Person) -> None:
    made = make(owner)
    variants = made.pop("variants")
    assert [{name: v[name] for name in AB[0]} for v in variants] == AB
    assert UUID.fullmatch(made.pop("id"))
    assert made == SHOWN


def test_k1_all_that_can_be_said_of_a_link_comes_back(owner: Person) -> None:
    said = {
        "auto_winner": True,
        "auto_winner_threshold": 200,
        "enable_conversion_tracking": True,
        "conversion_redirect_url": "https://example.com/thanks?ä",
    }
    made = make(owner, GEO | said)
    assert {name: made[name] for name in said} == said
    assert (made["routing_type"], made["geo_rules"]) == ("geo", COUNTRIES)
    assert list(made["geo_rules"]) == list(COUNTRIES)
    assert owner.get(f"{LINKS}/{made['id']}").json == made


@pytest.mark.parametrize("slug", [{}, {"slug": ""}, {"slug": None}])
def test_k1_a_slug_is_generated_when_there_is_none(owner: Person, slug: dict[str, Any]) -> None:
    made = make(owner, {"name": "x", "variants": AB} | slug)
    assert re.fullmatch("[0-9A-Za-z]{7}", made["slug"])


def test_k1_null_is_as_good_as_absent_where_there_is_a_default(owner: Person) -> None:
    names = ("routing_type", "geo_rules", "auto_winner", "auto_winner_threshold")
    more = ("enable_conversion_tracking", "conversion_redirect_url")
    made = make(owner, TEST | dict.fromkeys((*names, *more)))
    assert {name: made[name] for name in (*names, *more)} == {
        name: SHOWN[name] for name in (*names, *more)
    }


def test_k1_names_that_are_not_known_are_ignored(owner: Person) -> None:
    variants = [variant | {"id": "x", "clicks": 7} for variant in AB]
    made = make(owner, variants=variants, id="x", total_clicks=7, colour="red")
    assert made["total_clicks"] == made["variants"][0]["clicks"] == 0


def test_k1_numbers_and_flags_are_taken_a_little_looser(owner: Person) -> None:
    variants = [AB[0] | {"label": 1, "weight": 50.0}, AB[1]]
    made = make(owner, name=123, variants=variants, auto_winner=1)
    assert (made["name"], made["variants"][0]["label"], made["auto_winner"]) == ("123", "1", True)


def test_k1_the_longest_and_the_shortest_are_accepted(owner: Person) -> None:
    made = make(owner, name="n" * 100, slug="a" * 32, variants=one("l" * 50))
    assert (len(made["name"]), len(made["slug"]), len(made["variants"])) == (100, 32, 1)
    five = [AB[0] | {"label": str(n), "weight": weight} for n, weight in enumerate((100, *[0] * 4))]
    assert len(make(owner, name="n", slug="abc", variants=five)["variants"]) == 5
    assert make(owner, slug="ten", auto_winner_threshold=10)["auto_winner_threshold"] == 10


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name: must have 1 to 100 characters"),
    ({"name": "n" * 101}, "name: must have 1 to 100 characters"),
    ({"name": None}, "name: may not be null"),
    ({"name": ["x"]}, "name: must be a string"),
    ({"name": "a\u0007b"}, "name: must not contain control characters"),
    ({"slug": "ab"}, "slug: must have 3 to 32 characters"),
    ({"slug": "a" * 33}, "slug: must have 3 to 32 characters"),
    ({"slug": "a b c"}, "slug: "),
    ({"slug": "api"}, "slug: 'api' is reserved; choose another slug"),
    ({"variants": []}, "variants: must be 1 to 5 variants"),
    ({"variants": AB * 3}, "variants: must be 1 to 5 variants"),
    ({"variants": None}, "variants: may not be null"),
    ({"variants": {}}, "variants: must be a list of variants"),
    ({"variants": [1]}, "variants.0: must be an object"),
    ({"variants": [AB[0], AB[0]]}, "variants: each label may stand once"),
    ({"variants": AB[:1]}, "variants: the weights must sum to 100, not 50"),
    ({"variants": [AB[0], {"label": "b"}]}, "field required: variants.1.destination_url"),
    ({"variants": one("")}, "variants.0.label: must have 1 to 50 characters"),
    ({"variants": one("l" * 51)}, "variants.0.label: must have 1 to 50 characters"),
    ({"variants": one("split")}, "variants.0.label: 'split' is "),
    ({"variants": one(url="javascript:alert(1)")}, "variants.0.destination_url: "),
    ({"variants": one(url="https://go.example.org/homepage-test")}, "variants.0.destination_url: "),
    (
        {"variants": [AB[0] | {"weight": 101}, AB[1] | {"weight": -1}]},
        "variants.0.weight: must be 0 to 100",
    ),
    ({"variants": [AB[0] | {"weight": 50.5}, AB[1]]}, "variants.0.weight: must be a whole number"),
    ({"variants": [AB[0] | {"weight": "50"}, AB[1]]}, "variants.0.weight: must be a whole number"),
    ({"routing_type": "random"}, "routing_type: must be ab_test or geo"),
    ({"auto_winner": "yes"}, "auto_winner: must be true or false"),
    ({"auto_winner_threshold": 9}, "auto_winner_threshold: must be 10 to "),
    ({"auto_winner_threshold": 2**31}, "auto_winner_threshold: must be 10 to "),
    ({"enable_conversion_tracking": "x"}, "enable_conversion_tracking: must be true or false"),
    ({"conversion_redirect_url": "ftp://a.example/"}, "conversion_redirect_url: "),
    (
        {"conversion_redirect_url": "https://go.example.org/homepage-test"},
        "conversion_redirect_url: leads back",
    ),
    ({"geo_rules": {"US": "control"}}, "geo_rules: need the routing_type geo"),
]


@pytest.mark.parametrize("fields, text", WRONG, ids=[str(fields)[:50] for fields, _ in WRONG])
def test_k1_what_cannot_be_is_refused_by_the_name_it_has_here(
    owner: Person, fields: dict[str, Any], text: str
) -> None:
    reply = owner.post(LINKS, TEST | fields)
    assert reply.status_code == 422
    assert list(reply.json) == ["detail"]
    assert reply.json["detail"].startswith(text)
    assert owner.get(LINKS).json["total"] == 0


# K2


def test_k2_the_answer_tells_all_of_the_link_which_redirects_at_once(
    house: House, owner: Person
) -> None:
    made = make(owner)
    assert set(made) == set(SHOWN) | {"id", "variants"}
    for variant in made["variants"]:
        assert set(variant) == {
            *("id", "label", "destination_url", "weight", "clicks", "conversions")
        }
        assert UUID.fullmatch(variant["id"])
    reply = house.visit(made["short_url"])
    assert reply.status_code == 302
    assert reply.headers["Location"] in [v["destination_url"] for v in AB]


# K3


def test_k3_the_list_is_paged_newest_first(house: House, owner: Person) -> None:
    slugs = [make(owner, slug=f"link-{n:02}")["slug"] for n in range(23)]
    first = owner.get(LINKS).json
    assert (first["total"], first["page"], first["per_page"]) == (23, 1, 20)
    assert [item["slug"] for item in first["items"]] == slugs[:2:-1]
    last = owner.get(f"{LINKS}?page=3&per_page=10").json
    assert (last["total"], last["page"], last["per_page"]) == (23, 3, 10)
    assert [item["slug"] for item in last["items"]] == slugs[2::-1]
    assert owner.get(f"{LINKS}?page=9").json["items"] == []
    clamped = owner.get(f"{LINKS}?per_page=1000&page={10**30}&colour=red").json
    assert (clamped["per_page"], clamped["items"]) == (100, [])


def test_k3_each_item_is_as_it_is_read_alone(house: House, owner: Person) -> None:
    make(owner)
    house.visit("https://go.example.org/homepage-test")
    (item,) = owner.get(LINKS).json["items"]
    assert item["total_clicks"] == sum(v["clicks"] for v in item["variants"]) == 1
    assert owner.get(f"{LINKS}/{item['id']}").json == item


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "per_page=0", "per_page=1.5"])
def test_k3_a_number_of_a_page_that_cannot_be_is_422(owner: Person, query: str) -> None:
    reply = owner.get(f"{LINKS}?{query}")
    assert reply.status_code == 422
    name = query.partition("=")[0]
    assert reply.json == {"detail": f"{name}: must be a whole number of at least 1"}


# K4


def test_k4_put_changes_only_what_it_names(house: House, owner: Person) -> None:
    made = make(owner)
    where = f"{LINKS}/{made['id']}"
    house.later(minutes=1)
    said = {
        "name": "Other",
        "is_active": False,
        "auto_winner": True,
        "auto_winner_threshold": 50,
        "enable_conversion_tracking": True,
        "conversion_redirect_url": "https://example.com/thanks",
    }
    for name, value in said.items():
        reply = owner.put(where, {name: value})
        assert reply.status_code == 200, reply.text
        made |= {name: value, "updated_at": "2026-03-14T15:10:26Z"}
        assert reply.json == owner.get(where).json == made
    assert house.visit(made["short_url"]).status_code == 410
    assert (
        owner.put(where, {"conversion_redirect_url": None}).json["conversion_redirect_url"] is None
    )
    assert owner.put(where, {}).json["name"] == "Other"


def test_k4_a_whole_link_may_be_sent_back(house: House, owner: Person) -> None:
    for body in (TEST, GEO):
        made = make(owner, body)
        again = owner.put(f"{LINKS}/{made['id']}", made)
        assert again.json == made
        sent = made | {"slug": "never", "routing_type": "ab_test", "variants": [], "name": "New"}
        assert owner.put(f"{LINKS}/{made['id']}", sent).json == made | {"name": "New"}


@pytest.mark.parametrize(
    "name",
    ["name", "is_active", "auto_winner", "auto_winner_threshold", "enable_conversion_tracking"],
)
def test_k4_null_clears_nothing_that_a_link_must_have(owner: Person, name: str) -> None:
    where = f"{LINKS}/{make(owner)['id']}"
    reply = owner.put(where, {name: None})
    assert (reply.status_code, reply.json) == (422, {"detail": f"{name}: may not be null"})


def test_k4_delete_is_soft_and_the_short_url_answers_410(
    house: House, owner: Person, native: Person
) -> None:
    made = make(owner)
    where = f"{LINKS}/{made['id']}"
    reply = owner.delete(where)
    assert (reply.status_code, reply.data) == (204, b"")
    assert house.visit(made["short_url"]).status_code == 410
    for again in (
        owner.get(where),
        owner.put(where, {"name": "x"}),
        owner.put(f"{where}/variants", AB),
        owner.get(f"{where}/clicks"),
        owner.delete(where),
    ):
        assert (again.status_code, again.json) == (404, {"detail": "no such link"})
    assert owner.get(LINKS).json["total"] == 0
    assert owner.post(LINKS, TEST).status_code == 409
    assert native.post(f"/api/v1/links/{made['id']}/restore").status_code == 200
    assert owner.get(where).status_code == 200


# K5


def test_k5_put_variants_replaces_all_and_keeps_the_clicks_of_a_label_that_stays(
    house: House, owner: Person
) -> None:
    made = make(owner, variants=one("control"))
    house.visit(made["short_url"])
    wanted = [AB[0] | {"destination_url": "https://example.com/moved"}, AB[1]]
    reply = owner.put(f"{LINKS}/{made['id']}/variants", wanted)
    assert reply.status_code == 200
    changed = reply.json
    assert set(changed) == set(made)
    assert [{name: v[name] for name in AB[0]} for v in changed["variants"]] == wanted
    assert [v["clicks"] for v in changed["variants"]] == [1, 0]
    assert changed["variants"][0]["id"] == made["variants"][0]["id"]
    assert changed == owner.get(f"{LINKS}/{made['id']}").json


def test_k5_geo_rules_whose_label_is_gone_are_dropped(house: House, owner: Person) -> None:
    made = make(owner, GEO)
    where = f"{LINKS}/{made['id']}/variants"
    kept = [STORES[1], {"label": "asia", "destination_url": "https://asia.example", "weight": 50}]
    changed = owner.put(where, kept).json
    assert changed["geo_rules"] == {"DE": "eu_store", "FR": "eu_store"}
    changed = owner.put(where, one("asia")).json
    assert (changed["routing_type"], changed["geo_rules"]) == ("geo", {})
    assert owner.put(f"{LINKS}/{made['id']}", {"geo_rules": {"JP": "asia"}}).json["geo_rules"] == {
        "JP": "asia"
    }


NO_VARIANTS: list[tuple[Any, str]] = [
    ({"variants": AB}, "body: must be a list of variants"),
    ([], "variants: must be 1 to 5 variants"),
    (AB * 3, "variants: must be 1 to 5 variants"),
    ([AB[0], 1], "variants.1: must be an object"),
    ([{"label": "a"}], "field required: variants.0.destination_url"),
    (AB[:1], "variants: the weights must sum to 100, not 50"),
    (one(url="ftp://a.example"), "variants.0.destination_url: "),
]


@pytest.mark.parametrize("body, text", NO_VARIANTS)
def test_k5_variants_that_cannot_be_are_refused(owner: Person, body: Any, text: str) -> None:
    made = make(owner)
    reply = owner.put(f"{LINKS}/{made['id']}/variants", body)
    assert reply.status_code == 422
    assert reply.json["detail"].startswith(text)
    assert owner.get(f"{LINKS}/{made['id']}").json == made
