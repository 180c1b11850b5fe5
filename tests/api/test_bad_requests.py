"""Requests that are wrong around their bodies: size, type, method, path, key; a busy database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from klink.core import keys
from klink.core.context import Context
from klink.db.connection import write
from tests.api.conftest import MakeKey, Person
from tests.api.problems import assert_problem, rows

URL = "https://example.com/"
MIB = 1024 * 1024


def test_a_body_over_1_mib_is_413(owner: Person) -> None:
    link = owner.link()
    before = rows()
    data = b'{"title": "' + b"a" * MIB + b'"}'
    for method, path in (("POST", ""), ("PATCH", "/{id}"), ("PUT", "/{id}/variants")):
        reply = owner.ask(
            method,
            f"links{path.format(id=link['id'])}",
            data=data,
            content_type="application/json",
        )
        assert_problem(reply, 413, "body_too_large")
    assert rows() == before


def test_a_body_of_unknown_length_is_measured_as_it_comes(owner: Person) -> None:
    import io

    reply = owner.ask(
        "POST",
        "links",
        input_stream=io.BytesIO(b" " * (MIB + 1)),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
        headers={"Transfer-Encoding": "chunked"},
    )
    assert_problem(reply, 413, "body_too_large")


def test_a_body_of_another_type_is_415(owner: Person) -> None:
    before = rows()
    for content_type, hint in (
        ("application/x-www-form-urlencoded", "Content-Type: application/json"),
        ("text/plain", "Content-Type: application/json"),
        ("multipart/form-data; boundary=x", "Content-Type: application/json"),
        ("application/xml", "Content-Type: application/json"),
        ("application/jsonp", "Content-Type: application/json"),
        ("\xff" * 200, "Content-Type: application/json"),
        ("application/json; charset=latin-1", "UTF-8"),
    ):
        reply = owner.ask("POST", "links", data=json.dumps({"url": URL}), content_type=content_type)
        assert hint in assert_problem(reply, 415, "unsupported_media_type")["detail"]
    assert rows() == before


def test_json_without_a_type_or_with_a_charset_is_json(owner: Person) -> None:
    for content_type in (None, "application/json; charset=UTF-8"):
        reply = owner.ask("POST", "links", data=json.dumps({"url": URL}), content_type=content_type)
        assert reply.status_code == 201


METHODS = [
    ("PUT", "/api/v1/links", "GET, HEAD, POST"),
    ("POST", "/api/v1/me", "GET, HEAD"),
    ("DELETE", "/api/openapi.json", "GET, HEAD, OPTIONS"),
    ("POST", "/klink/api/v1/links/x", "DELETE, GET, HEAD, PATCH"),
    ("BREW", "/api/v1/links", "GET, HEAD, POST"),
    ("POST", "/health", "GET, HEAD, OPTIONS"),
]


def test_a_wrong_method_is_405_and_says_which_are_right(owner: Person) -> None:
    for method, path, allowed in METHODS:
        reply = owner.ask(method, path)
        assert_problem(reply, 405, "method_not_allowed")
        assert ", ".join(sorted(reply.headers["Allow"].split(", "))) == allowed


def test_unknown_paths_of_the_api_are_problems_whatever_is_accepted(owner: Person) -> None:
    for path in (
        "/api", "/api/", "/api/v1", "/api/v2/links", "/api/v1/links/", "/api//v1/links",
        "/klink", "/klink/api/v1/nothing", "/api/v1/%ff", "/api/docs/", "/api/docs/../app.py",
        "/api/docs/__init__.py", "/api/<script>", "/api/v1/links/x/y/z",
    ):  # fmt: skip
        for accept in ("text/html", "*/*", "application/json"):
            assert_problem(owner.get(path, headers={"Accept": accept}), 404, "not_found")


def test_without_a_valid_key_nothing_is_told_and_nothing_is_done(
    client: FlaskClient, ctx: Context, owner: Person, owner_with: MakeKey
) -> None:
    link = owner.link()
    revoked = owner_with()
    keys.revoke(ctx, str(max(key.id for key in keys.all_of_them())))
    before = rows()
    sent: list[dict[str, str]] = [
        {},
        {"Authorization": f"Bearer {revoked.key}"},
        {"Authorization": "Bearer klink_" + "a" * 40},
        {"Authorization": "Bearer kliqs_sk_live_" + "a" * 32},
        {"Authorization": owner.key},
        {"Authorization": f"Basic {owner.key}"},
        {"Authorization": f"Bearer {owner.key} x"},
        {"Authorization": f"Bearer {owner.key}, Bearer {owner.key}"},
        {"Authorization": "Bearer " + "a" * 100_000},
        {"Authorization": "Bearer é\xff"},
        {"Authorization": "Bearer "},
        {"Authorization": ""},
        {"Authorization": "Bearer wrong", "X-API-Key": owner.key},
        {"X-API-Key": ""},
        {"X-API-Key": owner.key + "x"},
        {"X-API-Key": owner.key.upper()},
    ]
    for headers in sent:
        for method, path in (("POST", "links"), ("GET", f"links/{link['id']}"), ("GET", "me")):
            reply = client.open(
                f"/api/v1/{path}", method=method, headers=headers, json={"url": URL}
            )
            problem = assert_problem(reply, 401, "not_authenticated")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
            assert owner.key not in json.dumps(problem)
    assert rows() == before


def test_a_revoked_key_looks_like_an_unknown_one(
    client: FlaskClient, ctx: Context, owner: Person
) -> None:
    unknown = client.get("/api/v1/me", headers={"X-API-Key": "klink_" + "a" * 40})
    keys.revoke(ctx, str(keys.all_of_them()[0].id))
    assert owner.get("me").json == unknown.json


@pytest.mark.every_engine
def test_a_busy_database_is_503_after_a_while_and_reads_go_on(
    owner: Person, engine: str, database_url: str
) -> None:
    import sqlite3

    import psycopg

    link = owner.link()
    if engine == "sqlite":
        other: Any = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(database_url)
        other.execute("LOCK TABLE links IN EXCLUSIVE MODE")
    try:
        reply = owner.post("links", {"url": URL})
        assert_problem(reply, 503, "database_busy")
        assert reply.headers["Retry-After"] == "2"
        assert owner.get(f"links/{link['id']}").status_code == 200
    finally:
        other.rollback()
        other.close()
    assert owner.post("links", {"url": URL}).status_code == 201
    with write():
        pass
