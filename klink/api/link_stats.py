"""Statistics and raw clicks of one link."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

from flask import Response, current_app, g, request
from werkzeug.wsgi import wrap_file

from klink.api import render
from klink.api.links import living
from klink.api.resource import Resource
from klink.api.schemas import ClicksQuery, StatsQuery
from klink.api.stats_answers import Click, ClickList, Stats
from klink.core.errors import TooBusy
from klink.core.links import LinkView
from klink.stats import ranges
from klink.stats.clicks import ClickQuery, ClickView, each_click, page_of_clicks
from klink.stats.reading import link_stats
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

CSV = "text/csv"
EXTENSION = "klink-exports"
EXPORTS_AT_ONCE = 2

_COLUMNS = tuple(name for name in Click().fields if name != "utm")
_UTM = ("source", "medium", "campaign", "content", "term")

# What a spreadsheet may take for the beginning of a formula: at a cell's own, and behind a mark
# at which one that separates by it would begin another cell. Full-width signs are read likewise.
_FORMULA = re.compile(r"(^|[;|\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])")

blueprint = Resource("stats", "What happened to a link.")


@blueprint.at("/links/<link_id>/stats")
@blueprint.query(StatsQuery)
@blueprint.answers(200, Stats, "The statistics.")
def read_stats(query: dict[str, Any], link_id: str) -> Response:
    """Read a link's statistics.

    Totals, a series, and top values over a range, by default the last 30 days. The range is
    rounded outward to quarter hours, for top values and unique visitors to UTC days; the
    answer says what it covers.
    """
    wait_for_clicks()
    ctx, who = context(), principal()
    limit = {"limit": query.pop("limit")} if "limit" in query else {}
    over = ranges.make(ctx.now, **query)
    return render.answer(render.stats(link_stats(ctx, who, living(link_id), over, **limit)))


@blueprint.at("/links/<link_id>/clicks")
@blueprint.query(ClicksQuery)
@blueprint.answers(200, ClickList, "One page, newest first; or all of them, as CSV.")
@blueprint.answers(200, content_type=CSV, description="One page; or all of them, as CSV.")
def read_clicks(query: dict[str, Any], link_id: str) -> Response:
    """Read a link's raw clicks.

    Newest first, people and the rest, as long as they are kept. With `Accept: text/csv` all
    of them from the cursor on, in one file.
    """
    wait_for_clicks()
    link = living(link_id)
    asked = ClickQuery(**query)
    if request.accept_mimetypes.best_match(["application/json", CSV]) == CSV:
        response = _export(link, asked)
    else:
        page = page_of_clicks(context(), principal(), link, asked)
        items = [render.click(view) for view in page.items]
        response = render.answer({"items": items, "next_cursor": page.next_cursor})
    response.headers["Vary"] = "Accept"
    return response


def _export(link: LinkView, asked: ClickQuery) -> Response:
    """All clicks in one file: written by pages first, so that no slow reader holds a page."""
    found = each_click(context(), principal(), link, asked)
    file = g.export = _new_file()  # the server closes it when it is sent, or the reader gone
    try:
        size = _write(found, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    response = Response(
        wrap_file(request.environ, file),
        content_type=f"{CSV}; charset=utf-8",
        direct_passthrough=True,
    )
    response.content_length = size
    response.headers["Content-Disposition"] = f'attachment; filename="clicks-{link.slug}.csv"'
    return response


def _drop_unsent(error: BaseException | None) -> None:
    """Close the file of an answer that failed on its way out of the application."""
    file: _File | None = g.pop("export", None)
    if file is not None and error is not None:
        file.close()


blueprint.teardown_request(_drop_unsent)


class _File(io.BufferedRandom):
    """The file of one export; it takes a place until it is closed, at the latest by ``del``.

    The place hangs on the file, not on the response: a server that sends files by itself
    closes this one without a word to the response (PEP 3333, ``wsgi.file_wrapper``).
    """

    def __init__(self, places: threading.Semaphore) -> None:
        super().__init__(tempfile.TemporaryFile("w+b", buffering=0))  # noqa: SIM115
        self._places = places

    def close(self) -> None:
        """Give disk and place back; once, however often it is called."""
        if not self.closed:
            try:
                super().close()
            finally:
                self._places.release()


def _new_file() -> _File:
    """A file, when a place is free; a slow reader must not make the disk fill up."""
    places: threading.Semaphore = current_app.extensions[EXTENSION]
    if not places.acquire(blocking=False):
        raise TooBusy("enough exports are being written or read; try again soon")
    try:
        return _File(places)
    except BaseException:
        places.release()
        raise


def _write(found: Iterator[ClickView], file: _File) -> int:
    """Write the rows as CSV (RFC 4180); return the file's size in bytes."""
    text = io.TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([*_COLUMNS, *(f"utm_{name}" for name in _UTM)])
    for view in found:
        shown = render.click(view)
        cells = [shown[name] for name in _COLUMNS] + [shown["utm"].get(name) for name in _UTM]
        writer.writerow([_cell(cell) for cell in cells])
    text.flush()
    size = text.tell()
    text.detach()
    return int(size)


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: strangers choose referrers and UTMs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _FORMULA.sub(lambda found: f"{found[0]}'", str(value))
