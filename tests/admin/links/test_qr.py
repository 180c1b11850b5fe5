"""The QR code of a link on the admin page."""

from __future__ import annotations

import re
from html import unescape

import pytest

from klink.core import links, qr
from klink.core.links import LinkView
from klink.core.qr import Style
from tests.admin.office import Office, Page, Person


def shown(who: Person, link: LinkView, query: str = "") -> Page:
    return who.get(f"/admin/links/{link.uid}/qr{query}")


def addresses(page: Page) -> list[str]:
    """Of the picture and both files."""
    found = re.findall(r'(?:src|href)="(/admin/links/[^"]+/qr\.[^"]+\?[^"]+)"', page.text)
    return [unescape(each) for each in found]


def test_the_page_shows_the_code_of_the_short_url_and_both_files(office: Office) -> None:
    viewer = office.sign_in("viewer")
    link = office.link("spring")
    page = shown(viewer, link)
    assert page.status_code == 200
    assert f'alt="QR code that leads to {link.short_url}"' in page.text
    picture, png, svg = addresses(page)
    assert viewer.get(picture).data == qr.svg(link.short_url, Style())
    assert viewer.get(svg).data == qr.svg(link.short_url, Style())
    assert viewer.get(png).data == qr.png(link.short_url, Style())
    assert 'download="qr-spring.png"' in page.text


def test_what_the_form_asks_for_is_drawn_and_kept_without_a_script(office: Office) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring")
    query = "?dark=%23003366&light=%23ffffff&transparent=1&size=300&border=2&error=H"
    page = shown(owner, link, query)
    style = Style(dark="#003366", light="transparent", size=300, border=2, error="H")
    picture, png, _ = addresses(page)
    assert owner.get(picture).data == qr.svg(link.short_url, style)
    assert owner.get(png).data == qr.png(link.short_url, style)
    for kept in ('value="#003366"', 'value="300"', 'value="2"', 'value="H" selected'):
        assert kept in page.text
    assert re.search(r'name="transparent"[^>]* checked', page.text)


@pytest.mark.parametrize(
    "query, field, words",
    [
        ("size=12", "size", "Must be 64 to 2048 pixels."),
        ("size=big", "size", "Must be a whole number."),
        ("border=99", "border", "Must be 0 to 16 modules."),
        ("dark=%23cccccc", "dark", "Has a contrast of 1.6 : 1 to light"),
        ("dark=%23ffffff&light=%23000000", "dark", "Must be darker than light"),
    ],
)
def test_what_no_scanner_reads_is_told_at_its_field(
    office: Office, query: str, field: str, words: str
) -> None:
    owner = office.sign_in("owner")
    link = office.link("spring")
    page = shown(owner, link, f"?{query}")
    assert page.status_code == 200
    assert f'id="f-{field}-error">{words}' in page.text
    assert addresses(page) == []
    reply = owner.get(f"/admin/links/{link.uid}/qr.svg?{query}", headers={"X-Klink": "fragment"})
    assert (reply.status_code, reply.mimetype) == (422, "text/plain")
    assert reply.text.startswith(f"{field}: ")


def test_a_picture_is_kept_for_a_while_and_known_by_its_etag(office: Office) -> None:
    owner = office.sign_in("owner")
    where = f"/admin/links/{office.link('spring').uid}/qr.png"
    first = owner.get(where)
    assert first.headers["Cache-Control"] == "private, max-age=300"
    again = owner.get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_nothing_of_the_query_reaches_the_page_as_markup(office: Office) -> None:
    owner = office.sign_in("owner")
    page = shown(owner, office.link("spring"), "?dark=%22%3E%3Cscript%3E&size=%22%3E%3Cscript%3E")
    assert page.status_code == 200
    assert "<script>" not in page.text


def test_nobody_elses_code_is_shown_and_none_of_a_link_in_the_trash(office: Office) -> None:
    owner, stranger = office.sign_in("owner"), office.stranger()
    link = office.link("spring")
    for path in ("qr", "qr.svg", "qr.png"):
        where = f"/admin/links/{link.uid}/{path}"
        assert stranger.get(where).status_code == 404
        assert office.browser().get(where).status_code == 303
    links.trash(office.context(), owner.principal, link.uid)
    assert shown(owner, link).status_code == 410
