"""What Klinky's API says when something goes wrong (K12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.house import House, Person
from tests.dialects.klinky import (
    AB,
    LINKS,
    TEST,
    make,
)


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klinky")


def test_k12_a_key_that_is_missing_or_no_good_is_401(house: House, owner: Person) -> None:
    missing = {"detail": "Missing API key. Include X-API-Key header."}
    invalid = {"detail": "Invalid API key."}
    unknown = "klinky_live_" + "x" * 32
    asked = [
        ({}, missing),
        ({"X-API-Key": ""}, missing),
        ({"X-API-Key": unknown}, invalid),
        ({"Authorization": f"Bearer {unknown}"}, invalid),
        ({"Authorization": "Basic xyz", "X-API-Key": owner.key}, invalid),
    ]
    for headers, body in asked:
        reply = house.ask("GET", LINKS, headers=headers)
        assert (reply.status_code, reply.json) == (401, body)
    for headers in ({"Authorization": f"Bearer {owner.key}"}, {"X-API-Key": owner.key}):
        assert house.ask("GET", LINKS, headers=headers).status_code == 200
    other = house.person("kliqs")
    reply = house.ask("GET", f"/klinky{LINKS}", headers={"X-API-Key": other.key})
    assert (reply.status_code, reply.json) == (401, invalid)


def test_its_explicit_mount_answers_too(owner: Person) -> None:
    made = owner.post(f"/klinky{LINKS}", TEST)
    assert made.status_code == 201
    assert owner.get(f"/klinky{LINKS}/{made.json['id']}").json == made.json


BODIES: list[tuple[bytes, str]] = [
    (b"{...}", "Invalid JSON in request body"),
    (b"", "Invalid JSON in request body"),
    (b'{"name": "a", "name": "b"}', "Invalid JSON in request body"),
    (b'{"name": NaN}', "Invalid JSON in request body"),
    (b"\xff", "Invalid JSON in request body"),
    (b"[" * 100_000, "Invalid JSON in request body"),
    (b"{}", "field required: name"),
    (b'{"name": "x"}', "field required: variants"),
    (b"[]", "body: must be an object"),
    (b"null", "body: must be an object"),
    (b'"text"', "body: must be an object"),
]


@pytest.mark.parametrize("body, text", BODIES, ids=[str(body[:20]) for body, _ in BODIES])
def test_k12_a_body_that_cannot_be_read_is_422(owner: Person, body: bytes, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    reply = owner.post(LINKS, data=body, headers=headers)
    assert (reply.status_code, reply.json) == (422, {"detail": text})
    assert owner.get(LINKS).json["total"] == 0


def test_k12_broken_json_is_422_wherever_a_body_is_read(owner: Person) -> None:
    where = f"{LINKS}/{make(owner)['id']}"
    for path in (where, f"{where}/variants"):
        reply = owner.put(path, data="{", headers={"Content-Type": "application/json"})
        assert (reply.status_code, reply.json) == (422, {"detail": "Invalid JSON in request body"})


def test_k12_a_body_of_another_type_or_too_large_is_refused(owner: Person) -> None:
    form = owner.post(LINKS, data="name=x", headers={"Content-Type": "text/plain"})
    assert (form.status_code, list(form.json)) == (415, ["detail"])
    large = owner.post(LINKS, TEST | {"more": "x" * 1024 * 1024})
    assert (large.status_code, list(large.json)) == (413, ["detail"])
    assert owner.get(LINKS).json["total"] == 0


def test_k12_a_slug_that_is_taken_is_409(owner: Person) -> None:
    make(owner)
    reply = owner.post(LINKS, TEST)
    assert (reply.status_code, list(reply.json)) == (409, ["detail"])
    assert "homepage-test" in reply.json["detail"]


def test_k12_what_is_not_there_is_404(owner: Person) -> None:
    make(owner)
    for uid in ("unknown", "1", "0198c2d4-0000-7000-8000-000000000000", "%00"):
        for reply in (
            owner.get(f"{LINKS}/{uid}"),
            owner.put(f"{LINKS}/{uid}", {"name": "x"}),
            owner.put(f"{LINKS}/{uid}/variants", AB),
            owner.get(f"{LINKS}/{uid}/clicks"),
            owner.delete(f"{LINKS}/{uid}"),
        ):
            assert (reply.status_code, reply.json) == (404, {"detail": "no such link"})
    assert owner.get("/api/v1/public/nowhere").json == {"detail": "Not Found."}


def test_k12_a_method_that_is_not_there_is_405(owner: Person) -> None:
    reply = owner.ask("PATCH", LINKS)
    assert (reply.status_code, list(reply.json)) == (405, ["detail"])
    assert "POST" in reply.headers["Allow"]


def test_another_workspaces_links_are_not_there(house: House, owner: Person) -> None:
    made = make(owner)
    stranger = house.person("klinky", workspace="elsewhere")
    where = f"{LINKS}/{made['id']}"
    for reply in (
        stranger.get(where),
        stranger.put(where, {"name": "x"}),
        stranger.put(f"{where}/variants", AB),
        stranger.get(f"{where}/clicks"),
        stranger.delete(where),
    ):
        assert (reply.status_code, reply.json) == (404, {"detail": "no such link"})
    assert stranger.get(LINKS).json == {"items": [], "total": 0, "page": 1, "per_page": 20}
    assert owner.get(where).json == made


def test_a_key_may_do_what_its_scopes_say(house: House, owner: Person) -> None:
    made = make(owner)
    where = f"{LINKS}/{made['id']}"
    asks: list[tuple[str, str, str, Any]] = [
        ("create", "POST", LINKS, TEST | {"slug": "another"}),
        ("read", "GET", LINKS, None),
        ("read", "GET", where, None),
        ("read", "GET", f"{where}/clicks", None),
        ("update", "PUT", where, {"geo_rules": None, "name": "x"}),
        ("update", "PUT", f"{where}/variants", AB),
        ("delete", "DELETE", where, None),
    ]
    for scope, method, path, body in asks:
        others = [each for each in ("read", "create", "update", "delete") if each != scope]
        reply = house.person("klinky", scopes=others).ask(method, path, json=body)
        assert (reply.status_code, list(reply.json)) == (403, ["detail"])
        allowed = house.person("klinky", scopes=[scope]).ask(method, path, json=body)
        assert allowed.status_code in (200, 201, 204)


def test_more_links_than_the_plan_allows_are_403(house: House) -> None:
    owner = house.person("klinky", plan="two-links")
    for slug in ("one", "two"):
        make(owner, slug=slug)
    reply = owner.post(LINKS, TEST)
    assert (reply.status_code, list(reply.json)) == (403, ["detail"])


def test_k12_our_own_fault_is_500_without_a_word_of_it(house: House, owner: Person) -> None:
    def fail() -> str:
        raise RuntimeError("a secret")

    house.configure(is_shared=False)
    house.app.add_url_rule("/klinky/api/v1/public/broken", view_func=fail)
    reply = owner.get("/api/v1/public/broken")
    assert (reply.status_code, list(reply.json)) == (500, ["detail"])
    assert "secret" not in reply.text
    assert reply.headers["X-RateLimit-Limit"]
