"""The country of a truncated address, from a MaxMind database file (``[geoip]``).

Any ``.mmdb`` with ``country.iso_code`` or ``country_code``. Without one every country is
unknown, and nothing else changes.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import maxminddb

__all__ = ["CountryDatabase", "GeoStatus", "country_of"]

log = logging.getLogger(__name__)

CHECK_EVERY_S = 5.0
"""How often a look-up asks whether the file has changed."""

_CACHED_NETS = 32_768

_Version = tuple[int, int, int]  # inode, mtime in ns, size: what tells a file from its successor


class GeoStatus(NamedTuple):
    """What ``/ready`` says of the database.

    :ivar built_at_ms: when its maker built what is in use, None when nothing is.
    :ivar detail: why it is broken, in words.
    """

    state: Literal["absent", "loaded", "broken"]
    built_at_ms: int | None
    detail: str


class CountryDatabase:
    """Countries by truncated address, from a file that may come, change and go.

    Safe to use from several threads. A file that cannot be read (half copied, say)
    leaves the one before it in use.

    :param path: the ``.mmdb`` file, which need not be there; None for none ever.
    :param clock: monotonic seconds; asked at each look-up.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._version: _Version | None = None
        self._status = GeoStatus("absent", None, "")
        self._cached = lru_cache(maxsize=1)(_unknown)
        self._check_at = float("-inf")

    def lookup(self, net: str) -> str:
        """Return the ISO 3166 alpha-2 code of a net (``203.0.113.0/24``), '' when unknown."""
        if self._path is None:
            return ""
        self._refresh(self._path)
        return self._cached(net)

    def lookup_now(self, net: str) -> str:
        """The same from what is open, whatever became of the file: for whoever must not wait."""
        return self._cached(net)

    def status(self) -> GeoStatus:
        """Return the state of the file now."""
        if self._path is not None:
            self._refresh(self._path)
        return self._status

    def _refresh(self, path: Path) -> None:
        """Open the file again when it has changed; at most every few seconds."""
        now = self._clock()
        if now < self._check_at:
            return
        self._check_at = now + CHECK_EVERY_S
        version = _version(path)
        if version == self._version:
            return
        self._version = version
        if version is None:
            self._cached = lru_cache(maxsize=1)(_unknown)
            self._status = GeoStatus("absent", None, "")
            return
        try:
            reader = _open_copy(path)
            built_at_ms = reader.metadata().build_epoch * 1000
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            log.warning("the GeoIP database %s cannot be read: %s", path, error)
            self._status = GeoStatus("broken", self._status.built_at_ms, str(error))
            return
        self._cached = lru_cache(maxsize=_CACHED_NETS)(_finder(reader))
        self._status = GeoStatus("loaded", built_at_ms, "")
        log.info("GeoIP database %s loaded", path)


def _version(path: Path) -> _Version | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _open_copy(path: Path) -> maxminddb.Reader:
    """Open a private copy of a database, mapped into memory.

    Mapping the file itself would kill the process (SIGBUS) when somebody copies a new
    database over it: the pages that are being read vanish.
    """
    with tempfile.NamedTemporaryFile(prefix="klink-geoip-", suffix=".mmdb") as copy:
        with path.open("rb") as source:
            shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        # The name goes when this block ends; what is mapped stays until the reader goes.
        return maxminddb.open_database(copy.name, maxminddb.MODE_AUTO)


def _unknown(_net: str) -> str:
    return ""


def _finder(reader: maxminddb.Reader) -> Callable[[str], str]:
    """Return the uncached look-up in an open database."""

    def find(net: str) -> str:
        address = net.partition("/")[0]
        if not address:
            return ""
        try:
            record = reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""  # IPv6 in a database of IPv4, or a damaged page
        return country_of(record)

    return find


def country_of(record: object) -> str:
    """The country that a record of a database names, '' when it names none."""
    if not isinstance(record, dict):
        return ""
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code")
    if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha():
        return code.upper()
    return ""
