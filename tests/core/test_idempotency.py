"""Idempotency-Key: stored answers, and what tells requests apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from klink.core import errors, idempotency
from klink.core.idempotency import Answer
from klink.db import connection
from tests.core.conftest import World

KEY = idempotency.scope("key:1", "POST", "/api/v1/links", "abc")
BODY = idempotency.request_hash("", {"url": "x"})


def remember(world: World) -> None:
    with connection.write():
        assert idempotency.begin(world.ctx, KEY, BODY) is None
        idempotency.store(world.ctx, KEY, BODY, Answer(201, '{"id": 1}'))


def test_the_same_request_gets_the_stored_answer(world: World) -> None:
    remember(world)
    with connection.write():
        assert idempotency.begin(world.ctx, KEY, BODY) == Answer(201, '{"id": 1}')


def test_another_request_with_the_key_is_refused(world: World) -> None:
    remember(world)
    with connection.write(), pytest.raises(errors.IdempotencyKeyReused):
        idempotency.begin(world.ctx, KEY, idempotency.request_hash("", {"url": "y"}))


def test_an_answer_is_kept_for_a_day(world: World) -> None:
    remember(world)
    later = world.later(timedelta(hours=24, seconds=1))
    with connection.write():
        assert idempotency.begin(later, KEY, BODY) is None
        idempotency.store(later, KEY, BODY, Answer(201, "{}"))
    assert idempotency.prune(later.now) == 0
    assert idempotency.prune(later.now + timedelta(days=2)) == 1


def test_white_space_and_order_do_not_make_another_request() -> None:
    assert idempotency.request_hash("", {"a": 1, "b": [2]}) == idempotency.request_hash(
        "", {"b": [2], "a": 1}
    )
    assert idempotency.request_hash("a=1", {}) != idempotency.request_hash("", {})


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
