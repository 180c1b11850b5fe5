"""Every row, and how what was measured is shown."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.benchmark import folding, lifetime, making, reading, redirects
from scripts.benchmark.measuring import Line, Row

ROWS: tuple[Row, ...] = (
    *redirects.ROWS,
    *folding.ROWS,
    *lifetime.ROWS,
    *reading.ROWS,
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


def _cells(line: Line) -> tuple[str, ...]:
    verdict = {None: "", True: "reached", False: "MISSED"}[line.reached]
    return (
        line.what,
        f"{_number(line.value)} {line.unit}",
        "" if line.base is None else f"{_number(line.base)} {line.unit}",
        "" if line.ratio is None else f"{line.ratio:.3f}",
        "" if line.bar is None else str(line.bar),
        verdict,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
