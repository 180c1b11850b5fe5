"""Who may ask the Klook Up dialect, how often, and how it refuses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Response

from klink.core import keys, workspaces
from klink.core.times import format_rfc3339
from klink.db.models import AnonymousLink, Link, Workspace
from klink.dialects import Options, server_refusals
from tests.dialects.house import NOW, PROXY, House, Person, Reply, at_once

URL = "https://example.com/article"
BODY = {"url": URL}
UNKNOWN = "klup_" + "0" * 64
MOUNT = "/klookup/api/v1/links"
DAY = timedelta(hours=24)


@pytest.fixture
def me(house: House) -> Person:
    return house.person("klookup")


@pytest.fixture
def stranger(house: House) -> Person:
    return house.person("klookup", workspace="elsewhere")


def make(who: Person, **body: Any) -> int:
    reply = who.post("/api/v1/links", BODY | body)
    assert reply.status_code == 201, reply.json
    return int(reply.json["data"]["id"])


def assert_error(reply: Reply, status: int, *, details: bool = False) -> str:
    """An error in the dialect's shape; its text."""
    assert reply.status_code == status, reply.text
    assert reply.content_type == "application/json"
    assert reply.json.keys() == {"success", "error"} | ({"details"} if details else set())
    assert reply.json["success"] is False
    assert "Traceback" not in reply.text
    text = reply.json["error"]
    assert type(text) is str
    assert text
    return text


# --- U8: status, and the contract's "Errors of the core, door by door" ----------------------


def test_u8_missing_invalid_and_revoked_keys_get_one_message(house: House, me: Person) -> None:
    (mine,) = keys.all_of_them()
    keys.revoke(house.ctx, mine.uid)
    other = house.person("kliqs")
    replies = [
        house.ask("GET", MOUNT),
        house.ask("POST", MOUNT, json=BODY),
        house.ask("GET", MOUNT, headers={"Authorization": "Basic abc"}),
        house.ask("GET", "/api/v1/links", headers={"Authorization": f"Bearer {UNKNOWN}"}),
        house.ask("GET", MOUNT, headers={"Authorization": f"Bearer {other.key}"}),
        me.get("/api/v1/links"),
    ]
    assert len({assert_error(reply, 401) for reply in replies}) == 1
    assert all(r.headers["WWW-Authenticate"].startswith("Bearer") for r in replies)


def test_u8_a_stranger_hears_404_on_reading_and_403_on_changing(
    me: Person, stranger: Person
) -> None:
    path = f"/api/v1/links/{make(me)}"
    assert_error(stranger.get(path), 404)
    assert_error(stranger.put(path, {"title": "mine"}), 403)
    assert_error(stranger.delete(path), 403)
    assert me.get(path).json["data"]["link"]["title"] is None
    assert stranger.get("/api/v1/links").json["data"]["links"] == []


@pytest.mark.parametrize(
    "number", ["999999", "0", "-1", "1.5", "abc", "%00", "9" * 18, "9" * 19, "9" * 5000, "٤٢"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_u8_what_is_unknown_is_404(me: Person, method: str, number: str) -> None:
    body = {"json": {"title": "t"}} if method == "PUT" else {}
    assert_error(me.ask(method, f"/api/v1/links/{number}", **body), 404)


def test_u8_links_in_the_trash_are_not_there(house: House, me: Person) -> None:
    number = make(me)
    native = house.person("klink")
    native.delete(f"/api/v1/links/{Link.get_by_id(number).uid}")
    path = f"/api/v1/links/{number}"
    for reply in (me.get(path), me.put(path, {"is_active": 1}), me.delete(path)):
        assert_error(reply, 404)


def test_u8_a_scope_that_is_missing_is_403(house: House, me: Person) -> None:
    number = make(me)
    path = f"/api/v1/links/{number}"
    reader = house.person("klookup", scopes=["read"])
    assert_error(reader.post("/api/v1/links", BODY), 403)
    assert_error(reader.put(path, {"title": "t"}), 403)
    assert_error(reader.delete(path), 403)
    assert reader.get(path).status_code == 200
    maker = house.person("klookup", scopes=["create"])
    assert_error(maker.get(path), 403)
    assert_error(maker.get("/api/v1/links"), 403)
    assert maker.post("/api/v1/links", BODY).status_code == 201


def test_u8_a_plan_without_api_or_with_few_links_is_403(house: House) -> None:
    assert_error(house.person("klookup", plan="klinky-free").get("/api/v1/links"), 403)
    few = house.person("klookup", plan="two-links")
    make(few)
    last = make(few)
    assert_error(few.post("/api/v1/links", BODY), 403)
    assert few.put(f"/api/v1/links/{last}", {"is_active": 0}).status_code == 200
    make(few)
    assert_error(few.put(f"/api/v1/links/{last}", {"is_active": 1}), 403)


@pytest.mark.parametrize(
    "plan, again_at",
    [("minute", "2026-03-14T15:10:00Z"), ("hour", "2026-03-14T16:00:00Z"),
     ("month", "2026-04-01T00:00:00Z")],
)  # fmt: skip
def test_u8_a_plan_that_is_used_up_is_429_and_says_when_it_is_not(
    house: House, plan: str, again_at: str
) -> None:
    me = house.person("klookup", plan=plan)
    for _ in range(2):
        assert me.get("/api/v1/links").status_code == 200
    reply = me.get("/api/v1/links")
    assert assert_error(reply, 429) == f"Rate limit exceeded. Try again after {again_at}"
    assert int(reply.headers["Retry-After"]) > 0
    assert not [name for name, _ in reply.headers if "ratelimit" in name.lower()]


def test_u8_an_unlimited_key_is_told_of_no_limits(me: Person) -> None:
    reply = me.get("/api/v1/links")
    assert not [name for name, _ in reply.headers if "ratelimit" in name.lower()]


@pytest.mark.parametrize(
    "method, path",
    [("PUT", "/api/v1/links"), ("DELETE", "/api/links"), ("POST", "/api/v1/links/1"),
     ("PATCH", "/api/v1/links/1")],
)  # fmt: skip
def test_u8_a_wrong_method_is_405(me: Person, method: str, path: str) -> None:
    reply = me.ask(method, path, json={})
    assert_error(reply, 405)
    assert reply.headers["Allow"]


def test_u8_an_unknown_path_is_404(me: Person) -> None:
    for path in ("/api/v1/nothing", "/api/v1/links/1/stats", "/api/v1", "/api/links/1/2"):
        assert_error(me.get(path), 404)


@pytest.mark.parametrize("text", ["{", "", "nonsense", '{"url": NaN}', '{"a":1,"a":2}', "[" * 99])
def test_u8_broken_json_is_400(me: Person, text: str) -> None:
    number = make(me)
    for method, path in (("POST", "/api/v1/links"), ("PUT", f"/api/v1/links/{number}")):
        reply = me.ask(method, path, data=text, content_type="application/json")
        assert_error(reply, 400)
    assert Link.select().count() == 1


def test_u8_a_wrong_content_type_is_400(me: Person) -> None:
    for sent in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=x"):
        reply = me.ask("POST", "/api/v1/links", data=json.dumps(BODY), content_type=sent)
        assert_error(reply, 400)


def test_u8_a_body_over_one_mebibyte_is_413(me: Person) -> None:
    assert_error(me.post("/api/v1/links", BODY | {"more": "x" * 1024 * 1024}), 413)


def test_u8_our_fault_is_500_with_the_requests_id(house: House, me: Person) -> None:
    def broken() -> Response:
        raise RuntimeError("the secret ingredient")

    house.configure(is_shared=False)
    house.app.add_url_rule("/klookup/api/v1/broken", view_func=broken)
    reply = me.get("/api/v1/broken")
    assert reply.headers["X-Request-Id"] in assert_error(reply, 500)
    assert "secret" not in reply.text


def test_u8_what_the_server_itself_refuses_is_told_in_the_same_shape() -> None:
    refuse = server_refusals(Options(), lambda host: host)
    said = refuse("/klookup/api/v1/links", {}, 431, "headers_too_large", "too many headers")
    assert json.loads(said or b"") == {"success": False, "error": "Too many headers"}


# --- Idempotency --------------------------------------------------------------------------


def _once(who: Person, key: str = "k-1", **body: Any) -> Reply:
    return who.post("/api/v1/links", BODY | body, headers={"Idempotency-Key": key})


def test_a_creation_with_a_key_of_its_own_is_done_once(me: Person, stranger: Person) -> None:
    first, second = _once(me), _once(me)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json == first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert_error(_once(me, title="else"), 422)
    assert _once(stranger).json["data"]["id"] != first.json["data"]["id"]
    assert_error(_once(me, key="k" * 256), 400, details=True)


@pytest.mark.every_engine
def test_one_of_many_creations_at_once_is_done(me: Person) -> None:
    replies = at_once([lambda: _once(me)] * 6)
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert Link.select().count() == 1
    for reply in replies:
        if reply.status_code == 409:
            assert_error(reply, 409)


# --- U12: without a key -------------------------------------------------------------------


def _bare(house: House, path: str = MOUNT, **more: Any) -> Reply:
    return house.ask("POST", path, json={**BODY, **more.pop("body", {})}, **more)


@pytest.fixture
def open_house(house: House) -> House:
    """One that makes links for anybody."""
    house.configure(anonymous=True)
    return house


def test_u12_is_off_unless_the_operator_wants_it(house: House) -> None:
    assert_error(_bare(house), 401)
    assert Workspace.get_or_none(Workspace.name == "anonymous") is None


def test_u12_five_links_an_address_are_made_in_24_hours(open_house: House) -> None:
    made = []
    for _ in range(5):
        reply = _bare(open_house)
        assert reply.status_code == 201
        made.append(reply.json["data"])
        open_house.later(minutes=10)
    reply = _bare(open_house)
    again_at = format_rfc3339(NOW + DAY)
    assert assert_error(reply, 429) == f"Rate limit exceeded. Try again after {again_at}"
    assert int(reply.headers["Retry-After"]) == (DAY - timedelta(minutes=50)).total_seconds()
    assert open_house.visit(made[0]["short_url"]).headers["Location"] == URL
    home = workspaces.find("anonymous")
    assert {row.workspace_id for row in Link.select()} == {home.id}
    open_house.now = NOW + DAY
    assert _bare(open_house).status_code == 201
    assert_error(_bare(open_house), 429)  # the window rolls: the second is still counted


def test_u12_addresses_are_counted_apart_and_ipv6_by_networks(open_house: House) -> None:
    for n in range(5):
        assert _bare(open_house, peer=f"2001:db8:1:2::{n + 1}").status_code == 201
    assert_error(_bare(open_house, peer="2001:db8:1:2:ffff::1"), 429)
    assert _bare(open_house, peer="2001:db8:1:3::1").status_code == 201
    assert _bare(open_house, peer="198.51.100.1").status_code == 201


@pytest.mark.every_engine
def test_u12_no_more_are_made_at_the_same_time_either(open_house: House) -> None:
    replies = at_once([lambda: _bare(open_house)] * 8)
    assert sorted(reply.status_code for reply in replies) == [201] * 5 + [429] * 3


def test_u12_only_direct_links_are_made(open_house: House) -> None:
    reply = _bare(open_house, body={"type": "inpage", "post_id": "7"})
    assert_error(reply, 400, details=True)
    assert reply.json["details"].keys() == {"type"}


def test_u12_what_failed_is_not_counted(open_house: House) -> None:
    for _ in range(6):
        assert_error(_bare(open_house, body={"url": "nothing"}), 400, details=True)
    assert AnonymousLink.select().count() == 0
    assert _bare(open_house).status_code == 201


def test_u12_a_wrong_key_is_never_anonymous(open_house: House) -> None:
    for headers in (
        {"Authorization": f"Bearer {UNKNOWN}"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic abc"},
        {"X-API-Key": "nonsense"},
    ):
        assert_error(_bare(open_house, headers=headers), 401)


def test_u12_nothing_else_can_be_done_without_a_key(open_house: House) -> None:
    made = _bare(open_house).json["data"]["id"]
    for method, path in (
        ("GET", MOUNT),
        ("GET", f"{MOUNT}/{made}"),
        ("PUT", f"{MOUNT}/{made}"),
        ("DELETE", f"{MOUNT}/{made}"),
    ):
        assert_error(open_house.ask(method, path, json={}), 401)
    assert_error(open_house.ask("POST", f"{MOUNT}/{made}", json={}), 405)
    assert_error(open_house.ask("POST", "/klookup/api/v1/else", json={}), 404)


def test_u12_is_served_at_the_mount_the_host_or_as_the_default(open_house: House) -> None:
    path = "/api/v1/links"
    assert _bare(open_house, "/klookup/api/links").status_code == 201
    assert _bare(open_house, path).status_code == 401  # the native door's
    open_house.configure(anonymous=True, hosts={"klook.example.org": "klookup"})
    assert _bare(open_house, path, base_url="https://klook.example.org").status_code == 201
    open_house.configure(anonymous=True, default="klookup")
    assert _bare(open_house, path).status_code == 201


def test_u12_a_repeat_is_the_addresss_own_and_counts_nothing(open_house: House) -> None:
    def once(peer: str) -> Reply:
        return _bare(open_house, peer=peer, headers={"Idempotency-Key": "k-1"})

    first, second, other = once("2001:db8::1"), once("2001:db8::2"), once("2001:db8:0:1::1")
    assert second.json == first.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 201
    assert other.json != first.json
    assert AnonymousLink.select().count() == 2


def test_u12_the_plan_of_their_workspace_caps_them_all(open_house: House) -> None:
    assert _bare(open_house).status_code == 201
    home = workspaces.find("anonymous")
    for plan, status in (("month", 429), ("klinky-free", 403)):
        workspaces.set_plan(open_house.ctx, home.id, plan)
        _bare(open_house)
        assert_error(_bare(open_house, peer="198.51.100.1"), status)


@pytest.mark.parametrize(
    "asked, given",
    [
        (None, NOW + timedelta(days=7)),
        (NOW + timedelta(days=400), NOW + timedelta(days=7)),
        (NOW + timedelta(days=2), NOW + timedelta(days=2)),
        (NOW - timedelta(days=2), NOW - timedelta(days=2)),
    ],
)
def test_u12_they_may_be_given_an_end(
    db: str, tmp_path: Path, asked: datetime | None, given: datetime
) -> None:
    house = House(tmp_path, anonymous_expiry=timedelta(days=7))
    house.configure(anonymous=True)
    body = {} if asked is None else {"expires_at": format_rfc3339(asked)}
    reply = _bare(house, body=body)
    assert (reply.status_code, reply.json["data"]["expires_at"]) == (201, format_rfc3339(given))
    with_key = house.person("klookup").post("/api/v1/links", BODY)
    assert with_key.json["data"]["expires_at"] is None
    house.close()


# --- U13 ----------------------------------------------------------------------------------


def test_u13_plain_http_is_taken_unless_the_operator_requires_https(
    house: House, me: Person
) -> None:
    plain = {"base_url": "http://go.example.org"}
    assert me.get("/api/v1/links", **plain).status_code == 200
    house.configure(require_https=True)
    assert "HTTPS" in assert_error(me.get("/api/v1/links", **plain), 403)
    assert_error(me.post("/api/v1/links", BODY, **plain), 403)
    assert_error(me.get("/api/v1/nothing", **plain), 403)
    assert me.get("/api/v1/links").status_code == 200
    assert Link.select().count() == 0


def test_u13_what_a_trusted_proxy_says_counts(house: House, me: Person) -> None:
    house.configure(require_https=True)
    plain = {"base_url": "http://go.example.org"}
    said = {"X-Forwarded-Proto": "https"}
    assert me.get("/api/v1/links", headers=said, peer=PROXY, **plain).status_code == 200
    assert_error(me.get("/api/v1/links", headers=said, **plain), 403)
    http = {"X-Forwarded-Proto": "http"}
    assert_error(me.get("/api/v1/links", headers=http, peer=PROXY), 403)


def test_u13_holds_without_a_key_too(house: House) -> None:
    house.configure(require_https=True, anonymous=True)
    plain = "http://go.example.org"
    assert_error(_bare(house, base_url=plain), 403)
    assert_error(house.ask("GET", MOUNT, base_url=plain), 403)
    assert _bare(house).status_code == 201


# --- The description ----------------------------------------------------------------------


def test_the_description_tells_of_every_endpoint(house: House) -> None:
    spec = house.ask("GET", "/api/openapi/klookup.json").json
    assert {(path, method) for path, ways in spec["paths"].items() for method in ways} >= {
        (MOUNT, "get"),
        (MOUNT, "post"),
        (f"{MOUNT}/{{number}}", "get"),
        (f"{MOUNT}/{{number}}", "put"),
        (f"{MOUNT}/{{number}}", "delete"),
    }
    for each in spec["components"]["responses"].values():
        (content,) = each["content"].items()
        assert content == ("application/json", {"schema": {"$ref": "#/components/schemas/Failure"}})
    failure = spec["components"]["schemas"]["Failure"]
    assert failure["required"] == ["error", "success"]
