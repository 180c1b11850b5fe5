"""The history of links: what is kept of each change, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from klink.core import keys, links, users
from klink.core.blocking.lists import Blocklists
from klink.core.context import Context
from klink.core.errors import (
    Gone,
    InsufficientScope,
    LinkLimitReached,
    NotFound,
    PreconditionFailed,
    SlugTaken,
    ValidationFailed,
)
from klink.core.links import (
    HistoryEntry,
    LinkPatch,
    LinkView,
    NewLink,
    NewRule,
    NewVariant,
    Scan,
    Utm,
)
from klink.core.principal import Principal
from klink.db import rows
from klink.db.connection import read, write
from klink.db.models import LinkVersion
from tests.core.conftest import PLANS, World

URL = "https://example.com/landing"
SPLIT = (
    NewVariant("a", "https://a.example/", 60),
    NewVariant("b", "https://b.example/", 40),
)
GERMANS = NewRule({"country": ["DE"]}, "b")


def made(ctx: Context, who: Principal, **more: Any) -> LinkView:
    return links.create(ctx, who, NewLink(**{"url": URL} | more)).link


def entries(ctx: Context, who: Principal, link: LinkView) -> list[HistoryEntry]:
    return links.history(ctx, who, link.uid).items


def last(ctx: Context, who: Principal, link: LinkView) -> HistoryEntry:
    return entries(ctx, who, link)[0]


def written() -> int:
    with read():
        return LinkVersion.select().count()


def test_a_link_that_never_changed_has_its_making_for_a_history(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    (entry,) = entries(ctx, owner, link)
    assert (entry.version, entry.at, entry.words) == (1, ctx.now, "created")
    assert (entry.door, entry.changes, entry.is_current) == ("klink", {}, True)
    assert entry.email == users.get(owner.user_id or 0).email


def test_making_links_by_the_thousand_writes_no_version(ctx: Context, owner: Principal):
    links.create_many(ctx, owner, [NewLink(url=URL)] * 50, atomic=True)
    assert written() == 0


def test_each_change_tells_who_made_it_when_and_what(
    world: World, owner: Principal, teammate: Principal
):
    link = made(world.ctx, owner, title="Spring")
    later = world.later(timedelta(hours=1))
    links.update(later, teammate, link.uid, LinkPatch(title="Late spring", tags=("b", "a")))
    changed, created = entries(later, owner, link)
    assert changed.changes == {"title": ("Spring", "Late spring"), "tags": ([], ["a", "b"])}
    assert (changed.version, changed.at, changed.words) == (2, later.now, "changed")
    assert (changed.email, changed.key) == ("teammate@example.org", None)
    assert (changed.is_current, created.is_current) == (True, False)
    assert (created.version, created.at, created.words) == (1, world.ctx.now, "created")


def test_a_change_that_came_with_a_key_names_it(ctx: Context, owner: Principal):
    view, _ = keys.create(
        ctx, workspace_id=owner.workspace_id, user_id=owner.user_id or 0, name="deploy"
    )
    robot = replace(owner, key_id=view.id)
    link = made(ctx, robot)
    links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    changed, created = entries(ctx, owner, link)
    assert (changed.key, created.key) == (None, "deploy")


FIELDS: dict[str, tuple[dict[str, Any], dict[str, tuple[Any, Any]]]] = {
    "slug": ({"slug": "summer"}, {"slug": ("spring", "summer")}),
    "url": ({"url": "https://example.com/b"}, {"url": (URL, "https://example.com/b")}),
    "utm": ({"utm": {"source": "news"}}, {"utm.source": (None, "news")}),
    "max_clicks": ({"max_clicks": 5}, {"max_clicks": (None, 5)}),
    "is_active": ({"is_active": False}, {"is_active": (True, False)}),
    "redirect_status": ({"redirect_status": 301}, {"redirect_status": (302, 301)}),
    "description": ({"description": "a\nb"}, {"description": (None, "a\nb")}),
    "failover_url": (
        {"failover_url": "https://b.example/"},
        {"failover_url": (None, "https://b.example/")},
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_told_with_its_old_and_its_new_value(ctx: Context, owner: Principal, name: str):
    patch, changes = FIELDS[name]
    link = made(ctx, owner, slug="spring")
    links.update(ctx, owner, link.uid, LinkPatch(**patch))
    assert last(ctx, owner, link).changes == changes


def test_times_are_told_as_times(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    expiry = ctx.now + timedelta(days=3)
    links.update(ctx, owner, link.uid, LinkPatch(expires_at=expiry))
    assert last(ctx, owner, link).changes == {"expires_at": (None, expiry.replace(microsecond=0))}


def test_variants_and_rules_are_told_whole_and_the_url_that_follows_from_them_is_not(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner, url=None, variants=SPLIT)
    other = replace(SPLIT[0], url="https://c.example/")
    links.update(ctx, owner, link.uid, LinkPatch(variants=(other, SPLIT[1]), rules=(GERMANS,)))
    found = last(ctx, owner, link).changes
    assert found.keys() == {"mode", "variants", "rules", "default"}
    assert found["variants"][1][0] == {"label": "a", "url": "https://c.example/", "weight": 60}
    assert found["rules"] == ([], [{"when": {"country": ["DE"]}, "use": "b"}])


def test_a_change_that_changes_nothing_is_none(ctx: Context, owner: Principal):
    link = made(ctx, owner, title="Spring")
    links.update(ctx, owner, link.uid, LinkPatch(title="Spring"))
    assert [entry.words for entry in entries(ctx, owner, link)] == ["created"]
    links.update(ctx, owner, link.uid, LinkPatch(title="Summer"))
    assert [entry.version for entry in entries(ctx, owner, link)] == [3, 1]


def test_of_a_password_only_is_told_that_it_was_set_changed_or_taken_away(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner, password="first secret")
    for password in ("second secret", None, "third secret"):
        links.update(ctx, owner, link.uid, LinkPatch(password=password))
    links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    told = [entry.changes.get("password") for entry in entries(ctx, owner, link)]
    assert told == [None, (None, "set"), ("set", None), ("set", "changed"), None]
    with read():
        kept = str(rows.all_of("SELECT snapshot FROM link_versions"))
    assert "secret" not in kept
    assert "argon" not in kept


def test_trash_winner_and_quarantine_are_told(ctx: Context, owner: Principal):
    link = made(ctx, owner, url=None, variants=SPLIT)
    links.trash(ctx, owner, link.uid)
    links.restore(ctx, owner, link.uid)
    links.name_winner(ctx, owner, link.uid, "b")
    links.undo_winner(ctx, owner, link.uid)
    links.quarantine(ctx, owner, link.uid, "spam")
    links.release(ctx, owner, link.uid)
    found = entries(ctx, owner, link)
    assert [(entry.words, entry.changes) for entry in reversed(found)] == [
        ("created", {}),
        ("moved to the trash", {"trashed": (False, True)}),
        ("taken out of the trash", {"trashed": (True, False)}),
        ("winner named", {"winner": (None, "b")}),
        ("winner taken back", {"winner": ("b", None)}),
        (
            "put in quarantine",
            {"quarantined_by": (None, "workspace"), "quarantine_reason": (None, "spam")},
        ),
        (
            "released from quarantine",
            {"quarantined_by": ("workspace", None), "quarantine_reason": ("spam", None)},
        ),
    ]


def test_what_a_scan_does_is_klinks_own_doing(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    for hosts in (["example.com"], []):
        lists = replace(ctx, settings=replace(ctx.settings, blocklists=Blocklists(hosts=hosts)))
        for _ in Scan(lists).steps():
            pass
    released, quarantined, _ = entries(ctx, owner, link)
    assert (quarantined.words, quarantined.email, quarantined.door) == (
        "put in quarantine",
        None,
        "jobs",
    )
    assert released.changes["quarantined_by"] == ("scan", None)


def test_a_link_from_before_versions_were_kept_begins_with_its_making_and_how_it_was_found(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner, title="first")
    for title in ("second", "third"):
        links.update(ctx, owner, link.uid, LinkPatch(title=title))
    with write():  # as if the database had come from a klink that kept none
        LinkVersion.delete().execute()
    found, created = entries(ctx, owner, link)
    assert (found.version, found.words, found.is_current) == (
        3,
        "as it was when its history began",
        True,
    )
    assert (created.version, created.words, created.is_kept) == (1, "created", False)
    links.update(ctx, owner, link.uid, LinkPatch(title="fourth"))
    newest, found, created = entries(ctx, owner, link)
    assert newest.changes == {"title": ("third", "fourth")}
    assert (found.version, found.words, found.changes) == (
        3,
        "as it was when its history began",
        {},
    )
    assert (created.version, created.door) == (1, "klink")
    assert links.restore_version(ctx, owner, link.uid, 3).title == "third"


def test_a_history_is_read_a_page_at_a_time(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    for number in range(4):
        links.update(ctx, owner, link.uid, LinkPatch(title=str(number)))
    seen = []
    cursor = None
    while True:
        page = links.history(ctx, owner, link.uid, cursor=cursor, limit=2)
        seen += [(entry.version, entry.changes.get("title")) for entry in page.items]
        assert [entry.is_current for entry in page.items] == [cursor is None, False][
            : len(page.items)
        ]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [(5, ("2", "3")), (4, ("1", "2")), (3, ("0", "1")), (2, (None, "0")), (1, None)]
    for wrong in ({"cursor": "x"}, {"limit": 0}, {"limit": 201}):
        with pytest.raises(ValidationFailed):
            links.history(ctx, owner, link.uid, **wrong)


def test_nobody_elses_history_is_read_or_restored(
    ctx: Context, owner: Principal, stranger: Principal
):
    link = made(ctx, owner)
    links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    for ask in (
        lambda: links.history(ctx, stranger, link.uid),
        lambda: links.restore_version(ctx, stranger, link.uid, 1),
    ):
        with pytest.raises(NotFound):
            ask()
    reader = replace(owner, scopes=frozenset({"read"}))
    assert links.history(ctx, reader, link.uid).items
    with pytest.raises(InsufficientScope):
        links.restore_version(ctx, reader, link.uid, 1)
    with pytest.raises(InsufficientScope):
        links.history(ctx, replace(owner, scopes=frozenset({"create"})), link.uid)


EVERYTHING: dict[str, Any] = {
    "slug": "everything",
    "title": "Spring",
    "description": "two\nlines",
    "tags": ("b", "a"),
    "type": "inpage",
    "post_id": "7",
    "site_url": "https://blog.example/post",
    "auto_winner": True,
    "winner_threshold": 200,
    "utm": Utm(source="news", term="x"),
    "forward_query": True,
    "redirect_status": 308,
    "conversion_tracking": True,
    "conversion_redirect_url": "https://thanks.example/",
    "max_clicks": 100,
    "expired_url": "https://over.example/",
    "failover_url": "https://spare.example/",
    "is_active": False,
}
PLAIN: dict[str, Any] = {
    "slug": "plain",
    "title": None,
    "description": None,
    "tags": (),
    "type": "direct",
    "post_id": None,
    "site_url": None,
    "auto_winner": False,
    "winner_threshold": 100,
    "utm": Utm(),
    "forward_query": False,
    "redirect_status": 302,
    "conversion_tracking": False,
    "conversion_redirect_url": None,
    "starts_at": None,
    "expires_at": None,
    "max_clicks": None,
    "expired_url": None,
    "failover_url": None,
    "is_active": True,
}
WHERE: dict[str, dict[str, Any]] = {
    "one": {"url": URL},
    "split": {"url": None, "variants": SPLIT},
    "split with a default": {"url": None, "variants": SPLIT, "default": "b", "mode": "split"},
    "rules": {"url": None, "variants": SPLIT, "rules": (GERMANS,)},
    "rules with a default": {
        "url": None,
        "variants": SPLIT,
        "rules": (GERMANS,),
        "default": "b",
        "mode": "rules",
    },
    "rules with none": {"url": None, "variants": SPLIT, "rules": (GERMANS,), "mode": "rules"},
}


def content(link: LinkView) -> dict[str, Any]:
    """All that can be restored."""
    found = {name: getattr(link, name) for name in (*PLAIN, "url", "mode", "default", "rules")}
    return found | {"variants": [(each.label, each.url, each.weight) for each in link.variants]}


@pytest.mark.parametrize("now", WHERE)
@pytest.mark.parametrize("before", WHERE)
def test_a_restored_version_is_what_the_link_was(
    ctx: Context, owner: Principal, before: str, now: str
):
    times = {"starts_at": ctx.now, "expires_at": ctx.now + timedelta(days=9)}
    link = made(ctx, owner, **EVERYTHING | times | WHERE[before])
    away = {"rules": (), "variants": (), "default": None} | WHERE[now]
    if away["url"] is None:
        del away["url"]
    changed = links.update(ctx, owner, link.uid, LinkPatch(**PLAIN | away))
    assert content(changed) != content(link)
    restored = links.restore_version(ctx, owner, link.uid, 1)
    assert content(restored) == content(link)
    assert content(links.restore_version(ctx, owner, link.uid, 2)) == content(changed)
    words = [entry.words for entry in entries(ctx, owner, link)]
    assert words == ["version 2 restored", "version 1 restored", "changed", "created"]


def test_restoring_what_the_link_is_changes_nothing(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    assert links.restore_version(ctx, owner, link.uid, 1).version == 1
    changed = links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    assert links.restore_version(ctx, owner, link.uid, 2).version == changed.version
    assert len(entries(ctx, owner, link)) == 2


def test_an_entry_says_whether_restoring_it_would_change_anything(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    links.update(ctx, owner, link.uid, LinkPatch(title="x", password="secret"))
    links.update(ctx, owner, link.uid, LinkPatch(title=None))
    assert [entry.differs for entry in entries(ctx, owner, link)] == [False, True, False]


def test_password_winner_and_quarantine_stay_when_a_version_is_restored(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner, url=None, variants=SPLIT, title="Spring")
    links.update(ctx, owner, link.uid, LinkPatch(title="x", password="secret"))
    links.name_winner(ctx, owner, link.uid, "b")
    links.quarantine(ctx, owner, link.uid, "spam")
    restored = links.restore_version(ctx, owner, link.uid, 1)
    assert restored.title == "Spring"
    assert restored.password_protected
    assert (restored.winner, restored.quarantined_by) == ("b", "workspace")
    assert last(ctx, owner, link).changes == {"title": ("x", "Spring")}


def test_what_may_not_be_any_more_is_not_restored(world: World, owner: Principal):
    ctx = world.ctx
    blocked = replace(
        ctx, settings=replace(ctx.settings, blocklists=Blocklists(hosts=["example.com"]))
    )
    link = made(ctx, owner, slug="spring", expires_at=ctx.now + timedelta(days=1))
    patch = LinkPatch(url="https://b.example/", slug="autumn", expires_at=None)
    links.update(ctx, owner, link.uid, patch)
    with pytest.raises(ValidationFailed) as refused:
        links.restore_version(blocked, owner, link.uid, 1)
    assert list(refused.value.errors) == ["url"]
    with pytest.raises(ValidationFailed) as refused:
        links.restore_version(world.later(timedelta(days=2)), owner, link.uid, 1)
    assert list(refused.value.errors) == ["expires_at"]
    made(ctx, owner, slug="spring")
    with pytest.raises(SlugTaken):
        links.restore_version(ctx, owner, link.uid, 1)
    assert len(entries(ctx, owner, link)) == 2


def test_a_version_that_leads_to_the_link_itself_by_now_is_not_restored(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner, url="https://go.example.org/other")
    links.update(ctx, owner, link.uid, LinkPatch(url=URL))
    links.update(ctx, owner, link.uid, LinkPatch(slug="other"))
    with pytest.raises(ValidationFailed):
        links.restore_version(ctx, owner, link.uid, 1)


def test_a_version_that_was_active_counts_for_the_plan(ctx: Context, owner: Principal):
    small = replace(owner, plan=PLANS["small"])
    link = made(ctx, small)
    links.update(ctx, small, link.uid, LinkPatch(is_active=False))
    made(ctx, small)
    made(ctx, small)
    with pytest.raises(LinkLimitReached):
        links.restore_version(ctx, small, link.uid, 1)


def test_a_version_is_restored_of_the_link_that_was_read(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    with pytest.raises(PreconditionFailed):
        links.restore_version(ctx, owner, link.uid, 1, if_version=1)
    assert links.restore_version(ctx, owner, link.uid, 1, if_version=2).title is None


@pytest.mark.parametrize("version", [0, -1, 2, 99, 2**31, 2**70])
def test_a_version_that_never_was_is_not_found(ctx: Context, owner: Principal, version: int):
    link = made(ctx, owner)
    with pytest.raises(NotFound, match="no such version"):
        links.restore_version(ctx, owner, link.uid, version)


def test_a_link_in_the_trash_shows_its_history_and_has_to_come_out_first(
    ctx: Context, owner: Principal
):
    link = made(ctx, owner)
    links.trash(ctx, owner, link.uid)
    assert last(ctx, owner, link).words == "moved to the trash"
    with pytest.raises(Gone):
        links.restore_version(ctx, owner, link.uid, 1)


def test_a_purged_link_leaves_no_versions(ctx: Context, owner: Principal):
    link = made(ctx, owner)
    links.update(ctx, owner, link.uid, LinkPatch(title="x"))
    links.purge(ctx, owner, link.uid)
    with pytest.raises(NotFound):
        links.history(ctx, owner, link.uid)
    for _ in links.sweep(ctx.now):
        pass
    assert written() == 0
