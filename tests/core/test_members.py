"""Members of a workspace: who may change what of whom, and that an owner always stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from klink.core import errors, invites, keys, members, users
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.models import Audit, User
from tests.dialects.house import at_once

Join = Callable[..., Principal]


@pytest.fixture
def join(ctx: Context, owner: Principal) -> Join:
    """Somebody new in the owner's workspace: ``join("ann", "editor")``."""

    def made(name: str, role: str) -> Principal:
        email = f"{name}@example.org"
        user = users.create(ctx, email, role=role, workspace_id=owner.workspace_id)
        return Principal(owner.workspace_id, user.id, None, "admin", role=role)

    return made


def uid(who: Principal) -> str:
    return users.get(who.user_id or 0).uid


def role(who: Principal) -> str | None:
    return users.get(who.user_id or 0).roles.get(who.workspace_id)


def entry(action: str) -> tuple[Audit, dict[str, object]]:
    [found] = Audit.select().where(Audit.action == action)
    return found, json.loads(found.details)


def test_the_members_are_listed_with_what_they_are(
    ctx: Context, owner: Principal, join: Join, stranger: Principal
) -> None:
    ann = join("ann", "viewer")
    keys.create(ctx, workspace_id=ann.workspace_id, user_id=ann.user_id or 0, name="x")
    view, _ = keys.create(ctx, workspace_id=ann.workspace_id, user_id=ann.user_id or 0, name="y")
    keys.revoke(ctx, view.uid)
    found = members.search(ctx, owner)
    assert found.next_cursor is None
    assert [(each.email, each.role, each.active_keys) for each in found.items] == [
        ("owner@localhost", "owner", 0),
        ("ann@example.org", "viewer", 1),
    ]
    assert not found.items[1].can_sign_in
    assert not found.items[1].has_second_factor
    assert members.get(ctx, owner, uid(ann)) == found.items[1]
    with pytest.raises(errors.NotFound):
        members.get(ctx, owner, uid(stranger))


def test_the_list_comes_in_pages(ctx: Context, owner: Principal, join: Join) -> None:
    for name in ("a", "b", "c", "d"):
        join(name, "viewer")
    emails, cursor = [], None
    for _ in range(3):
        page = members.search(ctx, owner, cursor=cursor, limit=2)
        emails += [each.email[0] for each in page.items]
        cursor = page.next_cursor
    assert (emails, cursor) == (["o", "a", "b", "c", "d"], None)
    wrongs: list[dict[str, Any]] = [{"cursor": "x"}, {"limit": 0}, {"limit": 201}]
    for wrong in wrongs:
        with pytest.raises(errors.ValidationFailed):
            members.search(ctx, owner, **wrong)


def test_a_manager_changes_roles_and_the_audit_tells(
    ctx: Context, owner: Principal, join: Join
) -> None:
    admin, ann = join("admin", "admin"), join("ann", "viewer")
    assert members.change_role(ctx, admin, uid(ann), "editor").role == "editor"
    assert members.change_role(ctx, admin, uid(ann), "editor").role == "editor"  # nothing to tell
    found, details = entry("user.role")
    assert (found.user_id, found.subject) == (admin.user_id, f"user:{uid(ann)}")
    assert details == {"role": ["viewer", "editor"]}
    with pytest.raises(errors.ValidationFailed):
        members.change_role(ctx, admin, uid(ann), "king")


def test_admins_touch_no_owners_and_make_none(ctx: Context, owner: Principal, join: Join) -> None:
    admin, second = join("admin", "admin"), join("second", "owner")
    for work in (
        lambda: members.change_role(ctx, admin, uid(second), "viewer"),
        lambda: members.change_role(ctx, admin, uid(admin), "owner"),
        lambda: members.remove(ctx, admin, uid(second)),
    ):
        with pytest.raises(errors.InsufficientRole):
            work()
    assert (role(second), role(admin)) == ("owner", "admin")
    assert members.change_role(ctx, owner, uid(admin), "owner").role == "owner"


@pytest.mark.parametrize("kind", ["editor", "viewer"])
def test_others_see_and_change_nobody(
    ctx: Context, owner: Principal, join: Join, kind: str
) -> None:
    who, ann = join("somebody", kind), join("ann", "viewer")
    for work in (
        lambda: members.search(ctx, who),
        lambda: members.get(ctx, who, uid(ann)),
        lambda: members.change_role(ctx, who, uid(who), "admin"),
        lambda: members.remove(ctx, who, uid(ann)),
    ):
        with pytest.raises(errors.InsufficientRole):
            work()
    assert (role(who), role(ann)) == (kind, "viewer")


def test_a_key_changes_and_removes_only_with_the_scope_for_it(
    ctx: Context, owner: Principal, join: Join
) -> None:
    ann = uid(join("ann", "viewer"))
    reader = replace(owner, key_id=7, scopes=frozenset({"read"}))
    with pytest.raises(errors.InsufficientScope):
        members.change_role(ctx, reader, ann, "viewer")
    with pytest.raises(errors.InsufficientScope):
        members.remove(ctx, reader, ann)
    updater = replace(reader, scopes=frozenset({"read", "update"}))
    assert members.change_role(ctx, updater, ann, "viewer").role == "viewer"
    with pytest.raises(errors.InsufficientScope):  # who is an editor may delete
        members.change_role(ctx, updater, ann, "editor")


def test_the_last_owner_stays(ctx: Context, owner: Principal, join: Join) -> None:
    second = join("second", "owner")
    User.update(is_active=False).where(User.id == second.user_id).execute()
    for work in (
        lambda: members.change_role(ctx, owner, uid(owner), "admin"),
        lambda: members.remove(ctx, owner, uid(owner)),
        lambda: members.leave(ctx, owner),
    ):
        with pytest.raises(members.LastOwner):
            work()
    User.update(is_active=True).where(User.id == second.user_id).execute()
    members.leave(ctx, owner)
    assert role(owner) is None


def test_who_is_removed_loses_keys_and_invitations_of_this_workspace_alone(
    ctx: Context, owner: Principal, stranger: Principal, join: Join
) -> None:
    admin = join("admin", "admin")
    _, away = invites.invite(ctx, stranger, "admin@example.org", "viewer")
    invites.accept(ctx, away, user_id=admin.user_id)
    user_id = admin.user_id or 0
    here, key = keys.create(ctx, workspace_id=owner.workspace_id, user_id=user_id, name="here")
    _, other = keys.create(ctx, workspace_id=stranger.workspace_id, user_id=user_id, name="away")
    invited, token = invites.invite(ctx, admin, "ann@example.org", "viewer")
    members.remove(ctx, owner, uid(admin))
    with pytest.raises(errors.NotAuthenticated) as caught:
        keys.authenticate(ctx, "klink", key)
    assert caught.value.reason in ("revoked", "unknown")
    assert keys.by_token(key).revoked_at == ctx.now  # type: ignore[union-attr]
    assert keys.authenticate(ctx, "klink", other).workspace_id == stranger.workspace_id
    with pytest.raises(invites.BadInvite):
        invites.look(ctx, token)
    assert users.get(user_id).roles == {stranger.workspace_id: "viewer"}
    found, details = entry("user.remove")
    assert found.user_id == owner.user_id
    assert details["revoked_keys"] == [here.uid]
    assert details["revoked_invites"] == [invited.uid]


def test_who_is_no_manager_any_more_invites_nobody(
    ctx: Context, owner: Principal, join: Join
) -> None:
    admin = join("admin", "admin")
    _, token = invites.invite(ctx, admin, "ann@example.org", "admin")
    members.change_role(ctx, owner, uid(admin), "editor")
    with pytest.raises(invites.BadInvite):
        invites.look(ctx, token)


def test_anybody_but_the_last_owner_may_leave(ctx: Context, owner: Principal, join: Join) -> None:
    viewer = replace(join("ann", "viewer"), scopes=frozenset({"read"}))
    members.leave(ctx, viewer)
    assert role(viewer) is None
    found, _ = entry("user.remove")
    assert found.user_id == viewer.user_id
    with pytest.raises(errors.NotFound):
        members.leave(ctx, viewer)


def test_of_two_owners_who_leave_at_once_one_stays(
    ctx: Context, owner: Principal, join: Join
) -> None:
    second = join("second", "owner")
    found = at_once([lambda: members.leave(ctx, owner), lambda: members.leave(ctx, second)])
    assert sorted(str(type(each).__name__) for each in found) == ["LastOwner", "NoneType"]
    assert sorted(filter(None, (role(owner), role(second)))) == ["owner"]


def test_what_is_no_id_is_nobody(ctx: Context, owner: Principal) -> None:
    for text in ("", "x", "\0", "9" * 40):
        with pytest.raises(errors.NotFound):
            members.remove(ctx, owner, text)
