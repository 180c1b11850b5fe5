from __future__ import annotations

from datetime import timedelta

import pytest

from klink.core import sessions, users, workspaces
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.db.models import Membership, Session, User


@pytest.fixture
def home(ctx: Context) -> int:
    workspaces.ensure_first(ctx)
    return workspaces.find(None).id


@pytest.fixture
def ann(ctx: Context, home: int) -> int:
    return users.create(ctx, "ann@example.org", role="editor", workspace_id=home).id


def opened(ctx: Context, user_id: int, **more: int) -> str:
    return sessions.open_for(ctx, user_id, net="203.0.113.0/24", agent="Firefox on Linux", **more)


def at(ctx: Context, later: timedelta) -> Context:
    return Context(ctx.now + later, ctx.settings)


def test_a_session_says_who_is_signed_in_and_what_they_may_do(ctx: Context, ann: int, home: int):
    found = sessions.find(ctx, opened(ctx, ann))
    assert found is not None
    assert (found.user.email, found.workspace.id, found.role) == ("ann@example.org", home, "editor")
    who = found.principal(ctx)
    assert (who.workspace_id, who.user_id, who.key_id, who.dialect) == (home, ann, None, "admin")
    assert not who.is_operator
    assert not found.is_operator


def test_the_token_is_not_kept(ctx: Context, ann: int):
    token = opened(ctx, ann)
    assert token not in str(list(Session.select().dicts()))


@pytest.mark.parametrize("token", ["", "x", "a\0b", "\ud800", "é" * 50, "x" * 10_000])
def test_what_is_no_token_is_nobodys(ctx: Context, ann: int, token: str):
    opened(ctx, ann)
    assert sessions.find(ctx, token) is None


def test_a_session_ends_when_it_is_not_used(ctx: Context, ann: int):
    token = opened(ctx, ann)
    later = at(ctx, sessions.IDLE - timedelta(seconds=1))
    assert sessions.find(later, token)  # and is used by that
    assert sessions.find(at(later, sessions.IDLE - timedelta(seconds=1)), token)
    assert sessions.find(at(later, 2 * sessions.IDLE), token) is None


def test_a_session_ends_however_much_it_is_used(ctx: Context, ann: int):
    token, now = opened(ctx, ann), ctx
    while now.now - ctx.now < sessions.LONGEST - timedelta(days=10):
        now = at(now, timedelta(days=10))
        assert sessions.find(now, token)
    assert sessions.find(at(ctx, sessions.LONGEST), token) is None


def test_a_user_who_is_not_active_is_signed_out(ctx: Context, ann: int):
    token = opened(ctx, ann)
    User.update(is_active=False).where(User.id == ann).execute()
    assert sessions.find(ctx, token) is None
    with pytest.raises(NotFound):
        opened(ctx, ann)


def test_a_role_that_changes_counts_at_once(ctx: Context, ann: int):
    token = opened(ctx, ann)
    Membership.update(role="viewer").where(Membership.user == ann).execute()
    found = sessions.find(ctx, token)
    assert found is not None
    assert found.principal(ctx).scopes == {"read"}


def test_who_leaves_a_workspace_finds_themselves_in_another(ctx: Context, ann: int, home: int):
    other = workspaces.create(ctx, "Other")
    Membership.create(user=ann, workspace=other.id, role="viewer", created_at=ctx.now)
    token = opened(ctx, ann, workspace_id=other.id)
    found = sessions.find(ctx, token)
    assert found is not None
    assert found.workspace.id == other.id
    Membership.delete().where(Membership.user == ann, Membership.workspace == other.id).execute()
    found = sessions.find(ctx, token)
    assert found is not None
    assert (found.workspace.id, found.role) == (home, "editor")
    Membership.delete().where(Membership.user == ann).execute()
    assert sessions.find(ctx, token) is None


def test_one_looks_at_ones_own_workspaces_only(ctx: Context, ann: int):
    other = workspaces.create(ctx, "Other")
    token = opened(ctx, ann)
    found = sessions.find(ctx, token)
    assert found is not None
    with pytest.raises(NotFound):
        sessions.switch(ctx, found, other.id)
    Membership.create(user=ann, workspace=other.id, role="viewer", created_at=ctx.now)
    sessions.switch(ctx, found, other.id)
    found = sessions.find(ctx, token)
    assert found is not None
    assert (found.workspace.id, found.role) == (other.id, "viewer")


def test_sessions_are_listed_and_ended(ctx: Context, ann: int, home: int):
    bob = users.create(ctx, "bob@example.org", role="owner", workspace_id=home).id
    mine, another, bobs = opened(ctx, ann), opened(ctx, ann), opened(ctx, bob)
    listed = sessions.of_user(ctx, ann)
    assert {each.agent for each in listed} == {"Firefox on Linux"}
    assert len(listed) == 2
    found = sessions.find(ctx, bobs)
    assert found is not None
    with pytest.raises(NotFound):  # another's
        sessions.end(ctx, ann, found.session.id)
    keep = sessions.find(ctx, mine)
    assert keep is not None
    assert sessions.end_others(ctx, ann, keep.session.id) == 1
    assert sessions.find(ctx, another) is None
    assert sessions.find(ctx, mine)
    assert sessions.end_all(ctx, ann) == 1
    assert sessions.find(ctx, mine) is None
    assert sessions.find(ctx, bobs)


def test_a_user_has_a_bounded_number_of_sessions(ctx: Context, ann: int):
    first = opened(ctx, ann)
    for i in range(60):
        opened(at(ctx, timedelta(seconds=i + 1)), ann)
    assert Session.select().count() == 50
    assert sessions.find(ctx, first) is None


def test_old_sessions_are_pruned(ctx: Context, ann: int):
    opened(ctx, ann)
    assert sessions.prune(ctx.now + sessions.IDLE - timedelta(seconds=1)) == 0
    assert sessions.prune(ctx.now + sessions.IDLE) == 1
    assert Session.select().count() == 0


def test_the_first_workspaces_owners_run_the_server(ctx: Context, home: int):
    eve = users.create(ctx, "eve@example.org", role="admin", workspace_id=home).id
    owner = users.find(None, home).id
    other = workspaces.create(ctx, "Other")
    ned = users.create(ctx, "ned@example.org", role="owner", workspace_id=other.id).id
    says = [sessions.find(ctx, opened(ctx, each)) for each in (owner, eve, ned)]
    assert [each and each.is_operator for each in says] == [True, False, False]
