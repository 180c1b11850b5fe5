"""qklnk's API, row by row of its contract: scopes, the user, what a redirect adds (Q1 to Q16)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from klink.core import users
from klink.db.connection import write
from klink.db.models import User
from klink.dialects.qklnk import schemas
from tests.dialects.house import House, Person, Reply
from tests.dialects.qklnk import URL, UTM, fits, make, native, record, track


@pytest.fixture
def ann(house: House) -> Person:
    return house.person("qklnk")


# --- Q1: scopes


@pytest.mark.parametrize(
    "scope, method, path",
    [
        ("read", "GET", "/links"),
        ("read", "GET", "/links/spring"),
        ("read", "GET", "/analytics"),
        ("create", "POST", "/links"),
        ("create", "POST", "/events/record"),
        ("update", "PUT", "/links/spring"),
        ("delete", "DELETE", "/links/spring"),
    ],
)
def test_q1_a_token_may_do_what_its_scopes_say(
    house: House, scope: str, method: str, path: str
) -> None:
    native(house, url=URL, slug="spring")
    others = [name for name in ("read", "create", "update", "delete") if name != scope]
    body = {"destination": URL, "visitor_id": "v_1", "event_name": "look"}
    more = {} if method == "GET" else {"json": body}
    refused = house.person("qklnk", scopes=others).ask(method, f"/api/v1{path}", **more)
    assert refused.status_code == 403
    assert refused.json == {
        "message": f"This token does not have the required permission: {scope}."
    }
    allowed = house.person("qklnk", scopes=[scope]).ask(method, f"/api/v1{path}", **more)
    assert allowed.status_code in (200, 201, 204)


# --- Q2: user


@pytest.mark.parametrize("scope", ["read", "create", "update", "delete"])
def test_q2_any_token_may_ask_whose_it_is(house: House, scope: str) -> None:
    user = fits(house.person("qklnk", scopes=[scope]).get("/api/v1/user"), schemas.UserAnswer)
    assert user == {
        "id": 1,
        "name": "Owner",
        "email": "owner@localhost",
        "team": {"id": 1, "name": "default"},
        "created_at": "2026-03-14T15:09:26Z",
    }


def test_q2_who_has_no_name_goes_by_the_mailbox(house: House, ann: Person) -> None:
    with write():
        User.update(name=None, email="ann.lee@example.org").where(User.id == ann.user_id).execute()
    user = ann.get("/api/v1/user").json["data"]
    assert (user["name"], user["email"]) == ("ann.lee", "ann.lee@example.org")


def test_q2_the_team_is_the_one_of_the_token(house: House) -> None:
    bob = house.person("qklnk", workspace="shop")
    team = bob.get("/api/v1/user").json["data"]["team"]
    assert team == {"id": bob.workspace_id, "name": "shop"}
    assert users.get(bob.user_id).roles[team["id"]] == "owner"


# --- Q15: UTM on redirect


@pytest.mark.parametrize(
    "destination, utm, location",
    [
        (
            "https://example.com/page",
            UTM,
            "https://example.com/page?utm_source=api&utm_medium=email"
            "&utm_campaign=winter-sale&utm_content=body_button&utm_term=deal",
        ),
        (  # what is there is replaced where it stands, the rest and its order stay
            "https://example.com/?b=2&utm_medium=old&a=1&utm_id=7#frag",
            {"utm_term": "t", "utm_medium": "new"},
            "https://example.com/?b=2&utm_medium=new&a=1&utm_id=7&utm_term=t#frag",
        ),
        (
            "https://example.com/?utm_source=own&utm_term=own",
            {"utm_term": "deal"},
            "https://example.com/?utm_source=own&utm_term=deal",
        ),
        (
            "https://example.com/#only",
            {"utm_source": "a b&c=d#e", "utm_campaign": "größe"},
            "https://example.com/?utm_source=a%20b%26c%3Dd%23e&utm_campaign=gr%C3%B6%C3%9Fe#only",
        ),
        ("https://example.com/?x=%2F+y", {}, "https://example.com/?x=%2F+y"),
    ],
)
def test_q15_a_redirect_adds_the_links_utms(
    house: House, ann: Person, destination: str, utm: dict[str, str], location: str
) -> None:
    link = make(ann, destination, **utm)
    visit = house.visit(link["short_url"])
    assert (visit.status_code, visit.headers["Location"]) == (302, location)
    assert link["destination"] == destination


# --- Q16: the visitor


def klid_of(visit: Reply) -> str | None:
    found = parse_qs(urlsplit(visit.headers["Location"]).query).get("klid")
    return found[0] if found else None


def test_q16_the_visitor_goes_along_when_conversions_are_tracked(house: House, ann: Person) -> None:
    link = make(ann, "https://example.com/?a=1#frag", utm_source="api")
    assert klid_of(house.visit(link["short_url"])) is None
    track(house, link["id"])
    first = house.visit(link["short_url"])
    klid = klid_of(first)
    assert klid is not None
    assert klid.startswith("v_")
    assert first.headers["Location"] == (
        f"https://example.com/?a=1&utm_source=api&klid={klid}#frag"
    )
    assert klid_of(house.visit(link["short_url"])) == klid
    assert klid_of(house.visit(link["short_url"], peer="198.51.100.9")) != klid
    assert klid_of(house.visit(link["short_url"], headers={"DNT": "1"})) is None


def test_q16_an_event_of_that_visitor_is_recorded_and_counted(house: House, ann: Person) -> None:
    link = make(ann)
    track(house, link["id"])
    klid = klid_of(house.visit(link["short_url"]))
    event = record(ann, visitor_id=klid, event_name="signup", revenue=12.5)
    assert (event["visitor_id"], event["is_conversion"]) == (klid, True)
    found = ann.get("/api/v1/analytics").json["data"]
    assert (found["total_clicks"], found["conversions"], found["revenue"]) == (1, 1, 12.5)
