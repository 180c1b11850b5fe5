"""The server's log: plain lines on standard error."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime

_LOG_TIME = "%Y-%m-%dT%H:%M:%SZ"

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class OneLine(logging.Formatter):
    """Plain lines; what a stranger sent cannot begin a line of its own or move the cursor.

    Only a record begins at the left edge: its traceback, and with it an exception's text of
    many lines, is indented below it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, and its traceback's."""
        return "\n    ".join(map(_plain, super().format(record).split("\n")))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """When it was said: RFC 3339, UTC."""
        return datetime.fromtimestamp(record.created, UTC).strftime(datefmt or _LOG_TIME)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The record's own line: one."""
        return super().formatMessage(record).replace("\n", "\\n")


def _plain(line: str) -> str:
    """``line`` without what a terminal would obey."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], line)


def to_stderr() -> None:
    """Log to standard error: what klink does, and warnings of all others."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("klink").setLevel(logging.INFO)
