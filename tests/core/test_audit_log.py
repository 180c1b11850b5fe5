from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import klink
from klink.core import audit, audit_log, bio, keys, links, reports, users, workspaces
from klink.core.audit_log import Actor, AuditQuery
from klink.core.audit_words import ACTIONS, Detail
from klink.core.bio import NewBioPage
from klink.core.context import Context
from klink.core.errors import InsufficientRole, ValidationFailed
from klink.core.links import LinkPatch, LinkView, NewLink
from klink.core.principal import Principal
from klink.core.reports import NewReport
from klink.db.connection import write
from tests.core.conftest import NOW, World


def make(ctx: Context, who: Principal, slug: str, **fields: object) -> LinkView:
    new = NewLink(url="https://example.com/", slug=slug, **fields)  # type: ignore[arg-type]
    return links.create(ctx, who, new).link


def asked(who: Principal, **query: object) -> list[tuple[str, str]]:
    """Action and subject of what is found."""
    found = audit_log.search(who, AuditQuery(**query))  # type: ignore[arg-type]  # by name
    return [(each.action, each.subject.label) for each in found.items]


def test_entries_come_newest_first_a_page_at_a_time(ctx: Context, owner: Principal):
    for slug in ("one", "two", "three"):
        make(ctx, owner, slug)
    first = audit_log.search(owner, AuditQuery(action="link.create", limit=2))
    assert [each.subject.label for each in first.items] == ["/three", "/two"]
    rest = audit_log.search(
        owner, AuditQuery(action="link.create", limit=2, cursor=first.next_cursor)
    )
    assert [each.subject.label for each in rest.items] == ["/one"]
    assert rest.next_cursor is None


def test_a_workspace_sees_nothing_of_another(ctx: Context, owner: Principal, stranger: Principal):
    link = make(ctx, owner, "ours")
    assert ("link.create", "/ours") in asked(owner)
    for query in (
        {},
        {"subject": "ours"},
        {"subject": f"link:{link.uid}"},
        {"person": "owner@localhost"},
    ):
        found = audit_log.search(stranger, AuditQuery(**query)).items  # type: ignore[arg-type]
        assert not [each for each in found if each.subject.id == link.uid]
        assert {each.workspace for each in found} <= {"elsewhere"}


def test_only_owners_and_admins_may_read_it(ctx: Context, owner: Principal, teammate: Principal):
    with pytest.raises(InsufficientRole):
        audit_log.search(teammate, AuditQuery())
    assert audit_log.search(replace(teammate, role="admin"), AuditQuery()).items


def test_entries_are_found_by_action_person_subject_and_time(
    world: World, owner: Principal, teammate: Principal
):
    make(world.ctx, owner, "mine")
    later = world.later(timedelta(hours=1))
    theirs = make(later, teammate, "theirs")
    links.update(world.later(timedelta(hours=2)), owner, theirs.uid, LinkPatch(title="New"))
    created, changed = ("link.create", "/theirs"), ("link.update", "/theirs")
    assert asked(owner, action="link.update") == [changed]
    assert asked(owner, person="Teammate@example.org ") == [created]
    assert asked(owner, person="nobody@example.org") == []
    assert asked(owner, subject="/theirs") == [changed, created]
    assert asked(owner, subject=f"link:{theirs.uid}") == [changed, created]
    assert asked(owner, subject=theirs.uid) == [changed, created]
    assert asked(owner, subject="theirs", action="link.create") == [created]
    assert asked(owner, person="owner@localhost", action="link.create") == [
        ("link.create", "/mine")
    ]
    assert asked(owner, person="owner@localhost", action="link.update") == [changed]
    hour, two = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    assert asked(owner, since=hour) == [changed, created]
    assert asked(owner, since=hour, until=two) == [created]
    assert asked(owner, since=two + timedelta(seconds=1)) == []
    assert asked(owner, subject="teammate@example.org") == [("user.create", "teammate@example.org")]


def test_what_a_job_wrote_late_is_found_by_its_own_time(world: World, owner: Principal):
    for day in range(60):
        with write():
            audit.record(world.later(timedelta(days=day)), owner, "job.run", f"job:{day}")
    with write():  # begun on day 30, written among those of later
        audit.record(world.later(timedelta(days=58, hours=20)), owner, "job.run", "job:late")
    day_58 = NOW + timedelta(days=58)
    found = asked(owner, since=day_58, until=day_58 + timedelta(days=1))
    assert found == [("job.run", "late"), ("job.run", "58")]
    assert len(asked(owner, until=NOW + timedelta(days=2))) >= 2


def test_it_is_told_who_did_it_and_through_what(ctx: Context, owner: Principal):
    made, _ = keys.create(
        ctx,
        workspace_id=owner.workspace_id,
        user_id=owner.user_id or 0,
        name="CI",
        dialect="klinky",
    )
    link = make(ctx, replace(owner, key_id=made.id, dialect="klinky"), "by-key")
    links.update(ctx, replace(owner, dialect="admin"), link.uid, LinkPatch(title="A"))
    links.update(ctx, replace(owner, dialect="cli"), link.uid, LinkPatch(title="B"))
    with write():
        audit.record(ctx, Principal(owner.workspace_id, None, None, "jobs"), "link.purge", "link:x")
        audit.record(ctx, None, "link.expire", "link:y", workspace_id=owner.workspace_id)
    reports.take(ctx, NewReport(link="by-key", reason="spam"))
    found = audit_log.search(owner, AuditQuery(limit=6)).items
    assert [(each.action, each.actor) for each in found] == [
        ("report.take", Actor("a visitor")),
        ("link.expire", Actor("klink")),
        ("link.purge", Actor("klink", "", "a job")),
        ("link.update", Actor("owner@localhost", "", "the command line")),
        ("link.update", Actor("owner@localhost", "", "the admin page")),
        ("link.create", Actor("owner@localhost", "CI", "the Klinky API")),
    ]


def test_details_say_what_was_what_before(ctx: Context, owner: Principal):
    link = make(ctx, owner, "shop", tags=("a", "b"))
    end = NOW + timedelta(days=1)
    patch = LinkPatch(url="https://example.com/new", tags=("a", "c"), expires_at=end, title="T")
    links.update(ctx, owner, link.uid, patch)
    (entry,) = audit_log.search(owner, AuditQuery(action="link.update")).items
    assert {each.name: (each.old, each.new) for each in entry.details} == {
        "destination": ("https://example.com/", "https://example.com/new"),
        "tags": ("a; b", "a; c"),
        "expires at": ("none", "2026-03-15 15:09:26 UTC"),
        "title": ("none", "T"),
        "run of the experiment": ("1", "2"),
    }
    keys.create(
        ctx, workspace_id=1, user_id=owner.user_id or 0, name="CI", scopes=("read", "create")
    )
    (entry,) = audit_log.search(owner, AuditQuery(action="key.create")).items
    assert {each.name: each.new for each in entry.details} == {
        "name": "CI",
        "dialect": "klink",
        "scopes": "read; create",
        "plan": "none",
        "user": "owner@localhost",
    }


def test_no_secret_is_told(ctx: Context, owner: Principal):
    link = make(ctx, owner, "guarded")
    links.update(ctx, owner, link.uid, LinkPatch(password="correct horse"))
    users.set_password(ctx, "owner@localhost", "battery staple")
    with write():
        audit.record(
            ctx, owner, "odd.thing", "thing:1", {"token": "s3cret", "password_hash": "h4sh"}
        )
    shown = str(audit_log.search_all(AuditQuery()))
    for secret in ("correct horse", "battery staple", "s3cret", "h4sh", "argon2"):
        assert secret not in shown
    (entry,) = audit_log.search(owner, AuditQuery(action="link.update")).items
    assert entry.details == (Detail("password", "no", "yes"),)


def test_the_operator_reads_of_all_workspaces_and_of_none(
    ctx: Context, owner: Principal, stranger: Principal
):
    make(ctx, owner, "ours")
    make(ctx, stranger, "theirs")
    users.set_password(ctx, "stranger@example.org", "a long password")
    everything = audit_log.search_all(AuditQuery()).items
    assert {each.workspace for each in everything} == {"default", "elsewhere", ""}
    made = audit_log.search_all(AuditQuery(action="link.create", limit=1))
    assert [each.subject.label for each in made.items] == ["/theirs"]
    more = audit_log.search_all(AuditQuery(action="link.create", cursor=made.next_cursor))
    assert [each.subject.label for each in more.items] == ["/ours"]
    (by_nobody,) = audit_log.search_all(AuditQuery(action="user.password")).items
    assert by_nobody.subject.label == "stranger@example.org"
    (theirs,) = audit_log.search_all(
        AuditQuery(subject="theirs", person="stranger@example.org")
    ).items
    assert theirs.workspace == "elsewhere"


def test_a_link_that_is_gone_keeps_its_name(ctx: Context, owner: Principal):
    link = make(ctx, owner, "short-lived")
    links.trash(ctx, owner, link.uid)
    links.purge(ctx, owner, link.uid)
    found = audit_log.search(owner, AuditQuery(subject=link.uid)).items
    assert [(each.said, each.subject.is_there) for each in found] == [
        ("Link deleted for good", False),
        ("Link moved to the trash", False),
        ("Link created", False),
    ]
    assert found[0].subject.label == found[2].subject.label == "/short-lived"


@pytest.mark.parametrize(
    "query, field",
    [
        ({"limit": 0}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"action": "x" * 301}, "action"),
        ({"subject": "a\x00b"}, "subject"),
        ({"since": NOW, "until": NOW}, "since"),
    ],
)
def test_what_cannot_be_asked_is_refused(owner: Principal, query: dict[str, object], field: str):
    with pytest.raises(ValidationFailed) as refused:
        audit_log.search(owner, AuditQuery(**query))  # type: ignore[arg-type]  # by name
    assert list(refused.value.errors) == [field]


def test_whoever_makes_a_workspace_owns_it(ctx: Context, owner: Principal, teammate: Principal):
    made = workspaces.create(ctx, "theirs", who=teammate)
    assert users.find(None, made.id).id == teammate.user_id
    workspaces.set_plan(ctx, made.id, "small", who=teammate)
    assert workspaces.set_plan(ctx, made.id, None, who=teammate).plan is None
    there = replace(owner, workspace_id=made.id)
    found = audit_log.search(there, AuditQuery()).items
    assert [(each.actor.name, each.action, each.details[-1]) for each in found] == [
        ("teammate@example.org", "workspace.plan", Detail("plan", "small", "none")),
        ("teammate@example.org", "workspace.plan", Detail("plan", "none", "small")),
        ("teammate@example.org", "workspace.create", Detail("plan", None, "none")),
    ]


def test_ids_and_numbers_inside_entries_are_told_by_name(ctx: Context, owner: Principal):
    page = bio.create(ctx, owner, NewBioPage(name="ann"))
    link = make(ctx, owner, "shop")
    bio.add(ctx, owner, page.name, link.uid, "Our shop")
    (entry,) = audit_log.search(owner, AuditQuery(action="bio.links")).items
    assert entry.subject.label == "@ann"
    assert {each.name: each.new for each in entry.details} == {"name": "ann", "added": "/shop"}
    reports.take(ctx, NewReport(link="shop", reason="spam"))
    reports.dismiss(ctx, owner, 1)
    (entry,) = audit_log.search(owner, AuditQuery(action="report.dismiss")).items
    assert entry.subject.label == "/shop"
    assert Detail("link", None, "/shop") in entry.details


def test_every_action_has_words():
    nouns = "|".join(sorted({action.partition(".")[0] for action in ACTIONS}))
    action = re.compile(rf'"((?:{nouns})\.[a-z_.]*[a-z])"')
    folder = Path(klink.__file__).parent
    texts = [
        each.read_text() for room in ("core", "jobs") for each in folder.glob(f"{room}/**/*.py")
    ]
    written = {found for text in texts for found in action.findall(text)}
    assert written - {"link.found"} == ACTIONS.keys()  # which stands in a link's history alone
