"""``klink workspaces``."""

from __future__ import annotations

import click

from klink.cli.opening import with_database
from klink.cli.output import json_option, print_json, print_table
from klink.core import workspaces
from klink.core.context import Context
from klink.core.workspaces import WorkspaceView


def workspace_json(workspace: WorkspaceView) -> dict[str, object]:
    """A workspace as JSON has it; ``conversion_names`` null: those of the configuration."""
    return {
        "id": workspace.uid,
        "number": workspace.id,
        "public_id": workspace.public_id,
        "name": workspace.name,
        "plan": workspace.plan,
        "currency": workspace.currency,
        "conversion_names": workspace.conversion_names,
        "created_at": workspace.created_at,
    }


@click.group("workspaces")
def command() -> None:
    """Who owns links."""


@command.command("create")
@click.argument("name")
@click.option("--plan", help="A plan of the configuration that caps all its keys together.")
@json_option
@with_database
def create(ctx: Context, name: str, plan: str | None, as_json: bool) -> None:
    """Make a workspace and print its id; the first owner becomes its owner."""
    made = workspaces.create(ctx, name, plan)
    if as_json:
        print_json(workspace_json(made))
    else:
        click.echo(made.uid)


@command.command("list")
@json_option
@with_database
def list_(_: Context, as_json: bool) -> None:
    """Show every workspace, oldest first."""
    found = workspaces.all_of_them()
    if as_json:
        print_json([workspace_json(each) for each in found])
        return
    print_table(
        ["NUMBER", "NAME", "PLAN", "CREATED", "ID"],
        [(each.id, each.name, each.plan, each.created_at, each.uid) for each in found],
    )


@command.command("set-plan")
@click.argument("name")
@click.argument("plan")
@json_option
@with_database
def set_plan(ctx: Context, name: str, plan: str, as_json: bool) -> None:
    """Cap the workspace NAME (a name or an id) by the plan PLAN."""
    changed = workspaces.set_plan(ctx, workspaces.find(name).id, plan)
    if as_json:
        print_json(workspace_json(changed))


@command.command("set-conversions")
@click.argument("name")
@click.argument("events", nargs=-1, metavar="[EVENT]...")
@click.option("--default", is_flag=True, help="Those of the configuration count again.")
@json_option
@with_database
def set_conversions(
    ctx: Context, name: str, events: tuple[str, ...], default: bool, as_json: bool
) -> None:
    """Say which EVENTs count as conversions in the workspace NAME (a name or an id) from now on.

    What was counted before stays.
    """
    if default == bool(events):
        raise click.UsageError("name the events that count, or give --default")
    names = None if default else events
    changed = workspaces.set_conversion_names(ctx, workspaces.find(name).id, names)
    if as_json:
        print_json(workspace_json(changed))
