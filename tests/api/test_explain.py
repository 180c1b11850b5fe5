"""``GET /links/{id}/explain``: what a visitor would get, and why (contract: native)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from klink.clicks.geoip import CountryDatabase
from klink.core import links
from klink.core.links import uses_left
from klink.core.routing import split
from klink.core.visitors import visitor_id
from klink.db import connection
from klink.web.parts import Parts
from tests.api.conftest import NOW, Person
from tests.api.problems import assert_problem
from tests.mmdb import write_mmdb

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1"
)
HALVES = [
    {"label": "a", "url": "https://example.com/a", "weight": 50},
    {"label": "b", "url": "https://example.com/b", "weight": 50},
]
RULES = [
    {"when": {"country": "US"}, "use": "a"},
    {"when": {"device": "mobile", "language": "de"}, "use": "b"},
    {"when": {"query": {"n": "ü"}}, "use": "split"},
    {"when": {"after": "2027-01-01T00:00:00Z"}, "use": "b"},
]


@pytest.fixture
def parts(parts: Parts, tmp_path: Path) -> Parts:
    """With a country database."""
    nets = {
        "203.0.113.0/24": {"country_code": "US"},
        "2001:db8:1::/48": {"country_code": "JP"},
    }
    return replace(parts, geoip=CountryDatabase(write_mmdb(tmp_path / "geoip.mmdb", nets)))


def ask(who: Person, link: dict[str, Any], **facts: str) -> dict[str, Any]:
    reply = who.get(f"links/{link['id']}/explain", query_string=facts)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


@pytest.fixture
def ruled(owner: Person) -> dict[str, Any]:
    return owner.link(url=None, routing={"mode": "rules", "variants": HALVES, "rules": RULES})


def test_all_of_an_explanation(owner: Person, ruled: dict[str, Any]) -> None:
    assert ask(
        owner,
        ruled,
        ip="203.0.113.7",
        user_agent=PHONE,
        language="de-AT,en;q=0.5",
        at="2026-03-01T10:00:00+01:00",
    ) == {
        "outcome": "redirect",
        "status": 302,
        "location": "https://example.com/a",
        "variant": "a",
        "decided_by": "rule",
        "rule": {"index": 0, "when": {"country": ["US"]}},
        "shares": None,
        "visitor": {
            "country": "US",
            "device": "mobile",
            "os": "iOS",
            "browser": "Mobile Safari",
            "language": "de-at",
            "kind": "person",
            "reason": None,
        },
        "at": "2026-03-01T09:00:00Z",
    }


def test_what_is_not_given_is_unknown(owner: Person, ruled: dict[str, Any]) -> None:
    found = ask(owner, ruled)
    assert found["visitor"] == {
        "country": None,
        "device": None,
        "os": None,
        "browser": None,
        "language": None,
        "kind": "bot",
        "reason": "no user agent",
    }
    assert (found["variant"], found["decided_by"], found["rule"]) == ("a", "default", None)
    assert found["at"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    "facts,index",
    [
        ({"ip": "203.0.113.7"}, 0),
        ({"ip": "::ffff:203.0.113.7"}, 0),
        ({"ip": "2001:db8:1::7"}, None),
        ({"ip": "203.0.113.7", "country": "fr"}, None),
        ({"country": "us"}, 0),
        ({"user_agent": PHONE, "language": "de"}, 1),
        ({"user_agent": PHONE, "language": "en,de"}, None),
        ({"query": "n=%C3%BC&m=1"}, 2),
        ({"query": "?n=ü"}, 2),
        ({"query": "n=u"}, None),
        ({"at": "2027-01-01T00:00:00Z"}, 3),
        ({"at": "2027-01-01T00:59:59+01:00"}, None),
    ],
)
def test_each_fact_reaches_the_rules(
    owner: Person, ruled: dict[str, Any], facts: dict[str, str], index: int | None
) -> None:
    rule = ask(owner, ruled, **facts)["rule"]
    assert (None if rule is None else rule["index"]) == index


def test_without_a_visitor_a_split_tells_its_shares(owner: Person) -> None:
    found = ask(owner, owner.link(url=None, routing={"variants": HALVES}))
    assert (found["outcome"], found["status"]) == ("redirect", 302)
    assert (found["location"], found["variant"], found["decided_by"]) == (None, None, "split")
    assert found["shares"] == [{"label": "a", "weight": 50}, {"label": "b", "weight": 50}]


def test_a_split_that_leaves_no_choice_is_told(owner: Person) -> None:
    whole = [HALVES[0] | {"weight": 100}, HALVES[1] | {"weight": 0}]
    found = ask(owner, owner.link(url=None, routing={"variants": whole}))
    assert (found["variant"], found["location"]) == ("a", "https://example.com/a")


def test_with_a_visitor_it_is_the_variant_that_the_visitor_gets(owner: Person) -> None:
    made = owner.link(url=None, routing={"variants": HALVES})
    for n in range(20):
        visitor = visitor_id(b"x", str(n), "")
        found = ask(owner, made, visitor=visitor)
        link = links.compiled(1, made["slug"])
        assert link is not None
        wanted = split(link, visitor)
        assert wanted is not None
        assert (found["variant"], found["location"]) == (wanted.label, wanted.location)
        assert (found["decided_by"], found["shares"]) == ("split", None)


def test_a_rule_that_leaves_it_to_the_weights_is_named(
    owner: Person, ruled: dict[str, Any]
) -> None:
    found = ask(owner, ruled, query="n=ü")
    assert (found["decided_by"], found["variant"]) == ("split", None)
    assert found["rule"] == {"index": 2, "when": {"query": {"n": "ü"}}}
    assert len(found["shares"]) == 2


@pytest.mark.parametrize(
    "fields,later,outcome,status,location",
    [
        ({}, 0, "redirect", 302, "https://example.com/landing"),
        ({"conversion_tracking": True}, 0, "redirect", 302, "https://example.com/landing"),
        ({"redirect_status": 308}, 0, "redirect", 308, "https://example.com/landing"),
        ({"password": "open sesame"}, 0, "password", 200, None),
        ({"is_active": False}, 0, "gone", 410, None),
        ({"starts_at": "2026-04-01T00:00:00Z"}, 0, "not_found", 404, None),
        ({"expires_at": "2026-03-15T00:00:00Z"}, 1, "expired", 410, None),
        (
            {"expires_at": "2026-03-15T00:00:00Z", "expired_url": "https://example.com/over"},
            1,
            "expired",
            302,
            "https://example.com/over",
        ),
        ({"max_clicks": 1}, 0, "redirect", 302, "https://example.com/landing"),
    ],
)
def test_every_answer_of_a_link_with_one_destination(
    owner: Person,
    fields: dict[str, Any],
    later: int,
    outcome: str,
    status: int,
    location: str | None,
) -> None:
    at = (NOW + timedelta(days=later)).isoformat()
    found = ask(owner, owner.link(**fields), at=at)
    told = (found["outcome"], found["status"], found["location"])
    assert told == (outcome, status, location)
    is_live = outcome in ("redirect", "page", "password")
    assert found["decided_by"] == ("only" if is_live else None)
    assert (found["variant"], found["rule"], found["shares"]) == (None, None, None)


def test_a_page_tells_of_the_way_on(owner: Person) -> None:
    made = owner.link(url=None, type="inpage", routing={"variants": HALVES})
    found = ask(owner, made, query="a=1", visitor="v_0123456789abcdef")
    assert (found["outcome"], found["status"]) == ("page", 302)
    assert found["location"] == f"/{made['slug']}/page?a=1"
    assert found["variant"] in ("a", "b")
    assert ask(owner, made)["location"] == f"/{made['slug']}/page"


def test_a_use_is_not_taken_and_one_that_is_gone_is_told(owner: Person) -> None:
    made = owner.link(max_clicks=1)
    for _ in range(3):
        assert ask(owner, made, user_agent=PHONE)["outcome"] == "redirect"
    assert uses_left(made["number"], 1)
    with connection.write():
        assert links.take_use(made["number"], 1)
    assert [ask(owner, made)[name] for name in ("outcome", "status")] == ["limited", 410]
    owner.patch(f"links/{made['id']}", {"expired_url": "https://example.com/over"})
    found = ask(owner, made)
    assert (found["outcome"], found["location"]) == ("limited", "https://example.com/over")


def test_a_link_in_the_trash_is_explained(owner: Person) -> None:
    made = owner.link()
    owner.delete(f"links/{made['id']}")
    assert [ask(owner, made)[name] for name in ("outcome", "status")] == ["gone", 410]


@pytest.mark.parametrize(
    "facts,field",
    [
        ({"ip": "203.0.113"}, "ip"),
        ({"ip": "localhost"}, "ip"),
        ({"at": "tomorrow"}, "at"),
        ({"at": "9999-12-31T23:59:59Z"}, "at"),  # tomorrow somewhere, which no clock can say
        ({"at": "0001-01-01T00:00:00Z"}, "at"),
        ({"country": "UK"}, "country"),
        ({"country": "USA"}, "country"),
        ({"language": "!"}, "language"),
        ({"visitor": "v_1"}, "visitor"),
        ({"query": "a" * 8193}, "query"),
        ({"referrer": "x"}, "referrer"),
        ({"user_agent": "a\0"}, "user_agent"),
    ],
)
def test_facts_that_are_none_are_refused(owner: Person, facts: dict[str, str], field: str) -> None:
    reply = owner.get(f"links/{owner.link()['id']}/explain", query_string=facts)
    assert list(assert_problem(reply, 422, "validation")["errors"]) == [field]


def test_nobody_else_is_told(owner: Person, stranger: Person, teammate: Person) -> None:
    path = f"links/{owner.link()['id']}/explain"
    assert teammate.get(path).status_code == 200
    assert_problem(stranger.get(path), 404, "not_found")
    assert_problem(owner.get("links/nothing/explain"), 404, "not_found")
