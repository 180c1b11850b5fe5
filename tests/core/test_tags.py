"""The tags of a workspace: counted, renamed, deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import InsufficientScope, NotFound, ValidationFailed
from klink.core.links import (
    LinkPatch,
    LinkQuery,
    LinkView,
    NewLink,
    NewRule,
    NewVariant,
    Utm,
    versions,
)
from klink.core.principal import Principal
from klink.db.connection import read, write
from klink.db.models import Audit, LinkVersion
from tests.core.conftest import World


def made(ctx: Context, who: Principal, *tags: str) -> LinkView:
    return links.create(ctx, who, NewLink(url="https://example.com/", tags=tags)).link


def counted(who: Principal) -> dict[str, tuple[int, int]]:
    return {each.tag: (each.links, each.trashed) for each in links.tags(who).items}


def test_tags_are_listed_with_how_many_links_have_them(
    ctx: Context, owner: Principal, stranger: Principal
):
    assert links.tags(owner).items == []
    made(ctx, owner, "b", "a")
    gone = made(ctx, owner, "b", "only here")
    made(ctx, stranger, "a", "theirs")
    links.trash(ctx, owner, gone.uid)
    assert counted(owner) == {"a": (1, 0), "b": (1, 1), "only here": (0, 1)}


def test_tags_are_listed_a_page_at_a_time(ctx: Context, owner: Principal):
    names = [f"t{number}" for number in range(5)] + ["über/den?wolken", "日本"]
    made(ctx, owner, *names)
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        page = links.tags(owner, cursor=cursor, limit=3)
        seen += [each.tag for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(names)
    assert len(seen) == len(names)


WRONG: list[dict[str, Any]] = [
    {"limit": 0},
    {"limit": 1001},
    *({"cursor": cursor} for cursor in ("", "?", "ä", "AA", "a" * 500, "_____w", "YQ==")),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_limit_or_cursor_that_cannot_be_is_refused(owner: Principal, wrong: dict[str, Any]):
    with pytest.raises(ValidationFailed):
        links.tags(owner, **wrong)


def test_a_renamed_tag_is_another_on_all_its_links_and_each_tells_it(
    world: World, owner: Principal, teammate: Principal
):
    ctx = world.ctx
    one, other, third = (
        made(ctx, owner, "spring"),
        made(ctx, owner, "spring", "x"),
        made(ctx, owner),
    )
    links.trash(ctx, owner, other.uid)
    later = world.later(timedelta(hours=1))
    assert links.rename_tag(later, teammate, "spring", " summer ") == 2
    assert counted(owner) == {"summer": (1, 1), "x": (0, 1)}
    now = links.get(later, owner, one.uid)
    assert (now.tags, now.version, now.updated_at) == (("summer",), 2, later.now)
    assert links.get(later, owner, third.uid).version == 1
    changed, created = links.history(later, owner, one.uid).items
    assert (changed.words, changed.email) == ("tag renamed", "teammate@example.org")
    assert changed.changes == {"tags": (["spring"], ["summer"])}
    assert (changed.version, created.version) == (2, 1)
    assert links.history(later, owner, other.uid).items[0].changes == {
        "tags": (["spring", "x"], ["summer", "x"])
    }
    found = links.search(later, owner, LinkQuery(tag="summer")).items
    assert [link.uid for link in found] == [one.uid]


def test_a_tag_renamed_to_one_that_is_there_becomes_the_same(ctx: Context, owner: Principal):
    both, one, other = made(ctx, owner, "a", "b"), made(ctx, owner, "a"), made(ctx, owner, "b")
    assert links.rename_tag(ctx, owner, "a", "b") == 2
    assert counted(owner) == {"b": (3, 0)}
    assert [links.get(ctx, owner, each.uid).version for each in (both, one, other)] == [2, 2, 1]


def test_a_deleted_tag_is_on_no_link_and_can_be_brought_back_by_a_links_history(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner, "a", "b")
    assert links.delete_tag(ctx, owner, "a") == 1
    assert links.get(ctx, owner, link.uid).tags == ("b",)
    assert links.history(ctx, owner, link.uid).items[0].words == "tag deleted"
    assert links.restore_version(ctx, owner, link.uid, 1).tags == ("a", "b")


def test_a_tag_of_very_many_links_is_changed_a_few_at_a_time(ctx: Context, owner: Principal):
    many = [NewLink(url="https://example.com/", tags=("a",))] * 450
    links.create_many(ctx, owner, many, atomic=True)
    assert links.rename_tag(ctx, owner, "a", "b") == 450
    assert counted(owner) == {"b": (450, 0)}
    with read():
        assert LinkVersion.select().count() == 900
        entries = list(Audit.select().where(Audit.subject == "tag:a"))
    assert [entry.action for entry in entries] == ["tag.rename"]


SPLIT = (NewVariant("b", "https://b.example/", 30), NewVariant("a", "https://a.example/ü", 70))
EVERYTHING: dict[str, dict[str, Any]] = {
    "plain": {"url": "https://example.com/"},
    "written": {
        "url": "https://example.com/",
        "title": "Größe",
        "description": "…",
        "utm": Utm("news", "e-mail", None, "x", ""),
        "forward_query": True,
        "redirect_status": 301,
        "is_active": False,
    },
    "limited": {
        "url": "https://example.com/",
        "password": "correct horse battery",
        "max_clicks": 5,
        "expired_url": "https://example.com/over",
        "failover_url": "https://example.com/other",
    },
    "split": {
        "variants": SPLIT,
        "auto_winner": True,
        "winner_threshold": 250,
        "conversion_tracking": True,
        "conversion_redirect_url": "https://example.com/thanks",
    },
    "rules": {
        "variants": SPLIT,
        "rules": (NewRule({"device": ["mobile"]}, "b"), NewRule({"country": ["DE", "AT"]}, "a")),
        "default": "b",
    },
}


@pytest.mark.parametrize("fields", EVERYTHING.values(), ids=EVERYTHING)
@pytest.mark.parametrize("begin", ["new", "changed", "unknown", "told otherwise", "quarantined"])
def test_a_link_whose_tag_changed_is_kept_whole(
    world: World, owner: Principal, fields: dict[str, Any], begin: str
):
    ctx = world.ctx
    times = {"starts_at": ctx.now, "expires_at": ctx.now + timedelta(days=9)}
    given = {"tags": ("spring", "ä", "z"), **times, **fields}
    link = links.create(ctx, owner, NewLink(**given)).link
    if begin == "quarantined":
        link = links.quarantine(ctx, owner, link.uid, "bait")
    elif begin != "new":
        link = links.update(ctx, owner, link.uid, LinkPatch(title="another"))
    with write():
        if begin == "unknown":
            LinkVersion.delete().execute()
        if begin == "told otherwise":
            LinkVersion.delete().where(LinkVersion.version == 2).execute()
    later = world.later(timedelta(hours=1))
    links.rename_tag(later, owner, "spring", "summer")
    now = links.get(later, owner, link.uid)
    assert (now.tags, now.version) == (("summer", "z", "ä"), link.version + 1)
    with read():
        *_, was, new = LinkVersion.select().order_by(LinkVersion.version)
    since = versions.unpacked(new.snapshot)["password"]
    assert (since is not None) == now.password_protected
    assert versions.unpacked(was.snapshot) == versions.snapshot(link, since)
    assert versions.unpacked(new.snapshot) == versions.snapshot(now, since)
    assert (was.version, new.version) == (link.version, now.version)
    found = links.history(later, owner, link.uid).items
    assert found[0].changes == {"tags": (["spring", "z", "ä"], ["summer", "z", "ä"])}
    if begin == "unknown":
        assert (was.action, was.at, was.user_id) == (versions.FOUND, link.updated_at, None)
    elif begin == "new":
        assert (was.action, was.at, was.user_id) == ("link.create", ctx.now, owner.user_id)


def test_the_changes_after_a_tags_are_told_from_there(ctx: Context, owner: Principal):
    link = made(ctx, owner, "a")
    links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    links.rename_tag(ctx, owner, "a", "b")
    links.update(ctx, owner, link.uid, LinkPatch(title="y"))
    found = links.history(ctx, owner, link.uid).items
    assert [(each.version, sorted(each.changes)) for each in found] == [
        (4, ["title"]),
        (3, ["tags"]),
        (2, ["title"]),
        (1, []),
    ]


def test_a_tag_that_no_link_of_the_workspace_has_is_not_found(
    ctx: Context, owner: Principal, stranger: Principal
):
    made(ctx, stranger, "theirs")
    with pytest.raises(NotFound, match="no such tag"):
        links.rename_tag(ctx, owner, "theirs", "mine")
    with pytest.raises(NotFound, match="no such tag"):
        links.delete_tag(ctx, owner, "theirs")
    assert counted(stranger) == {"theirs": (1, 0)}


@pytest.mark.parametrize("name", ["", "  ", "x" * 51, "a\nb", "\x00"])
def test_a_name_that_no_tag_may_have_is_refused(ctx: Context, owner: Principal, name: str):
    made(ctx, owner, "a")
    with pytest.raises(ValidationFailed) as refused:
        links.rename_tag(ctx, owner, "a", name)
    assert list(refused.value.errors) == ["name"]


def test_a_tag_renamed_to_itself_stays(ctx: Context, owner: Principal):
    link = made(ctx, owner, "a")
    assert links.rename_tag(ctx, owner, "a", "a") == 0
    assert links.get(ctx, owner, link.uid).version == 1


def test_who_may_only_read_changes_no_tag(ctx: Context, owner: Principal):
    made(ctx, owner, "a")
    reader = replace(owner, scopes=frozenset({"read"}))
    assert counted(reader) == {"a": (1, 0)}
    with pytest.raises(InsufficientScope):
        links.rename_tag(ctx, reader, "a", "b")
    with pytest.raises(InsufficientScope):
        links.delete_tag(ctx, reader, "a")
    with pytest.raises(InsufficientScope):
        links.tags(replace(owner, scopes=frozenset({"create"})))
