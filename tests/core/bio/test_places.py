"""The links on a bio page: which there may be, in which order, and which of them visitors see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from klink.core import bio, links
from klink.core.bio import BioPageView, BioPatch, NewBioPage, PlacedLink
from klink.core.context import Context
from klink.core.errors import Gone, NotFound, ValidationFailed
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from klink.db.connection import read, write
from klink.db.models import BASE_DOMAIN_ID, Audit, BioLink
from tests.core.conftest import World
from tests.dialects.house import at_once


@pytest.fixture
def page(ctx: Context, owner: Principal) -> BioPageView:
    bio.create(ctx, owner, NewBioPage(name="acme"))
    return bio.change(ctx, owner, "acme", BioPatch(is_published=True))


@pytest.fixture
def three(ctx: Context, owner: Principal, page: BioPageView) -> list[LinkView]:
    """Three links on the page."""
    made = [link(ctx, owner, slug, title=slug.title()) for slug in ("one", "two", "three")]
    for each in made:
        bio.add(ctx, owner, "acme", each.uid)
    return made


def link(ctx: Context, who: Principal, slug: str, **fields: Any) -> LinkView:
    return links.create(ctx, who, NewLink(url="https://example.com/", slug=slug, **fields)).link


def slugs(ctx: Context, who: Principal) -> list[str]:
    return [each.link.slug for each in bio.chosen(ctx, who, "acme")]


def shown(ctx: Context, domain_id: int = BASE_DOMAIN_ID) -> list[tuple[str, str]]:
    found = bio.shown(ctx, "acme", domain_id)
    assert found is not None
    return [(each.label, each.url) for each in found.links]


def last_details() -> str:
    with read():
        entry = Audit.select().where(Audit.action == "bio.links").order_by(Audit.id.desc()).first()
    return str(entry.details)


def test_links_stand_in_the_order_in_which_they_came(
    ctx: Context, owner: Principal, page: BioPageView, three: list[LinkView]
):
    assert shown(ctx) == [
        ("One", "https://go.example.org/one"),
        ("Two", "https://go.example.org/two"),
        ("Three", "https://go.example.org/three"),
    ]
    now = bio.get(ctx, owner, "acme")
    assert (now.link_count, now.version) == (3, page.version + 3)
    assert three[2].uid in last_details()


def test_a_link_is_called_by_its_label_its_title_or_its_address(
    ctx: Context, owner: Principal, page: BioPageView
):
    untitled, titled = link(ctx, owner, "one"), link(ctx, owner, "two", title="Second")
    bio.add(ctx, owner, "acme", untitled.uid)
    bio.add(ctx, owner, "acme", titled.uid, "  Read this ")
    assert [label for label, _ in shown(ctx)] == ["go.example.org/one", "Read this"]
    bio.label(ctx, owner, "acme", titled.uid, " ")
    bio.label(ctx, owner, "acme", untitled.uid, "First")
    assert [label for label, _ in shown(ctx)] == ["First", "Second"]
    assert [each.label for each in bio.chosen(ctx, owner, "acme")] == ["First", None]
    links.update(ctx, owner, titled.uid, links.LinkPatch(title="New"))
    assert [label for label, _ in shown(ctx)] == ["First", "New"]


@pytest.mark.parametrize(
    "at,by,order",
    [
        (0, 1, ["two", "one", "three"]),
        (2, -1, ["one", "three", "two"]),
        (0, -1, ["one", "two", "three"]),
        (2, 1, ["one", "two", "three"]),
        (0, 2, ["two", "three", "one"]),
        (2, -99, ["three", "one", "two"]),
        (0, 99, ["two", "three", "one"]),
        (1, 0, ["one", "two", "three"]),
    ],
)
def test_a_link_moves_up_and_down(
    ctx: Context, owner: Principal, three: list[LinkView], at: int, by: int, order: list[str]
):
    before = bio.get(ctx, owner, "acme").version
    after = bio.move(ctx, owner, "acme", three[at].uid.upper(), by).version
    assert slugs(ctx, owner) == order
    assert after - before == (order != ["one", "two", "three"])


def test_a_link_goes_and_may_come_again(ctx: Context, owner: Principal, three: list[LinkView]):
    bio.remove(ctx, owner, "acme", three[0].uid)
    assert slugs(ctx, owner) == ["two", "three"]
    bio.add(ctx, owner, "acme", three[0].uid)
    assert slugs(ctx, owner) == ["two", "three", "one"]
    bio.remove(ctx, owner, "acme", three[1].uid)
    for change in (
        lambda: bio.remove(ctx, owner, "acme", three[1].uid),
        lambda: bio.move(ctx, owner, "acme", three[1].uid, 1),
        lambda: bio.label(ctx, owner, "acme", three[1].uid, "x"),
    ):
        with pytest.raises(NotFound, match="no such link on this page"):
            change()


def test_all_places_are_given_at_once(ctx: Context, owner: Principal, three: list[LinkView]):
    four = link(ctx, owner, "four")
    wanted = [PlacedLink(four.uid, "New"), PlacedLink(three[2].uid), PlacedLink(three[0].uid, "A")]
    before = bio.get(ctx, owner, "acme").version
    assert bio.place(ctx, owner, "acme", wanted).version == before + 1
    assert [(each.link.slug, each.label) for each in bio.chosen(ctx, owner, "acme")] == [
        ("four", "New"),
        ("three", None),
        ("one", "A"),
    ]
    told = last_details()
    assert four.uid in told
    assert f'"removed": ["{three[1].uid}"]' in told
    assert bio.place(ctx, owner, "acme", wanted).version == before + 1
    assert bio.place(ctx, owner, "acme", []).link_count == 0


def test_a_link_stands_on_a_page_once_and_on_several(
    ctx: Context, owner: Principal, three: list[LinkView]
):
    with pytest.raises(ValidationFailed, match="stands on this page already"):
        bio.add(ctx, owner, "acme", three[0].uid.upper())
    with pytest.raises(ValidationFailed, match="stands on this page already"):
        bio.place(ctx, owner, "acme", [PlacedLink(three[0].uid)] * 2)
    bio.create(ctx, owner, NewBioPage(name="other"))
    assert bio.add(ctx, owner, "other", three[0].uid).link_count == 1


def test_only_links_of_the_workspace_may_stand_there(
    ctx: Context, owner: Principal, stranger: Principal, page: BioPageView
):
    theirs = link(ctx, stranger, "theirs")
    for uid in (theirs.uid, "0198c5a0-0000-7000-8000-000000000000", "x", "\0", ""):
        with pytest.raises(NotFound):
            bio.add(ctx, owner, "acme", uid)
        with pytest.raises(ValidationFailed) as caught:
            bio.place(ctx, owner, "acme", [PlacedLink(uid)])
        assert list(caught.value.errors) == ["links"]
    assert slugs(ctx, owner) == []


def test_a_link_in_the_trash_is_not_put_on_a_page(
    ctx: Context, owner: Principal, page: BioPageView
):
    gone = link(ctx, owner, "gone")
    links.trash(ctx, owner, gone.uid)
    with pytest.raises(Gone):
        bio.add(ctx, owner, "acme", gone.uid)
    with pytest.raises(ValidationFailed, match="in the trash"):
        bio.place(ctx, owner, "acme", [PlacedLink(gone.uid)])


def test_a_page_has_at_most_a_hundred_links(ctx: Context, owner: Principal, page: BioPageView):
    wanted = [NewLink(url="https://example.com/") for _ in range(bio.MAX_LINKS + 1)]
    with write():
        made = links.create_many(ctx, owner, wanted, atomic=True)
    uids = [each.link.uid for each in made if isinstance(each, links.Created)]
    with pytest.raises(ValidationFailed, match="may have 100 links"):
        bio.place(ctx, owner, "acme", [PlacedLink(uid) for uid in uids])
    bio.place(ctx, owner, "acme", [PlacedLink(uid) for uid in uids[:-1]])
    with pytest.raises(ValidationFailed, match="may have 100 links; remove one"):
        bio.add(ctx, owner, "acme", uids[-1])
    assert len(shown(ctx)) == bio.MAX_LINKS
    # What stands there may still change its place.
    assert bio.move(ctx, owner, "acme", uids[0], 50).link_count == bio.MAX_LINKS


@pytest.mark.parametrize("text", ["x" * 101, "a\nb", "a\0b", "\ud800"])
def test_a_label_that_cannot_be_kept_is_refused(
    ctx: Context, owner: Principal, three: list[LinkView], text: str
):
    with pytest.raises(ValidationFailed) as caught:
        bio.label(ctx, owner, "acme", three[1].uid, text)
    assert list(caught.value.errors) == ["label"]
    with pytest.raises(ValidationFailed) as caught:
        bio.place(ctx, owner, "acme", [PlacedLink(three[0].uid), PlacedLink(three[1].uid, text)])
    assert list(caught.value.errors) == ["links.1.label"]


def test_visitors_see_only_links_that_lead_somewhere(
    world: World, ctx: Context, owner: Principal, page: BioPageView
):
    soon = ctx.now + timedelta(hours=1)
    fields: dict[str, dict[str, Any]] = {  # Any: what NewLink takes
        "plain": {},
        "locked": {"password": "open sesame"},
        "page": {"type": "inpage"},
        "off": {"is_active": False},
        "later": {"starts_at": soon},
        "ending": {"expires_at": soon},
        "moved": {"expires_at": soon, "expired_url": "https://example.com/over"},
        "rare": {"max_clicks": 1},
        "held": {},
        "trashed": {},
    }
    made = {slug: link(ctx, owner, slug, **each) for slug, each in fields.items()}
    for each in made.values():
        bio.add(ctx, owner, "acme", each.uid)
    links.quarantine(ctx, owner, made["held"].uid, "spam")
    links.trash(ctx, owner, made["trashed"].uid)

    def states(of: Context) -> dict[str, str]:
        return {each.link.slug: each.state for each in bio.chosen(of, owner, "acme")}

    assert states(ctx) == {
        "plain": "shown",
        "locked": "shown",
        "page": "shown",
        "off": "inactive",
        "later": "not_started",
        "ending": "shown",
        "moved": "shown",
        "rare": "shown",
        "held": "quarantined",
        "trashed": "trashed",
    }
    with write():
        links.take_use(made["rare"].id, 1)
    hour_later = world.later(timedelta(hours=1))
    assert states(hour_later)["rare"] == "used_up"
    assert states(hour_later)["ending"] == states(hour_later)["moved"] == "expired"
    assert states(hour_later)["later"] == "shown"
    for of in (ctx, hour_later):
        seen = [url.rpartition("/")[2] for _, url in shown(of)]
        assert seen == [slug for slug, state in states(of).items() if state == "shown"]


def test_a_link_that_comes_back_has_its_place_again(
    ctx: Context, owner: Principal, three: list[LinkView]
):
    links.trash(ctx, owner, three[0].uid)
    assert [label for label, _ in shown(ctx)] == ["Two", "Three"]
    bio.move(ctx, owner, "acme", three[1].uid, 1)  # what is in the trash stays on the page
    links.restore(ctx, owner, three[0].uid)
    assert [label for label, _ in shown(ctx)] == ["One", "Three", "Two"]


def test_a_purged_link_is_gone_from_every_page(
    ctx: Context, owner: Principal, three: list[LinkView]
):
    links.purge(ctx, owner, three[1].uid)
    assert slugs(ctx, owner) == ["one", "three"]
    assert bio.get(ctx, owner, "acme").link_count == 2
    bio.move(ctx, owner, "acme", three[2].uid, -1)
    assert slugs(ctx, owner) == ["three", "one"]


def test_links_added_at_once_all_stand_there(ctx: Context, owner: Principal, page: BioPageView):
    made = [link(ctx, owner, f"link-{number}") for number in range(8)]
    works = [lambda each=each: bio.add(ctx, owner, "acme", each.uid) for each in made]
    assert not [each for each in at_once(works) if isinstance(each, Exception)]
    assert sorted(slugs(ctx, owner)) == sorted(each.slug for each in made)
    with read():
        places = [row.position for row in BioLink.select().order_by(BioLink.position)]
    assert places == list(range(8))


def test_links_purged_while_a_page_changes_leave_no_trace(
    ctx: Context, owner: Principal, page: BioPageView
):
    made = [link(ctx, owner, f"link-{number}") for number in range(8)]
    for each in made[:4]:
        bio.add(ctx, owner, "acme", each.uid)
    works: list[Any] = [lambda each=each: links.purge(ctx, owner, each.uid) for each in made]
    works += [lambda each=each: bio.move(ctx, owner, "acme", each.uid, 1) for each in made[:4]]
    works += [lambda each=each: bio.add(ctx, owner, "acme", each.uid) for each in made[4:]]
    for each in at_once(works):
        assert not isinstance(each, Exception) or isinstance(each, NotFound | ValidationFailed)
    assert slugs(ctx, owner) == []
    with read():
        assert BioLink.select().count() == 0


def test_a_viewer_sees_why_a_link_is_not_shown(
    ctx: Context, owner: Principal, three: list[LinkView]
):
    viewer = replace(owner, scopes=frozenset({"read"}), role="viewer")
    links.update(ctx, owner, three[0].uid, links.LinkPatch(is_active=False))
    assert [each.state for each in bio.chosen(ctx, viewer, "acme")] == [
        "inactive",
        "shown",
        "shown",
    ]


def test_links_that_could_stand_there_are_found_by_slug_and_words(
    ctx: Context, owner: Principal, stranger: Principal, three: list[LinkView]
):
    def found(q: str = "") -> list[str]:
        return [each.slug for each in bio.candidates(ctx, owner, "acme", q)]

    assert found() == []
    link(ctx, stranger, "springtime")
    gone = link(ctx, owner, "spring-gone")
    links.trash(ctx, owner, gone.uid)
    for slug in ("spring", "spring-sale", "autumn"):
        link(ctx, owner, slug, title=f"The {slug}")
    assert found() == ["autumn", "spring-sale", "spring"]
    assert found("spring") == found(" /spring") == ["spring", "spring-sale"]
    assert found("https://go.example.org/spring") == ["spring"]
    assert found("the aut") == ["autumn"]
    assert found("one") == []
    for number in range(12):
        link(ctx, owner, f"many-{number}")
    assert len(found()) == len(found("many")) == 8
    with pytest.raises(ValidationFailed) as caught:
        found("q" * 201)
    assert list(caught.value.errors) == ["q"]
    with pytest.raises(NotFound):
        bio.candidates(ctx, stranger, "acme")
