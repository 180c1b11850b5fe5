"""What qklnk's API says when something is wrong (Q12 to Q14, and the table of errors)."""

from __future__ import annotations

from typing import Any

import pytest

from klink.core import keys
from klink.db.connection import database, write
from klink.db.models import ApiKey
from klink.dialects.qklnk import schemas
from tests.dialects.house import House, Person, at_once

URL = "https://example.com/page"
UNAUTHENTICATED = {"message": "Unauthenticated."}


@pytest.fixture
def ann(house: House) -> Person:
    return house.person("qklnk")


# --- Q12: validation


def test_q12_these_are_the_very_words(ann: Person) -> None:
    reply = ann.post("/api/v1/events/record", {"event_name": "purchase"})
    assert reply.status_code == 422
    assert reply.json == {
        "message": "Validation failed",
        "errors": {"visitor_id": ["The visitor_id field is required."]},
    }


@pytest.mark.parametrize(
    "body, field, text",
    [
        ({}, "destination", "is required"),
        ({"destination": None}, "destination", "is required"),
        ({"destination": ""}, "destination", "is required"),
        ({"url": URL}, "destination", "is required"),
        ({"destination": []}, "destination", "must be a string"),
        ({"destination": 1.5}, "destination", "must be a string"),
        (
            {"destination": "example.com"},
            "destination",
            "must be an absolute URL that begins with http:// or https://",
        ),
        (
            {"destination": "javascript:alert(1)"},
            "destination",
            "must be an absolute URL that begins with http:// or https://",
        ),
        ({"destination": "https://[1::"}, "destination", "must be a valid URL"),
        (
            {"destination": "https://ann:secret@example.com/"},
            "destination",
            "must not contain a user name or password",
        ),
        (
            {"destination": f"https://example.com/{'x' * 2048}"},
            "destination",
            "must be at most 2048 characters long",
        ),
        (
            {"destination": "https://go.example.org/admin"},
            "destination",
            "leads back to this server; give the final destination",
        ),
        ({"destination": URL, "utm_term": False}, "utm_term", "must be a string"),
        (
            {"destination": URL, "utm_term": "a\u0000"},
            "utm_term",
            "must not contain control characters or lone surrogates",
        ),
        (
            {"destination": URL, "utm_term": "a\u0007"},
            "utm_term",
            "must not contain control characters",
        ),
    ],
)
def test_q12_what_is_wrong_is_said_by_field(
    ann: Person, body: dict[str, Any], field: str, text: str
) -> None:
    reply = ann.post("/api/v1/links", body)
    assert reply.status_code == 422
    assert schemas.Failure().validate(reply.json) == {}
    assert reply.json == {
        "message": "Validation failed",
        "errors": {field: [f"The {field} field {text}."]},
    }
    assert ann.get("/api/v1/links").json["data"] == []


def test_q12_all_that_is_wrong_is_said_at_once(ann: Person) -> None:
    body = {"destination": "nowhere", "utm_source": "x" * 256, "utm_term": "y" * 256}
    reply = ann.post("/api/v1/links", body)
    assert set(reply.json["errors"]) == {"destination", "utm_source", "utm_term"}


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null", b'[{"destination": "x"}]'])
def test_q12_a_body_that_is_no_object_is_invalid(ann: Person, body: bytes) -> None:
    reply = ann.post("/api/v1/links", data=body, content_type="application/json")
    assert reply.status_code == 422
    assert reply.json == {
        "message": "Validation failed",
        "errors": {"body": ["The body field must be an object."]},
    }


# --- Q13: other errors


def test_q13_without_a_valid_token_nobody_is_let_in(house: House, ann: Person) -> None:
    klinky = house.person("klinky")
    asked = [
        house.ask("GET", "/qklnk/api/v1/links"),
        house.ask("GET", "/api/v1/user"),
        house.ask("GET", "/api/v1/user", headers={"Authorization": "Bearer nonsense"}),
        house.ask("GET", "/qklnk/api/v1/links", headers={"Authorization": f"Bearer {klinky.key}"}),
        house.ask("GET", "/api/v1/links", headers={"Authorization": f"Bearer qklnk_{'x' * 40}"}),
    ]
    with write():
        ApiKey.update(revoked_at=house.now).where(ApiKey.dialect == "qklnk").execute()
    asked.append(ann.get("/api/v1/links"))
    for reply in asked:
        assert (reply.status_code, reply.json) == (401, UNAUTHENTICATED)
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        assert reply.headers["X-RateLimit-Limit"] == "60"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", ""])
def test_q13_an_error_is_json_whatever_is_accepted(ann: Person, accept: str) -> None:
    headers = {"Accept": accept}
    for path in ("/api/v1/nothing", "/api/v1/links/a/b", "/api/v1/links/unknown", "/api/v1/"):
        reply = ann.get(path, headers=headers)
        assert (reply.status_code, reply.json) == (404, {"message": "Not found."})
        assert reply.mimetype == "application/json"


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("DELETE", "/links", {"GET", "HEAD", "POST"}),
        ("PATCH", "/links/spring", {"GET", "HEAD", "PUT", "DELETE"}),
        ("POST", "/user", {"GET", "HEAD"}),
        ("POST", "/analytics", {"GET", "HEAD"}),
        ("PUT", "/events/record", {"POST"}),
    ],
)
def test_q13_a_wrong_method_is_405(ann: Person, method: str, path: str, allowed: set[str]) -> None:
    reply = ann.ask(method, f"/api/v1{path}")
    assert (reply.status_code, reply.json) == (405, {"message": "Method Not Allowed."})
    assert set(reply.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("data", [b"{", b"", b'{"a":1,"a":2}', b"\xff", b'{"revenue":NaN}'])
def test_q13_broken_json_is_400(ann: Person, data: bytes) -> None:
    for method, path in (("POST", "/links"), ("PUT", "/links/x"), ("POST", "/events/record")):
        reply = ann.ask(method, f"/api/v1{path}", data=data, content_type="application/json")
        assert reply.status_code == 400
        assert list(reply.json) == ["message"]
        assert reply.json["message"].startswith("The ")


def test_q13_a_body_over_1_mib_is_413(ann: Person) -> None:
    reply = ann.post("/api/v1/links", {"destination": URL, "x": "y" * 1024 * 1024})
    assert reply.status_code == 413
    assert reply.json == {"message": "The body may have at most 1048576 bytes."}


def test_q13_a_body_of_another_type_is_415(ann: Person) -> None:
    reply = ann.post("/api/v1/links", data={"destination": URL})
    assert reply.status_code == 415
    assert list(reply.json) == ["message"]


def test_q13_a_plan_without_api_access_is_403(house: House) -> None:
    reply = house.person("qklnk", plan="klinky-free").get("/api/v1/user")
    assert reply.status_code == 403
    assert reply.json == {"message": "The plan 'klinky-free' does not include API access."}


def test_q13_the_limit_of_links_is_403(house: House) -> None:
    bob = house.person("qklnk", plan="two-links")
    for _ in range(2):
        assert bob.post("/api/v1/links", {"destination": URL}).status_code == 201
    reply = bob.post("/api/v1/links", {"destination": URL})
    assert reply.status_code == 403
    assert reply.json["message"].startswith("This plan allows 2 active links; ")


def test_q13_an_idempotency_key_is_not_used_for_two_requests(ann: Person) -> None:
    headers = {"Idempotency-Key": "one"}
    assert ann.post("/api/v1/links", {"destination": URL}, headers=headers).status_code == 201
    other = ann.post("/api/v1/links", {"destination": URL + "2"}, headers=headers)
    assert other.status_code == 422
    assert other.json["message"].startswith("This Idempotency-Key was used with a different")
    unfit = ann.post("/api/v1/links", {"destination": URL}, headers={"Idempotency-Key": "x" * 256})
    assert unfit.status_code == 422
    assert list(unfit.json["errors"]) == ["Idempotency-Key"]


def test_q13_our_fault_is_500_and_names_the_request(ann: Person) -> None:
    with write():
        database.execute_sql("DROP TABLE events")
    reply = ann.post("/api/v1/events/record", {"visitor_id": "v", "event_name": "look"})
    assert reply.status_code == 500
    assert reply.json == {
        "message": "The error was logged; ask the operator about the request "
        f"{reply.headers['X-Request-Id']}."
    }


@pytest.mark.every_engine
def test_q13_of_two_with_one_idempotency_key_at_once_one_makes_a_link(ann: Person) -> None:
    def post() -> tuple[int, Any]:
        reply = ann.post("/api/v1/links", {"destination": URL}, headers={"Idempotency-Key": "one"})
        return reply.status_code, reply.json

    replies = at_once([post, post])
    assert {status for status, _ in replies} <= {201, 409}
    for status, body in replies:
        if status == 409:
            assert body["message"].startswith("The first request with this Idempotency-Key")
    assert ann.get("/api/v1/links").json["meta"]["total"] == 1


# --- Q14: the rate limit


def test_q14_every_answer_says_what_is_left_of_60_a_minute(house: House, ann: Person) -> None:
    statuses = {}
    asks = [
        ("GET", "/user", None),
        ("POST", "/links", {"destination": URL}),
        ("POST", "/links", {}),
        ("GET", "/links/unknown", None),
        ("GET", "/nothing", None),
        ("PATCH", "/links", None),
    ]
    for left, (method, path, body) in zip(range(59, 0, -1), asks, strict=False):
        reply = ann.ask(method, f"/api/v1{path}", **({"json": body} if body is not None else {}))
        statuses[reply.status_code] = reply
        assert reply.headers["X-RateLimit-Limit"] == "60"
        assert reply.headers["X-RateLimit-Remaining"] == str(left)
        assert "X-RateLimit-Reset" not in reply.headers
        assert "Retry-After" not in reply.headers
    assert set(statuses) == {200, 201, 422, 404, 405}


def test_q14_over_the_limit_is_429_until_the_minute_turns(house: House, ann: Person) -> None:
    for _ in range(60):
        assert ann.get("/api/v1/user").status_code == 200
    reply = ann.get("/api/v1/user")
    assert (reply.status_code, reply.json) == (429, {"message": "Too Many Attempts."})
    assert reply.headers["X-RateLimit-Limit"] == "60"
    assert reply.headers["X-RateLimit-Remaining"] == "0"
    assert reply.headers["Retry-After"] == "34"
    assert reply.headers["X-RateLimit-Reset"] == str(int(house.now.timestamp()) + 34)
    house.restart()
    assert ann.get("/api/v1/user").status_code == 429
    house.later(seconds=34)
    assert ann.get("/api/v1/user").headers["X-RateLimit-Remaining"] == "59"


def test_q14_a_month_that_is_used_up_is_429_too(house: House) -> None:
    bob = house.person("qklnk", plan="month")
    for _ in range(2):
        reply = bob.get("/api/v1/user")
        assert reply.headers["X-RateLimit-Limit"] == "1000000"
    reply = bob.get("/api/v1/user")
    assert (reply.status_code, reply.json) == (429, {"message": "Too Many Attempts."})
    assert (reply.headers["X-RateLimit-Limit"], reply.headers["X-RateLimit-Remaining"]) == (
        "2",
        "0",
    )


def test_q14_a_token_without_a_limit_is_told_a_large_one(house: House) -> None:
    reply = house.person("qklnk", plan="unlimited").get("/api/v1/user")
    assert reply.headers["X-RateLimit-Limit"] == "1000000"
    assert reply.headers["X-RateLimit-Remaining"] == "999999"


def test_q14_an_address_without_a_token_has_60_a_minute_too(house: House, ann: Person) -> None:
    for left in range(59, -1, -1):
        reply = house.ask("GET", "/api/v1/user")
        assert reply.headers["X-RateLimit-Remaining"] == str(left)
    reply = house.ask("GET", "/api/v1/user")
    assert (reply.status_code, reply.json) == (429, {"message": "Too Many Attempts."})
    assert ann.get("/api/v1/user").status_code == 200


# --- where it answers, and how it is described


def test_a_token_decides_and_the_mount_works_alike(ann: Person) -> None:
    link = ann.post("/qklnk/api/v1/links", {"destination": URL}).json["data"]
    assert ann.key.startswith(keys.FORMATS["qklnk"].prefix)
    for mount in ("", "/qklnk"):
        reply = ann.get(f"{mount}/api/v1/links/{link['slug']}")
        assert reply.json["data"] == link


def test_the_description_names_every_endpoint(house: House) -> None:
    spec = house.ask("GET", "/api/openapi/qklnk.json").json
    found = {
        (method.upper(), path.removeprefix("/qklnk/api/v1"))
        for path, operations in spec["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert found == {
        ("GET", "/user"),
        ("GET", "/links"),
        ("POST", "/links"),
        ("GET", "/links/{slug}"),
        ("PUT", "/links/{slug}"),
        ("DELETE", "/links/{slug}"),
        ("GET", "/analytics"),
        ("POST", "/events/record"),
    }
    meta = spec["components"]["schemas"]["PageMeta"]
    assert meta["properties"]["from"]["type"] == ["integer", "null"]
    assert set(spec["components"]["schemas"]["NewLinkInput"]["required"]) == {"destination"}
