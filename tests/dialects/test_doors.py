"""What all dialects share at the door: descriptions, mounts, and the server's own refusals."""

from __future__ import annotations

import json

import pytest

from klink.dialects import NAMES, Options, server_refusals
from klink.redirects.hosts import plain_host
from tests.dialects.house import House


@pytest.mark.parametrize("name", NAMES)
def test_each_dialect_is_described(house: House, name: str) -> None:
    spec = house.ask("GET", f"/api/openapi/{name}.json").json
    assert spec["openapi"] == "3.1.0"
    assert spec["paths"]
    assert all(path.startswith(f"/{name}/api/v1/") for path in spec["paths"])
    page = house.ask("GET", "/api/docs").text
    assert f'"openapi/{name}.json"' in page


@pytest.mark.parametrize("name", NAMES)
def test_a_description_has_the_dialects_own_errors(house: House, name: str) -> None:
    spec = house.ask("GET", f"/api/openapi/{name}.json").json
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    for response in spec["components"]["responses"].values():
        assert response["content"] == failure
    assert "Retry-After" in spec["components"]["responses"]["429"]["headers"]


@pytest.mark.parametrize(
    "name, path, method, statuses",
    [
        ("kliqs", "/links", "post", "201 400 401 403 409 413 422 429 503"),
        ("klinky", "/public/links", "post", "201 401 403 409 413 415 422 429 503"),
        ("klookup", "/links/{number}", "put", "200 400 401 403 404 413 429 503"),
        ("qklnk", "/links/{slug}", "get", "200 401 403 404 429 503"),
    ],
)
def test_errors_have_the_statuses_of_the_dialects_document(
    house: House, name: str, path: str, method: str, statuses: str
) -> None:
    spec = house.ask("GET", f"/api/openapi/{name}.json").json
    described = spec["paths"][f"/{name}/api/v1{path}"][method]["responses"]
    assert " ".join(described) == statuses


def test_a_description_tells_what_passes_for_texts_and_flags(house: House) -> None:
    spec = house.ask("GET", "/api/openapi/klookup.json").json
    members = spec["components"]["schemas"]["LinkChanges"]["properties"]
    assert members["title"]["type"] == ["string", "integer", "null"]
    assert members["url"]["type"] == "string"  # no number is a URL
    assert members["is_active"] == {
        "type": ["boolean", "integer"],
        "enum": [True, False, 1, 0],
    }


@pytest.mark.parametrize("name", NAMES)
def test_unknown_paths_below_a_mount_are_json_and_need_no_key(house: House, name: str) -> None:
    for path in (f"/{name}", f"/{name}/", f"/{name}/api/v1/nothing", f"/{name}/api/v2"):
        reply = house.ask("GET", path)
        assert reply.status_code == 404, path
        assert reply.mimetype == "application/json"


def test_the_api_answers_on_hosts_of_dialects_and_not_on_others(house: House) -> None:
    house.configure(hosts={"api.example.net": "kliqs"})
    there = house.ask("POST", "/api/v1/links", base_url="https://api.example.net")
    assert there.json["error"] == "UNAUTHORIZED"
    native = house.person("klink")
    on_it = native.get("/api/v1/links", base_url="https://api.example.net")
    assert on_it.status_code == 200  # the key comes before the host
    elsewhere = house.ask("POST", "/kliqs/api/v1/links", base_url="https://else.example.net")
    assert elsewhere.status_code == 421


def test_a_host_of_a_dialect_serves_no_short_urls_of_another(house: House) -> None:
    house.configure(hosts={"api.example.net": "kliqs"})
    made = house.person("kliqs").post("/api/v1/links", {"url": "https://example.com", "slug": "a1"})
    assert made.status_code == 201
    assert house.visit("https://api.example.net/a1").status_code == 421
    assert house.visit(made.json["data"]["short_url"]).status_code == 302


@pytest.mark.parametrize(
    "path, headers, body",
    [
        (
            "/api/v1/links",
            {"AUTHORIZATION": "Bearer kliqs_sk_live_x"},
            {"success": False, "error": "BODY_TOO_LARGE", "message": "too large"},
        ),
        (
            "//kliqs/api/v1/links",
            {},
            {"success": False, "error": "BODY_TOO_LARGE", "message": "too large"},
        ),
        (
            "/api/v1/links",
            {"HOST": "API.example.net:8080"},
            {"success": False, "error": "BODY_TOO_LARGE", "message": "too large"},
        ),
        ("/api/v1/links", {}, None),
        ("/spring", {"HOST": "api.example.net"}, None),
        ("", {}, None),
    ],
)
def test_what_the_server_refuses_by_itself_is_in_the_dialects_words(
    path: str, headers: dict[str, str], body: object
) -> None:
    refuse = server_refusals(Options(hosts={"api.example.net": "kliqs"}), plain_host)
    found = refuse(path, headers, 413, "body_too_large", "too large")
    assert (None if found is None else json.loads(found)) == body
