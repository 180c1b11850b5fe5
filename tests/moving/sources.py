"""Sources made of text."""

from __future__ import annotations

import io

from klink.moving.files import TextFile
from klink.moving.kinds import KINDS
from klink.moving.native import Options
from klink.moving.rows import Row, Source


def source(kind: str, content: str | bytes, options: Options | None = None) -> Source:
    """A file of this kind, opened."""
    raw = content.encode() if isinstance(content, str) else content
    return KINDS[kind].open(TextFile(io.BytesIO(raw)), options or Options())


def rows_of(kind: str, content: str | bytes, options: Options | None = None) -> list[Row]:
    """All rows of a file of this kind."""
    return list(source(kind, content, options).rows())


def problems_of(kind: str, content: str | bytes) -> dict[int, str]:
    """What is wrong with which row."""
    return {row.at: row.problem for row in rows_of(kind, content) if row.problem}
