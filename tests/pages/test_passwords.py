"""Passwords before destinations and pages, and who guesses them (U9, L7)."""

from __future__ import annotations

import json
import re
import threading
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from klink.clicks.visits import CLICK, VIEW
from klink.db import connection
from klink.db.connection import write
from tests.core.captcha.solving import solved
from tests.pages.forms import JSON, PASSWORD, assert_on, code, fields, flags, form_of
from tests.redirects.site import Site


@pytest.fixture
def site(asking: Site) -> Site:
    return asking


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


@pytest.mark.every_engine
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
