"""Bio pages on the admin page: made, written, put in order and published, by whoever may."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest

from klink.core import bio, links
from klink.core.bio import NewBioPage
from klink.core.links import LinkView
from klink.db.connection import read
from klink.db.models import Audit
from tests.admin.office import Office, Page, Person
from tests.core.bio.files import exif, jpeg, png

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><svg/onload=alert(1)>",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "<!--",
]


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


@pytest.fixture
def page(office: Office, owner: Person) -> None:
    bio.create(office.context(), owner.principal, NewBioPage(name="acme", title="Acme"))


@pytest.fixture
def three(office: Office, owner: Person, page: None) -> list[LinkView]:
    """Three links on the page."""
    made = [office.link(slug, title=slug.title()) for slug in ("one", "two", "three")]
    for each in made:
        bio.add(office.context(), owner.principal, "acme", each.uid)
    return made


class Markup(HTMLParser):
    """Elements with their attributes, and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def order(reply: Page) -> list[str]:
    """The slugs on the screen of a page, in their order."""
    [listed] = re.findall(r'<ol class="bio-links">(.*?)</ol>', reply.text, re.DOTALL) or [""]
    return re.findall(r'<a class="slug"[^>]*>go\.example\.org/([^<]*)</a>', listed)


def found(reply: Page) -> list[str]:
    """The slugs that are offered."""
    listed = re.findall(r'<ul class="bio-found">(.*?)</ul>', reply.text, re.DOTALL)
    return re.findall(r'<b class="slug">go\.example\.org/([^<]*)</b>', listed[0]) if listed else []


def error_at(reply: Page, field_id: str) -> str:
    """What stands under a field."""
    told = re.findall(rf'<p class="error" id="{field_id}-error">([^<]*)</p>', reply.text)
    return told[0] if told else ""


def upload(person: Person, data: bytes, name: str = "me.png") -> Page:
    return person.post("/admin/bio/acme/picture", {"picture": (BytesIO(data), name)})


def test_without_a_page_the_screen_says_what_one_is(owner: Person):
    reply = owner.get("/admin/bio")
    assert "One address for all your links" in reply.text
    assert 'aria-current="page">Bio pages' in reply.text


def test_a_page_is_made_and_its_screen_follows(owner: Person):
    reply = owner.post("/admin/bio", {"name": "@Acme", "title": "Acme & Co"})
    assert reply.headers["Location"] == "/admin/bio/acme"
    shown = owner.follow(reply)
    assert "Nobody sees it yet." in shown.text
    assert "Acme &amp; Co" in shown.text
    assert "https://go.example.org/@acme" in shown.text
    assert "not published" in shown.text
    assert "@acme" in owner.get("/admin/bio").text


@pytest.mark.parametrize(
    "name,text",
    [
        ("", "Must have 3 to 32 characters."),
        ("a b c", "May hold only letters"),
        ("support", "is kept for whoever runs this server"),
        ("acme", "is another page&#39;s name on this server"),
    ],
)
def test_a_name_that_cannot_be_had_is_told_at_its_field(
    owner: Person, page: None, name: str, text: str
):
    reply = owner.post("/admin/bio", {"name": name, "title": "My <title>"})
    assert reply.status_code == 422
    assert text in error_at(reply, "f-name")
    assert 'value="My &lt;title&gt;"' in reply.text


def test_whether_a_name_can_be_had_is_said_while_it_is_typed(owner: Person, page: None):
    def asked(name: str) -> str:
        return str(owner.get("/admin/bio-name", query_string={"name": name}).json["problem"])

    assert asked("free") == ""
    assert "another page's name" in asked("ACME")
    assert "kept for" in asked("admin")
    assert asked("name") == ""


def test_a_page_may_be_called_as_a_part_of_the_address(owner: Person):
    for name in ("name", "picture", "links", "delete", "publish", "bio-name"):
        owner.follow(owner.post("/admin/bio", {"name": name}))
        assert f"<h1>@{name}</h1>" in owner.get(f"/admin/bio/{name}").text


def test_who_has_ten_pages_is_told_so(office: Office, owner: Person):
    for number in range(bio.MAX_PAGES):
        bio.create(office.context(), owner.principal, NewBioPage(name=f"page-{number}"))
    assert "A workspace may have 10 pages." in owner.get("/admin/bio").text
    reply = owner.post("/admin/bio", {"name": "one-more"})
    assert reply.status_code == 422


def test_words_are_saved(office: Office, owner: Person, page: None):
    data = {"title": "New", "text": "a\r\n<b>", "version": "1"}
    shown = owner.follow(owner.post("/admin/bio/acme", data))
    assert "Saved." in shown.text
    view = bio.get(office.context(), owner.principal, "acme")
    assert (view.title, view.text) == ("New", "a\n<b>")


def test_words_that_cannot_be_kept_are_still_there(owner: Person, page: None):
    long = "x" * 1001
    reply = owner.post("/admin/bio/acme", {"title": "Mine", "text": long, "version": "1"})
    assert reply.status_code == 422
    assert "1000 characters" in error_at(reply, "f-text")
    assert long in reply.text
    assert 'value="Mine"' in reply.text


def test_words_that_somebody_else_has_changed_are_not_written_over_unseen(
    office: Office, owner: Person, page: None
):
    owner.post("/admin/bio/acme", {"title": "Theirs", "text": "", "version": "1"})
    reply = owner.post("/admin/bio/acme", {"title": "Mine", "text": "", "version": "1"})
    assert reply.status_code == 422
    assert "The page has changed since you opened it." in reply.text
    [version] = re.findall(r'name="version" value="(\d+)"', reply.text)
    assert 'value="Mine"' in reply.text
    owner.follow(owner.post("/admin/bio/acme", {"title": "Mine", "text": "", "version": version}))
    assert bio.get(office.context(), owner.principal, "acme").title == "Mine"


def test_a_page_gets_another_address(owner: Person, page: None):
    reply = owner.post("/admin/bio/acme/name", {"name": "acme-co"})
    assert reply.headers["Location"] == "/admin/bio/acme-co"
    assert "The page has its new address." in owner.follow(reply).text
    assert owner.get("/admin/bio/acme").status_code == 404
    reply = owner.post("/admin/bio/acme-co/name", {"name": "admin"})
    assert reply.status_code == 422
    assert "is kept for" in error_at(reply, "f-name")


def test_a_page_is_published_and_taken_back(office: Office, owner: Person, page: None):
    browser = office.browser()
    assert browser.get("/@acme").status_code == 404
    shown = owner.follow(owner.post("/admin/bio/acme/publish", {"published": "1"}))
    assert "Everybody can see the page now." in shown.text
    assert 'href="https://go.example.org/@acme">Open page' in shown.text
    assert browser.get("/@acme").status_code == 200
    shown = owner.follow(owner.post("/admin/bio/acme/publish", {"published": "0"}))
    assert "Nobody can see the page now." in shown.text
    assert browser.get("/@acme").status_code == 404


def test_a_page_is_deleted(owner: Person, three: list[LinkView]):
    shown = owner.follow(owner.post("/admin/bio/acme/delete"))
    assert "@acme is deleted. Its links are still there." in shown.text
    assert owner.get("/admin/bio/acme").status_code == 404


def test_a_picture_is_shown_before_and_after_it_is_published(
    office: Office, owner: Person, page: None
):
    shown = owner.follow(upload(owner, jpeg(16, 8, exif())))
    assert "The page has its picture." in shown.text
    [address] = set(re.findall(r'<img src="(/admin/bio/acme/picture\?v=[0-9a-f]{32})"', shown.text))
    picture = owner.get(address)
    assert (picture.data, picture.content_type) == (jpeg(16, 8), "image/jpeg")
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in picture.headers["Content-Security-Policy"]
    shown = owner.follow(owner.post("/admin/bio/acme/picture/remove"))
    assert "<img" not in shown.text
    assert owner.get(address).status_code == 404


@pytest.mark.parametrize(
    "data,text",
    [
        (b"", "Choose a file."),
        (b"<svg onload=alert(1)>", "Must be a PNG, JPEG or WebP picture."),
        (png(2001, 1), "May be at most 2000 pixels wide and high; it has 2001 x 1."),
        (png()[:-4], "Is cut off or damaged; save it again."),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (300 << 10), "May have at most 256 KiB; make it smaller."),
    ],
)
def test_a_picture_that_is_refused_is_told_at_its_field(
    owner: Person, page: None, data: bytes, text: str
):
    reply = upload(owner, data)
    assert reply.status_code == 422
    assert error_at(reply, "f-picture") == text


def test_no_file_at_all_is_told_too(owner: Person, page: None):
    reply = owner.post("/admin/bio/acme/picture", {"picture": "text"})
    assert (reply.status_code, error_at(reply, "f-picture")) == (422, "Choose a file.")


def test_links_stand_with_their_clicks(office: Office, owner: Person, three: list[LinkView]):
    office.click(three[1], times=2)
    reply = owner.get("/admin/bio/acme")
    assert order(reply) == ["one", "two", "three"]
    words = " ".join(Markup(reply.text).words.split())
    assert "go.example.org/two 2 clicks" in words
    assert "go.example.org/one 0 clicks" in words
    assert f'href="/admin/links/{three[0].uid}"' in reply.text


def test_a_link_is_found_and_put_on_the_page(office: Office, owner: Person, page: None):
    spring = office.link("spring")
    office.link("spring-sale", title="Spring sale")
    office.link("autumn")
    assert found(owner.get("/admin/bio/acme")) == ["autumn", "spring-sale", "spring"]
    searched = owner.get("/admin/bio/acme", query_string={"q": "spring"})
    assert found(searched) == ["spring", "spring-sale"]
    reply = owner.post("/admin/bio/acme/links", {"link": spring.uid})
    assert reply.headers["Location"] == "/admin/bio/acme#links"
    shown = owner.follow(reply)
    assert (order(shown), found(shown)) == (["spring"], ["autumn", "spring-sale"])


def test_without_a_link_to_add_the_screen_says_what_to_do(owner: Person, page: None):
    assert "This workspace has no other link." in owner.get("/admin/bio/acme").text
    searched = owner.get("/admin/bio/acme", query_string={"q": "nothing"})
    assert "No other link of this workspace has these words." in searched.text
    long = owner.get("/admin/bio/acme", query_string={"q": "q" * 201})
    assert error_at(long, "f-q") == "At most 200 characters."


def test_a_link_that_cannot_be_added_is_told(office: Office, owner: Person, three: list[LinkView]):
    again = owner.post("/admin/bio/acme/links", {"link": three[0].uid})
    assert again.status_code == 422
    assert (
        "Stands on this page already" in again.text or "stands on this page already" in again.text
    )
    assert owner.post("/admin/bio/acme/links", {"link": "nothing"}).status_code == 404
    elsewhere = office.stranger().workspace_id
    theirs = office.link("theirs", workspace_id=elsewhere)
    assert owner.post("/admin/bio/acme/links", {"link": theirs.uid}).status_code == 404


def test_links_move_up_and_down_and_away(owner: Person, three: list[LinkView]):
    def after(link: LinkView, what: str, **data: str) -> list[str]:
        path = f"/admin/bio/acme/links/{link.uid}/{what}"
        return order(owner.follow(owner.post(path, data)))

    assert after(three[0], "move", way="down") == ["two", "one", "three"]
    assert after(three[2], "move", way="up") == ["two", "three", "one"]
    assert after(three[1], "move", way="up") == ["two", "three", "one"]
    assert after(three[2], "remove") == ["two", "one"]


def test_the_first_cannot_go_up_nor_the_last_down(owner: Person, three: list[LinkView]):
    text = owner.get("/admin/bio/acme").text
    disabled = re.findall(r'<button class="btn small" id="(\w+)-([0-9a-f-]+)" disabled', text)
    assert disabled == [("up", three[0].uid), ("down", three[2].uid)]


def test_a_link_gets_a_label(office: Office, owner: Person, three: list[LinkView]):
    path = f"/admin/bio/acme/links/{three[0].uid}"
    assert "Read this" in owner.follow(owner.post(path, {"label": " Read this "})).text
    reply = owner.post(path, {"label": "x" * 101})
    assert reply.status_code == 422
    assert error_at(reply, f"label-{three[0].uid}") == "At most 100 characters."
    assert "x" * 101 in reply.text
    owner.post(path, {"label": ""})
    assert [each.label for each in bio.chosen(office.context(), owner.principal, "acme")] == [
        None
    ] * 3


def test_a_link_that_visitors_do_not_see_says_why(
    office: Office, owner: Person, three: list[LinkView]
):
    links.update(office.context(), owner.principal, three[0].uid, links.LinkPatch(is_active=False))
    links.trash(office.context(), owner.principal, three[1].uid)
    text = owner.get("/admin/bio/acme").text
    assert "not shown: switched off" in text
    assert "not shown: in the trash" in text
    [preview] = re.findall(r"<div data-preview-links>(.*?)</div>", text, re.DOTALL)
    assert re.findall(r"<li[^>]*>([^<]*)</li>", preview) == ["Three"]


CHANGES: list[tuple[str, dict[str, Any]]] = [  # Any: what a form may hold
    ("/admin/bio", {"name": "other"}),
    ("/admin/bio/acme", {"title": "x", "text": "", "version": "1"}),
    ("/admin/bio/acme/name", {"name": "other"}),
    ("/admin/bio/acme/publish", {"published": "1"}),
    ("/admin/bio/acme/delete", {}),
    ("/admin/bio/acme/picture", {}),
    ("/admin/bio/acme/picture/remove", {}),
    ("/admin/bio/acme/links", {"link": "x"}),
    ("/admin/bio/acme/links/x", {"label": "x"}),
    ("/admin/bio/acme/links/x/move", {"way": "up"}),
    ("/admin/bio/acme/links/x/remove", {}),
]


def test_a_viewer_only_looks(office: Office, three: list[LinkView]):
    viewer = office.sign_in("viewer")
    shown = viewer.get("/admin/bio/acme")
    assert order(shown) == ["one", "two", "three"]
    main = shown.text.partition("<main")[2].partition("</main>")[0]
    assert "<form" not in main
    listed = viewer.get("/admin/bio").text.partition("<main")[2].partition("</main>")[0]
    assert "<form" not in listed
    for path, data in CHANGES:
        assert viewer.post(path, data).status_code == 403, path


def test_an_editor_may_do_everything(office: Office, three: list[LinkView]):
    editor = office.sign_in("editor")
    for path, data in CHANGES:
        if path != "/admin/bio/acme/delete":
            assert editor.post(path, data).status_code in (303, 404, 422), path
    assert editor.post("/admin/bio/other/delete").status_code == 303


def test_a_stranger_finds_nothing(office: Office, three: list[LinkView]):
    stranger = office.stranger()
    assert "@acme" not in stranger.get("/admin/bio").text
    assert stranger.get("/admin/bio/acme").status_code == 404
    assert stranger.get("/admin/bio/acme/picture").status_code == 404
    for path, data in CHANGES[1:]:
        assert stranger.post(path, data).status_code == 404, path
    with read():
        assert Audit.select().where(Audit.user_id == stranger.user_id).count() == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_writes_becomes_markup(
    office: Office, owner: Person, three: list[LinkView], text: str
):
    hostile, other = office.link("hostile", title="x"), office.link("other", title="x")
    bio.add(office.context(), owner.principal, "acme", hostile.uid)

    def screens() -> list[Markup]:
        return [
            Markup(owner.get(path).text)
            for path in ("/admin/bio", "/admin/bio/acme", "/admin/bio/acme?q=oth")
        ]

    def shape(each: Markup) -> list[tuple[str, set[str]]]:
        return [(tag, set(attributes)) for tag, attributes in each.elements]

    expected = [shape(each) for each in screens()]
    for link in (hostile, other):
        links.update(office.context(), owner.principal, link.uid, links.LinkPatch(title=text))
    bio.label(office.context(), owner.principal, "acme", three[0].uid, text)
    patch = bio.BioPatch(title=text, text=text)
    bio.change(office.context(), owner.principal, "acme", patch)
    seen = screens()
    assert [shape(each) for each in seen] == expected
    assert all(text in each.words for each in seen)
    refused = owner.post("/admin/bio", {"name": text, "title": text})
    assert refused.status_code == 422
    assert "alert(1)>" not in refused.text.replace("&gt;", "")
    searched = owner.get("/admin/bio/acme", query_string={"q": text})
    assert [tag for tag, _ in Markup(searched.text).elements].count("script") == 2
