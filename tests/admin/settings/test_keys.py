"""Keys on the admin page: made, shown once, tried, and revoked."""

from __future__ import annotations

import html
import re
import shlex
from typing import Any

import pytest

from klink.core import key_ring, keys
from klink.core.keys import KeyView
from klink.core.principal import SCOPES
from tests.admin.office import Office, Person

AT = "/admin/settings/keys"
TRY = "/admin/settings/try-key"


def make(person: Person, **sent: Any):
    fields = {"name": "website", "dialect": "klink", "scopes": list(SCOPES), "plan": ""}
    return person.post(AT, fields | sent)


def shown(text: str) -> list[str]:
    """What stands in blocks of code."""
    return [
        html.unescape(each) for each in re.findall(r"<pre><code>(.*?)</code></pre>", text, re.S)
    ]


def of(person: Person) -> list[KeyView]:
    return [each for each in keys.all_of_them(1) if each.user_id == person.user_id]


def run(office: Office, line: str) -> int:
    """The status of what a command line asks for."""
    words = shlex.split(line)
    assert words[0] == "curl"
    headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
    body = next((words[i + 1] for i, word in enumerate(words) if word == "-d"), None)
    path = words[-1].removeprefix("https://go.example.org")
    method = "GET" if body is None else "POST"
    return office.house.ask(method, path, headers=headers, data=body).status_code


@pytest.mark.parametrize("dialect", list(keys.FORMATS))
@pytest.mark.parametrize("scopes", [["read"], ["create"], list(SCOPES)])
def test_a_key_is_shown_once_with_a_line_that_works(
    office: Office, dialect: str, scopes: list[str]
):
    owner = office.sign_in("owner")
    reply = make(owner, dialect=dialect, scopes=scopes)
    assert reply.status_code == 200
    token, line = shown(reply.text)
    assert token.startswith(keys.FORMATS[dialect].prefix)
    assert token in line
    if not (dialect == "kliqs" and scopes == ["read"]):  # which has nothing to be read
        assert run(office, line) in (200, 201), line
    page = owner.get(AT).text
    assert token not in page
    assert f"…{token[-4:]}" in page


def test_a_key_is_made_as_it_was_asked_for(office: Office):
    owner = office.sign_in("owner")
    make(owner, name="<b>ci</b>", scopes=["read", "create"], plan="minute", dialect="qklnk")
    [key] = of(owner)
    assert (key.name, key.dialect, key.plan) == ("<b>ci</b>", "qklnk", "minute")
    assert key.scopes == ("read", "create")
    assert "&lt;b&gt;ci&lt;/b&gt;" in owner.get(AT).text
    assert "<b>ci</b>" not in owner.get(AT).text.replace("<b>&lt;b&gt;", "")


@pytest.mark.parametrize(
    "sent, told",
    [
        ({"name": ""}, "Must be 1 to 100 printable characters."),
        ({"scopes": []}, "Tick at least one."),
        ({"scopes": ["admin"]}, "No scope"),
        ({"plan": "gold"}, "No plan"),
        ({"dialect": "x"}, "Must be one of klink"),
    ],
)
def test_a_key_that_cannot_be_keeps_what_was_typed(office: Office, sent: dict[str, Any], told: str):
    owner = office.sign_in("owner")
    reply = make(owner, **({"name": "typed"} | sent))
    assert reply.status_code == 422
    assert told in reply.text
    assert ('value="typed"' in reply.text) == ("name" not in sent)
    assert of(owner) == []


def test_others_see_their_own_and_choose_no_plan(office: Office):
    owner, editor = office.sign_in("owner"), office.sign_in("editor")
    make(owner, name="of the owner")
    make(editor, name="of the editor")
    page = editor.get(AT).text
    assert "of the editor" in page
    assert "of the owner" not in page
    assert 'name="plan"' not in page
    assert make(editor, plan="minute").status_code == 422
    page = owner.get(AT).text
    assert "of the editor" in page
    assert "of the owner" in page


def test_a_viewer_makes_a_key_that_may_only_read(office: Office):
    viewer = office.sign_in("viewer")
    assert "f-scope-create" not in viewer.get(AT).text
    assert make(viewer, scopes=["create"]).status_code == 422
    assert make(viewer, scopes=["read"]).status_code == 200
    assert [each.scopes for each in of(viewer)] == [("read",)]


def test_a_key_is_revoked_and_then_shown_on_wish(office: Office):
    owner, editor = office.sign_in("owner"), office.sign_in("editor")
    make(owner, name="mine")
    [key] = of(owner)
    assert editor.post(f"{AT}/{key.uid}/revoke").status_code == 404
    assert office.stranger().post(f"{AT}/{key.uid}/revoke").status_code == 404
    assert of(owner)[0].revoked_at is None
    page = owner.follow(owner.post(f"{AT}/{key.uid}/revoke")).text
    assert "mine is revoked." in page
    assert "No keys" in page
    assert "mine</b>" in owner.get(f"{AT}?ended=1").text
    assert of(owner)[0].revoked_at == office.now


def test_the_list_goes_on(office: Office):
    owner = office.sign_in("owner")
    for number in range(51):
        key_ring.make(office.context(), owner.principal, name=f"key {number}")
    page = owner.get(AT).text
    assert "key 0</b>" not in page
    [rest] = re.findall(r'href="([^"]*cursor=\d+)"', page)
    page = owner.get(html.unescape(rest)).text
    assert "key 0</b>" in page
    assert "key 1</b>" not in page
    for cursor in ("x", "9" * 40, ""):
        assert owner.get(f"{AT}?cursor={cursor}").status_code == 422


@pytest.mark.parametrize("dialect", list(keys.FORMATS))
def test_a_key_that_is_tried_says_what_it_may_do(office: Office, dialect: str):
    owner, viewer = office.sign_in("owner"), office.sign_in("viewer")
    _, token = key_ring.make(
        office.context(), owner.principal, name="website", dialect=dialect, scopes=["read"]
    )
    reply = viewer.post(TRY, {"key": f" {token} "})
    assert reply.status_code == 200
    for word in ("This key works.", dialect, "default", "website", "read: yes", "create: no"):
        assert word in reply.text
    assert token not in reply.text
    [lines] = shown(reply.text)
    asked, line = lines.split("\n")
    assert asked == "read -rs KLINK_KEY"
    if dialect != "kliqs":
        assert run(office, line.replace("$KLINK_KEY", token)) == 200
    assert owner.get(AT).text.count("never") == 1  # trying it is no use of it


def test_a_key_that_is_tried_says_what_is_left(office: Office):
    owner = office.sign_in("owner")
    _, token = key_ring.make(office.context(), owner.principal, name="website", plan="hour")
    office.house.ask("GET", "/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    page = owner.post(TRY, {"key": token}).text
    assert "1 of 2 requests; 1 left until" in page
    assert "hour" in page


def test_a_key_of_which_nothing_works_is_told_of(office: Office):
    owner = office.sign_in("owner")
    made, token = key_ring.make(office.context(), owner.principal, name="website")
    key_ring.revoke(office.context(), owner.principal, made.key.uid)
    page = owner.post(TRY, {"key": token}).text
    assert "This key was revoked" in page
    assert "curl" not in page
    assert token not in page


@pytest.mark.parametrize(
    "key, told",
    [
        ("", "Paste a key."),
        ("sk_live_secret_of_somebody", "Does not look like a key of this server"),
        ("klink_" + "a" * 40, "Is no key of this server"),
    ],
)
def test_what_is_no_key_is_not_shown_again(office: Office, key: str, told: str):
    reply = office.sign_in("viewer").post(TRY, {"key": key})
    assert reply.status_code == 422
    assert told in reply.text
    assert not key or key not in reply.text


def test_a_key_without_the_scope_to_read_can_be_tried(office: Office):
    owner = office.sign_in("owner")
    _, token = key_ring.make(
        office.context(), owner.principal, name="x", dialect="klinky", scopes=["create"]
    )
    page = owner.post(TRY, {"key": token}).text
    [lines] = shown(page)
    line = lines.split("\n")[1]
    assert run(office, line.replace("$KLINK_KEY", token)) == 201
