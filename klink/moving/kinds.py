"""The kinds of files that links are imported from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from klink.moving.files import TextFile
from klink.moving.native import Options
from klink.moving.own_files import JsonLines, csv_table
from klink.moving.rows import Source

Open = Callable[[TextFile, Options], Source]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    :ivar about: one line for people.
    :ivar open: gives the source; raises WrongSource when the file is of another kind.
    """

    about: str
    open: Open


KINDS: Mapping[str, Kind] = {
    "csv": Kind("a table with slug, url and any other field of a link", csv_table),
    "jsonl": Kind("a link of klink's API on each line", JsonLines),
}
