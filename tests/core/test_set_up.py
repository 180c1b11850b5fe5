from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from klink.core import set_up, users, workspaces
from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.set_up import SetUpOver
from klink.db.models import Meta, User
from tests.dialects.house import at_once

PASSWORD = "correct horse battery"


@pytest.fixture
def fresh(ctx: Context) -> Context:
    workspaces.ensure_first(ctx)
    return ctx


def done(ctx: Context, token: str, email: str = "ann@example.org") -> users.UserView:
    return set_up.complete(ctx, token, email=email, password=PASSWORD)


def test_the_link_makes_the_first_owner(fresh: Context):
    token = set_up.offer(fresh)
    assert token
    set_up.check(fresh, token)
    owner = done(fresh, token, " Ann@Example.org ")
    home = workspaces.find(None)
    assert (owner.email, owner.roles) == ("ann@example.org", {home.id: "owner"})
    assert [each.email for each in users.all_of_them()] == ["ann@example.org"]


def test_the_link_works_once(fresh: Context):
    token = set_up.offer(fresh) or ""
    done(fresh, token)
    with pytest.raises(SetUpOver):
        done(fresh, token)
    assert set_up.offer(fresh) is None


def test_the_link_works_for_an_hour(fresh: Context):
    token = set_up.offer(fresh) or ""
    set_up.check(Context(fresh.now + timedelta(minutes=59), fresh.settings), token)
    with pytest.raises(SetUpOver):
        set_up.check(Context(fresh.now + timedelta(hours=1), fresh.settings), token)


def test_a_new_link_ends_the_one_before(fresh: Context):
    old = set_up.offer(fresh) or ""
    new = set_up.offer(fresh) or ""
    with pytest.raises(SetUpOver):
        set_up.check(fresh, old)
    set_up.check(fresh, new)


def test_the_link_is_void_once_somebody_has_a_password(fresh: Context):
    token = set_up.offer(fresh) or ""
    users.create(fresh, "bob@example.org", role="viewer", workspace_id=1, password=PASSWORD)
    with pytest.raises(SetUpOver):
        done(fresh, token)


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "x" * 10_000])
def test_what_is_no_token_does_nothing(fresh: Context, token: str):
    with pytest.raises(SetUpOver):
        done(fresh, token)  # none was offered
    set_up.offer(fresh)
    with pytest.raises(SetUpOver):
        done(fresh, token)


def test_a_mistake_does_not_use_the_link_up(fresh: Context):
    token = set_up.offer(fresh) or ""
    for email, password in (("nobody", PASSWORD), ("ann@example.org", "short")):
        with pytest.raises(ValidationFailed):
            set_up.complete(fresh, token, email=email, password=password)
    done(fresh, token)


def test_an_address_that_somebody_has_is_refused(fresh: Context):
    users.create(fresh, "bob@example.org", role="viewer", workspace_id=1)
    token = set_up.offer(fresh) or ""
    with pytest.raises(ValidationFailed) as refused:
        done(fresh, token, "bob@example.org")
    assert "email" in refused.value.errors


def test_the_token_is_not_kept(fresh: Context):
    token = set_up.offer(fresh) or ""
    assert token not in str(list(Meta.select().dicts()))


def test_of_two_browsers_one_is_the_owner(fresh: Context):
    token = set_up.offer(fresh) or ""
    outcomes = at_once([partial(done, fresh, token, f"p{i}@example.org") for i in range(4)])
    made = [each for each in outcomes if isinstance(each, users.UserView)]
    assert len(made) == 1, outcomes
    assert User.select().where(User.password_hash.is_null(False)).count() == 1
