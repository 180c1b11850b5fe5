"""Plans at the door: what is counted, what is refused, what the headers say."""

from __future__ import annotations

import pytest

from klink.web.limits import retry_after_s
from tests.api.conftest import MakeKey, Person, World
from tests.api.problems import assert_problem


def test_without_limits_there_are_no_headers_of_limits(owner: Person) -> None:
    reply = owner.get("me")
    assert not [name for name, _ in reply.headers if "ratelimit" in name.lower()]


def test_the_headers_say_how_every_window_stands(owner_with: MakeKey) -> None:
    reply = owner_with(plan="small").get("me")  # at 15:09:26 on 14 March
    assert reply.headers["RateLimit-Policy"] == (
        '"minute";q=3;w=60, "hour";q=5;w=3600, "month";q=6;w=2678400'
    )
    assert reply.headers["RateLimit"] == (
        '"minute";r=2;t=34, "hour";r=4;t=3034, "month";r=5;t=1500634'
    )
    assert reply.headers["X-RateLimit-Limit"] == "3"
    assert reply.headers["X-RateLimit-Remaining"] == "2"
    assert reply.headers["X-RateLimit-Reset"] == "1773501000"  # 15:10:00


def test_a_window_that_is_used_up_refuses_until_it_turns(owner_with: MakeKey, world: World) -> None:
    person = owner_with(plan="small")
    for _ in range(3):
        assert person.get("me").status_code == 200
    refused = person.get("me")
    assert "3 requests a minute" in assert_problem(refused, 429, "rate_limited")["detail"]
    assert refused.headers["Retry-After"] == "34"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert '"minute";r=0;t=34' in refused.headers["RateLimit"]
    world.later(seconds=34)
    assert person.get("me").status_code == 200
    assert person.get("me").status_code == 200
    assert person.get("me").headers["Retry-After"] == "3000"  # the hour's five


def test_minutes_are_counted_by_key_and_months_by_workspace(
    owner_with: MakeKey, world: World
) -> None:
    one, other = owner_with(plan="small"), owner_with(plan="small")
    for _ in range(3):
        one.get("me")
    assert one.get("me").status_code == 429
    assert [other.get("me").status_code for _ in range(3)] == [200] * 3
    world.later(hours=1)
    assert "6 requests a month" in assert_problem(one.get("me"), 429, "rate_limited")["detail"]


def test_what_fails_uses_up_no_month(owner_with: MakeKey) -> None:
    person = owner_with(plan="monthly")
    for _ in range(5):
        reply = person.get("links/nonsense")
        assert reply.status_code == 404
        assert reply.headers["X-RateLimit-Remaining"] == "3"
    assert person.get("links").headers["X-RateLimit-Remaining"] == "2"


def test_a_refused_request_changes_nothing(owner_with: MakeKey) -> None:
    person = owner_with(plan="small")
    for _ in range(3):
        person.get("me")
    before = person.post("links", {"url": "https://a.example/"})
    assert before.status_code == 429
    assert owner_with().get("links").json["items"] == []


def test_a_plan_without_the_api_is_told_so(owner_with: MakeKey) -> None:
    assert_problem(owner_with(plan="closed").get("me"), 403, "plan_forbids_api")


def test_without_a_key_nobodys_windows_are_told(owner_with: MakeKey) -> None:
    person = owner_with(plan="small")
    reply = person.client.get("/api/v1/me")
    assert "RateLimit" not in reply.headers


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x")])
def test_what_cannot_be_mended_by_waiting_names_no_time(error: Exception) -> None:
    assert retry_after_s(error) is None
