"""Exports: a file that is written first, and sent then, so that no slow reader holds a page."""

from __future__ import annotations

import csv
import io
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO

from flask import Flask, Response, current_app, g, request
from flask.json import dumps
from werkzeug.wsgi import wrap_file

from klink.core.errors import TooBusy
from klink.core.spreadsheets import cell

CSV = "text/csv"
JSON_LINES = "application/jsonl"
EXTENSION = "klink-exports"
AT_ONCE = 2


def install(app: Flask) -> None:
    """Let the app's views give files."""
    app.extensions[EXTENSION] = threading.BoundedSemaphore(AT_ONCE)
    app.teardown_request(_drop_unsent)


def csv_file(name: str, header: Sequence[str], found: Iterable[Sequence[object]]) -> Response:
    """A file of CSV (RFC 4180), in which no spreadsheet takes a cell for a formula.

    :param name: what browsers call it: of letters, digits, ``-``, ``_`` and ``.``.
    :param found: cells of a row each; read while the file is written.
    :raises TooBusy: enough files are being written or read.
    """

    def write(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        for row in found:
            writer.writerow([cell(value) for value in row])
        text.flush()
        text.detach()

    return _sent(name, CSV, write)


def json_lines_file(name: str, found: Iterable[object]) -> Response:
    """A file with JSON on each line.

    :param name, found: as :func:`csv_file`.
    :raises TooBusy: as :func:`csv_file`.
    """

    def write(file: BinaryIO) -> None:
        for each in found:
            file.write(dumps(each).encode() + b"\n")

    return _sent(name, JSON_LINES, write)


def _sent(name: str, content_type: str, write: Callable[[BinaryIO], None]) -> Response:
    file = g.export = _new_file()  # the server closes it when it is sent, or the reader gone
    try:
        write(file)
        size = file.tell()
    except BaseException:
        file.close()
        raise
    file.seek(0)
    response = Response(
        wrap_file(request.environ, file),
        content_type=f"{content_type}; charset=utf-8",
        direct_passthrough=True,
    )
    response.content_length = size
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _drop_unsent(error: BaseException | None) -> None:
    """Close the file of an answer that failed on its way out of the application."""
    file: _File | None = g.pop("export", None)
    if file is not None and error is not None:
        file.close()


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
