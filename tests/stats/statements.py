"""What the database is asked, whichever way it is asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from klink.db.connection import database, engine


class _Heard(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(str(record.msg))


@contextmanager
def questions() -> Iterator[list[str]]:
    """The questions that this thread asks during the block, one by one."""
    said: list[str] = []
    found: list[str] = []
    log, heard = logging.getLogger("peewee"), _Heard(said)
    before = log.level
    if engine() == "sqlite":
        database.connection().set_trace_callback(said.append)
    else:  # all of peewee's: there is no other way to ask
        log.addHandler(heard)
        log.setLevel(logging.DEBUG)
    try:
        yield found
    finally:
        if engine() == "sqlite":
            database.connection().set_trace_callback(None)
        log.removeHandler(heard)
        log.setLevel(before)
        found += [text for text in said if "SELECT" in text]
