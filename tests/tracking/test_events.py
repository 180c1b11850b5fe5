"""Events from browsers: what is recorded, for whom, and what every refusal looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.house import House, Reply
from tests.tracking.conftest import Shop

PRIVATE = [{"DNT": "1"}, {"Sec-GPC": "1"}]
UNKNOWN = "v_0123456789abcdef"


def code_of(reply: Reply) -> tuple[int, str]:
    """Status and code of a refusal, whose shape is looked at too."""
    assert set(reply.json) == {"error"}
    assert set(reply.json["error"]) == {"code", "message"}
    assert reply.json["error"]["message"]
    return reply.status_code, reply.json["error"]["code"]


# --- What is recorded ------------------------------------------------------------------


def test_an_event_is_the_conversion_of_the_link_and_variant_of_the_last_click(shop: Shop) -> None:
    link = shop.link()
    klid, path = shop.arrive(link)
    answer = shop.tell(klid, revenue=99.99, name="Order 42", metadata={"items": ["hat"]})
    assert (answer.status_code, answer.data) == (204, b"")
    found = shop.read(link)
    assert (found["conversions"], found["revenue"]) == (1, "99.99")
    by_path = {f"/{each['label']}": each["conversions"] for each in found["routing"]["variants"]}
    assert by_path == {"/a": 0, "/b": 0} | {path: 1}
    [event] = shop.events()
    assert (event["visitor_id"], event["event_name"]) == (klid, "purchase")
    assert (event["name"], event["metadata"]) == ("Order 42", {"items": ["hat"]})


def test_an_event_that_comes_twice_is_recorded_once(shop: Shop) -> None:
    link = shop.link()
    klid, _ = shop.arrive(link)
    for _ in range(3):
        assert shop.tell(klid, revenue="10").status_code == 204
    assert (shop.read(link)["conversions"], shop.read(link)["revenue"]) == (1, "10.00")


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", ""])
def test_json_may_come_as_what_browsers_may_send_anywhere(shop: Shop, content_type: str) -> None:
    klid, _ = shop.arrive(shop.link())
    event = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "look"}
    assert shop.post(event, headers={"Content-Type": content_type}).status_code == 204
    assert len(shop.events()) == 1


def test_nulls_are_as_good_as_nothing(shop: Shop) -> None:
    klid, _ = shop.arrive(shop.link())
    empty = dict.fromkeys(("revenue", "currency", "name", "metadata"))
    event = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "look"} | empty
    assert shop.post(event).status_code == 204


def test_the_domain_of_a_customer_takes_events_too(shop: Shop) -> None:
    shop.house.domain("links.example.net")
    klid, _ = shop.arrive(shop.link())
    event = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "look"}
    assert shop.post(event, base_url="https://links.example.net").status_code == 204


# --- What is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    "field,value",
    [
        ("visitor_id", "v_short"),
        ("visitor_id", "x" * 1000),
        ("visitor_id", 5),
        ("event_name", ""),
        ("event_name", "x" * 256),
        ("event_name", ["purchase"]),
        ("event_name", "a\0b"),
        ("revenue", -1),
        ("revenue", "a lot"),
        ("revenue", True),
        ("revenue", 0.00001),
        ("revenue", 10**12),
        ("revenue", {}),
        ("currency", "euro"),
        ("currency", 978),
        ("name", 7),
        ("name", "x" * 256),
        ("metadata", "hat"),
        ("metadata", []),
        ("surprise", 1),
    ],
)
def test_what_is_malformed_is_refused_with_the_field_that_is_at_fault(
    shop: Shop, field: str, value: Any
) -> None:
    klid, _ = shop.arrive(shop.link())
    answer = shop.tell(klid, **{field: value})
    assert code_of(answer) == (422, "validation")
    assert field in answer.json["error"]["message"]
    assert shop.events() == []


@pytest.mark.parametrize("field", ["workspace", "visitor_id", "event_name"])
def test_what_is_needed_must_be_there(shop: Shop, field: str) -> None:
    klid, _ = shop.arrive(shop.link())
    answer = shop.tell(klid, **{field: None})
    assert code_of(answer) == (422, "validation")
    assert field in answer.json["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 5000])
def test_what_is_no_json_is_refused(shop: Shop, body: bytes) -> None:
    assert code_of(shop.post(body)) == (400, "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b'"purchase"', b"null", b"1"])
def test_json_that_is_no_object_is_refused(shop: Shop, body: bytes) -> None:
    assert code_of(shop.post(body)) == (422, "validation")


def test_a_form_is_refused(shop: Shop) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert code_of(shop.post(b"a=b", headers=form)) == (415, "unsupported_media_type")


def test_a_visitor_that_never_came_is_refused(shop: Shop) -> None:
    assert code_of(shop.tell(UNKNOWN)) == (404, "not_found")
    assert shop.events() == []


def test_a_visitor_of_another_workspace_is_unknown(shop: Shop) -> None:
    stranger = Shop(shop.house, shop.house.person("klink", workspace="elsewhere"))
    klid, _ = shop.arrive(shop.link())
    assert code_of(stranger.tell(klid)) == (404, "not_found")
    assert shop.events() == stranger.events() == []


@pytest.mark.parametrize("workspace", ["ws_0123456789abcdef", "1", "default", "\N{KEY}", ""])
def test_a_workspace_that_is_not_there_is_refused(shop: Shop, workspace: str) -> None:
    klid, _ = shop.arrive(shop.link())
    assert code_of(shop.tell(klid, workspace=workspace)) == (404, "not_found")


def test_a_body_of_more_than_16_kib_is_refused(shop: Shop) -> None:
    klid, _ = shop.arrive(shop.link())
    answer = shop.tell(klid, metadata={"much": "x" * 16384})
    assert code_of(answer) == (413, "body_too_large")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(house: House, method: str) -> None:
    answer = house.ask(method, "/_e")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST, OPTIONS"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_on_a_host_that_klink_does_not_know_nothing_is_taken(shop: Shop) -> None:
    klid, _ = shop.arrive(shop.link())
    event = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "look"}
    answer = shop.post(event, base_url="https://stranger.example.net")
    assert code_of(answer) == (421, "wrong_host")
    assert shop.events() == []


def test_an_address_that_sends_too_much_is_told_when_to_come_again(shop: Shop) -> None:
    for _ in range(60):
        assert shop.post({}).status_code == 422
    answer = shop.post({})
    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["Retry-After"] == "1"
    assert shop.post({}, peer="198.51.100.1").status_code == 422
    shop.house.monotonic_s += 1
    assert shop.post({}).status_code == 422


# --- Other sites, and privacy ----------------------------------------------------------


@pytest.mark.parametrize("body", [None, b"{", b"{}", b'{"metadata":"' + b"x" * 20000 + b'"}'])
def test_pages_of_every_site_may_read_every_answer_and_nobody_keeps_it(
    shop: Shop, body: bytes | None
) -> None:
    klid, _ = shop.arrive(shop.link())
    answer = shop.tell(klid) if body is None else shop.post(body)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_browser_that_asks_first_may_send_json(house: House) -> None:
    asks = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = house.ask("OPTIONS", "/_e", headers=asks)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


def test_a_cookie_tells_nothing_of_who_the_visitor_is(shop: Shop) -> None:
    klid, _ = shop.arrive(shop.link())
    event = {"workspace": shop.workspace, "event_name": "look"}
    answer = shop.post(event, headers={"Cookie": f"klid={klid}"})
    assert code_of(answer) == (422, "validation")


@pytest.mark.parametrize("private", PRIVATE)
def test_of_whoever_wants_no_tracking_nothing_is_recorded(
    shop: Shop, private: dict[str, str]
) -> None:
    klid, _ = shop.arrive(shop.link())
    event = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "look"}
    assert shop.post(event, headers=private).status_code == 204
    pixel = shop.house.ask("GET", "/_e.gif", query_string=event, headers=private)
    assert (pixel.status_code, len(pixel.data)) == (200, 43)
    assert shop.events() == []


# --- The pixel -------------------------------------------------------------------------


def ask_pixel(shop: Shop, query: dict[str, str], **more: Any) -> Reply:
    answer = shop.house.ask(more.pop("method", "GET"), "/_e.gif", query_string=query, **more)
    assert answer.content_type == "image/gif"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    return answer


def test_an_image_records_an_event(shop: Shop) -> None:
    link = shop.link()
    klid, _ = shop.arrive(link)
    query = {"w": shop.workspace, "v": klid, "e": "purchase", "r": "12.5", "n": "Order 42"}
    for _ in range(2):
        answer = ask_pixel(shop, query | {"random": "17"})
        assert (answer.status_code, len(answer.data)) == (200, 43)
        assert answer.data.startswith(b"GIF89a")
    found = shop.read(link)
    assert (found["conversions"], found["revenue"]) == (1, "12.50")
    assert [each["name"] for each in shop.events()] == ["Order 42"]


def test_the_long_names_are_good_for_an_image_too(shop: Shop) -> None:
    klid, _ = shop.arrive(shop.link())
    query = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "purchase"}
    query |= {"revenue": "5", "currency": "EUR", "name": ""}
    assert ask_pixel(shop, query).status_code == 200
    [event] = shop.events()
    assert (event["revenue"], event["currency"], event["name"]) == ("5.00", "EUR", None)


@pytest.mark.parametrize(
    "change,status",
    [
        ({"v": "v_short"}, 422),
        ({"v": UNKNOWN}, 404),
        ({"w": "ws_0123456789abcdef"}, 404),
        ({"e": ""}, 422),
        ({"r": "a lot"}, 422),
        ({"r": "1e3"}, 422),
        ({"c": "euro"}, 422),
    ],
)
def test_what_an_image_may_not_record_has_its_status_and_still_is_an_image(
    shop: Shop, change: dict[str, str], status: int
) -> None:
    klid, _ = shop.arrive(shop.link())
    query = {"w": shop.workspace, "v": klid, "e": "purchase"} | change
    answer = ask_pixel(shop, query)
    assert (answer.status_code, len(answer.data)) == (status, 43)
    assert shop.events() == []


def test_images_count_against_the_address_as_well(shop: Shop) -> None:
    for _ in range(60):
        assert ask_pixel(shop, {}).status_code == 422
    answer = ask_pixel(shop, {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_an_image_on_a_page_that_is_fetched_ahead_records_nothing(shop: Shop) -> None:
    klid, _ = shop.arrive(shop.link())
    query = {"w": shop.workspace, "v": klid, "e": "purchase"}
    assert ask_pixel(shop, query, headers={"Sec-Purpose": "prefetch"}).status_code == 200
    assert ask_pixel(shop, query, method="HEAD").status_code == 200
    assert shop.events() == []


def test_nothing_can_be_posted_to_an_image(shop: Shop) -> None:
    answer = ask_pixel(shop, {}, method="POST")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_what_is_beside_the_ways_in_is_no_page(house: House) -> None:
    for path in ("/_e/", "/_e.gif/x", "/_klink", "/_", "/_x"):
        answer = house.ask("GET", path, headers={"Accept": "application/json"})
        assert code_of(answer) == (404, "not_found")


def test_json_dumps_of_python_are_read_as_they_are(shop: Shop) -> None:
    """A program may use the way for browsers too, with the JSON of its language."""
    klid, _ = shop.arrive(shop.link())
    event = {"workspace": shop.workspace, "visitor_id": klid, "event_name": "caf\u00e9"}
    assert shop.post(json.dumps(event).encode()).status_code == 204
    assert [each["event_name"] for each in shop.events()] == ["caf\u00e9"]
