"""Keys as people have them: whose they see and end, and that a key makes no better one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from klink.core import errors, key_ring, keys, members, users
from klink.core.context import Context
from klink.core.plans import UNLIMITED, Plan
from klink.core.principal import SCOPES, Principal
from klink.db.models import ApiKey, Audit
from tests.core.conftest import PLANS


@pytest.fixture
def viewer(ctx: Context, owner: Principal) -> Principal:
    user = users.create(ctx, "viewer@example.org", role="viewer", workspace_id=owner.workspace_id)
    only_read = frozenset({"read"})
    return Principal(owner.workspace_id, user.id, None, "admin", only_read, role="viewer")


def a_key(who: Principal, scopes: Sequence[str] = SCOPES, plan: Plan = UNLIMITED) -> Principal:
    """The same person, asking by a key."""
    return replace(who, key_id=77, scopes=frozenset(scopes), plan=plan)


def test_whoever_makes_a_key_stands_in_the_audit(ctx: Context, owner: Principal) -> None:
    made, token = key_ring.make(ctx, owner, name="ci", scopes=["read"], plan="small")
    assert keys.authenticate(ctx, "klink", token).scopes == {"read"}
    assert (made.user.email, made.key.plan, made.plan) == (
        "owner@localhost",
        "small",
        PLANS["small"],
    )
    [entry] = Audit.select().where(Audit.action == "key.create")
    assert (entry.user_id, entry.workspace_id) == (owner.user_id, owner.workspace_id)
    assert json.loads(entry.details)["plan"] == "small"
    key_ring.revoke(ctx, owner, made.key.uid)
    [entry] = Audit.select().where(Audit.action == "key.revoke")
    assert entry.user_id == owner.user_id


def test_owners_see_all_keys_and_others_their_own(
    ctx: Context, owner: Principal, teammate: Principal, stranger: Principal
) -> None:
    mine, _ = key_ring.make(ctx, owner, name="mine")
    theirs, _ = key_ring.make(ctx, teammate, name="theirs")
    away, _ = key_ring.make(ctx, stranger, name="away")

    def names(who: Principal) -> list[str]:
        return [each.key.name for each in key_ring.search(ctx, who).items]

    assert names(owner) == ["theirs", "mine"]
    assert names(teammate) == ["theirs"]
    assert names(stranger) == ["away"]
    assert key_ring.get(ctx, owner, theirs.key.uid) == theirs
    for uid in (mine.key.uid, away.key.uid, "x", "\0"):
        with pytest.raises(errors.NotFound):
            key_ring.get(ctx, teammate, uid)
        with pytest.raises(errors.NotFound):
            key_ring.revoke(ctx, teammate, uid)
    assert key_ring.revoke(ctx, owner, theirs.key.uid).key.revoked_at == ctx.now
    assert key_ring.revoke(ctx, owner, theirs.key.uid).key.revoked_at == ctx.now
    active = key_ring.search(ctx, owner, revoked=False).items
    assert [each.key.name for each in active] == ["mine"]


def test_the_keys_come_in_pages(ctx: Context, owner: Principal) -> None:
    for name in ("a", "b", "c"):
        key_ring.make(ctx, owner, name=name)
    first = key_ring.search(ctx, owner, limit=2)
    second = key_ring.search(ctx, owner, limit=2, cursor=first.next_cursor)
    assert [each.key.name for each in first.items + second.items] == ["c", "b", "a"]
    assert second.next_cursor is None
    with pytest.raises(errors.ValidationFailed):
        key_ring.search(ctx, owner, cursor="x")


def test_a_key_needs_the_scope_to_make_one_and_makes_none_with_more(
    ctx: Context, owner: Principal
) -> None:
    for scopes in (["read"], ["read", "update", "delete"]):
        with pytest.raises(errors.InsufficientScope):
            key_ring.make(ctx, a_key(owner, scopes), name="x")
    maker = a_key(owner, ["read", "create"])
    made, _ = key_ring.make(ctx, maker, name="x")
    assert made.key.scopes == ("read", "create")
    with pytest.raises(errors.ValidationFailed) as caught:
        key_ring.make(ctx, maker, name="x", scopes=["read", "delete"])
    assert list(caught.value.errors) == ["scopes"]
    with pytest.raises(errors.InsufficientScope):
        key_ring.revoke(ctx, maker, made.key.uid)
    assert ApiKey.select().count() == 1


def test_a_key_makes_none_with_a_better_plan(ctx: Context, owner: Principal) -> None:
    maker = a_key(owner, plan=PLANS["small"])
    assert key_ring.make(ctx, maker, name="x")[0].key.plan == "small"
    assert key_ring.make(ctx, maker, name="x", plan="closed")[0].key.plan == "closed"
    with pytest.raises(errors.ValidationFailed) as caught:
        key_ring.make(ctx, maker, name="x", plan="unlimited")
    assert list(caught.value.errors) == ["plan"]
    assert key_ring.make(ctx, a_key(owner), name="x")[0].key.plan is None


@pytest.mark.parametrize(
    "plan, other, is_less",
    [
        (Plan("a"), Plan("b"), True),
        (Plan("a", 5), Plan("b"), True),
        (Plan("a"), Plan("b", 5), False),
        (Plan("a", 5), Plan("b", 5), True),
        (Plan("a", 6), Plan("b", 5), False),
        (Plan("a", 1, max_links=9), Plan("b", 2, max_links=8), False),
        (Plan("a"), Plan("b", api_access=False), False),
        (Plan("a", api_access=False), Plan("b", api_access=False), True),
    ],
)
def test_plans_are_compared_limit_by_limit(plan: Plan, other: Plan, is_less: bool) -> None:
    assert plan.allows_no_more_than(other) is is_less


def test_only_managers_choose_a_plan(ctx: Context, teammate: Principal) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        key_ring.make(ctx, teammate, name="x", plan="small")
    assert list(caught.value.errors) == ["plan"]
    assert key_ring.make(ctx, teammate, name="x")[0].key.plan is None


def test_a_viewer_may_have_a_key_to_read(ctx: Context, viewer: Principal) -> None:
    assert key_ring.make(ctx, viewer, name="x")[0].key.scopes == ("read",)
    with pytest.raises(errors.ValidationFailed):
        key_ring.make(ctx, viewer, name="x", scopes=["create"])


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"scopes": ["admin"]}, {"dialect": "x"}, {"plan": "gold"}],
)
def test_a_key_that_cannot_be_says_where(
    ctx: Context, owner: Principal, fields: dict[str, str]
) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        key_ring.make(ctx, owner, **({"name": "x"} | fields))
    assert list(caught.value.errors) == list(fields)


@pytest.mark.parametrize("dialect", list(keys.FORMATS))
def test_a_key_says_what_it_is_good_for(ctx: Context, owner: Principal, dialect: str) -> None:
    made, token = key_ring.make(ctx, owner, name="x", dialect=dialect, scopes=["read"])
    tried = key_ring.try_out(ctx, f" {token}\n")
    assert (tried.state, tried.dialect, tried.key) == ("works", dialect, made)
    assert tried.principal is not None
    assert tried.principal.scopes == {"read"}
    key_ring.revoke(ctx, owner, made.key.uid)
    tried = key_ring.try_out(ctx, token)
    assert (tried.state, tried.principal) == ("revoked", None)
    assert tried.key is not None
    other = token[:-1] + ("0" if token[-1] != "0" else "1")
    tried = key_ring.try_out(ctx, other)
    assert (tried.state, tried.dialect, tried.key) == ("unknown", dialect, None)


@pytest.mark.parametrize("text", ["", " ", "sk_live_123", "\0", "é", "x" * 100_000])
def test_what_looks_like_no_key_is_none(ctx: Context, owner: Principal, text: str) -> None:
    assert key_ring.try_out(ctx, text).state == "no_key"


def test_a_key_of_a_viewer_who_was_an_editor_may_only_read(
    ctx: Context, owner: Principal, teammate: Principal
) -> None:
    _, token = key_ring.make(ctx, teammate, name="x")
    members.change_role(ctx, owner, users.get(teammate.user_id or 0).uid, "viewer")
    tried = key_ring.try_out(ctx, token)
    assert tried.principal is not None
    assert tried.principal.scopes == {"read"}
