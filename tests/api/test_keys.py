"""Keys over the API: shown once, never more than the asking key, and one's own or all."""

from __future__ import annotations

import re

import pytest

from klink.api.people_schemas import Key, KeyList, NewKey
from klink.core import keys, users
from klink.core.context import Context
from klink.db.models import ApiKey, Idempotent
from tests.api.conftest import MakeKey, Person, World
from tests.api.problems import assert_problem


def test_a_key_is_made_shown_once_and_works(owner: Person, world: World) -> None:
    reply = owner.post("keys", {"name": "website", "scopes": ["read", "create"]})
    assert reply.status_code == 201
    made = reply.json
    assert NewKey().validate(made) == {}
    assert re.fullmatch(r"klink_[0-9A-Za-z]{40}", made["key"])
    assert reply.headers["Location"] == f"/api/v1/keys/{made['id']}"
    assert made["user"]["email"] == "owner@localhost"
    assert (made["dialect"], made["scopes"], made["plan"]) == ("klink", ["read", "create"], None)
    shown = owner.get(f"keys/{made['id']}")
    assert shown.json == {name: value for name, value in made.items() if name != "key"}
    assert Key().validate(shown.json) == {}
    as_made = Person(owner.client, made["key"], owner.workspace_id, owner.user_id)
    assert as_made.get("me").json["key"]["id"] == made["id"]


@pytest.mark.parametrize("dialect", ["klinky", "qklnk", "kliqs", "klookup"])
def test_a_key_of_any_dialect_is_made(owner: Person, dialect: str) -> None:
    made = owner.post("keys", {"name": "x", "dialect": dialect}).json
    assert made["dialect"] == dialect
    assert made["key"].endswith(made["hint"])


def test_a_repeated_creation_makes_one_key_and_keeps_no_secret(owner: Person) -> None:
    body, once = {"name": "x"}, {"Idempotency-Key": "abc"}
    first = owner.post("keys", body, headers=once)
    second = owner.post("keys", body, headers=once)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert second.json == {name: v for name, v in first.json.items() if name != "key"}
    assert NewKey().validate(second.json) == {}
    assert first.json["key"] not in str(list(Idempotent.select().tuples()))
    assert ApiKey.select().count() == 2


def test_the_list_has_pages_and_leaves_out_what_has_ended(owner: Person) -> None:
    made = [owner.post("keys", {"name": name}).json for name in ("a", "b")]
    assert owner.delete(f"keys/{made[0]['id']}").status_code == 204
    first = owner.get("keys?limit=2").json
    assert KeyList().validate(first) == {}
    assert [each["name"] for each in first["items"]] == ["b", "a"]
    assert first["items"][1]["revoked_at"] == "2026-03-14T15:09:26Z"
    rest = owner.get(f"keys?limit=2&cursor={first['next_cursor']}").json
    assert [each["name"] for each in rest["items"]] == ["test"]
    assert rest["next_cursor"] is None
    active = owner.get("keys?revoked=false").json["items"]
    assert [each["name"] for each in active] == ["b", "test"]


def test_a_key_that_may_only_read_makes_and_ends_none(owner: Person, owner_with: MakeKey) -> None:
    reader = owner_with(scopes=["read"])
    ids = [each["id"] for each in reader.get("keys").json["items"]]
    assert_problem(reader.post("keys", {"name": "x"}), 403, "insufficient_scope")
    assert_problem(reader.delete(f"keys/{ids[0]}"), 403, "insufficient_scope")
    assert ApiKey.select().where(ApiKey.revoked_at.is_null()).count() == 2


def test_a_key_makes_none_that_may_do_more(owner_with: MakeKey) -> None:
    maker = owner_with(scopes=["read", "create"], plan="small")
    made = maker.post("keys", {"name": "x"}).json
    assert (made["scopes"], made["plan"]) == (["read", "create"], "small")
    for wrong in ({"scopes": ["delete"]}, {"plan": "unlimited"}):
        problem = assert_problem(maker.post("keys", {"name": "x"} | wrong), 422, "validation")
        assert list(problem["errors"]) == list(wrong)


def test_others_see_and_end_their_own_alone(
    owner: Person, teammate: Person, stranger: Person
) -> None:
    mine = owner.get("keys").json["items"]
    assert {each["user"]["email"] for each in mine} == {"owner@localhost", "teammate@example.org"}
    [theirs] = teammate.get("keys").json["items"]
    assert theirs["user"]["email"] == "teammate@example.org"
    [owners] = [each["id"] for each in mine if each["user"]["email"] == "owner@localhost"]
    for who in (teammate, stranger):
        assert_problem(who.get(f"keys/{owners}"), 404, "not_found")
        assert_problem(who.delete(f"keys/{owners}"), 404, "not_found")
    assert owner.delete(f"keys/{theirs['id']}").status_code == 204
    assert_problem(teammate.get("keys"), 401, "not_authenticated")


def test_a_key_may_end_itself(owner: Person, owner_with: MakeKey) -> None:
    other = owner_with()
    own = other.get("me").json["key"]["id"]
    assert other.delete(f"keys/{own}").status_code == 204
    assert_problem(other.get("me"), 401, "not_authenticated")
    assert owner.delete(f"keys/{own}").status_code == 204


@pytest.mark.parametrize(
    "body, wrong",
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x", "scopes": ["admin"]}, "scopes"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "x", "scopes": ["read"] * 5}, "scopes"),
        ({"name": "x", "dialect": "x"}, "dialect"),
        ({"name": "x", "plan": "gold"}, "plan"),
        ({"name": "x", "key": "klink_mine"}, "key"),
        ({"name": "x", "user": "me"}, "user"),
    ],
)
def test_a_key_that_cannot_be_says_where(
    owner: Person, body: dict[str, object], wrong: str
) -> None:
    problem = assert_problem(owner.post("keys", body), 422, "validation")
    assert list(problem["errors"]) == [wrong]
    assert ApiKey.select().count() == 1


def test_a_user_has_so_many_active_keys_at_most(owner: Person) -> None:
    for number in range(9):
        assert owner.post("keys", {"name": f"{number}"}).status_code == 201
    assert_problem(owner.post("keys", {"name": "x"}), 403, "key_limit_reached")


def test_what_is_no_id_is_no_key(owner: Person) -> None:
    for name in ("x", "%00", "1", "9" * 40):
        assert_problem(owner.delete(f"keys/{name}"), 404, "not_found")


def test_a_viewers_key_makes_none(ctx: Context, owner: Person) -> None:
    viewer = users.create(ctx, "v@example.org", role="viewer", workspace_id=owner.workspace_id)
    _, key = keys.create(ctx, workspace_id=owner.workspace_id, user_id=viewer.id, name="v")
    person = Person(owner.client, key, owner.workspace_id, viewer.id)
    assert_problem(person.post("keys", {"name": "x"}), 403, "insufficient_scope")
