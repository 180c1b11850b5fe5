"""One link through five doors: made at one, it is seen rightly through each of the others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.house import House, Person
from tests.dialects.speakers import KLIQS, SPEAKERS, URL, Made, Speaker

SPLIT = [
    {"label": "a", "url": "https://a.example.com/", "weight": 30},
    {"label": "b", "url": "https://b.example.com/", "weight": 70},
]


def seen(reader: Speaker, person: Person, number: int, made: Made) -> tuple[str, int]:
    """The URL and clicks that a door shows of a link that another one made."""
    assert reader.one is not None
    ids = {"klookup": str(number), "qklnk": made.slug}
    mine = Made(ids.get(reader.name, made.id), made.slug, made.short_url)
    reply = person.get(reader.one(mine))
    assert reply.status_code == 200, reply.text
    return reader.shown(reply.json)


def as_native(house: House, slug: str) -> dict[str, Any]:
    listed = house.person("klink").get("/api/v1/links", query_string={"q": slug}).json["items"]
    [found] = [each for each in listed if each["slug"] == slug]
    return dict(found)


@pytest.mark.parametrize("reader", SPEAKERS, ids=lambda speaker: speaker.name)
@pytest.mark.parametrize("maker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_link_is_seen_through_every_door(house: House, maker: Speaker, reader: Speaker) -> None:
    made = maker.make(house.person(maker.name))
    house.visit(made.short_url)
    native = as_native(house, made.slug)
    person = house.person(reader.name)
    if reader is KLIQS:  # it can only make links, and finds the slug taken
        reply = person.post(KLIQS.path, {"url": URL, "slug": made.slug})
        assert reply.json["error"] == "SLUG_ALREADY_EXISTS"
        return
    made = Made(native["id"], made.slug, made.short_url)
    assert seen(reader, person, native["number"], made) == (URL, 1)


@pytest.mark.parametrize("reader", SPEAKERS, ids=lambda speaker: speaker.name)
@pytest.mark.parametrize("maker", SPEAKERS, ids=lambda speaker: speaker.name)
def test_a_link_stands_in_every_list(house: House, maker: Speaker, reader: Speaker) -> None:
    made = maker.make(house.person(maker.name))
    if reader is KLIQS:
        return
    listed = house.person(reader.name).get(reader.path).json
    many = {
        "klink": lambda: [(each["slug"], each["url"]) for each in listed["items"]],
        "klinky": lambda: [
            (each["slug"], each["variants"][0]["destination_url"]) for each in listed["items"]
        ],
        "qklnk": lambda: [(each["slug"], each["destination"]) for each in listed["data"]],
        "klookup": lambda: [
            (each["short_code"], each["target_url"]) for each in listed["data"]["links"]
        ],
    }[reader.name]()
    assert many == [(made.slug, URL)]


@pytest.mark.parametrize("reader", SPEAKERS, ids=lambda speaker: speaker.name)
def test_of_a_split_link_each_door_shows_what_it_can(house: House, reader: Speaker) -> None:
    owner = house.person("klink")
    routing = {"mode": "split", "variants": SPLIT, "default": "b"}
    link = owner.post("/api/v1/links", {"routing": routing, "title": "Two ways"}).json
    if reader is KLIQS:
        return
    made = Made(link["id"], link["slug"], link["short_url"])
    url, _ = seen(reader, house.person(reader.name), link["number"], made)
    if reader.name == "klinky":
        body = house.person("klinky").get(f"/api/v1/public/links/{link['id']}").json
        shown = [(v["label"], v["destination_url"], v["weight"]) for v in body["variants"]]
        assert shown == [(v["label"], v["url"], v["weight"]) for v in SPLIT]
        assert body["name"] == "Two ways"
        assert body["routing_type"] == "ab_test"
    else:
        assert url == "https://b.example.com/"  # the default's


@pytest.mark.parametrize("door", ["qklnk", "klookup"])
def test_the_destination_of_a_split_link_is_not_changed_by_doors_with_one_url(
    house: House, door: str
) -> None:
    owner = house.person("klink")
    link = owner.post("/api/v1/links", {"routing": {"mode": "split", "variants": SPLIT}}).json
    person = house.person(door)
    if door == "qklnk":
        reply = person.put(f"/api/v1/links/{link['slug']}", {"destination": URL})
        assert (reply.status_code, list(reply.json["errors"])) == (422, ["destination"])
    else:
        reply = person.put(f"/api/v1/links/{link['number']}", {"url": URL})
        assert (reply.status_code, list(reply.json["details"])) == (400, ["url"])
    assert owner.get(f"/api/v1/links/{link['id']}").json["routing"] == link["routing"]


def test_what_one_door_changes_all_others_show(house: House) -> None:
    made = KLIQS.make(house.person("kliqs"), slug="spring", title="Spring")
    number = as_native(house, "spring")["number"]
    house.person("qklnk").put("/api/v1/links/spring", {"destination": "https://example.com/2"})
    house.person("klookup").put(f"/api/v1/links/{number}", {"title": "Summer"})
    shown = house.person("klinky").get(f"/api/v1/public/links/{made.id}").json
    assert shown["name"] == "Summer"
    assert shown["variants"][0]["destination_url"] == "https://example.com/2"
    assert house.visit(made.short_url).headers["Location"] == "https://example.com/2"
    house.person("klinky").delete(f"/api/v1/public/links/{made.id}")
    assert house.visit(made.short_url).status_code == 410
    assert house.person("qklnk").get("/api/v1/links/spring").status_code == 404
    assert house.person("klookup").get(f"/api/v1/links/{number}").status_code == 404
    trashed = house.person("klink").get("/api/v1/links?state=trashed").json["items"]
    assert [each["id"] for each in trashed] == [made.id]
