"""Events through the native API: recorded once, attributed, and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from klink.api.answers import Event, EventList, Me
from klink.api.stats_answers import Analytics, Stats
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.record import ClickRecord, Flag, encode
from klink.core import workspaces
from klink.core.context import Context
from klink.core.times import to_ms
from klink.db.models import Event as Row
from tests.api.conftest import NOW, MakeKey, Person
from tests.api.problems import assert_problem
from tests.api.test_ledger_waits import BROWSER

VISITOR = "v_0123456789abcdef"
WHOLE = {
    "visitor_id": VISITOR,
    "event_name": "purchase",
    "revenue": "99.9",
    "currency": "EUR",
    "name": "Größe L",
    "metadata": {"order": ["A-1", None, 1.5]},
    "event_id": "order 17",
    "occurred_at": "2026-03-14T16:00:00+01:00",
}


@pytest.fixture
def running(ledger: Ledger, ctx: Context, owner: Person) -> Iterator[Ledger]:
    workspaces.set_conversion_names(ctx, owner.workspace_id, ["purchase"])
    ledger.start()
    yield ledger
    ledger.stop()


def click(journal: Journal, link: dict[str, Any], variant_id: int = 0) -> None:
    flags = int(Flag.VIEW | Flag.CLICK | Flag.COOKIE)
    at = to_ms(NOW) - 60_000
    journal.append(
        [
            encode(
                ClickRecord(
                    at, link["number"], variant_id, 1, flags, VISITOR, "", "", BROWSER, "", "en",
                    None,
                )
            )
        ]
    )  # fmt: skip


def test_an_event_is_recorded_with_all_it_says(owner: Person) -> None:
    reply = owner.post("events", WHOLE)
    assert reply.status_code == 201
    assert Event().validate(reply.json) == {}
    assert reply.json == WHOLE | {
        "id": reply.json["id"],
        "revenue": "99.90",
        "occurred_at": "2026-03-14T15:00:00Z",
        "created_at": "2026-03-14T15:09:26Z",
        "is_conversion": False,
        "attribution": None,
    }
    assert owner.get("events").json == {"items": [reply.json], "next_cursor": None}


def test_a_click_that_was_just_answered_gets_the_event(
    running: Ledger, journal: Journal, owner: Person
) -> None:
    link = owner.link(conversion_tracking=True)
    click(journal, link)
    event = owner.post("events", {"visitor_id": VISITOR, "event_name": "purchase", "revenue": 2})
    assert event.json["attribution"] == {
        "link": link["id"],
        "slug": link["slug"],
        "variant": None,
        "run": 1,
        "click_at": "2026-03-14T15:08:26Z",
    }
    assert event.json["is_conversion"] is True
    shown = owner.get(f"links/{link['id']}").json
    assert (shown["conversions"], shown["revenue"]) == (1, "2.00")
    stats = owner.get(f"links/{link['id']}/stats").json
    assert Stats().validate(stats) == {}
    assert (stats["totals"]["conversions"], stats["totals"]["revenue"]) == (1, "2.00")
    analytics = owner.get("analytics").json
    assert Analytics().validate(analytics) == {}
    assert (analytics["conversions"], analytics["revenue"]) == (1, "2.00")
    assert analytics["revenue_by_currency"] == {"USD": "2.00"}
    found = owner.get("events", query_string={"link": link["id"], "visitor_id": VISITOR}).json
    assert EventList().validate(found) == {}
    assert found["items"] == [event.json]


@pytest.mark.parametrize(
    "sent,shown",
    [
        (None, None), (0, "0.00"), ("0", "0.00"), (12, "12.00"), (12.5, "12.50"),
        (0.1 + 0.2, "0.30"), ("0.3000", "0.30"), ("1.2345", "1.2345"), (1.234, "1.234"),
        ("1000000000000", "1000000000000.00"),
    ],
)  # fmt: skip
def test_revenue_comes_as_a_number_or_a_string(owner: Person, sent: object, shown: object) -> None:
    reply = owner.post("events", {"visitor_id": "v", "event_name": "e", "revenue": sent})
    assert (reply.status_code, reply.json["revenue"]) == (201, shown)


def test_a_repeat_of_an_event_id_answers_200_with_the_first(owner: Person) -> None:
    first = owner.post("events", WHOLE)
    again = owner.post("events", WHOLE | {"revenue": 5, "event_name": "other"})
    assert (again.status_code, again.json) == (200, first.json)
    assert Row.select().count() == 1


def test_an_idempotency_key_records_once(owner: Person) -> None:
    body = {"visitor_id": "v", "event_name": "e"}
    first, again = (owner.post("events", body, headers={"Idempotency-Key": "k"}) for _ in "ab")
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Row.select().count() == 1


WRONG: dict[str, list[Any]] = {
    "revenue": [
        "NaN", "Infinity", "-1", -1, "1e3", "1,5", "", " 1", "0.00001", True, [], 10**13, 1e300,
        "9" * 31, "1" + "0" * 29, "٣",
    ],
    "visitor_id": ["", "v" * 256, "\0", "\ud800", 5, None],
    "event_name": ["", "e" * 256, "a\nb", 5, None],
    "currency": ["", "usd", "EURO", 5],
    "event_id": ["", "x" * 256, "\0", 5],
    "metadata": ["x", [], 5, {"a": "x" * 16_400}],
    "name": ["x" * 256, "\0", 5],
    "occurred_at": ["1969-12-31T23:59:59Z", "2026-03-14T15:10:27Z", "2026-03-14", "now", 5],
    **{name: [None] for name in ("id", "is_conversion", "attribution", "created_at", "x")},
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong,value", [(name, value) for name, values in WRONG.items() for value in values]
)
def test_what_cannot_be_is_refused_and_nothing_written(
    owner: Person, wrong: str, value: Any
) -> None:
    body = json.dumps({"visitor_id": "v", "event_name": "e"} | {wrong: value})
    reply = owner.ask("POST", "events", data=body, content_type="application/json")
    assert_problem(reply, 422, "validation")
    assert list(reply.json["errors"]) == [wrong]
    assert Row.select().count() == 0


@pytest.mark.parametrize(
    "data,status,code",
    [
        (b"", 400, "invalid_json"),
        (b'{"visitor_id": "v", "event_name": "e", "revenue": NaN}', 400, "invalid_json"),
        (b"[]", 422, "validation"),
        (b"{}", 422, "validation"),
        (b'{"metadata": "' + b"x" * (1 << 20) + b'"}', 413, "body_too_large"),
    ],
)
def test_a_body_that_is_none_is_refused(owner: Person, data: bytes, status: int, code: str) -> None:
    reply = owner.ask("POST", "events", data=data, content_type="application/json")
    assert_problem(reply, status, code)
    assert Row.select().count() == 0


@pytest.mark.parametrize(
    "query,status",
    [
        ("limit=0", 422), ("limit=201", 422), ("limit=x", 422), ("cursor=x", 422), ("x=1", 422),
        ("since=yesterday", 422), ("visitor_id=", 422), ("link=x", 404), ("link=%00", 422),
        ("since=2026-03-14T00:00:00Z&until=2026-03-14T00:00:00Z", 422),
    ],
)  # fmt: skip
def test_a_list_that_makes_no_sense_is_refused(owner: Person, query: str, status: int) -> None:
    assert owner.get(f"events?{query}").status_code == status


def test_a_list_goes_by_pages(owner: Person) -> None:
    for n in range(5):
        owner.post("events", {"visitor_id": "v", "event_name": str(n)})
    names: list[str] = []
    path: str | None = "events?limit=2"
    while path:
        page = owner.get(path).json
        names += [item["event_name"] for item in page["items"]]
        cursor = page["next_cursor"]
        path = cursor and f"events?limit=2&cursor={cursor}"
    assert names == ["4", "3", "2", "1", "0"]


def test_strangers_and_narrow_keys_see_and_send_nothing(
    owner: Person, stranger: Person, owner_with: MakeKey
) -> None:
    owner.post("events", WHOLE)
    assert stranger.get("events").json["items"] == []
    assert stranger.post("events", WHOLE).status_code == 201
    link = owner.link()
    assert stranger.get(f"events?link={link['id']}").status_code == 404
    assert owner_with(scopes=["read"]).post("events", WHOLE).status_code == 403
    assert owner_with(scopes=["create"]).get("events").status_code == 403
    assert replace(owner, key="").get("events").status_code == 401


def test_who_asks_hears_what_counts_and_the_public_id(ctx: Context, owner: Person) -> None:
    workspaces.set_conversion_names(ctx, owner.workspace_id, ["b", "a"])
    me = owner.get("me").json
    assert Me().validate(me) == {}
    home = workspaces.get(owner.workspace_id)
    assert me["workspace"]["conversion_names"] == ["b", "a"]
    assert me["workspace"]["public_id"] == home.public_id
    workspaces.set_conversion_names(ctx, owner.workspace_id, None)
    assert owner.get("me").json["workspace"]["conversion_names"] == []
