"""The form for a link: making one, changing one, and what it says of bad input."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from klink.core import links, workspaces
from klink.core.blocking import entries
from klink.core.links import LinkPatch, LinkView, NewVariant, Utm
from klink.db.models import Domain, Link
from tests.admin.office import Office, Page, Person

NEW = "/admin/links/new"
HOME = "https://example.com/landing"
AB = (NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50))
BASE = {"url": HOME, "type": "direct", "redirect_status": "302", "is_active": "1", "zone": "UTC"}


@pytest.fixture
def editor(office: Office) -> Person:
    return office.sign_in("editor")


def create(person: Person, **fields: Any) -> Page:
    return person.post(NEW, BASE | {"do": "save"} | fields)


def the_only(office: Office, person: Person) -> LinkView:
    (row,) = Link.select()
    return links.get(office.context(), person.principal, row.uid)


def shown(page: Page) -> dict[str, Any]:
    """What a browser would send of the form that a page shows."""
    form = page.text[page.text.index('<form id="link-form"') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}

    def add(name: str, value: str) -> None:
        found.setdefault(unescape(name), []).append(unescape(value))

    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        is_box = attributes.get("type") == "checkbox"
        if "name" in attributes and (not is_box or re.search(r" checked[ >]", tag)):
            add(attributes["name"], attributes.get("value", ""))
    for name, inside in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        values = re.findall(r'<option value="([^"]*)"( selected)?', inside)
        add(name, next((v for v, chosen in values if chosen), values[0][0]))
    for name, text in re.findall(
        r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.S
    ):
        add(name, text)
    return found


def error_at(page: Page, name: str) -> str:
    """What the page says at a field."""
    place = "f-" + name.replace(".", "-")
    found = re.search(rf'<p class="error" id="{place}-error">(.*?)</p>', page.text)
    assert found, (name, re.findall(r'class="error"[^>]*>.*?<', page.text))
    assert re.search(rf'<a href="#{place}">', page.text), "no way to it from the top"
    return unescape(found[1])


def edit(person: Person, link: LinkView, **fields: Any) -> Page:
    """Open a link's form, change fields, and save."""
    path = f"/admin/links/{link.uid}/edit"
    sent = shown(person.get(path)) | {"do": "save"} | fields
    return person.post(path, {name: value for name, value in sent.items() if value is not None})


def test_a_destination_is_enough(office: Office, editor: Person) -> None:
    reply = create(editor)
    link = the_only(office, editor)
    assert (reply.status_code, link.url, len(link.slug)) == (303, HOME, 7)
    assert reply.headers["Location"].endswith("#copy")
    assert link.uid in reply.headers["Location"]
    assert (link.created_via, link.created_by) == ("admin", editor.user_id)


EVERYTHING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "slug": ({"slug": "spring"}, {"slug": "spring"}),
    "title": ({"title": " Spring <b> "}, {"title": "Spring <b>"}),
    "description": ({"description": "One\r\ntwo"}, {"description": "One\ntwo"}),
    "tags": ({"tags": 'launch, "a, b",launch'}, {"tags": ("a, b", "launch")}),
    "utm": (
        {"utm.source": "mail", "utm.campaign": "a&b"},
        {"utm": Utm("mail", None, "a&b", None, None)},
    ),
    "type": ({"type": "inpage", "post_id": "7"}, {"type": "inpage", "post_id": "7"}),
    "site_url": (
        {"type": "inpage", "site_url": "https://blog.example/post"},
        {"site_url": "https://blog.example/post"},
    ),
    "password": ({"password": " secret "}, {"password_protected": True}),
    "starts_at": (
        {"starts_at": "2099-07-01T09:30", "zone": "Europe/Berlin"},
        {"starts_at": datetime(2099, 7, 1, 7, 30, tzinfo=UTC)},
    ),
    "expires_at": (
        {"expires_at": "2099-01-01T00:00", "zone": "America/New_York"},
        {"expires_at": datetime(2099, 1, 1, 5, tzinfo=UTC)},
    ),
    "max_clicks": ({"max_clicks": "1,000"}, {"max_clicks": 1000}),
    "expired_url": ({"expired_url": "https://example.com/over"}, {"expired_url": "https://example.com/over"}),
    "failover_url": ({"failover_url": "https://b.example/"}, {"failover_url": "https://b.example/"}),
    "redirect_status": ({"redirect_status": "308"}, {"redirect_status": 308}),
    "forward_query": ({"forward_query": "1"}, {"forward_query": True}),
    "conversion_tracking": ({"conversion_tracking": "1"}, {"conversion_tracking": True}),
    "conversion_redirect_url": (
        {"conversion_redirect_url": "https://example.com/thanks"},
        {"conversion_redirect_url": "https://example.com/thanks"},
    ),
    "winner": (
        {"auto_winner": "1", "winner_threshold": "500"},
        {"auto_winner": True, "winner_threshold": 500},
    ),
    "is_active": ({"is_active": []}, {"is_active": False}),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_field_makes_a_link_and_reads_back(office: Office, editor: Person, name: str) -> None:
    fields, expected = EVERYTHING[name]
    reply = create(editor, **fields)
    assert reply.status_code == 303, error_list(reply)
    link = the_only(office, editor)
    assert {each: getattr(link, each) for each in expected} == expected
    again = editor.follow(edit(editor, link))
    assert "Nothing was changed." in again.text
    assert links.get(office.context(), editor.principal, link.uid) == link


@pytest.mark.parametrize("name", sorted(EVERYTHING.keys() - {"password"}))
def test_every_field_can_be_changed_and_cleared(office: Office, editor: Person, name: str) -> None:
    fields, expected = EVERYTHING[name]
    link = office.link("before", HOME)
    page = editor.get(f"/admin/links/{link.uid}/edit")
    sent = shown(page) | {"do": "save"} | fields
    reply = editor.post(f"/admin/links/{link.uid}/edit", sent)
    assert reply.status_code == 303, error_list(reply)
    changed = links.get(office.context(), editor.principal, link.uid)
    assert {each: getattr(changed, each) for each in expected} == expected
    back = {each: value for each, value in shown(page).items() if each not in ("version", "was")}
    cleared = dict.fromkeys(fields) | back
    edit(editor, changed, **cleared)
    found = links.get(office.context(), editor.principal, link.uid)
    assert {each: getattr(found, each) for each in expected} == {
        each: getattr(link, each) for each in expected
    }


def error_list(page: Page) -> list[str]:
    return re.findall(r'class="error"[^>]*>(.*?)</p>', page.text)


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"url": ""}, "url", "say where the link leads"),
    ({"url": "nowhere"}, "url", "http"),
    ({"url": "javascript:alert(1)"}, "url", "http"),
    ({"url": "https://go.example.org/admin"}, "url", "leads back"),
    ({"slug": "a b"}, "slug", "may hold only"),
    ({"slug": "admin"}, "slug", "reserved"),
    ({"slug": "taken"}, "slug", "taken on this domain"),
    ({"title": "x" * 201}, "title", "200"),
    ({"description": "x" * 501}, "description", "500"),
    ({"tags": "x" * 51}, "tags", "50"),
    ({"tags": 'a, "b'}, "tags", "quotation mark"),
    ({"utm.source": "x" * 256}, "utm.source", "255"),
    ({"type": "page"}, "type", "one of"),
    ({"post_id": "x" * 256}, "post_id", "255"),
    ({"site_url": "https://blog.example/"}, "site_url", "preview page"),
    ({"password": "x" * 129}, "password", "128"),
    ({"starts_at": "tomorrow"}, "starts_at", "date and a time"),
    ({"starts_at": "2026-03-29T02:30", "zone": "Europe/Berlin"}, "starts_at", "skip"),
    ({"starts_at": "9999-12-31T23:59", "zone": "America/New_York"}, "starts_at", "date and a time"),
    ({"expires_at": "2020-01-01T00:00"}, "expires_at", "future"),
    ({"expires_at": "2099-01-01T00:00", "starts_at": "2099-01-02T00:00"}, "starts_at", "before"),
    ({"max_clicks": "many"}, "max_clicks", "whole number"),
    ({"max_clicks": "0"}, "max_clicks", "1 to"),
    ({"expired_url": "x"}, "expired_url", "http"),
    ({"failover_url": "ftp://example.com/"}, "failover_url", "http"),
    ({"conversion_redirect_url": "x"}, "conversion_redirect_url", "http"),
    ({"redirect_status": "303"}, "redirect_status", "one of"),
    ({"winner_threshold": "9"}, "winner_threshold", "10 to"),
    ({"winner_threshold": "x"}, "winner_threshold", "whole number"),
    ({"domain": "nowhere.example"}, "domain", "verified domain"),
]


@pytest.mark.parametrize("fields,name,words", BAD)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    office: Office, editor: Person, fields: dict[str, Any], name: str, words: str
) -> None:
    office.link("taken", HOME)
    typed = {"title": 'My "title"', "utm.term": "t", "tags": "one"} | fields
    reply = create(editor, **typed)
    assert reply.status_code == 422
    assert words.lower() in error_at(reply, name).lower()
    found = shown(reply)
    kept = {
        each: found[each][0] for each in typed if each not in ("domain", "type", "redirect_status")
    }
    assert kept == {
        each: ("" if each == "password" else value) for each, value in typed.items() if each in kept
    }
    assert Link.select().count() == 1


def test_all_that_is_wrong_is_told_at_once(office: Office, editor: Person) -> None:
    reply = create(editor, url="x", max_clicks="many", slug="", title="x" * 201)
    for name in ("url", "max_clicks", "title"):
        assert error_at(reply, name)


def test_a_link_too_many_is_refused_where_it_can_be_made_inactive(
    office: Office, editor: Person
) -> None:
    workspaces.set_plan(office.context(), 1, "two-links")
    for slug in ("one", "two"):
        office.link(slug, HOME)
    assert "allows 2 active links" in error_at(create(editor), "is_active")
    assert create(editor, is_active=[]).status_code == 303


def test_a_destination_that_a_list_forbids_is_refused_at_its_field(
    office: Office, editor: Person
) -> None:
    entries.add(office.context(), office.sign_in("owner").principal, "host", "evil.example")
    reply = create(editor, url="https://evil.example/", failover_url="https://www.evil.example/")
    for name in ("url", "failover_url"):
        assert "block" in error_at(reply, name).lower()


def test_tags_that_are_there_are_offered(office: Office, editor: Person) -> None:
    office.link("spring", HOME, tags=("launch",))
    assert '<option value="launch">' in editor.get(NEW).text


def test_a_domain_of_the_workspace_may_be_chosen(office: Office, editor: Person) -> None:
    Domain.create(host="x.example", workspace=1, verified_at=1, created_at=1)
    assert "x.example</option>" in editor.get(NEW).text
    create(editor, domain="x.example", slug="spring")
    assert the_only(office, editor).short_url == "https://x.example/spring"


def test_save_and_make_another_comes_back_empty(office: Office, editor: Person) -> None:
    reply = create(editor, slug="spring", do="save-another")
    assert reply.headers["Location"] == NEW
    page = editor.follow(reply)
    assert "Link created: https://go.example.org/spring" in page.text
    assert shown(page)["slug"] == [""]


def test_the_form_can_be_filled_in_by_a_link_to_it(editor: Person) -> None:
    page = editor.get(NEW, query_string={"url": HOME, "title": '"><script>', "is_active": "0"})
    assert shown(page)["url"] == [HOME]
    assert shown(page)["title"] == ['"><script>']
    assert "<script>" not in page.text.replace('<script type="module"', "")


def test_a_page_that_has_a_link_already_leads_to_it(office: Office, editor: Person) -> None:
    fields = {"type": "inpage", "post_id": "7"}
    first = create(editor, **fields)
    again = create(editor, **fields)
    assert first.headers["Location"] == again.headers["Location"] + "#copy"
    assert "already" in editor.follow(again).text


def test_a_password_is_set_changed_and_removed_and_never_shown(
    office: Office, editor: Person
) -> None:
    link = office.link("spring", HOME, password="very secret")

    def hashed() -> str | None:
        return Link.get().password_hash

    before = hashed()
    edit(editor, link, title="x")
    assert hashed() == before
    edit(editor, link, password="other secret")
    assert hashed() not in (None, before)
    page = edit(editor, link, password="other secret", url="x")
    assert "secret" not in page.text.replace("nobody can read", "")
    assert "type it again" in page.text
    edit(editor, link, password_off="1")
    assert hashed() is None


def test_a_password_that_was_typed_is_not_forgotten_without_a_word(
    office: Office, editor: Person
) -> None:
    page = create(editor, password="secret", url="x")
    again = shown(page) | {"url": HOME}
    page = editor.post(NEW, again | {"do": "add-variant"})
    assert "type it again before you save" in page.text
    reply = editor.post(NEW, again | {"do": "save"})
    assert "type it again" in error_at(reply, "password")
    assert Link.select().count() == 0
    assert editor.post(NEW, shown(reply) | {"do": "save"}).status_code == 303
    assert the_only(office, editor).password_protected is False


def test_only_what_was_changed_is_written(office: Office, editor: Person) -> None:
    link = office.link(
        "spring",
        AB[0].url,
        variants=AB,
        starts_at=office.now + timedelta(seconds=1, milliseconds=500),
    )
    reply = edit(editor, link, title="New")
    assert reply.status_code == 303
    after = links.get(office.context(), editor.principal, link.uid)
    assert (after.title, after.starts_at, after.run) == ("New", link.starts_at, 1)


def test_lines_of_a_description_stay_as_they_are(office: Office, editor: Person) -> None:
    link = office.link("spring", HOME, description="One\ntwo")
    reply = edit(editor, link, description="One\r\ntwo")
    assert "Nothing was changed." in editor.follow(reply).text


def test_somebody_elses_change_meanwhile_is_told_and_both_are_kept(
    office: Office, editor: Person
) -> None:
    link = office.link("spring", HOME, title="Old", tags=("a",))
    path = f"/admin/links/{link.uid}/edit"
    mine = shown(editor.get(path)) | {"title": "Mine", "utm.source": "mail", "do": "save"}
    patch = LinkPatch(title="Theirs", tags=("b",), variants=AB)
    links.update(office.context(), editor.principal, link.uid, patch)
    reply = editor.post(path, mine)
    assert reply.status_code == 409
    assert "Somebody has changed this link meanwhile" in reply.text
    assert "Title: Old → Theirs" in reply.text
    assert "Tags: a → b" in reply.text
    assert f"{HOME} → 2 destinations" in reply.text
    assert links.get(office.context(), editor.principal, link.uid).title == "Theirs"
    both = shown(reply)
    assert (both["title"], both["tags"], both["utm.source"]) == (["Mine"], ["b"], ["mail"])
    assert editor.post(path, both | {"do": "save"}).status_code == 303
    after = links.get(office.context(), editor.principal, link.uid)
    assert (after.title, after.tags, after.utm.source) == ("Mine", ("b",), "mail")
    assert [each.label for each in after.variants] == ["a", "b"]


def test_a_link_in_the_trash_or_of_others_has_no_form(office: Office, editor: Person) -> None:
    link = office.link("spring", HOME)
    path = f"/admin/links/{link.uid}/edit"
    assert office.stranger().get(path).status_code == 404
    assert office.sign_in("viewer").get(path).status_code == 403
    links.trash(office.context(), office.sign_in("owner").principal, link.uid)
    assert editor.get(path).status_code == 410


def test_who_would_get_what_is_told_beside_the_form(office: Office, editor: Person) -> None:
    ask = BASE | {"utm.source": "mail"}
    page = editor.post("/admin/links/explain-draft", ask)
    assert page.status_code == 200
    assert "Everybody" in page.text
    assert f"{HOME}?utm_source=mail" in page.text
    assert "<html" not in page.text
    assert "Say where the link leads" in editor.post("/admin/links/explain-draft", {}).text
    wrong = editor.post("/admin/links/explain-draft", {"url": "x<b>"})
    assert "Destination" in wrong.text
    assert "<b>" not in wrong.text.replace("<b>Somebody", "")
    assert Link.select().count() == 0


def test_a_change_is_explained_before_it_is_saved(office: Office, editor: Person) -> None:
    link = office.link("spring", HOME)
    page = editor.get(f"/admin/links/{link.uid}/edit")
    sent = shown(page) | {"url": "https://example.com/new"}
    told = editor.post("/admin/links/explain-draft", sent).text
    assert "https://example.com/new" in told
    stranger = office.stranger()
    stranger.get(NEW)
    assert (
        stranger.post("/admin/links/explain-draft", sent | {"csrf": stranger.csrf}).status_code
        == 404
    )


def test_without_a_script_a_button_shows_who_gets_what(editor: Person) -> None:
    page = editor.post(NEW, BASE | {"do": "explain", "ask.country": "Germany"})
    assert page.status_code == 200
    assert "Somebody in Germany" in page.text
    page = editor.post(NEW, BASE | {"do": "explain", "ask.country": "Nowhere"})
    assert "country, or its code" in error_at(page, "ask.country")


def test_a_slug_is_looked_up_while_it_is_typed(office: Office, editor: Person) -> None:
    link = office.link("spring", HOME)

    def look(**asked: str) -> Any:
        return editor.get("/admin/slug-check", query_string=asked).json

    assert look(slug="free") == {"state": "free", "text": "free", "suggestion": "", "href": ""}
    found = look(slug="spring")
    assert (found["state"], found["suggestion"]) == ("taken", "spring-2")
    assert link.uid in found["href"]
    assert look(slug="spring", of=link.uid)["state"] == "own"
    assert office.sign_in("viewer").get("/admin/slug-check?slug=x").status_code == 403


@pytest.mark.parametrize(
    "slug,words", [("sp ring", "may hold only"), ("spring", "taken by a link")]
)
def test_a_slug_is_judged_in_the_page_too(
    office: Office, editor: Person, slug: str, words: str
) -> None:
    office.link("spring", HOME)
    page = editor.post(NEW, BASE | {"slug": slug, "do": "explain"})
    word = re.search(r'<p class="help" id="slug-word"[^>]*>(.*?)</p>', page.text)
    assert word
    assert words in unescape(word[1]).lower()


def test_a_form_of_another_site_makes_nothing(office: Office, editor: Person) -> None:
    reply = editor.post(NEW, BASE | {"csrf": "0" * 64})
    assert reply.status_code == 403
    assert Link.select().count() == 0


def test_a_broken_baseline_breaks_nothing(office: Office, editor: Person) -> None:
    link = office.link("spring", HOME, title="Old")
    for was in ("", "{", "[]", '{"title": 1}', '{"title": [1]}'):
        reply = edit(editor, link, was=was, title="New")
        assert reply.status_code in (303, 409)
    after = links.get(office.context(), editor.principal, link.uid)
    assert (after.title, after.url) == ("New", HOME)


@pytest.mark.parametrize("row", ["routing.rules.{}.use", "routing.variants.{}.label"])
@pytest.mark.parametrize("number", ["9999", "99999999", "9" * 200])
def test_a_row_with_a_made_up_number_makes_no_others(
    office: Office, editor: Person, row: str, number: str
) -> None:
    name = row.format(number)
    reply = create(editor, url=HOME, **{name: "a"})
    assert reply.status_code in (303, 422)
    link = office.link("there")
    path = f"/admin/links/{link.uid}/edit"
    was = json.dumps({name: ["a"]})
    reply = editor.post(path, BASE | {"do": "save", "version": "1", "was": was, name: "a"})
    assert reply.status_code in (303, 422)
    reply = editor.post("/admin/links/explain-draft", BASE | {"was": was, "of": link.uid})
    assert reply.status_code == 200


@pytest.mark.parametrize("was", ["[" * 100_000, '{"a":' * 30_000, '{"url": [[1]]}', "\x00", "[]"])
def test_a_form_that_brings_back_no_state_of_ours_is_read_all_the_same(
    office: Office, editor: Person, was: str
) -> None:
    link = office.link("there")
    sent = BASE | {"do": "save", "version": "1", "was": was}
    assert editor.post(f"/admin/links/{link.uid}/edit", sent).status_code in (303, 422)


def test_a_copy_does_what_the_link_does_under_another_slug(office: Office, editor: Person) -> None:
    new = links.NewLink(
        slug="spring",
        title="Spring <sale>",
        tags=("mail", "red, blue"),
        variants=AB,
        utm=Utm(source="letter"),
        password="open sesame",
        post_id="p1",
    )
    made = links.create(office.context(), editor.principal, new).link
    links.update(office.context(), editor.principal, made.uid, LinkPatch(is_active=False))
    assert f"{NEW}?like={made.uid}" in editor.get(f"/admin/links/{made.uid}").text
    page = editor.get(f"{NEW}?like={made.uid}")
    assert "A copy of /spring, without its slug and its password." in page.text
    sent = shown(page)
    assert sent["slug"] == [""]
    assert editor.post(NEW, sent | {"slug": "summer", "do": "save"}).status_code == 303
    (row,) = Link.select().where(Link.slug == "summer")
    copy = links.get(office.context(), editor.principal, row.uid)
    assert (copy.title, copy.tags, copy.utm) == ("Spring <sale>", made.tags, made.utm)
    assert [(each.label, each.url) for each in copy.variants] == [
        (each.label, each.url) for each in AB
    ]
    assert copy.is_active
    assert not copy.password_protected
    assert copy.post_id is None


def test_a_strangers_link_cannot_be_copied(office: Office) -> None:
    link = office.link("ours", HOME)
    stranger = office.stranger()
    page = stranger.get(f"{NEW}?like={link.uid}")
    assert page.status_code == 404
    assert HOME not in page.text
