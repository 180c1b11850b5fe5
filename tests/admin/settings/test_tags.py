"""The tags of a workspace on the admin page."""

from __future__ import annotations

import re

from klink.core import links
from tests.admin.office import Office

TAGS = "/admin/settings/tags"
ODD = "<b>a/b?c=d&e</b> ' \""


def counted(page_text: str) -> dict[str, str]:
    rows = re.findall(r'<th scope="row" class="tag-name">(?:<a[^>]*>)?([^<]+)', page_text)
    numbers = re.findall(r'<td class="num">([^<]+)</td>', page_text)
    return dict(zip(rows, numbers, strict=True))


def test_without_tags_the_page_says_what_they_are(office: Office) -> None:
    page = office.sign_in("viewer").get(TAGS)
    assert page.status_code == 200
    assert "No tags yet" in page.text


def test_tags_are_shown_with_how_many_links_have_them(office: Office) -> None:
    owner = office.sign_in("owner")
    office.link("one", tags=("campaign", "x"))
    office.link("two", tags=("campaign",))
    assert counted(owner.get(TAGS).text) == {"campaign": "2", "x": "1"}
    assert "No tags yet" in office.stranger().get(TAGS).text


def test_a_tag_is_renamed_on_all_links_whatever_it_holds(office: Office) -> None:
    editor = office.sign_in("editor")
    link = office.link("one", tags=(ODD,))
    assert "<b>a/b" not in editor.get(TAGS).text
    reply = editor.post(f"{TAGS}/rename", {"tag": ODD, "name": " plain "})
    page = editor.follow(reply)
    assert "is “plain” now, on 1 link." in page.text
    assert counted(page.text) == {"plain": "1"}
    found = links.history(office.context(), editor.principal, link.uid).items[0]
    assert (found.words, found.door) == ("tag renamed", "admin")


def test_a_name_that_cannot_be_is_told_at_its_field_and_kept(office: Office) -> None:
    editor = office.sign_in("editor")
    office.link("one", tags=("a", "b"))
    page = editor.post(f"{TAGS}/rename", {"tag": "b", "name": "x" * 51})
    assert page.status_code == 422
    assert 'id="name-2-error">Must have 1 to 50 characters.' in page.text
    assert f'value="{"x" * 51}"' in page.text
    assert page.text.count('<details class="confirm" open>') == 1


def test_a_tag_is_deleted_after_a_question_that_says_what_goes(office: Office) -> None:
    editor = office.sign_in("editor")
    office.link("one", tags=("a",))
    gone = office.link("two", tags=("a",))
    links.trash(office.context(), editor.principal, gone.uid)
    page = editor.get(TAGS)
    assert "Take “a” off 2 links, 1 of them in the trash?" in page.text
    page = editor.follow(editor.post(f"{TAGS}/delete", {"tag": "a"}))
    assert "“a” is off 2 links." in page.text
    assert "No tags yet" in page.text


def test_a_tag_that_is_not_there_is_no_page(office: Office) -> None:
    owner = office.sign_in("owner")
    for tag in ("nobody's", "", "a\0b", "x" * 1000):
        assert owner.post(f"{TAGS}/delete", {"tag": tag}).status_code == 404
        assert owner.post(f"{TAGS}/rename", {"tag": tag, "name": "b"}).status_code == 404


def test_who_may_only_look_changes_no_tag(office: Office) -> None:
    viewer, stranger = office.sign_in("viewer"), office.stranger()
    office.link("one", tags=("a",))
    page = viewer.get(TAGS)
    assert counted(page.text) == {"a": "1"}
    assert "Rename" not in page.text
    for path, data in (("rename", {"tag": "a", "name": "b"}), ("delete", {"tag": "a"})):
        assert viewer.post(f"{TAGS}/{path}", data).status_code == 403
        assert stranger.post(f"{TAGS}/{path}", data).status_code == 404


def test_many_tags_have_pages(office: Office) -> None:
    owner = office.sign_in("owner")
    for i in range(3):
        office.link(f"link{i}", tags=tuple(f"t{i}-{number:02}" for number in range(40)))
    first = owner.get(TAGS)
    assert len(counted(first.text)) == 100
    found = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert found
    assert len(counted(owner.get(found[1]).text)) == 20
