"""Every row, and how what was measured is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.benchmark import admin, folding, lifetime, making, mix, reading, redirects
from scripts.benchmark.measuring import Bar, Line, Row

ROWS: tuple[Row, ...] = (
    *redirects.ROWS,
    *mix.ROWS,
    *folding.ROWS,
    *lifetime.ROWS,
    *reading.ROWS,
    *admin.ROWS,
    *making.ROWS,
)

_HEAD = ("what", "klink", "base", "ratio", "bar", "")


def shown(lines: Sequence[Line]) -> str:
    """A table for people."""
    rows = [_HEAD, *map(_cells, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    texts = []
    for row, note in zip(rows, ["", *(line.note for line in lines)], strict=True):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:4], widths[1:4], strict=True)]
        cells += [row[4].ljust(widths[4]), row[5]]
        texts.append("  ".join(cells).rstrip())
        if note:
            texts.append(f"    {note}")
    return "\n".join(texts)


def markdown(results: Mapping[str, Sequence[Line]]) -> str:
    """The same for a page, with the rows' names."""
    texts = ["| row | what | klink | beside it | ratio | bar | |", "|---|---|--:|--:|--:|---|---|"]
    texts += [
        "| " + " | ".join((f"`{name}`", *_cells(line))) + " |"
        for name, lines in results.items()
        for line in lines
    ]
    return "\n".join(texts) + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    verdict = {None: "", True: "reached", False: "MISSED"}[line.reached]
    return (
        line.what,
        "" if line.failed else _figure(line.value, line.unit, line.bar),
        "" if line.base is None else _figure(line.base, line.unit),
        "" if line.ratio is None else f"{line.ratio:.3f}",
        "" if line.bar is None else str(line.bar),
        "FAILED" if line.failed else verdict,
    )


def _figure(value: float, unit: str, bar: Bar | None = None) -> str:
    if bar is not None and str(bar) == "always":
        return "yes" if value else "no"
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
    return f"{number}{'' if unit.startswith('/') else ' '}{unit}"
