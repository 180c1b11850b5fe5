"""What a page proves of a link."""

from __future__ import annotations

import pytest

from klink.core.sites import Found, Outcome, look, outcome_of
from klink.fetching import Fetched, Fetcher

SLUG = "aBc1234"


def fetched(
    text: str = "",
    status: int = 200,
    content_type: str = "text/html",
    is_complete: bool = True,
    retry_after_s: int | None = None,
) -> Fetched:
    return Fetched(
        status, "https://site.example/", "site.example", content_type, text.encode(), text,
        is_complete, retry_after_s,
    )  # fmt: skip


HOLDING = [
    '<a href="https://go.example/aBc1234">',
    "<a href='https://go.example/aBc1234/page'>",
    "<a href=https://go.example/aBc1234>",
    '<a href="https://go.example/aBc1234?utm_source=x#y">',
    "aBc1234",
    "Code: aBc1234.",
    "(aBc1234)",
    "链接aBc1234在这里",
    "<!-- aBc1234 -->",
    "xaBc1234 and aBc1234",
    "https://go.example/&#97;Bc1234",
    "https://go.example/&#x61;Bc1234",
    "https:&sol;&sol;go.example&sol;aBc1234",
    "?to=https%3A%2F%2Fgo.example%2FaBc1234",
    "?to=https%3A%2F%2Fgo.example%2F%61Bc1234&amp;x",
    '{"url":"https:\\/\\/go.example\\/aBc1234"}',
    '{"url":"https:\\u002F\\u002Fgo.example\\u002FaBc1234"}',
]
LACKING = [
    "",
    "<html>Nothing here</html>",
    "xaBc1234",
    "aBc12345",
    "aBc1234-2",
    "my-aBc1234",
    "_aBc1234",
    "abc1234",
    "ABC1234",
    "aBc 1234",
    "aBc<b>1234</b>",
    "%41Bc1234",
]


@pytest.mark.parametrize("text", HOLDING)
def test_a_page_holds_a_slug_however_it_is_written(text: str):
    assert outcome_of(fetched(text), SLUG) == Outcome(Found.FOUND)


@pytest.mark.parametrize("text", LACKING)
def test_a_page_lacks_a_slug_that_is_a_part_of_another_or_not_there(text: str):
    assert outcome_of(fetched(text), SLUG) == Outcome(Found.MISSING, "page")


def test_a_slug_with_a_dash_is_found_as_a_whole():
    assert outcome_of(fetched("/my-aBc1234/"), "my-aBc1234").found is Found.FOUND
    assert outcome_of(fetched("/aBc1234/"), "my-aBc1234").found is Found.MISSING


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("content_type", ["text/html", "application/json", ""])
def test_a_page_that_is_gone_has_no_link(status: int, content_type: str):
    got = fetched("aBc1234", status, content_type, is_complete=content_type == "text/html")
    assert outcome_of(got, SLUG) == Outcome(Found.MISSING, f"http_{status}")


@pytest.mark.parametrize(
    "status", [201, 204, 206, 302, 304, 400, 401, 402, 403, 405, 406, 418, 429, 451, 500, 503, 520]
)
@pytest.mark.parametrize("text", ["", "aBc1234"])
def test_every_other_status_proves_nothing(status: int, text: str):
    assert outcome_of(fetched(text, status), SLUG) == Outcome(Found.UNPROVEN, f"http_{status}")


def test_what_a_busy_site_asks_for_is_kept():
    got = fetched(status=503, retry_after_s=120)
    assert outcome_of(got, SLUG).retry_after_s == 120


def test_another_type_proves_nothing():
    got = fetched("", content_type="application/pdf", is_complete=False)
    assert outcome_of(got, SLUG) == Outcome(Found.UNPROVEN, "type")


def test_the_beginning_of_a_page_can_hold_a_slug_but_not_lack_it():
    assert outcome_of(fetched("aBc1234", is_complete=False), SLUG).found is Found.FOUND
    assert outcome_of(fetched("x", is_complete=False), SLUG) == Outcome(Found.UNPROVEN, "size")


def test_a_page_that_is_not_fetched_proves_nothing_and_says_why():
    assert look(Fetcher("klink"), "http://127.0.0.1/", SLUG) == Outcome(Found.UNPROVEN, "private")
    assert look(Fetcher("klink"), "http://a:b@x.example/", SLUG).reason == "credentials"
