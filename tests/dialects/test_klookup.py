"""The Klook Up dialect, row by row of its contract."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from klink.config import Config
from klink.config.settings import settings_of
from klink.core import keys, links
from klink.core.errors import KeyLimitReached
from klink.core.times import format_rfc3339
from klink.db.models import Click, LinkDay, LinkQuarter, LinkTotal, LinkVisitor, User
from tests.dialects.house import BASE_URL, NOW, House, Person, Reply, at_once

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
TELEVISION = "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 TV Safari/537.36"
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"

URL = "https://example.com/article"
INPAGE = {"url": "https://example.com/file.zip", "type": "inpage", "post_id": "post_789"}


@pytest.fixture
def me(house: House) -> Person:
    return house.person("klookup")


@pytest.fixture
def stranger(house: House) -> Person:
    return house.person("klookup", workspace="elsewhere")


def create(who: Person, **body: Any) -> Any:
    """The data of a link that was made. Any: JSON."""
    reply = who.post("/api/v1/links", {"url": URL, **body})
    assert reply.status_code == 201, reply.json
    return reply.json["data"]


def read(who: Person, made: Any) -> Any:
    reply = who.get(f"/api/v1/links/{made['id']}")
    assert reply.status_code == 200, reply.json
    return reply.json["data"]


def change(who: Person, made: Any, **body: Any) -> Reply:
    return who.put(f"/api/v1/links/{made['id']}", body)


def assert_details(reply: Reply, *names: str) -> None:
    """A 400 that says what is wrong with exactly these fields, one text each."""
    assert reply.status_code == 400, reply.json
    assert reply.json.keys() == {"success", "error", "details"}
    assert reply.json["success"] is False
    assert reply.json["details"].keys() == set(names)
    assert all(type(text) is str for text in reply.json["details"].values())


# --- U1 ---------------------------------------------------------------------------------


def test_u1_a_direct_link_is_made_as_the_document_shows(me: Person) -> None:
    reply = me.post(
        "/api/v1/links", {"url": URL, "type": "direct", "title": "Read the full article"}
    )
    assert reply.status_code == 201
    made = reply.json["data"]
    assert (made["type"], made["target_url"], made["title"]) == (
        "direct", URL, "Read the full article",
    )  # fmt: skip
    assert create(me)["type"] == "direct"
    assert create(me, type=None)["type"] == "direct"


@pytest.mark.parametrize("without", [{}, {"post_id": ""}, {"post_id": None}])
def test_u1_an_inpage_link_needs_a_post_id(me: Person, without: dict[str, Any]) -> None:
    assert_details(me.post("/api/v1/links", {"url": URL, "type": "inpage", **without}), "post_id")


@pytest.mark.parametrize("without", [{}, {"post_id": ""}, {"post_id": None}])
def test_u1_the_operator_may_do_without_post_ids(
    house: House, me: Person, without: dict[str, Any]
) -> None:
    house.configure(require_post_id=False)
    made = create(me, type="inpage", **without)
    assert (made["type"], made["post_id"]) == ("inpage", None)
    assert create(me, type="inpage", **without)["id"] != made["id"]


def test_u1_a_number_is_taken_for_a_post_id(me: Person) -> None:
    assert create(me, type="inpage", post_id=123)["post_id"] == "123"
    again = me.post("/api/v1/links", {"url": URL, "type": "inpage", "post_id": "123"})
    assert again.json["data"]["existing"] is True


def test_u1_a_post_id_on_a_direct_link_is_kept_and_does_nothing(me: Person) -> None:
    first, second = create(me, post_id="p"), create(me, post_id="p")
    assert (first["post_id"], second["post_id"]) == ("p", "p")
    assert first["id"] != second["id"]


def test_u1_lengths_are_limited(me: Person) -> None:
    longest = {"title": "t" * 200, "description": "d" * 500, "post_id": "p" * 255}
    made = create(me, **longest)
    assert {name: made[name] for name in longest} == longest
    for name, text in longest.items():
        assert_details(me.post("/api/v1/links", {"url": URL, name: text + "x"}), name)


@pytest.mark.parametrize(
    "sent, kept",
    [
        (None, None),
        ("2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z"),
        ("2020-01-01T00:00:00+02:00", "2019-12-31T22:00:00Z"),  # past times pass
        ("2027-01-01T00:00+0000", "2027-01-01T00:00:00Z"),
        ("2027-01-01", "2027-01-01T23:59:59Z"),
    ],
)
def test_u1_an_expiry_may_lie_in_the_past(me: Person, sent: object, kept: object) -> None:
    assert create(me, expires_at=sent)["expires_at"] == kept


def test_u1_a_site_url_is_for_inpage_links(me: Person) -> None:
    page = "https://yoursite.com/downloads"
    made = create(me, type="inpage", post_id="p", site_url=page)
    assert made["site_url"] == page
    assert_details(me.post("/api/v1/links", {"url": URL, "site_url": page}), "site_url")
    bad = INPAGE | {"site_url": "nowhere"}
    assert_details(me.post("/api/v1/links", bad), "site_url")


@pytest.mark.parametrize(
    "body, names",
    [
        ({}, {"url"}),
        ({"url": None}, {"url"}),
        ({"url": True}, {"url"}),
        ({"url": ["https://example.com/"]}, {"url"}),
        ({"url": "javascript:alert(1)"}, {"url"}),
        ({"url": ""}, {"url"}),
        ({"url": "https://example.com/" + "x" * 2050}, {"url"}),
        ({"url": URL, "type": "page"}, {"type"}),
        ({"url": URL, "type": 1.5}, {"type"}),
        ({"url": URL, "title": {}}, {"title"}),
        ({"url": URL, "title": "\x07"}, {"title"}),
        ({"url": URL, "description": False}, {"description"}),
        ({"url": URL, "post_id": True}, {"post_id"}),
        ({"url": URL, "expires_at": "tomorrow"}, {"expires_at"}),
        ({"url": URL, "expires_at": 1767225600}, {"expires_at"}),
        ({"url": URL, "type": "inpage", "post_id": []}, {"post_id"}),
        ({"type": "inpage", "title": 1.5}, {"url", "title", "post_id"}),
        ([], {"body"}),
        ("https://example.com/", {"body"}),
        (None, {"body"}),
    ],
)
def test_u1_what_cannot_be_accepted_is_told_by_field(
    me: Person, body: object, names: set[str]
) -> None:
    import json

    reply = me.ask("POST", "/api/v1/links", data=json.dumps(body), content_type="application/json")
    assert_details(reply, *names)
    assert me.get("/api/v1/links").json["data"]["pagination"]["total_count"] == 0


def test_u1_unknown_fields_are_ignored(me: Person) -> None:
    made = create(me, slug="mine", alias="mine", id=7, is_active=0)
    assert made["short_code"] != "mine"
    assert read(me, made)["link"]["is_active"] == 1


# --- U2 ---------------------------------------------------------------------------------


def test_u2_a_made_link_has_exactly_these_fields(me: Person) -> None:
    reply = me.post("/api/v1/links", {"url": URL})
    assert reply.json.keys() == {"success", "data"}
    assert reply.json["success"] is True
    made = reply.json["data"]
    assert type(made["id"]) is int
    assert re.fullmatch(r"[0-9A-Za-z]{7}", made["short_code"])
    assert made == {
        "id": made["id"],
        "short_code": made["short_code"],
        "short_url": f"{BASE_URL}/{made['short_code']}",
        "target_url": URL,
        "type": "direct",
        "title": None,
        "description": None,
        "expires_at": None,
        "post_id": None,
        "site_url": None,
        "site_verified_at": None,
        "created_at": format_rfc3339(NOW),
    }


def test_u2_an_inpage_link_is_shared_by_the_address_of_its_page(me: Person) -> None:
    made = create(me, **INPAGE)
    assert made["short_url"] == f"{BASE_URL}/{made['short_code']}/page"
    assert made["site_url"] is None  # not the target, as the guide's sample has it


def test_u2_the_link_works_at_once(house: House, me: Person) -> None:
    answer = house.visit(create(me)["short_url"])
    assert (answer.status_code, answer.headers["Location"]) == (302, URL)


# --- U3 ---------------------------------------------------------------------------------


def test_u3_a_post_has_one_active_link(me: Person) -> None:
    made = create(me, **INPAGE, title="first")
    again = me.post("/api/v1/links", INPAGE | {"url": "https://else.example/", "title": "second"})
    assert again.status_code == 200
    assert again.json["data"] == made | {"existing": True}
    assert "existing" not in made


def test_u3_a_page_has_one_active_link_and_the_post_is_looked_up_first(me: Person) -> None:
    page = {"site_url": "https://mine.example/a"}
    by_post, by_page = create(me, **INPAGE), create(me, type="inpage", post_id="else", **page)
    again = me.post("/api/v1/links", INPAGE | page | {"post_id": "third"})
    assert (again.status_code, again.json["data"]["id"]) == (200, by_page["id"])
    again = me.post("/api/v1/links", INPAGE | page)
    assert (again.status_code, again.json["data"]["id"]) == (200, by_post["id"])


def test_u3_links_that_are_not_active_do_not_stand_in_the_way(house: House, me: Person) -> None:
    off = create(me, **INPAGE)
    assert change(me, off, is_active=0).status_code == 200
    gone = create(me, **INPAGE)
    assert me.delete(f"/api/v1/links/{gone['id']}").status_code == 200
    expiring = create(me, **INPAGE, expires_at=format_rfc3339(NOW + timedelta(hours=1)))
    house.later(hours=2)
    assert create(me, **INPAGE)["id"] not in (off["id"], gone["id"], expiring["id"])


def test_u3_other_workspaces_and_direct_links_are_apart(me: Person, stranger: Person) -> None:
    made = create(me, **INPAGE)
    assert create(stranger, **INPAGE)["id"] != made["id"]
    assert create(me, url=URL, post_id=INPAGE["post_id"])["type"] == "direct"


@pytest.mark.every_engine
def test_u3_calls_at_the_same_time_make_one_link(me: Person) -> None:
    replies = at_once([lambda: me.post("/api/v1/links", INPAGE)] * 6)
    assert sorted(reply.status_code for reply in replies) == [200] * 5 + [201]
    assert len({reply.json["data"]["id"] for reply in replies}) == 1


def test_u3_enabling_a_link_that_clashes_is_refused(me: Person) -> None:
    off = create(me, **INPAGE)
    change(me, off, is_active=0)
    create(me, **INPAGE)
    assert_details(change(me, off, is_active=1), "is_active")
    assert read(me, off)["link"]["is_active"] == 0


def test_u3_the_native_door_answers_the_same_way(house: House, me: Person) -> None:
    made = create(me, **INPAGE)
    again = house.person("klink").post("/api/v1/links", INPAGE)
    assert (again.status_code, again.json["existing"]) == (200, True)
    assert again.json["number"] == made["id"]


# --- U4 ---------------------------------------------------------------------------------


def test_u4_the_list_is_paged_newest_first(me: Person) -> None:
    made = [create(me, title=str(n))["id"] for n in range(5)]
    found = me.get("/api/v1/links?page=1&limit=2").json["data"]
    assert [link["id"] for link in found["links"]] == made[:-3:-1]
    assert found["pagination"] == {
        "page": 1, "limit": 2, "total_count": 5, "total_pages": 3, "has_more": True,
    }  # fmt: skip
    last = me.get("/api/v1/links?page=3&limit=2").json["data"]
    assert [link["id"] for link in last["links"]] == made[:1]
    assert last["pagination"]["has_more"] is False
    beyond = me.get("/api/v1/links?page=9&limit=2").json["data"]
    assert (beyond["links"], beyond["pagination"]["has_more"]) == ([], False)


def test_u4_a_listed_link_has_exactly_these_fields(house: House, me: Person) -> None:
    made = create(me, title="mine", expires_at="2030-01-01T00:00:00Z")
    house.visit(made["short_url"])
    house.visit(made["short_url"], headers={"User-Agent": BOT})
    (listed,) = me.get("/api/v1/links").json["data"]["links"]
    assert listed == {
        "id": made["id"],
        "short_code": made["short_code"],
        "target_url": URL,
        "link_type": "direct",
        "title": "mine",
        "clicks": 1,
        "views": 2,
        "is_active": 1,
        "expires_at": "2030-01-01T00:00:00Z",
        "created_at": format_rfc3339(NOW),
    }
    assert type(listed["is_active"]) is int


def test_u4_the_limit_is_clamped_and_an_empty_list_is_one(me: Person) -> None:
    found = me.get("/api/v1/links").json["data"]["pagination"]
    assert found == {
        "page": 1, "limit": 20, "total_count": 0, "total_pages": 1, "has_more": False,
    }  # fmt: skip
    for asked in ("101", "100000000000000000000000"):
        found = me.get(f"/api/v1/links?limit={asked}&page={asked}").json["data"]["pagination"]
        assert found["limit"] == 100


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "", "%F0"])
@pytest.mark.parametrize("name", ["page", "limit"])
def test_u4_numbers_below_one_are_refused(me: Person, name: str, value: str) -> None:
    assert_details(me.get(f"/api/v1/links?{name}={value}"), name)


def test_u4_links_of_every_door_are_listed_but_those_in_the_trash(house: House, me: Person) -> None:
    native = house.person("klink")
    body = {"routing": {"variants": [
        {"label": "a", "url": "https://a.example/", "weight": 40},
        {"label": "b", "url": "https://b.example/", "weight": 60},
    ]}}  # fmt: skip
    made = native.post("/api/v1/links", body).json
    trashed = native.post("/api/v1/links", {"url": URL}).json
    native.delete(f"/api/v1/links/{trashed['id']}")
    (listed,) = me.get("/api/v1/links").json["data"]["links"]
    assert (listed["id"], listed["target_url"]) == (made["number"], "https://a.example/")
    assert me.get(f"/api/v1/links/{trashed['number']}").status_code == 404


# --- U5 ---------------------------------------------------------------------------------


def test_u5_a_link_is_read_with_its_statistics(house: House, me: Person) -> None:
    made = create(me)
    house.visit(made["short_url"], country="PH", headers={"User-Agent": PHONE})
    house.visit(made["short_url"], country="PH")
    house.visit(made["short_url"], country="US", headers={"User-Agent": FIREFOX})
    house.visit(made["short_url"], country="US", headers={"User-Agent": BOT})
    house.later(days=1)
    house.visit(made["short_url"])
    found = read(me, made)
    assert found.keys() == {"link", "stats"}
    assert found["stats"] == {
        "total_clicks": 4,
        "clicks_by_country": {"PH": 2, "US": 1, "XX": 1},
        "clicks_by_device": {"mobile": 1, "desktop": 3, "tablet": 0},
        "clicks_by_browser": {"Chrome": 2, "Firefox": 1, "Mobile Safari": 1},
        "recent_clicks": [
            {"date": "2026-03-15", "count": 1},
            {"date": "2026-03-14", "count": 3},
        ],
    }
    assert (found["link"]["clicks"], found["link"]["views"]) == (4, 5)


def test_u5_the_link_has_exactly_these_fields(me: Person) -> None:
    made = create(me, **INPAGE, description="Verified", site_url="https://mine.example/")
    assert read(me, made) == {
        "link": {
            "id": made["id"],
            "short_code": made["short_code"],
            "target_url": INPAGE["url"],
            "link_type": "inpage",
            "title": None,
            "clicks": 0,
            "views": 0,
            "is_active": 1,
            "expires_at": None,
            "created_at": format_rfc3339(NOW),
            "short_url": f"{BASE_URL}/{made['short_code']}/page",
            "description": "Verified",
            "post_id": "post_789",
            "site_url": "https://mine.example/",
            "site_verified_at": None,
            "scheduled_deletion_at": None,
            "updated_at": format_rfc3339(NOW),
        },
        "stats": {
            "total_clicks": 0,
            "clicks_by_country": {},
            "clicks_by_device": {"mobile": 0, "desktop": 0, "tablet": 0},
            "clicks_by_browser": {},
            "recent_clicks": [],
        },
    }


def test_u5_every_country_is_told_and_other_devices_apart(house: House, me: Person) -> None:
    made = create(me)
    codes = [f"{a}{b}" for a in "ABCDEFGHIJKL" for b in "ABCDEFGHIJ"]
    for code in codes:
        house.visit(made["short_url"], country=code, headers={"User-Agent": TELEVISION})
    stats = read(me, made)["stats"]
    assert stats["clicks_by_country"] == dict.fromkeys(codes, 1)
    assert stats["clicks_by_device"] == {"mobile": 0, "desktop": 0, "tablet": 0, "other": 120}
    assert sum(stats["clicks_by_browser"].values()) == 120


def test_u5_recent_clicks_are_the_last_thirty_days_that_have_some(house: House, me: Person) -> None:
    made = create(me)
    for _ in range(32):
        house.visit(made["short_url"])
        house.later(days=3)
        read(me, made)
    stats = read(me, made)["stats"]
    days = [each["date"] for each in stats["recent_clicks"]]
    assert len(days) == 30
    assert days == sorted(days, reverse=True)
    assert days[0] == str((NOW + timedelta(days=31 * 3)).date())
    assert (stats["total_clicks"], stats["clicks_by_device"]["desktop"]) == (32, 32)


# --- U6 ---------------------------------------------------------------------------------


def test_u6_a_change_is_partial_and_answers_these_fields(house: House, me: Person) -> None:
    made = create(me, title="old", description="kept")
    house.later(hours=1)
    reply = change(
        me, made, title="Updated article title", is_active=1, expires_at="2026-06-30T23:59:59Z"
    )
    assert reply.status_code == 200
    assert reply.json == {
        "success": True,
        "data": {
            "id": made["id"],
            "short_code": made["short_code"],
            "title": "Updated article title",
            "is_active": 1,
            "expires_at": "2026-06-30T23:59:59Z",
            "updated_at": format_rfc3339(house.now),
        },
    }
    assert read(me, made)["link"]["description"] == "kept"


def test_u6_the_documents_path_without_v1_works(house: House, me: Person) -> None:
    made = create(me)
    reply = me.put(f"/api/links/{made['id']}", {"title": "by the alias"})
    assert (reply.status_code, reply.json["data"]["title"]) == (200, "by the alias")
    assert me.get("/api/links").json["data"]["links"][0]["title"] == "by the alias"
    assert me.post("/api/links", {"url": URL}).status_code == 201
    assert me.get(f"/klookup/api/links/{made['id']}").status_code == 200
    assert me.delete(f"/api/links/{made['id']}").status_code == 200


def test_u6_null_clears(me: Person) -> None:
    full = {"title": "t", "description": "d", "expires_at": "2030-01-01T00:00:00Z"}
    made = create(me, **full)
    assert change(me, made, **dict.fromkeys(full)).status_code == 200
    link = read(me, made)["link"]
    assert [link[name] for name in full] == [None, None, None]


@pytest.mark.parametrize(
    "body",
    [
        {"url": None},
        {"type": None},
        {"is_active": None},
        {"is_active": 2},
        {"is_active": "1"},
        {"type": "page"},
        {"url": "ftp://example.com/"},
        {"title": "t" * 201},
        {"expires_at": "soon"},
    ],
)
def test_u6_what_cannot_be_accepted_is_told_by_field(me: Person, body: dict[str, Any]) -> None:
    made = create(me)
    before = read(me, made)
    assert_details(change(me, made, **body), *body)
    assert read(me, made) == before


@pytest.mark.parametrize("off, on", [(0, 1), (False, True)])
def test_u6_a_link_is_disabled_and_enabled(house: House, me: Person, off: Any, on: Any) -> None:
    made = create(me)
    assert change(me, made, is_active=off).json["data"]["is_active"] == 0
    assert house.visit(made["short_url"]).status_code == 410
    assert change(me, made, is_active=on).json["data"]["is_active"] == 1
    assert house.visit(made["short_url"]).status_code == 302


def test_u6_an_expiry_may_lie_in_the_past(house: House, me: Person) -> None:
    made = create(me)
    assert change(me, made, expires_at="2020-01-01T00:00:00Z").status_code == 200
    assert house.visit(made["short_url"]).status_code == 410


def test_u6_a_link_becomes_inpage_without_a_post_id_and_direct_again(
    house: House, me: Person
) -> None:
    made = create(me)
    assert change(me, made, type="inpage").status_code == 200
    link = read(me, made)["link"]
    assert (link["link_type"], link["post_id"]) == ("inpage", None)
    assert link["short_url"].endswith("/page")
    assert house.visit(made["short_url"]).headers["Location"].endswith("/page")
    assert change(me, made, type="direct").status_code == 200
    assert house.visit(made["short_url"]).headers["Location"] == URL


def test_u6_a_link_that_becomes_direct_lets_go_of_its_site_url(me: Person) -> None:
    made = create(me, **INPAGE, site_url="https://mine.example/")
    assert change(me, made, type="direct").status_code == 200
    assert read(me, made)["link"]["site_url"] is None


def test_u6_other_fields_are_ignored(me: Person) -> None:
    made = create(me, **INPAGE)
    reply = change(me, made, post_id="else", site_url="https://else.example/", clicks=7)
    assert reply.status_code == 200
    link = read(me, made)["link"]
    assert (link["post_id"], link["site_url"], link["clicks"]) == ("post_789", None, 0)


def test_u6_the_destination_of_a_link_with_variants_stays(house: House, me: Person) -> None:
    variants = [
        {"label": "a", "url": "https://a.example/", "weight": 50},
        {"label": "b", "url": "https://b.example/", "weight": 50},
    ]
    native = house.person("klink")
    body = {"routing": {"variants": variants}}
    made = {"id": native.post("/api/v1/links", body).json["number"]}
    assert_details(change(me, made, url="https://else.example/"), "url")
    assert change(me, made, title="still").status_code == 200
    assert change(me, made, url="https://a.example/").status_code == 200  # what it is


def test_u6_a_clash_with_a_start_is_told_as_one_of_the_expiry(house: House, me: Person) -> None:
    native = house.person("klink")
    body = {"url": URL, "starts_at": "2026-05-01T00:00:00Z"}
    made = {"id": native.post("/api/v1/links", body).json["number"]}
    assert_details(change(me, made, expires_at="2026-04-01T00:00:00Z"), "expires_at")


# --- U7 ---------------------------------------------------------------------------------


def test_u7_a_deleted_link_is_gone_for_good_with_its_clicks(house: House, me: Person) -> None:
    made = create(me)
    house.visit(made["short_url"])
    assert read(me, made)["stats"]["total_clicks"] == 1
    reply = me.delete(f"/api/v1/links/{made['id']}")
    assert reply.status_code == 200
    assert reply.json == {"success": True, "data": {"message": "Link deleted successfully"}}
    assert house.visit(made["short_url"]).status_code == 404
    assert me.get(f"/api/v1/links/{made['id']}").status_code == 404
    assert me.delete(f"/api/v1/links/{made['id']}").status_code == 404
    assert sum(links.sweep(house.now)) > 0
    for model in (Click, LinkDay, LinkQuarter, LinkTotal, LinkVisitor):
        assert model.select().count() == 0


# --- U9 to U11: what follows later; the fields are there ----------------------------------


def test_u9_an_inpage_link_leads_to_its_page(house: House, me: Person) -> None:
    made = create(me, **INPAGE, title="Download our app", description="Verified")
    code = made["short_url"].removesuffix("/page")
    assert house.visit(code).headers["Location"].endswith(f"/{made['short_code']}/page")
    page = house.visit(made["short_url"])
    assert page.status_code == 200
    assert "Download our app" in page.text
    assert "Verified" in page.text


def test_u11_nothing_is_verified_or_scheduled_yet(me: Person) -> None:
    made = create(me, **INPAGE, site_url="https://mine.example/")
    link = read(me, made)["link"]
    assert (made["site_verified_at"], link["site_verified_at"]) == (None, None)
    assert link["scheduled_deletion_at"] is None


# --- U14 --------------------------------------------------------------------------------


def test_u14_keys_have_the_documents_format_and_are_ten_at_most(house: House, me: Person) -> None:
    assert re.fullmatch(r"klup_[0-9a-f]{64}", me.key)
    most = house.ctx.settings.max_active_keys
    made = {"workspace_id": me.workspace_id, "user_id": me.user_id, "dialect": "klookup"}
    for _ in range(most - 1):
        keys.create(house.ctx, name="mine", **made)  # type: ignore[arg-type]
    with pytest.raises(KeyLimitReached):
        keys.create(house.ctx, name="one more", **made)  # type: ignore[arg-type]
    defaults = {setting.name: setting.default for setting in settings_of(Config)}
    assert defaults["keys.max_active_per_user"] == 10


def test_u14_a_key_needs_an_active_user(me: Person) -> None:
    assert me.get("/api/v1/links").status_code == 200
    User.update(is_active=False).where(User.id == me.user_id).execute()
    assert me.get("/api/v1/links").status_code == 401


def test_u14_the_last_use_is_told_and_a_revoked_key_ends(house: House, me: Person) -> None:
    (mine,) = keys.all_of_them()
    assert mine.last_used_at is None
    me.get("/api/v1/links")
    house.meter.flush()
    assert keys.all_of_them()[0].last_used_at == NOW
    keys.revoke(house.ctx, mine.uid)
    assert me.get("/api/v1/links").status_code == 401
