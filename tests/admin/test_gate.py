from __future__ import annotations

import pytest

from klink.db import connection
from klink.db.connection import DatabaseBusy
from tests.admin.office import PASSWORD, Office

STRICT = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
}


@pytest.mark.parametrize("path", ["/admin/sign-in", "/admin/", "/admin/nothing-here"])
def test_every_page_keeps_to_itself(office: Office, path: str):
    reply = office.sign_in("owner").get(path, headers={"Sec-Fetch-Site": "none"})
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert {name: reply.headers[name] for name in STRICT} == STRICT


@pytest.mark.parametrize("token", ["", "0" * 64, "é", None])
def test_a_form_without_its_token_is_refused(office: Office, token: str | None):
    owner = office.sign_in("owner")
    owner.get("/admin/sign-in")
    owner.csrf = "x"
    data = {} if token is None else {"csrf": token}
    reply = owner.post("/admin/sign-out", {"csrf": ""} | data)
    assert reply.status_code == 403
    assert owner.get("/admin/").status_code == 200


def test_a_form_of_another_session_is_refused(office: Office):
    one, other = office.sign_in("owner"), office.sign_in("editor")
    other.get("/admin/")
    one.csrf = other.csrf
    assert one.post("/admin/sign-out").status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_on_another_site_is_refused(office: Office, site: str):
    owner = office.sign_in("owner")
    owner.get("/admin/")
    reply = owner.post("/admin/sign-out", headers={"Sec-Fetch-Site": site})
    assert reply.status_code == 403


def test_another_sites_form_cannot_sign_anybody_in(office: Office):
    browser = office.browser()
    browser.csrf = "0" * 64
    reply = browser.post("/admin/sign-in", {"email": "a@example.org", "password": PASSWORD})
    assert reply.status_code == 403


def test_on_a_host_that_is_not_klinks_own_the_office_is_closed(office: Office):
    office.house.domain("links.example.net")
    reply = office.browser().get("/admin/sign-in", base_url="https://links.example.net")
    assert reply.status_code == 421
    assert "go.example.org" in reply.text
    assert reply.mimetype == "text/plain"


def test_an_unknown_page_is_told_of_in_words(office: Office):
    reply = office.sign_in("viewer").get("/admin/nothing-here")
    assert reply.status_code == 404
    assert "There is no such page" in reply.text


def test_while_the_database_is_away_a_page_says_so(office: Office, monkeypatch: pytest.MonkeyPatch):
    def away() -> None:
        raise DatabaseBusy

    owner = office.sign_in("owner")
    with monkeypatch.context() as patch:
        connection.close_thread()
        patch.setattr(connection, "_open", away)
        reply = owner.get("/admin/settings/account")
    assert reply.status_code == 503
    assert "The server is busy" in reply.text
    assert reply.headers["X-Request-Id"] in reply.text
    assert reply.headers["Retry-After"]
    assert owner.get("/admin/settings/account").status_code == 200, "and the session goes on"


def test_a_script_hears_that_it_must_sign_in(office: Office):
    reply = office.browser().get("/admin/", headers={"X-Klink": "fragment"})
    assert (reply.status_code, reply.mimetype) == (401, "text/plain")


def test_static_files_may_be_kept(office: Office):
    page = office.browser().get("/admin/sign-in").text
    path = page.partition('href="/admin/static/admin.css?v=')[2].partition('"')[0]
    reply = office.browser().get(f"/admin/static/admin.css?v={path}")
    assert reply.status_code == 200
    assert "immutable" in reply.headers["Cache-Control"]
    assert office.browser().get("/admin/static/../gate.py").status_code == 404
