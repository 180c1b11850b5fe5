"""``klink geoip``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from klink.cli.opening import configured, refusals
from klink.cli.output import json_option, print_fields, print_json
from klink.geoip import Outcome, read_state, state_file, update
from klink.geoip.state import when
from klink.geoip.verifying import look_at
from klink.opening import geoip_updates

_MIB = 1 << 20


@click.group("geoip")
def command() -> None:
    """The database by which visitors' countries are known."""


@command.command("update")
@json_option
def update_(as_json: bool) -> None:
    """Fetch a newer database of countries, if there is one, and put it in place.

    It comes from [geoip] update_url, by default DB-IP's free one. What comes is looked at first;
    whatever goes wrong, the old one stays. A running server takes the new one up by itself.
    """
    updates = geoip_updates(configured())
    progress = _Progress()
    try:
        with refusals():
            outcome = update(updates, datetime.now(UTC), told=progress)
    finally:
        progress.end()
    if as_json:
        print_json(_outcome_json(outcome))
    else:
        click.echo(_words(outcome))


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show which database is in use, and how the last update went."""
    config = configured()
    found = look_at(config.geoip_file)
    state = read_state(state_file(config.data_dir))
    shown: dict[str, object] = {
        "file": str(config.geoip_file),
        "built_at": found.built_at if found else None,
        "kind": found.kind if found else None,
        "checked_at": when(state.checked_at),
        "failures": state.failures,
        "error": state.error or None,
        "retry_at": when(state.retry_at),
    }
    if as_json:
        print_json(shown)
        return
    print_fields(shown)
    if not config.geoip_file.exists():
        click.echo("No database is there; `klink geoip update` fetches one.")


def _outcome_json(outcome: Outcome) -> dict[str, object]:
    found = outcome.database
    return {
        "result": outcome.result,
        "built_at": found.built_at if found else None,
        "kind": found.kind if found else None,
    }


def _words(outcome: Outcome) -> str:
    found = outcome.database
    if found is None:
        return "there is nothing newer"
    of = f"{found.kind} of {found.built_at:%Y-%m-%d}"
    if outcome.result == "updated":
        return f"in place: {of}, {outcome.size_bytes / _MIB:.1f} MiB"
    return f"there is nothing newer than {of}"


class _Progress:
    """Counts along on a terminal; in a pipe it says nothing."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def __call__(self, size: int) -> None:
        if self._is_shown:
            click.echo(f"\r{size / _MIB:.1f} MiB …", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)
