from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from klink.core import links
from klink.core.blocking import entries
from klink.core.blocking.lists import Blocklists
from klink.core.context import Context
from klink.core.errors import InsufficientRole, NotFound, OnlyOperator, SlugTaken, ValidationFailed
from klink.core.links import LinkPatch, LinkQuery, LinkView, NewLink, NewVariant, Scan
from klink.core.principal import Principal
from klink.db.connection import read
from klink.db.models import Audit
from tests.core.conftest import World

BAD = "https://bad.example/x"


def blocking(ctx: Context, *hosts: str, **more) -> Context:
    lists = Blocklists(hosts=hosts, **more)
    return replace(ctx, settings=replace(ctx.settings, blocklists=lists))


def scan(ctx: Context) -> tuple[int, int]:
    """How many links a scan puts in quarantine and takes out."""
    made = Scan(ctx)
    for _ in made.steps():
        pass
    return made.quarantined, made.released


def now(ctx: Context, who: Principal, link: LinkView) -> LinkView:
    return links.get(ctx, who, link.uid)


SPLIT = (NewVariant("a", "https://fine.example/", 50), NewVariant("b", BAD, 50))
LEADS_THERE: dict[str, dict[str, Any]] = {
    "url": {"url": BAD},
    "routing.variants.1.url": {"variants": SPLIT},
    "expired_url": {"url": "https://fine.example/", "expired_url": BAD},
    "failover_url": {"url": "https://fine.example/", "failover_url": BAD},
    "conversion_redirect_url": {"url": "https://fine.example/", "conversion_redirect_url": BAD},
}


@pytest.mark.parametrize("name", LEADS_THERE)
def test_no_link_is_made_to_a_blocked_destination(ctx: Context, owner: Principal, name: str):
    with pytest.raises(ValidationFailed) as refused:
        links.create(blocking(ctx, "bad.example"), owner, NewLink(**LEADS_THERE[name]))
    assert refused.value.errors == {name: ["is blocked by this server's list of hosts"]}


@pytest.mark.parametrize("name", LEADS_THERE)
def test_no_link_is_changed_to_lead_to_one(ctx: Context, owner: Principal, name: str):
    made = links.create(ctx, owner, NewLink(url="https://fine.example/")).link
    with pytest.raises(ValidationFailed) as refused:
        links.update(blocking(ctx, "bad.example"), owner, made.uid, LinkPatch(**LEADS_THERE[name]))
    assert list(refused.value.errors) == [name]


@pytest.mark.parametrize("name", LEADS_THERE)
def test_a_scan_finds_it_wherever_it_stands_and_lets_it_go_again(
    world: World, owner: Principal, name: str
):
    ctx = world.ctx
    link = links.create(ctx, owner, NewLink(**LEADS_THERE[name])).link
    fine = links.create(ctx, owner, NewLink(url="https://fine.example/")).link
    world.announced.clear()
    blocked = blocking(ctx, "bad.example")
    assert scan(blocked) == (1, 0)
    assert scan(blocked) == (0, 0)
    held = now(ctx, owner, link)
    assert (held.quarantined_at, held.quarantined_by) == (ctx.now, "scan")
    assert held.quarantine_reason == "is blocked by this server's list of hosts"
    assert held.version == link.version + 1
    assert now(ctx, owner, fine) == fine
    assert [changed.link_id for changed in world.announced] == [link.id]
    assert scan(ctx) == (0, 1)
    freed = now(ctx, owner, link)
    assert (freed.quarantined_at, freed.quarantined_by, freed.quarantine_reason) == (
        None,
        None,
        None,
    )
    with read():
        told = [row.action for row in Audit.select().where(Audit.subject == f"link:{link.uid}")]
    assert told == ["link.create", "link.quarantine", "link.release"]


def test_a_scan_meets_links_in_the_trash_too(ctx: Context, owner: Principal):
    link = links.create(ctx, owner, NewLink(url=BAD)).link
    links.trash(ctx, owner, link.uid)
    assert scan(blocking(ctx, "bad.example")) == (1, 0)
    links.restore(ctx, owner, link.uid)
    assert now(ctx, owner, link).quarantined_at == ctx.now


def test_what_people_put_in_quarantine_no_scan_takes_out(
    ctx: Context, owner: Principal, operator: Principal
):
    ours = links.create(ctx, owner, NewLink(url="https://a.example/")).link
    his = links.create(ctx, owner, NewLink(url="https://b.example/")).link
    assert links.quarantine(ctx, owner, ours.uid, "spam").quarantined_by == "workspace"
    assert links.quarantine(ctx, operator, his.uid, "reported").quarantined_by == "operator"
    assert scan(blocking(ctx, "a.example", "b.example")) == (0, 0)
    assert scan(ctx) == (0, 0)
    assert now(ctx, owner, ours).quarantine_reason == "spam"
    assert links.release(ctx, owner, ours.uid).quarantined_at is None
    with pytest.raises(OnlyOperator):
        links.release(ctx, owner, his.uid)
    assert links.quarantine(ctx, owner, his.uid, "mine now").quarantine_reason == "reported"
    assert links.release(ctx, operator, his.uid).quarantined_at is None


def test_what_the_operator_holds_keeps_its_slug_and_its_reports(
    ctx: Context, owner: Principal, operator: Principal
):
    his = links.create(ctx, owner, NewLink(url="https://b.example/", slug="held")).link
    links.quarantine(ctx, operator, his.uid, "reported")
    with pytest.raises(OnlyOperator):
        links.purge(ctx, owner, his.uid)
    with pytest.raises(OnlyOperator):
        links.update(ctx, owner, his.uid, LinkPatch(slug="other"))
    with pytest.raises(SlugTaken):
        links.create(ctx, owner, NewLink(url="https://b.example/", slug="held"))
    links.trash(ctx, owner, his.uid)
    later = replace(ctx, now=ctx.now + timedelta(days=31))
    assert links.purge_trash(later) == 0
    links.purge(later, operator, his.uid)
    again = links.create(later, owner, NewLink(url="https://b.example/", slug="held")).link
    assert again.quarantined_at is None


def test_what_an_admin_holds_gives_its_slug_to_no_editor(
    ctx: Context, owner: Principal, teammate: Principal
):
    ours = links.create(ctx, owner, NewLink(url="https://b.example/", slug="held")).link
    links.quarantine(ctx, owner, ours.uid, "spam")
    with pytest.raises(InsufficientRole):
        links.purge(ctx, teammate, ours.uid)
    with pytest.raises(InsufficientRole):
        links.update(ctx, teammate, ours.uid, LinkPatch(slug="other"))
    links.update(ctx, owner, ours.uid, LinkPatch(slug="other"))
    links.purge(ctx, owner, ours.uid)


def test_a_release_allows_this_destination_and_no_other(ctx: Context, owner: Principal):
    link = links.create(ctx, owner, NewLink(url="https://rival.example/a?b=c")).link
    entries.add(ctx, owner, "host", "rival.example")
    assert scan(ctx) == (1, 0)
    assert links.release(ctx, owner, link.uid).quarantined_at is None
    assert scan(ctx) == (0, 0)
    [allowed] = entries.search(ctx, owner, kind="allow").items
    assert (allowed.value, allowed.by_operator) == ("rival.example/a?b=c", False)
    with pytest.raises(ValidationFailed):
        links.create(ctx, owner, NewLink(url="https://rival.example/other"))


def test_what_the_servers_lists_hold_only_the_operator_releases(
    ctx: Context, owner: Principal, operator: Principal
):
    link = links.create(ctx, owner, NewLink(url=BAD)).link
    ctx = blocking(ctx, "bad.example")
    assert scan(ctx) == (1, 0)
    entries.add(ctx, owner, "allow", "bad.example")
    with pytest.raises(OnlyOperator):
        links.release(ctx, owner, link.uid)
    assert now(ctx, owner, link).quarantined_at is not None
    assert links.release(ctx, operator, link.uid).quarantined_at is None
    assert scan(ctx) == (0, 0)


def test_a_link_that_leads_elsewhere_is_free_at_once(ctx: Context, owner: Principal):
    link = links.create(ctx, owner, NewLink(url=BAD, expired_url=BAD)).link
    ctx = blocking(ctx, "bad.example")
    assert scan(ctx) == (1, 0)
    half = links.update(ctx, owner, link.uid, LinkPatch(url="https://fine.example/"))
    assert half.quarantined_at is not None
    links.update(ctx, owner, link.uid, LinkPatch(title="Spring"))
    whole = links.update(ctx, owner, link.uid, LinkPatch(expired_url=None))
    assert whole.quarantined_at is None


def test_what_looks_like_a_brand_is_refused_and_scanned(ctx: Context, owner: Principal):
    link = links.create(ctx, owner, NewLink(url="https://pаypal.com/login")).link
    ctx = blocking(ctx, brands=["paypal.com"])
    with pytest.raises(ValidationFailed) as refused:
        links.create(ctx, owner, NewLink(url="https://www.paypa1.com/"))
    assert "looks like paypal.com" in str(refused.value)
    assert scan(ctx) == (1, 0)
    assert "looks like paypal.com" in str(now(ctx, owner, link).quarantine_reason)


def test_a_scan_is_due_when_a_list_has_changed_and_once_a_day(world: World, owner: Principal):
    ctx = world.ctx
    assert links.is_due(ctx)
    scan(ctx)
    assert not links.is_due(world.later(timedelta(hours=23)))
    assert links.is_due(world.later(timedelta(hours=24)))
    assert links.is_due(blocking(ctx, "bad.example"))
    made, _ = entries.add(ctx, owner, "host", "rival.example")
    assert links.is_due(ctx)
    scan(ctx)
    entries.remove(ctx, owner, made.id)
    assert links.is_due(ctx)


def test_a_scan_that_is_stopped_is_still_due(ctx: Context, owner: Principal):
    links.create(ctx, owner, NewLink(url=BAD))
    next(Scan(ctx).steps())
    assert links.is_due(ctx)


def test_only_owners_and_admins_decide(
    ctx: Context, owner: Principal, teammate: Principal, stranger: Principal
):
    link = links.create(ctx, owner, NewLink(url="https://a.example/")).link
    with pytest.raises(InsufficientRole):
        links.quarantine(ctx, teammate, link.uid, "spam")
    with pytest.raises(InsufficientRole):
        links.release(ctx, teammate, link.uid)
    with pytest.raises(NotFound):
        links.quarantine(ctx, stranger, link.uid, "spam")
    with pytest.raises(ValidationFailed):
        links.quarantine(ctx, owner, link.uid, "")


def test_links_in_quarantine_are_listed_apart(ctx: Context, owner: Principal):
    held = links.create(ctx, owner, NewLink(url="https://a.example/")).link
    free = links.create(ctx, owner, NewLink(url="https://b.example/")).link
    links.quarantine(ctx, owner, held.uid, "spam")

    def listed(state: str | None) -> list[int]:
        return [each.id for each in links.search(ctx, owner, LinkQuery(state=state)).items]

    assert listed("quarantined") == [held.id]
    assert listed("active") == [free.id]
    assert listed(None) == [free.id, held.id]


def test_no_scan_lets_a_link_out_while_a_list_cannot_be_read(
    ctx: Context, owner: Principal, tmp_path: Path
):
    link = links.create(ctx, owner, NewLink(url=BAD)).link
    listed = tmp_path / "list.txt"
    listed.write_text("bad.example\n")
    assert scan(blocking(ctx, files=[listed])) == (1, 0)
    listed.write_text("<html>error</html>\n")
    assert scan(blocking(ctx, files=[listed])) == (0, 0)  # another process, or after a restart
    links.update(blocking(ctx, files=[listed]), owner, link.uid, LinkPatch(url=f"{BAD}?other"))
    assert now(ctx, owner, link).quarantined_at is not None
    listed.write_text("other.example\n")
    assert scan(blocking(ctx, files=[listed])) == (0, 1)
