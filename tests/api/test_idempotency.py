"""``Idempotency-Key``: a request that is sent twice is done once."""

from __future__ import annotations

import itertools
import queue
import threading
from typing import Any

import pytest
from flask import Blueprint, Flask, Response
from werkzeug.test import TestResponse

from klink.api import make_app
from klink.core import anonymous
from klink.db import connection
from klink.db.connection import database, lock, write
from klink.db.models import Idempotent, Link
from klink.web.body import json_body
from klink.web.idempotency import idempotent
from klink.web.parts import Parts, context
from klink.web.principal import act_for
from tests.api.conftest import MakeKey, Person, Reply, World
from tests.api.problems import assert_problem, rows

BODY = {"url": "https://a.example/", "title": "one"}


def post(person: Person, body: Any = BODY, key: str = "k-1", path: str = "links") -> Reply:
    return person.post(path, body, headers={"Idempotency-Key": key})


def test_the_same_request_is_answered_again_and_done_once(owner: Person) -> None:
    first, second = post(owner), post(owner)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.data == first.data
    assert second.content_type == first.content_type
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert Link.select().count() == 1


def test_white_space_and_the_order_of_members_do_not_matter(owner: Person) -> None:
    first = post(owner)
    text = '{ "title":"one",  "url":"https://a.example/" }'
    second = owner.ask(
        "POST",
        "links",
        data=text,
        content_type="application/json",
        headers={"Idempotency-Key": '"k-1"'},
    )
    assert second.data == first.data


def test_the_same_key_with_another_request_is_refused(owner: Person) -> None:
    post(owner)
    post(owner, [BODY], "k-2", "links/bulk")
    before = rows()
    for reply in (
        post(owner, BODY | {"title": "two"}),
        post(owner, [BODY], "k-2", "links/bulk?atomic=true"),
    ):
        assert_problem(reply, 422, "idempotency_key_reused")
    assert rows() == before


def test_a_key_belongs_to_one_api_key_and_one_path(owner: Person, owner_with: MakeKey) -> None:
    replies = [
        post(owner),
        post(owner_with()),
        post(owner, path="/klink/api/v1/links"),
        post(owner, key="k-2"),
    ]
    assert len({reply.json["id"] for reply in replies}) == 4


def test_after_a_day_the_key_is_free(owner: Person, world: World) -> None:
    first = post(owner)
    world.later(hours=24, seconds=1)
    second = post(owner)
    assert second.json["id"] != first.json["id"]
    assert Idempotent.select().count() == 1


def test_a_bulk_request_is_done_once_too(owner: Person) -> None:
    body = [BODY, {"url": "data:,"}]
    first, second = (post(owner, body, path="links/bulk") for _ in range(2))
    assert (second.status_code, second.data) == (207, first.data)
    assert Link.select().count() == 1


def test_a_refused_request_keeps_nothing_so_that_it_can_be_mended(owner: Person) -> None:
    owner.link(slug="taken")
    before = rows()
    assert_problem(post(owner, BODY | {"slug": "taken"}), 409, "slug_taken")
    assert_problem(post(owner, BODY | {"title": 5}), 422, "validation")
    assert rows() == before
    assert post(owner).status_code == 201


def test_an_answer_that_cannot_be_kept_undoes_what_it_tells_of(owner: Person) -> None:
    before = rows()
    database.execute_sql("ALTER TABLE idempotency RENAME COLUMN body TO kept")
    assert post(owner).status_code >= 500
    database.execute_sql("ALTER TABLE idempotency RENAME COLUMN kept TO body")
    assert rows() == before
    assert post(owner).status_code == 201


def test_a_replay_finds_the_link_even_when_it_is_gone(owner: Person) -> None:
    first = post(owner)
    owner.delete(f"links/{first.json['id']}?purge=true")
    assert post(owner).data == first.data


def test_a_key_that_cannot_be_is_refused(owner: Person) -> None:
    before = rows()
    for key in ("", '""', "a" * 256, "é", "a\tb", " "):
        problem = assert_problem(post(owner, key=key), 422, "validation")
        assert list(problem["errors"]) == ["Idempotency-Key"]
    assert rows() == before


def test_a_replay_uses_up_no_monthly_quota_but_counts_for_the_minute(
    owner_with: MakeKey,
) -> None:
    person = owner_with(plan="monthly")
    replies = [post(person) for _ in range(5)]
    assert [reply.status_code for reply in replies] == [201] * 5
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["2"] * 5


@pytest.mark.every_engine
def test_while_the_first_request_runs_a_second_is_told_so(
    app: Flask, owner: Person, owner_with: MakeKey
) -> None:
    person = owner_with(plan="two-links")
    done: queue.Queue[TestResponse] = queue.Queue()

    def ask() -> None:
        with app.test_client() as client:
            done.put(
                client.post(
                    "/api/v1/links",
                    json=BODY,
                    headers=person.auth | {"Idempotency-Key": "k-1"},
                )
            )
        connection.close_thread()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    with write():
        lock(f"klink:links:{owner.workspace_id}")  # what counting the plan's links waits for
        for thread in threads:
            thread.start()
        assert_problem(done.get(timeout=10), 409, "idempotency_in_progress")
    first = done.get(timeout=10)
    for thread in threads:
        thread.join()
    assert first.status_code == 201
    assert post(person).data == first.data
    assert Link.select().count() == 1


def test_without_an_api_key_a_key_is_the_addresses_own(parts: Parts) -> None:
    blueprint = Blueprint("open", __name__)
    made = itertools.count(1)

    @blueprint.post("/open")
    def create() -> Response:
        act_for(anonymous.principal(context()))
        json_body()
        return once()

    @idempotent
    def once() -> Response:
        return Response(str(next(made)), 201)

    client = make_app(parts, [blueprint]).test_client()
    found = [
        client.post(
            "/open",
            json={},
            headers={"Idempotency-Key": "k-1"},
            environ_base={"REMOTE_ADDR": address},
        ).text
        for address in ("203.0.113.7", "203.0.113.8", "203.0.113.7", "2001:db8::1", "2001:db8::2")
    ]
    assert found == ["1", "2", "1", "3", "3"]  # a /64 of IPv6 is one address
