"""Many links in one request: one answer for each, or all or nothing."""

from __future__ import annotations

import json
from typing import Any

from klink.api.answers import BulkItem
from klink.db.models import Link
from tests.api.conftest import MakeKey, Person
from tests.api.problems import assert_problem, rows

GOOD = {"url": "https://a.example/"}
BAD = {"url": "javascript:alert(1)"}


def statuses(items: list[dict[str, Any]]) -> list[int]:
    for item in items:
        assert ("link" in item) == (item["status"] < 300)
        assert ("problem" in item) == (item["status"] >= 400)
        if "problem" in item:
            assert item["problem"]["status"] == item["status"]
    return [item["status"] for item in items]


def test_each_item_has_an_answer_of_its_own_in_order(owner: Person) -> None:
    items = [GOOD | {"slug": "one"}, BAD, GOOD | {"slug": "one"}, {"x": 1}, 5, GOOD]
    reply = owner.post("links/bulk", items)
    assert reply.status_code == 207
    assert statuses(reply.json) == [201, 422, 409, 422, 422, 201]
    assert BulkItem(many=True).validate(reply.json) == {}
    assert reply.json[0]["link"] == owner.get(f"links/{reply.json[0]['link']['id']}").json
    assert reply.json[1]["problem"]["errors"].keys() == {"url"}
    assert reply.json[2]["problem"]["code"] == "slug_taken"
    assert reply.json[4]["problem"]["errors"] == {"body": ["must be an object"]}
    assert Link.select().count() == 2


def test_with_atomic_one_bad_item_means_that_nothing_is_made(owner: Person) -> None:
    before = rows()
    reply = owner.post("links/bulk?atomic=true", [GOOD, BAD, GOOD])
    assert reply.status_code == 207
    assert statuses(reply.json) == [424, 422, 424]
    assert reply.json[0]["problem"]["code"] == "not_created"
    assert rows() == before


def test_with_atomic_and_all_good_all_are_made(owner: Person) -> None:
    assert statuses(owner.post("links/bulk?atomic=true", [GOOD, GOOD]).json) == [201, 201]


def test_an_item_may_find_a_link_that_is_there(owner: Person) -> None:
    post = GOOD | {"type": "inpage", "post_id": "1"}
    items = owner.post("links/bulk", [post, post]).json
    assert statuses(items) == [201, 200]
    assert items[1]["link"] == items[0]["link"] | {"existing": True}


def test_the_plans_limit_stops_in_the_middle(owner_with: MakeKey) -> None:
    person = owner_with(plan="two-links")
    assert statuses(person.post("links/bulk", [GOOD] * 3).json) == [201, 201, 403]


def test_no_items_are_fine(owner: Person) -> None:
    reply = owner.post("links/bulk", [])
    assert (reply.status_code, reply.json) == (207, [])


def test_what_is_no_list_of_a_thousand_at_most_is_refused(owner: Person) -> None:
    before = rows()
    bodies: list[object] = [{}, {"links": []}, None, "x", [GOOD] * 1001]
    for body in bodies:
        reply = owner.ask(
            "POST", "links/bulk", data=json.dumps(body), content_type="application/json"
        )
        assert list(assert_problem(reply, 422, "validation")["errors"]) == ["body"]
    assert rows() == before


def test_a_word_for_atomic_that_is_no_boolean_makes_nothing(owner: Person) -> None:
    before = rows()
    assert_problem(owner.post("links/bulk?atomic=1", [GOOD]), 422, "validation")
    assert rows() == before


def test_a_bulk_body_may_have_4_mib_and_no_more(owner: Person) -> None:
    def sized(mib: float) -> bytes:
        data = json.dumps([GOOD]).encode()
        return data + b" " * (int(mib * 1024 * 1024) - len(data))

    kind = "application/json"
    assert owner.ask("POST", "links/bulk", data=sized(4), content_type=kind).status_code == 207
    reply = owner.ask("POST", "links/bulk", data=sized(4.001), content_type=kind)
    assert_problem(reply, 413, "body_too_large")


def test_hundreds_of_links_are_made_at_once(owner: Person) -> None:
    items = owner.post("links/bulk", [GOOD | {"title": str(i)} for i in range(300)]).json
    assert set(statuses(items)) == {201}
    assert [item["link"]["title"] for item in items] == [str(i) for i in range(300)]
    assert Link.select().count() == 300
