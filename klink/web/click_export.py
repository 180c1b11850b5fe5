"""The raw clicks of a link in one file, whichever door asks for it."""

from __future__ import annotations

from flask import Response

from klink.core.context import Context
from klink.core.links import LinkView
from klink.core.links.model import UTM_NAMES
from klink.core.principal import Principal
from klink.core.times import format_rfc3339
from klink.stats.clicks import ClickQuery, ClickView, each_click
from klink.web.exports import csv_file

__all__ = ["export_clicks"]

_FACTS = (
    "kind", "reason", "is_click", "is_view", "variant", "country", "device", "browser", "os",
    "language", "referrer", "net", "visitor",
)  # fmt: skip
_COLUMNS = ("at", *_FACTS, *(f"utm_{name}" for name in UTM_NAMES))


def export_clicks(ctx: Context, who: Principal, link: LinkView, asked: ClickQuery) -> Response:
    """Every visit of a link that fits, from the cursor on, newest first, as CSV.

    :raises InsufficientScope, NotFound, ValidationFailed: as
        :func:`klink.stats.clicks.each_click`.
    :raises TooBusy: enough exports are being written or read.
    """
    found = each_click(ctx, who, link, asked)
    return csv_file(f"clicks-{link.slug}.csv", _COLUMNS, map(_row, found))


def _row(view: ClickView) -> list[object]:
    return [
        format_rfc3339(view.at),
        *(getattr(view, name) for name in _FACTS),
        *(view.utm.get(name) for name in UTM_NAMES),
    ]
