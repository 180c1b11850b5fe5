"""The body of an answer: how much of it is read, and what it says."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable

from klink.fetching.deadline import Deadline
from klink.fetching.errors import Unreachable

__all__ = ["ENCODINGS", "pass_on", "read_body", "text_of"]

ENCODINGS = "gzip, deflate"
"""What klink asks for, and takes nothing else."""

# Windows that zlib takes: a header of gzip, of zlib, and none, as some send "deflate".
_GZIP, _ZLIB, _RAW = 31, 15, -15

# Codecs that pages use. Others of Python's cost more than they bring: "punycode" takes the
# square of the length, "utf-7" hides words.
_CHARSETS = re.compile(
    r"utf-?(?:8|16(?:le|be)?)|us-ascii|latin-?1|iso-8859-(?:[1-9]|1[013-6])|windows-125[0-8]"
    r"|koi8-[ru]|gb(?:k|2312|18030)|big5|euc-(?:jp|kr)|shift_jis|iso-2022-jp"
)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s\"';]{1,40})", re.IGNORECASE)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_body(
    chunks: Iterable[bytes], encoding: str, max_bytes: int, deadline: Deadline
) -> tuple[bytes, bool]:
    """Read a body up to ``max_bytes`` of what it is unpacked; whether that is all of it.

    :raises Unreachable: ``encoding`` or ``timeout``.
    """
    unpack = _Unpacker(encoding)
    parts: list[bytes] = []
    room = max_bytes + 1  # one more, to see whether there is more
    for chunk in chunks:
        deadline.left_s()
        part = unpack(chunk, room)
        parts.append(part)
        room -= len(part)
        if room <= 0:
            return b"".join(parts)[:max_bytes], False
    return b"".join(parts), unpack.is_at_end()


def pass_on(
    chunks: Iterable[bytes],
    encoding: str,
    max_bytes: int,
    deadline: Deadline,
    take: Callable[[bytes], object],
) -> int:
    """Hand on a body part by part, as it is unpacked; return how long it was.

    :param take: gets each part.
    :raises Unreachable: ``encoding``, ``timeout``, ``too_large`` (after what may be had of it),
        or ``protocol`` when what was packed breaks off.
    """
    unpack = _Unpacker(encoding)
    size = 0
    for chunk in chunks:
        deadline.left_s()
        part = unpack(chunk, max_bytes - size + 1)
        size += len(part)
        if size > max_bytes:
            raise Unreachable("too_large")
        take(part)
    if not unpack.is_at_end():
        raise Unreachable("protocol")
    return size


class _Unpacker:
    """Undoes one content encoding, never for more than it is asked."""

    def __init__(self, encoding: str) -> None:
        self._name = encoding.strip().lower()
        if self._name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise Unreachable("encoding")
        self._is_plain = self._name in ("", "identity")
        self._inflate: zlib._Decompress | None = None
        self._window = _ZLIB if self._name == "deflate" else _GZIP

    def __call__(self, data: bytes, room: int) -> bytes:
        """At most ``room`` bytes of what ``data`` holds unpacked."""
        if self._is_plain:
            return data[:room]
        parts: list[bytes] = []
        while data and room > 0:
            part, data = self._next(data, room)
            parts.append(part)
            room -= len(part)
        return b"".join(parts)

    def is_at_end(self) -> bool:
        """Whether what was packed has come to its end."""
        return self._is_plain or self._inflate is None or self._inflate.eof

    def _next(self, data: bytes, room: int) -> tuple[bytes, bytes]:
        """Unpack up to ``room`` bytes; and what is left of ``data`` for the next part."""
        if self._inflate is not None and self._inflate.eof:
            if self._name == "deflate":
                return b"", b""
            self._inflate = None  # gzip files may follow one another
        if self._inflate is None:
            if self._name == "deflate" and data[0] & 0x0F != 8:
                self._window = _RAW
            self._inflate = zlib.decompressobj(self._window)
        try:
            part = self._inflate.decompress(data, room)
        except zlib.error:
            raise Unreachable("encoding") from None
        return part, self._inflate.unused_data if self._inflate.eof else b""


def text_of(body: bytes, content_type: str) -> str:
    """The body as text: by its mark, else by what the header says, else as UTF-8."""
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body.decode(charset, "replace")
    found = _CHARSET.search(content_type)
    charset = found[1].lower() if found else "utf-8"
    if not _CHARSETS.fullmatch(charset):
        charset = "utf-8"
    return body.decode(charset, "replace")
