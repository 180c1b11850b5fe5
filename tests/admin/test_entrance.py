from __future__ import annotations

from datetime import timedelta

import pytest

from klink.core import second_factor, set_up, users, workspaces
from klink.db.models import Membership, Session
from tests.admin.office import PASSWORD, Browser, Office

EMAIL = "ann@example.org"


@pytest.fixture
def ann(office: Office) -> int:
    """An editor with a password."""
    made = users.create(office.context(), EMAIL, role="editor", workspace_id=1, password=PASSWORD)
    return made.id


def signs_in(browser: Browser, email: str = EMAIL, password: str = PASSWORD, **more: str):
    browser.get("/admin/sign-in")
    return browser.post("/admin/sign-in", {"email": email, "password": password} | more)


def test_who_is_not_signed_in_is_asked_to(office: Office):
    reply = office.browser().get("/admin/?range=7d")
    assert reply.status_code == 303
    assert reply.headers["Location"] == "/admin/sign-in?next=/admin/?range%3D7d"


def test_e_mail_and_password_sign_in(office: Office, ann: int):
    browser = office.browser()
    reply = signs_in(browser)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/admin/")
    cookie = next(c for c in reply.headers.getlist("Set-Cookie") if c.startswith("__Host-klink="))
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert browser.get("/admin/").status_code == 200


def test_by_plain_http_the_cookie_is_one_that_browsers_keep(office: Office, ann: int):
    browser = office.browser()
    home = "http://localhost:8080"
    browser.get("/admin/sign-in", base_url=home)
    sent = {"csrf": browser.csrf, "email": EMAIL, "password": PASSWORD}
    reply = browser.post("/admin/sign-in", sent, base_url=home)
    assert any(c.startswith("klink=") for c in reply.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    "email,password", [(EMAIL, "wrong"), ("bob@example.org", PASSWORD), ("\0", "x"), ("", "")]
)
def test_what_is_wrong_is_not_told_apart(office: Office, ann: int, email: str, password: str):
    reply = signs_in(office.browser(), email, password)
    assert reply.status_code == 422
    assert "E-mail or password is wrong." in reply.text
    assert PASSWORD not in reply.text
    assert Session.select().count() == 0


def test_tries_are_limited_and_waiting_helps(office: Office, ann: int):
    browser = office.browser()
    for _ in range(30):
        reply = signs_in(browser, password="wrong")
        if reply.status_code == 429:
            break
    else:
        raise AssertionError("nobody stopped it")
    assert "try again in" in reply.text
    assert signs_in(browser).status_code == 429, "the right password is not looked at either"
    office.now += timedelta(hours=1)
    assert signs_in(browser).status_code == 303


def signs_out(browser: Browser) -> None:
    browser.get("/admin/")
    assert browser.post("/admin/sign-out").headers["Location"] == "/admin/sign-in"


def tries(browser: Browser, password: str, peer: str) -> int:
    """The status of a try from an address."""
    browser.get("/admin/sign-in", peer=peer)
    sent = {"email": EMAIL, "password": password}
    return browser.post("/admin/sign-in", sent, peer=peer).status_code


def test_a_browser_that_signed_in_before_waits_for_nobodys_tries(office: Office, ann: int):
    known, stranger, new = office.browser(), office.browser(), office.browser()
    reply = signs_in(known)
    cookie = next(c for c in reply.headers.getlist("Set-Cookie") if c.startswith("klink_known="))
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/admin/sign-in"):
        assert word in cookie
    signs_out(known)
    for number in range(60):
        tries(stranger, "wrong", f"198.51.100.{number}")
    assert tries(new, PASSWORD, "192.0.2.1") == 429
    assert tries(known, PASSWORD, "192.0.2.1") == 303


def test_a_browser_that_signed_in_before_has_few_tries_itself(office: Office, ann: int):
    browser = office.browser()
    signs_in(browser)
    signs_out(browser)
    statuses = [tries(browser, "wrong", f"198.51.100.{number}") for number in range(6)]
    assert statuses == [422] * 5 + [429]
    assert tries(browser, PASSWORD, "198.51.100.9") == 429
    office.now += timedelta(hours=1)
    assert tries(browser, PASSWORD, "198.51.100.9") == 303


def test_the_session_is_always_a_new_one(office: Office, ann: int):
    browser = office.browser()
    browser.keep("__Host-klink", "chosen-by-somebody-else")
    signs_in(browser)
    first = browser.cookie("__Host-klink")
    assert first not in (None, "chosen-by-somebody-else")
    browser.get("/admin/")
    browser.post("/admin/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert browser.cookie("__Host-klink") != first
    assert Session.select().count() == 1, "the one before has ended"


def test_signing_out_ends_the_session_in_the_database(office: Office, ann: int):
    browser = office.browser()
    signs_in(browser)
    browser.get("/admin/")
    assert browser.post("/admin/sign-out").headers["Location"] == "/admin/sign-in"
    assert Session.select().count() == 0
    assert not browser.cookie("__Host-klink")


def test_signing_out_everywhere_ends_all(office: Office, ann: int):
    here, there = office.browser(), office.browser()
    signs_in(here), signs_in(there)
    here.get("/admin/")
    here.post("/admin/sign-out", {"everywhere": "1"})
    assert there.get("/admin/").status_code == 303


@pytest.mark.parametrize(
    "wanted,leads_to",
    [
        ("/admin/links?tag=a&sort=-clicks", "/admin/links?tag=a&sort=-clicks"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example/", "/admin/"),
        ("/admin//evil.example", "/admin/"),
        ("/\\evil.example", "/admin/"),
        ("/admin/\\evil.example", "/admin/"),
        ("/admin/../spring", "/admin/"),
        ("/spring", "/admin/"),
        ("/administrator", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("/admin/\r\nSet-Cookie: a=b", "/admin/"),
        ("/admin/\t/evil.example", "/admin/"),
    ],
)
def test_after_it_one_comes_to_screens_of_this_server_only(
    office: Office, ann: int, wanted: str, leads_to: str
):
    reply = signs_in(office.browser(), next=wanted)
    assert (reply.status_code, reply.headers["Location"]) == (303, leads_to)


def test_with_a_second_factor_the_password_is_not_enough(office: Office, ann: int):
    import pyotp

    enrolled = second_factor.begin(office.context(), ann)
    code = pyotp.TOTP(enrolled.secret)
    spare = second_factor.confirm(
        office.context(), ann, enrolled.nonce, code.at(office.now.timestamp())
    )
    browser = office.browser()
    reply = signs_in(browser)
    assert reply.status_code == 200
    assert Session.select().count() == 0
    ticket = reply.text.partition('name="ticket" value="')[2].partition('"')[0]
    office.now += timedelta(seconds=60)
    wrong = browser.post("/admin/sign-in/code", {"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 422
    forged = browser.post("/admin/sign-in/code", {"ticket": ticket[:-2], "code": spare[0]})
    assert forged.status_code == 422
    assert Session.select().count() == 0
    right = code.at(office.now.timestamp())
    assert browser.post("/admin/sign-in/code", {"ticket": ticket, "code": right}).status_code == 303
    assert browser.get("/admin/").status_code == 200
    other = office.browser()
    signs_in(other)
    by_spare = other.post("/admin/sign-in/code", {"ticket": ticket, "code": spare[0]})
    assert by_spare.status_code == 303


def test_a_password_that_is_changed_lets_nobody_go_on(office: Office, ann: int):
    import pyotp

    inside = office.browser()
    signs_in(inside)
    enrolled = second_factor.begin(office.context(), ann)
    code = pyotp.TOTP(enrolled.secret)
    second_factor.confirm(office.context(), ann, enrolled.nonce, code.at(office.now.timestamp()))
    half_way = office.browser()
    ticket = signs_in(half_way).text.partition('name="ticket" value="')[2].partition('"')[0]
    users.set_password(office.context(), EMAIL, "another battery staple")
    assert inside.get("/admin/").status_code == 303
    office.now += timedelta(seconds=60)
    right = code.at(office.now.timestamp())
    reply = half_way.post("/admin/sign-in/code", {"ticket": ticket, "code": right})
    assert reply.status_code == 422
    assert Session.select().count() == 0


def test_codes_cannot_be_guessed(office: Office, ann: int):
    import pyotp

    enrolled = second_factor.begin(office.context(), ann)
    second_factor.confirm(
        office.context(),
        ann,
        enrolled.nonce,
        pyotp.TOTP(enrolled.secret).at(office.now.timestamp()),
    )
    browser = office.browser()
    ticket = signs_in(browser).text.partition('name="ticket" value="')[2].partition('"')[0]
    statuses = [
        browser.post("/admin/sign-in/code", {"ticket": ticket, "code": f"{i:06}"}).status_code
        for i in range(30)
    ]
    assert 429 in statuses
    assert statuses.count(422) < 10


def test_many_addresses_guess_codes_no_faster(office: Office, ann: int):
    import pyotp

    enrolled = second_factor.begin(office.context(), ann)
    second_factor.confirm(
        office.context(),
        ann,
        enrolled.nonce,
        pyotp.TOTP(enrolled.secret).at(office.now.timestamp()),
    )
    browser = office.browser()
    ticket = signs_in(browser).text.partition('name="ticket" value="')[2].partition('"')[0]
    looked_at = 0
    for i in range(60):
        reply = browser.post(
            "/admin/sign-in/code",
            {"ticket": ticket, "code": f"{i:06}"},
            peer=f"198.51.100.{i + 1}",
        )
        looked_at += reply.status_code == 422
    assert looked_at <= 10


def test_whoever_names_somebody_at_the_door_keeps_no_codes_from_them(office: Office, ann: int):
    import pyotp

    code = pyotp.TOTP((enrolled := second_factor.begin(office.context(), ann)).secret)
    second_factor.confirm(office.context(), ann, enrolled.nonce, code.at(office.now.timestamp()))
    stranger = office.browser()
    for i in range(8):
        stranger.get("/admin/sign-in")
        sent = {"email": f"code:{ann}", "password": "wrong"}
        stranger.post("/admin/sign-in", sent, peer=f"198.51.100.{i + 1}")
        stranger.post("/admin/sign-in", sent)
    browser = office.browser()
    ticket = signs_in(browser).text.partition('name="ticket" value="')[2].partition('"')[0]
    office.now += timedelta(seconds=60)
    right = code.at(office.now.timestamp())
    assert browser.post("/admin/sign-in/code", {"ticket": ticket, "code": right}).status_code == 303


def test_one_looks_at_another_workspace_of_ones_own(office: Office):
    owner = office.sign_in("editor")
    other = workspaces.create(office.context(), "Other")
    Membership.create(user=owner.user_id, workspace=other.id, role="viewer", created_at=office.now)
    assert "Other" in owner.get("/admin/").text
    reply = owner.post("/admin/workspace", {"workspace": str(other.id)})
    assert reply.status_code == 303
    assert owner.principal.workspace_id == other.id
    alien = workspaces.create(office.context(), "Alien")
    assert owner.post("/admin/workspace", {"workspace": str(alien.id)}).status_code == 404
    assert owner.principal.workspace_id == other.id


def test_a_fresh_server_says_where_its_set_up_link_is(office: Office):
    assert "set-up link" in office.browser().get("/admin/sign-in").text


def test_the_set_up_link_leads_to_the_first_owner(office: Office):
    token = set_up.offer(office.context())
    browser = office.browser()
    assert browser.get(f"/admin/setup/{token}").status_code == 200
    wrong = {"email": EMAIL, "password": "short", "again": "other"}
    reply = browser.post(f"/admin/setup/{token}", wrong)
    assert reply.status_code == 422
    assert f'value="{EMAIL}"' in reply.text
    right = {"email": EMAIL, "password": PASSWORD, "again": PASSWORD}
    reply = browser.post(f"/admin/setup/{token}", right)
    assert reply.headers["Location"] == "/admin/"
    assert "Welcome" in browser.get("/admin/").text
    assert browser.get(f"/admin/setup/{token}").status_code == 410
    assert signs_in(office.browser()).status_code == 303
