"""``klink migrate``."""

from __future__ import annotations

from contextlib import nullcontext

import click

from klink.cli.opening import configured, no_server, refusals
from klink.cli.output import json_option, print_json
from klink.db import connection
from klink.opening import upgrade


@click.command("migrate")
@json_option
def command(as_json: bool) -> None:
    """Bring the database to the schema this klink needs, and show what ran.

    A database that holds anything is backed up before ([backups] before_upgrades).
    On SQLite the server must be stopped; on PostgreSQL processes wait for one another.
    """
    config = configured()
    is_file = connection.sqlite_path(config.database.url, config.data_dir) is not None
    why = "the server is running"
    with no_server(config.data_dir, why) if is_file else nullcontext(), refusals():
        connection.connect(config.database.url, config.data_dir)
        try:
            ran = upgrade(config)
        finally:
            connection.disconnect()
    if as_json:
        print_json({"migrations": ran})
    else:
        click.echo("\n".join(ran) if ran else "nothing to do")
