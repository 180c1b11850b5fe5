"""The kinds of files that links are imported from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from klink.moving.files import TextFile
from klink.moving.native import Options
from klink.moving.own_files import JsonLines, csv_table
from klink.moving.products import bitly_table, dub_table, kutt_table, shlink_table
from klink.moving.rows import Source
from klink.moving.shlink_json import ShlinkJson
from klink.moving.yourls import yourls

Open = Callable[[TextFile, Options], Source]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    :ivar about: one line for people.
    :ivar open: gives the source; raises WrongSource when the file is of another kind.
    """

    about: str
    open: Open


def shlink(file: TextFile, options: Options) -> Source:
    """Shlink's links, whichever way they come."""
    is_json = file.head.lstrip().startswith(("{", "["))
    return ShlinkJson(file, options) if is_json else shlink_table(file, options)


KINDS: Mapping[str, Kind] = {
    "csv": Kind("a table with slug, url and any other field of a link", csv_table),
    "jsonl": Kind("a link of klink's API on each line", JsonLines),
    "yourls": Kind("a dump of YOURLS' database, or its table of links as CSV", yourls),
    "shlink": Kind("Shlink's export as CSV, or the JSON of its REST API", shlink),
    "kutt": Kind("Kutt's table of links as CSV", kutt_table),
    "bitly": Kind("Bitly's export of links as CSV", bitly_table),
    "dub": Kind("Dub's export of links as CSV", dub_table),
}
