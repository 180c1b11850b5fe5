"""Preview pages and their captcha (U9, U10), as visitors and programs meet them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from klink.clicks.visits import CLICK, VIEW
from klink.core.captcha import Altcha, Turnstile
from klink.db.models import UsedPass
from tests.core.captcha.double import Siteverify, siteverify
from tests.core.captcha.solving import solved
from tests.dialects.house import at_once
from tests.pages.forms import JSON, assert_on, code, fields, flags, form_of
from tests.redirects.site import NOON, SECRET, Site

CSP = "Content-Security-Policy"


@pytest.fixture
def site(asking: Site) -> Site:
    return asking


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


@pytest.mark.every_engine
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
