"""Links over the API: create, read, list, change, trash, restore, purge."""

from __future__ import annotations

import csv
import io
import re

import pytest

from klink.api.answers import Link, LinkList
from klink.db.models import Link as Row
from tests.api.bodies import FULL, SPLIT
from tests.api.conftest import MakeKey, Person, World
from tests.api.problems import assert_problem, rows
from tests.stats.visits import Visit, count


def test_a_created_link_is_shown_with_all_its_fields(owner: Person) -> None:
    reply = owner.post("links", {"url": "https://example.com/landing", "slug": "spring"})
    assert reply.status_code == 201
    link = reply.json
    assert link == {
        "id": link["id"],
        "number": link["number"],
        "slug": "spring",
        "domain": "go.example.org",
        "short_url": "https://go.example.org/spring",
        "url": "https://example.com/landing",
        "title": None,
        "description": None,
        "tags": [],
        "type": "direct",
        "post_id": None,
        "site_url": None,
        "site_verified_at": None,
        "scheduled_deletion_at": None,
        "routing": {"mode": "single", "variants": [], "rules": [], "default": None},
        "experiment": {
            "auto_winner": False,
            "threshold": 100,
            "winner": None,
            "decided_at": None,
        },
        "utm": dict.fromkeys(["source", "medium", "campaign", "content", "term"]),
        "forward_query": False,
        "redirect_status": 302,
        "conversion_tracking": False,
        "conversion_redirect_url": None,
        "starts_at": None,
        "expires_at": None,
        "max_clicks": None,
        "expired_url": None,
        "failover_url": None,
        "check": None,
        "password_protected": False,
        "is_active": True,
        "quarantined_at": None,
        "quarantined_by": None,
        "quarantine_reason": None,
        "clicks": 0,
        "views": 0,
        "unique_visitors": 0,
        "conversions": 0,
        "revenue": "0.00",
        "created_at": "2026-03-14T15:09:26Z",
        "updated_at": "2026-03-14T15:09:26Z",
    }
    assert reply.headers["Location"] == f"/api/v1/links/{link['id']}"
    assert reply.headers["ETag"] == '"1"'
    assert owner.get(reply.headers["Location"]).json == link


def test_every_field_that_is_sent_comes_back(owner: Person) -> None:
    link = owner.post("links", FULL | {"password": "open sesame"}).json
    shown = {name: link[name] for name in FULL}
    for variant in shown["routing"]["variants"]:
        assert (variant.pop("clicks"), variant.pop("conversions")) == (0, 0)
        assert variant.pop("check") is None
    for name in ("winner", "decided_at"):
        assert shown["experiment"].pop(name) is None
    assert shown == FULL
    assert link["password_protected"] is True
    assert link["url"] == "https://a.example/?x=ä"
    assert "open sesame" not in owner.get(f"links/{link['id']}").text


def test_a_link_that_is_read_can_be_sent_again_without_what_is_read_only(owner: Person) -> None:
    link = owner.link()
    for name in ("id", "number", "short_url", "site_verified_at", "scheduled_deletion_at"):
        assert_problem(
            owner.post("links", {"url": "https://a.example/", name: link[name]}), 422, "validation"
        )
    again = {
        name: value for name, value in link.items() if name in FULL or name in ("url", "domain")
    }
    again["experiment"] = {"auto_winner": False, "threshold": 100}
    again["slug"] = None
    assert owner.post("links", again).status_code == 201


def test_answers_are_as_the_description_says(owner: Person) -> None:
    link = owner.post("links", FULL).json
    assert Link().validate(link) == {}
    assert set(Link().fields) - {"existing"} == set(link)
    assert list(Link().fields)[: len(link)] == list(link)
    assert LinkList().validate(owner.get("links").json) == {}


def test_null_is_as_good_as_absent_in_a_new_link(owner: Person) -> None:
    empty = dict.fromkeys(
        ["slug", "domain", "title", "description", "tags", "post_id", "site_url", "utm",
         "starts_at", "expires_at", "max_clicks", "expired_url", "failover_url",
         "conversion_redirect_url", "password"]
    )  # fmt: skip
    link = owner.link(**empty, routing={"mode": None, "variants": None, "rules": None})
    assert re.fullmatch("[0-9A-Za-z]{7}", link["slug"])
    assert link["tags"] == []


def test_a_url_is_kept_as_sent(owner: Person) -> None:
    sent = "HTTPS://EXAMPLE.com:443/ä/../b?q=ü#frag"
    assert owner.link(url=sent)["url"] == sent


def test_any_offset_of_a_time_is_understood(owner: Person) -> None:
    link = owner.link(expires_at="2026-04-01T02:00:00.5+02:00", starts_at="2026-03-31T00:00:00")
    assert link["expires_at"] == "2026-04-01T00:00:00Z"
    assert link["starts_at"] == "2026-03-31T00:00:00Z"


def test_a_second_link_for_the_same_post_gives_the_first(owner: Person) -> None:
    post = {"type": "inpage", "post_id": "17"}
    first = owner.link(**post)
    reply = owner.post("links", {"url": "https://other.example/"} | post)
    assert reply.status_code == 200
    assert reply.json == first | {"existing": True}
    assert "Location" not in reply.headers


def test_a_teammate_sees_the_link_and_a_stranger_does_not(
    owner: Person, teammate: Person, stranger: Person
) -> None:
    link = owner.link()
    where = f"links/{link['id']}"
    assert teammate.get(where).json == link
    assert stranger.get("links").json == {"items": [], "next_cursor": None}
    before = rows()
    for reply in (
        stranger.get(where),
        stranger.patch(where, {"title": "mine"}),
        stranger.delete(where),
        stranger.delete(f"{where}?purge=true"),
        stranger.post(f"{where}/restore"),
        stranger.put(f"{where}/variants", SPLIT["routing"]["variants"]),
        stranger.get(f"{where}/stats"),
        stranger.get(f"{where}/clicks"),
    ):
        assert_problem(reply, 404, "not_found")
    assert rows() == before


def test_what_is_no_id_of_a_link_is_not_found(owner: Person) -> None:
    for name in (
        "42", "nonsense", "0198c2d4", "%00" * 36, "0198c2d4-0000-7000-8000-00000000000%00",
        "0198c2d4-0000-7000-8000-000000000000", "%ff", "é" * 36,
    ):  # fmt: skip
        assert_problem(owner.get(f"links/{name}"), 404, "not_found")


def test_an_id_may_be_in_capitals(owner: Person) -> None:
    link = owner.link()
    assert owner.get(f"links/{link['id'].upper()}").json == link


def test_the_explicit_mount_is_the_same_api(owner: Person) -> None:
    reply = owner.post("/klink/api/v1/links", {"url": "https://example.com/"})
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/klink/api/v1/links/{reply.json['id']}"
    assert owner.get(reply.headers["Location"]).json == reply.json


def test_caches_hear_of_a_change_after_its_commit(owner: Person, world: World) -> None:
    link = owner.link(slug="spring")
    assert [changed.slug for changed in world.announced] == ["spring"]
    owner.patch(f"links/{link['id']}", {"slug": "summer"})
    assert {changed.slug for changed in world.announced} == {"spring", "summer"}


def test_a_page_of_links_leads_to_the_next(owner: Person) -> None:
    made = [owner.link()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = owner.get(f"links?limit=2{f'&cursor={cursor}' if cursor else ''}").json
        seen += [link["id"] for link in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]


def test_lists_can_be_filtered_and_sorted(owner: Person, world: World) -> None:
    one = owner.link(slug="one", tags=["red"], title="Spring sale")
    two = owner.link(slug="two", url="https://shop.example/spring", is_active=False)
    three = owner.link(slug="three", tags=["red"], expires_at="2026-03-14T16:00:00Z")
    world.later(hours=2)

    def found(query: str) -> list[str]:
        return [link["slug"] for link in owner.get(f"links?{query}").json["items"]]

    assert found("q=spring") == ["two", "one"]
    assert found("tag=red&sort=slug") == ["one", "three"]
    assert found("state=active") == [one["slug"]]
    assert found("state=inactive") == [two["slug"]]
    assert found("state=expired") == [three["slug"]]
    assert found("domain=go.example.org&sort=created") == ["one", "two", "three"]
    assert found("domain=other.example") == []


def test_a_list_can_be_sorted_by_clicks(owner: Person, world: World) -> None:
    links = [owner.link(slug=slug) for slug in ("none", "two", "one", "none-yet")]
    count([Visit(world.now, links[i]["number"]) for i in (1, 2, 1)])
    down = owner.get("links?sort=-clicks").json["items"]
    assert [(x["slug"], x["clicks"]) for x in down] == [
        ("two", 2),
        ("one", 1),
        ("none", 0),
        ("none-yet", 0),
    ]
    page = owner.get("links?sort=clicks&limit=3").json
    rest = owner.get(f"links?sort=clicks&cursor={page['next_cursor']}").json["items"]
    assert [x["slug"] for x in page["items"] + rest] == ["none-yet", "none", "one", "two"]
    reply = owner.get(f"links?sort=-clicks&cursor={page['next_cursor']}")
    assert "cursor" in assert_problem(reply, 422, "validation")["errors"]


def test_all_links_of_a_list_come_in_one_file(owner: Person, world: World) -> None:
    spring = owner.link(slug="spring", title="=1+1", tags=["red"])
    owner.link(slug="other")
    count([Visit(world.now, spring["number"])])
    reply = owner.get("links?tag=red&limit=1&sort=slug", headers={"Accept": "text/csv"})
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="links.csv"'
    assert reply.headers["Vary"] == "Accept"
    (row,) = csv.DictReader(io.StringIO(reply.text))
    assert (row["id"], row["slug"], row["clicks"]) == (spring["id"], "spring", "1")
    assert (row["title"], row["tags"], row["is_active"]) == ("'=1+1", "red", "true")
    refused = owner.get("links?state=lost", headers={"Accept": "text/csv"})
    assert "state" in assert_problem(refused, 422, "validation")["errors"]


QUERIES = [
    ("limit=0", "limit"),
    ("limit=201", "limit"),
    ("limit=-1", "limit"),
    ("limit=1.5", "limit"),
    ("limit=1_0", "limit"),
    ("limit=" + "9" * 5000, "limit"),
    ("limit=", "limit"),
    ("sort=views", "sort"),
    ("state=gone", "state"),
    ("cursor=nonsense", "cursor"),
    ("cursor=%F0%9F%92%A9", "cursor"),
    ("q=%00", "q"),
    ("tag=%00", "tag"),
    ("q=" + "a" * 201, "q"),
    ("tags=red", "tags"),
]


def test_a_query_that_cannot_be_is_refused(owner: Person) -> None:
    for query, field in QUERIES:
        problem = assert_problem(owner.get(f"links?{query}"), 422, "validation")
        assert list(problem["errors"]) == [field]


def test_an_expiry_in_the_past_is_refused(owner: Person) -> None:
    problem = assert_problem(
        owner.post("links", {"url": "https://a.example/", "expires_at": "2026-03-14T15:09:26Z"}),
        422,
        "validation",
    )
    assert problem["errors"] == {"expires_at": ["must be in the future"]}


def test_a_link_of_a_verified_domain_shows_it(owner: Person, stranger: Person) -> None:
    from klink.db.models import Domain

    Domain.create(host="s.example", workspace=owner.workspace_id, verified_at=1, created_at=1)
    link = owner.link(domain="S.example", slug="x")
    assert (link["domain"], link["short_url"]) == ("s.example", "https://s.example/x")
    assert owner.link(slug="x")["domain"] == "go.example.org"
    reply = stranger.post("links", {"url": "https://a.example/", "domain": "s.example"})
    assert list(assert_problem(reply, 422, "validation")["errors"]) == ["domain"]


@pytest.mark.parametrize(
    "scope, method, path, body",
    [
        ("create", "POST", "links", {"url": "https://a.example/"}),
        ("create", "POST", "links/bulk", []),
        ("read", "GET", "links", None),
        ("read", "GET", "links/{id}", None),
        ("read", "GET", "links/{id}/stats", None),
        ("read", "GET", "links/{id}/clicks", None),
        ("read", "GET", "analytics", None),
        ("update", "PATCH", "links/{id}", {"title": "x"}),
        ("update", "PUT", "links/{id}/variants", SPLIT["routing"]["variants"]),
        ("update", "POST", "links/{id}/restore", None),
        ("delete", "DELETE", "links/{id}", None),
        ("delete", "DELETE", "links/{id}?purge=true", None),
    ],
)
def test_each_endpoint_needs_its_scope_and_no_other(
    owner: Person, owner_with: MakeKey, scope: str, method: str, path: str, body: object
) -> None:
    where = path.format(id=owner.link()["id"])
    others = [name for name in ("read", "create", "update", "delete") if name != scope]
    before = rows()
    reply = owner_with(scopes=others).ask(method, where, json=body)
    assert scope in assert_problem(reply, 403, "insufficient_scope")["detail"]
    assert rows() == before | {"Audit": before["Audit"] + 1}  # the key itself
    assert owner_with(scopes=[scope]).ask(method, where, json=body).status_code < 300


def test_two_links_are_all_that_the_plan_allows(owner_with: MakeKey, world: World) -> None:
    person = owner_with(plan="two-links")
    first, second = person.link(), person.link(expires_at="2026-03-14T16:00:00Z")
    assert_problem(person.post("links", {"url": "https://a.example/"}), 403, "link_limit_reached")
    paused = person.link(is_active=False)
    activate = person.patch(f"links/{paused['id']}", {"is_active": True})
    assert_problem(activate, 403, "link_limit_reached")
    world.later(hours=2)  # the second has expired
    third = person.link()
    person.delete(f"links/{first['id']}")
    assert person.patch(f"links/{paused['id']}", {"is_active": True}).status_code == 200
    assert_problem(person.post(f"links/{first['id']}/restore"), 403, "link_limit_reached")
    assert person.get("me").json["usage"]["links"] == 2
    assert {second["id"], third["id"]} <= {str(row.uid) for row in Row.select()}
