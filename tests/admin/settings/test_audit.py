from __future__ import annotations

import pytest

from klink.core import audit, links
from klink.core.links import LinkPatch
from klink.db.connection import write
from tests.admin.office import Office, Person

PATH = "/admin/settings/audit"


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_it_is_for_managers(office: Office, role: str):
    assert office.sign_in(role).get(PATH).status_code == 403
    assert office.browser().get(PATH).status_code == 303


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_entries_say_who_did_what_through_what(office: Office, role: str):
    person = office.sign_in(role)
    link = office.link("shop", "https://example.com/old")
    patch = LinkPatch(url="https://example.com/new", title="<script>alert(1)</script>")
    links.update(office.context(), person.principal, link.uid, patch)
    page = person.get(PATH).text
    assert "Link changed" in page
    assert f"{role}1@example.org" in page
    assert "the admin page" in page
    assert "<del>https://example.com/old</del>" in page
    assert "<ins>https://example.com/new</ins>" in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_filters_narrow_it_down(office: Office, owner: Person):
    office.link("one")
    office.link("two")
    page = owner.get(f"{PATH}?action=link.create&subject=two").text
    assert "/two" in page
    assert ">/one<" not in page
    assert 'value="two"' in page
    assert "No entry fits" in owner.get(f"{PATH}?person=nobody@example.org").text
    assert "No entry fits" in owner.get(f"{PATH}?until=2020-01-01").text
    assert "/two" in owner.get(f"{PATH}?since=2026-03-14&until=2026-03-14").text


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-02-30", "subject=a%00b"])
def test_what_cannot_be_asked_stands_at_its_field(owner: Person, query: str):
    reply = owner.get(f"{PATH}?{query}")
    assert reply.status_code == 422
    assert 'aria-invalid="true"' in reply.text


def test_pages_follow_one_another_with_their_filters(office: Office, owner: Person):
    for i in range(60):
        office.link(f"link-{i}")
    first = owner.get(f"{PATH}?action=link.create").text
    assert first.count("<b>Link created</b>") == 50
    href = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    rest = owner.get(href).text
    assert rest.count("<b>Link created</b>") == 10
    assert "/link-0<" in rest
    assert owner.get(f"{PATH}?cursor=x").status_code == 422


def test_nothing_of_another_workspace_is_shown(office: Office, owner: Person):
    stranger = office.stranger()
    office.link("theirs", workspace_id=stranger.workspace_id)
    office.link("ours")
    assert "/theirs" not in owner.get(PATH).text
    for query in ("", "?everywhere=1", "?subject=ours", "?everywhere=1&subject=ours"):
        page = stranger.get(PATH + query).text
        assert ">/ours<" not in page
        assert "Whole server" not in page
    admin = office.sign_in("admin")
    assert "/theirs" not in admin.get(f"{PATH}?everywhere=1").text


def test_who_runs_the_server_sees_all_workspaces(office: Office, owner: Person):
    stranger = office.stranger()
    office.link("theirs", workspace_id=stranger.workspace_id)
    page = owner.get(f"{PATH}?everywhere=1").text
    assert "/theirs" in page
    assert "Elsewhere" in page


def test_no_secret_is_shown(office: Office, owner: Person):
    with write():
        audit.record(office.context(), owner.principal, "odd.thing", "thing:1", {"token": "s3cret"})
    page = owner.get(PATH).text
    assert "odd.thing" in page
    assert "s3cret" not in page


@pytest.mark.parametrize("day", ["0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_days_at_the_ends_of_time_are_days(owner: Person, day: str, end: str):
    owner.keep("klink_tz", "Pacific/Auckland")
    reply = owner.get(f"{PATH}?{end}={day}")
    assert reply.status_code in (200, 422)
