"""The overview: figures beside those before, lists, and what happens just now."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from klink.core import links
from tests.admin.office import Office, Person

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


def figure(text: str, name: str) -> str:
    """A figure, by how much it differs, and against what."""
    found = re.search(rf"<small>{name}</small>(.*?)</div>", text, re.DOTALL)
    assert found, text
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_a_workspace_without_links_says_what_this_is_and_the_one_thing_to_do(
    office: Office, owner: Person
) -> None:
    reply = owner.get("/admin")
    assert reply.status_code == 200
    assert "No links yet" in reply.text
    assert reply.text.count("/admin/links/new") == 1
    assert 'name="url"' in reply.text  # what is typed here stands in the form for a link
    viewer = office.sign_in("viewer").get("/admin").text
    assert "No links yet" in viewer
    assert "/admin/links/new" not in viewer


def test_figures_stand_beside_those_of_the_range_before(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.now -= timedelta(days=8)
    office.click(link, times=4)
    office.now += timedelta(days=7)
    office.click(link, times=6)
    office.now += timedelta(days=1)
    text = owner.get("/admin?range=7d").text
    assert figure(text, "Clicks") == "+50.0 % 6 4 in the 7 days before"
    assert figure(text, "Visitors") == "+50.0 % 6 4 in the 7 days before"
    assert figure(text, "Conversions") == "0 0 in the 7 days before"
    assert "$0.00 in the 7 days before" in figure(text, "Revenue")
    assert '<a class="name" href="/admin/links/' in text
    assert "/spring</a>" in text


def test_visitors_of_today_are_counted_but_not_compared(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link, times=3)
    assert (
        figure(owner.get("/admin?range=7d").text, "Visitors")
        == "±0 % 3 0 before; today is not compared"
    )
    today = f"{office.now:%Y-%m-%d}"
    text = owner.get(f"/admin?range=custom&since={today}&until={today}").text
    assert figure(text, "Visitors") == "3 no day of it is over yet"


@pytest.mark.parametrize("name", ["24h", "7d", "30d", "90d"])
def test_each_range_can_be_chosen_and_says_so(office: Office, owner: Person, name: str) -> None:
    office.link("spring")
    text = owner.get(f"/admin?range={name}").text
    assert re.search(rf'range={name}" aria-current="true"', text)
    assert text.count('aria-current="true"') == 4  # the range, and a tab of each list


def test_without_a_choice_it_is_30_days(office: Office, owner: Person) -> None:
    office.link("spring")
    assert "in the 30 days before" in owner.get("/admin").text


def test_days_can_be_chosen(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.now -= timedelta(days=10)
    office.click(link, times=2)
    day = f"{office.now:%Y-%m-%d}"
    office.now += timedelta(days=10)
    form = owner.get("/admin?range=custom").text
    assert 'type="date"' in form
    text = owner.get(f"/admin?range=custom&since={day}&until={day}").text
    assert figure(text, "Clicks").endswith("2 0 in the day before")
    assert f'value="{day}"' in text


def test_dates_that_cannot_be_have_their_error_at_the_field(office: Office, owner: Person) -> None:
    office.link("spring")
    reply = owner.get("/admin?range=custom&since=2026-03-09&until=2027-01-01")
    assert reply.status_code == 422
    assert 'id="f-until-error">Must not lie after today.<' in reply.text
    assert 'value="2027-01-01"' in reply.text  # what was typed is still there
    unknown = owner.get("/admin?range=5y")
    assert unknown.status_code == 422
    assert "must be one of 24h, 7d, 30d, 90d, custom" in unknown.text


def test_days_are_the_readers(office: Office, owner: Person) -> None:
    office.link("spring")
    owner.keep("klink_tz", "Pacific/Auckland", path="/admin")
    assert "your time zone: Pacific/Auckland" in owner.get("/admin").text
    owner.keep("klink_tz", "../../etc/passwd", path="/admin")
    assert "your time zone: UTC" in owner.get("/admin").text


def test_lists_say_who_came_from_where_with_what(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(
        link.short_url + "?utm_source=mail",
        country="DE",
        headers={
            "User-Agent": PHONE,
            "Referer": "https://news.example/",
            "Accept-Language": "de-AT",
        },
    )
    text = owner.get("/admin").text
    for word in ("news.example", "Germany", "Phone"):
        assert f'<span class="name">{word}</span>' in text
    assert "Mobile Safari" not in text
    other = owner.get("/admin?source=utm_source&place=language&device=browser&range=7d").text
    for word in ("mail", "German", "Mobile Safari"):
        assert f'<span class="name">{word}</span>' in other
    assert "news.example" not in other
    # What is chosen stays when something else is.
    assert "range=90d&amp;source=utm_source&amp;place=language&amp;device=browser" in other


def test_a_list_shows_the_most_frequent_and_all_when_asked(office: Office, owner: Person) -> None:
    link = office.link("spring")
    for number in range(12):
        office.click(link, headers={"Referer": f"https://site{number:02}.example/"})
    text = owner.get("/admin").text
    assert text.count(".example</span>") == 8
    assert "more=source#source" in text
    assert owner.get("/admin?more=source").text.count(".example</span>") == 12


def test_people_and_the_rest_are_apart(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link, times=2)
    office.click(link, times=5, headers={"User-Agent": "Googlebot/2.1"})
    text = owner.get("/admin").text
    assert figure(text, "Clicks").endswith("2 0 in the 30 days before")
    assert "grey: not people" in text


def test_the_last_minutes_are_counted_live(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link, times=3)
    office.now += timedelta(minutes=10)
    office.click(link)
    assert (
        "<b>1</b> click in the last 5 minutes, <b>4</b> in the last 30" in owner.get("/admin").text
    )
    reply = owner.get("/admin/live")
    assert "<b>1</b> click in the last 5 minutes" in reply.text
    assert "<html" not in reply.text
    office.now += timedelta(minutes=40)
    assert "<b>0</b> clicks in the last 5 minutes, <b>0</b>" in owner.get("/admin/live").text


def test_a_stranger_sees_nothing_of_it(office: Office, owner: Person) -> None:
    office.click(office.link("spring"), times=3)
    stranger = office.stranger()
    assert "No links yet" in stranger.get("/admin").text
    assert "<b>0</b> clicks in the last 5 minutes" in stranger.get("/admin/live").text


def test_what_strangers_send_is_text(office: Office, owner: Person) -> None:
    link = office.link("spring")
    evil = "<script>alert(1)</script>"
    office.click(
        link.short_url + "?utm_source=%3Cscript%3Ealert(1)%3C/script%3E",
        headers={"Accept-Language": "x-<b>", "User-Agent": f"Mozilla/5.0 {evil}"},
    )
    text = owner.get("/admin?source=utm_source&device=browser&place=language").text
    assert evil not in text
    assert "&lt;script&gt;" in text


def test_clicks_of_links_in_the_trash_are_not_forgotten(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link)
    links.trash(office.context(), owner.principal, link.uid)
    text = owner.get("/admin").text
    assert figure(text, "Clicks").endswith("1 0 in the 30 days before")
    assert "Nobody has clicked in this range." in text


def test_the_range_goes_along_to_the_link(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link)
    text = owner.get("/admin?range=7d").text
    assert f'href="/admin/links/{link.uid}?range=7d">/spring</a>' in text
    assert f'href="/admin/links/{link.uid}">/spring</a>' in owner.get("/admin").text
