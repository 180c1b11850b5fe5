"""The command ``klink``: which commands there are, and how each of them may end.

Exit status: 0 done; 1 refused, and one line on standard error says why; 2 usage;
130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import importlib
import io
import keyword
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from klink import build
from klink.cli.output import escaped
from klink.cli.refused import Refused

COMMANDS: dict[str, str] = {
    "serve": "Run the server.",
    "workspaces": "Who owns links.",
    "users": "People and their roles.",
    "keys": "Keys for the API.",
    "domains": "The hosts that serve links.",
    "links": "Make, find, change and delete links.",
    "blocking": "Where links may not lead.",
    "reports": "What visitors report of links.",
    "import": "Take in links from files and other products.",
    "export": "Write links and all else to files, or as redirects.",
    "jobs": "Work that klink does by itself.",
    "doctor": "Look for what is wrong, and say what to do.",
    "geoip": "The database of countries.",
    "migrate": "Bring the database to the schema this klink needs.",
    "backup": "Make a backup of everything.",
    "restore": "Put a backup in place of the data.",
    "config": "Look at the configuration.",
}
"""Each command with its help; its module here has the same name and is imported when asked for.

Where Python keeps the name for itself, ``_`` follows it.
"""

REFUSED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141

_QUIET = logging.NullHandler()


class Commands(click.Group):
    """Imports a command's module only when that command is asked for: starting is quick."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Every command, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command called ``name``, or None."""
        if name not in COMMANDS:
            return None
        module = f"{name}_" if keyword.iskeyword(name) else name
        command: click.Command = importlib.import_module(f"klink.cli.{module}").command
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table into the help, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, context: click.Context) -> Any:  # Any: click's own signature
        """Run the command; what it meets becomes an exit status here."""
        try:
            result = super().invoke(context)
            sys.stdout.flush()  # so that a broken pipe shows now
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _drop_output()
            raise click.exceptions.Exit(BROKEN_PIPE) from None
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            raise Refused(f"cannot use{where}: {error.strerror or error}") from error
        return result


def _drop_output() -> None:
    """Let what is still buffered go nowhere, or Python complains about the pipe at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell_version(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        click.echo(f"klink {build.described()}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The configuration; else $KLINK_CONFIG, else ./config.toml.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Show which klink this is, and end.",
)
@click.pass_context
def cli(context: click.Context, config_file: Path | None) -> None:
    """A self-hosted link server."""
    context.obj = config_file
    if context.invoked_subcommand != "serve":
        # What a command is refused is told in one line; the log is the server's.
        logging.getLogger("klink").addHandler(_QUIET)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    :param args: the words after ``klink``; None takes the process's own.
    """
    words = list(sys.argv[1:] if args is None else args)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode
    try:
        if not _are_text(words):
            raise click.UsageError("the arguments must be valid UTF-8")
        status = cli.main(words, prog_name="klink", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        click.echo(f"klink: {escaped(error.format_message())}", err=True)
        return REFUSED
    except click.Abort:
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _are_text(words: Sequence[str]) -> bool:
    try:
        "".join(words).encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8 come as halves of surrogate pairs
        return False
    return True
