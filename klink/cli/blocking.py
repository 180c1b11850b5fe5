"""``klink blocking``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from klink.cli.links import workspace_option
from klink.cli.opening import principal, warn_of_unread, with_database
from klink.cli.output import json_option, print_fields, print_json, print_table
from klink.core.blocking import checking, entries
from klink.core.blocking.entries import KINDS, EntryView
from klink.core.blocking.lists import Finding
from klink.core.context import Context
from klink.core.paging import MAX_LIMIT
from klink.core.principal import Principal

global_option = click.option(
    "--global", "everywhere", is_flag=True, help="Of the list for all workspaces."
)


@click.group("blocking")
def command() -> None:
    """Where links may not lead, by the lists in the database, and what all lists say."""


@command.command("add")
@click.argument("value")
@click.option("--kind", type=click.Choice(KINDS), help="By default what VALUE looks like.")
@click.option("--note", default="", help="Why, for people.")
@global_option
@workspace_option
@json_option
@with_database
def add(
    ctx: Context,
    /,
    value: str,
    kind: str | None,
    note: str,
    everywhere: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Block VALUE, or allow it with --kind allow, and print its number.

    VALUE is a host, which is meant with its subdomains, or a pattern for host/path?query with *
    and ?. What is allowed here wins over all lists, the server's among them.
    """
    who = principal(ctx, workspace)
    chosen = kind or entries.kind_for(value)
    made, _ = entries.add(ctx, who, chosen, value, note, everywhere=everywhere)
    if as_json:
        print_json(entry_json(made))
    else:
        click.echo(str(made.id))


@command.command("list")
@global_option
@workspace_option
@json_option
@with_database
def list_(ctx: Context, everywhere: bool, workspace: str | None, as_json: bool) -> None:
    """Show the workspace's entries, newest first; with --global those for all, and the files."""
    who = principal(ctx, workspace)
    found = list(_all(ctx, who, everywhere=everywhere))
    if as_json:
        print_json([entry_json(each) for each in found])
        return
    print_table(
        ["NUMBER", "KIND", "BY", "CREATED", "VALUE", "NOTE"],
        [
            (
                each.id,
                each.kind,
                "operator" if each.by_operator else "workspace",
                each.created_at,
                each.value,
                each.note or None,
            )
            for each in found
        ],
    )
    if everywhere:
        for file in ctx.settings.blocklists.status():
            problem = f"; it cannot be read: {file.problem}" if file.problem else ""
            click.echo(f"{file.name}: {file.entries} entries{problem}", err=True)


def _all(ctx: Context, who: Principal, *, everywhere: bool) -> Iterator[EntryView]:
    cursor = None
    while True:
        page = entries.search(ctx, who, cursor=cursor, limit=MAX_LIMIT, everywhere=everywhere)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


@command.command("remove")
@click.argument("number", type=click.IntRange(min=1))
@workspace_option
@json_option
@with_database
def remove(ctx: Context, number: int, workspace: str | None, as_json: bool) -> None:
    """Take the entry NUMBER off the workspace's list, or off the one for all."""
    entries.remove(ctx, principal(ctx, workspace), number)
    if as_json:
        print_json({"id": number})


@command.command("check")
@click.argument("url")
@workspace_option
@json_option
@with_database
def check(ctx: Context, url: str, workspace: str | None, as_json: bool) -> None:
    """Say whether a link of the workspace may lead to URL, and by which list not."""
    found = checking.check(ctx, principal(ctx, workspace), url)
    warn_of_unread(ctx)
    shown = _finding_json(found)
    if as_json:
        print_json(shown)
    elif found is None:
        click.echo("nothing blocks it")
    else:
        print_fields({"blocked": f"it {found.words}", "list": found.where, "by": found.value})


def _finding_json(found: Finding | None) -> dict[str, object]:
    if found is None:
        return {"blocked": False, "kind": None, "list": None, "value": None, "is_servers": None}
    return {
        "blocked": True,
        "kind": found.kind,
        "list": found.where,
        "value": found.value,
        "is_servers": found.is_servers,
    }


def entry_json(entry: EntryView) -> dict[str, object]:
    """An entry as JSON has it."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "value": entry.value,
        "note": entry.note,
        "global": entry.is_everywhere,
        "by_operator": entry.by_operator,
        "created_at": entry.created_at,
    }
