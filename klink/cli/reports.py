"""``klink reports``."""

from __future__ import annotations

import click

from klink.cli.opening import principal, with_database
from klink.cli.output import escaped, json_option, print_json, print_table
from klink.core import reports, workspaces
from klink.core.context import Context
from klink.core.reports import STATES, ReportView


@click.group("reports")
def command() -> None:
    """What visitors report of links, of all workspaces."""


@command.command("list")
@click.option(
    "--state",
    type=click.Choice([*STATES, "all"]),
    default="open",
    show_default=True,
    help="What became of them.",
)
@click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many at most."
)
@click.option("--workspace", metavar="W", help="A name or an id; by default all.")
@json_option
@with_database
def list_(ctx: Context, state: str, limit: int, workspace: str | None, as_json: bool) -> None:
    """Show reports, newest first, with what the visitor wrote below each."""
    page = reports.search(
        ctx,
        principal(ctx, workspace),
        state=None if state == "all" else state,
        limit=limit,
        everywhere=workspace is None,
    )
    if as_json:
        print_json([report_json(each) for each in page.items])
        return
    names = {each.id: each.name for each in workspaces.all_of_them()}
    print_table(
        ["NUMBER", "STATE", "REASON", "COUNT", "LAST", "WORKSPACE", "SHORT URL", "URL"],
        [
            (
                each.id,
                each.state,
                each.reason,
                each.count,
                each.reported_at,
                names.get(each.workspace_id),
                each.link_short_url,
                each.link_url,
            )
            for each in page.items
        ],
    )
    for each in page.items:
        if each.text or each.email:
            told = " ".join(filter(None, (each.text, each.email and f"({each.email})")))
            click.echo(f"{each.id}: {escaped(told)}")
    if page.next_cursor:
        click.echo(f"There are more than these {limit}; --limit shows more.", err=True)


@command.command("dismiss")
@click.argument("number", type=click.IntRange(min=1))
@json_option
@with_database
def dismiss(ctx: Context, number: int, as_json: bool) -> None:
    """Close the report NUMBER: nothing is wrong with the link."""
    done = reports.dismiss(ctx, principal(ctx, None), number)
    if as_json:
        print_json(report_json(done))


@command.command("act")
@click.argument("number", type=click.IntRange(min=1))
@json_option
@with_database
def act(ctx: Context, number: int, as_json: bool) -> None:
    """Put the link of the report NUMBER in quarantine; only you can release it then."""
    done = reports.act(ctx, principal(ctx, None), number)
    if as_json:
        print_json(report_json(done))
    else:
        click.echo(done.link_short_url)


def report_json(report: ReportView) -> dict[str, object]:
    """A report as JSON has it."""
    return {
        "id": report.id,
        "state": report.state,
        "reason": report.reason,
        "text": report.text,
        "email": report.email,
        "count": report.count,
        "at": report.at,
        "reported_at": report.reported_at,
        "closed_at": report.closed_at,
        "closed_by": report.closed_by,
        "workspace": report.workspace_id,
        "link": {
            "id": report.link_uid,
            "slug": report.link_slug,
            "short_url": report.link_short_url,
            "url": report.link_url,
            "is_quarantined": report.is_quarantined,
        },
    }
