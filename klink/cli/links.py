"""``klink links``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from klink.cli.link_options import given_fields, link_options
from klink.cli.link_views import link_json, print_link, state_of
from klink.cli.opening import principal, warn_of_unread, with_database
from klink.cli.output import json_option, print_json, print_table
from klink.core import links
from klink.core.context import Context
from klink.core.links import LinkPatch, LinkQuery, LinkView, NewLink, NumberedPage
from klink.core.links.search import MAX_LIMIT, SORTS, STATES
from klink.core.principal import Principal
from klink.stats.counts import with_counts

workspace_option = click.option(
    "--workspace", metavar="W", help="A name or an id; by default the first one."
)


@click.group("links")
def command() -> None:
    """Make, find, change and delete links; NAME is a slug, a number or an id."""


@command.command("create")
@click.argument("url")
@link_options
@click.option("--domain", metavar="HOST", help="A domain of the workspace; else its default.")
@workspace_option
@click.option("--user", metavar="EMAIL", help="Who makes it; by default the first owner.")
@json_option
@with_database
def create(
    ctx: Context,
    /,
    url: str,
    domain: str | None,
    workspace: str | None,
    user: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a link to URL and print its short URL."""
    who = principal(ctx, workspace, user)
    new = NewLink(url=url, domain=domain, **given_fields(options))
    made = links.create(ctx, who, new)
    warn_of_unread(ctx)
    if made.existing:
        click.echo("klink: that post or page has this link already; none was made", err=True)
    _show(made.link, as_json=as_json)


@command.command("list")
@click.option("--q", default="", help="Words in slug, title or URL.")
@click.option("--tag", help="Only links with this tag.")
@click.option("--domain", metavar="HOST", help="Only links of this domain.")
@click.option("--state", type=click.Choice(STATES), help="By default all that are not trashed.")
@click.option(
    "--problem/--no-problem",
    default=None,
    help="Only links with a destination whose last check met a problem, or the others.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="-created",
    show_default=True,
    help="With - before it, downwards.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most."
)
@click.option("--page", type=click.IntRange(min=1), metavar="N", help="Page N of --limit links.")
@workspace_option
@json_option
@with_database
def list_(
    ctx: Context,
    /,
    limit: int,
    page: int | None,
    workspace: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Show links, newest first; with --page also how many there are."""
    who = principal(ctx, workspace)
    if page is not None:
        _print_page(ctx, links.numbered(ctx, who, LinkQuery(**filters, limit=limit), page), as_json)
        return
    found = list(_search(ctx, who, LinkQuery(**filters), limit + 1))
    if has_more := len(found) > limit:
        found.pop()
    if as_json:
        print_json(_as_json(found))
        return
    _print_table(ctx, found)
    if has_more:
        click.echo(f"There are more than these {limit}; --limit shows more.", err=True)


def _print_page(ctx: Context, page: NumberedPage, as_json: bool) -> None:
    if as_json:
        counted = {"page": page.page, "pages": page.pages, "total": page.total}
        print_json({"items": _as_json(page.items), **counted})
        return
    _print_table(ctx, page.items)
    click.echo(f"page {page.page} of {page.pages}, {page.total} links", err=True)


def _as_json(found: list[LinkView]) -> list[dict[str, object]]:
    return [link_json(link, own) for link, own in zip(found, with_counts(found), strict=True)]


def _print_table(ctx: Context, found: list[LinkView]) -> None:
    print_table(
        ["NUMBER", "SHORT URL", "CLICKS", "STATE", "CREATED", "TITLE", "URL"],
        [
            (
                link.id,
                link.short_url,
                own.clicks,
                state_of(link, ctx.now),
                link.created_at,
                link.title,
                link.url,
            )
            for link, own in zip(found, with_counts(found), strict=True)
        ],
    )


def _search(ctx: Context, who: Principal, query: LinkQuery, limit: int) -> Iterator[LinkView]:
    """Up to ``limit`` links, a page at a time."""
    while limit > 0:
        page = links.search(ctx, who, replace(query, limit=min(limit, MAX_LIMIT)))
        yield from page.items
        if page.next_cursor is None:
            return
        limit -= len(page.items)
        query = replace(query, cursor=page.next_cursor)


@command.command("show")
@click.argument("name")
@workspace_option
@json_option
@with_database
def show(ctx: Context, name: str, workspace: str | None, as_json: bool) -> None:
    """Show one link."""
    link = links.find(ctx, principal(ctx, workspace), name)
    if as_json:
        _print_json(link)
    else:
        print_link(link, with_counts([link])[0], ctx.now)


@command.command("update")
@click.argument("name")
@click.option("--url", help="The new destination.")
@link_options
@click.option("--no-tags", is_flag=True, help="Take all tags away.")
@click.option("--no-password", is_flag=True, help="Take the password away.")
@workspace_option
@json_option
@with_database
def update(
    ctx: Context,
    /,
    name: str,
    workspace: str | None,
    no_tags: bool,
    no_password: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Change what is given of a link and print its short URL.

    An empty text clears a field, and so does --max-clicks 0. Tags replace the ones before.
    """
    who = principal(ctx, workspace)
    before = links.find(ctx, who, name)
    fields = given_fields(options, before.utm)
    fields |= {"tags": ()} if no_tags else {}
    fields |= {"password": None} if no_password else {}
    if not fields:
        raise click.UsageError("nothing to change; name at least one field")
    after = links.update(ctx, who, before.uid, LinkPatch(**fields))
    warn_of_unread(ctx)
    _show(after, as_json=as_json)


@command.command("delete")
@click.argument("name")
@click.option("--purge", is_flag=True, help="Erase it with its clicks; its slug is free at once.")
@workspace_option
@json_option
@with_database
def delete(ctx: Context, name: str, purge: bool, workspace: str | None, as_json: bool) -> None:
    """Move a link to the trash, where it is kept for 30 days, or erase it."""
    who = principal(ctx, workspace)
    link = links.find(ctx, who, name)
    if purge:
        links.purge(ctx, who, link.uid)
    else:
        links.trash(ctx, who, link.uid)
    if as_json:
        print_json({"id": link.uid, "number": link.id, "slug": link.slug, "purged": purge})


@command.command("restore")
@click.argument("name")
@workspace_option
@json_option
@with_database
def restore(ctx: Context, name: str, workspace: str | None, as_json: bool) -> None:
    """Take a link out of the trash and print its short URL."""
    who = principal(ctx, workspace)
    link = links.restore(ctx, who, links.find(ctx, who, name).uid)
    _show(link, as_json=as_json)


@command.command("quarantine")
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the people of the workspace.")
@workspace_option
@json_option
@with_database
def quarantine(ctx: Context, name: str, reason: str, workspace: str | None, as_json: bool) -> None:
    """Let a link answer 404, as if it were not there, until you release it."""
    who = principal(ctx, workspace)
    link = links.quarantine(ctx, who, links.find(ctx, who, name).uid, reason)
    _show(link, as_json=as_json)


@command.command("release")
@click.argument("name")
@workspace_option
@json_option
@with_database
def release(ctx: Context, name: str, workspace: str | None, as_json: bool) -> None:
    """Take a link out of quarantine; what a list says of it is allowed in the workspace."""
    who = principal(ctx, workspace)
    link = links.release(ctx, who, links.find(ctx, who, name).uid)
    _show(link, as_json=as_json)


def _show(link: LinkView, *, as_json: bool) -> None:
    """Print a link as JSON, or its short URL alone."""
    if as_json:
        _print_json(link)
    else:
        click.echo(link.short_url)


def _print_json(link: LinkView) -> None:
    print_json(link_json(link, with_counts([link])[0]))
