"""What every kind of import says and asks alike, wherever its links come from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from klink.cli.opening import principal, warn_of_unread
from klink.cli.output import cell, escaped, json_option, print_json
from klink.cli.refused import Refused
from klink.core import domains
from klink.core.context import Context
from klink.core.links import ArrivalOutcome, Arrived
from klink.core.principal import Principal
from klink.moving import importing
from klink.moving.importing import Tally
from klink.moving.native import Options
from klink.moving.report import Report
from klink.moving.rows import Progress, Row, Source

_SHOWN = 20
"""Rows with something to say that are shown for people; ``--report`` has all."""

_SHOWN_JSON = 100
_BAD = (ArrivalOutcome.CONFLICT, ArrivalOutcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of every import."""

    workspace: str | None
    domain: str | None
    dry_run: bool
    on_conflict: str
    report: Path | None
    as_json: bool


def import_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every import; the command is called with ``asked``."""

    def with_asked(*args: Any, **kwargs: Any) -> None:  # Any: click's own values
        asked = Asked(**{name: kwargs.pop(name) for name in Asked.__slots__})
        command(*args, asked=asked, **kwargs)

    with_asked.__doc__ = command.__doc__
    for option in (
        json_option,
        click.option(
            "--report",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write what became of every row: a table (.csv), else JSON lines.",
        ),
        click.option(
            "--on-conflict",
            type=click.Choice(["skip", "update"]),
            default="skip",
            show_default=True,
            help="A link that is there and differs: leave it, or make it like the source's.",
        ),
        click.option(
            "--domain", metavar="HOST", help="Where all links go; by default each to its own."
        ),
        click.option("--workspace", metavar="W", help="A name or an id; by default the first one."),
        click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done."),
    ):
        with_asked = option(with_asked)
    return with_asked


def take_in(ctx: Context, asked: Asked, opened: Callable[[Options], Source]) -> None:
    """Import from a source and tell how it went.

    :param opened: gives the source.
    :raises KlinkError: WrongSource among others; when the source broke off, after all was told.
    :raises Refused: there were rows, and none could be taken in.
    """
    who = principal(ctx, asked.workspace)
    source = opened(options_for(ctx, who, asked.domain))
    told = _Told()
    with ExitStack() as stack:
        report = stack.enter_context(Report(asked.report)) if asked.report else None

        def note(row: Row, arrived: Arrived) -> None:
            told.add(row, arrived)
            if report:
                report.add(row, arrived)

        tick = stack.enter_context(_progress())
        try:
            tally = importing.run(
                ctx,
                who,
                source,
                is_dry=asked.dry_run,
                is_updating=asked.on_conflict == "update",
                note=note,
                tick=tick,
            )
        except KeyboardInterrupt:
            click.echo("\nklink: stopped; the same command takes in what is missing", err=True)
            raise
    warn_of_unread(ctx)
    if asked.as_json:
        print_json(_as_json(asked, source, tally, told))
    else:
        _print(asked, source, tally, told)
    if tally.broken_off is not None:
        raise tally.broken_off
    if 0 < tally.rows == tally.by_outcome[ArrivalOutcome.REFUSED]:
        raise Refused("none of the rows can be taken in; each says why, here or in --report FILE")


def options_for(ctx: Context, who: Principal, domain: str | None) -> Options:
    """The options, with the domains that the workspace has.

    :raises NotFound: the workspace has no domain of this name.
    """
    if domain is not None:
        domain = domains.get(ctx, who, domain).host
    hosts: set[str] = set()
    page = domains.find_all(ctx, who)
    while True:
        hosts |= {view.host for view in page.items if view.state in ("verified", "failing")}
        if page.next_cursor is None:
            return Options(domain, frozenset(hosts))
        page = domains.find_all(ctx, who, cursor=page.next_cursor)


class _Told:
    """Rows with something to say, as many as are shown."""

    def __init__(self) -> None:
        self.rows: list[tuple[Row, Arrived]] = []
        self.left_out = 0

    def add(self, row: Row, arrived: Arrived) -> None:
        """Keep a row when there is something to say of it."""
        if arrived.outcome not in _BAD and not row.warnings:
            return
        if len(self.rows) < _SHOWN_JSON:
            self.rows.append((row, arrived))
        else:
            self.left_out += 1


@contextmanager
def _progress() -> Iterator[Callable[[Progress, Tally], None]]:
    """A bar on a terminal, in a pipe nothing."""
    is_shown = sys.stderr.isatty()

    def tick(progress: Progress, tally: Tally) -> None:
        if not is_shown:
            return
        rate = tally.rows / max(tally.took_s, 0.001)
        told = f"{tally.rows:,} rows, {rate:,.0f}/s" if tally.rows else f"{tally.read:,} rows read"
        if progress.whole:
            share = min(progress.done / progress.whole, 1)
            told = f"[{'#' * int(30 * share):30}] {share:4.0%}  {told}"
        click.echo(f"\r{told}\x1b[K", nl=False, err=True)

    try:
        yield tick
    finally:
        if is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)


_DONE = {
    ArrivalOutcome.MADE: ("made", "would be made"),
    ArrivalOutcome.UPDATED: ("updated", "would be updated"),
    ArrivalOutcome.THERE: ("there already, unchanged",) * 2,
    ArrivalOutcome.CONFLICT: ("in conflict with what is there, left as it is",) * 2,
    ArrivalOutcome.REFUSED: ("cannot be taken in",) * 2,
}


def _print(asked: Asked, source: Source, tally: Tally, told: _Told) -> None:
    for outcome, words in _DONE.items():
        count = tally.by_outcome[outcome]
        if count or outcome is ArrivalOutcome.MADE:
            click.echo(f"{count:>9,}  {words[asked.dry_run]}")
    if tally.warned:
        click.echo(f"{tally.warned:>9,}  of them with something left behind")
    for notice in source.notices:
        click.echo(escaped(f"Note: {notice}"))
    for row, arrived in sorted(told.rows, key=lambda pair: pair[0].at)[:_SHOWN]:
        why = "; ".join(filter(None, (arrived.reason, *row.warnings)))
        click.echo(escaped(f"row {row.at}, {cell(_slug(row))}: {arrived.outcome}: {why}"))
    more = max(0, len(told.rows) - _SHOWN) + told.left_out
    if more:
        where = f"are in {asked.report}" if asked.report else "--report FILE shows all"
        click.echo(escaped(f"There are {more:,} more rows like these; {where}."))
    if asked.dry_run:
        click.echo("Nothing was written.")


def _slug(row: Row) -> str:
    return (row.slug or row.url or "without a slug")[:80]


def _as_json(asked: Asked, source: Source, tally: Tally, told: _Told) -> dict[str, object]:
    return {
        "dry_run": asked.dry_run,
        "rows": tally.rows,
        **{str(outcome): count for outcome, count in tally.by_outcome.items()},
        "with_warnings": tally.warned,
        "took_s": round(tally.took_s, 3),
        "notices": source.notices,
        "told": [
            {
                "row": row.at,
                "slug": row.slug,
                "url": row.url,
                "outcome": str(arrived.outcome),
                "reason": arrived.reason,
                "warnings": list(row.warnings),
            }
            for row, arrived in told.rows
        ],
        "told_not": told.left_out,
    }
