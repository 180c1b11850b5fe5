"""Links taken along as a file: those selected, or all that a list finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Response, request

from klink.admin.links.listing import Asked
from klink.admin.screens import Screens
from klink.core import links
from klink.core.errors import ValidationFailed
from klink.core.links import LinkView
from klink.stats.link_records import header, records, row
from klink.web.exports import csv_file, json_lines_file
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()


@screens.at("/links/export", needs="read")
def export_links() -> Response:
    """All links that the list finds."""
    wait_for_clicks()
    asked = Asked.of(request.args)
    found = links.pages(context(), principal(), asked.query())
    return _file(request.args.get("format", ""), found)


@screens.at("/links/export", "POST", needs="read")
def export_chosen() -> Response:
    """The links that were selected."""
    wait_for_clicks()
    found = links.chosen(context(), principal(), request.form.getlist("ids"))
    return _file(request.form.get("format", ""), [found])


def _file(format_: str, pages: Iterable[Sequence[LinkView]]) -> Response:
    found = records(pages)
    if format_ == "csv":
        return csv_file("links.csv", header(), map(row, found))
    if format_ == "jsonl":
        return json_lines_file("links.jsonl", found)
    raise ValidationFailed({"format": ["must be csv or jsonl"]})
