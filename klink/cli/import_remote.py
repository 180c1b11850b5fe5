"""``klink import`` from the APIs of other products."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import click

from klink import __version__
from klink.cli.importing import Asked, import_options, take_in
from klink.cli.opening import principal, with_database
from klink.cli.output import escaped
from klink.cli.refused import Refused
from klink.core import links
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.principal import Principal
from klink.fetching import Fetcher
from klink.moving.native import Options
from klink.moving.remote.asking import Api
from klink.moving.remote.paging import PagedSource
from klink.moving.remote.products import PRODUCTS, Known

__all__ = ["KEY_VARIABLE", "commands"]

KEY_VARIABLE = "KLINK_IMPORT_KEY"

_MAX_KEY = 1_000
_TOLD_FROM_S = 5.0
"""A wait of so many seconds is told in a pipe, too: else it would look like the end of it."""


def commands() -> Iterator[click.Command]:
    """A command for each product, and one that says why there is nothing to read."""
    for name, known in PRODUCTS.items():
        yield _command(name, known)
    yield _kliqs


def _command(name: str, known: Known) -> click.Command:
    product = known.make().name

    @click.command(name, short_help=f"The links of a {product} account, through its API.")
    @click.option(
        "--from",
        "address",
        metavar="URL",
        default=known.address,
        show_default=True,
        help="The API; a klink that speaks it will do.",
    )
    @click.option(
        "--allow-private",
        is_flag=True,
        help="The address may be in a private network, and http.",
    )
    @import_options
    @with_database
    def take(ctx: Context, /, address: str, allow_private: bool, asked: Asked) -> None:
        made = known.make()
        fetcher = Fetcher(
            f"klink/{__version__} (+{ctx.settings.base_url})", allow_private=allow_private
        )
        api = Api(
            fetcher,
            address,
            made.name,
            made.header(_key(made.name)),
            wait=_wait,
            is_private=allow_private,
        )
        who = principal(ctx, asked.workspace)
        is_updating = asked.on_conflict == "update"  # all that there is must be compared

        def opened(options: Options) -> PagedSource:
            return PagedSource(
                api, made, options, lambda slug: not is_updating and _is_there(who, slug)
            )

        take_in(ctx, asked, opened)

    take.help = (
        f"Take in the links of a {product} account through its API, with their clicks.\n\n"
        f"The key is read from the environment variable {KEY_VARIABLE}, else from standard input. "
        "klink asks for page after page, no faster than the API allows, and waits when it says "
        "so. What is here already is left alone: a run that was interrupted goes on with the same "
        "command."
    )
    return take


@click.command("kliqs", short_help="Says why nothing can be read from Kliqs.")
def _kliqs() -> None:
    """Kliqs has an API that makes links, and none that lists them."""
    raise Refused(
        "Kliqs' API makes links and lists none, so there is nothing to read; write your links "
        "into a table with slug and url, and take `klink import csv FILE`"
    )


def _is_there(who: Principal, slug: str) -> bool:
    try:
        links.uid_by_slug(who, slug, scope="read")
    except NotFound:
        return False
    return True


def _key(product: str) -> str:
    """The key: never from the command line, which others on the machine can read."""
    key = os.environ.get(KEY_VARIABLE, "")
    if not key and sys.stdin.isatty():
        key = click.prompt(f"Key of {product}", hide_input=True, err=True)
    elif not key:
        key = sys.stdin.buffer.readline(_MAX_KEY + 2).decode("utf-8", "replace")
    key = key.strip()
    if not key:
        raise Refused(f"there is no key: put {product}'s into {KEY_VARIABLE}, or standard input")
    if len(key) > _MAX_KEY or not (key.isascii() and key.isprintable()) or " " in key:
        raise Refused(f"this is no key of {product}: one is a word of letters and digits")
    return key


def _wait(seconds: float, why: str) -> None:
    """Wait, and say so."""
    is_shown = sys.stderr.isatty()
    until = time.monotonic() + seconds
    if not is_shown and seconds >= _TOLD_FROM_S:
        click.echo(escaped(f"klink: waiting {seconds:.0f} s: {why}"), err=True)
    while (left := until - time.monotonic()) > 0:
        if is_shown:
            click.echo(f"\rwaiting {left:.0f} s: {escaped(why)}\x1b[K", nl=False, err=True)
        time.sleep(min(1.0, left))
