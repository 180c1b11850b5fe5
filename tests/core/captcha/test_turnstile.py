"""U10, turnstile: Cloudflare says yes or no; anything else is a no."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from klink.core.captcha import Turnstile, Verdict
from klink.db import connection
from klink.db.models import UsedPass
from tests.core.captcha.double import Siteverify, siteverify, wait_until_asked
from tests.core.conftest import NOW
from tests.dialects.house import at_once

SECRET = b"s" * 32
ADDRESS = "203.0.114.7"


@pytest.fixture
def double() -> Iterator[Siteverify]:
    with siteverify() as made:
        yield made


def turnstile(url: str) -> Turnstile:
    return Turnstile(
        SECRET,
        site_key="0x4AAA",
        turnstile_secret="hush",
        verify_url=url,
        serves=lambda host: host in ("go.example.org", "links.example.com"),
    )


@pytest.fixture
def captcha(db: str, double: Siteverify) -> Turnstile:
    return turnstile(double.url)


class Visitor:
    """Somebody with the form before them."""

    def __init__(
        self, captcha: Turnstile, double: Siteverify, purpose: str = "preview", subject: str = "7"
    ) -> None:
        self.captcha, self.double = captcha, double
        self.challenge = captcha.challenge(purpose, subject, NOW)
        self.cdata = self.challenge.details["cdata"]

    def form(self, token: str) -> dict[str, str]:
        return {"cf-turnstile-response": token, **self.challenge.hidden}

    def passes_with(self, **answer: Any) -> Verdict:
        """What becomes of the form when Cloudflare says yes, and this."""
        return self.sends(self.double.knows("token", **answer))

    def sends(self, token: str, after: timedelta = timedelta(), subject: str = "7") -> Verdict:
        return self.captcha.check("preview", subject, self.form(token), NOW + after, ADDRESS)


@pytest.fixture
def visitor(captcha: Turnstile, double: Siteverify) -> Visitor:
    return Visitor(captcha, double)


def test_u10_the_widget_gets_what_it_needs_and_no_secret(visitor: Visitor) -> None:
    said = visitor.challenge.as_json()
    assert (said["provider"], said["site_key"], said["action"]) == (
        "turnstile", "0x4AAA", "preview",
    )  # fmt: skip
    assert said["fields"] == {"captcha_pass": said["cdata"]}
    assert "hush" not in json.dumps(said)


def test_u10_cloudflares_yes_counts_once(visitor: Visitor, double: Siteverify) -> None:
    answer = {"hostname": "go.example.org", "action": "preview", "cdata": visitor.cdata}
    assert visitor.passes_with(**answer) is Verdict.PASSED
    assert double.asked == [{"secret": "hush", "response": "token", "remoteip": ADDRESS}]
    assert visitor.sends("token") is Verdict.USED
    assert len(double.asked) == 1  # the pass says so already


def test_a_yes_counts_once_even_if_cloudflare_says_it_twice(
    visitor: Visitor, double: Siteverify
) -> None:
    double.is_honest = False
    token = double.knows("token")
    found = at_once([lambda: visitor.sends(token)] * 2)
    assert sorted(found, key=str) == [Verdict.PASSED, Verdict.USED]
    again = Visitor(visitor.captcha, double)
    assert again.sends(token) is Verdict.PASSED  # another form, and Cloudflare insists


def test_a_token_that_cloudflare_has_seen_is_used(visitor: Visitor, double: Siteverify) -> None:
    token = double.knows("token")
    assert Visitor(visitor.captcha, double).sends(token) is Verdict.PASSED
    assert visitor.sends(token) is Verdict.USED
    assert UsedPass.select().count() == 1


def test_a_no_is_a_no(visitor: Visitor) -> None:
    assert visitor.sends("unknown") is Verdict.WRONG


@pytest.mark.parametrize(
    "answer",
    [
        {"hostname": "evil.example"},
        {"hostname": "go.example.org.evil.example"},
        {"hostname": ["go.example.org"]},
        {"action": "report"},
        {"cdata": "A" * 67},
        {"cdata": 7},
        {"success": "true"},
        {"success": 1},
        {"success": None},
    ],
)
def test_a_yes_for_something_else_is_a_no(visitor: Visitor, answer: dict[str, object]) -> None:
    assert visitor.passes_with(**answer) is Verdict.WRONG
    assert UsedPass.select().count() == 0


@pytest.mark.parametrize("answer", [{}, {"action": "", "cdata": ""}, {"hostname": ""}])
def test_what_cloudflare_does_not_say_the_pass_in_the_form_does(
    visitor: Visitor, answer: dict[str, object]
) -> None:
    assert visitor.passes_with(**answer) is Verdict.PASSED


def test_a_form_for_another_link_or_too_late_asks_nobody(
    visitor: Visitor, double: Siteverify
) -> None:
    token = double.knows("token")
    assert visitor.sends(token, subject="8") is Verdict.WRONG
    assert visitor.sends(token, timedelta(minutes=5)) is Verdict.EXPIRED
    other = Visitor(visitor.captcha, double, purpose="report")
    assert other.sends(token) is Verdict.WRONG
    bare = visitor.captcha.check("preview", "7", {"cf-turnstile-response": token}, NOW, ADDRESS)
    assert bare is Verdict.WRONG
    assert visitor.sends("") is Verdict.MISSING
    assert visitor.sends("A" * 2049) is Verdict.WRONG
    assert double.asked == []


@pytest.mark.parametrize("address", ["", "127.0.0.1", "10.1.2.3", "fe80::1", "nonsense"])
def test_an_address_that_is_not_the_visitors_is_not_sent(
    visitor: Visitor, double: Siteverify, address: str
) -> None:
    form = visitor.form(double.knows("token"))
    assert visitor.captcha.check("preview", "7", form, NOW, address) is Verdict.PASSED
    assert double.asked[0].keys() == {"secret", "response"}


@pytest.mark.parametrize(
    "raw",
    [
        (500, b'{"success": true}'),
        (503, b""),
        (200, b""),
        (200, b"<html>success</html>"),
        (200, b'{"success": true'),
        (200, b"[true]"),
        (200, b'"success"'),
        (200, b"{}"),
        (200, b"\xff\xfe"),
        (200, b"[" * 10_000),
        (200, b'{"success": true, "x": "' + b"x" * 100_000 + b'"}'),
        (302, b""),
    ],
)
def test_an_answer_that_says_nothing_is_no_yes(
    visitor: Visitor, double: Siteverify, raw: tuple[int, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    double.raw = raw
    assert visitor.sends("token") is Verdict.UNREACHABLE
    assert "could not be asked" in caplog.text
    assert "hush" not in caplog.text
    double.raw = None
    assert visitor.passes_with() is Verdict.PASSED  # nothing was used up


@pytest.mark.parametrize("code", ["invalid-input-secret", "missing-input-secret", "internal-error"])
def test_a_wrong_secret_is_not_the_visitors_fault(
    visitor: Visitor, double: Siteverify, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    double.raw = (200, json.dumps({"success": False, "error-codes": [code]}).encode())
    assert visitor.sends("token") is Verdict.UNREACHABLE
    assert code in caplog.text


def test_nobody_there_is_no_yes(db: str, double: Siteverify) -> None:
    # A port that somebody holds, and nobody listens on.
    captcha = turnstile("http://127.0.0.1:1/siteverify")
    assert Visitor(captcha, double).sends("token") is Verdict.UNREACHABLE


def test_a_slow_answer_is_no_yes(
    visitor: Visitor, double: Siteverify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("klink.core.captcha.turnstile.TIMEOUT_S", 0.1)
    double.held.clear()
    assert visitor.passes_with() is Verdict.UNREACHABLE


def test_a_slow_cloudflare_holds_no_more_than_two_workers(
    captcha: Turnstile, double: Siteverify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("klink.core.captcha.turnstile._PLACE_WAIT_S", 0.0)
    double.held.clear()
    visitors = [Visitor(captcha, double) for _ in range(3)]
    tokens = [double.knows(f"token {number}") for number in range(3)]
    found: list[Verdict] = []

    def send(number: int) -> None:
        try:
            found.append(visitors[number].sends(tokens[number]))
        finally:
            connection.close_thread()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    wait_until_asked(double, 2)
    assert visitors[2].sends(tokens[2]) is Verdict.UNREACHABLE
    assert len(double.asked) == 2
    double.held.set()
    for thread in threads:
        thread.join()
    assert found == [Verdict.PASSED] * 2
