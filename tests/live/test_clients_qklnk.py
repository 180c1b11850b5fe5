"""Clients of qklnk, with the requests and bodies of its reference."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.live.clients import Clients, Json, clients_of
from tests.live.server import BROWSER

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def qklnk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Their team has the domain that the document's body names."""
    folder = tmp_path_factory.mktemp("server")
    with clients_of("qklnk", folder, sqlite_template) as clients:
        now = int(time.time() * 1000)
        with closing(sqlite3.connect(folder / "klink.db", timeout=30)) as database, database:
            database.execute(
                "INSERT INTO domains (host, workspace_id, verified_at, created_at)"
                " SELECT 'example.com', id, ?, ? FROM workspaces",
                (now, now),
            )
        yield clients


@pytest.fixture(params=["curl.sh", "client.py", "client.mjs"])
def program(request: pytest.FixtureRequest) -> str:
    """qklnk's document prints requests and bodies; each of these sends all of them."""
    return str(request.param)


def ask(qklnk: Clients, program: str, endpoint: str, *slug: str, key: str = "") -> tuple[int, Json]:
    """Status and body of the answer that a program of qklnk's got."""
    if program == "curl.sh":
        reply = qklnk.curl(endpoint, *slug, key=key or None)
        assert reply.headers["x-ratelimit-limit"] == "60"
        assert 0 <= int(reply.headers["x-ratelimit-remaining"]) < 60
        return reply.status, reply.json if reply.body else None
    printed = qklnk.run(program, endpoint, *slug, key=key or None)
    assert printed.status == 0, printed.err
    status, body = json.loads(printed.out)
    return status, body


def data(answer: tuple[int, Json], status: int = 200) -> Json:
    assert answer[0] == status, answer
    return answer[1]["data"]


def test_get_current_user(qklnk: Clients, program: str) -> None:
    user = data(ask(qklnk, program, "user"))
    assert user.keys() == {"id", "name", "email", "team", "created_at"}
    assert user["team"].keys() == {"id", "name"}


def test_links_are_created_listed_read_updated_and_deleted(qklnk: Clients, program: str) -> None:
    link = data(ask(qklnk, program, "create"), 201)
    assert link["short_url"] == f"http://example.com/{link['slug']}"
    assert (link["destination"], link["clicks"]) == ("https://example.com/page", 0)
    visit = qklnk.visit(link["short_url"])
    assert (visit.status, visit.headers["location"]) == (
        302,
        "https://example.com/page?utm_source=api&utm_medium=email&utm_campaign=winter-sale"
        "&utm_content=body_button&utm_term=deal",
    )

    status, page = ask(qklnk, program, "list")
    assert status == 200
    assert page["data"][0]["id"] == link["id"]
    assert (page["meta"]["current_page"], page["meta"]["total"]) == (1, len(page["data"]))

    read = data(ask(qklnk, program, "get", link["slug"]))
    assert (read["id"], read["clicks"], read["unique_visitors"]) == (link["id"], 1, 1)

    changed = data(ask(qklnk, program, "update", link["slug"]))
    assert changed["destination"] == "https://example.com/new-page"
    utm = ("api", "email", "updated-campaign", "footer_link", "promo")
    names = ("source", "medium", "campaign", "content", "term")
    assert tuple(changed[f"utm_{name}"] for name in names) == utm
    assert qklnk.visit(link["short_url"]).headers["location"] == (
        "https://example.com/new-page?utm_source=api&utm_medium=email"
        "&utm_campaign=updated-campaign&utm_content=footer_link&utm_term=promo"
    )

    assert ask(qklnk, program, "delete", link["slug"]) == (204, None)
    assert qklnk.visit(link["short_url"]).status == 410
    assert ask(qklnk, program, "get", link["slug"]) == (404, {"message": "Not found."})


def test_events_and_clicks_stand_in_the_analytics(qklnk: Clients, program: str) -> None:
    before = data(ask(qklnk, program, "analytics"))
    link = data(ask(qklnk, program, "create"), 201)
    for number in range(3):
        qklnk.visit(link["short_url"], **{"User-Agent": f"{BROWSER} {program} {number}"})
    event = data(ask(qklnk, program, "record"), 201)
    assert isinstance(event.pop("id"), int)
    assert event.pop("occurred_at").endswith("Z")
    assert event == {
        "visitor_id": "v_abc123xyz",
        "event_name": "purchase",
        "revenue": 99.99,
        "is_conversion": True,
    }

    after = data(ask(qklnk, program, "analytics"))
    grown = {name: round(after[name] - before[name], 2) for name in before if name != "top_links"}
    assert grown == {"total_clicks": 3, "unique_visitors": 3, "conversions": 1, "revenue": 99.99}
    assert {
        "id": link["id"],
        "slug": link["slug"],
        "destination": "https://example.com/page",
        "clicks": 3,
    } in after["top_links"]


def test_validation_has_the_documents_words(qklnk: Clients, program: str) -> None:
    assert ask(qklnk, program, "record_nobody") == (
        422,
        {
            "message": "Validation failed",
            "errors": {"visitor_id": ["The visitor_id field is required."]},
        },
    )


def test_permissions(qklnk: Clients) -> None:
    reader = qklnk.another_key("--scope", "read")
    assert ask(qklnk, "curl.sh", "list", key=reader)[0] == 200
    for endpoint, permission in (
        ("create", "create"),
        ("record", "create"),
        ("update", "update"),
        ("delete", "delete"),
    ):
        status, body = ask(qklnk, "curl.sh", endpoint, "abc123", key=reader)
        assert (status, permission in body["message"]) == (403, True)
    writer = qklnk.another_key("--scope", "create")
    assert ask(qklnk, "curl.sh", "analytics", key=writer)[0] == 403
