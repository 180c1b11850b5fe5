"""Bio pages: made, changed, shown and deleted, by whom, and on which host."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from klink.core import bio, domains, links
from klink.core.bio import BioPageView, BioPatch, NewBioPage
from klink.core.context import Context
from klink.core.errors import (
    BioNameTaken,
    Conflict,
    InsufficientScope,
    KlinkError,
    NotFound,
    PreconditionFailed,
    ValidationFailed,
)
from klink.core.principal import Principal
from klink.db.connection import read
from klink.db.models import BASE_DOMAIN_ID, Audit, BioPicture
from tests.core.bio.files import exif, jpeg, png
from tests.core.conftest import World
from tests.dialects.house import at_once

HOST = "go.acme.example"


@pytest.fixture
def page(ctx: Context, owner: Principal) -> BioPageView:
    """A page that is published."""
    bio.create(ctx, owner, NewBioPage(name="acme", title="Acme", text="We make things."))
    return publish(ctx, owner)


@pytest.fixture
def viewer(owner: Principal) -> Principal:
    return replace(owner, scopes=frozenset({"read"}), role="viewer")


def publish(ctx: Context, who: Principal, name: str = "acme") -> BioPageView:
    return bio.change(ctx, who, name, BioPatch(is_published=True))


def actions() -> list[str]:
    with read():
        rows = Audit.select().where(Audit.action.startswith("bio.")).order_by(Audit.id)
        return [row.action for row in rows]


def host_of(ctx: Context, who: Principal, host: str = HOST) -> int:
    """A verified domain of somebody's workspace."""
    domains.claim(ctx, replace(who, dialect="cli"), host, verified=True)
    return links.domain_of_host(host) or 0


def test_a_new_page_is_seen_by_its_workspace_alone(ctx: Context, owner: Principal):
    made = bio.create(ctx, owner, NewBioPage(name="Acme", title=" Acme ", text=" a\r\nb\rc "))
    assert (made.name, made.title, made.text) == ("acme", "Acme", "a\nb\nc")
    assert (made.is_published, made.picture, made.link_count, made.version) == (False, None, 0, 1)
    assert made.url == "https://go.example.org/@acme"
    assert bio.get(ctx, owner, "ACME") == made
    assert bio.find_all(ctx, owner) == [made]
    assert bio.shown(ctx, "acme", BASE_DOMAIN_ID) is None
    assert actions() == ["bio.create"]


def test_a_page_is_published_and_taken_back(ctx: Context, owner: Principal, page: BioPageView):
    assert (page.is_published, page.version) == (True, 2)
    for name in ("acme", "ACME"):
        found = bio.shown(ctx, name, BASE_DOMAIN_ID)
        assert found is not None
        assert (found.name, found.title, found.text) == ("acme", "Acme", "We make things.")
    bio.change(ctx, owner, "acme", BioPatch(is_published=False))
    assert bio.shown(ctx, "acme", BASE_DOMAIN_ID) is None
    assert actions() == ["bio.create", "bio.publish", "bio.unpublish"]


def test_a_change_says_what_was_and_what_is(
    world: World, ctx: Context, owner: Principal, page: BioPageView
):
    later = world.later(timedelta(minutes=1))
    changed = bio.change(later, owner, "acme", BioPatch(title="Acme & Co"))
    assert (changed.title, changed.text, changed.version) == ("Acme & Co", page.text, 3)
    assert (changed.updated_at, changed.created_at) == (later.now, ctx.now)
    with read():
        entry = Audit.select().order_by(Audit.id.desc()).first()
    assert (entry.action, entry.subject) == ("bio.change", f"bio:{page.uid}")
    assert entry.details == '{"name": "acme", "title": ["Acme", "Acme & Co"]}'
    assert entry.user_id == owner.user_id


def test_what_changes_nothing_is_no_change(ctx: Context, owner: Principal, page: BioPageView):
    for patch in (BioPatch(), BioPatch(title="Acme ", is_published=True), BioPatch(name="@ACME")):
        assert bio.change(ctx, owner, "acme", patch) == page
    assert actions() == ["bio.create", "bio.publish"]


def test_a_page_that_has_changed_meanwhile_is_not_written_over(
    ctx: Context, owner: Principal, page: BioPageView
):
    bio.change(ctx, owner, "acme", BioPatch(title="Mine"), if_version=page.version)
    with pytest.raises(PreconditionFailed, match="the page has changed"):
        bio.change(ctx, owner, "acme", BioPatch(title="Yours"), if_version=page.version)
    with pytest.raises(PreconditionFailed):
        bio.delete(ctx, owner, "acme", if_version=page.version)
    with pytest.raises(PreconditionFailed):
        bio.set_picture(ctx, owner, "acme", png(), if_version=page.version)
    with pytest.raises(PreconditionFailed):
        bio.place(ctx, owner, "acme", [], if_version=page.version)


def test_a_renamed_page_leaves_its_old_name_to_others(
    ctx: Context, owner: Principal, stranger: Principal, page: BioPageView
):
    renamed = bio.change(ctx, owner, "acme", BioPatch(name="acme-co"))
    assert (renamed.uid, renamed.name) == (page.uid, "acme-co")
    assert bio.shown(ctx, "acme", BASE_DOMAIN_ID) is None
    assert bio.shown(ctx, "acme-co", BASE_DOMAIN_ID) is not None
    assert bio.create(ctx, stranger, NewBioPage(name="acme")).workspace_id == stranger.workspace_id
    with pytest.raises(BioNameTaken):
        bio.change(ctx, owner, "acme-co", BioPatch(name="Acme"))


def test_a_deleted_page_is_gone_with_its_picture(
    ctx: Context, owner: Principal, stranger: Principal, page: BioPageView
):
    bio.set_picture(ctx, owner, "acme", png())
    link = links.create(ctx, owner, links.NewLink(url="https://example.com/")).link
    bio.add(ctx, owner, "acme", link.uid)
    bio.delete(ctx, owner, "acme")
    assert bio.find_all(ctx, owner) == []
    with read():
        assert BioPicture.select().count() == 0
    assert links.get(ctx, owner, link.uid).deleted_at is None
    bio.create(ctx, stranger, NewBioPage(name="acme"))
    assert actions()[-2:] == ["bio.delete", "bio.create"]


@pytest.mark.parametrize(
    "fields,field",
    [
        ({"title": "t" * 101}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"text": "t" * 1001}, "text"),
        ({"text": "a\x1bb"}, "text"),
        ({"name": "admin"}, "name"),
        ({"name": "x"}, "name"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(
    ctx: Context, owner: Principal, page: BioPageView, fields: dict[str, Any], field: str
):
    with pytest.raises(ValidationFailed) as caught:
        bio.change(ctx, owner, "acme", BioPatch(**fields))
    assert list(caught.value.errors) == [field]
    with pytest.raises(ValidationFailed) as caught:
        bio.create(ctx, owner, NewBioPage(**{"name": "other", **fields}))
    assert list(caught.value.errors) == [field]


def test_everything_that_is_wrong_is_said_at_once(ctx: Context, owner: Principal):
    with pytest.raises(ValidationFailed) as caught:
        bio.create(ctx, owner, NewBioPage(name="-", title="t" * 101, text="t" * 1001))
    assert set(caught.value.errors) == {"name", "title", "text"}


def test_the_longest_words_are_kept_whole(ctx: Context, owner: Principal):
    made = bio.create(
        ctx, owner, NewBioPage(name="n" * 32, title="ü" * 100, text="\n".join("ä" * 500))
    )
    assert (len(made.title), len(made.text)) == (100, 999)


def test_a_name_is_one_page_s_on_the_whole_server(
    ctx: Context, owner: Principal, stranger: Principal, page: BioPageView
):
    for who in (owner, stranger):
        with pytest.raises(BioNameTaken, match="@acme is another page's name"):
            bio.create(ctx, who, NewBioPage(name="ACME"))
        assert "another page's name" in bio.name_problem(who, "acme")
    assert bio.name_problem(owner, "acme2") == ""
    assert "is kept for" in bio.name_problem(owner, "support")


def test_a_workspace_has_at_most_ten_pages(ctx: Context, owner: Principal, stranger: Principal):
    for number in range(bio.MAX_PAGES):
        bio.create(ctx, owner, NewBioPage(name=f"page-{number}"))
    with pytest.raises(Conflict, match="may have 10 bio pages"):
        bio.create(ctx, owner, NewBioPage(name="one-more"))
    bio.create(ctx, stranger, NewBioPage(name="one-more"))
    assert len(bio.find_all(ctx, owner)) == bio.MAX_PAGES


def test_of_many_who_want_a_name_one_gets_it(ctx: Context, owner: Principal, stranger: Principal):
    works = [
        lambda who=who: bio.create(ctx, who, NewBioPage(name="wanted"))
        for who in (owner, stranger) * 4
    ]
    found = at_once(works)
    assert sum(isinstance(each, BioPageView) for each in found) == 1
    assert sum(isinstance(each, BioNameTaken) for each in found) == 7


def test_of_many_renamed_to_one_name_one_gets_it(ctx: Context, owner: Principal):
    for number in range(6):
        bio.create(ctx, owner, NewBioPage(name=f"page-{number}"))
    works = [
        lambda number=number: bio.change(ctx, owner, f"page-{number}", BioPatch(name="wanted"))
        for number in range(6)
    ]
    found = at_once(works)
    assert sum(isinstance(each, BioPageView) for each in found) == 1
    assert sum(isinstance(each, BioNameTaken) for each in found) == 5


def test_pages_made_at_once_stay_within_the_limit(ctx: Context, owner: Principal):
    works = [
        lambda number=number: bio.create(ctx, owner, NewBioPage(name=f"page-{number}"))
        for number in range(14)
    ]
    found = at_once(works)
    assert sum(isinstance(each, BioPageView) for each in found) == bio.MAX_PAGES
    assert all(isinstance(each, BioPageView | Conflict) for each in found)


def test_an_editor_may_edit(ctx: Context, teammate: Principal, page: BioPageView):
    assert bio.change(ctx, teammate, "acme", BioPatch(title="Ours")).title == "Ours"
    bio.set_picture(ctx, teammate, "acme", png())
    bio.delete(ctx, teammate, "acme")


def test_a_viewer_may_only_look(ctx: Context, viewer: Principal, page: BioPageView):
    assert bio.get(ctx, viewer, "acme") == page
    assert bio.find_all(ctx, viewer) == [page]
    assert bio.chosen(ctx, viewer, "acme") == []
    assert bio.picture(viewer, "acme") is None
    for change in (
        lambda: bio.create(ctx, viewer, NewBioPage(name="mine")),
        lambda: bio.change(ctx, viewer, "acme", BioPatch(title="x")),
        lambda: bio.delete(ctx, viewer, "acme"),
        lambda: bio.set_picture(ctx, viewer, "acme", png()),
        lambda: bio.remove_picture(ctx, viewer, "acme"),
        lambda: bio.place(ctx, viewer, "acme", []),
        lambda: bio.add(ctx, viewer, "acme", page.uid),
        lambda: bio.move(ctx, viewer, "acme", page.uid, 1),
        lambda: bio.label(ctx, viewer, "acme", page.uid, "x"),
        lambda: bio.remove(ctx, viewer, "acme", page.uid),
    ):
        with pytest.raises(InsufficientScope):
            change()


def test_a_stranger_finds_no_page(ctx: Context, stranger: Principal, page: BioPageView):
    assert bio.find_all(ctx, stranger) == []
    for ask in (
        lambda: bio.get(ctx, stranger, "acme"),
        lambda: bio.chosen(ctx, stranger, "acme"),
        lambda: bio.picture(stranger, "acme"),
        lambda: bio.change(ctx, stranger, "acme", BioPatch(title="x")),
        lambda: bio.delete(ctx, stranger, "acme"),
        lambda: bio.set_picture(ctx, stranger, "acme", png()),
        lambda: bio.remove_picture(ctx, stranger, "acme"),
        lambda: bio.place(ctx, stranger, "acme", []),
        lambda: bio.remove(ctx, stranger, "acme", page.uid),
    ):
        with pytest.raises(NotFound, match="no such bio page"):
            ask()


@pytest.mark.parametrize("name", ["nobody", "", "a\0b", "ä" * 5, "x" * 5000, "%"])
def test_unknown_names_are_not_found(ctx: Context, owner: Principal, name: str):
    with pytest.raises(NotFound):
        bio.get(ctx, owner, name)
    assert bio.shown(ctx, name, BASE_DOMAIN_ID) is None
    assert bio.shown_picture(name, "x", BASE_DOMAIN_ID) is None
    assert bio.name_problem(owner, "free-name") == ""


def test_on_a_workspace_s_own_host_only_its_pages_are_shown(
    ctx: Context, owner: Principal, stranger: Principal, page: BioPageView
):
    ours = host_of(ctx, owner)
    theirs = host_of(ctx, stranger, "go.beta.example")
    bio.create(ctx, stranger, NewBioPage(name="beta"))
    publish(ctx, stranger, "beta")
    seen = {
        (name, domain): bio.shown(ctx, name, domain) is not None
        for name in ("acme", "beta")
        for domain in (BASE_DOMAIN_ID, ours, theirs)
    }
    assert seen == {
        ("acme", BASE_DOMAIN_ID): True,
        ("acme", ours): True,
        ("acme", theirs): False,
        ("beta", BASE_DOMAIN_ID): True,
        ("beta", ours): False,
        ("beta", theirs): True,
    }


def test_a_page_s_address_is_on_the_workspace_s_default_domain(
    ctx: Context, owner: Principal, page: BioPageView
):
    host_of(ctx, owner)
    assert bio.get(ctx, owner, "acme").url == "https://go.example.org/@acme"
    domains.change(ctx, owner, HOST, domains.DomainPatch(is_default=True))
    assert bio.get(ctx, owner, "acme").url == f"https://{HOST}/@acme"
    found = bio.shown(ctx, "acme", BASE_DOMAIN_ID)
    assert found is not None
    assert found.url == f"https://{HOST}/@acme"


def test_a_picture_is_kept_without_what_the_camera_said(
    ctx: Context, owner: Principal, page: BioPageView
):
    with_picture = bio.set_picture(ctx, owner, "acme", jpeg(16, 8, exif()))
    told = with_picture.picture
    assert told is not None
    assert (told.type, told.width, told.height) == ("image/jpeg", 16, 8)
    assert with_picture.version == page.version + 1
    found = bio.shown_picture("acme", told.hash, BASE_DOMAIN_ID)
    assert found == ("image/jpeg", jpeg(16, 8))
    assert bio.picture(owner, "acme") == found
    assert bio.shown_picture("acme", "0" * 32, BASE_DOMAIN_ID) is None
    assert bio.shown_picture("acme", told.hash[:-1], BASE_DOMAIN_ID) is None


def test_a_new_picture_has_a_new_name_and_the_old_one_is_gone(
    ctx: Context, owner: Principal, page: BioPageView
):
    first = bio.set_picture(ctx, owner, "acme", png(3, 2)).picture
    assert bio.set_picture(ctx, owner, "acme", png(3, 2)).picture == first
    second = bio.set_picture(ctx, owner, "acme", png(2, 3)).picture
    assert first is not None
    assert second is not None
    assert first.hash != second.hash
    assert bio.shown_picture("acme", first.hash, BASE_DOMAIN_ID) is None
    removed = bio.remove_picture(ctx, owner, "acme")
    assert removed.picture is None
    assert bio.remove_picture(ctx, owner, "acme") == removed
    assert actions()[2:] == ["bio.picture"] * 3


def test_a_picture_that_is_refused_leaves_the_old_one(
    ctx: Context, owner: Principal, page: BioPageView
):
    kept = bio.set_picture(ctx, owner, "acme", png())
    with pytest.raises(ValidationFailed):
        bio.set_picture(ctx, owner, "acme", b"<svg/>")
    assert bio.get(ctx, owner, "acme") == kept


def test_nobody_sees_the_picture_of_a_page_that_is_not_published(
    ctx: Context, owner: Principal, stranger: Principal
):
    bio.create(ctx, owner, NewBioPage(name="acme"))
    told = bio.set_picture(ctx, owner, "acme", png()).picture
    assert told is not None
    theirs = host_of(ctx, stranger)
    assert bio.shown_picture("acme", told.hash, BASE_DOMAIN_ID) is None
    assert bio.picture(owner, "acme") is not None
    publish(ctx, owner)
    assert bio.shown_picture("acme", told.hash, BASE_DOMAIN_ID) is not None
    assert bio.shown_picture("acme", told.hash, theirs) is None


def test_pictures_sent_at_once_leave_one(ctx: Context, owner: Principal, page: BioPageView):
    works = [
        lambda width=width: bio.set_picture(ctx, owner, "acme", png(width, 1))
        for width in range(1, 7)
    ]
    assert not any(isinstance(each, KlinkError) for each in at_once(works))
    with read():
        assert BioPicture.select().count() == 1
    assert bio.get(ctx, owner, "acme").version == page.version + 6
