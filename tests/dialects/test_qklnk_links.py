"""Links through qklnk's API (Q3 to Q8)."""

from __future__ import annotations

from typing import Any

import pytest

from klink.core import workspaces
from klink.dialects.qklnk import schemas
from tests.dialects.house import House, Person
from tests.dialects.qklnk import LINK_FIELDS, NO_UTM, URL, UTM, VARIANTS, fits, make, native


@pytest.fixture
def ann(house: House) -> Person:
    return house.person("qklnk")


# --- Q3: create


def test_q3_the_documents_sample_makes_a_link(house: House, ann: Person) -> None:
    house.domain("example.com")
    body = {"destination": "https://example.com/page", **UTM, "domain": "example.com"}
    link = fits(ann.post("/api/v1/links", body), schemas.LinkAnswer)
    assert link["destination"] == "https://example.com/page"
    assert {name: link[name] for name in UTM} == UTM
    assert link["domain"] == "example.com"
    assert link["short_url"] == f"https://example.com/{link['slug']}"


def test_q3_without_a_domain_it_is_the_servers_own(ann: Person) -> None:
    for domain in ({}, {"domain": None}, {"domain": ""}, {"domain": "go.example.org"}):
        link = make(ann, **domain)
        assert link["domain"] == "go.example.org"
        assert link["short_url"] == f"https://go.example.org/{link['slug']}"


def test_q3_a_domain_of_another_team_is_refused_like_an_unknown_one(
    house: House, ann: Person
) -> None:
    other = workspaces.create(house.ctx, "other")
    house.domain("theirs.example", workspace_id=other.id)
    for host in ("theirs.example", "unknown.example", "no host", 5):
        reply = ann.post("/api/v1/links", {"destination": URL, "domain": host})
        assert reply.status_code == 422
        assert reply.json["errors"] == {
            "domain": ["The domain field must be a verified domain of your team."]
        }


def test_q3_a_utm_has_at_most_255_characters(ann: Person) -> None:
    assert make(ann, utm_source="x" * 255)["utm_source"] == "x" * 255
    reply = ann.post("/api/v1/links", {"destination": URL, "utm_source": "x" * 256})
    assert reply.status_code == 422
    assert reply.json["errors"] == {
        "utm_source": ["The utm_source field must have at most 255 characters."]
    }


def test_q3_null_and_empty_utms_are_none(ann: Person) -> None:
    link = make(ann, utm_source=None, utm_medium="", utm_term=2026)
    assert {name: link[name] for name in NO_UTM} == NO_UTM | {"utm_term": "2026"}


def test_q3_unknown_fields_are_ignored(ann: Person) -> None:
    link = make(ann, slug="chosen", title="x", clicks=5, utm={"source": "x"})
    assert link["slug"] != "chosen"
    assert (link["clicks"], link["utm_source"]) == (0, None)


def test_q3_a_repeat_with_the_same_idempotency_key_makes_no_second_link(ann: Person) -> None:
    headers = {"Idempotency-Key": "one"}
    first = ann.post("/api/v1/links", {"destination": URL}, headers=headers)
    again = ann.post("/api/v1/links", {"destination": URL}, headers=headers)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-RateLimit-Remaining"] == "58"
    assert ann.get("/api/v1/links").json["meta"]["total"] == 1


# --- Q4: the link


def test_q4_a_link_has_these_fields(house: House, ann: Person) -> None:
    made = make(ann)
    house.later(seconds=5)
    read = fits(ann.get(f"/api/v1/links/{made['slug']}"), schemas.LinkAnswer)
    assert list(read) == LINK_FIELDS
    assert read == made
    assert isinstance(made["id"], int)
    assert (made["clicks"], made["unique_visitors"]) == (0, 0)
    assert {name: made[name] for name in NO_UTM} == NO_UTM
    assert made["created_at"] == made["updated_at"] == "2026-03-14T15:09:26Z"


def test_q4_the_destination_of_a_link_with_variants_is_its_default(
    house: House, ann: Person
) -> None:
    link = native(house, slug="split", routing={"variants": VARIANTS, "default": "b"})
    shown = ann.get("/api/v1/links/split").json["data"]
    assert shown["destination"] == "https://b.example/"
    assert shown["id"] == link["number"]


# --- Q5: the list


def test_q5_the_list_is_paged_newest_first(ann: Person) -> None:
    ids = [make(ann)["id"] for _ in range(17)][::-1]
    here = "https://go.example.org/api/v1/links"
    first = ann.get("/api/v1/links")
    assert [link["id"] for link in fits(first, schemas.LinkPage)] == ids[:15]
    assert first.json["links"] == {
        "first": f"{here}?page=1",
        "last": f"{here}?page=2",
        "prev": None,
        "next": f"{here}?page=2",
    }
    assert first.json["meta"] == {
        "current_page": 1,
        "from": 1,
        "last_page": 2,
        "path": here,
        "per_page": 15,
        "to": 15,
        "total": 17,
    }
    second = ann.get(first.json["links"]["next"].removeprefix("https://go.example.org"))
    assert [link["id"] for link in fits(second, schemas.LinkPage)] == ids[15:]
    assert second.json["links"]["prev"] == f"{here}?page=1"
    assert second.json["links"]["next"] is None
    assert (second.json["meta"]["from"], second.json["meta"]["to"]) == (16, 17)


def test_q5_per_page_is_kept_in_the_links_and_clamped(ann: Person) -> None:
    for _ in range(3):
        make(ann)
    reply = ann.get("/qklnk/api/v1/links?page=2&per_page=1&order=slug")
    here = "https://go.example.org/qklnk/api/v1/links?per_page=1"
    assert reply.json["links"] == {
        "first": f"{here}&page=1",
        "last": f"{here}&page=3",
        "prev": f"{here}&page=1",
        "next": f"{here}&page=3",
    }
    assert reply.json["meta"]["path"] == "https://go.example.org/qklnk/api/v1/links"
    clamped = ann.get("/api/v1/links?per_page=1000").json
    assert clamped["meta"]["per_page"] == 100
    assert clamped["links"]["last"].endswith("?per_page=100&page=1")


def test_q5_a_page_without_links_is_from_null_to_null(ann: Person) -> None:
    empty = ann.get("/api/v1/links")
    assert fits(empty, schemas.LinkPage) == []
    assert empty.json["links"]["last"].endswith("?page=1")
    meta = empty.json["meta"]
    assert (meta["from"], meta["to"], meta["last_page"], meta["total"]) == (None, None, 1, 0)
    make(ann)
    beyond = ann.get("/api/v1/links?page=7").json
    assert (beyond["data"], beyond["meta"]["from"], beyond["meta"]["to"]) == ([], None, None)
    assert beyond["links"]["next"] is None
    assert ann.get(f"/api/v1/links?page={'9' * 40}").status_code == 200


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", ""])
def test_q5_a_page_is_a_whole_number_of_at_least_1(ann: Person, name: str, value: str) -> None:
    reply = ann.get(f"/api/v1/links?{name}={value}")
    assert reply.status_code == 422
    assert reply.json == {
        "message": "Validation failed",
        "errors": {name: [f"The {name} field must be a whole number of at least 1."]},
    }


def test_q5_links_made_elsewhere_are_listed_and_those_of_others_are_not(
    house: House, ann: Person
) -> None:
    link = native(house, slug="spring", routing={"variants": VARIANTS})
    make(house.person("qklnk", workspace="other"))
    house.visit(link["short_url"])
    [listed] = ann.get("/api/v1/links").json["data"]
    assert (listed["slug"], listed["clicks"], listed["unique_visitors"]) == ("spring", 1, 1)


# --- Q6: one link


def test_q6_a_link_is_read_with_its_counts(house: House, ann: Person) -> None:
    link = make(ann)
    for peer in ("198.51.100.1", "198.51.100.2", "198.51.100.1"):
        assert house.visit(link["short_url"], peer=peer).status_code == 302
    house.visit(link["short_url"], headers={"User-Agent": "curl/8.0"})
    read = ann.get(f"/api/v1/links/{link['slug']}").json["data"]
    assert (read["clicks"], read["unique_visitors"]) == (3, 2)


def test_q6_of_several_domains_the_oldest_link_wins(house: House, ann: Person) -> None:
    house.domain("b.example")
    older = native(house, url="https://example.com/old", slug="spring", domain="b.example")
    native(house, url="https://example.com/new", slug="spring")
    assert ann.get("/api/v1/links/spring").json["data"]["id"] == older["number"]
    ann.put("/api/v1/links/spring", {"destination": "https://example.com/changed"})
    assert ann.delete("/api/v1/links/spring").status_code == 204
    left = ann.get("/api/v1/links/spring").json["data"]
    assert left["destination"] == "https://example.com/new"


@pytest.mark.parametrize("slug", ["other", "trashed", "unknown", "SPRING", "a%00b", "%C3%A9", "-"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_q6_a_link_that_is_not_there_is_not_found(
    house: House, ann: Person, slug: str, method: str
) -> None:
    native(house, url=URL, slug="spring")
    native(house, url=URL, slug="trashed")
    assert ann.delete("/api/v1/links/trashed").status_code == 204
    other = house.person("klink", workspace="other")
    assert other.post("/api/v1/links", {"url": URL, "slug": "other"}).status_code == 201
    reply = ann.ask(method, f"/api/v1/links/{slug}", json={"destination": URL})
    assert (reply.status_code, reply.json) == (404, {"message": "Not found."})


# --- Q7: change


def test_q7_what_is_left_out_stays_and_null_clears(house: House, ann: Person) -> None:
    link = make(ann, **UTM)
    house.later(minutes=1)
    new = "https://example.com/new-page"
    changed = ann.put(
        f"/api/v1/links/{link['slug']}",
        {"destination": new, "utm_campaign": "updated", "utm_term": None, "utm_content": ""},
    )
    assert changed.status_code == 200
    expected = link | {
        "destination": new,
        "utm_campaign": "updated",
        "utm_term": None,
        "utm_content": None,
        "updated_at": "2026-03-14T15:10:26Z",
    }
    assert fits(changed, schemas.LinkAnswer) == expected
    assert ann.get(f"/api/v1/links/{link['slug']}").json["data"] == expected
    target = house.visit(link["short_url"]).headers["Location"]
    assert target == f"{new}?utm_source=api&utm_medium=email&utm_campaign=updated"


@pytest.mark.parametrize("body", [{}, {"destination": None}, {"destination": "", "utm_term": "x"}])
def test_q7_a_destination_is_required(ann: Person, body: Any) -> None:
    link = make(ann)
    reply = ann.put(f"/api/v1/links/{link['slug']}", body)
    assert reply.status_code == 422
    assert reply.json["errors"] == {"destination": ["The destination field is required."]}
    assert ann.get(f"/api/v1/links/{link['slug']}").json["data"] == link


def test_q7_neither_slug_nor_domain_can_be_changed(house: House, ann: Person) -> None:
    house.domain("b.example")
    link = make(ann)
    body = {"destination": URL, "slug": "other", "domain": "b.example", "id": 99}
    changed = ann.put(f"/api/v1/links/{link['slug']}", body).json["data"]
    assert (changed["slug"], changed["domain"]) == (link["slug"], "go.example.org")


def test_q7_utms_count_only_in_the_body(ann: Person) -> None:
    link = make(ann)
    changed = ann.put(f"/api/v1/links/{link['slug']}?utm_source=query", {"destination": URL})
    assert changed.json["data"]["utm_source"] is None


def test_q7_the_destination_of_a_link_with_variants_cannot_be_changed(
    house: House, ann: Person
) -> None:
    native(house, slug="split", routing={"variants": VARIANTS})
    reply = ann.put("/api/v1/links/split", {"destination": URL, "utm_source": "x"})
    assert reply.status_code == 422
    assert reply.json["errors"] == {
        "destination": [
            "The destination field cannot be changed here, because this link has variants."
        ]
    }
    same = {"destination": "https://a.example/", "utm_source": "x"}
    changed = ann.put("/api/v1/links/split", same)
    assert (changed.status_code, changed.json["data"]["utm_source"]) == (200, "x")
    visit = house.visit("https://go.example.org/split")
    assert visit.headers["Location"] in (
        "https://a.example/?utm_source=x",
        "https://b.example/?utm_source=x",
    )


# --- Q8: delete


def test_q8_a_deleted_link_lies_in_the_trash(house: House, ann: Person) -> None:
    link = make(ann)
    reply = ann.delete(f"/api/v1/links/{link['slug']}")
    assert (reply.status_code, reply.data) == (204, b"")
    assert house.visit(link["short_url"]).status_code == 410
    assert ann.get("/api/v1/links").json["meta"]["total"] == 0
    owner = house.person("klink")
    [trashed] = owner.get("/api/v1/links?state=trashed").json["items"]
    assert trashed["number"] == link["id"]
    assert owner.post(f"/api/v1/links/{trashed['id']}/restore").status_code == 200
    assert ann.get(f"/api/v1/links/{link['slug']}").json["data"]["id"] == link["id"]
