"""``klink export``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

import click

from klink.cli.opening import with_existing_database
from klink.cli.output import json_option, print_json
from klink.core import workspaces
from klink.core.context import Context
from klink.core.links.export import how_many
from klink.moving.out.files import whole_file
from klink.moving.out.kinds import KINDS
from klink.moving.out.maps.redirects import LEFT_OUT, LOST
from klink.moving.out.maps.writing import SYNTAXES, MapSummary, write_map
from klink.moving.out.records import Format, write_records

_FORMATS = ("jsonl", "csv", *SYNTAXES)
_BY_ENDING = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
_STDOUT = Path("-")

Tick = Callable[[str, int], None]


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    help="By default what FILE ends in: .jsonl or .csv; jsonl for standard output.",
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(list(KINDS)),
    multiple=True,
    help="Only this kind of records; may be given again for jsonl. By default jsonl holds all "
    "but clicks, csv links.",
)
@click.option("--with-clicks", is_flag=True, help="Each single click that is kept, too (jsonl).")
@click.option("--workspace", metavar="W", help="A name or an id; by default all workspaces.")
@json_option
@with_existing_database
def command(
    ctx: Context,
    /,
    file: Path,
    format_: str | None,
    kinds: tuple[str, ...],
    with_clicks: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Write what there is into FILE, as it is at one moment; - is standard output.

    jsonl is a JSON object on each line, and what `klink import jsonl` reads back; csv is a table
    of one kind. nginx, caddy and cloudflare are redirects for those servers: what they cannot do
    (passwords, ends, limits of clicks, previews) is left out, and said.

    The file is there whole or not at all, and only you may read it: it holds where links lead,
    and in jsonl the hashes of their passwords.
    """
    chosen = format_ or _format_of(file)
    if chosen in SYNTAXES and (kinds or with_clicks):
        raise click.UsageError(f"{chosen} holds links alone; leave --kind and --with-clicks out")
    if chosen == "csv" and (len(set(kinds)) > 1 or with_clicks):
        raise click.UsageError("csv holds one kind: give one --kind, or take jsonl")
    if with_clicks:
        kinds = (*(kinds or [name for name in KINDS if name != "clicks"]), "clicks")
    whose = None if workspace is None else workspaces.find(workspace)
    name = None if whose is None else whose.uid
    most = how_many(None if whose is None else whose.id)
    done: dict[str, Any]  # Any: JSON of every type
    with _opened(file) as out, _bar(most) as tick:
        if chosen in SYNTAXES:
            summary = write_map(ctx, out, chosen, workspace=name, tick=tick)
            done = _map_json(summary)
        else:
            counts = write_records(
                ctx, out, cast(Format, chosen), kinds=kinds, workspace=name, tick=tick
            )
            done = {"records": counts}
    done = {"file": str(file), "format": chosen} | done
    if as_json and file != _STDOUT:
        print_json(done)
    elif chosen in SYNTAXES:
        _print_map(summary)
    else:
        counted = ", ".join(f"{many:,} {kind}" for kind, many in counts.items())
        click.echo(f"klink: wrote {counted}", err=True)


def _format_of(file: Path) -> str:
    if file == _STDOUT:
        return "jsonl"
    found = _BY_ENDING.get(file.suffix.lower())
    if found is None:
        raise click.UsageError(
            f"{file.name} does not say what it is to be: let it end in .jsonl or .csv, or give "
            "--format"
        )
    return found


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if file != _STDOUT:
        with whole_file(file) as out:
            yield out
        return
    sys.stdout.flush()
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="")  # whatever the terminal's is
    try:
        yield out
        out.flush()
    finally:
        out.detach()


@contextmanager
def _bar(most: int) -> Iterator[Tick]:
    """A progress bar on a terminal, by links; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    with click.progressbar(length=max(1, most), label="links", file=sys.stderr) as bar:

        def tick(kind: str, many: int) -> None:
            if kind == "links":
                bar.update(many)
            else:
                bar.label = kind
                bar.update(0)

        yield tick


def _map_json(summary: MapSummary) -> dict[str, Any]:
    return {
        "redirects": summary.redirects,
        "left_out": dict(summary.left_out),
        "lost": dict(summary.lost),
        "examples": summary.examples,
    }


def _print_map(summary: MapSummary) -> None:
    """Say on standard error what the map has and what it has not."""
    left_out = sum(summary.left_out.values())
    click.echo(f"klink: {summary.redirects:,} redirects, {left_out:,} links left out", err=True)
    for word, many in summary.left_out.most_common():
        shown = ", ".join(summary.examples[word]) + (
            " …" if many > len(summary.examples[word]) else ""
        )
        click.echo(f"  {many:,} left out, each {LEFT_OUT[word]}: {shown}", err=True)
    for word, many in summary.lost.most_common():
        click.echo(f"  {many:,} with less, each {LOST[word]}", err=True)
