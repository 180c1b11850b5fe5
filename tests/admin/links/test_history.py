"""The history of a link on the admin page."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

from klink.core import links
from klink.core.links import LinkPatch, LinkView, NewRule, NewVariant
from tests.admin.office import Office, Page, Person

SPLIT = (NewVariant("a", "https://a.example/", 60), NewVariant("b", "https://b.example/", 40))


def told(reply: Page) -> str:
    """What the page says, without its markup."""
    main = reply.text[reply.text.index("<main") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def changed(office: Office, who: Person, link: LinkView, **fields: object) -> None:
    links.update(office.context(), who.principal, link.uid, LinkPatch(**fields))  # type: ignore[arg-type]


def history(who: Person, link: LinkView) -> Page:
    reply = who.get(f"/admin/links/{link.uid}/history")
    assert reply.status_code == 200, reply.text
    return reply


def restore(who: Person, link: LinkView, version: int, seen: int) -> Page:
    return who.post(f"/admin/links/{link.uid}/history/{version}", {"seen": seen})


def test_a_link_that_never_changed_says_so(office: Office) -> None:
    viewer = office.sign_in("viewer")
    text = told(history(viewer, office.link("spring")))
    assert "Nothing of this link was changed yet" in text
    assert "Created version 1 now" in text
    assert "at the command line" in text


def test_each_entry_says_who_when_and_what_was_before(office: Office) -> None:
    editor = office.sign_in("editor")
    link = office.link("spring", title="Old title", tags=("kept", "gone"))
    office.now += timedelta(hours=1)
    changed(office, editor, link, title="New title", tags=("kept", "new"), is_active=False)
    page = history(editor, link)
    assert '<del><span class="visually-hidden">was </span>Old title</del>' in page.text
    assert '<ins><span class="visually-hidden">now </span>New title</ins>' in page.text
    text = told(page)
    assert "Changed version 2 now" in text
    assert "by editor1@example.org on the admin page" in text
    assert "Title was Old title now New title" in text
    assert "Tags was gone now new" in text
    assert "Active was yes now no" in text


def test_weights_rules_and_dates_are_told_in_words(office: Office) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring")
    rule = NewRule({"country": ["DE", "AT"], "device": ["mobile"]}, "b")
    expiry = office.context().now.replace(microsecond=0) + timedelta(days=9)
    changed(office, owner, link, variants=SPLIT, rules=(rule,), expires_at=expiry)
    other = NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50)
    changed(office, owner, link, variants=other)
    page = history(owner, link)
    text = told(page)
    assert "Routing was one destination now by rules" in text
    assert "1. country DE or AT, device mobile → b" in text
    assert "was a · 60 % · https://a.example/ was b · 40 % · https://b.example/" in text
    assert "now a · 50 % · https://a.example/ now b · 50 % · https://b.example/" in text
    assert f'<time datetime="{expiry.isoformat()}"' in page.text


def test_a_password_is_never_told(office: Office) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring", password="first secret")
    changed(office, owner, link, password="second secret")
    page = history(owner, link)
    assert "Password was set now changed" in told(page)
    assert "secret" not in page.text


def test_what_people_wrote_is_text_and_no_markup(office: Office) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring", title="<script>alert(1)</script>")
    changed(office, owner, link, title='"><img src=x onerror=alert(1)>', tags=("<b>t</b>",))
    page = history(owner, link)
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "&lt;b&gt;t&lt;/b&gt;" in page.text


def test_a_version_is_restored_with_one_button(office: Office) -> None:
    editor = office.sign_in("editor")
    link = office.link("spring", title="Old title")
    changed(office, editor, link, title="New title")
    assert f'/admin/links/{link.uid}/history/1"' in history(editor, link).text
    reply = restore(editor, link, 1, seen=2)
    assert reply.headers["Location"] == f"/admin/links/{link.uid}/history"
    text = told(editor.follow(reply))
    assert "Version 1 is restored." in text
    assert "Version 1 restored version 3 now" in text
    assert links.get(office.context(), editor.principal, link.uid).title == "Old title"


def test_what_cannot_be_restored_says_why_and_changes_nothing(office: Office) -> None:
    editor = office.sign_in("editor")
    link = office.link("spring")
    changed(office, editor, link, slug="summer")
    office.link("spring")
    reply = restore(editor, link, 1, seen=2)
    assert reply.status_code == 422
    assert "Version 1 cannot be restored. The slug 'spring' is taken on this domain." in told(reply)
    changed(office, editor, link, title="meanwhile")
    reply = restore(editor, link, 1, seen=2)
    assert "the link has changed since you read it" in told(reply).replace("The link", "the link")
    assert links.get(office.context(), editor.principal, link.uid).slug == "summer"


def test_a_field_that_forbids_it_is_named_in_words(office: Office) -> None:
    editor = office.sign_in("editor")
    soon = office.context().now + timedelta(days=1)
    link = office.link("spring", expires_at=soon)
    changed(office, editor, link, expires_at=None)
    office.now += timedelta(days=2)
    reply = restore(Person(office.house, editor.user_id, 1), link, 1, seen=2)
    assert "Version 1 cannot be restored. Expires: must be in the future." in told(reply)


def test_a_version_that_never_was_is_no_page(office: Office) -> None:
    editor = office.sign_in("editor")
    link = office.link("spring")
    for version in ("7", "0", "x", "9" * 5000):
        reply = editor.post(f"/admin/links/{link.uid}/history/{version}", {"seen": 1})
        assert reply.status_code == 404


def test_who_may_only_look_has_no_button(office: Office) -> None:
    owner, viewer = office.sign_in("owner"), office.sign_in("viewer")
    link = office.link("spring")
    changed(office, owner, link, title="x")
    assert "Restore this version" in history(owner, link).text
    assert "Restore this version" not in history(viewer, link).text
    assert restore(viewer, link, 1, seen=2).status_code == 403


def test_a_link_in_the_trash_has_no_button_either(office: Office) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring")
    changed(office, owner, link, title="x")
    links.trash(office.context(), owner.principal, link.uid)
    page = history(owner, link)
    assert "This link is in the trash" in told(page)
    assert "Restore this version" not in page.text


def test_nobody_elses_history_is_shown(office: Office) -> None:
    stranger = office.stranger()
    link = office.link("spring")
    assert stranger.get(f"/admin/links/{link.uid}/history").status_code == 404
    assert restore(stranger, link, 1, seen=1).status_code == 404
    reply = office.browser().get(f"/admin/links/{link.uid}/history")
    assert reply.headers["Location"].startswith("/admin/sign-in")


def test_a_long_history_has_pages(office: Office) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring")
    for number in range(30):
        changed(office, owner, link, title=f"title {number}")
    first = history(owner, link)
    found = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert found
    second = owner.get(unescape(found[1]))
    assert "version 31" in told(first)
    assert "Created version 1" in told(second)
    assert "First page" in second.text
    assert owner.get(f"/admin/links/{link.uid}/history?cursor=x").status_code == 422
