"""The server's log: lines on standard error that nobody can forge, and that tell no secrets.

Whatever a line is made of, a password in a URL, a key of klink's and the whole address of a
visitor do not stand in it (:func:`told`): texts of errors come from anywhere.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from klink.asked import current_request
from klink.core.visitors import truncate
from klink.fetching.addresses import is_public, parsed

__all__ = ["FIELDS", "Json", "OneLine", "Seen", "to_stderr", "told"]

FIELDS = "klink_fields"
"""Under this name a record's ``extra`` may carry a mapping of more facts, plain values."""

_LOG_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+@")
_KEYS = re.compile(r"\b(klink_|klinky_live_|qklnk_|kliqs_sk_live_|klup_)[A-Za-z0-9]{20,}")
_BEARER = re.compile(r"\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.]|/\d)"
    r"|(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f]*:)[0-9A-Fa-f:.]*[0-9A-Fa-f:](?![\w:]|/\d))"
)

log = logging.getLogger(__name__)


def told(text: str) -> str:
    """``text`` without secrets, and with networks in place of the addresses of strangers.

    Addresses of this machine and of private networks stay: they are those of proxies.
    """
    text = _CREDENTIALS.sub("***@", text)
    text = _KEYS.sub(r"\1***", text)
    text = _BEARER.sub(r"\1 ***", text)
    return _ADDRESS.sub(_network, text)


def _network(found: re.Match[str]) -> str:
    address = parsed(found[0])
    inner = getattr(address, "ipv4_mapped", None) or address
    if inner is None or not is_public(inner):
        return found[0]
    return truncate(str(inner))


class _Safe(logging.Formatter):
    """What both formats have in common."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """When it was said: RFC 3339, UTC."""
        return datetime.fromtimestamp(record.created, UTC).strftime(datefmt or _LOG_TIME)

    def formatException(self, ei: logging._SysExcInfoType) -> str:
        """The traceback, without secrets."""
        return told(super().formatException(ei))

    def message(self, record: logging.LogRecord) -> str:
        """What was said; a mistake in how it was said loses no line."""
        try:
            text = record.getMessage()
        except Exception:  # any object may stand among the arguments
            text = f"{record.msg} (its arguments could not be worded)"
        return told(text)


class OneLine(_Safe):
    """Plain lines; what a stranger sent cannot begin a line of its own or move the cursor.

    Only a record begins at the left edge: its traceback, and with it an exception's text of
    many lines, is indented below it.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, and its traceback's."""
        line = self.message(record).replace("\n", "\\n")
        request = current_request.get()
        if request and request not in line:
            line += f" [request {request}]"
        head = f"{self.formatTime(record)} {record.levelname} {record.name}"
        parts = [f"{head}: {line}"]
        if record.exc_info:
            parts.append(self.formatException(record.exc_info))
        return "\n    ".join(map(_plain, "\n".join(parts).split("\n")))


class Json(_Safe):
    """One object a line, in ASCII, so that there is nothing to break it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
        }
        if request := current_request.get():
            line["request_id"] = request
        more = getattr(record, FIELDS, None)
        if isinstance(more, Mapping):
            line |= {str(name): _value(value) for name, value in more.items() if name not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _value(value: object) -> object:
    return value if isinstance(value, int | float | None) else told(str(value))


def _plain(line: str) -> str:
    """``line`` without what a terminal would obey."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], line)


class Seen(logging.Handler):
    """Counts lines by level, for ``/metrics``."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one; the handler's lock is held."""
        self._counts["error" if record.levelno >= logging.ERROR else "warning"] += 1

    def counts(self) -> Mapping[str, int]:
        """How many there were of warnings and of errors."""
        return {level: self._counts[level] for level in ("warning", "error")}


def to_stderr(form: Literal["text", "json"] | str = "text", level: str = "info") -> Seen:
    """Log to standard error: what klink does, and warnings of all others.

    :param level: the least that is worth a line.
    :returns: what counts the lines from here on.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if form == "json" else OneLine())
    seen = Seen()
    least = _LEVELS[level]
    logging.basicConfig(level=max(logging.WARNING, least), handlers=[handler, seen], force=True)
    logging.getLogger("klink").setLevel(least)
    logging.raiseExceptions = False  # what it prints would be no line of this log
    threading.excepthook = _thread_died
    return seen


def _thread_died(args: threading.ExceptHookArgs) -> None:
    """What a thread died of is a line like any other."""
    value = args.exc_value or args.exc_type()
    name = args.thread.name if args.thread else "?"
    log.critical("the thread %s died", name, exc_info=(args.exc_type, value, args.exc_traceback))
