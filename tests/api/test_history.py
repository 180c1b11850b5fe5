"""The history of links over the API, and the way back."""

from __future__ import annotations

from tests.api.bodies import SPLIT
from tests.api.conftest import MakeKey, Person, World
from tests.api.problems import assert_problem


def test_a_links_history_tells_who_changed_what_and_when(
    owner: Person, teammate: Person, world: World
) -> None:
    link = owner.link(title="Spring")
    world.later(hours=1)
    reply = teammate.patch(f"links/{link['id']}", {"title": None, "utm": {"source": "news"}})
    found = owner.get(f"links/{link['id']}/history").json
    assert found["next_cursor"] is None
    changed, created = found["items"]
    assert changed == {
        "version": int(reply.headers["ETag"].strip('"')),
        "at": "2026-03-14T16:09:26Z",
        "by": {"user": "teammate@example.org", "key": "test", "door": "klink"},
        "action": "link.update",
        "words": "changed",
        "restored": None,
        "changes": {"title": ["Spring", None], "utm.source": [None, "news"]},
        "is_current": True,
        "is_kept": True,
    }
    assert (created["words"], created["at"], created["changes"]) == (
        "created",
        "2026-03-14T15:09:26Z",
        {},
    )
    assert created["by"]["key"] == "test"


def test_fields_are_named_by_their_paths_in_the_link(owner: Person) -> None:
    link = owner.link()
    expiry = "2026-12-24T18:00:00Z"
    owner.patch(
        f"links/{link['id']}",
        {"routing": SPLIT["routing"], "experiment": {"threshold": 500}, "expires_at": expiry},
    )
    changes = owner.get(f"links/{link['id']}/history").json["items"][0]["changes"]
    assert changes["experiment.threshold"] == [100, 500]
    assert changes["expires_at"] == [None, expiry]
    assert changes["routing.mode"] == ["single", "split"]
    old, new = changes["routing.variants"]
    assert old == []
    assert [each["label"] for each in new] == ["a", "b"]


def test_a_version_is_restored_with_the_etag_of_the_link(owner: Person) -> None:
    link = owner.link(title="Spring")
    owner.patch(f"links/{link['id']}", {"title": "Summer"})
    where = f"links/{link['id']}/history/1/restore"
    assert_problem(owner.post(where, headers={"If-Match": '"1"'}), 412, "precondition_failed")
    reply = owner.post(where, headers={"If-Match": '"2"'})
    assert (reply.status_code, reply.json["title"]) == (200, "Spring")
    assert reply.headers["ETag"] == '"3"'
    newest = owner.get(f"links/{link['id']}/history?limit=1").json
    assert (newest["items"][0]["words"], newest["items"][0]["restored"]) == (
        "version 1 restored",
        1,
    )
    assert newest["next_cursor"] == "3"


def test_what_cannot_be_restored_is_refused(owner: Person, stranger: Person) -> None:
    link = owner.link(slug="spring")
    owner.patch(f"links/{link['id']}", {"slug": "summer"})
    owner.link(slug="spring")
    where = f"links/{link['id']}/history"
    assert_problem(owner.post(f"{where}/1/restore"), 409, "slug_taken")
    for version in ("9", "x", "0", "99999999999999999999", "-1"):
        assert_problem(owner.post(f"{where}/{version}/restore"), 404, "not_found")
    assert_problem(stranger.post(f"{where}/1/restore"), 404, "not_found")
    assert_problem(stranger.get(where), 404, "not_found")
    owner.delete(f"links/{link['id']}")
    assert_problem(owner.post(f"{where}/1/restore"), 410, "gone")
    assert owner.get(where).json["items"][0]["changes"] == {"trashed": [False, True]}


def test_a_key_that_may_only_read_restores_nothing(owner: Person, owner_with: MakeKey) -> None:
    link = owner.link()
    reader = owner_with(scopes=["read"])
    where = f"links/{link['id']}/history"
    assert reader.get(where).status_code == 200
    assert_problem(reader.post(f"{where}/1/restore"), 403, "insufficient_scope")


def test_a_page_that_cannot_be_is_refused(owner: Person) -> None:
    link = owner.link()
    for query in ("cursor=x", "limit=0", "limit=201", "page=1"):
        reply = owner.get(f"links/{link['id']}/history?{query}")
        assert_problem(reply, 422, "validation")
