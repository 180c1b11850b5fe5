"""Invitations: who may make them, what their links are good for, and that each works once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import errors, invites, users
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.models import Audit, Invite, Membership, User
from tests.core.conftest import World
from tests.dialects.house import at_once

ANN = "ann@example.org"
PASSWORD = "correct horse"


@pytest.fixture
def admin(ctx: Context, owner: Principal) -> Principal:
    user = users.create(ctx, "admin@example.org", role="admin", workspace_id=owner.workspace_id)
    return Principal(owner.workspace_id, user.id, None, "admin", role="admin")


def audited(action: str) -> list[Audit]:
    return list(Audit.select().where(Audit.action == action))


def test_an_invitation_is_shown_once_and_only_its_hash_is_kept(
    ctx: Context, owner: Principal
) -> None:
    view, token = invites.invite(ctx, owner, " Ann@Example.org", "editor")
    assert (view.email, view.role, view.invited_by) == (ANN, "editor", "Owner")
    assert view.workspace_name == "default"
    assert view.expires_at - view.created_at == timedelta(days=7)
    assert not view.has_user
    assert len(token) == 43
    assert token not in str(list(Invite.select().tuples()))
    assert token not in "".join(entry.details for entry in Audit.select())
    assert invites.address(ctx, token) == f"https://go.example.org/admin/invite/{token}"
    assert invites.look(ctx, token) == view
    assert invites.open_invites(ctx, owner) == [view]
    [entry] = audited("invite.create")
    assert (entry.user_id, entry.workspace_id) == (owner.user_id, owner.workspace_id)


def test_a_new_person_comes_in_with_a_password(ctx: Context, owner: Principal) -> None:
    _, token = invites.invite(ctx, owner, ANN, "viewer")
    made = invites.accept(ctx, token, password=PASSWORD, name=" Ann ")
    assert (made.email, made.name, made.roles) == (ANN, "Ann", {owner.workspace_id: "viewer"})
    assert made.can_sign_in
    assert users.knows_password(made.id, PASSWORD)
    assert invites.open_invites(ctx, owner) == []
    [entry] = audited("invite.accept")
    assert (entry.user_id, entry.workspace_id) == (made.id, owner.workspace_id)


def test_who_is_signed_in_joins_another_workspace(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    view, token = invites.invite(ctx, owner, "stranger@example.org", "admin")
    assert view.has_user
    joined = invites.accept(ctx, token, user_id=stranger.user_id)
    assert joined.roles == {stranger.workspace_id: "owner", owner.workspace_id: "admin"}


def test_an_invitation_is_for_one_email(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    _, token = invites.invite(ctx, owner, ANN, "admin")
    with pytest.raises(errors.ValidationFailed, match=r"for ann@example\.org, and you are"):
        invites.accept(ctx, token, user_id=stranger.user_id)
    assert invites.look(ctx, token).email == ANN


def test_who_has_an_account_has_to_sign_in(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    _, token = invites.invite(ctx, owner, "stranger@example.org", "admin")
    with pytest.raises(errors.Conflict, match="sign in"):
        invites.accept(ctx, token, password=PASSWORD)
    assert invites.look(ctx, token).has_user
    assert not users.get(stranger.user_id or 0).can_sign_in


@pytest.mark.parametrize(
    "fields, wrong",
    [
        ({}, "password"),
        ({"password": "short"}, "password"),
        ({"password": PASSWORD, "name": "a\nb"}, "name"),
        ({"password": PASSWORD, "name": "x" * 101}, "name"),
    ],
)
def test_what_cannot_be_accepted_leaves_the_invitation_open(
    ctx: Context, owner: Principal, fields: dict[str, str], wrong: str
) -> None:
    _, token = invites.invite(ctx, owner, ANN, "viewer")
    with pytest.raises(errors.ValidationFailed) as caught:
        invites.accept(ctx, token, password=fields.get("password"), name=fields.get("name"))
    assert list(caught.value.errors) == [wrong]
    assert invites.look(ctx, token).email == ANN


def test_a_link_that_invites_nobody_says_why(world: World, owner: Principal) -> None:
    ctx = world.ctx

    def reason(token: str, then: Context = ctx) -> str:
        with pytest.raises(invites.BadInvite) as caught:
            invites.look(then, token)
        assert str(caught.value)
        with pytest.raises(invites.BadInvite):
            invites.accept(then, token, password=PASSWORD)
        return caught.value.reason

    _, used = invites.invite(ctx, owner, ANN, "viewer")
    invites.accept(ctx, used, password=PASSWORD)
    view, revoked = invites.invite(ctx, owner, "bob@example.org", "viewer")
    invites.revoke(ctx, owner, view.uid)
    _, old = invites.invite(ctx, owner, "cid@example.org", "viewer")
    assert reason(used) == "used"
    assert reason(revoked) == "revoked"
    almost = world.later(timedelta(days=7) - timedelta(milliseconds=1))
    assert invites.look(almost, old).email == "cid@example.org"
    assert reason(old, world.later(timedelta(days=7))) == "expired"
    for token in ("", "x", "\0" * 43, "é" * 43, "a" * 43, "a" * 100_000):
        assert reason(token) == "unknown"


def test_a_second_invitation_replaces_the_first(ctx: Context, owner: Principal) -> None:
    _, first = invites.invite(ctx, owner, ANN, "viewer")
    view, second = invites.invite(ctx, owner, ANN, "editor")
    with pytest.raises(invites.BadInvite):
        invites.look(ctx, first)
    assert invites.open_invites(ctx, owner) == [view]
    assert invites.look(ctx, second).role == "editor"


@pytest.mark.parametrize(
    "email, role, field",
    [("no mail", "viewer", "email"), ("", "viewer", "email"), (ANN, "king", "role")],
)
def test_an_invitation_that_cannot_be_is_refused(
    ctx: Context, owner: Principal, email: str, role: str, field: str
) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        invites.invite(ctx, owner, email, role)
    assert list(caught.value.errors) == [field]
    assert Invite.select().count() == 0


def test_a_member_is_not_invited_again(ctx: Context, owner: Principal, teammate: Principal) -> None:
    with pytest.raises(errors.Conflict, match="already"):
        invites.invite(ctx, owner, "Teammate@example.org", "viewer")
    assert teammate.user_id


def test_who_became_a_member_meanwhile_stays_what_they_are(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    _, token = invites.invite(ctx, owner, "stranger@example.org", "owner")
    Membership.create(
        user=stranger.user_id, workspace=owner.workspace_id, role="viewer", created_at=ctx.now
    )
    with pytest.raises(errors.Conflict, match="already"):
        invites.accept(ctx, token, user_id=stranger.user_id)
    assert users.get(stranger.user_id or 0).roles[owner.workspace_id] == "viewer"


def test_only_managers_invite_and_only_owners_invite_owners(
    ctx: Context, owner: Principal, admin: Principal, teammate: Principal
) -> None:
    for role in ("admin", "editor", "viewer"):
        assert invites.invite(ctx, admin, ANN, role)[0].role == role
    with pytest.raises(errors.InsufficientRole):
        invites.invite(ctx, admin, ANN, "owner")
    assert invites.invite(ctx, owner, ANN, "owner")[0].role == "owner"
    with pytest.raises(errors.InsufficientRole):
        invites.invite(ctx, teammate, ANN, "viewer")
    with pytest.raises(errors.InsufficientRole):
        invites.open_invites(ctx, teammate)
    [view] = invites.open_invites(ctx, admin)
    with pytest.raises(errors.InsufficientRole):
        invites.revoke(ctx, teammate, view.uid)


def test_a_key_invites_nobody_who_may_do_more_than_it_may(ctx: Context, owner: Principal) -> None:
    key = replace(owner, key_id=7, scopes=frozenset({"read", "create"}))
    assert invites.invite(ctx, key, ANN, "viewer")
    with pytest.raises(errors.InsufficientScope):
        invites.invite(ctx, key, ANN, "editor")
    with pytest.raises(errors.InsufficientScope):
        invites.invite(ctx, replace(key, scopes=frozenset({"read"})), ANN, "viewer")


def test_an_invitation_of_another_workspace_is_unknown(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    view, token = invites.invite(ctx, owner, ANN, "viewer")
    assert invites.open_invites(ctx, stranger) == []
    for uid in (view.uid, "x", "\0"):
        with pytest.raises(errors.NotFound):
            invites.revoke(ctx, stranger, uid)
    assert invites.look(ctx, token) == view


def test_a_workspace_has_so_many_open_invitations_at_most(
    world: World, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invites, "MAX_OPEN", 2)
    for email in (ANN, "bob@example.org", ANN):  # again: in place of the first
        invites.invite(world.ctx, owner, email, "viewer")
    with pytest.raises(errors.Conflict, match="2 invitations"):
        invites.invite(world.ctx, owner, "cid@example.org", "viewer")
    assert len(invites.open_invites(world.ctx, owner)) == 2
    invites.invite(world.later(timedelta(days=8)), owner, "cid@example.org", "viewer")


def test_of_many_who_accept_at_once_one_comes_in(ctx: Context, owner: Principal) -> None:
    _, token = invites.invite(ctx, owner, ANN, "viewer")
    found = at_once([lambda: invites.accept(ctx, token, password=PASSWORD)] * 4)
    made = [each for each in found if isinstance(each, users.UserView)]
    refused = [each for each in found if isinstance(each, invites.BadInvite)]
    assert (len(made), [each.reason for each in refused]) == (1, ["used"] * 3), found
    assert User.select().where(User.email == ANN).count() == 1


def test_who_joins_twice_at_once_joins_once(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    _, token = invites.invite(ctx, owner, "stranger@example.org", "viewer")
    found = at_once([lambda: invites.accept(ctx, token, user_id=stranger.user_id)] * 6)
    assert sum(isinstance(each, users.UserView) for each in found) == 1, found
    assert sum(isinstance(each, invites.BadInvite) for each in found) == 5
