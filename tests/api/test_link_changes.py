"""Changing links over the API: PATCH, variants, If-Match, the trash and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import FULL, SPLIT
from tests.api.conftest import Person
from tests.api.problems import assert_problem, rows


def test_a_patch_changes_what_it_names_and_null_clears(owner: Person) -> None:
    link = owner.post("links", FULL).json
    where = f"links/{link['id']}"
    changed = owner.patch(
        where,
        {
            "title": None,
            "tags": ["autumn"],
            "utm": {"medium": "web", "campaign": None},
            "experiment": {"threshold": 200},
            "routing": {"default": "b"},
            "max_clicks": None,
            "expires_at": None,
            "expired_url": None,
            "conversion_redirect_url": None,
            "is_active": True,
        },
    ).json
    assert changed["title"] is None
    assert changed["tags"] == ["autumn"]
    assert changed["utm"] == FULL["utm"] | {"medium": "web", "campaign": None}
    assert changed["experiment"]["threshold"] == 200
    assert changed["experiment"]["auto_winner"] is True
    assert changed["routing"] == link["routing"] | {"default": "b"}
    assert changed["url"] == "https://b.example/"
    assert (changed["max_clicks"], changed["expires_at"], changed["expired_url"]) == (None,) * 3
    assert changed["conversion_redirect_url"] is None
    assert changed["description"] == link["description"]
    assert owner.get(where).json == changed


def test_null_clears_a_whole_group_where_that_has_a_meaning(owner: Person) -> None:
    link = owner.post("links", FULL | {"password": "secret"}).json
    changed = owner.patch(f"links/{link['id']}", {"utm": None, "tags": None, "password": None})
    assert set(changed.json["utm"].values()) == {None}
    assert changed.json["tags"] == []
    assert changed.json["password_protected"] is False


def test_null_clears_nothing_that_a_link_must_have(owner: Person) -> None:
    link = owner.link()
    for name in (
        "url", "slug", "type", "forward_query", "redirect_status", "is_active", "experiment",
        "routing", "conversion_tracking",
    ):  # fmt: skip
        reply = owner.patch(f"links/{link['id']}", {name: None})
        assert list(assert_problem(reply, 422, "validation")["errors"]) == [name]


UNSETTABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "x"}, "id", "read-only"),
    ({"number": 1}, "number", "read-only"),
    ({"clicks": 1}, "clicks", "read-only"),
    ({"created_at": "2026-01-01T00:00:00Z"}, "created_at", "read-only"),
    ({"domain": "other.example"}, "domain", "cannot be changed"),
    ({"experiment": {"winner": "a"}}, "experiment.winner", "read-only"),
    ({"experiment": {"threshold": 9}}, "experiment.threshold", "must be 10"),
    ({"colour": "red"}, "colour", "unknown"),
    ({"routing": {"weights": []}}, "routing.weights", "unknown"),
    (
        {
            "routing": {
                "variants": [
                    {"label": "a", "url": "https://a.example/", "weight": 100, "clicks": 3}
                ]
            }
        },
        "routing.variants.0.clicks",
        "read-only",
    ),
]


def test_what_cannot_be_set_is_refused_with_the_reason(owner: Person) -> None:
    link = owner.link()
    before = rows()
    for patch, field, text in UNSETTABLE:
        problem = assert_problem(owner.patch(f"links/{link['id']}", patch), 422, "validation")
        assert text in problem["errors"][field][0]
    assert rows() == before


def test_a_merge_patch_may_call_itself_one(owner: Person) -> None:
    link = owner.link()
    reply = owner.patch(
        f"links/{link['id']}", {"title": "x"}, content_type="application/merge-patch+json"
    )
    assert reply.json["title"] == "x"


def test_a_link_goes_from_one_destination_to_several_and_back(owner: Person) -> None:
    where = f"links/{owner.link()['id']}"
    routing = owner.patch(where, {"routing": SPLIT["routing"]}).json["routing"]
    assert routing["mode"] == "split"
    assert [variant["weight"] for variant in routing["variants"]] == [60, 40]
    back = owner.patch(where, {"url": "https://c.example/", "routing": {"variants": None}}).json
    assert back["routing"] == {"mode": "single", "variants": [], "rules": [], "default": None}
    assert back["url"] == "https://c.example/"


def test_replacing_variants_keeps_the_rules_that_still_have_theirs(owner: Person) -> None:
    routing = FULL["routing"] | {
        "rules": [
            {"when": {"country": ["US"]}, "use": "b"},
            {"when": {"country": ["CA"]}, "use": "a"},
        ]
    }
    where = f"links/{owner.post('links', FULL | {'routing': routing}).json['id']}"
    wanted = [
        {"label": "b", "url": "https://b.example/new", "weight": 50},
        {"label": "c", "url": "https://c.example/", "weight": 50},
    ]
    replaced = owner.put(f"{where}/variants", wanted)
    assert replaced.status_code == 200
    shown = replaced.json["routing"]
    assert [(v["label"], v["url"], v["weight"]) for v in shown["variants"]] == [
        ("b", "https://b.example/new", 50),
        ("c", "https://c.example/", 50),
    ]
    assert [rule["use"] for rule in shown["rules"]] == ["b"]
    assert shown["default"] is None
    assert owner.put(f"{where}/variants", {"variants": wanted}).status_code == 200


NO_VARIANTS: list[tuple[object, str]] = [
    ({}, "body"),
    ("a", "body"),
    ([{"label": "a", "url": "https://a.example/"}], "routing.variants.0.weight"),
    ([1], "routing.variants.0"),
    ([{"label": "a", "url": "https://a.example/", "weight": 99}], "routing.variants"),
    ([{"label": "a", "url": "ftp://a.example/", "weight": 100}], "routing.variants.0.url"),
]


def test_variants_that_cannot_be_are_refused(owner: Person) -> None:
    where = f"links/{owner.link()['id']}/variants"
    before = rows()
    for body, field in NO_VARIANTS:
        assert field in assert_problem(owner.put(where, body), 422, "validation")["errors"]
    assert rows() == before


def test_the_trash_answers_410_until_the_link_is_restored(owner: Person) -> None:
    link = owner.link(slug="spring")
    where = f"links/{link['id']}"
    reply = owner.delete(where)
    assert (reply.status_code, reply.data) == (204, b"")
    before = rows()
    for again in (
        owner.get(where),
        owner.delete(where),
        owner.patch(where, {"title": "x"}),
        owner.put(f"{where}/variants", SPLIT["routing"]["variants"]),
        owner.get(f"{where}/stats"),
        owner.get(f"{where}/clicks"),
    ):
        assert "restore" in assert_problem(again, 410, "gone")["detail"]
    assert_problem(
        owner.post("links", {"url": "https://b.example/", "slug": "spring"}), 409, "slug_taken"
    )
    assert rows() == before
    assert owner.get("links").json["items"] == []
    assert [item["id"] for item in owner.get("links?state=trashed").json["items"]] == [link["id"]]
    restored = owner.post(f"{where}/restore")
    assert (restored.status_code, restored.headers["ETag"]) == (200, '"3"')
    assert owner.get(where).json == restored.json
    assert owner.post(f"{where}/restore").json == restored.json


@pytest.mark.parametrize("is_trashed", [False, True])
def test_purging_frees_the_slug_from_the_trash_or_not(owner: Person, is_trashed: bool) -> None:
    link = owner.link(slug="spring")
    where = f"links/{link['id']}"
    if is_trashed:
        owner.delete(where)
    assert owner.delete(f"{where}?purge=true").status_code == 204
    assert_problem(owner.get(where), 404, "not_found")
    assert_problem(owner.post(f"{where}/restore"), 404, "not_found")
    assert owner.link(slug="spring")["id"] != link["id"]


def test_a_word_for_purge_that_is_no_boolean_deletes_nothing(owner: Person) -> None:
    where = f"links/{owner.link()['id']}"
    assert_problem(owner.delete(f"{where}?purge=yes"), 422, "validation")
    assert owner.get(where).status_code == 200


def test_a_change_is_made_when_if_match_names_the_version(owner: Person) -> None:
    where = f"links/{owner.link()['id']}"
    headers = ['"{}"', '"7", "{}"', '"x", "{}" , W/"{}"', "*", " * "]
    for version, header in enumerate(headers, start=1):
        match = {"If-Match": header.format(version, version)}
        reply = owner.patch(where, {"title": "x"}, headers=match)
        assert (reply.status_code, reply.headers["ETag"]) == (200, f'"{version + 1}"')


def test_a_change_for_another_version_is_412(owner: Person) -> None:
    where = f"links/{owner.link()['id']}"
    before = rows()
    for header in (
        '"2"', '"2", "3"', 'W/"1"', "1", '"1', "nonsense", "", '"01"', '"1" "2"', '"1", *',
        ",".join(['"1"'] * 21), '"' + "9" * 40 + '"',
    ):  # fmt: skip
        match = {"If-Match": header}
        for reply in (
            owner.patch(where, {"title": "x"}, headers=match),
            owner.put(f"{where}/variants", SPLIT["routing"]["variants"], headers=match),
            owner.delete(where, headers=match),
            owner.delete(f"{where}?purge=true", headers=match),
        ):
            assert_problem(reply, 412, "precondition_failed")
    assert rows() == before


def test_a_missing_link_is_404_whatever_if_match_says(owner: Person) -> None:
    reply = owner.patch(
        "links/0198c2d4-0000-7000-8000-000000000000", {}, headers={"If-Match": "nonsense"}
    )
    assert_problem(reply, 404, "not_found")
