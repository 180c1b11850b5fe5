"""Changing many links at once: each has its own outcome, by the rules of a single change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import (
    Gone,
    InsufficientScope,
    LinkLimitReached,
    NotFound,
    OnlyOperator,
    ValidationFailed,
)
from klink.core.links import LinkView, ManyChange, NewLink, Outcome
from klink.core.links.many import ACTIONS, MAX_MANY
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.db.models import Audit, WorkspaceLinks
from tests.core.conftest import NOW, World


@pytest.fixture
def three(ctx: Context, owner: Principal) -> list[LinkView]:
    return [
        links.create(ctx, owner, NewLink(url="https://a.example/", slug=f"l{i}", tags=tags)).link
        for i, tags in enumerate([(), ("red",), ("red", "blue")])
    ]


Do = Callable[..., list[Outcome]]


@pytest.fixture
def do(ctx: Context, owner: Principal, three: list[LinkView]) -> Do:
    """The same with all three."""

    def change(action: str, **fields: object) -> list[Outcome]:
        wanted = ManyChange(action=action, **fields)  # type: ignore[arg-type]  # of its fields
        return links.change_many(ctx, owner, [link.uid for link in three], wanted)

    return change


def changed(outcomes: list[Outcome]) -> list[bool]:
    assert [each.refused for each in outcomes] == [None] * len(outcomes)
    return [each.is_changed for each in outcomes]


def shown(ctx: Context, owner: Principal, three: list[LinkView]) -> list[LinkView]:
    return [links.get(ctx, owner, link.uid) for link in three]


def counts() -> tuple[int, int]:
    row = WorkspaceLinks.get()
    return row.living, row.enabled


def test_links_are_disabled_and_enabled_again(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    assert changed(do("disable")) == [True] * 3
    assert [x.is_active for x in shown(ctx, owner, three)] == [False] * 3
    assert counts() == (3, 0)
    assert changed(do("disable")) == [False] * 3  # they are like that already
    assert changed(do("enable")) == [True] * 3
    assert counts() == (3, 3)


def test_tags_are_added_to_those_that_lack_them(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    assert changed(do("tag", tags=(" red ", "blue"))) == [True, True, False]
    assert [x.tags for x in shown(ctx, owner, three)] == [("blue", "red")] * 3


def test_tags_are_taken_off_and_the_others_stay(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    assert changed(do("untag", tags=("red", "unheard-of"))) == [False, True, True]
    assert [x.tags for x in shown(ctx, owner, three)] == [(), (), ("blue",)]


def test_links_get_an_expiry_and_lose_it(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    soon = NOW + timedelta(days=1)
    assert changed(do("expire", expires_at=soon)) == [True] * 3
    assert [x.expires_at for x in shown(ctx, owner, three)] == [soon] * 3
    assert changed(do("expire")) == [True] * 3
    assert [x.expires_at for x in shown(ctx, owner, three)] == [None] * 3
    assert changed(do("expire")) == [False] * 3


def test_links_go_into_the_trash_and_come_back(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    assert changed(do("trash")) == [True] * 3
    assert counts() == (0, 0)
    again = do("trash")
    assert [type(each.refused) for each in again] == [Gone] * 3
    assert [each.link.slug for each in again if each.link] == ["l0", "l1", "l2"]
    assert changed(do("restore")) == [True] * 3
    assert changed(do("restore")) == [False] * 3
    assert counts() == (3, 3)


def test_links_are_purged_and_what_they_were_is_told(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    outcomes = do("purge")
    assert changed(outcomes) == [True] * 3
    assert [each.link and each.link.slug for each in outcomes] == ["l0", "l1", "l2"]
    with pytest.raises(NotFound):
        links.get(ctx, owner, three[0].uid)
    assert counts() == (0, 0)
    assert [type(each.refused) for each in do("purge")] == [NotFound] * 3


def test_each_change_is_in_the_audit_log_and_told_to_caches(world: World, do: Do) -> None:
    Audit.delete().execute()
    world.announced.clear()
    do("disable")
    assert [row.action for row in Audit.select()] == ["link.update"] * 3
    assert [each.slug for each in world.announced] == ["l0", "l1", "l2"]


def test_what_is_refused_of_one_stops_no_other(
    ctx: Context, owner: Principal, stranger: Principal, three: list[LinkView]
) -> None:
    theirs = links.create(ctx, stranger, NewLink(url="https://x.example/")).link
    links.trash(ctx, owner, three[1].uid)
    wanted = [three[2].uid, theirs.uid, three[1].uid, "no\0such", three[0].uid.upper()]
    outcomes = links.change_many(ctx, owner, wanted, ManyChange(action="disable"))
    assert [each.uid for each in outcomes] == wanted
    assert [each.is_changed for each in outcomes] == [True, False, False, False, True]
    refused = [type(each.refused) for each in outcomes if each.refused]
    assert refused == [NotFound, Gone, NotFound]
    assert links.get(ctx, stranger, theirs.uid).is_active


def test_the_plan_allows_as_many_as_it_does(
    ctx: Context, owner: Principal, three: list[LinkView], do: Do
) -> None:
    do("disable")
    capped = replace(owner, plan=Plan("two", max_links=2))
    uids = [link.uid for link in three]
    outcomes = links.change_many(ctx, capped, uids, ManyChange(action="enable"))
    assert [each.is_changed for each in outcomes] == [True, True, False]
    assert isinstance(outcomes[2].refused, LinkLimitReached)
    assert counts() == (3, 2)


def test_what_the_operator_holds_in_quarantine_is_not_purged(
    ctx: Context, owner: Principal, operator: Principal, three: list[LinkView], do: Do
) -> None:
    links.quarantine(ctx, operator, three[0].uid, "phishing")
    outcomes = do("purge")
    assert [each.is_changed for each in outcomes] == [False, True, True]
    assert isinstance(outcomes[0].refused, OnlyOperator)


def test_a_link_with_too_many_tags_is_told_apart(
    ctx: Context, owner: Principal, three: list[LinkView]
) -> None:
    full = tuple(f"t{i}" for i in range(50))
    made = links.create(ctx, owner, NewLink(url="https://a.example/", tags=full)).link
    wanted = ManyChange(action="tag", tags=("one-more",))
    outcomes = links.change_many(ctx, owner, [made.uid, three[0].uid], wanted)
    assert isinstance(outcomes[0].refused, ValidationFailed)
    assert [each.is_changed for each in outcomes] == [False, True]


def test_more_than_one_transaction_holds_them_all(ctx: Context, owner: Principal) -> None:
    new = [NewLink(url="https://a.example/", slug=f"m{i}") for i in range(MAX_MANY)]
    links.create_many(ctx, owner, new, atomic=False)
    uids = [x.uid for x in links.search(ctx, owner, links.LinkQuery(limit=MAX_MANY)).items]
    outcomes = links.change_many(ctx, owner, uids + uids[:9], ManyChange(action="trash"))
    assert [each.uid for each in outcomes] == uids
    assert changed(outcomes) == [True] * MAX_MANY


@pytest.mark.parametrize(
    "action, fields, field",
    [
        ("explode", {}, "action"),
        ("tag", {}, "tags"),
        ("untag", {"tags": ("",)}, "tags"),
        ("tag", {"tags": ("x" * 51,)}, "tags"),
        ("expire", {"expires_at": NOW}, "expires_at"),
    ],
)
def test_what_no_link_could_have_is_refused_at_once(
    do: Do, action: str, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        do(action, **fields)
    assert refused.value.errors.keys() == {field}


def test_none_and_too_many_are_refused(ctx: Context, owner: Principal) -> None:
    for uids in ([], [f"{i}" for i in range(MAX_MANY + 1)]):
        with pytest.raises(ValidationFailed) as refused:
            links.change_many(ctx, owner, uids, ManyChange(action="trash"))
        assert refused.value.errors.keys() == {"ids"}


@pytest.mark.parametrize("action", ACTIONS)
def test_who_may_only_read_changes_nothing(
    ctx: Context, owner: Principal, three: list[LinkView], action: str
) -> None:
    viewer = replace(owner, scopes=frozenset({"read", "create"}))
    wanted = ManyChange(action=action, tags=("x",))
    with pytest.raises(InsufficientScope):
        links.change_many(ctx, viewer, [three[0].uid], wanted)
