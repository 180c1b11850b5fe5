"""Cells of CSV that no spreadsheet takes for formulas: strangers choose titles and referrers."""

from __future__ import annotations

import re

# What a spreadsheet may take for the beginning of a formula: at a cell's own, and behind a mark
# at which one that separates by it would begin another cell; there a quotation mark, which CSV
# doubles, opens and closes and is gone. Full-width signs are read likewise.
_FORMULA = re.compile(r"(^|[;|\t\r\n])(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])")


def cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: strangers choose referrers and UTMs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _FORMULA.sub(lambda found: f"{found[0]}'", str(value))
