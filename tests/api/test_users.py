"""Members and invitations over the API."""

from __future__ import annotations

import pytest

from klink.api.people_schemas import Invite, InviteList, NewInvite, User, UserList
from klink.core import invites, keys, users
from klink.core.context import Context
from klink.db.models import Idempotent
from tests.api.conftest import MakeKey, Person, World
from tests.api.problems import assert_problem

ANN = "ann@example.org"


@pytest.fixture
def admin(ctx: Context, owner: Person) -> Person:
    home = owner.workspace_id
    user = users.create(ctx, "admin@example.org", role="admin", workspace_id=home)
    _, key = keys.create(ctx, workspace_id=home, user_id=user.id, name="admin")
    return Person(owner.client, key, home, user.id)


def uid(who: Person) -> str:
    return users.get(who.user_id).uid


def test_the_members_are_listed(owner: Person, teammate: Person, stranger: Person) -> None:
    found = owner.get("users").json
    assert UserList().validate(found) == {}
    assert [(each["email"], each["role"]) for each in found["items"]] == [
        ("owner@localhost", "owner"),
        ("teammate@example.org", "editor"),
    ]
    assert found["items"][1] == owner.get(f"users/{uid(teammate)}").json
    assert User().validate(found["items"][1]) == {}
    first = owner.get("users?limit=1").json
    second = owner.get(f"users?limit=1&cursor={first['next_cursor']}").json
    assert second == {"items": found["items"][1:], "next_cursor": None}
    assert_problem(owner.get(f"users/{uid(stranger)}"), 404, "not_found")
    assert_problem(owner.get("users/x"), 404, "not_found")


def test_a_role_is_changed_and_a_member_removed(owner: Person, teammate: Person) -> None:
    at = f"users/{uid(teammate)}"
    reply = owner.patch(at, json={"role": "viewer"})
    assert (reply.status_code, reply.json["role"]) == (200, "viewer")
    assert_problem(teammate.post("links", {"url": "https://example.com/"}), 403,
                   "insufficient_scope")  # fmt: skip
    assert owner.delete(at).status_code == 204
    assert_problem(teammate.get("me"), 401, "not_authenticated")
    assert_problem(owner.delete(at), 404, "not_found")


def test_the_last_owner_stays(owner: Person) -> None:
    at = f"users/{uid(owner)}"
    assert_problem(owner.patch(at, json={"role": "admin"}), 409, "last_owner")
    assert_problem(owner.delete(at), 409, "last_owner")


def test_admins_touch_no_owner(owner: Person, admin: Person) -> None:
    at = f"users/{uid(owner)}"
    assert_problem(admin.patch(at, json={"role": "viewer"}), 403, "insufficient_role")
    assert_problem(admin.delete(at), 403, "insufficient_role")
    new = {"email": ANN, "role": "owner"}
    assert_problem(admin.post("users/invites", new), 403, "insufficient_role")


def test_others_see_nobody(owner: Person, teammate: Person) -> None:
    at = f"users/{uid(owner)}"
    for reply in (
        teammate.get("users"),
        teammate.get(at),
        teammate.patch(at, json={"role": "viewer"}),
        teammate.delete(at),
        teammate.get("users/invites"),
        teammate.post("users/invites", {"email": ANN, "role": "viewer"}),
    ):
        assert_problem(reply, 403, "insufficient_role")


@pytest.mark.parametrize(
    "body, wrong",
    [({}, "role"), ({"role": "king"}, "role"), ({"role": None}, "role"),
     ({"role": "viewer", "email": ANN}, "email")],
)  # fmt: skip
def test_a_change_that_cannot_be_says_where(
    owner: Person, teammate: Person, body: dict[str, object], wrong: str
) -> None:
    reply = owner.patch(f"users/{uid(teammate)}", json=body)
    assert list(assert_problem(reply, 422, "validation")["errors"]) == [wrong]


def test_an_invitation_holds_its_link_once(owner: Person, ctx: Context) -> None:
    reply = owner.post("users/invites", {"email": "Ann@Example.org", "role": "editor"})
    assert reply.status_code == 201
    made = reply.json
    assert NewInvite().validate(made) == {}
    assert made["email"] == ANN
    assert reply.headers["Location"] == f"/api/v1/users/invites/{made['id']}"
    base, _, token = made["link"].rpartition("/")
    assert base == "https://go.example.org/admin/invite"
    found = owner.get("users/invites").json
    assert InviteList().validate(found) == {}
    assert found["items"] == [{name: value for name, value in made.items() if name != "link"}]
    assert Invite().validate(found["items"][0]) == {}
    joined = invites.accept(ctx, token, password="correct horse")
    assert joined.roles == {owner.workspace_id: "editor"}
    assert owner.get("users/invites").json == {"items": []}


def test_an_invitation_is_revoked(owner: Person, stranger: Person, ctx: Context) -> None:
    made = owner.post("users/invites", {"email": ANN, "role": "editor"}).json
    at = f"users/invites/{made['id']}"
    assert_problem(stranger.delete(at), 404, "not_found")
    assert owner.delete(at).status_code == 204
    assert_problem(owner.delete(at), 404, "not_found")
    with pytest.raises(invites.BadInvite):
        invites.look(ctx, made["link"].rpartition("/")[2])


def test_a_repeated_invitation_keeps_no_secret(owner: Person) -> None:
    body, once = {"email": ANN, "role": "viewer"}, {"Idempotency-Key": "abc"}
    first = owner.post("users/invites", body, headers=once)
    second = owner.post("users/invites", body, headers=once)
    assert second.json == {name: v for name, v in first.json.items() if name != "link"}
    assert NewInvite().validate(second.json) == {}
    token = first.json["link"].rpartition("/")[2]
    assert token not in str(list(Idempotent.select().tuples()))
    assert len(owner.get("users/invites").json["items"]) == 1


def test_a_key_invites_nobody_who_may_do_more(owner_with: MakeKey) -> None:
    maker = owner_with(scopes=["read", "create"])
    for role in ("owner", "admin", "editor"):
        reply = maker.post("users/invites", {"email": ANN, "role": role})
        assert_problem(reply, 403, "insufficient_scope")
    assert maker.post("users/invites", {"email": ANN, "role": "viewer"}).status_code == 201
    reader = owner_with(scopes=["read"])
    reply = reader.post("users/invites", {"email": ANN, "role": "viewer"})
    assert_problem(reply, 403, "insufficient_scope")


def test_members_are_not_invited(owner: Person, teammate: Person) -> None:
    reply = owner.post("users/invites", {"email": "teammate@example.org", "role": "viewer"})
    assert_problem(reply, 409, "conflict")
    assert teammate.get("me").status_code == 200


@pytest.mark.parametrize(
    "body, wrong",
    [
        ({"role": "viewer"}, "email"),
        ({"email": ANN}, "role"),
        ({"email": "no mail", "role": "viewer"}, "email"),
        ({"email": ANN, "role": "king"}, "role"),
        ({"email": ANN, "role": "viewer", "link": "x"}, "link"),
    ],
)
def test_an_invitation_that_cannot_be_says_where(
    owner: Person, world: World, body: dict[str, object], wrong: str
) -> None:
    problem = assert_problem(owner.post("users/invites", body), 422, "validation")
    assert list(problem["errors"]) == [wrong]
