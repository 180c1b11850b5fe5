"""``klink keys``."""

from __future__ import annotations

import click

from klink.cli.opening import principal, with_database
from klink.cli.output import json_option, print_json, print_table
from klink.core import keys, users, workspaces
from klink.core.context import Context
from klink.core.keys import KeyView
from klink.core.principal import SCOPES


class _Names:
    """What the numbers in keys are called."""

    def __init__(self) -> None:
        self.workspaces = {each.id: each.name for each in workspaces.all_of_them()}
        self.users = {each.id: each.email for each in users.all_of_them()}


def key_json(key: KeyView, names: _Names) -> dict[str, object]:
    """A key as JSON has one; never the key itself."""
    return {
        "id": key.uid,
        "number": key.id,
        "name": key.name,
        "dialect": key.dialect,
        "hint": key.hint,
        "scopes": list(key.scopes),
        "plan": key.plan,
        "workspace": names.workspaces[key.workspace_id],
        "user": names.users[key.user_id],
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


@click.group("keys")
def command() -> None:
    """Keys for the API."""


@command.command("create")
@click.option("--name", required=True, help="What the key is for.")
@click.option(
    "--dialect",
    type=click.Choice(list(keys.FORMATS)),
    default="klink",
    show_default=True,
    help="The API it opens.",
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    help="What it may do; may be given several times.  [default: all]",
)
@click.option("--plan", help="A plan of the configuration; else the dialect's.")
@click.option("--workspace", metavar="W", help="A name or an id; by default the first one.")
@click.option("--user", metavar="EMAIL", help="Whose it is; by default the first owner's.")
@json_option
@with_database
def create(
    ctx: Context,
    name: str,
    dialect: str,
    scopes: tuple[str, ...],
    plan: str | None,
    workspace: str | None,
    user: str | None,
    as_json: bool,
) -> None:
    """Make a key and print it, this once."""
    who = principal(ctx, workspace, user)
    assert who.user_id is not None  # the command line acts for somebody
    key, token = keys.create(
        ctx,
        workspace_id=who.workspace_id,
        user_id=who.user_id,
        name=name,
        dialect=dialect,
        scopes=scopes,
        plan=plan,
    )
    if as_json:
        print_json({**key_json(key, _Names()), "key": token})
    else:
        click.echo(token)


@command.command("list")
@json_option
@with_database
def list_(_: Context, as_json: bool) -> None:
    """Show every key, oldest first, revoked ones too; of the key itself its end."""
    found, names = keys.all_of_them(), _Names()
    if as_json:
        print_json([key_json(each, names) for each in found])
        return
    heads = ["NUMBER", "NAME", "DIALECT", "ENDS IN", "SCOPES", "PLAN", "WORKSPACE", "USER"]
    print_table(
        [*heads, "CREATED", "LAST USED", "REVOKED"],
        [
            (
                each.id,
                each.name,
                each.dialect,
                each.hint,
                ",".join(each.scopes),
                each.plan,
                names.workspaces[each.workspace_id],
                names.users[each.user_id],
                each.created_at,
                each.last_used_at,
                each.revoked_at,
            )
            for each in found
        ],
    )


@command.command("revoke")
@click.argument("key", metavar="ID")
@json_option
@with_database
def revoke(ctx: Context, key: str, as_json: bool) -> None:
    """End the key with this number or id for good."""
    revoked = keys.revoke(ctx, key)
    if as_json:
        print_json(key_json(revoked, _Names()))
