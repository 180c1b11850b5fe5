"""The Kliqs dialect, row by row of its table (L1 to L8)."""

from __future__ import annotations

from typing import Any

import pytest

from klink.core import keys
from klink.db.models import Link
from tests.dialects.house import House, Person, Reply, at_once

URL = "https://marketku.id/products/8f3f4f3f-1231-1231-1231"
PATH = "/api/v1/links"


@pytest.fixture
def person(house: House) -> Person:
    return house.person("kliqs")


def assert_failure(reply: Reply, status: int, code: str) -> str:
    """The message of an error that has this status and code, and the dialect's shape."""
    assert reply.status_code == status, reply.text
    assert reply.mimetype == "application/json"
    assert reply.json.keys() == {"success", "error", "message"}
    assert reply.json["success"] is False
    assert reply.json["error"] == code
    assert reply.json["message"]
    return str(reply.json["message"])


def make(person: Person, **fields: Any) -> dict[str, Any]:
    reply = person.post(PATH, {"url": URL} | fields)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json["data"]
    return made


def native(house: House, made: dict[str, Any]) -> dict[str, Any]:
    """The link as the native API has it."""
    found: dict[str, Any] = house.person("klink").get(f"/api/v1/links/{made['id']}").json
    return found


def test_l1_every_field_of_the_body_is_taken(house: House, person: Person) -> None:
    made = make(
        person,
        slug="vps-murah",
        title="VPS Murah",
        description="Cheap",
        expires_at="2027-01-31T09:30:00+07:00",
        password="rahasia",
        theme="dark",  # what is not known does not count
    )
    link = native(house, made)
    assert link["slug"] == "vps-murah"
    assert link["description"] == "Cheap"
    assert link["expires_at"] == "2027-01-31T02:30:00Z"
    assert link["password_protected"] is True
    stored = Link.get(Link.slug == "vps-murah")
    assert str(stored.password_hash).startswith("$argon2id$")


@pytest.mark.parametrize("slug", ["", None])
def test_l1_an_empty_slug_counts_as_absent(person: Person, slug: str | None) -> None:
    assert len(make(person, slug=slug)["short_code"]) == 7


@pytest.mark.parametrize(
    "fields, code",
    [
        ({"url": None}, "INVALID_URL"),
        ({"url": "marketku.id"}, "INVALID_URL"),
        ({"url": "ftp://marketku.id/"}, "INVALID_URL"),
        ({"url": ["https://marketku.id"]}, "INVALID_URL"),
        ({"url": "https://go.example.org/api/v1/links"}, "INVALID_URL"),
        ({"slug": "a" * 31}, "INVALID_SLUG"),
        ({"slug": "sepatu baru"}, "INVALID_SLUG"),
        ({"slug": "-a"}, "INVALID_SLUG"),
        ({"slug": "API"}, "RESERVED_SLUG"),
        ({"slug": "admin"}, "RESERVED_SLUG"),
        ({"expires_at": "2026-03-14T15:09:26Z"}, "INVALID_EXPIRES_AT"),
        ({"expires_at": "soon"}, "INVALID_EXPIRES_AT"),
        ({"expires_at": 1800000000}, "INVALID_EXPIRES_AT"),
        ({"title": "t" * 201}, "INVALID_BODY"),
        ({"description": "d" * 501}, "INVALID_BODY"),
        ({"password": ""}, "INVALID_BODY"),
        ({"password": "p" * 129}, "INVALID_BODY"),
        ({"title": {}}, "INVALID_BODY"),
        ({"title": "T\u0000"}, "INVALID_BODY"),
    ],
)
def test_l3_each_field_has_its_code(person: Person, fields: dict[str, Any], code: str) -> None:
    message = assert_failure(person.post(PATH, {"url": URL} | fields), 400, code)
    assert next(iter(fields)) in message


def test_l1_a_bare_date_means_the_end_of_that_day(house: House, person: Person) -> None:
    made = make(person, expires_at="2026-03-14")
    assert native(house, made)["expires_at"] == "2026-03-14T23:59:59Z"


def test_l2_the_answer_has_the_six_members(person: Person) -> None:
    made = make(person, slug="vps-murah", title="VPS Murah")
    assert list(made) == [
        "id",
        "short_code",
        "short_url",
        "destination_url",
        "title",
        "created_at",
    ]
    assert len(made["id"]) == 36
    assert made["short_code"] == "vps-murah"
    assert made["short_url"] == "https://go.example.org/vps-murah"
    assert made["destination_url"] == URL
    assert made["created_at"] == "2026-03-14T15:09:26Z"
    assert make(person)["title"] is None


def test_l2_the_link_redirects_at_once(house: House, person: Person) -> None:
    visit = house.visit(make(person)["short_url"])
    assert visit.status_code == 302
    assert visit.headers["Location"] == URL


def test_l3_a_missing_an_invalid_and_a_revoked_key_are_told_apart(
    house: House, person: Person
) -> None:
    body = {"url": URL}
    mount = "/kliqs/api/v1/links"
    assert_failure(house.ask("POST", mount, json=body), 401, "UNAUTHORIZED")
    wrong = {"Authorization": "Bearer kliqs_sk_live_wrong"}
    assert_failure(house.ask("POST", PATH, json=body, headers=wrong), 401, "INVALID_API_KEY")
    basic = {"Authorization": "Basic a2xpcXM="}
    assert_failure(house.ask("POST", mount, json=body, headers=basic), 401, "INVALID_API_KEY")
    [key] = keys.all_of_them(person.workspace_id)
    keys.revoke(house.ctx, key.uid)
    assert_failure(person.post(PATH, body), 401, "REVOKED_API_KEY")


def test_l3_another_dialects_key_is_invalid_at_this_mount(house: House) -> None:
    stranger = house.person("klookup")
    assert_failure(stranger.post("/kliqs/api/v1/links", {"url": URL}), 401, "INVALID_API_KEY")


def test_l3_without_a_key_the_host_or_the_default_says_whose_path_it_is(house: House) -> None:
    house.configure(hosts={"api.kliqs.test": "kliqs"})
    there = house.ask("POST", PATH, json={"url": URL}, base_url="https://api.kliqs.test")
    assert_failure(there, 401, "UNAUTHORIZED")
    house.configure(default="kliqs")
    assert_failure(house.ask("POST", PATH, json={"url": URL}), 401, "UNAUTHORIZED")


def test_l3_a_taken_slug(person: Person) -> None:
    make(person, slug="sepatu")
    assert_failure(person.post(PATH, {"url": URL, "slug": "sepatu"}), 409, "SLUG_ALREADY_EXISTS")


def test_l3_the_other_errors_have_codes_too(house: House, person: Person) -> None:
    json_type = {"Content-Type": "application/json"}
    broken = person.ask("POST", PATH, data="{", headers=json_type)
    assert_failure(broken, 400, "INVALID_BODY")
    assert_failure(person.post(PATH, [URL]), 400, "INVALID_BODY")
    assert_failure(person.ask("POST", PATH, data={"url": URL}), 400, "INVALID_BODY")  # a form
    large = person.ask("POST", PATH, data='"' + "x" * 1_048_577 + '"', headers=json_type)
    assert_failure(large, 413, "BODY_TOO_LARGE")
    wrong_method = person.get(PATH)
    assert_failure(wrong_method, 405, "METHOD_NOT_ALLOWED")
    assert "POST" in wrong_method.headers["Allow"]
    assert_failure(person.get("/api/v1/links/x"), 404, "NOT_FOUND")
    reader = house.person("kliqs", scopes=["read"])
    assert_failure(reader.post(PATH, {"url": URL}), 403, "INSUFFICIENT_SCOPE")
    closed = house.person("kliqs", plan="klinky-free")
    assert_failure(closed.post(PATH, {"url": URL}), 403, "PLAN_FORBIDS_API")


def test_l4_the_key_comes_before_the_month_the_body_the_limit_and_the_slug(house: House) -> None:
    taken = {"url": URL, "slug": "taken"}
    maker = house.person("kliqs", plan="two-links")
    make(maker, slug="taken")
    make(maker)
    assert_failure(maker.post(PATH, {"url": "nonsense", "slug": "taken"}), 400, "INVALID_URL")
    assert_failure(maker.post(PATH, taken), 403, "SHORTLINK_LIMIT_REACHED")
    limited = house.person("kliqs", plan="month")  # two requests were made this month
    assert_failure(limited.post(PATH, {"url": "nonsense"}), 429, "API_LIMIT_REACHED")
    wrong = {"Authorization": "Bearer kliqs_sk_live_no"}
    assert_failure(house.ask("POST", PATH, headers=wrong, data="{"), 401, "INVALID_API_KEY")


def test_l5_only_successful_requests_count_and_the_month_turns_in_utc(house: House) -> None:
    person = house.person("kliqs", plan="month")
    for _ in range(5):
        assert_failure(person.post(PATH, {"url": "nonsense"}), 400, "INVALID_URL")
        wrong = {"Authorization": f"Bearer {person.key[:-1]}!"}
        assert_failure(house.ask("POST", PATH, headers=wrong), 401, "INVALID_API_KEY")
    make(person)
    make(person)
    refused = person.post(PATH, {"url": URL})
    assert_failure(refused, 429, "API_LIMIT_REACHED")
    until_april = int(refused.headers["Retry-After"])
    house.later(seconds=until_april - 1)
    assert_failure(person.post(PATH, {"url": URL}), 429, "API_LIMIT_REACHED")
    house.later(seconds=1)
    assert house.now.isoformat() == "2026-04-01T00:00:00+00:00"
    make(person)


def test_l5_the_count_survives_a_restart(house: House) -> None:
    person = house.person("kliqs", plan="month")
    make(person)
    make(person)
    house.restart()
    assert_failure(person.post(PATH, {"url": URL}), 429, "API_LIMIT_REACHED")


@pytest.mark.every_engine
def test_l5_of_the_last_request_of_a_month_exactly_one_wins(house: House) -> None:
    person = house.person("kliqs", plan="month")
    make(person)
    replies = at_once([lambda: person.post(PATH, {"url": URL})] * 16)
    assert sorted(r.status_code for r in replies) == [201] + [429] * 15
    assert Link.select().count() == 2


def test_l6_links_count_wherever_they_were_made(house: House) -> None:
    person = house.person("kliqs", plan="two-links")
    owner = house.person("klink")
    first = owner.post("/api/v1/links", {"url": URL}).json
    make(person)
    assert_failure(person.post(PATH, {"url": URL}), 403, "SHORTLINK_LIMIT_REACHED")
    owner.delete(f"/api/v1/links/{first['id']}")
    make(person)


@pytest.mark.every_engine
def test_l6_of_the_last_link_of_a_plan_exactly_one_wins(house: House) -> None:
    person = house.person("kliqs", plan="two-links")
    make(person)
    replies = at_once([lambda: person.post(PATH, {"url": URL})] * 16)
    assert sorted(r.status_code for r in replies) == [201] + [403] * 15
    assert Link.select().count() == 2


def test_l7_a_password_link_asks_for_it_by_a_form(house: House, person: Person) -> None:
    made = make(person, password="rahasia")
    asked = house.visit(made["short_url"])
    assert asked.status_code == 200
    assert '<form method="post"' in asked.text
    wrong = house.visit(made["short_url"], method="POST", data={"password": "salah"})
    assert wrong.status_code == 403
    right = house.visit(made["short_url"], method="POST", data={"password": "rahasia"})
    assert right.status_code == 303
    assert right.headers["Location"] == URL


def test_l7_after_five_tries_there_is_a_wait(house: House, person: Person) -> None:
    made = make(person, password="rahasia")
    tries = [
        house.visit(made["short_url"], method="POST", data={"password": "salah"}) for _ in range(6)
    ]
    assert [each.status_code for each in tries] == [403] * 5 + [429]
    assert tries[-1].headers["Retry-After"] == "1"


def test_l7_an_expired_link_is_gone(house: House, person: Person) -> None:
    made = make(person, expires_at="2026-03-14T16:00:00Z")
    house.later(hours=1)
    assert house.visit(made["short_url"]).status_code == 410


def test_l8_links_made_here_stand_among_the_others(house: House, person: Person) -> None:
    made = make(person, title="VPS Murah")
    listed = house.person("klink").get("/api/v1/links").json["items"]
    assert [(each["id"], each["title"]) for each in listed] == [(made["id"], "VPS Murah")]


def test_the_same_request_with_the_same_key_is_done_once(person: Person) -> None:
    headers = {"Idempotency-Key": "produk-sepatu-001"}
    first = person.post(PATH, {"url": URL}, headers=headers)
    again = person.post(PATH, {"url": URL}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    other = person.post(PATH, {"url": f"{URL}/2"}, headers=headers)
    assert_failure(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert Link.select().count() == 1
