"""Looks at pages in the database: planned, written down, acted on, and overtaken by changes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from klink.core import links, sites
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links import LinkPatch, LinkView, NewLink
from klink.core.principal import Principal
from klink.core.sites import Check, Found, Outcome
from klink.db import migrate
from klink.db.connection import database, read, write
from klink.db.models import Audit, Purge, SiteCheck
from tests.core.conftest import NOW, World

PAGE = "https://site.example/downloads"
FOUND = Outcome(Found.FOUND)
MISSING = Outcome(Found.MISSING, "page")
UNPROVEN = Outcome(Found.UNPROVEN, "timeout")
FIRST = timedelta(minutes=15)
GRACE = timedelta(hours=24)


def make(ctx: Context, who: Principal, site_url: str | None = PAGE, **fields: object) -> LinkView:
    new = NewLink(url="https://example.com/", type="inpage", site_url=site_url, **fields)  # type: ignore[arg-type]  # by name
    return links.create(ctx, who, new).link


def due(world: World, after: timedelta) -> Check:
    found = sites.next_check(world.later(after))
    assert found is not None
    return found


def planned() -> dict[int, int]:
    """When each link is looked at next, in seconds from now."""
    with read():
        return {row.link_id: (row.next_at - NOW).seconds for row in SiteCheck.select()}


def audited(action: str) -> list[dict[str, object]]:
    with read():
        return [json.loads(row.details) for row in Audit.select().where(Audit.action == action)]


def test_a_new_link_has_a_quarter_of_an_hour_to_be_put_on_its_page(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    make(ctx, owner, None, post_id="1")
    assert sites.next_check(world.later(FIRST - timedelta(seconds=1))) is None
    assert due(world, FIRST) == Check(
        link.id, link.uid, link.workspace_id, link.version, link.slug, PAGE, "site.example"
    )
    assert len(planned()) == 1


def test_links_made_at_once_are_planned_as_single_ones_are(ctx: Context, owner: Principal):
    new = [
        NewLink(url="https://example.com/", type="inpage", site_url=f"{PAGE}/{i}") for i in range(3)
    ]
    made = links.create_many(ctx, owner, new, atomic=True)
    assert len(made) == 3
    assert set(planned().values()) == {900}


def test_the_longest_due_comes_first_and_never_of_a_host_that_is_being_asked(
    world: World, ctx: Context, owner: Principal
):
    first = make(ctx, owner, "https://one.example/a")
    make(world.later(timedelta(seconds=1)), owner, "https://ONE.example:8443/b")
    other = make(world.later(timedelta(seconds=2)), owner, "http://two.example/")
    later = world.later(timedelta(hours=1))
    found = sites.next_check(later)
    assert found is not None
    assert found.link_id == first.id
    beside = sites.next_check(later, {found.host})
    assert beside is not None
    assert beside.link_id == other.id
    assert sites.next_check(later, {found.host, beside.host}) is None


def test_a_found_link_is_verified_and_its_etag_still_fits(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    assert sites.record(world.later(FIRST), due(world, FIRST), FOUND) == "found"
    seen = links.get(ctx, owner, link.uid)
    assert (seen.site_verified_at, seen.scheduled_deletion_at) == (NOW + FIRST, None)
    assert (seen.version, seen.updated_at) == (link.version, link.updated_at)
    assert sites.next_check(world.later(timedelta(hours=5))) is None
    assert due(world, timedelta(hours=6.25)).link_id == link.id


def test_a_missing_link_is_scheduled_once_cleared_when_found_and_both_are_written_down(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    for hours, outcome in ((1, MISSING), (7, MISSING), (13, UNPROVEN)):
        at = timedelta(hours=hours)
        sites.record(world.later(at), due(world, at), outcome)
        seen = links.get(ctx, owner, link.uid)
        assert seen.scheduled_deletion_at == NOW + timedelta(hours=1) + GRACE
    at = timedelta(hours=20)
    sites.record(world.later(at), due(world, at), FOUND)
    assert links.get(ctx, owner, link.uid).scheduled_deletion_at is None
    assert [(entry["scheduled_deletion_at"], entry["outcome"]) for entry in audited("link.site")] \
        == [([None, "2026-03-15 16:09:26+00:00"], "page"),
            (["2026-03-15 16:09:26+00:00", None], "found")]  # fmt: skip


def test_a_link_missing_again_after_its_time_is_deleted_for_good(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    sites.record(world.later(FIRST), due(world, FIRST), MISSING)
    over = FIRST + GRACE
    world.announced.clear()
    assert sites.record(world.later(over), due(world, over), MISSING) == "deleted"
    with pytest.raises(NotFound):
        links.get(ctx, owner, link.uid)
    [entry] = audited("link.purge")
    assert (entry["slug"], entry["site_url"], entry["outcome"]) == (link.slug, PAGE, "page")
    assert [(changed.link_id, changed.slug) for changed in world.announced] == [
        (link.id, link.slug)
    ]
    with read():
        assert Purge.select().where(Purge.link_id == link.id).exists()
    assert planned() == {}
    assert links.active_links(ctx, link.workspace_id) == 0


def test_a_link_that_cannot_be_proven_missing_stays_after_its_time(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    sites.record(world.later(FIRST), due(world, FIRST), MISSING)
    for hours in (30, 60, 200):
        at = timedelta(hours=hours)
        assert sites.record(world.later(at), due(world, at), UNPROVEN) == "unproven"
    assert links.get(ctx, owner, link.uid).scheduled_deletion_at == NOW + FIRST + GRACE


@pytest.mark.parametrize(
    "patch", [LinkPatch(title="x"), LinkPatch(site_url=f"{PAGE}/2"), LinkPatch(slug="other")]
)
@pytest.mark.parametrize("outcome", [FOUND, MISSING])
def test_what_was_fetched_before_a_change_says_nothing(
    world: World, ctx: Context, owner: Principal, patch: LinkPatch, outcome: Outcome
):
    link = make(ctx, owner)
    check = due(world, FIRST)
    changed = links.update(world.later(FIRST), owner, link.uid, patch)
    assert sites.record(world.later(FIRST), check, outcome) == "changed"
    assert links.get(ctx, owner, link.uid) == changed
    assert due(world, FIRST + FIRST).version == changed.version


@pytest.mark.parametrize("outcome", [FOUND, MISSING])
def test_a_link_deleted_while_its_page_was_fetched_is_left_alone(
    world: World, ctx: Context, owner: Principal, outcome: Outcome
):
    trashed, purged = make(ctx, owner), make(ctx, owner, "https://two.example/")
    one, two = due(world, FIRST), sites.next_check(world.later(FIRST), {"site.example"})
    assert two is not None
    links.trash(ctx, owner, trashed.uid)
    links.purge(ctx, owner, purged.uid)
    assert sites.record(world.later(FIRST), one, outcome) == "changed"
    assert sites.record(world.later(FIRST), two, outcome) == "changed"
    assert links.get(ctx, owner, trashed.uid).site_verified_at is None
    assert planned() == {}


@pytest.mark.parametrize("patch", [LinkPatch(site_url=f"{PAGE}/2"), LinkPatch(slug="other")])
def test_another_question_begins_anew(
    world: World, ctx: Context, owner: Principal, patch: LinkPatch
):
    link = make(ctx, owner)
    sites.record(world.later(FIRST), due(world, FIRST), FOUND)
    at = timedelta(hours=7)
    sites.record(world.later(at), due(world, at), MISSING)
    changed = links.update(world.later(at), owner, link.uid, patch)
    assert (changed.site_verified_at, changed.scheduled_deletion_at) == (None, None)
    assert sites.next_check(world.later(at + FIRST - timedelta(seconds=1))) is None
    assert due(world, at + FIRST).slug == changed.slug


def test_a_change_of_something_else_keeps_what_is_known(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    sites.record(world.later(FIRST), due(world, FIRST), MISSING)
    same = LinkPatch(title="x", site_url=PAGE, slug=link.slug)
    changed = links.update(world.later(FIRST), owner, link.uid, same)
    assert changed.scheduled_deletion_at == NOW + FIRST + GRACE
    assert due(world, timedelta(hours=7)).version == changed.version


def test_a_link_without_its_page_is_looked_at_no_more(world: World, ctx: Context, owner: Principal):
    link = make(ctx, owner)
    sites.record(world.later(FIRST), due(world, FIRST), MISSING)
    changed = links.update(ctx, owner, link.uid, LinkPatch(site_url=None))
    assert changed.scheduled_deletion_at is None
    assert planned() == {}


def test_the_trash_stops_the_clock_and_the_way_back_begins_anew(
    world: World, ctx: Context, owner: Principal
):
    link = make(ctx, owner)
    sites.record(world.later(FIRST), due(world, FIRST), MISSING)
    links.trash(world.later(FIRST), owner, link.uid)
    assert planned() == {}
    at = timedelta(days=9)
    back = links.restore(world.later(at), owner, link.uid)
    assert back.scheduled_deletion_at is None
    assert due(world, at + FIRST).link_id == link.id


def test_everything_is_taken_once_due_or_not(world: World, ctx: Context, owner: Principal):
    made = {make(ctx, owner, f"https://{i}.example/").id for i in range(3)}
    seen = []
    while check := sites.next_check(ctx, not_since=ctx.now):
        seen.append(check.link_id)
        sites.record(ctx, check, UNPROVEN)
    assert sorted(seen) == sorted(made)


def test_links_from_before_there_were_looks_are_looked_at_too(ctx: Context, owner: Principal):
    link, trashed = make(ctx, owner), make(ctx, owner, "https://two.example/")
    links.trash(ctx, owner, trashed.uid)
    with write():
        database.execute_sql("DROP TABLE site_checks")
        migrate._run(dict(migrate.available())[9])
    found = sites.next_check(ctx)
    assert found is not None
    assert found.link_id == link.id
    assert sites.record(ctx, found, FOUND) == "found"
    assert sites.next_check(ctx) is None
    [host] = [row.host for row in SiteCheck.select()]
    assert host == "site.example"


def test_what_the_operator_holds_in_quarantine_stays_and_is_looked_at_like_any_other(
    world: World, ctx: Context, owner: Principal, operator: Principal
):
    link = make(ctx, owner)
    links.quarantine(ctx, operator, link.uid, "reported")
    after = FIRST
    for _ in range(3):
        assert sites.record(world.later(after), due(world, after), MISSING) == "missing"
        assert sites.next_check(world.later(after)) is None  # or a run would never end
        after += timedelta(hours=25)
    assert links.get(ctx, owner, link.uid).quarantined_by == "operator"
