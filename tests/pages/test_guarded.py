"""Preview pages with a captcha, and passwords before them (U9, U10, L7), as visitors meet them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from klink.clicks.visits import CLICK, VIEW
from klink.core.captcha import Altcha, Turnstile
from klink.db import connection
from klink.db.connection import write
from klink.db.models import UsedPass
from tests.core.captcha.double import Siteverify, siteverify
from tests.core.captcha.solving import solved
from tests.dialects.house import at_once
from tests.redirects.site import NOON, SECRET, Site

PASSWORD = "open sesame"
JSON: dict[str, Any] = {"Accept": "application/json"}
CSP = "Content-Security-Policy"


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python is slower than browsers."""
    monkeypatch.setattr("klink.core.captcha.altcha.MAX_COUNTER", 200)


@pytest.fixture
def site(db: str, tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, captcha=Altcha(SECRET))
    made.link("shown", type="inpage", title="Example App", description="Verified")
    made.link("both", type="inpage", password=PASSWORD)
    made.link("locked", password=PASSWORD)
    yield made
    made.close()


@pytest.fixture
def double() -> Iterator[Siteverify]:
    with siteverify() as made:
        yield made


@pytest.fixture
def cloudflared(db: str, tmp_path: Path, double: Siteverify) -> Iterator[Site]:
    """A site with Turnstile."""
    captcha = Turnstile(
        SECRET,
        site_key="0x4AAA",
        turnstile_secret="hush",
        verify_url=double.url,
        serves=lambda host: host == "go.example.org",
    )
    made = Site(tmp_path, captcha=captcha)
    made.link("shown", type="inpage")
    yield made
    made.close()


def fields(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page's form that have a value."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {name: unescape(value) for name, value in found}


def form_of(page: TestResponse) -> dict[str, str]:
    """What a browser would send from a page, once its script has done the work."""
    details = re.search(r'data-details="([^"]*)"', page.text)
    assert details, page.text
    challenge = json.loads(unescape(details[1]))["challenge"]
    return fields(page) | {"altcha": solved(challenge)}


def code(site: Site, path: str, form: dict[str, str]) -> tuple[int, str]:
    """The status and error code that a program gets for a form."""
    said = site.ask(path, method="POST", form=form, **JSON)
    return said.status_code, said.get_json()["error"]["code"]


def flags(site: Site) -> list[int]:
    """What was counted since the last call."""
    return [record.flags for record in site.records()]


def assert_on(answer: TestResponse, slug: str) -> None:
    assert (answer.status_code, answer.data) == (303, b"")
    assert answer.headers["Location"] == f"https://example.com/{slug}"


def test_u9_the_work_leads_on_and_the_way_on_is_the_click(site: Site) -> None:
    page = site.ask("/shown/page")
    assert page.status_code == 200
    assert flags(site) == [VIEW]
    assert_on(site.post("/shown/page", **form_of(page)), "shown")
    assert flags(site) == [CLICK]


def test_u9_the_code_alone_leads_to_the_page_and_a_form_sent_there_too(site: Site) -> None:
    assert site.ask("/shown").headers["Location"] == "/shown/page"
    answer = site.post("/shown", **form_of(site.ask("/shown/page")))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/shown/page")


def test_u9_without_the_work_the_page_comes_again_with_403_and_no_click(site: Site) -> None:
    for form, said in (({}, "not finished"), ({"altcha": "nonsense"}, "failed")):
        page = site.post("/shown/page", **form)
        assert page.status_code == 403
        assert said in page.text
        assert 'role="alert"' in page.text
        assert "Continue to Website" in page.text
    assert flags(site) == []
    assert_on(site.post("/shown/page", **form_of(page)), "shown")  # what it showed can be solved


def test_u9_a_pass_counts_once(site: Site) -> None:
    form = form_of(site.ask("/shown/page"))
    assert_on(site.post("/shown/page", **form), "shown")
    page = site.post("/shown/page", **form)
    assert page.status_code == 403
    assert "used already" in page.text
    assert flags(site) == [VIEW, CLICK]


def test_u9_a_pass_is_bound_to_its_code(site: Site) -> None:
    site.link("other", type="inpage")
    form = form_of(site.ask("/shown/page"))
    assert code(site, "/other/page", form) == (403, "captcha_wrong")
    assert_on(site.post("/shown/page", **form), "shown")


def test_u9_a_pass_expires_in_five_minutes(site: Site) -> None:
    form = form_of(site.ask("/shown/page"))
    site.later(minutes=5)
    page = site.post("/shown/page", **form)
    assert page.status_code == 403
    assert "five minutes" in page.text
    site.later(minutes=-6)
    assert code(site, "/shown/page", form) == (403, "captcha_expired")


def test_u9_a_restart_gives_no_pass_back(site: Site, tmp_path: Path) -> None:
    used, fresh = form_of(site.ask("/shown/page")), form_of(site.ask("/shown/page"))
    site.post("/shown/page", **used)
    again = Site(tmp_path / "again", captcha=Altcha(SECRET))
    try:
        assert code(again, "/shown/page", used) == (403, "captcha_used")
        assert_on(again.post("/shown/page", **fresh), "shown")
    finally:
        again.close()


def test_u9_one_pass_sent_thirty_two_times_at_once_makes_one_click(site: Site) -> None:
    form = form_of(site.ask("/shown/page"))
    found = at_once([lambda: site.post("/shown/page", **form).status_code] * 32)
    assert sorted(found) == [303] + [403] * 31
    assert flags(site) == [VIEW, CLICK]


def test_a_pass_that_meets_a_closed_link_leads_nowhere(site: Site) -> None:
    link = site.link("brief", type="inpage", expires_at=NOON + timedelta(minutes=2))
    form = form_of(site.ask("/brief/page"))
    site.later(minutes=2)
    assert site.post("/brief/page", **form).status_code == 410
    site.change(link, expires_at=None)
    site.change(link, is_active=False)
    assert site.post("/brief/page", **form).status_code == 410
    assert flags(site) == [VIEW]


def test_the_last_use_is_taken_by_the_work_and_not_by_looking(site: Site) -> None:
    site.link("scarce", type="inpage", max_clicks=1)
    first, second = (form_of(site.ask("/scarce/page")) for _ in range(2))
    assert site.post("/scarce/page").status_code == 403
    assert_on(site.post("/scarce/page", **first), "scarce")
    assert site.post("/scarce/page", **second).status_code == 410
    assert flags(site) == [VIEW, VIEW, CLICK]


def test_a_head_and_a_prefetch_see_the_page_and_make_no_click(site: Site) -> None:
    head = site.ask("/shown/page", method="HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert site.ask("/shown/page", Sec_Purpose="prefetch").status_code == 200
    assert [record.flags & CLICK for record in site.records()] == [0, 0]
    assert UsedPass.select().count() == 0


def test_programs_get_the_challenge_and_may_send_the_answer(site: Site) -> None:
    said = site.ask("/shown/page", **JSON).get_json()
    assert said["host"] == "example.com"
    captcha = said["captcha"]
    assert captcha["provider"] == "altcha"
    assert captcha["max_counter"] == 200
    assert captcha["fields"] == {}
    answer = {captcha["answer_field"]: solved(captcha["challenge"])}
    assert_on(site.ask("/shown/page", method="POST", form=answer, **JSON), "shown")
    refused = site.ask("/shown/page", method="POST", form=answer, **JSON).get_json()
    assert refused["error"]["code"] == "captcha_used"
    again = {captcha["answer_field"]: solved(refused["captcha"]["challenge"])}
    sent = site.client.post(
        "/shown/page",
        json=again,
        base_url="https://go.example.org",
        headers={"Accept": "application/json"},
    )
    assert_on(sent, "shown")


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'{"altcha": 7}', b'{"altcha": null}', b"{"])
def test_json_that_is_no_answer_is_refused(site: Site, body: bytes) -> None:
    sent = site.client.post(
        "/shown/page", data=body, base_url="https://go.example.org", content_type="application/json"
    )
    assert sent.status_code in (400, 403)
    assert flags(site) == []


def test_scripts_may_run_only_where_the_work_is_done_and_only_our_own(site: Site) -> None:
    page = site.ask("/shown/page")
    policy = page.headers[CSP]
    assert "; script-src 'self'; worker-src 'self'" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r'<script src="([^"]*)" defer></script>', page.text)
    [worker] = re.findall(r'data-worker="([^"]*)"', page.text)
    assert page.text.count("<script") == len(scripts) == 1
    for url in (*scripts, worker):
        answer = site.ask(url)
        assert answer.status_code == 200
        assert "javascript" in answer.content_type
    assert "needs JavaScript" in re.findall(r"<noscript>(.*)</noscript>", page.text)[0]
    for path in ("/locked", "/both", "/nothing", "/"):
        assert "script-src" not in site.ask(path).headers[CSP]
    assert "script-src" not in site.ask("/shown/page", **JSON).headers[CSP]


def test_the_whole_page_is_below_thirty_kib(site: Site) -> None:
    page = site.ask("/shown/page")
    loaded = re.findall(r'(?:src|href|data-worker)="(/_static/[^"]*)"', page.text)
    assert len(loaded) >= 4
    assert len(page.data) + sum(len(site.ask(url).data) for url in loaded) < 30 * 1024


def test_u10_with_none_there_is_no_script_and_the_way_is_free(db: str, tmp_path: Path) -> None:
    plain = Site(tmp_path)
    try:
        plain.link("shown", type="inpage")
        page = plain.ask("/shown/page")
        assert "<script" not in page.text
        assert "script-src" not in page.headers[CSP]
        assert "captcha" not in plain.ask("/shown/page", **JSON).get_json()
        assert_on(plain.post("/shown/page"), "shown")
    finally:
        plain.close()


# --- Turnstile ------------------------------------------------------------------------------


def test_u10_turnstile_shows_cloudflares_widget_and_nothing_else_of_others(
    cloudflared: Site,
) -> None:
    page = cloudflared.ask("/shown/page")
    policy = page.headers[CSP]
    assert "script-src 'self' https://challenges.cloudflare.com;" in policy
    assert "frame-src https://challenges.cloudflare.com" in policy
    assert set(re.findall(r"https?://([^/\"' ]+)", page.text)) == {"challenges.cloudflare.com"}
    assert 'class="cf-turnstile" data-sitekey="0x4AAA"' in page.text
    assert f'data-cdata="{fields(page)["captcha_pass"]}"' in page.text
    assert "hush" not in page.text


def test_u10_cloudflares_yes_leads_on_once(cloudflared: Site, double: Siteverify) -> None:
    token = double.knows("token", hostname="go.example.org")
    form = fields(cloudflared.ask("/shown/page")) | {"cf-turnstile-response": token}
    assert_on(cloudflared.post("/shown/page", **form), "shown")
    assert code(cloudflared, "/shown/page", form) == (403, "captcha_used")
    assert flags(cloudflared) == [VIEW, CLICK]


def test_u10_turnstile_fails_closed(cloudflared: Site, double: Siteverify) -> None:
    form = fields(cloudflared.ask("/shown/page")) | {"cf-turnstile-response": "token"}
    assert code(cloudflared, "/shown/page", form) == (403, "captcha_wrong")
    assert code(cloudflared, "/shown/page", {}) == (403, "captcha_missing")
    double.knows("token")
    double.raw = (502, b"")
    answer = cloudflared.post("/shown/page", **form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "cannot be made at the moment" in answer.text
    assert flags(cloudflared) == [VIEW]


# --- Passwords ------------------------------------------------------------------------------


def test_l7_the_right_password_leads_straight_to_the_destination(site: Site) -> None:
    site.ask("/locked")
    assert_on(site.post("/locked", password=PASSWORD), "locked")
    assert flags(site) == [VIEW, CLICK]


@pytest.mark.parametrize("path", ["/both", "/both/page"])
def test_the_password_comes_before_the_page_and_is_not_asked_twice(site: Site, path: str) -> None:
    form = site.ask(path)
    assert 'type="password"' in form.text
    assert "data-captcha" not in form.text
    page = site.post(path, password=PASSWORD)
    assert page.status_code == 200
    assert 'type="password"' not in page.text
    assert "Continue to Website" in page.text
    assert PASSWORD not in page.text
    assert_on(site.post(path, **form_of(page)), "both")
    assert flags(site) == [VIEW, CLICK]


def test_after_a_failed_check_the_password_is_not_asked_again(site: Site) -> None:
    page = site.post("/both", password=PASSWORD)
    again = site.post("/both", **fields(page))
    assert again.status_code == 403
    assert "not finished" in again.text
    assert fields(again) == fields(page)
    assert_on(site.post("/both", **form_of(again)), "both")


def test_a_password_pass_counts_once_and_the_page_needs_it(site: Site) -> None:
    page = site.post("/both", password=PASSWORD)
    form = form_of(page)
    work = {"altcha": form["altcha"]}
    assert code(site, "/both", work) == (403, "wrong_password")
    assert_on(site.post("/both", **form), "both")
    fresh = form_of(site.post("/both", password=PASSWORD))
    reused = fresh | {"password_pass": form["password_pass"]}
    assert code(site, "/both", reused) == (403, "wrong_password")
    assert flags(site) == [CLICK]


def test_a_password_pass_lasts_five_minutes_however_often_the_page_comes(site: Site) -> None:
    page = site.post("/both", password=PASSWORD)
    site.later(minutes=4)
    page = site.post("/both", **fields(page))
    site.later(minutes=1)
    answer = site.post("/both", **form_of(page))
    assert answer.status_code == 403
    assert 'type="password"' in answer.text
    assert "once more" in answer.text


def test_a_password_pass_of_another_link_or_of_an_old_password_is_none(site: Site) -> None:
    other = site.link("other", type="inpage", password=PASSWORD)
    form = form_of(site.post("/other", password=PASSWORD))
    assert code(site, "/both", form) == (403, "wrong_password")
    site.change(other, password="changed")
    assert code(site, "/other", form) == (403, "wrong_password")
    assert code(site, "/other", form | {"password_pass": "A" * 67}) == (403, "wrong_password")


def test_a_link_that_needs_no_page_any_more_leads_on_with_the_pass(site: Site) -> None:
    link = site.link("soon", type="inpage", password=PASSWORD)
    page = site.post("/soon", password=PASSWORD)
    site.change(link, type="direct")
    assert_on(site.post("/soon", **fields(page)), "soon")
    assert code(site, "/soon", fields(page)) == (403, "wrong_password")


def test_programs_carry_the_pass_themselves(site: Site) -> None:
    said = site.ask("/both", method="POST", form={"password": PASSWORD}, **JSON)
    assert said.status_code == 200
    found: Any = said.get_json()
    form = {
        "password_pass": found["password_pass"],
        "altcha": solved(found["captcha"]["challenge"]),
    }
    assert_on(site.ask("/both", method="POST", form=form, **JSON), "both")


def test_a_captcha_pass_is_no_password_pass(site: Site) -> None:
    page = site.post("/both", password=PASSWORD)
    details = json.loads(unescape(re.findall(r'data-details="([^"]*)"', page.text)[0]))
    stolen = details["challenge"]["parameters"]["data"]["pass"]
    form = form_of(page) | {"password_pass": stolen}
    assert code(site, "/both", form) == (403, "wrong_password")


def test_l7_brute_force_from_one_address_is_slowed_down_across_a_restart(
    site: Site, tmp_path: Path
) -> None:
    for _ in range(5):
        assert site.post("/locked", password="no").status_code == 403
    again = Site(tmp_path / "again")
    try:
        answer = again.post("/locked", password=PASSWORD)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    finally:
        again.close()


def test_l7_brute_force_from_many_addresses_meets_the_links_own_count(site: Site) -> None:
    def guess(number: int, password: str = "no") -> int:
        peer = f"198.51.{number // 250}.{number % 250}"
        form = {"password": password}
        return site.ask("/locked", method="POST", form=form, peer=peer).status_code

    assert [guess(number) for number in range(50)] == [403] * 50
    assert [guess(number) for number in range(50, 70)] == [429] * 20
    assert site.ask("/locked").status_code == 200
    site.later(minutes=1)
    assert guess(99, PASSWORD) == 303


def test_l7_one_address_that_tries_many_links_is_slowed_down(site: Site) -> None:
    for number in range(31):
        site.link(f"l{number}", password=PASSWORD)
    found = [site.post(f"/l{number}", password="no").status_code for number in range(31)]
    assert found == [403] * 30 + [429]


def test_a_busy_database_lets_nobody_guess(site: Site) -> None:
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with write():
            held.set()
            let_go.wait(20)
        connection.close_thread()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        if connection.engine() == "sqlite":
            assert site.post("/locked", password=PASSWORD).status_code == 503
    finally:
        let_go.set()
        thread.join()
    assert_on(site.post("/locked", password=PASSWORD), "locked")
