"""Clients of Kliqs, with the requests of its documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.clients import Clients, clients_of

pytestmark = pytest.mark.live

PRODUCT = "https://marketku.id/products/8f3f4f3f-1231-1231-1231"


@pytest.fixture(scope="module")
def kliqs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with clients_of("kliqs", tmp_path_factory.mktemp("server"), sqlite_template) as clients:
        yield clients


def test_authentication_by_curl_makes_a_link(kliqs: Clients) -> None:
    made = kliqs.curl("create")
    assert (made.status, made.json["success"]) == (201, True)
    link = made.json["data"]
    assert link.keys() == {
        "id",
        "short_code",
        "short_url",
        "destination_url",
        "title",
        "created_at",
    }
    assert link["destination_url"] == PRODUCT
    assert link["short_url"] == f"http://127.0.0.1:{kliqs.server.port}/{link['short_code']}"
    visit = kliqs.visit(link["short_url"])
    assert (visit.status, visit.headers["location"]) == (302, PRODUCT)


def test_every_field_of_the_request_body(kliqs: Clients) -> None:
    made = kliqs.curl("everything")
    assert made.status == 201
    link = made.json["data"]
    assert (link["short_code"], link["title"]) == ("vps-murah", "VPS Murah")
    form = kliqs.visit(link["short_url"])
    assert (form.status, b'type="password"' in form.body) == (200, True)


def test_shop_body_by_curl(kliqs: Clients) -> None:
    made = kliqs.curl("product")
    assert made.status == 201
    assert (made.json["data"]["short_code"], made.json["data"]["title"]) == (
        "produk-sepatu-001",
        "Produk Sepatu",
    )
    again = kliqs.curl("product")
    assert (again.status, again.json["error"]) == (409, "SLUG_ALREADY_EXISTS")


@pytest.mark.parametrize("program", ["shop.py", "shop.mjs"])
def test_shop_gets_links_for_its_messages_and_copes_with_a_taken_slug(
    kliqs: Clients, program: str
) -> None:
    slug = program.replace(".", "-")
    first, again = (kliqs.lines(program, "8f3f4f3f", slug, "VPS Murah") for _ in range(2))
    short_url = f"http://127.0.0.1:{kliqs.server.port}/{slug}"
    assert first == ["New product available:", "VPS Murah", short_url]
    assert again[:2] == first[:2]
    for url in {short_url, again[2]}:
        visit = kliqs.visit(url)
        assert visit.status == 302
        assert visit.headers["location"] == "https://marketku.id/products/8f3f4f3f"
    assert again[2] != short_url
    refused = kliqs.run(program, "8f3f4f3f", "admin", "VPS Murah")
    assert refused.status == 1
    assert "RESERVED_SLUG: " in refused.err


@pytest.mark.parametrize(
    "sample, body, key, status, code",
    [
        ("without_a_key", "", None, 401, "UNAUTHORIZED"),
        ("create", "", "kliqs_sk_live_xxxxxxxxx", 401, "INVALID_API_KEY"),
        ("post", '{"url":"marketku.id"}', None, 400, "INVALID_URL"),
        ("post", '{"url":"https://marketku.id","slug":"api"}', None, 400, "RESERVED_SLUG"),
    ],
)
def test_error_codes(
    kliqs: Clients, sample: str, body: str, key: str | None, status: int, code: str
) -> None:
    refused = kliqs.curl(sample, body, key=key)
    assert refused.status == status
    assert refused.json.keys() == {"success", "error", "message"}
    assert (refused.json["success"], refused.json["error"]) == (False, code)


def test_error_codes_of_keys_and_plans(kliqs: Clients) -> None:
    monthly = kliqs.another_key("--plan", "one-a-month")  # the month is the whole workspace's
    kliqs.curl("create")
    spent = kliqs.curl("create", key=monthly)
    assert (spent.status, spent.json["error"]) == (429, "API_LIMIT_REACHED")

    free = kliqs.another_key("--plan", "kliqs-free")
    for _ in range(5):
        kliqs.curl("create")
    full = kliqs.curl("create", key=free)
    assert (full.status, full.json["error"]) == (403, "SHORTLINK_LIMIT_REACHED")

    leaked = kliqs.another_key()
    newest = json.loads(kliqs.server.klink("keys", "list", "--json"))[-1]
    kliqs.server.klink("keys", "revoke", newest["id"])
    revoked = kliqs.curl("create", key=leaked)
    assert (revoked.status, revoked.json["error"]) == (401, "REVOKED_API_KEY")
