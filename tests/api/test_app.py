"""The app as a whole: who asks, request ids, our own faults, readiness, the description."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Blueprint, Flask, Response
from flask.testing import FlaskClient

from klink.api import make_app
from klink.api.answers import Me
from klink.backups import BackupPlan, Source, make
from klink.core import proof, workspaces
from klink.core.context import Context
from klink.core.times import format_rfc3339
from klink.db import connection
from klink.jobs import JobRun, JobStatus
from klink.web.doors import Door, add
from klink.web.parts import Parts
from tests.api.conftest import ClientOf, MakeKey, Person
from tests.api.problems import assert_problem


def test_me_says_who_asks_and_what_is_used(owner: Person, owner_with: MakeKey) -> None:
    owner.link()
    reply = owner_with(scopes=["read", "create"], plan="small").get("me")
    me = reply.json
    assert Me().validate(me) == {}
    assert (me["user"]["email"], me["user"]["role"]) == ("owner@localhost", "owner")
    assert (me["workspace"]["name"], me["workspace"]["currency"]) == ("default", "USD")
    assert me["workspace"]["plan"] is None
    assert (me["key"]["name"], me["key"]["scopes"]) == ("another", ["read", "create"])
    assert (me["plan"]["name"], me["plan"]["requests_per_minute"]) == ("small", 3)
    assert me["plan"]["max_links"] is None
    assert me["usage"] == {"requests": {"minute": 1, "hour": 1, "month": 2}, "links": 1}


def test_me_shows_the_workspaces_plan_as_a_further_cap(owner: Person, ctx: Context) -> None:
    workspaces.set_plan(ctx, owner.workspace_id, "two-links")
    me = owner.get("me").json
    assert me["workspace"]["plan"]["max_links"] == 2
    assert me["plan"]["name"] == "unlimited"


@pytest.mark.parametrize(
    "header",
    [("Authorization", "Bearer {}"), ("Authorization", "bearer   {}"),
     ("AUTHORIZATION", " BEARER {} "), ("X-API-Key", "{}"), ("x-api-key", " {} ")],
)  # fmt: skip
def test_a_key_comes_in_either_header(
    client: FlaskClient, owner: Person, header: tuple[str, str]
) -> None:
    name, value = header
    assert client.get("/api/v1/me", headers={name: value.format(owner.key)}).status_code == 200


def test_authorization_wins_over_the_other_header(owner: Person, stranger: Person) -> None:
    reply = owner.get("me", headers={"X-API-Key": stranger.key})
    assert reply.json["workspace"]["name"] == "default"


@pytest.fixture
def https_only(client_of: ClientOf, parts: Parts) -> FlaskClient:
    proxies = (ip_network("192.0.2.0/24"),)
    return client_of(replace(parts, require_https=True, trusted_proxies=proxies))


@pytest.mark.parametrize(
    "peer, forwarded, status",
    [("127.0.0.1", None, 403), ("127.0.0.1", "https", 403), ("192.0.2.1", "https", 200),
     ("192.0.2.1", "http", 403), ("192.0.2.1", None, 403)],
)  # fmt: skip
def test_where_https_is_required_only_a_trusted_proxy_can_vouch_for_it(
    https_only: FlaskClient, owner: Person, peer: str, forwarded: str | None, status: int
) -> None:
    headers = owner.auth | ({"X-Forwarded-Proto": forwarded} if forwarded else {})
    reply = https_only.get("/api/v1/me", headers=headers, environ_overrides={"REMOTE_ADDR": peer})
    assert reply.status_code == status
    if status == 403:
        assert_problem(reply, 403, "https_required")


def test_https_itself_is_https(https_only: FlaskClient, owner: Person) -> None:
    reply = https_only.get("/api/v1/me", headers=owner.auth, base_url="https://go.example.org")
    assert reply.status_code == 200


def test_every_answer_has_a_request_id_of_our_own(owner: Person) -> None:
    replies = [
        owner.get(path, headers={"X-Request-Id": "mine"}) for path in ("me", "nothing", "/health")
    ]
    ids = {reply.headers["X-Request-Id"] for reply in replies}
    assert len(ids) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", identity) for identity in ids)


def test_health_tells_more_to_whom_knows_the_secret_alone(
    client: FlaskClient, parts: Parts
) -> None:
    secret = parts.settings.secret
    plain = client.get("/health")
    assert (plain.text, plain.headers["Cache-Control"]) == ("ok\n", "no-store")
    assert proof.HEADER not in plain.headers
    for asked in (proof.question(b"x" * 32), "?"):
        assert proof.HEADER not in client.get("/health", headers={proof.HEADER: asked}).headers
    asked = proof.question(secret)
    headers = {proof.HEADER: asked, "X-Forwarded-For": "203.0.113.9"}
    reply = client.get("/health", headers=headers, base_url="http://go.example.org")
    assert reply.text == "ok\n"
    facts = proof.read_answer(secret, asked, reply.headers[proof.HEADER])
    assert facts is not None
    assert (facts["version"], facts["host"], facts["scheme"]) == ("1.2.3", "go.example.org", "http")
    assert (facts["ignored_forwarded"], facts["peer"]) == (True, "127.0.0.1")


GIVEN = "0a1b-proxy.id_7"


@pytest.mark.parametrize(
    "peer, sent, is_kept",
    [
        ("192.0.2.1", GIVEN, True),
        ("203.0.113.9", GIVEN, False),
        ("192.0.2.1", "short", False),
        ("192.0.2.1", "x" * 65, False),
        ("192.0.2.1", 'forged" level="info', False),
        ("192.0.2.1", "-starts-oddly", False),
    ],
)
def test_only_a_trusted_proxy_names_requests_and_only_by_what_is_a_name(
    https_only: FlaskClient, peer: str, sent: str, is_kept: bool
) -> None:
    headers = {"X-Request-Id": sent}
    reply = https_only.get("/health", headers=headers, environ_overrides={"REMOTE_ADDR": peer})
    assert (reply.headers["X-Request-Id"] == sent) is is_kept


@pytest.mark.parametrize(
    "path, route",
    [("/api/v1/links/secret-in-a-path", "/api/v1/links/<link>"), ("/nothing/here", "-")],
)
def test_a_request_is_logged_by_its_route_and_not_by_its_path(
    client_of: ClientOf, parts: Parts, caplog: pytest.LogCaptureFixture, path: str, route: str
) -> None:
    client = client_of(replace(parts, logs_requests=True))
    with caplog.at_level(logging.INFO, "klink.requests"):
        reply = client.get(path)
    [record] = caplog.records
    assert record.klink_fields["status"] == reply.status_code  # type: ignore[attr-defined]
    assert "secret-in-a-path" not in record.getMessage()
    assert record.klink_fields["route"].startswith(route[:14])  # type: ignore[attr-defined]
    caplog.clear()
    client_of(parts).get(path)
    assert not caplog.records


def test_answers_for_a_key_are_not_kept_by_caches(owner: Person) -> None:
    for reply in (owner.get("me"), owner.get("links/x"), owner.client.get("/api/v1/me")):
        assert reply.headers["Cache-Control"] == "no-store"


@pytest.fixture
def faulty(parts: Parts) -> Flask:
    """An app with a door of its own and views that fail."""
    blueprint = Blueprint("faulty", __name__)

    @blueprint.get("/api/v1/broken")
    @blueprint.get("/other/broken")
    @blueprint.get("/broken")
    def broken() -> Response:
        raise RuntimeError("the secret ingredient")

    app = make_app(parts, [blueprint])
    add(app, Door(lambda path: path.startswith("/other"), lambda _: Response("mine", 418)))
    return app


def test_our_own_fault_is_500_with_an_id_that_the_log_has(
    faulty: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        reply = faulty.test_client().get("/api/v1/broken")
    problem = assert_problem(reply, 500, "internal")
    assert problem["request_id"] == reply.headers["X-Request-Id"]
    assert "secret" not in reply.text
    (record,) = caplog.records
    assert problem["request_id"] in record.getMessage()
    assert "the secret ingredient" in caplog.text


def test_a_door_answers_for_its_own_paths(faulty: Flask) -> None:
    client = faulty.test_client()
    for path in ("/other/broken", "/other/unknown"):
        assert client.get(path).text == "mine"


def test_paths_of_no_door_get_plain_words(faulty: Flask) -> None:
    client = faulty.test_client()
    assert (client.get("/broken").status_code, client.get("/broken").text) == (
        500,
        "Internal Server Error\n",
    )
    assert client.get("/unknown").text == "Not Found\n"
    reply = client.post("/broken")
    assert reply.status_code == 405
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_line_of_the_log_cannot_be_forged_by_a_path(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    blueprint = Blueprint("faulty", __name__)

    @blueprint.get("/api/<path:rest>")
    def broken(rest: str) -> Response:
        raise RuntimeError("no")

    client = make_app(parts, [blueprint]).test_client()
    with caplog.at_level(logging.ERROR):
        client.get("/api/x%0dINFO all is well" + "y" * 5000)
    message = caplog.records[0].getMessage()
    assert message.isprintable()
    assert len(message) < 400


def test_health_says_ok_to_anyone(client: FlaskClient) -> None:
    reply = client.get("/health", environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert (reply.status_code, reply.text) == (200, "ok\n")


def test_ready_tells_how_the_server_is(client: FlaskClient) -> None:
    reply = client.get("/ready")
    assert reply.status_code == 200
    assert reply.json == {
        "status": "ready",
        "version": "1.2.3",
        "database": {"engine": connection.engine(), "answers": True},
        "ledger": {
            "waiting_bytes": 0,
            "lag_s": 0.0,
            "lost": 0,
            "set_aside": 0,
            "damaged": 0,
            "foreign": 0,
        },
        "geoip": {"state": "absent", "built_at": None, "age_days": None},
        "backups": None,
        "jobs": [],
    }


def test_ready_tells_how_every_job_does(client_of: ClientOf, parts: Parts) -> None:
    at = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
    run = JobRun("sweep", at, 70, {"rows": 3}, longest_step_ms=40, runs=4, last_success_at=at)
    jobs = [
        JobStatus("sweep", "sweeps", 300.0, True, at, run),
        JobStatus("later", "has not run yet", 60.0, False, None, None),
    ]
    own = replace(parts, jobs_status=lambda: jobs)
    swept, later = json.loads(client_of(own).get("/ready").text)["jobs"]
    assert swept == {
        "name": "sweep",
        "every_s": 300.0,
        "is_running": True,
        "next_at": "2026-03-14T15:09:26Z",
        "started_at": "2026-03-14T15:09:26Z",
        "duration_ms": 70,
        "counts": {"rows": 3},
        "error": None,
        "longest_step_ms": 40,
        "runs": 4,
        "failures": 0,
        "last_error": None,
        "last_error_at": None,
        "last_success_at": "2026-03-14T15:09:26Z",
    }
    assert later.keys() == swept.keys()
    assert (later["name"], later["started_at"], later["runs"]) == ("later", None, 0)


def test_ready_tells_how_old_the_newest_backup_is(
    client_of: ClientOf, parts: Parts, tmp_path: Path
) -> None:
    source = Source(tmp_path, "1.2.3", check=lambda *_: None)
    plan = BackupPlan(source, tmp_path / "backups")
    own = replace(parts, backups=plan)
    client = client_of(own)
    none = {"newest_at": None, "age_s": None, "size_bytes": None}
    assert json.loads(client.get("/ready").text)["backups"] == {
        "enabled": True, "count": 0, **none,
    }  # fmt: skip
    at = own.clock() - timedelta(minutes=5)
    made = make(source, plan.folder, at)
    assert json.loads(client.get("/ready").text)["backups"] == {
        "enabled": True,
        "count": 1,
        "newest_at": format_rfc3339(made.at),
        "age_s": pytest.approx(300, abs=5),
        "size_bytes": made.path.stat().st_size,
    }


def test_metrics_are_text_for_prometheus(client_of: ClientOf, parts: Parts) -> None:
    own = replace(parts, metrics=lambda: b"klink_connections 1.0\n")
    reply = client_of(own).get("/metrics")
    assert (reply.status_code, reply.text) == (200, "klink_connections 1.0\n")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/ready", "/metrics"])
@pytest.mark.parametrize(
    "peer, forwarded, status",
    [
        ("127.0.0.1", None, 200),
        ("127.9.9.9", None, 200),
        ("::ffff:127.0.0.1", None, 200),
        ("203.0.113.7", None, 404),
        ("", None, 404),
        ("127.0.0.1", "127.0.0.1", 404),  # a proxy that nobody named speaks for others
        ("10.0.0.1", "127.0.0.1", 200),
        ("10.0.0.1", "203.0.113.7", 404),
        ("10.0.0.1", "203.0.113.7, 127.0.0.1", 200),
        ("198.51.100.1", "127.0.0.1", 404),
    ],
)
def test_klinks_insides_are_shown_only_to_those_who_may_look(
    client_of: ClientOf, parts: Parts, path: str, peer: str, forwarded: str | None, status: int
) -> None:
    allowed = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
    own = replace(parts, metrics_allow=allowed, trusted_proxies=(ip_network("10.0.0.1/32"),))
    reply = client_of(own).get(
        path,
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
        environ_overrides={"REMOTE_ADDR": peer},
    )
    assert reply.status_code == status
    if status == 404:
        assert_problem(reply, 404, "not_found")


@pytest.mark.parametrize("path", ["/ready", "/metrics"])
@pytest.mark.parametrize("header", ["Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_that_nobody_trusts_is_known_by_other_headers_too(
    client_of: ClientOf, parts: Parts, path: str, header: str
) -> None:
    allowed = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
    own = replace(parts, metrics_allow=allowed, trusted_proxies=(ip_network("10.0.0.1/32"),))
    browser = client_of(own)
    for peer, status in (("127.0.0.1", 404), ("10.0.0.1", 200)):
        reply = browser.get(
            path, headers={header: "1.2.3.4"}, environ_overrides={"REMOTE_ADDR": peer}
        )
        assert reply.status_code == status


@contextmanager
def out_of_reach(database_url: str, tmp_path: Path) -> Iterator[None]:
    """The database cannot be opened for the block."""
    connection.close_thread()
    if connection.engine() == "sqlite":
        away = tmp_path.with_name(f"{tmp_path.name}-away")
        tmp_path.rename(away)
        yield
        away.rename(tmp_path)
        return
    name = re.search("/(klink_[0-9a-f]+)", database_url)
    assert name
    with psycopg.connect(database_url.replace(name[1], "postgres"), autocommit=True) as admin:
        rename = "ALTER DATABASE {} RENAME TO {}"
        admin.execute(rename.format(name[1], "away"))
        yield
        admin.execute(rename.format("away", name[1]))


def test_ready_is_503_without_a_database(
    client: FlaskClient, database_url: str, tmp_path: Path
) -> None:
    with out_of_reach(database_url, tmp_path):
        reply = client.get("/ready")
        health = client.get("/health")
        me = client.get("/api/v1/me", headers={"X-API-Key": "klink_" + "a" * 40})
    assert reply.status_code == 503
    found = json.loads(reply.text)
    assert (found["status"], found["database"]["answers"]) == ("not ready", False)
    assert health.status_code == 200
    assert_problem(me, 503, "database_busy")
    assert client.get("/ready").status_code == 200


def test_the_description_is_openapi_31_and_complete(app: Flask, client: FlaskClient) -> None:
    spec = json.loads(client.get("/api/openapi.json").text)
    assert spec["openapi"] == "3.1.0"
    assert spec["info"]["version"] == "1.2.3"
    described = {
        (method.upper(), re.sub(r"{(\w+)}", r"<\1>", path))
        for path, operations in spec["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routed = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }
    assert described == routed
    for operations in spec["paths"].values():
        for method, operation in operations.items():
            if method != "parameters":
                assert operation["summary"]
                assert operation["responses"].keys() >= {"401", "403", "429", "503"}
                assert "default" not in operation["responses"]
                assert not [name for name in operation if name.startswith("x-")]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_description_refers_to_what_it_has(client: FlaskClient) -> None:
    spec = json.loads(client.get("/api/openapi.json").text)
    for reference in references(spec):
        found = spec
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    for response in spec["components"]["responses"].values():
        (content,) = response["content"].items()
        problem = {"$ref": "#/components/schemas/Problem"}
        assert content == ("application/problem+json", {"schema": problem})
    link = spec["paths"]["/api/v1/links/{link_id}"]
    assert " ".join(link["get"]["responses"]) == "200 401 403 404 410 429 503"
    change = " ".join(link["patch"]["responses"])
    assert change == "200 400 401 403 404 409 410 412 413 415 422 429 503"
    variant = spec["components"]["schemas"]["VariantInput"]
    assert variant["properties"]["weight"] == {
        "type": "integer",
        "description": "Share of 100; all weights sum to 100.",
        "minimum": 0,
        "maximum": 100,
    }
    assert spec["components"]["schemas"]["Link"]["properties"]["title"]["type"] == [
        "string",
        "null",
    ]
    assert "klink_" not in json.dumps(spec["paths"])


class Addresses(HTMLParser):
    """What a page loads, and whether it holds scripts of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag != "a":
            self.loaded += [value for name, value in attrs if name in ("src", "href") and value]
        self.inline += tag == "style" or (tag == "script" and "src" not in named)
        self.inline += sum(name.startswith("on") or name == "style" for name in named)


def test_the_documentation_page_loads_only_what_is_served_here(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert page.content_type == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    found = Addresses()
    found.feed(page.text)
    assert found.inline == 0
    page.close()
    for address in found.loaded:
        assert not address.startswith(("http", "/"))
        with closing(client.get(f"/api/{address}")) as reply:
            assert reply.status_code == 200
            assert reply.data
