"""What a visitor is told of a link that leads nowhere, and what of one that is not to be known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from klink.core import links
from klink.db.models import Link
from klink.pages.languages import LANGUAGES
from klink.pages.messages import of_status
from tests.redirects.site import NOON, Site


@pytest.fixture
def closed(site: Site) -> Site:
    """A site with a link in each state in which it leads nowhere, in-page ones too."""
    for slug, kind in (("", "direct"), ("page-", "inpage")):
        site.link(f"{slug}later", type=kind, starts_at=NOON + timedelta(days=1, minutes=5))
        site.link(f"{slug}once", type=kind, max_clicks=1)
        site.link(f"{slug}short", type=kind, expires_at=NOON + timedelta(minutes=1))
        site.link(f"{slug}off", type=kind, is_active=False)
        links.trash(site.ctx, site.owner, site.link(f"{slug}binned", type=kind).uid)
    assert site.ask("/once").status_code == 302
    assert site.post("/page-once/page").status_code == 303
    site.later(minutes=2)
    return site


@pytest.mark.parametrize("page", ["", "page-"])
@pytest.mark.parametrize(
    "slug,status,code,title",
    [
        ("later", 404, "not_started", "Not open yet"),
        ("once", 410, "limit_reached", "This link is used up"),
        ("short", 410, "expired", "This link has expired"),
        ("off", 410, "inactive", "This link is switched off"),
        ("binned", 410, "trashed", "This link was removed"),
        ("never", 404, "not_found", "No link here"),
    ],
)
def test_a_link_that_leads_nowhere_says_why(
    closed: Site, page: str, slug: str, status: int, code: str, title: str
) -> None:
    for path in (f"/{page}{slug}", f"/{page}{slug}/page"):
        shown = closed.ask(path)
        assert shown.status_code == status
        assert f"<h1>{title}</h1>" in shown.text
        assert "example.com" not in shown.text
        told = closed.ask(path, Accept="application/json")
        assert (told.status_code, told.get_json()["error"]["code"]) == (status, code)
    assert closed.post(f"/{page}{slug}/page").status_code == status


def test_a_link_that_has_not_started_says_when_it_opens_in_words_and_utc(closed: Site) -> None:
    page = closed.ask("/later")
    assert "It opens on March 15, 2026 at 12:05\N{NARROW NO-BREAK SPACE}PM (UTC)." in page.text
    assert '<time datetime="2026-03-15T12:05:00+00:00">' in page.text
    german = closed.ask("/later", Accept_Language="de-CH").text
    assert "Er öffnet am 15. März 2026 um 12:05 Uhr (UTC)." in german
    assert "15 مارس 2026" in closed.ask("/later", Accept_Language="ar").text
    told = closed.ask("/later", Accept="application/json").get_json()
    assert told == {
        "error": {
            "code": "not_started",
            "message": "This link does not lead anywhere yet.",
            "opens_at": "2026-03-15T12:05:00Z",
        }
    }


@pytest.mark.parametrize(
    "opens_at",
    [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)],
)
@pytest.mark.parametrize("tag", sorted(LANGUAGES))
def test_any_time_is_put_into_words(site: Site, opens_at: datetime, tag: str) -> None:
    site.link("later", starts_at=opens_at)
    answer = site.ask("/later", Accept_Language=tag)
    assert answer.status_code == 404
    assert str(opens_at.year) in answer.text


def test_a_link_with_an_expired_url_leads_there_instead(site: Site) -> None:
    elsewhere = "https://example.com/over"
    site.link("once", max_clicks=1, expired_url=elsewhere)
    site.link("short", expires_at=NOON + timedelta(minutes=1), expired_url=elsewhere)
    site.ask("/once")
    site.later(minutes=1)
    for path in ("/once", "/short"):
        assert site.ask(path).headers["Location"] == elsewhere


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize(
    "fields", [{}, {"starts_at": NOON + timedelta(days=1)}, {"password": "x"}, {"type": "inpage"}]
)
def test_a_quarantined_link_cannot_be_told_from_none(
    site: Site, accept: str, fields: dict[str, object]
) -> None:
    link = site.link("fake", title="A title", **fields)
    Link.update(quarantined_at=site.now).where(Link.uid == link.uid).execute()
    for path in ("/{}", "/{}/page"):
        for method in ("GET", "HEAD", "POST"):
            found = site.ask(path.format("fake"), method=method, Accept=accept)
            none = site.ask(path.format("none"), method=method, Accept=accept)
            assert found.status_code == none.status_code == 404
            assert list(found.headers) == list(none.headers)
            assert found.data == none.data
    assert site.records() == []


@pytest.mark.parametrize("change", ["trash", "switch off"])
def test_nothing_is_promised_of_a_link_that_was_taken_back_before_it_started(
    site: Site, change: str
) -> None:
    link = site.link("later", starts_at=NOON + timedelta(days=1))
    if change == "trash":
        links.trash(site.ctx, site.owner, link.uid)
    else:
        site.change(link, is_active=False)
    assert site.ask("/later").data == site.ask("/nothing").data


@pytest.mark.parametrize(
    "status,code",
    [
        (400, "bad_request"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (413, "body_too_large"),
        (415, "bad_request"),
        (421, "wrong_host"),
        (429, "rate_limited"),
        (500, "internal_error"),
        (502, "internal_error"),
        (503, "busy"),
    ],
)
def test_whatever_goes_wrong_has_its_message(status: int, code: str) -> None:
    message = of_status(status)
    assert (message.code, message.status) == (code, 500 if status == 502 else status)
