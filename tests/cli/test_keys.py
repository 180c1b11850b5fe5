from __future__ import annotations

import re
from pathlib import Path

import pytest

from klink.core import keys, users, workspaces
from klink.core.errors import NotAuthenticated
from tests.cli.conftest import Klink, core

FIELDS = {
    "id",
    "number",
    "name",
    "dialect",
    "hint",
    "scopes",
    "plan",
    "workspace",
    "user",
    "created_at",
    "last_used_at",
    "revoked_at",
}


def test_a_key_is_printed_alone_and_opens_the_api(klink: Klink, here: Path):
    token = klink("keys", "create", "--name", "me").line
    assert token.startswith("klink_")
    with core(here) as ctx:
        who = keys.authenticate(ctx, "klink", token)
        assert who.scopes == {"read", "create", "update", "delete"}
        assert who.workspace_id == workspaces.find(None).id
        assert who.plan.name == "unlimited"


@pytest.mark.parametrize(
    "dialect,shape,plan",
    [
        ("klink", "klink_[0-9A-Za-z]{40}", "unlimited"),
        ("klinky", "klinky_live_[0-9A-Za-z]{32}", "klinky-scale"),
        ("qklnk", "qklnk_[0-9A-Za-z]{40}", "qklnk"),
        ("kliqs", "kliqs_sk_live_[0-9A-Za-z]{32}", "unlimited"),
        ("klookup", "klup_[0-9a-f]{64}", "unlimited"),
    ],
)
def test_every_dialect_has_keys_of_its_own(klink: Klink, here: Path, dialect, shape, plan):
    token = klink("keys", "create", "--name", "me", "--dialect", dialect).line
    assert re.fullmatch(shape, token)
    with core(here) as ctx:
        assert keys.authenticate(ctx, dialect, token).plan.name == plan
        assert set(ctx.settings.dialect_plans) == set(keys.FORMATS)
        assert "purchase" in ctx.settings.conversion_names
        for other in set(keys.FORMATS) - {dialect}:
            with pytest.raises(NotAuthenticated):
                keys.authenticate(ctx, other, token)


def test_a_key_is_made_as_it_is_asked_for(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    klink("users", "create", "ann@example.org", "--workspace", "acme")
    for_ann = ("--workspace", "acme", "--user", "ann@example.org")
    made = klink(
        *("keys", "create", "--name", "bot", "--dialect", "klink", "--plan", "kliqs-free"),
        *("--scope", "read", "--scope", "create", *for_ann, "--json"),
    ).json
    assert set(made) == {*FIELDS, "key"}
    assert (made["workspace"], made["user"]) == ("acme", "ann@example.org")
    with core(here) as ctx:
        who = keys.authenticate(ctx, "klink", made["key"])
        acme = workspaces.find("acme")
        assert (who.workspace_id, who.user_id) == (
            acme.id,
            users.find("ann@example.org", acme.id).id,
        )
        assert who.scopes == {"read", "create"}
        assert who.plan.name == "kliqs-free"


def test_the_list_shows_no_key_but_its_end(klink: Klink, here: Path):
    token = klink("keys", "create", "--name", "me").line
    table = klink("keys", "list").out
    (listed,) = klink("keys", "list", "--json").json
    assert set(listed) == FIELDS
    assert listed["hint"] == token[-4:]
    for shown in (table, str(listed)):
        assert token not in shown
        assert token[6:20] not in shown
    assert "me" in table.splitlines()[1].split()


def test_a_revoked_key_opens_nothing_more(klink: Klink, here: Path):
    tokens = [klink("keys", "create", "--name", f"key {i}").line for i in range(2)]
    first, second = klink("keys", "list", "--json").json
    done = klink("keys", "revoke", str(first["number"]))
    assert (done.status, done.out, done.err) == (0, "", "")
    assert klink("keys", "revoke", second["id"], "--json").json["revoked_at"] is not None
    with core(here) as ctx:
        for token in tokens:
            with pytest.raises(NotAuthenticated) as refused:
                keys.authenticate(ctx, "klink", token)
            assert refused.value.reason == "revoked"


def test_what_is_wrong_with_a_key_is_told_in_one_line(klink: Klink, here: Path):
    create = ("keys", "create", "--name", "me")
    assert "'gold'" in klink(*create, "--plan", "gold").refusal
    assert "'nobody'" in klink(*create, "--workspace", "nobody").refusal
    assert "'x@example.org'" in klink(*create, "--user", "x@example.org").refusal
    assert "name" in klink("keys", "create", "--name", "").refusal
    assert "'77'" in klink("keys", "revoke", "77").refusal
    assert klink("keys", "list", "--json").json == []


def test_the_key_after_the_last_one_allowed_is_refused(
    klink: Klink, here: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KLINK_KEYS__MAX_ACTIVE_PER_USER", "1")
    assert klink("keys", "create", "--name", "one").status == 0
    assert "revoke one" in klink("keys", "create", "--name", "two").refusal


@pytest.mark.parametrize("option", [("--scope", "fly"), ("--dialect", "latin")])
def test_unknown_scopes_and_dialects_are_usage_errors(klink: Klink, here: Path, option):
    assert klink("keys", "create", "--name", "me", *option).status == 2
