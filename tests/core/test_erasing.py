"""Erasing a person: nothing that names them stays, and nothing of others goes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from klink.core import erasing, errors, invites, keys, links, members, sessions, users, workspaces
from klink.core.context import Context
from klink.core.links import NewLink
from klink.core.principal import Principal
from klink.db import models
from klink.db.connection import database, read, write

EMAIL = "ann@example.org"
NAME = "Ann of Erehwon"


@pytest.fixture
def ann(ctx: Context, owner: Principal) -> Principal:
    """An editor who has a bit of everything."""
    user = users.create(
        ctx, EMAIL, role="editor", workspace_id=owner.workspace_id, password="correct horse"
    )
    users.rename(ctx, user.id, NAME)
    return Principal(owner.workspace_id, user.id, None, "admin", role="editor")


def everything() -> str:
    """All that the database holds, as one text."""
    with read():
        return "\n".join(
            str(row)
            for model in (models.User, models.Audit, models.Invite, models.Session, models.ApiKey)
            for row in model.select().tuples()
        )


def test_nothing_that_names_the_person_stays(
    ctx: Context, owner: Principal, stranger: Principal, ann: Principal
) -> None:
    user_id = ann.user_id or 0
    away = workspaces.get(stranger.workspace_id)
    invites.invite(ctx, stranger, EMAIL, "viewer")
    sessions.open_for(ctx, user_id, net="203.0.113.0/24", agent="Firefox on Linux")
    _, token = keys.create(
        ctx, workspace_id=owner.workspace_id, user_id=user_id, name="the Zaphodia"
    )
    link = links.create(ctx, ann, links.prepare(NewLink(url="https://example.com/")))
    assert EMAIL in everything()
    assert NAME in everything()

    uid = erasing.erase_user(ctx, f" {EMAIL.upper()} ")

    kept = everything()
    for told in (EMAIL, NAME, "Zaphodia", "203.0.113.0/24", "Firefox"):
        assert told not in kept
    erased = users.get(user_id)
    assert (erased.uid, erased.name, erased.roles) == (uid, None, {})
    assert not erased.is_active
    assert not erased.can_sign_in
    assert sessions.of_user(ctx, user_id) == []
    with pytest.raises(errors.NotAuthenticated):
        keys.authenticate(ctx, "klink", token)
    assert links.get(ctx, owner, link.link.uid).url == "https://example.com/"
    assert users.find("stranger@example.org", away.id).email == "stranger@example.org"


def files() -> bytes:
    """Every byte of SQLite's files."""
    folder = Path(str(database.database)).parent
    return b"".join(each.read_bytes() for each in folder.glob(Path(database.database).name + "*"))


@pytest.mark.sqlite
def test_nothing_can_be_read_back_from_the_files_of_sqlite(
    ctx: Context, owner: Principal, ann: Principal
) -> None:
    with read():
        database.execute_sql("PRAGMA secure_delete = OFF")
    assert EMAIL.encode() in files()
    erasing.erase_user(ctx, EMAIL)
    assert EMAIL.encode() not in files()
    assert NAME.encode() not in files()


@pytest.mark.sqlite
def test_whoever_reads_on_holds_no_erasing_up(
    ctx: Context, owner: Principal, ann: Principal
) -> None:
    with closing(sqlite3.connect(str(database.database))) as reader:
        reader.execute("BEGIN")
        assert EMAIL in str(reader.execute("SELECT * FROM users").fetchall())
        erasing.erase_user(ctx, EMAIL)
        assert EMAIL in str(reader.execute("SELECT * FROM users").fetchall())
    assert EMAIL not in everything()


def test_the_audit_log_still_says_what_was_done(
    ctx: Context, owner: Principal, ann: Principal
) -> None:
    uid = erasing.erase_user(ctx, EMAIL)
    entries = models.Audit.select().where(models.Audit.subject == f"user:{uid}")
    actions = [row.action for row in entries.order_by(models.Audit.id)]
    assert actions[-2:] == ["user.remove", "user.erase"]


def test_a_workspaces_last_owner_is_not_erased_and_nothing_changes(
    ctx: Context, stranger: Principal, owner: Principal
) -> None:
    place, long_ago = models.Membership, ctx.now - timedelta(days=1)
    home, away = owner.workspace_id, stranger.workspace_id
    with write():  # who makes a workspace is not alone in it
        place.delete().where(place.user == owner.user_id, place.workspace == away).execute()
        place.create(user=stranger.user_id, workspace=home, role="editor", created_at=long_ago)
    before = everything()
    with pytest.raises(errors.Conflict, match="last owner of elsewhere"):
        erasing.erase_user(ctx, "stranger@example.org")
    assert everything() == before


def test_an_address_may_be_had_again_after_its_person_was_erased(
    ctx: Context, owner: Principal, ann: Principal
) -> None:
    erasing.erase_user(ctx, EMAIL)
    again = users.create(ctx, EMAIL, role="viewer", workspace_id=owner.workspace_id)
    assert again.id != ann.user_id
    erasing.erase_user(ctx, EMAIL)
    assert members.search(ctx, owner).items[0].email == "owner@localhost"


@pytest.mark.parametrize("email", ["nobody@example.org", "", "a\0b"])
def test_who_is_not_there_is_not_erased(ctx: Context, email: str) -> None:
    with pytest.raises(errors.NotFound):
        erasing.erase_user(ctx, email)


def test_whoever_was_invited_and_never_came_is_erased(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    invites.invite(ctx, owner, EMAIL, "viewer")
    invites.invite(ctx, stranger, EMAIL, "editor")
    assert EMAIL in everything()
    assert erasing.erase_user(ctx, EMAIL) == ""
    assert EMAIL not in everything()
    with pytest.raises(errors.NotFound):
        erasing.erase_user(ctx, EMAIL)
