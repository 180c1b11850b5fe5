"""Records of every kind as JSON lines, or those of one kind as a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TextIO

from klink import __version__
from klink.core import workspaces
from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.spreadsheets import cell
from klink.core.times import format_rfc3339
from klink.db.connection import snapshot
from klink.moving.out.kinds import KINDS, Kind, Place, Record

__all__ = ["USUAL", "Format", "write_records"]

Format = Literal["jsonl", "csv"]
Tick = Callable[[str, int], None]
"""Told how many more records of which kind are written."""

USUAL: dict[Format, tuple[str, ...]] = {
    "jsonl": tuple(kind.name for kind in KINDS.values() if not kind.is_heavy),
    "csv": ("links",),
}
"""The kinds that are exported when none is named."""

_TICK = 500


def write_records(
    ctx: Context,
    out: TextIO,
    format_: Format,
    *,
    kinds: Sequence[str] = (),
    workspace: str | None = None,
    tick: Tick = lambda _, __: None,
) -> dict[str, int]:
    """Write what workspaces have, as it was at one moment; return how many records of each kind.

    JSON lines begin with one that says whose export it is, and end with one that counts; every
    line has a ``type`` that says what it is. Nothing is held in memory but some hundreds of
    records.

    :param kinds: names of :data:`~klink.moving.out.kinds.KINDS`; none: :data:`USUAL`.
    :param workspace: a name or an id; None: every workspace.
    :raises NotFound: there is no such workspace.
    :raises ValidationFailed: a table of several kinds.
    """
    chosen = [kind for kind in KINDS.values() if kind.name in (kinds or USUAL[format_])]
    if format_ == "csv" and len(chosen) > 1:
        raise ValidationFailed({"kind": ["a table holds one kind; name one, or take JSON lines"]})
    with snapshot():
        found = workspaces.all_of_them() if workspace is None else [workspaces.find(workspace)]
        places = [Place(ctx, each) for each in found]
        if format_ == "csv":
            return {chosen[0].name: _table(out, chosen[0], places, tick)}
        return _lines(ctx, out, chosen, places, tick)


def _lines(
    ctx: Context, out: TextIO, kinds: Sequence[Kind], places: Sequence[Place], tick: Tick
) -> dict[str, int]:
    counts = dict.fromkeys((kind.name for kind in kinds), 0)

    def line(record: Record) -> None:
        out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")

    line(
        {
            "type": "export",
            "klink": __version__,
            "base_url": ctx.settings.base_url,
            "exported_at": format_rfc3339(ctx.now),
            "kinds": list(counts),
        }
    )
    for place in places:
        for kind in kinds:
            whose = {"type": kind.record, "workspace": place.workspace.name}
            for record in _counted(kind, place, counts, tick):
                line(whose | record)
    line({"type": "end", "counts": counts})
    return counts


def _table(out: TextIO, kind: Kind, places: Sequence[Place], tick: Tick) -> int:
    counts = {kind.name: 0}
    writer = csv.writer(out)
    writer.writerow(["workspace", *kind.columns])
    for place in places:
        for record in _counted(kind, place, counts, tick):
            cells = [place.workspace.name, *kind.cells(record)]
            writer.writerow([cell(value) for value in cells])
    return counts[kind.name]


def _counted(kind: Kind, place: Place, counts: dict[str, int], tick: Tick) -> Iterator[Record]:
    """The records of a kind, with a word now and then of how many those are."""
    waiting = 0
    for record in kind.read(place):
        yield record
        counts[kind.name] += 1
        waiting += 1
        if waiting == _TICK:
            tick(kind.name, waiting)
            waiting = 0
    tick(kind.name, waiting)
