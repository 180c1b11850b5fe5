"""Analytics and events through qklnk's API (Q9 to Q11)."""

from __future__ import annotations

from typing import Any

import pytest

from klink.dialects.qklnk import schemas
from tests.dialects.house import House, Person
from tests.dialects.qklnk import fits, make, record


@pytest.fixture
def ann(house: House) -> Person:
    return house.person("qklnk")


# --- Q9: analytics


def test_q9_an_empty_team_has_zeros(ann: Person) -> None:
    assert fits(ann.get("/api/v1/analytics"), schemas.AnalyticsAnswer) == {
        "total_clicks": 0,
        "unique_visitors": 0,
        "conversions": 0,
        "revenue": 0,
        "top_links": [],
    }


def test_q9_analytics_are_of_whole_utc_days_up_to_now(house: House, ann: Person) -> None:
    link = make(ann)
    record(ann, event_name="purchase", revenue=1.5)
    house.visit(link["short_url"])
    house.later(days=6, hours=8)  # 2026-03-20T23:09:26Z, the seventh day
    house.visit(link["short_url"])
    record(ann, event_name="purchase", revenue=2)
    found = {
        days: fits(ann.get(f"/api/v1/analytics{days}"), schemas.AnalyticsAnswer)
        for days in ("", "?days=7", "?days=6", "?days=1", "?days=365")
    }
    assert {days: each["total_clicks"] for days, each in found.items()} == {
        "": 2,
        "?days=7": 2,
        "?days=6": 1,
        "?days=1": 1,
        "?days=365": 2,
    }
    assert found["?days=7"] == found[""]
    assert (found["?days=6"]["conversions"], found["?days=6"]["revenue"]) == (1, 2.0)
    assert (found[""]["conversions"], found[""]["revenue"]) == (2, 3.5)
    assert found[""]["unique_visitors"] == 2


@pytest.mark.parametrize("days", ["0", "366", "-1", "1.5", "x", "", "9" * 30])
def test_q9_days_are_1_to_365(ann: Person, days: str) -> None:
    reply = ann.get(f"/api/v1/analytics?days={days}")
    assert reply.status_code == 422
    assert list(reply.json["errors"]) == ["days"]


def test_q9_the_ten_most_clicked_links_are_named(house: House, ann: Person) -> None:
    made = [make(ann, f"https://example.com/{i}") for i in range(12)]
    for i, link in enumerate(made):
        for _ in range(i):
            house.visit(link["short_url"])
    top = ann.get("/api/v1/analytics").json["data"]["top_links"]
    assert top == [
        {
            "id": made[i]["id"],
            "slug": made[i]["slug"],
            "destination": f"https://example.com/{i}",
            "clicks": i,
        }
        for i in range(11, 1, -1)
    ]


def test_q9_the_totals_have_events_that_no_link_has(house: House, ann: Person) -> None:
    link = make(ann)
    house.visit(link["short_url"])
    record(ann, visitor_id="whoever", event_name="purchase", revenue=99.99)
    record(ann, visitor_id="whoever", event_name="look", revenue=0.01)
    record(house.person("qklnk", workspace="other"), event_name="purchase", revenue=5)
    found = ann.get("/api/v1/analytics").json["data"]
    assert (found["conversions"], found["revenue"]) == (1, 100.0)
    assert isinstance(found["revenue"], float)
    [listed] = house.person("klink").get("/api/v1/links").json["items"]
    assert (listed["conversions"], listed["revenue"]) == (0, "0.00")


# --- Q10 and Q11: events


def test_q10_the_documents_sample_is_recorded(ann: Person) -> None:
    event = record(
        ann,
        visitor_id="v_abc123xyz",
        event_name="purchase",
        revenue=99.99,
        name="Premium Package",
        metadata={"product_id": "SKU-12345"},
    )
    assert event == {
        "id": event["id"],
        "visitor_id": "v_abc123xyz",
        "event_name": "purchase",
        "revenue": 99.99,
        "occurred_at": "2026-03-14T15:09:26Z",
        "is_conversion": True,
    }


def test_q10_visitor_and_event_name_are_required(ann: Person) -> None:
    for body in (
        {},
        {"visitor_id": None, "event_name": None},
        {"visitor_id": "", "event_name": ""},
    ):
        reply = ann.post("/api/v1/events/record", body)
        assert reply.status_code == 422
        assert reply.json == {
            "message": "Validation failed",
            "errors": {
                "visitor_id": ["The visitor_id field is required."],
                "event_name": ["The event_name field is required."],
            },
        }


@pytest.mark.parametrize(
    "body, field, text",
    [
        ({"visitor_id": "x" * 256}, "visitor_id", "must have 1 to 255 characters"),
        ({"visitor_id": ["x"]}, "visitor_id", "must be a string"),
        ({"event_name": "x" * 256}, "event_name", "must have 1 to 255 characters"),
        ({"event_name": True}, "event_name", "must be a string"),
        ({"event_name": "a\nb"}, "event_name", "must not contain control characters"),
        ({"name": "x" * 256}, "name", "must have at most 255 characters"),
        ({"name": {}}, "name", "must be a string"),
        ({"revenue": -0.01}, "revenue", "must be a number from 0 to 1,000,000,000,000"),
        ({"revenue": 10**300}, "revenue", "must be a number from 0 to 1,000,000,000,000"),
        ({"revenue": 1.23456}, "revenue", "must have at most 4 decimal places"),
        ({"revenue": "9.99"}, "revenue", "must be a number"),
        ({"revenue": True}, "revenue", "must be a number"),
        ({"metadata": []}, "metadata", "must be an object"),
        ({"metadata": "x"}, "metadata", "must be an object"),
        (
            {"metadata": {"x": "y" * 16_384}},
            "metadata",
            "must have at most 16,384 bytes as JSON",
        ),
    ],
)
def test_q10_an_event_that_cannot_be_is_refused(
    ann: Person, body: Any, field: str, text: str
) -> None:
    sent = {"visitor_id": "v", "event_name": "purchase"} | body
    reply = ann.post("/api/v1/events/record", sent)
    assert reply.status_code == 422
    assert reply.json["errors"] == {field: [f"The {field} field {text}."]}
    assert ann.get("/api/v1/analytics").json["data"]["conversions"] == 0


def test_q10_a_repeat_with_the_same_idempotency_key_records_no_second_event(ann: Person) -> None:
    body = {"visitor_id": "v", "event_name": "purchase", "revenue": 5}
    headers = {"Idempotency-Key": '"order-1"'}
    first = ann.post("/api/v1/events/record", body, headers=headers)
    again = ann.post("/api/v1/events/record", body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert ann.get("/api/v1/analytics").json["data"]["revenue"] == 5


@pytest.mark.parametrize(
    "sent, shown",
    [(0, 0), (5, 5), (0.1 + 0.2, 0.3), (29.990000000000002, 29.99), (1e12, 1e12), (None, None)],
)
def test_q11_revenue_is_a_number_as_it_was_meant(ann: Person, sent: Any, shown: Any) -> None:
    event = record(ann, revenue=sent)
    assert event["revenue"] == shown
    assert not isinstance(event["revenue"], str)


def test_q11_numbers_may_stand_for_texts_and_null_for_nothing(ann: Person) -> None:
    event = record(ann, visitor_id=42, event_name=7, name=None, metadata=None, unknown=[1])
    assert (event["visitor_id"], event["event_name"], event["revenue"]) == ("42", "7", None)


def test_q11_which_names_are_conversions_is_the_servers_to_say(ann: Person) -> None:
    names = ("purchase", "signup", "lead", "look", "Purchase")
    found = {name: record(ann, event_name=name)["is_conversion"] for name in names}
    assert found == dict.fromkeys(names, True) | {"look": False, "Purchase": False}
    assert ann.get("/api/v1/analytics").json["data"]["conversions"] == 3
