"""Klinky's limits and plans, and its Idempotency-Key: K10, K11, K13."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.house import House, Person, at_once
from tests.dialects.klinky import (
    AB,
    LINKS,
    TEST,
)


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klinky")


# K10


def _rate(reply: Any) -> tuple[int, int, int]:
    names = ("Limit", "Remaining", "Reset")
    limit, left, reset = (int(reply.headers[f"X-RateLimit-{name}"]) for name in names)
    return limit, left, reset


RESET = 1773504000  # 2026-03-14T16:00:00Z


def test_k10_every_answer_says_how_the_hour_stands(house: House, owner: Person) -> None:
    asked = [
        owner.get(LINKS),
        owner.post(LINKS, TEST),
        owner.post(LINKS, {}),
        owner.get(f"{LINKS}/unknown"),
        owner.get("/api/v1/public/nowhere"),
        owner.ask("PATCH", LINKS),
        owner.post(LINKS, data="{...}", headers={"Content-Type": "application/json"}),
    ]
    assert [reply.status_code for reply in asked] == [200, 201, 422, 404, 404, 405, 422]
    assert [_rate(reply) for reply in asked] == [(1000, 999 - n, RESET) for n in range(7)]
    house.later(hours=1)
    assert _rate(owner.get(LINKS)) == (1000, 999, RESET + 3600)


def test_k10_over_the_limit_it_is_429_with_retry_after(house: House) -> None:
    owner = house.person("klinky", plan="hour")
    assert [_rate(owner.get(LINKS))[1] for _ in range(2)] == [1, 0]
    reply = owner.get(LINKS)
    assert reply.status_code == 429
    assert reply.json == {"detail": "Rate limit exceeded. Please try again later."}
    assert int(reply.headers["Retry-After"]) == 50 * 60 + 34
    assert _rate(reply) == (2, 0, RESET)
    house.later(hours=1)
    assert owner.get(LINKS).status_code == 200


def test_k10_an_unlimited_key_is_shown_a_large_limit(house: House) -> None:
    owner = house.person("klinky", plan="unlimited")
    assert _rate(owner.get(LINKS)) == (1_000_000, 999_999, RESET)
    house.configure(shown_limit=500)
    assert _rate(owner.get(LINKS)) == (500, 498, RESET)


def test_k10_without_a_valid_key_the_address_is_counted(house: House) -> None:
    house.configure(keyless_per_hour=3)
    wrong = {"X-API-Key": "klinky_live_" + "x" * 32}
    asked = [
        house.ask("GET", LINKS),
        house.ask("GET", LINKS, headers=wrong),
        house.ask("GET", "/api/v1/public/nowhere"),
        house.ask("GET", LINKS),
    ]
    assert [reply.status_code for reply in asked] == [401, 401, 404, 429]
    assert [_rate(reply) for reply in asked] == [(3, n, RESET) for n in (2, 1, 0, 0)]
    assert asked[3].json == {"detail": "Rate limit exceeded. Please try again later."}
    assert asked[3].headers["Retry-After"]
    assert house.ask("GET", LINKS, peer="203.0.114.7").status_code == 401
    assert house.person("klinky").get(LINKS).status_code == 200


# K11


def test_k11_a_plan_without_api_access_is_403(house: House) -> None:
    owner = house.person("klinky", plan="klinky-free")
    for reply in (owner.get(LINKS), owner.post(LINKS, TEST)):
        assert reply.status_code == 403
        assert reply.json == {
            "detail": "Your plan (free) does not include API access. Upgrade to Growth or Scale."
        }
        assert _rate(reply)


# K13


def test_k13_the_same_key_makes_one_link(house: House, owner: Person) -> None:
    key = {"Idempotency-Key": "unique-key-1773500966"}
    first = owner.post(LINKS, TEST, headers=key)
    again = owner.post(LINKS, TEST, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (_rate(first)[1], _rate(again)[1]) == (999, 998)
    other = owner.post(LINKS, TEST | {"name": "Other"}, headers=key)
    assert (other.status_code, list(other.json)) == (422, ["detail"])
    assert owner.get(LINKS).json["total"] == 1


@pytest.mark.every_engine
def test_k13_many_at_once_with_one_key_make_one_link(house: House, owner: Person) -> None:
    key = {"Idempotency-Key": '"one"'}
    body = {"name": "x", "variants": AB}
    replies = at_once([lambda: owner.post(LINKS, body, headers=key)] * 6)
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({reply.json["id"] for reply in replies if reply.status_code == 201}) == 1
    assert owner.get(LINKS).json["total"] == 1


def test_k13_what_was_refused_may_be_sent_again(owner: Person) -> None:
    key = {"Idempotency-Key": "k"}
    assert owner.post(LINKS, TEST | {"slug": "ab"}, headers=key).status_code == 422
    assert owner.post(LINKS, TEST, headers=key).status_code == 201
