"""``klink domains``."""

from __future__ import annotations

from dataclasses import asdict

import click

from klink.cli.opening import principal, with_database
from klink.cli.output import cell, json_option, print_fields, print_json, print_table
from klink.cli.refused import Refused
from klink.core import domains, workspaces
from klink.core.context import Context
from klink.core.domains import UNSET, DomainPatch, DomainView
from klink.core.principal import Principal

workspace_option = click.option(
    "--workspace", metavar="W", help="A name or an id; by default the one whose the host is."
)


def domain_json(view: DomainView) -> dict[str, object]:
    """A domain as JSON has it; the server's own host is no workspace's."""
    proof = domains.instructions(view.host, view.token) if view.token else None
    return {
        "host": view.host,
        "workspace": None if view.is_base else workspaces.get(view.workspace_id).name,
        "state": view.state,
        "is_server": view.is_base,
        "is_default": view.is_default,
        "root_url": view.root_url,
        "not_found_url": view.not_found_url,
        "verified_at": view.verified_at,
        "verified_by": view.verified_by,
        "failing_since": view.failing_since,
        "proof": proof._asdict() if proof else None,
        "checked_at": view.checked_at,
        "findings": [asdict(each) for each in view.findings],
        "next_check_at": view.next_check_at,
        "created_at": view.created_at,
    }


@click.group("domains")
def command() -> None:
    """The hosts that serve links."""


@command.command("add")
@click.argument("host")
@click.option("--workspace", metavar="W", help="A name or an id; by default the first one.")
@click.option("--verified", is_flag=True, help="Needs no proof: this server is yours.")
@json_option
@with_database
def add(ctx: Context, host: str, workspace: str | None, verified: bool, as_json: bool) -> None:
    """Claim HOST for a workspace, and print how to prove that it is yours."""
    made = domains.claim(ctx, principal(ctx, workspace), host, verified=verified)
    if as_json:
        print_json(domain_json(made))
    elif not verified:
        _print_instructions(made)


@command.command("list")
@json_option
@with_database
def list_(ctx: Context, as_json: bool) -> None:
    """Show the hosts of all workspaces, and the server's own."""
    found = domains.all_of_them(ctx)
    if as_json:
        print_json([domain_json(each) for each in found])
        return
    names = {each.id: each.name for each in workspaces.all_of_them()}
    print_table(
        ["HOST", "WORKSPACE", "STATE", "SINCE", "BY", "DEFAULT", "ROOT", "NOT FOUND"],
        [
            (
                each.host,
                None if each.is_base else names[each.workspace_id],
                each.state,
                each.failing_since or each.verified_at or each.created_at,
                each.verified_by,
                None if each.is_base else each.is_default,
                each.root_url,
                each.not_found_url,
            )
            for each in found
        ],
    )


@command.command("verify")
@click.argument("host")
@workspace_option
@json_option
@with_database
def verify(ctx: Context, host: str, workspace: str | None, as_json: bool) -> None:
    """Look for the proof of HOST now, and print what was found."""
    found = domains.verify(ctx, _whose(ctx, host, workspace), host)
    if as_json:
        print_json(domain_json(found))
    else:
        for each in found.findings:
            click.echo(cell(f"{each.method}: {each.text}"))
    if found.state == "verified":
        return
    if found.state == "failing":
        raise Refused(f"{found.host} goes on serving links, but its proof is not there any more")
    raise Refused(f"{found.host} is not proved yet; `klink domains show {found.host}` says how")


@command.command("show")
@click.argument("host")
@workspace_option
@json_option
@with_database
def show(ctx: Context, host: str, workspace: str | None, as_json: bool) -> None:
    """Show HOST, and how it is proved."""
    found = domains.get(ctx, _whose(ctx, host, workspace), host)
    shown = domain_json(found)
    if as_json:
        print_json(shown)
        return
    shown["findings"] = "; ".join(each.text for each in found.findings) or None
    del shown["proof"]
    print_fields(shown)
    if found.token and found.verified_by != domains.BY_ADMIN:
        _print_instructions(found)


@command.command("set")
@click.argument("host")
@click.option("--root-url", metavar="URL", help="Where the root leads; '' is klink's own page.")
@click.option(
    "--not-found-url", metavar="URL", help="Where unknown short URLs lead; '' is klink's own page."
)
@click.option("--default/--no-default", default=None, help="Whether new links are made here.")
@workspace_option
@json_option
@with_database
def set_(
    ctx: Context,
    host: str,
    root_url: str | None,
    not_found_url: str | None,
    default: bool | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Say where HOST sends those who ask for no link, and whether it is the default."""
    patch = DomainPatch(
        root_url=UNSET if root_url is None else root_url or None,
        not_found_url=UNSET if not_found_url is None else not_found_url or None,
        is_default=UNSET if default is None else default,
    )
    if patch == DomainPatch():
        raise click.UsageError("say what to set: --root-url, --not-found-url, --default")
    changed = domains.change(ctx, _whose(ctx, host, workspace), host, patch)
    if as_json:
        print_json(domain_json(changed))


@command.command("remove")
@click.argument("host")
@workspace_option
@json_option
@with_database
def remove(ctx: Context, host: str, workspace: str | None, as_json: bool) -> None:
    """Let go of HOST; refused while it has links."""
    who = _whose(ctx, host, workspace)
    gone = domains.get(ctx, who, host)
    domains.remove(ctx, who, host)
    if as_json:
        print_json(domain_json(gone))


def _whose(ctx: Context, host: str, workspace: str | None) -> Principal:
    """The command line for the workspace that is named, else for the one whose the host is."""
    if workspace is None and not domains.is_base_host(ctx.settings, host):
        workspace = workspaces.get(domains.workspace_of(host)).uid
    return principal(ctx, workspace)


def _print_instructions(view: DomainView) -> None:
    assert view.token is not None  # a claim has one
    wanted = domains.instructions(view.host, view.token)
    click.echo(f"Set the DNS record  {wanted.record}  TXT  {wanted.value}")
    click.echo(f"or put the file     {wanted.url}  with  {wanted.content}")
    click.echo(f"Then                klink domains verify {view.host}")
