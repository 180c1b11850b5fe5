"""Doing the same with several links, as a form without any script does it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from klink.core import links
from klink.core.errors import NotFound
from klink.core.links import LinkView
from tests.admin.office import Office, Page, Person

MANY = "/admin/links/many"


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


@pytest.fixture
def two(office: Office) -> list[LinkView]:
    return [office.link("one", tags=("red",)), office.link("two")]


def send(who: Person, two: list[LinkView], action: str, **fields: object) -> Page:
    return who.post(MANY, {"action": action, "ids": [link.uid for link in two], **fields})


def now(office: Office, owner: Person, two: list[LinkView]) -> list[LinkView]:
    return [links.get(office.context(), owner.principal, link.uid) for link in two]


def test_what_can_be_undone_is_done_at_once_and_told_above_the_list(
    office: Office, owner: Person, two: list[LinkView]
) -> None:
    reply = send(owner, two, "disable", back="q=one&sort=slug")
    assert reply.status_code == 303
    assert reply.headers["Location"] == "/admin/links?q=one&sort=slug"
    assert "2 links disabled." in owner.follow(reply).text
    assert [link.is_active for link in now(office, owner, two)] == [False, False]
    assert "2 links enabled." in owner.follow(send(owner, two, "enable")).text
    again = owner.follow(send(owner, two, "enable"))
    assert "0 links enabled. 2 links were like that already." in again.text


def test_links_go_to_the_trash_and_come_back(
    office: Office, owner: Person, two: list[LinkView]
) -> None:
    assert "2 links moved to the trash." in owner.follow(send(owner, two, "trash")).text
    assert None not in [link.deleted_at for link in now(office, owner, two)]
    assert "2 links restored." in owner.follow(send(owner, two, "restore")).text


def test_tags_are_asked_for_first(office: Office, owner: Person, two: list[LinkView]) -> None:
    asked = send(owner, two, "tag")
    assert asked.status_code == 200
    assert "Tags to add" in asked.text
    assert "go.example.org/one" in asked.text
    reply = send(owner, two, "tag", sure="1", tags=" blue, green ,")
    assert "2 links tagged." in owner.follow(reply).text
    assert [link.tags for link in now(office, owner, two)] == [
        ("blue", "green", "red"),
        ("blue", "green"),
    ]
    assert "blue, green, red" in send(owner, two, "untag").text  # those that there are
    reply = send(owner, two, "untag", sure="1", tags="green, red")
    assert "2 links changed." in owner.follow(reply).text
    assert [link.tags for link in now(office, owner, two)] == [("blue",), ("blue",)]


def test_a_tag_that_cannot_be_is_told_at_its_field_and_not_lost(
    office: Office, owner: Person, two: list[LinkView]
) -> None:
    reply = send(owner, two, "tag", sure="1", tags="x" * 51)
    assert reply.status_code == 422
    assert "must have 1 to 50 characters" in reply.text
    assert f'value="{"x" * 51}"' in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert send(owner, two, "tag", sure="1", tags=" , ").status_code == 422
    assert [link.tags for link in now(office, owner, two)] == [("red",), ()]


def test_an_expiry_is_in_the_readers_own_time(
    office: Office, owner: Person, two: list[LinkView]
) -> None:
    owner.keep("klink_tz", "Europe/Berlin", path="/admin")
    assert "Europe/Berlin" in send(owner, two, "expire").text
    reply = send(owner, two, "expire", sure="1", expires_at="2026-07-01T12:30")
    assert "2 links changed." in owner.follow(reply).text
    at = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert [link.expires_at for link in now(office, owner, two)] == [at, at]
    send(owner, two, "expire", sure="1", expires_at="")
    assert [link.expires_at for link in now(office, owner, two)] == [None, None]


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026-13-01T00:00", "2020-01-01T00:00", "0001-01-01T00:00"]
)
def test_an_expiry_that_cannot_be_is_told_at_its_field(
    owner: Person, two: list[LinkView], text: str
) -> None:
    owner.keep("klink_tz", "Asia/Tokyo", path="/admin")
    reply = send(owner, two, "expire", sure="1", expires_at=text)
    assert reply.status_code == 422
    assert 'id="f-expires_at-error"' in reply.text
    assert f'value="{text}"' in reply.text


def test_a_purge_asks_and_says_what_goes_with_it(
    office: Office, owner: Person, two: list[LinkView]
) -> None:
    asked = send(owner, two, "purge")
    assert "cannot be undone" in asked.text
    assert len(now(office, owner, two)) == 2  # nothing has happened yet
    assert "2 links erased." in owner.follow(send(owner, two, "purge", sure="1")).text
    with pytest.raises(NotFound):
        now(office, owner, two)


def test_what_was_not_done_is_named_with_its_reason(
    office: Office, owner: Person, two: list[LinkView]
) -> None:
    links.trash(office.context(), owner.principal, two[0].uid)
    theirs = office.link("theirs", workspace_id=office.stranger().workspace_id)
    reply = send(owner, [*two, theirs], "disable", back="state=active")
    assert reply.status_code == 200
    assert "1 link disabled." in reply.text
    assert "The link is in the trash; restore it" in reply.text
    assert f'href="/admin/links/{two[0].uid}"' in reply.text
    assert "No such link." in reply.text
    assert "go.example.org/theirs" not in reply.text
    assert 'href="/admin/links?state=active"' in reply.text
    assert links.get(office.context(), office.stranger("admin").principal, theirs.uid).is_active


def test_nothing_selected_is_told(owner: Person) -> None:
    reply = owner.post(MANY, {"action": "disable"})
    assert "Select links first" in owner.follow(reply).text


def test_too_many_at_once_are_refused(owner: Person) -> None:
    ids = [f"{i:08d}-0000-7000-8000-000000000000" for i in range(201)]
    for action in ("disable", "purge"):
        reply = owner.post(MANY, {"action": action, "ids": ids})
        assert reply.status_code == 422
        assert "200 links" in reply.text


def test_an_action_that_there_is_not_is_refused(owner: Person, two: list[LinkView]) -> None:
    assert send(owner, two, "explode").status_code == 422


@pytest.mark.parametrize(
    "action", ["enable", "disable", "tag", "untag", "expire", "trash", "restore", "purge"]
)
def test_who_may_only_read_does_none_of_it(
    office: Office, owner: Person, two: list[LinkView], action: str
) -> None:
    viewer = office.sign_in("viewer")
    reply = send(viewer, two, action, sure="1", tags="x")
    assert reply.status_code == 403
    assert now(office, owner, two) == two


def test_the_way_back_is_a_list_and_nowhere_else(owner: Person, two: list[LinkView]) -> None:
    for back in ("//evil.example/", "https://evil.example/", "q=1&next=//evil.example"):
        reply = send(owner, two, "enable", back=back)
        assert reply.headers["Location"] in ("/admin/links", "/admin/links?q=1")
