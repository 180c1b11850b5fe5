"""The form, the preview page and the messages: what a browser shows, what a program reads."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from klink.core import passwords
from klink.core.errors import DatabaseBusy
from klink.pages.messages import MAX_FORM_BYTES
from tests.redirects.site import NOON, Site

PASSWORD = "open sesame \N{KEY}"
PATHS = [
    ("/locked", 200, "password_required"),
    ("/shown/page", 200, None),
    ("/ended", 410, "inactive"),
    ("/nothing", 404, "not_found"),
    ("/not/there", 404, "not_found"),
    ("/", 200, None),
]


@pytest.fixture
def furnished(site: Site) -> Site:
    """A site with a link in each of the states that have a page."""
    site.link("locked", password=PASSWORD)
    site.link("shown", type="inpage", title="Example App", description="Verified\nsafe")
    site.link("ended", is_active=False)
    return site


@pytest.mark.parametrize("path,status,_code", PATHS)
def test_every_page_is_closed_to_scripts_frames_and_third_parties(
    furnished: Site, path: str, status: int, _code: str | None
) -> None:
    answer = furnished.ask(path)
    assert answer.status_code == status
    assert answer.content_type == "text/html; charset=utf-8"
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self' https: http:",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Server" not in answer.headers
    assert not re.search(
        r"<script|<style|style=|on\w+=|javascript:|//", answer.text.split("<title>")[1]
    )
    loaded = re.findall(r'<(?:link|img|script)[^>]* (?:src|href)="([^"]*)"', answer.text)
    assert loaded
    assert all(url.startswith("/_static/") for url in loaded)
    for url in loaded:
        assert furnished.ask(url).status_code == 200


@pytest.mark.parametrize("path,status,code", PATHS)
def test_programs_that_prefer_json_get_json_with_the_same_status(
    furnished: Site, path: str, status: int, code: str | None
) -> None:
    answer = furnished.ask(path, Accept="application/json")
    assert (answer.status_code, answer.content_type) == (status, "application/json")
    said = answer.get_json()
    if code is not None:
        assert said.get("error", said)["code"] == code
        assert said.get("error", said)["message"]


@pytest.mark.parametrize(
    "accept,is_json",
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("application/json, text/html;q=0.5", True),
        ("text/html, application/json;q=0.9", False),
        ("image/png", False),
        ("nonsense", False),
    ],
)
def test_only_a_real_preference_for_json_counts(site: Site, accept: str, is_json: bool) -> None:
    answer = site.ask("/nothing", Accept=accept)
    assert answer.is_json == is_json
    assert answer.headers["Vary"] == "Accept, Accept-Language"


def test_the_right_password_leads_on_with_303(furnished: Site) -> None:
    furnished.ask("/locked")
    answer = furnished.post("/locked", password=PASSWORD)
    assert (answer.status_code, answer.data) == (303, b"")
    assert answer.headers["Location"] == "https://example.com/locked"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("password", ["", "Open sesame", "x" * 1000, PASSWORD + " "])
def test_a_wrong_password_shows_the_form_again(furnished: Site, password: str) -> None:
    answer = furnished.post("/locked", password=password)
    assert answer.status_code == 403
    assert "not the password" in answer.text
    assert password == "" or password not in answer.text
    assert furnished.post("/locked").status_code == 403
    assert furnished.records() == []
    said = furnished.ask(
        "/locked", method="POST", form={"password": "no"}, Accept="application/json"
    )
    assert (said.status_code, said.get_json()["error"]["code"]) == (403, "wrong_password")


def test_guessing_is_slowed_down_before_anything_is_hashed(furnished: Site) -> None:
    assert [furnished.post("/locked", password="no").status_code for _ in range(5)] == [403] * 5
    answer = furnished.post("/locked", password=PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Wait 1 second," in answer.text
    said = furnished.ask("/locked", method="POST", form={}, Accept="application/json")
    assert said.get_json()["error"]["code"] == "too_many_tries"
    elsewhere = furnished.ask("/locked", method="POST", form={"password": PASSWORD}, peer="9.9.9.9")
    assert elsewhere.status_code == 303
    assert furnished.ask("/locked").status_code == 200  # looking at the form is free
    furnished.later(seconds=1)
    assert furnished.post("/locked", password=PASSWORD).status_code == 303
    assert furnished.post("/locked", password="no").status_code == 403


def test_a_guess_that_finds_no_place_to_be_hashed_is_503_and_not_counted(
    furnished: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr("klink.core.passwords._MATCH_WAIT_S", 0.0)
        full.setattr("klink.core.passwords._two_at_once", threading.BoundedSemaphore(1))
        passwords._two_at_once.acquire()
        for _ in range(10):
            answer = furnished.post("/locked", password=PASSWORD)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert "Too many passwords" in answer.text
        form = {"password": PASSWORD}
        said = furnished.ask("/locked", method="POST", form=form, Accept="application/json")
        assert said.get_json()["error"]["code"] == "too_busy"
    assert furnished.post("/locked", password=PASSWORD).status_code == 303


def test_a_link_that_closed_meanwhile_does_not_lead_on(site: Site) -> None:
    link = site.link("locked", password=PASSWORD, expires_at=NOON + timedelta(hours=1))
    assert site.ask("/locked").status_code == 200
    site.later(hours=1)
    assert site.post("/locked", password=PASSWORD).status_code == 410
    site.change(link, expires_at=None, password=None)
    assert site.post("/locked", password=PASSWORD).status_code == 303  # it needs none now


def test_a_huge_form_is_refused(furnished: Site) -> None:
    answer = furnished.post("/locked", password="x" * (MAX_FORM_BYTES + 1))
    assert answer.status_code == 413
    assert "8192" in answer.text


def test_the_query_goes_along_from_the_form_and_the_page(site: Site) -> None:
    for slug, fields in (("form", {"password": PASSWORD}), ("page", {"type": "inpage"})):
        site.link(slug, forward_query=True, **fields)
        first = site.ask(f"/{slug}?ref=1")
        assert "action=" not in first.text  # a form without one posts to where it stands
    for path in ("/form?ref=1", "/page/page?ref=1"):
        answer = site.post(path, password=PASSWORD)
        assert answer.headers["Location"].endswith("?ref=1")


def test_the_preview_page_says_where_it_leads(furnished: Site) -> None:
    answer = furnished.ask("/shown/page")
    page = answer.text.replace("<wbr>", "")  # where a long host may break
    for text in ("example.com", "Example App", "Verified\nsafe", "Continue to Website"):
        assert text in page
    said = furnished.ask("/shown/page", Accept="application/json").get_json()
    assert said == {"host": "example.com", "title": "Example App", "description": "Verified\nsafe"}
    on = furnished.post("/shown/page")
    assert (on.status_code, on.headers["Location"]) == (303, "https://example.com/shown")


def test_a_host_in_another_script_is_shown_as_it_is_on_the_wire(site: Site) -> None:
    site.link("fake", type="inpage", url="https://ex\N{CYRILLIC SMALL LETTER A}mple.com/login")
    answer = site.ask("/fake/page")
    assert "xn--exmple-4nf.<wbr>com" in answer.text
    assert "\N{CYRILLIC SMALL LETTER A}" not in answer.text


def test_what_people_typed_is_shown_as_text(site: Site) -> None:
    nasty = '"><script>alert(1)</script>{{ 7*7 }}'
    site.link("page", type="inpage", title=nasty, description=nasty)
    answer = site.ask("/page/page")
    assert "<script" not in answer.text
    assert answer.text.count("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}") >= 2


def test_the_page_of_a_split_sets_the_cookie_so_that_the_way_on_is_what_it_showed(
    site: Site,
) -> None:
    site.split("page", type="inpage")
    page = site.ask("/page/page")
    klid = page.headers["Set-Cookie"].partition(";")[0]
    site.later(days=1)
    answers = {
        site.ask("/page/page", method="POST", Cookie=klid, peer=f"9.9.9.{n}").headers["Location"]
        for n in range(8)
    }
    assert len(answers) == 1
    private = site.ask("/page/page", DNT="1")
    assert "Set-Cookie" not in private.headers


def test_a_page_of_a_link_that_became_direct_leads_on(site: Site) -> None:
    link = site.link("page", type="inpage")
    site.change(link, type="direct")
    assert site.post("/page/page").headers["Location"] == "https://example.com/page"
    assert [record.flags for record in site.records()] == [2]


def test_a_post_to_the_code_of_an_inpage_link_leads_to_its_page(site: Site) -> None:
    site.link("page", type="inpage")
    answer = site.post("/page?a=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page/page?a=1")


@pytest.mark.every_engine
def test_a_busy_database_is_503_for_pages_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from klink.core import links

    def busy(*_: object) -> bool:
        raise DatabaseBusy

    site.link("page", type="inpage", max_clicks=3)
    assert site.ask("/page/page").status_code == 200
    monkeypatch.setattr(links, "take_use", busy)
    answer = site.post("/page/page")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert [record.flags for record in site.records()] == [1]


def test_what_breaks_is_told_without_a_trace(
    furnished: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from klink.pages import guarded

    def break_down(*_: object, **__: object) -> TestResponse:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(guarded, "_form", break_down)
    answer = furnished.ask("/locked")
    assert answer.status_code == 500
    assert "secret reason" not in answer.text
    assert "Traceback" not in answer.text


def test_static_files_may_be_kept_and_are_found_only_by_their_names(site: Site) -> None:
    url = re.findall(r'href="([^"]*css[^"]*)"', site.ask("/").text)[0]
    answer = site.ask(url)
    assert answer.content_type.startswith("text/css")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in (
        "/_static/",
        "/_static/nothing.css",
        "/_static/../views.py",
        "/_static/%2e%2e/views.py",
    ):
        assert site.ask(path).status_code == 404


def test_the_stylesheet_loads_nothing() -> None:
    import klink.pages

    folder = Path(klink.pages.__file__).parent / "static"
    for path in folder.iterdir():
        text = path.read_text()
        assert "url(" not in text
        assert "@import" not in text
        assert text.count("http") == text.count("http://www.w3.org/2000/svg")


def test_a_slug_that_flask_might_mistake_for_its_own_is_a_slug(site: Site) -> None:
    for slug in ("page", "spring", "apis", "healthy"):
        site.link(slug)
        assert site.ask(f"/{slug}").status_code == 302
    assert site.ask("/a//b").status_code == 404  # and not a redirect to the request's host


@pytest.mark.parametrize("host", ["go..example", "h" * 300])
def test_a_host_that_no_name_can_be_gets_a_page_all_the_same(site: Site, host: str) -> None:
    answer = site.ask("/spring", Host=host)
    assert answer.status_code == 400
    assert "visitor.css?v=" in answer.text
