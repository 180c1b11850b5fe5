"""``klink import``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import click

from klink.cli.import_remote import commands
from klink.cli.importing import Asked, import_options, take_in
from klink.cli.opening import with_database
from klink.core.context import Context
from klink.moving.files import TextFile
from klink.moving.kinds import KINDS, Kind


@click.group("import")
def command() -> None:
    """Take in links from files and other products; KIND says where they come from.

    Running the same again takes in what is missing, and does nothing twice.
    """


def _file_command(name: str, kind: Kind) -> click.Command:
    """The command for one kind of file."""

    @click.command(name, short_help=f"{kind.about[0].upper()}{kind.about[1:]}.")
    @click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
    @import_options
    @with_database
    def take(ctx: Context, /, file: Path, asked: Asked) -> None:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as stream:
            take_in(ctx, asked, lambda options: kind.open(TextFile(stream), options))

    take.help = (
        f"Take in links from FILE, {kind.about}; - is standard input.\n\n"
        "What is there already and the same is left alone, so the same may be run again. "
        "`docs/moving-in.md` says what is taken over."
    )
    return take


for _name, _kind in KINDS.items():
    command.add_command(_file_command(_name, _kind))

for _remote in commands():
    command.add_command(_remote)
