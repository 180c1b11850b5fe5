"""Tags over the API."""

from __future__ import annotations

from tests.api.conftest import MakeKey, Person
from tests.api.problems import assert_problem

ODD = "a/b?c=d&e #%2F"


def test_tags_are_listed_with_their_counts(owner: Person, stranger: Person) -> None:
    owner.link(tags=["a", "b"])
    gone = owner.link(tags=["b"])
    owner.delete(f"links/{gone['id']}")
    stranger.link(tags=["theirs"])
    assert owner.get("tags").json == {
        "items": [
            {"tag": "a", "links": 1, "trashed": 0},
            {"tag": "b", "links": 1, "trashed": 1},
        ],
        "next_cursor": None,
    }
    page = owner.get("tags?limit=1").json
    assert [each["tag"] for each in page["items"]] == ["a"]
    rest = owner.get("tags", query_string={"cursor": page["next_cursor"]}).json
    assert [each["tag"] for each in rest["items"]] == ["b"]


def test_a_tag_is_renamed_on_all_links_whatever_characters_it_has(owner: Person) -> None:
    link = owner.link(tags=[ODD, "x"])
    before = owner.get(f"links/{link['id']}").headers["ETag"]
    reply = owner.patch("tags", {"name": "plain"}, query_string={"tag": ODD})
    assert (reply.status_code, reply.json) == (200, {"changed": 1})
    now = owner.get(f"links/{link['id']}")
    assert now.json["tags"] == ["plain", "x"]
    assert now.headers["ETag"] != before
    assert owner.get("links", query_string={"tag": "plain"}).json["items"][0]["id"] == link["id"]


def test_a_tag_is_deleted_from_all_links(owner: Person) -> None:
    link = owner.link(tags=["a", "b"])
    assert owner.delete("tags?tag=a").json == {"changed": 1}
    assert owner.get(f"links/{link['id']}").json["tags"] == ["b"]
    assert_problem(owner.delete("tags?tag=a"), 404, "not_found")


def test_what_cannot_be_is_refused(owner: Person, owner_with: MakeKey) -> None:
    owner.link(tags=["a"])
    reply = owner.patch("tags?tag=a", {"name": "x" * 51})
    assert list(assert_problem(reply, 422, "validation")["errors"]) == ["name"]
    assert_problem(owner.patch("tags?tag=a", {}), 422, "validation")
    assert_problem(owner.patch("tags", {"name": "b"}), 422, "validation")
    assert_problem(owner.patch("tags?tag=zzz", {"name": "b"}), 404, "not_found")
    assert_problem(owner.get("tags?cursor=%3F"), 422, "validation")
    reader = owner_with(scopes=["read"])
    assert_problem(reader.patch("tags?tag=a", {"name": "b"}), 403, "insufficient_scope")
    assert_problem(reader.delete("tags?tag=a"), 403, "insufficient_scope")
