"""Clients of Klook Up, written as its reference writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.clients import Clients, Json, clients_of
from tests.live.server import Reply

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def klookup(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with clients_of("klookup", tmp_path_factory.mktemp("server"), sqlite_template) as clients:
        yield clients


@pytest.fixture(scope="module")
def lenient(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """The same before a server that asks for no post_id and, for direct links, for no key."""
    settings = {
        "KLINK_DIALECTS__KLOOKUP__REQUIRE_POST_ID": "false",
        "KLINK_DIALECTS__KLOOKUP__ANONYMOUS": "true",
    }
    folder = tmp_path_factory.mktemp("lenient")
    with clients_of("klookup", folder, sqlite_template, **settings) as clients:
        yield clients


SHORT_SAMPLES = {
    "inpage.mjs": "https://example.com/file.zip",
    "client.ts": "https://example.com/",
    "create.py": "https://example.com/confidential.pdf",
    "create.php": "https://example.com/download",
}
"""The clients whose samples name no post, and where their links lead."""


def made_by(reply: Reply, status: int = 201) -> Json:
    assert (reply.status, reply.json["success"]) == (status, True)
    return reply.json["data"]


def assert_previewed(clients: Clients, short_url: str, *texts: str) -> None:
    """The address shows the page, with these texts; the code alone leads to it."""
    assert short_url.endswith("/page")
    page = clients.visit(short_url)
    assert page.status == 200
    shown = page.body.decode().replace("<wbr>", "")  # where a long host may break
    for text in (*texts, "Continue to Website"):
        assert text in shown
    code = clients.visit(short_url.removesuffix("/page"))
    assert code.status == 302
    assert code.headers["location"].endswith(short_url.split("/", 3)[3])


def test_minimal_example_by_curl(klookup: Clients) -> None:
    link = made_by(klookup.curl("minimal"))
    assert len(link["short_code"]) == 7
    visit = klookup.visit(link["short_url"])
    assert (visit.status, visit.headers["location"]) == (302, "https://your-site.com/landing")


def test_direct_link_is_created_listed_read_updated_and_deleted(klookup: Clients) -> None:
    link = made_by(klookup.curl("direct"))
    code = link["short_code"]
    created_at = link.pop("created_at")
    assert link == {
        "id": link["id"],
        "short_code": code,
        "short_url": f"http://127.0.0.1:{klookup.server.port}/{code}",
        "target_url": "https://example.com/article",
        "type": "direct",
        "title": "Read the full article",
        "description": None,
        "expires_at": None,
        "post_id": None,
        "site_url": None,
        "site_verified_at": None,
    }
    assert klookup.visit(link["short_url"], **{"CF-IPCountry": "PH"}).status == 302

    page = made_by(klookup.curl("list"), 200)
    assert page["links"][0] == {
        "id": link["id"],
        "short_code": code,
        "target_url": "https://example.com/article",
        "link_type": "direct",
        "title": "Read the full article",
        "clicks": 1,
        "views": 1,
        "is_active": 1,
        "expires_at": None,
        "created_at": created_at,
    }
    count = len(page["links"])
    assert page["pagination"] == {
        "page": 1,
        "limit": 20,
        "total_count": count,
        "total_pages": 1,
        "has_more": False,
    }

    number = str(link["id"])
    stats = made_by(klookup.curl("get", number), 200)["stats"]
    [today] = stats.pop("recent_clicks")
    assert today["count"] == 1
    assert stats == {
        "total_clicks": 1,
        "clicks_by_country": {"PH": 1},
        "clicks_by_device": {"mobile": 0, "desktop": 1, "tablet": 0},
        "clicks_by_browser": {"Chrome": 1},
    }

    changed = made_by(klookup.curl("update", number), 200)
    assert changed.pop("updated_at")
    assert changed == {
        "id": link["id"],
        "short_code": code,
        "title": "Updated article title",
        "is_active": 1,
        "expires_at": "2026-06-30T23:59:59Z",
    }

    gone = made_by(klookup.curl("delete", number), 200)
    assert gone == {"message": "Link deleted successfully"}
    assert klookup.visit(link["short_url"]).status == 404
    assert klookup.curl("get", number).status == 404


def test_inpage_request_by_curl_gives_the_existing_link_when_sent_again(
    klookup: Clients,
) -> None:
    link = made_by(klookup.curl("inpage"))
    assert "existing" not in link
    assert (link["post_id"], link["site_url"]) == ("post_789", "https://yoursite.com/downloads")
    assert_previewed(
        klookup, link["short_url"], "example.com", "Download our app", "Verified safe by Klook Up"
    )
    assert made_by(klookup.curl("inpage"), 200) == link | {"existing": True}


def test_guide_by_curl_gives_a_safety_preview(klookup: Clients) -> None:
    link = made_by(klookup.curl("guide"))
    assert (link["type"], link["post_id"]) == ("inpage", "post_42")
    assert link["target_url"] == "https://example.com/sensitive-download.zip"
    assert_previewed(klookup, link["short_url"], "example.com", "Download: Example App v2.0")


def test_snippet_by_curl_names_no_post(klookup: Clients, lenient: Clients) -> None:
    refused = klookup.curl("snippet")
    assert refused.status == 400
    assert refused.json["success"] is False
    assert refused.json["error"]
    assert refused.json["details"].keys() == {"post_id"}
    link = made_by(lenient.curl("snippet"))
    assert link["post_id"] is None
    assert_previewed(lenient, link["short_url"], "your-destination.com", "Visit our partner site")


@pytest.mark.parametrize("program", SHORT_SAMPLES)
def test_samples_print_a_preview_where_no_post_is_asked_for(lenient: Clients, program: str) -> None:
    [short_url] = lenient.lines(program)
    assert_previewed(lenient, short_url, "example.com")
    links = made_by(lenient.curl("list"), 200)["links"]
    assert links[0]["short_code"] == short_url.split("/")[-2]
    assert links[0]["target_url"].rstrip("/") == SHORT_SAMPLES[program].rstrip("/")


@pytest.mark.parametrize("program", SHORT_SAMPLES)
def test_samples_tell_the_error_where_a_post_is_asked_for(klookup: Clients, program: str) -> None:
    refused = klookup.run(program)
    assert refused.status != 0
    assert refused.out == ""
    told = "400 Client Error" if program == "create.py" else klookup.curl("snippet").json["error"]
    assert told in refused.err


@pytest.mark.parametrize("program", ["client.ts", "create.py", "create.php"])
def test_samples_with_a_post_get_the_same_link_for_it_each_time(
    klookup: Clients, program: str
) -> None:
    first, again = (klookup.lines(program, f"post of {program}") for _ in range(2))
    assert first == again
    assert_previewed(klookup, first[0], "example.com")


def test_errors_have_the_statuses_of_the_table_and_the_envelope(klookup: Clients) -> None:
    number = str(made_by(klookup.curl("minimal"))["id"])
    klookup.server.klink("workspaces", "create", "elsewhere")
    stranger = klookup.another_key("--workspace", "elsewhere")
    for sample, key, status in (
        ("snippet", None, 400),
        ("minimal", "klup_your_api_key_here", 401),
        ("update", stranger, 403),
        ("delete", stranger, 403),
        ("get", stranger, 404),
    ):
        refused = klookup.curl(sample, number, key=key)
        assert refused.status == status
        assert refused.json["success"] is False
        assert refused.json["error"]
        assert refused.json.get("details", {}).keys() == ({"post_id"} if status == 400 else set())


def test_without_a_key_makes_five_links_and_no_sixth(lenient: Clients) -> None:
    for _ in range(5):
        assert lenient.curl("without_a_key").status == 201
    refused = lenient.curl("without_a_key")
    assert refused.status == 429
    assert refused.json["success"] is False
    assert refused.json["error"].startswith("Rate limit exceeded. Try again after 20")
