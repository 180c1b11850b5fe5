"""What a browser keeps of somebody who signed in with it, and when that is worth anything."""

from __future__ import annotations

import pytest

from klink.core import known_browsers, users
from klink.core.context import Context
from klink.core.principal import Principal

SECRET = b"s" * 32
EMAIL = "ann@example.org"


@pytest.fixture
def ann(ctx: Context, owner: Principal) -> int:
    made = users.create(
        ctx, EMAIL, role="editor", workspace_id=owner.workspace_id, password="correct horse"
    )
    return made.id


def test_each_browser_has_a_name_of_its_own(ann: int) -> None:
    first, second = (known_browsers.remember(SECRET, ann) for _ in range(2))
    names = [known_browsers.name(SECRET, kept, ann) for kept in (first, second, first)]
    assert names[0] == names[2] != names[1]
    assert all(names)


def test_it_is_of_one_user_and_one_server(ann: int, teammate: Principal) -> None:
    kept = known_browsers.remember(SECRET, ann)
    assert known_browsers.name(SECRET, kept, teammate.user_id or 0) == ""
    assert known_browsers.name(b"t" * 32, kept, ann) == ""


def test_with_another_password_it_is_worthless(ctx: Context, ann: int) -> None:
    kept = known_browsers.remember(SECRET, ann)
    users.set_password(ctx, EMAIL, "another horse")
    assert known_browsers.name(SECRET, kept, ann) == ""


@pytest.mark.parametrize("kept", ["", ".", "x", "\ud800", "é", "a.b.c", "x" * 5_000])
def test_anything_else_is_nobodys(ann: int, kept: str) -> None:
    assert known_browsers.name(SECRET, kept, ann) == ""


@pytest.mark.parametrize("more", ["x", ".x", "\ud800", "é"])
def test_one_that_was_changed_is_nobodys(ann: int, more: str) -> None:
    kept = known_browsers.remember(SECRET, ann)
    assert known_browsers.name(SECRET, kept + more, ann) == ""
    assert known_browsers.name(SECRET, more + kept, ann) == ""
