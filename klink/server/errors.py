"""What the server itself refuses: malformed or oversized requests, before any application.

In the shape that the client reads: that of the dialect it speaks, else RFC 9457 problems on
the API's paths and for programs that ask for JSON, else plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_to_bytes

from waitress.task import ErrorTask
from waitress.utilities import Error

from klink.core.slugs import ANSWERED

__all__ = ["Refuse", "ServerErrorTask", "TooManyWait", "is_office", "nobody"]

Refuse = Callable[[str, Mapping[str, str], int, str, str], bytes | None]
"""From path, headers (``X_API_KEY``), status, code and text to the JSON of whose path it is."""

_WORDS = {
    400: ("bad_request", "Bad Request", "the request is not valid HTTP"),
    413: ("body_too_large", "Content Too Large", "the body is larger than any request needs"),
    414: ("uri_too_long", "URI Too Long", "the address is longer than any that is served"),
    431: ("headers_too_large", "Request Header Fields Too Large", "the headers are too long"),
    503: ("busy", "Service Unavailable", "too many requests wait already; try again soon"),
    501: ("not_implemented", "Not Implemented", "this transfer encoding is not supported"),
}
_RETRY_S = 2
_OURS = ("internal", "Internal Server Error", "klink made a mistake; the error was logged")
_TARGET = re.compile(rb"[A-Za-z]{1,20} +(?:[A-Za-z]{1,20}://[^/ ]*)?(/[^ ?#]{0,200})")
# Answered among visitors, so that a busy API does not look like a dead klink, and can be watched.
_OPEN = ("health", "metrics")


def nobody(*_: object) -> None:
    """No dialect is spoken."""


def is_office(path: str) -> bool:
    """Whether a decoded path is the API's or another office door's, and not a visitor's.

    However many slashes it begins with: the application sees one.
    """
    first = path.lstrip("/").partition("/")[0].lower()
    return first in ANSWERED and first not in _OPEN


class TooManyWait(Error):
    """A request that no worker will come to in time."""

    code = 503
    reason = "Service Unavailable"


class ServerErrorTask(ErrorTask):
    """Answers what never became a request to the application."""

    def execute(self) -> None:
        """Write the error in the shape that the path and ``Accept`` ask for."""
        code = self.request.error.code  # type: ignore[attr-defined]  # the stubs lack it
        name, title, detail = _WORDS.get(code, _OURS)
        status = code if code in _WORDS else 500
        path = self._path()
        refuse: Refuse = self.channel.server.refuse  # type: ignore[attr-defined]  # a Listener's
        spoken = refuse(path, self._headers(), status, name, detail)
        if spoken is not None:
            media_type = "application/json"
            body = spoken
        elif "json" in self._headers().get("ACCEPT", "") or is_office(path):
            media_type = "application/problem+json"
            body = json.dumps(
                {
                    "type": f"urn:problem-type:klink:{name}",
                    "title": title,
                    "status": status,
                    "detail": detail,
                    "code": name,
                }
            ).encode()
        else:
            media_type = "text/plain; charset=utf-8"
            body = f"{title}: {detail}\n".encode()
        self.status = f"{status} {title}"
        self.response_headers = [
            ("Content-Type", media_type),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if status == 503:
            self.response_headers.append(("Retry-After", str(_RETRY_S)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(b"" if getattr(self.request, "command", "") == "HEAD" else body)

    def _headers(self) -> Mapping[str, str]:
        found: dict[str, str] = getattr(self.request, "headers", {})
        return found

    def _path(self) -> str:
        request = self.request
        # What could not be parsed has no path of its own, and headers that are too long leave
        # only their beginning.
        begins: bytes = getattr(request, "header_plus", b"") or getattr(request, "first_line", b"")
        match = _TARGET.match(begins)
        if match:
            return unquote_to_bytes(match[1]).decode("latin-1")
        return str(getattr(request, "path", ""))
