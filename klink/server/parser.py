"""How requests are read: waitress's parser behind checks that cost no more than their length.

waitress reads in the one loop that serves everybody, with expressions whose time grows with
the square of a line that was made for them. What reaches them from here they match, or not,
at the first try.
"""

from __future__ import annotations

import re
import time

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver
from waitress.utilities import (
    BadRequest,
    Error,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
)

from klink.server.errors import is_office

__all__ = ["MAX_LINE_BYTES", "MAX_OFFICE_BODY_BYTES", "MAX_VISITOR_BODY_BYTES", "Parser"]

MAX_LINE_BYTES = 16 * 1024
"""The request line, and each line of the header."""
MAX_OFFICE_BODY_BYTES = (4 * 1024 + 256) * 1024
"""The largest body that any door reads, and what chunks may add; doors refuse before, each in
its own shape."""
MAX_VISITOR_BODY_BYTES = 64 * 1024
"""Visitors send forms, and no large ones."""

_MAX_LINES = 200  # browsers send some 20, proxies add a few
_MAX_CONTROL_LINE = 1024  # a chunk's size and extensions
_MAX_TRAILER = 8 * 1024  # nobody reads it

# No class here holds a space, so there is one way to match and little to try.
_REQUEST_LINE = re.compile(rb"[!-~]+ [^\x00-\x20\x7f]+(?: HTTP/[0-9]\.[0-9])?")


class _TargetTooLong(BadRequest):
    code = 414
    reason = "URI Too Long"


class _Refused(Exception):
    """A request that is refused before it was read whole."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.reason)
        self.error = error


class _Chunks(ChunkedReceiver):
    """A body in chunks; what lies between them is short.

    An unfinished line is copied whenever more of it comes, so an endless one must not be.
    """

    def received(self, s: bytes) -> int:
        """Take in what came; return how much of it is the body's."""
        taken = super().received(s)
        if len(self.control_line) > _MAX_CONTROL_LINE or len(self.trailer) > _MAX_TRAILER:
            self.error = BadRequest("too much between chunks")
        return taken


class Parser(HTTPRequestParser):
    """One request, from its first byte to its last."""

    path: str

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began_at = time.time()
        """Seconds since 1970, as waitress's own times of a connection are."""
        self._max_body = MAX_VISITOR_BODY_BYTES

    def received(self, data: bytes) -> int:
        """Take in what came; return how much of it is this request's."""
        try:
            taken = super().received(data)
            if self.error is None and self.body_bytes_received > self._max_body:
                raise _Refused(RequestEntityTooLarge("chunks"))
        except _Refused as refused:
            self.error = refused.error
            self.completed = True
            taken = len(data)
        if self.completed:
            # It is whole or refused: waitress would still ask for a body, and wait.
            self.expect_continue = False
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request line and the header.

        :raises ParsingError: for what is malformed or may be read in two ways.
        """
        first, _, rest = header_plus.partition(b"\r\n")
        first = first.rstrip()
        self.first_line = first  # type: ignore[assignment]  # the stubs are wrong here
        if len(first) > MAX_LINE_BYTES:
            raise _Refused(_TargetTooLong("request line"))
        if _REQUEST_LINE.fullmatch(first) is None:
            raise ParsingError("Start line is invalid")
        lines = [_plain(line) for line in rest.split(b"\r\n") if line]
        if len(lines) > _MAX_LINES:
            raise _Refused(RequestHeaderFieldsTooLarge("lines"))
        if b"transfer-encoding" in rest.lower():
            _check_framing(first, lines)
        try:
            super().parse_header(b"\r\n".join([first, *lines, b"", b""]))
        except ValueError as error:  # `http://[x/`, or a length of 5000 digits
            raise ParsingError("not a URL or a number") from error
        if is_office(self.path):
            self._max_body = MAX_OFFICE_BODY_BYTES
        if self.content_length > self._max_body:
            raise _Refused(RequestEntityTooLarge("length"))
        if self.chunked:
            assert self.body_rcv is not None  # waitress made one
            self.body_rcv = _Chunks(self.body_rcv.buf)


def _plain(line: bytes) -> bytes:
    """A line of the header, without white space around the value."""
    if len(line) > MAX_LINE_BYTES:
        raise _Refused(RequestHeaderFieldsTooLarge("line"))
    name, colon, value = line.partition(b":")
    if not colon or line[0] in b" \t":  # folded lines are read in two ways
        raise ParsingError("Invalid header")
    return name + b":" + value.strip(b" \t")


def _check_framing(first: bytes, lines: list[bytes]) -> None:
    """Refuse a request whose end a proxy may see elsewhere (RFC 9112, 6.3)."""
    fields = [line.lower().split(b":", 1) for line in lines]
    values = [value for name, value in fields if name == b"transfer-encoding"]
    if not values:
        return
    codings = [coding.strip(b" \t") for coding in b",".join(values).split(b",")]
    if (
        any(name == b"content-length" for name, _ in fields)
        or not first.endswith(b" HTTP/1.1")
        or b"" in codings
        or codings.count(b"chunked") > 1
    ):
        raise ParsingError("Doubtful framing")
