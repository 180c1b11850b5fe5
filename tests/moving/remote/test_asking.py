"""Asking an API: what it says, how it makes one wait, and how it ends."""

from __future__ import annotations

import time

import pytest

from klink.moving.rows import WrongSource
from tests.fetching.sites import Visit, page, redirect
from tests.moving.remote.conftest import Answers, json_page

GOOD = json_page({"data": []})
LIMITED = "429 Too Many Requests"


def refusal(answers: Answers, base: str = "http://site.example", **more: object) -> str:
    with pytest.raises(WrongSource) as refused:
        answers.api(base, **more).get("/links")
    text = str(refused.value)
    assert "secret-key" not in text
    assert "\n" not in text
    return text


def test_the_key_goes_into_its_header_and_the_page_into_the_query(answers: Answers) -> None:
    answers.give([GOOD])
    assert answers.api("http://site.example/api/v1/").get("/links", page=2) == {"data": []}
    assert answers.asked == [("/api/v1/links", {"page": "2"})]
    assert "Authorization: Bearer secret-key\r\n" in answers.requests[0]
    assert "Accept: application/json\r\n" in answers.requests[0]


def test_an_address_without_a_path_is_that_of_version_one(answers: Answers) -> None:
    answers.give([GOOD])
    answers.api("http://site.example").get("/links")
    assert answers.asked[0][0] == "/api/v1/links"


def test_it_waits_as_long_as_it_is_asked_to(answers: Answers) -> None:
    answers.give([json_page({}, "Retry-After: 17", status=LIMITED), GOOD])
    assert answers.api().get("/links") == {"data": []}
    assert answers.waits == [17]
    assert "no more requests" in answers.said[0]


def test_a_refusal_that_says_nothing_is_waited_out_for_a_minute(answers: Answers) -> None:
    answers.give([json_page({}, status=LIMITED), GOOD])
    answers.api().get("/links")
    assert answers.waits == [60]


def test_it_waits_for_the_window_when_the_last_request_is_used(answers: Answers) -> None:
    reset = int(time.time()) + 120
    used = ("X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {reset}")
    answers.give([json_page({}, *used), json_page({}, "X-RateLimit-Remaining: 59")])
    api = answers.api()
    for _ in range(3):
        api.get("/links")
    (waited,) = answers.waits
    assert 100 < waited <= 121


def test_refusals_for_ever_have_an_end(answers: Answers) -> None:
    answers.give([json_page({}, "Retry-After: 1", status=LIMITED)])
    assert "run the same again later" in refusal(answers)
    assert answers.waits == [1, 1, 1]


def test_nobody_waits_for_a_day(answers: Answers) -> None:
    answers.give([json_page({}, "Retry-After: 86400", status=LIMITED)])
    assert "asks to wait 1440 min more (429)" in refusal(answers)
    assert answers.waits == []


@pytest.mark.parametrize(
    "trouble, told",
    [
        (json_page('{"data": [{"id'), "broken JSON"),
        (json_page("[" * 100_000), "broken JSON"),
        (json_page([1]), "another shape"),
        (page(b"<h1>hello</h1>"), "something else than JSON"),
        (json_page({}, status="502 Bad Gateway"), "error of its own (502)"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", "broken JSON"),
        (b"nonsense", "no answer that can be read"),
    ],
)
def test_trouble_is_tried_again_and_then_told(answers: Answers, trouble: bytes, told: str) -> None:
    answers.give([trouble, trouble, GOOD])
    assert answers.api().get("/links") == {"data": []}
    assert answers.waits == [4, 8]
    answers.give([trouble])
    assert told in refusal(answers)
    assert len(answers.asked) == 3 + 4


def test_a_server_that_says_nothing_is_left(answers: Answers) -> None:
    answers.world.site(Visit.say_nothing)
    assert "does not answer in time" in refusal(answers, timeout_s=0.1)


@pytest.mark.parametrize(
    "status, told",
    [
        ("401 Unauthorized", "does not know this key"),
        ("403 Forbidden", "does not let this key read"),
        ("404 Not Found", "has no API of qklnk at http://site.example/api/v1"),
        ("418 I'm a teapot", "answers 418"),
    ],
)
def test_a_no_is_told_at_once(answers: Answers, status: str, told: str) -> None:
    answers.give([json_page({}, status=status)])
    assert told in refusal(answers)
    assert answers.waits == []


def test_a_key_follows_no_redirect(answers: Answers) -> None:
    answers.give([redirect(b"http://other.example/")])
    assert "redirects to another address" in refusal(answers)
    assert len(answers.asked) == 1


@pytest.mark.parametrize(
    "base, told",
    [
        ("https://127.0.0.1/", "give --allow-private"),
        ("https://localhost/", "give --allow-private"),
        ("https://site.example:22/", "port"),
        ("https://me:word@site.example/", "scheme, host and path alone"),
        ("https://site.example/?key=1", "scheme, host and path alone"),
        ("https://site.example:x/", "is no URL"),
        ("ftp://site.example/", "must begin with https://"),
        ("https:///path", "must begin with https://"),
    ],
)
def test_an_address_that_cannot_be_is_refused(answers: Answers, base: str, told: str) -> None:
    assert told in refusal(answers, base)


def test_a_key_is_not_sent_in_the_clear(answers: Answers) -> None:
    answers.give([GOOD])
    assert "unencrypted" in refusal(answers, is_private=False)
    assert answers.asked == []
