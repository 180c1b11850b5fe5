"""``klink serve``."""

from __future__ import annotations

import click

from klink.app import serve
from klink.cli.opening import configured, refusals
from klink.config import Config, join_listen


@click.command("serve")
@click.option("--host", help="Listen here instead of where the configuration says.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes any free port.")
def command(host: str | None, port: int | None) -> int:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C)."""
    config = _config(host, port)
    with refusals():
        return serve(config)


def _config(host: str | None, port: int | None) -> Config:
    config = configured()
    if host is None and port is None:
        return config
    listen = join_listen(
        config.server.host if host is None else host,
        config.server.port if port is None else port,
    )
    chosen = configured({"server.listen": listen})
    if port != 0 and chosen.server.base_url != config.server.base_url:
        click.echo(
            f"klink: other commands know nothing of --host and --port, and print links with "
            f"{config.server.base_url}; server.listen in the configuration is for all of them",
            err=True,
        )
    return chosen
