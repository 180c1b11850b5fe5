"""The options that say what a link is, for making one and for changing one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import click

from klink.cli.opening import password_from_stdin
from klink.core.links import Utm
from klink.core.links.fields import REDIRECT_STATUSES, TYPES
from klink.core.links.model import UTM_NAMES
from klink.core.times import parse_rfc3339

F = TypeVar("F", bound=Callable[..., Any])  # Any: click gives each command its own arguments

CLEARABLE = ("title", "description", "post_id", "site_url", "starts_at", "expires_at")
"""Fields that an empty text clears; ``expired_url``, ``failover_url`` and the five of UTM too."""


def time(text: str) -> datetime | str:
    """Read a time such as 2026-01-31T09:30:00Z; the empty text stays what it is.

    :raises click.BadParameter: a usage error.
    """
    try:
        return parse_rfc3339(text) if text else text
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is {error}") from None


_OPTIONS = [
    click.option("--slug", help="What comes after the host; by default 7 random characters."),
    click.option("--title", help="A title for people."),
    click.option("--description", help="A text for people."),
    click.option("--tag", "tags", multiple=True, help="May be given several times."),
    click.option("--type", type=click.Choice(TYPES), help="inpage shows a page first."),
    click.option("--post-id", help="The post that an inpage link stands for."),
    click.option("--site-url", help="The page that an inpage link stands on."),
    click.option("--starts-at", type=time, help="Unknown before, e.g. 2026-01-31T09:30:00Z."),
    click.option("--expires-at", type=time, help="Gone from then on."),
    click.option("--max-clicks", type=click.IntRange(min=0), help="Gone after so many people."),
    click.option("--expired-url", help="Where visitors go once it is gone."),
    click.option("--failover-url", help="Where visitors go while the destination is down."),
    click.option(
        "--redirect-status",
        type=click.Choice([str(status) for status in REDIRECT_STATUSES]),
        help="How it forwards; by default 302.",
    ),
    click.option(
        "--forward-query/--no-forward-query",
        default=None,
        help="Whether a visit's query goes along.",
    ),
    click.option(
        "--conversion-tracking/--no-conversion-tracking",
        default=None,
        help="Whether the destination is told who came.",
    ),
    *(click.option(f"--utm-{name}", help=f"Added as utm_{name}.") for name in UTM_NAMES),
    click.option("--active/--inactive", "is_active", default=None, help="Whether it forwards."),
    click.option("--password-stdin", is_flag=True, help="Read a password from standard input."),
]


def link_options(command: F) -> F:
    """Add the options of a link's fields to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_fields(options: dict[str, Any], before: Utm | None = None) -> dict[str, Any]:
    """Fields of a link for what was given on the command line; what was not is left out.

    :param options: what click made of :func:`link_options`. Any: they differ in type.
    :param before: the UTM parameters of a link that is changed. An empty text then clears
        its field; for a new link it is the same as none.
    """
    found = {name: value for name, value in options.items() if value not in (None, ())}
    utm = {name: found.pop(f"utm_{name}", None) for name in UTM_NAMES}
    named = {name: value or None for name, value in utm.items() if value is not None}
    if named:
        found["utm"] = replace(before or Utm(), **named)
    if found.pop("password_stdin", False):
        found["password"] = password_from_stdin()
    if "redirect_status" in found:
        found["redirect_status"] = int(found["redirect_status"])
    for name in (*CLEARABLE, "expired_url", "failover_url", "max_clicks"):
        if name in found:
            found[name] = found[name] or None
    return found
