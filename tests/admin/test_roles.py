"""Every screen of the admin page, asked for by everybody.

The table says what is right; nothing of it is taken from the code. Who is refused changes nothing.
"""

from __future__ import annotations

import re
from typing import Any

from klink.core import users
from tests.admin.office import Browser, Office, Page, Person
from tests.admin.stage import ROLES, Stage, everything, screens

TABLE = """
                                                   nobody viewer editor admin stranger owner
GET  /                                                 in     ok     ok    ok       ok    ok
GET  /bio                                              in     ok     ok    ok       ok    ok
POST /bio                                              in     no     ok    ok       ok    ok
GET  /bio-name                                         in     ok     ok    ok       ok    ok
GET  /bio/<name>                                       in     ok     ok    ok       --    ok
POST /bio/<name>                                       in     no     ok    ok       --    ok
POST /bio/<name>/delete                                in     no     ok    ok       --    ok
POST /bio/<name>/links                                 in     no     ok    ok       --    ok
POST /bio/<name>/links/<uid>                           in     no     ok    ok       --    ok
POST /bio/<name>/links/<uid>/move                      in     no     ok    ok       --    ok
POST /bio/<name>/links/<uid>/remove                    in     no     ok    ok       --    ok
POST /bio/<name>/name                                  in     no     ok    ok       --    ok
GET  /bio/<name>/picture                               in     ok     ok    ok       --    ok
POST /bio/<name>/picture                               in     no     ok    ok       --    ok
POST /bio/<name>/picture/remove                        in     no     ok    ok       --    ok
POST /bio/<name>/publish                               in     no     ok    ok       --    ok
GET  /conversions                                      in     ok     ok    ok       ok    ok
GET  /invite/<token>                                   ok     ok     ok    ok       ok    ok
POST /invite/<token>                                   ok     ok     ok    ok       ok    ok
GET  /links                                            in     ok     ok    ok       ok    ok
GET  /links/<uid>                                      in     ok     ok    ok       --    ok
GET  /links/<uid>/clicks                               in     ok     ok    ok       --    ok
GET  /links/<uid>/clicks.csv                           in     ok     ok    ok       --    ok
POST /links/<uid>/disable                              in     no     ok    ok       --    ok
GET  /links/<uid>/edit                                 in     no     ok    ok       --    ok
POST /links/<uid>/edit                                 in     no     ok    ok       --    ok
POST /links/<uid>/enable                               in     no     ok    ok       --    ok
GET  /links/<uid>/history                              in     ok     ok    ok       --    ok
POST /links/<uid>/history/<version>                    in     no     ok    ok       --    ok
POST /links/<uid>/purge                                in     no     ok    ok       --    ok
GET  /links/<uid>/qr                                   in     ok     ok    ok       --    ok
GET  /links/<uid>/qr.png                               in     ok     ok    ok       --    ok
GET  /links/<uid>/qr.svg                               in     ok     ok    ok       --    ok
POST /links/<uid>/restore                              in     no     ok    ok       --    ok
POST /links/<uid>/trash                                in     no     ok    ok       --    ok
POST /links/<uid>/winner                               in     no     ok    ok       --    ok
POST /links/<uid>/winner/undo                          in     no     ok    ok       --    ok
POST /links/explain-draft                              in     no    see   see       --   see
GET  /links/export                                     in     ok     ok    ok       ok    ok
POST /links/export                                     in    see    see   see      see   see
POST /links/many                                       in     no     ok    ok      see    ok
GET  /links/new                                        in     no     ok    ok       ok    ok
POST /links/new                                        in     no     ok    ok       ok    ok
GET  /live                                             in     ok     ok    ok       ok    ok
GET  /reports                                          in     no     no    ok       ok    ok
POST /reports/<int:number>/act                         in     no     no    ok       --    ok
POST /reports/<int:number>/dismiss                     in     no     no    ok       --    ok
GET  /settings/account                                 in     ok     ok    ok       ok    ok
POST /settings/account/leave                           in     ok     ok    ok       ok    ok
POST /settings/account/name                            in     ok     ok    ok       ok    ok
POST /settings/account/password                        in     ok     ok    ok       ok    ok
GET  /settings/account/second-factor                   in     ok     ok    ok       ok    ok
POST /settings/account/second-factor                   in     ok     ok    ok       ok    ok
POST /settings/account/second-factor/off               in     ok     ok    ok       ok    ok
POST /settings/account/sessions/<int:session_id>/end   in     ok     ok    ok       --    ok
POST /settings/account/sessions/end-others             in     ok     ok    ok       ok    ok
GET  /settings/audit                                   in     no     no    ok       ok    ok
GET  /settings/blocking                                in     no     no    ok       ok    ok
POST /settings/blocking                                in     no     no    ok       ok    ok
POST /settings/blocking/<int:number>/remove            in     no     no    ok       --    ok
GET  /settings/domains                                 in     ok     ok    ok       ok    ok
POST /settings/domains                                 in     no     no    ok       ok    ok
GET  /settings/domains/<host>                          in     ok     ok    ok       --    ok
POST /settings/domains/<host>                          in     no     no    ok       --    ok
POST /settings/domains/<host>/remove                   in     no     no    ok       --    ok
POST /settings/domains/<host>/verify                   in     no     no   see       --   see
GET  /settings/health                                  in     no     no    no       no    ok
GET  /settings/jobs                                    in     no     no    no       no    ok
POST /settings/jobs/<name>/run                         in     no     no    no       no    ok
GET  /settings/jobs/table                              in     no     no    no       no    ok
GET  /settings/keys                                    in     ok     ok    ok       ok    ok
POST /settings/keys                                    in     ok     ok    ok       ok    ok
POST /settings/keys/<uid>/revoke                       in     ok     ok    ok       --    ok
GET  /settings/people                                  in     no     no    ok       ok    ok
POST /settings/people/<uid>/remove                     in     no     no    ok       --    ok
POST /settings/people/<uid>/role                       in     no     no    ok       --    ok
POST /settings/people/invites                          in     no     no    ok       ok    ok
POST /settings/people/invites/<uid>/revoke             in     no     no    ok       --    ok
GET  /settings/quarantine                              in     no     no    ok       ok    ok
POST /settings/quarantine/<uid>/release                in     no     no    ok       --    ok
GET  /settings/tags                                    in     ok     ok    ok       ok    ok
POST /settings/tags/delete                             in     no     ok    ok       --    ok
POST /settings/tags/rename                             in     no     ok    ok       --    ok
GET  /settings/try-key                                 in     ok     ok    ok       ok    ok
POST /settings/try-key                                 in    see    see   see      see   see
GET  /settings/usage                                   in     ok     ok    ok       ok    ok
GET  /settings/workspace                               in     no     no    ok       ok    ok
POST /settings/workspace                               in     no     no    ok       ok    ok
POST /settings/workspace/conversions                   in     no     no    ok       ok    ok
POST /settings/workspace/conversions/remove            in     no     no    ok       ok    ok
POST /settings/workspace/conversions/reset             in     no     no    ok       ok    ok
GET  /settings/workspaces                              in     no     no    no       no    ok
POST /settings/workspaces                              in     no     no    no       no    ok
POST /settings/workspaces/<int:number>/plan            in     no     no    no       no    ok
GET  /setup/<token>                                    ok     ok     ok    ok       ok    ok
POST /setup/<token>                                    ok     ok     ok    ok       ok    ok
GET  /sign-in                                          ok     ok     ok    ok       ok    ok
POST /sign-in                                          ok     ok     ok    ok       ok    ok
POST /sign-in/code                                     ok     ok     ok    ok       ok    ok
POST /sign-out                                         in     ok     ok    ok       ok    ok
GET  /slug-check                                       in     no     ok    ok       ok    ok
POST /workspace                                        in     ok     ok    ok       --    ok
"""
"""``in``: sign in first; ``no``: 403; ``--``: 404; ``ok``: done; ``see``: answered, and nothing
is changed by it. What is asked for is the first workspace's, or one's own person's."""


def table() -> dict[tuple[str, str], dict[str, str]]:
    first, *lines = [line.split() for line in TABLE.strip().splitlines()]
    assert tuple(first) == ROLES
    return {(m, rule): dict(zip(ROLES, cells, strict=True)) for m, rule, *cells in lines}


def test_each_screen_is_in_the_table():
    assert sorted(table()) == screens()


def test_every_screen_does_for_everybody_what_they_may_and_no_more(office: Office):
    stage, wrong = Stage(office), []
    readers = {role: stage.somebody(role) for role in ROLES}
    for (method, rule), cells in table().items():
        for role, right in cells.items():
            who = readers[role] if method == "GET" else stage.somebody(role)
            found = said(stage, method, rule, who)
            if found != right:
                wrong.append(f"{method} {rule} as {role}: {found}, not {right}")
    assert not wrong, "\n".join(wrong)


def said(stage: Stage, method: str, rule: str, who: Browser) -> str:
    """What became of it, in the table's words."""
    path, form = stage.asks(method, rule, who)
    if method == "GET":
        return in_a_word(who.get(path))
    before = everything()
    reply = who.post(path, form)
    word, is_same = in_a_word(reply), everything() == before
    if word.startswith("422") and is_same and rule.endswith("/verify"):
        return "see"
    if word != "ok":
        return word if is_same else f"{word}, and something was changed"
    return "see" if is_same else "ok"


def in_a_word(reply: Page) -> str:
    if reply.status_code == 303 and reply.headers["Location"].startswith("/admin/sign-in?"):
        return "in"
    if reply.status_code == 303 and reply.headers["Location"] == "/admin/sign-in":
        return "ok" if "Set-Cookie" in reply.headers else "in"
    words = {200: "ok", 303: "ok", 403: "no", 404: "--"}
    if reply.status_code in words:
        return words[reply.status_code]
    return f"{reply.status_code} {re.findall(r'error[^>]*>(.*?)<', reply.text)}"


def test_a_key_or_a_browser_of_somebody_else_is_not_there(office: Office):
    stage = Stage(office)
    editor, owner = stage.somebody("editor"), stage.somebody("owner")
    for rule in ("/settings/keys/<uid>/revoke", "/settings/account/sessions/<int:session_id>/end"):
        path, _ = stage.asks("POST", rule, owner)
        before = everything()
        assert editor.post(path).status_code == 404, rule
        assert everything() == before


def test_nobody_makes_somebody_more_than_they_are(office: Office):
    stage = Stage(office)
    admin, viewer = stage.somebody("admin"), stage.somebody("viewer")
    people = "/admin/settings/people"
    member, _ = stage.asks("POST", "/settings/people/<uid>/role", admin)
    owner, me = users.get(stage.owner.user_id or 0).uid, users.get(user_id(admin)).uid
    key = {"name": "wide", "dialect": "klink"}
    tries: list[tuple[Browser, str, dict[str, Any]]] = [
        (admin, member, {"role": "owner"}),
        (admin, f"{people}/{me}/role", {"role": "owner"}),
        (admin, f"{people}/{owner}/role", {"role": "viewer"}),
        (admin, f"{people}/{owner}/remove", {}),
        (admin, f"{people}/invites", {"email": "new@example.org", "role": "owner"}),
        (viewer, "/admin/settings/keys", key | {"scopes": ["read", "delete"]}),
        (viewer, "/admin/settings/keys", key | {"scopes": ["admin"]}),
    ]
    for who, path, form in tries:
        before = everything()
        assert who.post(path, form).status_code in (403, 422), (path, form)
        assert everything() == before


def test_a_viewer_changes_nothing_in_bulk(office: Office):
    stage = Stage(office)
    viewer, link = stage.somebody("viewer"), stage.link()
    before = everything()
    for action in ("enable", "disable", "tag", "untag", "expire", "trash", "restore", "purge"):
        form = {"action": action, "ids": [link.uid], "sure": "1", "tags": "x", "expires_at": ""}
        assert viewer.post("/admin/links/many", form).status_code == 403, action
    assert everything() == before


def test_things_of_another_workspace_are_not_told_of_by_their_ids(office: Office):
    stage = Stage(office)
    stranger, link = stage.somebody("stranger"), stage.link(title="Our secret")
    assert stranger.get(f"/admin/slug-check?slug=x&of={link.uid}").status_code == 404
    assert stranger.post("/admin/bio", {"name": "theirs", "title": "T"}).status_code == 303
    before = everything()
    told = [
        stranger.post("/admin/bio/theirs/links", {"link": link.uid}),
        stranger.post("/admin/links/export", {"ids": [link.uid], "format": "jsonl"}),
        stranger.post("/admin/links/many", {"ids": [link.uid], "action": "purge", "sure": "1"}),
        stranger.post("/admin/links/many", {"ids": [link.uid], "action": "tag"}),
        stranger.get(f"/admin/links?tag={link.tags[0]}"),
        stranger.get(f"/admin/links?q={link.slug}"),
        stranger.get("/admin/bio/theirs?q=secret"),
        stranger.get("/admin/settings/tags"),
        stranger.get("/admin/settings/audit?everywhere=1"),
        stranger.get(f"/admin/settings/audit?subject=link:{link.uid}&everywhere=1"),
        stranger.get("/admin/links/export?format=csv"),
    ]
    for reply in told:
        assert "Our secret" not in reply.text
        assert f"go.example.org/{link.slug}" not in reply.text
    assert everything() == before


def user_id(who: Browser) -> int:
    assert isinstance(who, Person)
    return who.user_id
