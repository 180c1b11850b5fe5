from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from klink.core import keys, links, reports, users
from klink.core.principal import Principal
from klink.core.reports import NewReport
from tests.dialects.house import House, Person


@pytest.fixture
def house(db: str, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klink")


@pytest.fixture
def editor(house: House, owner: Person) -> Person:
    user = users.create(
        house.ctx, "editor@example.org", role="editor", workspace_id=owner.workspace_id
    )
    _, key = keys.create(
        house.ctx,
        workspace_id=owner.workspace_id,
        user_id=user.id,
        name="editor",
        dialect="klink",
        scopes=(),
    )
    return replace(owner, key=key, user_id=user.id)


def make(owner: Person, url: str = "https://rival.example/x", **fields: object) -> dict[str, Any]:
    reply = owner.post("/api/v1/links", {"url": url, **fields})
    assert reply.status_code == 201, reply.text
    return reply.json


def scan(house: House) -> None:
    for _ in links.Scan(house.ctx).steps():
        pass


def test_a_link_is_put_in_quarantine_and_taken_out(house: House, owner: Person):
    link = make(owner)
    path = f"/api/v1/links/{link['id']}"
    assert house.visit(link["short_url"]).status_code == 302
    reply = owner.post(f"{path}/quarantine", {"reason": "spam"})
    assert reply.status_code == 200
    shown = {name: reply.json[name] for name in reply.json if name.startswith("quarantine")}
    assert shown == {
        "quarantined_at": "2026-03-14T15:09:26Z",
        "quarantined_by": "workspace",
        "quarantine_reason": "spam",
    }
    assert reply.headers["ETag"] != owner.post(f"{path}/release").headers["ETag"]
    assert house.visit(link["short_url"]).status_code == 302
    owner.post(f"{path}/quarantine", {"reason": "spam"})
    assert house.visit(link["short_url"]).status_code == 404
    held = owner.get("/api/v1/links?state=quarantined").json["items"]
    assert [each["id"] for each in held] == [link["id"]]
    assert owner.get("/api/v1/links?state=active").json["items"] == []


def test_quarantine_needs_a_reason_a_role_and_a_link(house: House, owner: Person, editor: Person):
    path = f"/api/v1/links/{make(owner)['id']}"
    assert owner.post(f"{path}/quarantine", {}).status_code == 422
    assert owner.post(f"{path}/quarantine", {"reason": "x" * 501}).status_code == 422
    refused = editor.post(f"{path}/quarantine", {"reason": "spam"})
    assert (refused.status_code, refused.json["code"]) == (403, "insufficient_role")
    assert editor.post(f"{path}/release").status_code == 403
    stranger = house.person("klink", workspace="elsewhere")
    assert stranger.post(f"{path}/quarantine", {"reason": "spam"}).status_code == 404


def test_what_the_operator_holds_a_workspace_does_not_release(house: House, owner: Person):
    link = make(owner)
    operator = Principal(owner.workspace_id, owner.user_id, None, "cli", role="owner")
    links.quarantine(house.ctx, operator, link["id"], "abuse")
    refused = owner.post(f"/api/v1/links/{link['id']}/release")
    assert (refused.status_code, refused.json["code"]) == (403, "only_operator")


def test_a_workspace_keeps_a_list_of_its_own(house: House, owner: Person):
    link = make(owner)
    reply = owner.post("/api/v1/blocking", {"kind": "host", "value": "*.Rival.example"})
    assert reply.status_code == 201
    assert reply.json == {
        "id": reply.json["id"],
        "kind": "host",
        "value": "rival.example",
        "note": "",
        "by_operator": False,
        "created_at": "2026-03-14T15:09:26Z",
    }
    again = owner.post("/api/v1/blocking", {"kind": "host", "value": "rival.example"})
    assert (again.status_code, again.json) == (200, reply.json)
    assert owner.get("/api/v1/blocking").json == {"items": [reply.json], "next_cursor": None}
    assert owner.get("/api/v1/blocking?kind=allow").json["items"] == []
    refused = owner.post("/api/v1/links", {"url": "https://www.rival.example/"})
    assert refused.status_code == 422
    assert refused.json["errors"] == {"url": ["is blocked by this workspace's list of hosts"]}
    scan(house)
    assert house.visit(link["short_url"]).status_code == 404
    assert owner.post(f"/api/v1/links/{link['id']}/release").status_code == 200
    assert owner.delete(f"/api/v1/blocking/{reply.json['id']}").status_code == 204
    assert owner.delete(f"/api/v1/blocking/{reply.json['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "host"},
        {"kind": "x", "value": "a.example"},
        {"kind": "host", "value": "a b"},
        {"kind": "host", "value": "a.example", "id": 1},
    ],
)
def test_a_broken_entry_is_refused(owner: Person, body: dict[str, Any]):
    assert owner.post("/api/v1/blocking", body).status_code == 422


@pytest.mark.parametrize("number", ["0", "x", "-1", "9" * 30, "1.5"])
def test_what_is_no_entry_or_report_is_not_found(owner: Person, number: str):
    assert owner.delete(f"/api/v1/blocking/{number}").status_code == 404
    assert owner.post(f"/api/v1/reports/{number}/act").status_code == 404
    assert owner.post(f"/api/v1/reports/{number}/dismiss").status_code == 404


def test_lists_are_for_owners_and_admins(owner: Person, editor: Person):
    assert editor.get("/api/v1/blocking").status_code == 403
    assert editor.get("/api/v1/reports").status_code == 403
    body = {"kind": "host", "value": "rival.example"}
    assert editor.post("/api/v1/blocking", body).status_code == 403


def report(house: House, slug: str, reason: str = "phishing", text: str = "") -> None:
    new = NewReport(link=slug, reason=reason, text=text, email="ann@example.org")
    reports.take(house.ctx, new)


def test_reports_are_read_and_acted_on(house: House, owner: Person):
    link = make(owner, slug="spring")
    report(house, "spring", text="It asks for my bank")
    report(house, "spring", "spam")
    first = owner.get("/api/v1/reports?limit=1").json
    rest = owner.get(f"/api/v1/reports?cursor={first['next_cursor']}").json
    assert [each["reason"] for each in first["items"] + rest["items"]] == ["spam", "phishing"]
    shown = rest["items"][0]
    assert shown == {
        "id": shown["id"],
        "state": "open",
        "reason": "phishing",
        "text": "It asks for my bank",
        "count": 1,
        "at": "2026-03-14T15:09:26Z",
        "reported_at": "2026-03-14T15:09:26Z",
        "closed_at": None,
        "closed_by": None,
        "link": {
            "id": link["id"],
            "slug": "spring",
            "short_url": "https://go.example.org/spring",
            "url": "https://rival.example/x",
            "is_quarantined": False,
        },
    }
    done = owner.post(f"/api/v1/reports/{shown['id']}/act")
    assert (done.status_code, done.json["state"]) == (200, "acted")
    assert done.json["link"]["is_quarantined"]
    assert house.visit(link["short_url"]).status_code == 404
    assert owner.get("/api/v1/reports").json["items"] == []
    assert len(owner.get("/api/v1/reports?state=acted").json["items"]) == 2
    held = owner.get(f"/api/v1/links/{link['id']}").json
    assert held["quarantine_reason"] == "reported as phishing"


def test_a_report_is_dismissed_and_can_come_again(house: House, owner: Person):
    link = make(owner, slug="spring")
    report(house, "spring")
    [shown] = owner.get("/api/v1/reports").json["items"]
    done = owner.post(f"/api/v1/reports/{shown['id']}/dismiss").json
    assert (done["state"], done["closed_at"]) == ("dismissed", "2026-03-14T15:09:26Z")
    assert done["closed_by"] == "workspace"
    assert house.visit(link["short_url"]).status_code == 302
    report(house, "spring")
    [again] = owner.get("/api/v1/reports").json["items"]
    assert again["id"] != shown["id"]


def test_a_stranger_sees_no_report(house: House, owner: Person):
    make(owner, slug="spring")
    report(house, "spring")
    [shown] = owner.get("/api/v1/reports").json["items"]
    stranger = house.person("klink", workspace="elsewhere")
    assert stranger.get("/api/v1/reports").json["items"] == []
    assert stranger.post(f"/api/v1/reports/{shown['id']}/act").status_code == 404
    assert stranger.post(f"/api/v1/reports/{shown['id']}/dismiss").status_code == 404


@pytest.mark.parametrize("query", ["state=x", "limit=0", "limit=201", "cursor=x", "other=1"])
def test_a_broken_question_is_refused(owner: Person, query: str):
    assert owner.get(f"/api/v1/reports?{query}").status_code == 422


def test_a_purged_link_takes_its_reports_along(house: House, owner: Person):
    link = make(owner, slug="spring")
    report(house, "spring")
    assert owner.delete(f"/api/v1/links/{link['id']}?purge=true").status_code == 204
    assert owner.get("/api/v1/reports").json["items"] == []
