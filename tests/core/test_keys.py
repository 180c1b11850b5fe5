"""API keys: how they look, who they are, and how they end."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import errors, keys, users
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.models import ApiKey, Audit, Membership, User
from tests.core.conftest import PLANS, World


def make(ctx: Context, who: Principal, **fields: object) -> tuple[keys.KeyView, str]:
    assert who.user_id is not None
    wanted: dict[str, object] = {"name": "ci", **fields}
    return keys.create(ctx, workspace_id=who.workspace_id, user_id=who.user_id, **wanted)  # type: ignore[arg-type]


def test_a_key_looks_as_promised_and_only_its_hash_is_kept(ctx: Context, owner: Principal) -> None:
    view, token = make(ctx, owner)
    assert re.fullmatch(r"klink_[0-9A-Za-z]{40}", token)
    row = ApiKey.get_by_id(view.id)
    assert token not in str(row.__data__)
    assert view.hint == token[-4:]
    assert token not in "".join(entry.details for entry in Audit.select())


def test_a_key_acts_for_its_workspace_and_user(ctx: Context, owner: Principal) -> None:
    view, token = make(ctx, owner, scopes=["read"], plan="small")
    who = keys.authenticate(ctx, "klink", token)
    assert (who.workspace_id, who.user_id, who.key_id) == (
        owner.workspace_id,
        owner.user_id,
        view.id,
    )
    assert who.scopes == {"read"}
    assert who.plan == PLANS["small"]


@pytest.mark.parametrize(
    "token, reason",
    [
        (None, "missing"),
        ("", "missing"),
        ("klink_" + "a" * 40, "unknown"),
        ("other_" + "a" * 40, "unknown"),
        ("klink_" + "é" * 40, "unknown"),
        ("klink_" + "a" * 100_000, "unknown"),
    ],
)
def test_what_is_no_key_is_refused(
    ctx: Context, owner: Principal, token: str | None, reason: str
) -> None:
    with pytest.raises(errors.NotAuthenticated) as caught:
        keys.authenticate(ctx, "klink", token)
    assert caught.value.reason == reason


def test_a_revoked_key_ends_at_once(ctx: Context, owner: Principal) -> None:
    view, token = make(ctx, owner)
    keys.revoke(ctx, view.uid)
    keys.revoke(ctx, str(view.id))  # a second time changes nothing
    with pytest.raises(errors.NotAuthenticated) as caught:
        keys.authenticate(ctx, "klink", token)
    assert caught.value.reason == "revoked"
    assert Audit.select().where(Audit.action == "key.revoke").count() == 1
    with pytest.raises(errors.NotFound):
        keys.revoke(ctx, "999999")


def test_a_key_of_a_disabled_user_is_unknown(ctx: Context, owner: Principal) -> None:
    _, token = make(ctx, owner)
    User.update(is_active=False).execute()
    with pytest.raises(errors.NotAuthenticated):
        keys.authenticate(ctx, "klink", token)


def test_a_user_has_so_many_active_keys_at_most(ctx: Context, owner: Principal) -> None:
    first, _ = make(ctx, owner)
    make(ctx, owner)
    make(ctx, owner)
    with pytest.raises(errors.KeyLimitReached):
        make(ctx, owner)
    keys.revoke(ctx, first.uid)
    assert make(ctx, owner)


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": "a\nb"}, {"scopes": ["admin"]}, {"plan": "gold"}, {"dialect": "x"}],
)
def test_a_key_that_cannot_be_is_refused(
    ctx: Context, owner: Principal, fields: dict[str, object]
) -> None:
    with pytest.raises(errors.ValidationFailed):
        make(ctx, owner, **fields)
    assert ApiKey.select().count() == 0


def test_a_plan_that_left_the_configuration_closes_the_api(world: World, owner: Principal) -> None:
    _, token = make(world.ctx, owner, plan="small")
    plans = {name: plan for name, plan in PLANS.items() if name != "small"}
    settings = replace(world.ctx.settings, plans=plans)
    who = keys.authenticate(replace(world.ctx, settings=settings), "klink", token)
    assert not who.plan.api_access


def test_users_have_roles_and_passwords_are_hashed(ctx: Context, owner: Principal) -> None:
    made = users.create(
        ctx,
        " Ann@Example.org ",
        role="viewer",
        workspace_id=owner.workspace_id,
        password="s3cret-pw",
    )
    assert (made.email, made.roles) == ("ann@example.org", {owner.workspace_id: "viewer"})
    assert str(User.get_by_id(made.id).password_hash).startswith("$argon2id$")
    users.set_password(ctx, "ANN@example.org", "another-pw")
    with pytest.raises(errors.Conflict):
        users.create(ctx, "ann@example.org", role="viewer", workspace_id=owner.workspace_id)
    for email, role, password in (
        ("no-address", "viewer", None),
        ("a@b.example\n", "king", None),
        ("b@example.org", "viewer", "short"),
    ):
        with pytest.raises(errors.ValidationFailed):
            users.create(ctx, email, role=role, workspace_id=owner.workspace_id, password=password)
    with pytest.raises(errors.NotFound):
        users.set_password(ctx, "nobody@example.org", "another-pw")
    assert users.find(None, owner.workspace_id).id == owner.user_id  # the owner comes first


def test_a_later_window_of_time_changes_nothing_for_a_key(world: World, owner: Principal) -> None:
    _, token = make(world.ctx, owner)
    who = keys.authenticate(world.later(timedelta(days=4000)), "klink", token)
    assert who.workspace_id == owner.workspace_id


def test_a_viewers_key_can_only_read_whatever_it_was_made_for(
    ctx: Context, owner: Principal
) -> None:
    viewer = users.create(ctx, "viewer@example.org", role="viewer", workspace_id=owner.workspace_id)
    who = replace(owner, user_id=viewer.id)
    view, token = make(ctx, who)
    assert view.scopes == ("read",)
    with pytest.raises(errors.ValidationFailed):
        make(ctx, who, scopes=["create"])
    ApiKey.update(scopes="read,create,update,delete").execute()
    assert keys.authenticate(ctx, "klink", token).scopes == {"read"}


def test_a_key_ends_with_its_users_membership(
    ctx: Context, owner: Principal, teammate: Principal
) -> None:
    _, token = make(ctx, teammate)
    Membership.delete().where(Membership.user == teammate.user_id).execute()
    with pytest.raises(errors.NotAuthenticated):
        keys.authenticate(ctx, "klink", token)
    with pytest.raises(errors.NotFound):
        make(ctx, teammate)
