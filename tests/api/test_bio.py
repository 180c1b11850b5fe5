"""Bio pages over the API."""

from __future__ import annotations

from typing import Any

import pytest

from klink.api.bio_schemas import BioPage, BioPageList
from klink.core.bio import MAX_BYTES
from tests.api.conftest import MakeKey, Person
from tests.api.problems import assert_problem
from tests.core.bio.files import exif, jpeg, png


@pytest.fixture
def link(owner: Person) -> str:
    """A link's id."""
    made = owner.post("links", {"url": "https://example.com/", "slug": "shop", "title": "Shop"})
    return str(made.json["id"])


@pytest.fixture
def page(owner: Person, link: str) -> dict[str, Any]:
    reply = owner.post("bio-pages", {"name": "acme", "links": [{"link": link}]})
    assert reply.status_code == 201
    return dict(reply.json)


def test_a_page_is_made_whole(owner: Person, link: str) -> None:
    reply = owner.post(
        "bio-pages",
        {
            "name": "ACME",
            "title": "Acme",
            "text": "We make\nthings.",
            "is_published": True,
            "links": [{"link": link, "label": "Our shop"}],
        },
    )
    assert reply.status_code == 201
    assert reply.headers["Location"] == "/api/v1/bio-pages/acme"
    assert reply.headers["ETag"] == '"3"'
    made = reply.json
    assert made == {
        "id": made["id"],
        "name": "acme",
        "url": "https://go.example.org/@acme",
        "title": "Acme",
        "text": "We make\nthings.",
        "is_published": True,
        "picture": None,
        "link_count": 1,
        "created_at": "2026-03-14T15:09:26Z",
        "updated_at": "2026-03-14T15:09:26Z",
        "links": [
            {
                "link": link,
                "slug": "shop",
                "short_url": "https://go.example.org/shop",
                "label": "Our shop",
                "shown_label": "Our shop",
                "state": "shown",
                "clicks": 0,
            }
        ],
    }
    assert BioPage().validate(made) == {}
    assert owner.get("bio-pages/Acme").json == made
    listed = owner.get("bio-pages").json
    assert BioPageList().validate(listed) == {}
    assert listed == {"items": [{name: made[name] for name in made if name != "links"}]}


def test_a_page_that_cannot_have_its_links_is_not_made(owner: Person, link: str) -> None:
    links = [{"link": link}, {"link": "0198c5a0-0000-7000-8000-000000000000"}]
    reply = owner.post("bio-pages", {"name": "acme", "links": links})
    assert_problem(reply, 422, "validation")
    assert list(reply.json["errors"]) == ["links"]
    assert owner.get("bio-pages").json["items"] == []


def test_what_is_not_named_stays(owner: Person, page: dict[str, Any]) -> None:
    changed = owner.patch("bio-pages/acme", {"title": "Acme", "is_published": True}).json
    assert (changed["title"], changed["is_published"]) == ("Acme", True)
    assert changed["links"] == page["links"]
    cleared = owner.patch("bio-pages/acme", {"title": None, "text": None, "links": []}).json
    assert (cleared["title"], cleared["text"], cleared["links"]) == (None, None, [])
    assert cleared["is_published"]


def test_a_page_gets_another_name_and_links_at_once(
    owner: Person, page: dict[str, Any], link: str
) -> None:
    changes = {"name": "acme-co", "links": [{"link": link, "label": "New"}]}
    changed = owner.patch("bio-pages/acme", changes).json
    assert (changed["name"], changed["links"][0]["label"]) == ("acme-co", "New")
    assert_problem(owner.get("bio-pages/acme"), 404, "not_found")


def test_a_name_is_taken_once(owner: Person, stranger: Person, page: dict[str, Any]) -> None:
    assert_problem(stranger.post("bio-pages", {"name": "Acme"}), 409, "name_taken")
    stranger.post("bio-pages", {"name": "beta"})
    assert_problem(stranger.patch("bio-pages/beta", {"name": "acme"}), 409, "name_taken")


def test_a_workspace_has_at_most_ten(owner: Person) -> None:
    for number in range(10):
        assert owner.post("bio-pages", {"name": f"page-{number}"}).status_code == 201
    assert_problem(owner.post("bio-pages", {"name": "one-more"}), 409, "conflict")


def test_the_same_request_makes_one_page(owner: Person) -> None:
    headers = {"Idempotency-Key": "once"}
    first = owner.post("bio-pages", {"name": "acme"}, headers=headers)
    again = owner.post("bio-pages", {"name": "acme"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    "change,field",
    [
        ({"name": "admin"}, "name"),
        ({"name": None}, "name"),
        ({"title": "x" * 101}, "title"),
        ({"title": 5}, "title"),
        ({"text": "x" * 1001}, "text"),
        ({"is_published": "yes"}, "is_published"),
        ({"links": [{}]}, "links.0.link"),
        ({"links": [{"link": "x"}]}, "links"),
        ({"links": [{"link": "x", "label": "x" * 101}]}, "links.0.label"),
        ({"links": [{"link": "x", "clicks": 5}]}, "links.0.clicks"),
        ({"links": [{"link": "x"}] * 101}, "links"),
        ({"url": "https://example.com/"}, "url"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_what_cannot_be_accepted_is_told_by_its_field(
    owner: Person, page: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    reply = owner.patch("bio-pages/acme", change)
    assert_problem(reply, 422, "validation")
    assert list(reply.json["errors"]) == [field]
    assert owner.get("bio-pages/acme").json == page


def test_a_version_that_is_gone_changes_nothing(owner: Person, page: dict[str, Any]) -> None:
    etag = owner.get("bio-pages/acme").headers["ETag"]
    headers = {"If-Match": etag}
    assert owner.patch("bio-pages/acme", {"title": "A"}, headers=headers).status_code == 200
    for method, path, more in (
        ("PATCH", "bio-pages/acme", {"json": {"title": "B"}}),
        ("DELETE", "bio-pages/acme", {}),
        ("PUT", "bio-pages/acme/picture", {"data": png()}),
        ("DELETE", "bio-pages/acme/picture", {}),
    ):
        reply = owner.ask(method, path, headers=headers, **more)
        assert_problem(reply, 412, "precondition_failed")


def test_a_page_is_deleted_and_its_link_stays(
    owner: Person, page: dict[str, Any], link: str
) -> None:
    assert owner.delete("bio-pages/acme").status_code == 204
    assert_problem(owner.get("bio-pages/acme"), 404, "not_found")
    assert owner.get(f"links/{link}").status_code == 200


def test_a_picture_is_sent_as_it_is(owner: Person, page: dict[str, Any]) -> None:
    for kind in ("image/jpeg", "image/png", "application/octet-stream"):
        reply = owner.ask(
            "PUT", "bio-pages/acme/picture", data=jpeg(16, 8, exif()), content_type=kind
        )
        assert reply.status_code == 200
    told = reply.json["picture"]
    assert (told["type"], told["width"], told["height"]) == ("image/jpeg", 16, 8)
    assert told["url"].startswith("https://go.example.org/_bio/acme/")
    assert BioPage().validate(reply.json) == {}
    assert owner.delete("bio-pages/acme/picture").status_code == 204
    assert owner.get("bio-pages/acme").json["picture"] is None


def test_what_is_no_picture_is_refused(owner: Person, page: dict[str, Any]) -> None:
    def put(data: bytes, kind: str = "image/png") -> Any:
        return owner.ask("PUT", "bio-pages/acme/picture", data=data, content_type=kind)

    assert_problem(put(b"<svg/>"), 422, "validation")
    assert_problem(put(b""), 422, "validation")
    assert_problem(put(png(), "image/svg+xml"), 415, "unsupported_media_type")
    assert_problem(put(b'{"a": 1}', "application/json"), 415, "unsupported_media_type")
    assert_problem(put(png() + b"x" * MAX_BYTES), 413, "body_too_large")
    assert owner.get("bio-pages/acme").json == page


def test_strangers_find_nothing(stranger: Person, page: dict[str, Any]) -> None:
    assert stranger.get("bio-pages").json == {"items": []}
    for method, path, more in (
        ("GET", "bio-pages/acme", {}),
        ("PATCH", "bio-pages/acme", {"json": {"title": "B"}}),
        ("DELETE", "bio-pages/acme", {}),
        ("PUT", "bio-pages/acme/picture", {"data": png()}),
        ("DELETE", "bio-pages/acme/picture", {}),
    ):
        assert_problem(stranger.ask(method, path, **more), 404, "not_found")


def test_a_key_needs_its_scopes(owner_with: MakeKey, page: dict[str, Any]) -> None:
    reader = owner_with(scopes=["read"])
    assert reader.get("bio-pages/acme").status_code == 200
    for method, path, more in (
        ("POST", "bio-pages", {"json": {"name": "other"}}),
        ("PATCH", "bio-pages/acme", {"json": {"title": "B"}}),
        ("DELETE", "bio-pages/acme", {}),
        ("PUT", "bio-pages/acme/picture", {"data": png()}),
        ("DELETE", "bio-pages/acme/picture", {}),
    ):
        assert_problem(reader.ask(method, path, **more), 403, "insufficient_scope")
