"""What most commands begin with: the configuration, the database, a context for the core."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec

import click

from klink.cli.output import escaped
from klink.cli.refused import Refused
from klink.config import Config, ConfigError, load
from klink.core import users, workspaces
from klink.core.context import Context
from klink.core.errors import DatabaseBusy, KlinkError
from klink.core.plans import stored
from klink.core.principal import Principal
from klink.db import connection, migrate
from klink.opening import DataFolderHeld, core_settings, held, upgrade

P = ParamSpec("P")

_MAX_PASSWORD_BYTES = 10_000


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the core refuses into a line for the person at the terminal."""
    try:
        yield
    except DatabaseBusy as error:
        cause = str(error.__cause__ or "").strip().partition("\n")[0]
        raise Refused(f"{error} ({cause})" if cause else str(error)) from error
    except (KlinkError, ConfigError) as error:
        raise Refused(str(error)) from error


def configured(overrides: Mapping[str, object] | None = None) -> Config:
    """The configuration that ``--config`` names, else the usual one.

    :raises Refused: when something in it is wrong.
    """
    config_file = click.get_current_context().find_object(Path)
    with refusals():
        return load(config_file, os.environ, Path.cwd(), overrides)


@contextmanager
def opened(config: Config) -> Iterator[Context]:
    """The database, ready for use, and the context of one command.

    A fresh database gets its schema, its first workspace and its owner.

    :raises Refused: when it cannot be used, or for what the core refuses in the block.
    """
    with refusals():
        connection.connect(config.database.url, config.data_dir)
        try:
            _bring_up_to_date(config)
            ctx = Context(datetime.now(UTC), core_settings(config))
            workspaces.ensure_first(ctx)
            yield ctx
        finally:
            connection.disconnect()


def need_database(config: Config) -> None:
    """Refuse where nothing is there yet: a copy of nothing would look like a good one.

    :raises Refused: when the database of SQLite has no file.
    """
    path = connection.sqlite_path(config.database.url, config.data_dir)
    if path is not None and not (path.exists() and path.stat().st_size):
        raise Refused(f"there is no database in {path}; is data_dir the folder that you mean?")


def with_database(command: Callable[Concatenate[Context, P], None]) -> Callable[P, None]:
    """Give a command the database and its context as the first argument."""
    return _with_context(command, lambda _: None)


def with_existing_database(command: Callable[Concatenate[Context, P], None]) -> Callable[P, None]:
    """The same, but refuse where there is none yet."""
    return _with_context(command, need_database)


def _with_context(
    command: Callable[Concatenate[Context, P], None], check: Callable[[Config], None]
) -> Callable[P, None]:
    @functools.wraps(command)
    def with_context(*args: P.args, **kwargs: P.kwargs) -> None:
        config = configured()
        check(config)
        with opened(config) as ctx:
            command(ctx, *args, **kwargs)

    return with_context


def _bring_up_to_date(config: Config) -> None:
    """Migrate when nobody can be in the way, and refuse when somebody may be."""
    if not migrate.pending():
        return
    if migrate.schema_version() == 0:
        migrate.migrate()  # others that begin with it at once wait for one another
        if connection.engine() == "sqlite" and sys.stderr.isatty():
            # Whoever is in another folder than the server sees here why nothing is there.
            click.echo(f"klink: made a new, empty database in {config.data_dir}", err=True)
        return
    if connection.engine() == "postgresql":
        raise Refused("the database has an older schema; run `klink migrate` first")
    with no_server(config.data_dir, "the database has an older schema"):
        upgrade(config)


@contextmanager
def no_server(data_dir: Path, why: str) -> Iterator[None]:
    """Keep the server of this data folder from running during the block.

    :param why: begins the refusal.
    :raises Refused: when it runs now.
    """
    try:
        with held(data_dir):
            yield
    except DataFolderHeld:
        raise Refused(f"{why}; stop the server, then run `klink migrate`") from None


def principal(ctx: Context, workspace: str | None, user: str | None = None) -> Principal:
    """The command line, acting for a user of a workspace; by default the first ones.

    :raises NotFound: when there is no such workspace, or no such user in it.
    """
    where = workspaces.find(workspace)
    who = users.find(user, where.id)
    return Principal(
        workspace_id=where.id,
        user_id=who.id,
        key_id=None,
        dialect="cli",
        workspace_plan=stored(ctx.settings.plans, where.plan),
        role="owner",  # whoever runs the server may do all that anybody may
    )


def password_from_stdin() -> str:
    """The password on standard input: its first line; asked for, unseen, at a terminal.

    :raises Refused: when there is none, or it is not UTF-8.
    """
    if sys.stdin.isatty():
        answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return answer
    line = sys.stdin.buffer.readline(_MAX_PASSWORD_BYTES)
    try:
        password = line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refused("the password on standard input is not UTF-8") from None
    if not password:
        raise Refused("there is no password on standard input")
    return password


def warn_of_unread(ctx: Context) -> None:
    """Say which blocklists could not be read: what they name seems to be allowed."""
    for file in ctx.settings.blocklists.status():
        if file.problem:
            click.echo(
                f"klink: the blocklist {file.name} cannot be read ({escaped(file.problem)}), so "
                "nothing that it names is refused here",
                err=True,
            )
