"""What Shlink's REST API answers to ``GET /rest/v3/short-urls``: a page, or several in a row."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from klink.moving.files import TextFile
from klink.moving.native import Options
from klink.moving.products import SHLINK, product_row
from klink.moving.rows import Progress, Row, WrongSource, bad

_CHUNK = 1 << 16
_MOST = 1 << 20
"""Characters that one short URL may take."""

_BEGIN = re.compile(r'"data"\s*:\s*\[')
_BETWEEN = " \t\r\n,"
_KEPT = 32  # characters in which the beginning of a list may hide


class ShlinkJson:
    """Pages of short URLs, read one by one, so that a file of all of them may be long."""

    def __init__(self, file: TextFile, options: Options) -> None:
        self.notices: list[str] = []
        self._file = file
        self._options = options
        head = file.head.lstrip()
        self._is_list = head.startswith("[") and '"data"' not in head.partition("}")[0]
        if not self._is_list and not _BEGIN.search(file.head):
            raise WrongSource('this is no answer of Shlink\'s short-urls: there is no "data" in it')

    def progress(self) -> Progress:
        """Bytes read, of how many."""
        return self._file.progress()

    def rows(self) -> Iterator[Row]:
        """Every short URL's row; they are numbered, as lines say nothing here."""
        for at, found in enumerate(self._objects(), 1):
            yield _row(at, found, self._options)

    def _objects(self) -> Iterator[object]:
        text = _Text(self._file)
        decoder = json.JSONDecoder()
        if self._is_list:
            text.skip_to(re.compile(r"\["))
        while self._is_list or text.skip_to(_BEGIN):
            while text.is_at_item():
                yield text.item(decoder)
            if self._is_list:
                return


def _row(at: int, found: object, options: Options) -> Row:
    if not isinstance(found, dict):
        return bad(at, "this is no short URL: not an object")
    meta, counted = found.get("meta"), found.get("visitsSummary")
    values: dict[str, Any] = {  # Any: of JSON
        "shortcode": found.get("shortCode"),
        "shorturl": found.get("shortUrl"),
        "longurl": found.get("longUrl"),
        "domain": found.get("domain"),
        "title": found.get("title"),
        "createdat": found.get("dateCreated"),
        "forwardquery": found.get("forwardQuery"),
        "visits": found.get("visitsCount"),
        "hasredirectrules": found.get("hasRedirectRules"),
    }
    if isinstance(meta, dict):
        values |= {name.lower(): meta.get(name) for name in ("validSince", "validUntil")}
        values["maxvisits"] = meta.get("maxVisits")
    if isinstance(counted, dict):
        people = counted.get("nonBots")  # klink's clicks are people's, too
        values["visits"] = people if people is not None else counted.get("total")
    if isinstance(tags := found.get("tags"), list):
        values["tags"] = "|".join(map(str, tags))
    devices = found.get("deviceLongUrls")
    if isinstance(devices, dict) and any(devices.values()):
        values["devicelongurls"] = "yes"
    cells = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return product_row(at, cells, SHLINK, options)


class _Text:
    """What is read of a file and not used yet."""

    def __init__(self, file: TextFile) -> None:
        self._chunks = file.chunks(_CHUNK)
        # What is no UTF-8 becomes what the core takes for no text.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0

    def skip_to(self, what: re.Pattern[str]) -> bool:
        """Go behind the next one of these, if there is one."""
        while True:
            found = what.search(self._text, self._at)
            if found is not None:
                self._at = found.end()
                return True
            self._at = max(self._at, len(self._text) - _KEPT)
            if not self._more():
                return False

    def is_at_item(self) -> bool:
        """Go to the next item of the list, if there is one."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BETWEEN:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at] != "]"
            if not self._more():
                raise WrongSource("the file breaks off within a list; export it anew")

    def item(self, decoder: json.JSONDecoder) -> object:
        """The item that begins here."""
        while True:
            try:
                found, self._at = decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise WrongSource("the file is nested too deeply to be Shlink's") from None
            except ValueError as error:
                if len(self._text) - self._at > _MOST or not self._more():
                    raise WrongSource(f"the file is no whole JSON: {error}") from None
            else:
                return found

    def _more(self) -> bool:
        raw = next(self._chunks, None)
        if raw is None:
            return False
        self._text, self._at = self._text[self._at :] + self._decoder.decode(raw), 0
        return True
