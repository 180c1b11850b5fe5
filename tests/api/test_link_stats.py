"""Statistics, raw clicks and analytics over the API, of visits that were really folded."""

from __future__ import annotations

import csv
import io
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, Response

from klink.api.stats_answers import Analytics, ClickList, Stats
from klink.web.exports import AT_ONCE, EXTENSION
from tests.api.conftest import NOW, Person
from tests.api.problems import assert_problem
from tests.stats.visits import Visit, count

BOT, PREVIEW = 1, 2


@pytest.fixture
def link(owner: Person) -> dict[str, Any]:
    """A link with three clicks of two people today, one of last month, and two visits besides."""
    made = owner.link(slug="spring")
    number = made["number"]
    us = {"country": "US", "device": "mobile", "referrer": "news.example", "utm_source": "mail"}
    count(
        [
            Visit(NOW - timedelta(minutes=50), number, visitor="v_1", facts=us),
            Visit(NOW - timedelta(minutes=20), number, visitor="v_2", facts={"country": "DE"}),
            Visit(NOW - timedelta(minutes=10), number, visitor="v_1", facts=us),
            Visit(NOW - timedelta(minutes=5), number, kind=BOT),
            Visit(NOW - timedelta(minutes=4), number, kind=PREVIEW),
            Visit(datetime(2026, 1, 20, 12, tzinfo=UTC), number, visitor="v_1"),
        ]
    )
    return made


def test_a_link_shows_its_counts_of_all_time(owner: Person, link: dict[str, Any]) -> None:
    shown = owner.get(f"links/{link['id']}").json
    assert (shown["clicks"], shown["views"], shown["unique_visitors"]) == (4, 6, 2)
    assert owner.get("links").json["items"] == [shown]
    assert owner.patch(f"links/{link['id']}", {}).json["clicks"] == 4


def test_variants_show_their_clicks(owner: Person) -> None:
    link = owner.link(
        url=None,
        routing={
            "variants": [
                {"label": "a", "url": "https://a.example/", "weight": 50},
                {"label": "b", "url": "https://b.example/", "weight": 50},
            ]
        },
    )
    from klink.db.models import Variant

    row = Variant.get(Variant.label == "b")
    count([Visit(NOW, link["number"], variant_id=row.id, label="b")])
    variants = owner.get(f"links/{link['id']}").json["routing"]["variants"]
    assert [variant["clicks"] for variant in variants] == [0, 1]
    items = owner.get(f"links/{link['id']}/clicks").json["items"]
    assert items[0]["variant"] == "b"


def test_stats_tell_of_people_and_the_rest_apart(owner: Person, link: dict[str, Any]) -> None:
    stats = owner.get(f"links/{link['id']}/stats").json
    assert Stats().validate(stats) == {}
    assert stats["range"] == {
        "since": "2026-02-12T00:00:00Z",
        "until": "2026-03-14T15:15:00Z",
        "days_since": "2026-02-12T00:00:00Z",
        "days_until": "2026-03-15T00:00:00Z",
        "bucket": "day",
        "timezone": "UTC",
    }
    assert stats["totals"] == {
        "clicks": 3,
        "views": 5,
        "people_views": 3,
        "unique_visitors": 2,
        "bots": 1,
        "previews": 1,
        "prefetches": 0,
        "conversions": 0,
        "revenue": "0.00",
    }
    assert len(stats["series"]) == 31
    assert stats["series"][-1] == {
        "start": "2026-03-14T00:00:00Z",
        "clicks": 3,
        "views": 5,
        "bots": 1,
        "previews": 1,
        "prefetches": 0,
    }
    countries = stats["top"]["country"]
    assert [(v["value"], v["clicks"], v["rest"]) for v in countries["values"]] == [
        ("US", 2, 0),
        ("DE", 1, 0),
        (None, 0, 2),
    ]
    assert (countries["other_clicks"], countries["other_rest"]) == (0, 0)
    assert stats["top"]["utm_source"]["values"][0]["value"] == "mail"
    reasons = stats["rest_by_reason"]["values"]
    assert {v["value"] for v in reasons} == {"known bot", "link preview"}


def test_stats_of_a_range_in_a_time_zone(owner: Person, link: dict[str, Any]) -> None:
    query = "since=2026-03-14T00:00:00%2B01:00&until=2026-03-15T00:00:00+01:00"
    stats = owner.get(
        f"links/{link['id']}/stats?{query}&bucket=hour&timezone=Europe/Berlin&limit=1"
    ).json
    assert stats["range"]["since"] == "2026-03-13T23:00:00Z"
    assert len(stats["series"]) == 24
    assert sum(point["clicks"] for point in stats["series"]) == 3
    assert len(stats["top"]["country"]["values"]) == 1
    assert stats["top"]["country"]["other_clicks"] == 1


RANGES = [
    ("bucket=week", "bucket"),
    ("timezone=Mars/Base", "timezone"),
    ("timezone=../../etc/passwd", "timezone"),
    ("timezone=%00", "timezone"),
    ("since=yesterday", "since"),
    ("since=2026-01-01", "since"),
    ("since=2026-03-01T00:00:00Z&until=2026-02-01T00:00:00Z", "since"),
    ("until=9999-12-31T23:59:59Z", "until"),
    ("until=0001-01-05T00:00:00Z", "until"),
    ("since=0001-01-01T00:00:00Z&bucket=hour&until=2026-03-14T00:00:00Z&x=1", "x"),
    ("since=1971-01-01T00:00:00Z&bucket=hour", "bucket"),
    ("limit=0", "limit"),
    ("limit=101", "limit"),
    ("days=7", "days"),
]


def test_a_range_that_cannot_be_is_refused(owner: Person, link: dict[str, Any]) -> None:
    for query, field in RANGES:
        reply = owner.get(f"links/{link['id']}/stats?{query}")
        assert list(assert_problem(reply, 422, "validation")["errors"]) == [field]


def test_raw_clicks_come_newest_first_and_by_pages(owner: Person, link: dict[str, Any]) -> None:
    where = f"links/{link['id']}/clicks"
    page = owner.get(f"{where}?limit=4").json
    assert ClickList().validate(page) == {}
    assert [item["kind"] for item in page["items"]] == ["preview", "bot", "person", "person"]
    assert page["items"][2] == {
        "at": "2026-03-14T14:59:26Z",
        "kind": "person",
        "reason": None,
        "is_click": True,
        "is_view": True,
        "variant": None,
        "country": "US",
        "device": "mobile",
        "browser": None,
        "os": None,
        "language": None,
        "referrer": "news.example",
        "net": "203.0.113.0/24",
        "visitor": "v_1",
        "utm": {"source": "mail"},
    }
    rest = owner.get(f"{where}?limit=4&cursor={page['next_cursor']}").json
    assert (len(rest["items"]), rest["next_cursor"]) == (2, None)
    since = owner.get(f"{where}?since=2026-03-14T00:00:00Z&until=2026-03-14T14:50:00Z").json
    assert [item["visitor"] for item in since["items"]] == ["v_2", "v_1"]


def test_a_page_that_cannot_be_is_refused(owner: Person, link: dict[str, Any]) -> None:
    for query in ("cursor=x", "cursor=%00", "limit=0", "limit=201", "page=2"):
        assert_problem(owner.get(f"links/{link['id']}/clicks?{query}"), 422, "validation")


def export(owner: Person, link: dict[str, Any], query: str = "") -> list[dict[str, str]]:
    reply = owner.get(f"links/{link['id']}/clicks{query}", headers={"Accept": "text/csv"})
    with closing(reply):
        assert reply.status_code == 200, reply.text
        assert reply.content_type == "text/csv; charset=utf-8"
        assert reply.headers["Content-Disposition"] == 'attachment; filename="clicks-spring.csv"'
        assert reply.content_length == len(reply.data)
        return list(csv.DictReader(io.StringIO(reply.text, newline="")))


def test_all_clicks_can_be_had_as_csv(owner: Person, link: dict[str, Any]) -> None:
    found = export(owner, link)
    assert [row["kind"] for row in found] == ["preview", "bot"] + ["person"] * 4
    assert found[2] | {"reason": ""} == found[2]
    assert (found[2]["at"], found[2]["is_click"], found[2]["utm_source"]) == (
        "2026-03-14T14:59:26Z",
        "true",
        "mail",
    )
    assert len(export(owner, link, "?since=2026-03-01T00:00:00Z")) == 5


def test_json_is_what_comes_unless_csv_is_asked_for(owner: Person, link: dict[str, Any]) -> None:
    for accept in ("*/*", "application/json", "text/html", "text/csv;q=0.5, application/json"):
        reply = owner.get(f"links/{link['id']}/clicks", headers={"Accept": accept})
        assert reply.content_type == "application/json"
        assert reply.headers["Vary"] == "Accept"


def test_no_cell_is_a_formula(owner: Person, link: dict[str, Any]) -> None:
    sent = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "a=1",
        'quote " and, comma',
        " =1",
        "\uff1d1",
        "x; =1;-2",
    ]
    count(
        [Visit(NOW, link["number"], facts={"utm_source": text, "referrer": text}) for text in sent]
    )
    found = export(owner, link, "?since=2026-03-14T15:09:00Z")
    harmless = ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "a=1", 'quote " and, comma']
    harmless += ["' =1", "'\uff1d1", "x;' =1;'-2"]
    assert sorted(row["utm_source"] for row in found) == sorted(harmless)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in found for cell in row.values())


def test_only_so_many_exports_are_written_at_once(
    app: Flask, owner: Person, link: dict[str, Any]
) -> None:
    places: threading.Semaphore = app.extensions[EXTENSION]
    while places.acquire(blocking=False):
        pass
    reply = owner.get(f"links/{link['id']}/clicks", headers={"Accept": "text/csv"})
    assert_problem(reply, 503, "too_busy")
    assert int(reply.headers["Retry-After"]) >= 1
    places.release()
    assert len(export(owner, link)) == 6
    assert len(export(owner, link)) == 6  # the place was given back


def test_a_slow_reader_keeps_its_place_and_gives_it_back_once(
    app: Flask, owner: Person, link: dict[str, Any]
) -> None:
    places: threading.Semaphore = app.extensions[EXTENSION]
    where, headers = f"links/{link['id']}/clicks", {"Accept": "text/csv"}
    readers = [owner.get(where, headers=headers) for _ in range(AT_ONCE)]
    assert_problem(owner.get(where, headers=headers), 503, "too_busy")
    for _ in range(2):
        readers[0].close()
    with closing(owner.get(where, headers=headers)) as reader:
        assert reader.status_code == 200
        assert not places.acquire(blocking=False)
    readers[1].close()
    owner.ask("HEAD", where, headers=headers).close()
    assert [places.acquire(blocking=False) for _ in range(3)] == [True, True, False]


def test_an_export_that_fails_gives_its_place_back(
    app: Flask, owner: Person, link: dict[str, Any]
) -> None:
    hooks = app.after_request_funcs.setdefault(None, [])
    hooks.append(fail)
    try:
        reply = owner.get(f"links/{link['id']}/clicks", headers={"Accept": "text/csv"})
    finally:
        hooks.remove(fail)  # others have the application after this test
    assert reply.status_code == 500
    places: threading.Semaphore = app.extensions[EXTENSION]
    assert [places.acquire(blocking=False) for _ in range(3)] == [True, True, False]


def fail(response: Response) -> Response:
    if response.mimetype == "text/csv":
        raise RuntimeError("on its way out")
    return response


def test_analytics_add_up_the_workspace(
    owner: Person, stranger: Person, link: dict[str, Any]
) -> None:
    other = owner.link()
    count([Visit(NOW, other["number"])])
    found = owner.get("analytics?days=1").json
    assert Analytics().validate(found) == {}
    assert (found["total_clicks"], found["views"], found["unique_visitors"]) == (4, 6, 2)
    assert (found["conversions"], found["revenue"]) == (0, "0.00")
    assert found["top_links"] == [
        {"id": item["id"], "number": item["number"], "slug": item["slug"], "url": item["url"],
         "clicks": clicks}
        for item, clicks in ((link, 3), (other, 1))
    ]  # fmt: skip
    assert len(found["series"]) == 1
    ranged = owner.get("analytics?since=2026-01-01T00:00:00Z&bucket=month").json
    assert ranged["total_clicks"] == 5
    assert [point["clicks"] for point in ranged["series"]] == [1, 0, 4]
    assert stranger.get("analytics").json["total_clicks"] == 0


def test_days_stand_alone_and_are_1_to_365(owner: Person) -> None:
    for query in ("days=0", "days=366", "days=-1", "days=7&since=2026-01-01T00:00:00Z", "days=x"):
        problem = assert_problem(owner.get(f"analytics?{query}"), 422, "validation")
        assert list(problem["errors"]) == ["days"]
    reply = owner.get("analytics?until=0001-01-05T00:00:00Z")
    assert list(assert_problem(reply, 422, "validation")["errors"]) == ["until"]
