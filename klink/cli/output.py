"""What commands print: lines, tables and JSON, with nothing in them that steers a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime

import click

from klink.core.times import format_rfc3339

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_GAP = "  "


def escaped(text: str) -> str:
    """``text`` in one line; what steers a terminal or hides is written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def cell(value: object) -> str:
    """A value as people read it: nothing for None, times in UTC."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return format_rfc3339(value)
    return escaped(str(value))


def print_json(value: object) -> None:
    """Print ``value`` as JSON, in ASCII."""
    click.echo(json.dumps(value, indent=2, default=_plain))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows below heads, aligned; the last column may be as long as it likes."""
    lines = [list(heads), *([cell(value) for value in row] for row in rows)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(heads) - 1)]
    for line in lines:
        padded = [
            text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=False)
        ]
        click.echo(_GAP.join([*padded, line[-1]]).rstrip())


def print_fields(fields: Mapping[str, object]) -> None:
    """Print one thing, a line for each of its fields."""
    longest = max(len(name) for name in fields)
    for name, value in fields.items():
        click.echo(f"{name:{longest}}{_GAP}{cell(value)}")


def _plain(value: object) -> str:
    assert isinstance(value, datetime), type(value)
    return format_rfc3339(value)


def _width(text: str) -> int:
    """Columns that a terminal gives ``text``."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
