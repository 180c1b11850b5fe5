"""``klink backup``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from klink import __version__
from klink.backups import Backup, Source, listed, make
from klink.cli.opening import configured, need_database, opened
from klink.cli.output import cell, json_option, print_json, print_table
from klink.cli.progress import Bar
from klink.cli.refused import Refused

WORDS = {
    "copy": "copying the database",
    "pack": "packing",
    "write": "writing the file",
    "check": "trying the backup",
    "verify": "verifying the backup",
    "unpack": "unpacking",
    "load": "loading tables",
}
"""What the steps of backing up and restoring are called."""


@dataclass(frozen=True, slots=True)
class _Place:
    folder: Path
    name: str | None


@click.command("backup")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--list", "is_list", is_flag=True, help="Show the backups there are instead.")
@json_option
def command(file: Path | None, is_list: bool, as_json: bool) -> None:
    """Write everything into one file, which `klink restore` takes, and try whether it is good.

    Database, clicks that wait in the journal, and the server's secret; the server may run.
    FILE is new; without it the backup goes to [backups] folder, under a name by the time.
    """
    config = configured()
    if is_list:
        if file is not None:
            raise click.UsageError("--list takes no FILE")
        _show(listed(config.backup_folder), config.backup_folder, as_json=as_json)
        return
    need_database(config)
    place = _place(file, config.backup_folder)
    with opened(config) as ctx:
        bar = Bar(WORDS)
        try:
            source = Source(config.data_dir, __version__)
            made = make(source, place.folder, ctx.now, name=place.name, watch=bar)
        finally:
            bar.end()
    if as_json:
        print_json(backup_json(made))
    else:
        click.echo(cell(str(made.path)))


def backup_json(backup: Backup) -> dict[str, object]:
    """A backup, as JSON has it."""
    found = backup.manifest
    return {
        "file": str(backup.path),
        "at": backup.at,
        "size_bytes": backup.size_bytes,
        "klink": found.version if found else None,
        "engine": found.engine if found else None,
        "schema": found.schema if found else None,
        "links": found.rows.get("links") if found else None,
        "problem": backup.problem or None,
    }


def _place(file: Path | None, folder: Path) -> _Place:
    if file is None:
        return _Place(folder, None)
    if file.is_dir():
        raise Refused(f"{file} is a folder; name a file in it")
    if not file.parent.is_dir():
        raise Refused(f"there is no folder {file.parent}; make it first")
    return _Place(file.absolute().parent, file.name)


def _show(found: list[Backup], folder: Path, *, as_json: bool) -> None:
    if as_json:
        print_json([backup_json(each) for each in found])
        return
    if not found:
        click.echo(f"there is no backup in {folder}; `klink backup` makes one", err=True)
        return
    now = datetime.now(UTC)
    print_table(
        ["MADE", "AGE", "BYTES", "KLINK", "SCHEMA", "LINKS", "FILE"],
        [
            (
                each.at,
                _age((now - each.at).total_seconds()),
                each.size_bytes,
                each.manifest.version if each.manifest else None,
                each.manifest.schema if each.manifest else None,
                each.manifest.rows.get("links") if each.manifest else None,
                each.problem or each.path,
            )
            for each in found
        ],
    )


def _age(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    return f"{max(0, seconds):.0f}s"
