"""``klink users``."""

from __future__ import annotations

import secrets
from dataclasses import replace

import click

from klink.cli.opening import password_from_stdin, principal, with_database
from klink.cli.output import json_option, print_json, print_table
from klink.core import erasing, invites, second_factor, users, workspaces
from klink.core.context import Context
from klink.core.users import UserView

_RANDOM_BYTES = 18  # 24 characters

password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


def user_json(user: UserView, names: dict[int, str]) -> dict[str, object]:
    """A user as JSON has one.

    :param names: names of workspaces by their numbers.
    """
    return {
        "id": user.uid,
        "number": user.id,
        "email": user.email,
        "name": user.name,
        "is_active": user.is_active,
        "has_second_factor": second_factor.is_on(user),
        "roles": {names[number]: role for number, role in user.roles.items()},
        "created_at": user.created_at,
    }


def _names() -> dict[int, str]:
    return {each.id: each.name for each in workspaces.all_of_them()}


@click.group("users")
def command() -> None:
    """People and their roles."""


@command.command("create")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice(workspaces.ROLES),
    default="editor",
    show_default=True,
    help="What they are in the workspace.",
)
@click.option("--workspace", metavar="W", help="A name or an id; by default the first one.")
@password_option
@json_option
@with_database
def create(
    ctx: Context,
    email: str,
    role: str,
    workspace: str | None,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make a user and print the id; without a password they cannot sign in."""
    where = workspaces.find(workspace)
    password = password_from_stdin() if password_stdin else None
    made = users.create(ctx, email, role=role, workspace_id=where.id, password=password)
    if as_json:
        print_json(user_json(made, _names()))
    else:
        click.echo(made.uid)


@command.command("invite")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice(workspaces.ROLES),
    default="editor",
    show_default=True,
    help="What they will be in the workspace.",
)
@click.option("--workspace", metavar="W", help="A name or an id; by default the first one.")
@json_option
@with_database
def invite(ctx: Context, email: str, role: str, workspace: str | None, as_json: bool) -> None:
    """Print a link by which EMAIL may join a workspace, once, within seven days."""
    operator = replace(principal(ctx, workspace), user_id=None)  # no user is it who invites
    made, token = invites.invite(ctx, operator, email, role)
    link = invites.address(ctx, token)
    if as_json:
        print_json(
            {
                "id": made.uid,
                "email": made.email,
                "role": made.role,
                "workspace": made.workspace_name,
                "expires_at": made.expires_at,
                "link": link,
            }
        )
    else:
        click.echo(link)


@command.command("list")
@json_option
@with_database
def list_(_: Context, as_json: bool) -> None:
    """Show every user, oldest first."""
    found, names = users.all_of_them(), _names()
    if as_json:
        print_json([user_json(each, names) for each in found])
        return
    rows = []
    for each in found:
        roles = ", ".join(f"{role} of {names[number]}" for number, role in each.roles.items())
        rows.append((each.id, each.email, each.is_active, each.created_at, roles or None))
    print_table(["NUMBER", "EMAIL", "ACTIVE", "CREATED", "ROLES"], rows)


@command.command("reset-password")
@click.argument("email")
@password_option
@json_option
@with_database
def reset_password(ctx: Context, email: str, password_stdin: bool, as_json: bool) -> None:
    """Give a user a new password; without --password-stdin, make one and print it."""
    password = password_from_stdin() if password_stdin else secrets.token_urlsafe(_RANDOM_BYTES)
    users.set_password(ctx, email, password)
    shown = {} if password_stdin else {"password": password}
    if as_json:
        print_json({"email": email.strip().lower(), **shown})
    elif shown:
        click.echo(password)


@command.command("reset-second-factor")
@click.argument("email")
@json_option
@with_database
def reset_second_factor(ctx: Context, email: str, as_json: bool) -> None:
    """Let a user who has lost phone and recovery codes sign in by the password alone."""
    second_factor.reset(ctx, email)
    if as_json:
        print_json({"email": email.strip().lower(), "has_second_factor": False})


@command.command("erase")
@click.argument("email")
@json_option
@with_database
def erase(ctx: Context, email: str, as_json: bool) -> None:
    """Erase what is known of a user, for good; what they made stays, under no name."""
    uid = erasing.erase_user(ctx, email)
    if as_json:
        print_json({"id": uid})
