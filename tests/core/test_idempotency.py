"""Idempotency-Key: stored answers, and what tells requests apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import errors, idempotency
from klink.core.idempotency import Answer
from klink.db import connection
from tests.core.conftest import World

KEY = idempotency.scope("key:1", "POST", "/api/v1/links", "abc")


def hashed(world: World, body: object, query: str = "") -> str:
    return idempotency.request_hash(world.ctx, query, body)


@pytest.fixture
def body(world: World) -> str:
    return hashed(world, {"url": "x"})


def remember(world: World, body: str) -> None:
    with connection.write():
        assert idempotency.begin(world.ctx, KEY, body) is None
        idempotency.store(world.ctx, KEY, body, Answer(201, '{"id": 1}'))


def test_the_same_request_gets_the_stored_answer(world: World, body: str) -> None:
    remember(world, body)
    with connection.write():
        assert idempotency.begin(world.ctx, KEY, body) == Answer(201, '{"id": 1}')


def test_another_request_with_the_key_is_refused(world: World, body: str) -> None:
    remember(world, body)
    with connection.write(), pytest.raises(errors.IdempotencyKeyReused):
        idempotency.begin(world.ctx, KEY, hashed(world, {"url": "y"}))


def test_an_answer_is_kept_for_a_day(world: World, body: str) -> None:
    remember(world, body)
    later = world.later(timedelta(hours=24, seconds=1))
    with connection.write():
        assert idempotency.begin(later, KEY, body) is None
        idempotency.store(later, KEY, body, Answer(201, "{}"))
    assert idempotency.prune(later.now) == 0
    assert idempotency.prune(later.now + timedelta(days=2)) == 1


def test_order_does_not_make_another_request_and_the_query_does(world: World) -> None:
    assert hashed(world, {"a": 1, "b": [2]}) == hashed(world, {"b": [2], "a": 1})
    assert hashed(world, {}, "a=1") != hashed(world, {})


def test_who_reads_the_database_cannot_try_passwords_without_the_secret(world: World) -> None:
    settings = replace(world.ctx.settings, secret=b"t" * 32)
    elsewhere = World(replace(world.ctx, settings=settings), [])
    body = {"password": "1234"}
    assert hashed(world, body) == hashed(world, body)
    assert hashed(world, body) != hashed(elsewhere, body)


@pytest.mark.parametrize(
    "header, key",
    [("abc", "abc"), ('"abc"', "abc"), (" abc ", "abc"), ("a" * 255, "a" * 255), ('"', '"')],
)
def test_keys_come_quoted_or_bare(header: str, key: str) -> None:
    assert idempotency.parse_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "a" * 256, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(errors.ValidationFailed):
        idempotency.parse_key(header)
