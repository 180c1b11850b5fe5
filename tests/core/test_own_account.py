"""What people change of themselves: password and name."""

from __future__ import annotations

import json

import pytest

from klink.core import errors, users
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.models import Audit, User

OLD, NEW = "correct horse", "battery staple"


@pytest.fixture
def me(ctx: Context, owner: Principal) -> int:
    made = users.create(
        ctx,
        "ann@example.org",
        role="editor",
        workspace_id=owner.workspace_id,
        password=OLD,
        name="Ann",
    )
    return made.id


def test_a_password_is_replaced_by_who_knows_it(ctx: Context, me: int) -> None:
    users.change_password(ctx, me, OLD, NEW)
    assert users.knows_password(me, NEW)
    assert not users.knows_password(me, OLD)
    [entry] = Audit.select().where(Audit.action == "user.password")
    assert entry.user_id == me
    assert NEW not in entry.details


@pytest.mark.parametrize(
    "old, new, wrong",
    [("wrong horse", NEW, "old"), ("", NEW, "old"), (OLD, "short", "new"), (OLD, "x" * 129, "new")],
)
def test_a_password_that_cannot_be_changed_stays(
    ctx: Context, me: int, old: str, new: str, wrong: str
) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        users.change_password(ctx, me, old, new)
    assert list(caught.value.errors) == [wrong]
    assert users.knows_password(me, OLD)


def test_who_has_no_password_or_is_disabled_knows_none(
    ctx: Context, me: int, owner: Principal
) -> None:
    assert not users.knows_password(owner.user_id or 0, "")
    with pytest.raises(errors.ValidationFailed):
        users.change_password(ctx, owner.user_id or 0, "", NEW)
    User.update(is_active=False).where(User.id == me).execute()
    assert not users.knows_password(me, OLD)
    assert not users.knows_password(999_999, OLD)


def test_a_name_is_changed_and_taken_away(ctx: Context, me: int) -> None:
    assert users.rename(ctx, me, " Ann B. ").name == "Ann B."
    assert users.rename(ctx, me, "Ann B.").name == "Ann B."  # nothing to tell
    assert users.rename(ctx, me, "").name is None
    told = Audit.select().where(Audit.action == "user.rename").order_by(Audit.id)
    assert [json.loads(entry.details)["name"] for entry in told] == [
        ["Ann", "Ann B."],
        ["Ann B.", None],
    ]
    for wrong in ("a\nb", "x" * 101, "\ud800"):
        with pytest.raises(errors.ValidationFailed):
            users.rename(ctx, me, wrong)


def test_people_are_called_by_their_numbers(ctx: Context, me: int, owner: Principal) -> None:
    found = users.called([me, owner.user_id or 0, 999_999])
    assert {number: each.name for number, each in found.items()} == {
        me: "Ann",
        owner.user_id: "Owner",
    }
