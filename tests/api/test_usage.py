"""What is used of the plans, over the API."""

from __future__ import annotations

from klink.api.people_schemas import Usage
from klink.core import workspaces
from klink.core.context import Context
from tests.api.conftest import MakeKey, Person, World
from tests.api.problems import assert_problem


def test_an_unlimited_key_sees_what_it_uses(owner: Person) -> None:
    owner.link()
    found = owner.get("usage").json
    assert Usage().validate(found) == {}
    assert found["workspace"] == {
        "plan": None,
        "requests": {
            "month": {"used": 2, "limit": None, "left": None, "resets_at": "2026-04-01T00:00:00Z"}
        },
        "links": {"used": 1, "limit": None, "left": None},
    }
    assert found["key"]["plan"]["name"] == "unlimited"
    assert {name: each["used"] for name, each in found["key"]["requests"].items()} == {
        "minute": 2,
        "hour": 2,
        "month": 2,
    }


def test_a_key_sees_what_is_left_by_the_tighter_plan(
    ctx: Context, owner: Person, owner_with: MakeKey, world: World
) -> None:
    small = owner_with(plan="small")
    workspaces.set_plan(ctx, owner.workspace_id, "monthly")
    owner.get("me")
    found = small.get("usage").json
    assert Usage().validate(found) == {}
    assert found["workspace"]["plan"]["name"] == "monthly"
    assert found["workspace"]["requests"]["month"] == {
        "used": 2,
        "limit": 3,
        "left": 1,
        "resets_at": "2026-04-01T00:00:00Z",
    }
    assert found["key"]["requests"] == {
        "minute": {"used": 1, "limit": 3, "left": 2, "resets_at": "2026-03-14T15:10:00Z"},
        "hour": {"used": 1, "limit": 5, "left": 4, "resets_at": "2026-03-14T16:00:00Z"},
        "month": found["workspace"]["requests"]["month"],
    }


def test_links_are_held_against_the_plan(owner: Person, owner_with: MakeKey) -> None:
    two = owner_with(plan="two-links")
    two.link()
    assert two.get("usage").json["key"]["links"] == {"used": 1, "limit": 2, "left": 1}
    owner.link()
    owner.link()
    assert two.get("usage").json["key"]["links"] == {"used": 3, "limit": 2, "left": 0}


def test_usage_takes_a_key_that_may_read(owner: Person, owner_with: MakeKey) -> None:
    assert_problem(owner_with(scopes=["create"]).get("usage"), 403, "insufficient_scope")
    assert owner_with(scopes=["read"]).get("usage").status_code == 200
