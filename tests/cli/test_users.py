from __future__ import annotations

from pathlib import Path

import pyotp

from klink.core import invites, passwords, second_factor, users, workspaces
from klink.db.models import User
from tests.cli.conftest import Klink, core


def password_hash(email: str) -> str | None:
    row = User.get(User.email == email)
    return None if row.password_hash is None else str(row.password_hash)


def test_a_new_user_prints_their_id_and_cannot_sign_in_without_a_password(klink: Klink, here: Path):
    uid = klink("users", "create", "Ann@Example.org", "--role", "admin").line
    with core(here):
        ann = users.find("ann@example.org", workspaces.find(None).id)
        assert ann.uid == uid
        assert list(ann.roles.values()) == ["admin"]
        assert password_hash("ann@example.org") is None


def test_a_user_is_made_in_the_workspace_that_is_named(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    made = klink("users", "create", "ann@example.org", "--workspace", "acme", "--json").json
    assert set(made) == {
        "id", "number", "email", "name", "is_active", "has_second_factor", "roles", "created_at",
    }  # fmt: skip
    assert made["roles"] == {"acme": "editor"}
    found = klink("users", "list", "--json").json
    assert [each["email"] for each in found] == ["owner@localhost", "ann@example.org"]
    assert "editor of acme" in klink("users", "list").out


def test_a_password_comes_from_standard_input(klink: Klink, here: Path):
    klink("users", "create", "ann@example.org", "--password-stdin", stdin=b"p\xc3\xa4ssword\r\n")
    with core(here):
        hashed = password_hash("ann@example.org")
        assert hashed is not None
        assert passwords.matches(hashed, "pässword")


def test_a_reset_password_is_printed_alone_and_works(klink: Klink, here: Path):
    klink("users", "create", "ann@example.org")
    password = klink("users", "reset-password", "ann@example.org").line
    assert len(password) >= 20
    with core(here):
        hashed = password_hash("ann@example.org")
        assert hashed is not None
        assert passwords.matches(hashed, password)
    assert klink("users", "reset-password", "Ann@example.org", "--json").json.keys() == {
        "email",
        "password",
    }


def test_a_password_that_was_given_is_not_printed(klink: Klink, here: Path):
    klink("users", "create", "ann@example.org")
    words = ("users", "reset-password", "ann@example.org", "--password-stdin")
    done = klink(*words, stdin=b"correct horse\n")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert klink(*words, "--json", stdin=b"battery staple").json == {"email": "ann@example.org"}
    with core(here):
        hashed = password_hash("ann@example.org")
        assert hashed is not None
        assert passwords.matches(hashed, "battery staple")


def test_what_is_wrong_with_a_user_is_told_in_one_line(klink: Klink, here: Path):
    klink("users", "create", "ann@example.org")
    again = ("users", "create", "bob@example.org", "--password-stdin")
    assert "'ann@example.org'" in klink("users", "create", "ann@example.org").refusal
    assert "e-mail" in klink("users", "create", "no mail").refusal
    assert "'nobody'" in klink("users", "create", "b@example.org", "--workspace", "nobody").refusal
    assert "no password" in klink(*again, stdin=b"").refusal
    assert "UTF-8" in klink(*again, stdin=b"\xff\xff\xff\xff\xff\xff\xff\xff\n").refusal
    assert "8 to 128" in klink(*again, stdin=b"short\n").refusal
    assert "'bob@example.org'" in klink("users", "reset-password", "bob@example.org").refusal
    with core(here):
        assert len(users.all_of_them()) == 2


def test_an_unknown_role_is_a_usage_error(klink: Klink, here: Path):
    assert klink("users", "create", "ann@example.org", "--role", "king").status == 2


def test_an_invitation_prints_a_link_that_works_once(klink: Klink, here: Path):
    link = klink("users", "invite", "Ann@example.org", "--role", "viewer").line
    base, _, token = link.rpartition("/")
    assert base == "https://go.example.org/admin/invite"
    with core(here) as ctx:
        invited = invites.look(ctx, token)
        assert (invited.email, invited.invited_by) == ("ann@example.org", None)
        joined = invites.accept(ctx, token, password="correct horse")
        assert list(joined.roles.values()) == ["viewer"]
    assert "already" in klink("users", "invite", "ann@example.org").refusal
    assert "e-mail" in klink("users", "invite", "no mail").refusal


def test_an_invitation_may_be_into_another_workspace(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    words = ("users", "invite", "ann@example.org", "--workspace", "acme", "--json")
    made = klink(*words).json
    assert (made["workspace"], made["role"]) == ("acme", "editor")
    with core(here) as ctx:
        assert invites.look(ctx, made["link"].rpartition("/")[2]).workspace_name == "acme"


def test_a_second_factor_is_reset(klink: Klink, here: Path):
    klink("users", "create", "ann@example.org")
    with core(here) as ctx:
        ann = users.find("ann@example.org", workspaces.find(None).id)
        begun = second_factor.begin(ctx, ann.id)
        code = pyotp.TOTP(begun.secret).at(ctx.now)
        second_factor.confirm(ctx, ann.id, begun.nonce, code)
    assert klink("users", "list", "--json").json[1]["has_second_factor"]
    assert klink("users", "reset-second-factor", "Ann@example.org").out == ""
    assert not klink("users", "list", "--json").json[1]["has_second_factor"]
    assert "no second factor" in klink("users", "reset-second-factor", "ann@example.org").refusal
    assert "'x@example.org'" in klink("users", "reset-second-factor", "x@example.org").refusal


def test_a_user_is_erased_and_the_last_owner_is_not(klink: Klink):
    uid = klink("users", "create", "ann@example.org").line
    assert klink("users", "erase", "ann@example.org", "--json").json == {"id": uid}
    assert "ann@example.org" not in klink("users", "list").out
    refusal = klink("users", "erase", "owner@localhost").refusal
    assert "owner@localhost is the last owner of default; make somebody else an owner" in refusal
