"""Whether a file is a database of countries that may take the place of the one in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import maxminddb

from klink.clicks.geoip import country_of
from klink.geoip.errors import UpdateFailed

__all__ = ["Database", "look_at", "verify"]

KNOWN = {
    "193.0.6.139": "NL",
    "217.0.43.1": "DE",
    "133.11.0.1": "JP",
    "128.112.0.1": "US",
    "131.111.8.1": "GB",
    "200.160.2.3": "BR",
    "139.130.4.5": "AU",
    "193.136.0.1": "PT",
    "130.59.1.1": "CH",
    "137.82.1.1": "CA",
}
"""Networks of registries, universities and carriers, which have been where they are for decades."""

_ENOUGH = 7  # of these: some database may see one or two of them elsewhere
_AHEAD = timedelta(days=2)  # how far a maker's clock may be before ours
_OLDEST = datetime(2012, 1, 1, tzinfo=UTC)  # the format is no older


@dataclass(frozen=True, slots=True)
class Database:
    """What a database says of itself.

    :ivar kind: its type in its maker's words, printable.
    """

    built_at: datetime
    kind: str


def look_at(path: Path) -> Database | None:
    """What is in use; None when there is none, or it cannot be read and anything is better."""
    try:
        with maxminddb.open_database(path, maxminddb.MODE_FILE) as reader:
            return _described(reader)
    except Exception:  # as below
        return None


def verify(path: Path, now: datetime, present: Database | None) -> Database:
    """Open a new file and ask it.

    :param present: the one in use.
    :raises UpdateFailed: when the file is not to take its place.
    """
    try:
        with maxminddb.open_database(path, maxminddb.MODE_FILE) as reader:
            found = _described(reader)
            right = sum(_country(reader, address) == code for address, code in KNOWN.items())
    except Exception:  # a stranger's bytes make a reader stumble in any way it can
        raise UpdateFailed("what came is no database that can be read") from None
    if not _OLDEST < found.built_at < now + _AHEAD:
        raise UpdateFailed(f"the database claims to be of {found.built_at:%Y-%m-%d}")
    if present is not None and found.built_at < present.built_at:
        raise UpdateFailed(
            f"the database is of {found.built_at:%Y-%m-%d}, older than the one in use "
            f"({present.built_at:%Y-%m-%d})"
        )
    if right < _ENOUGH:
        raise UpdateFailed(
            f"the database knows the right country of {right} among {len(KNOWN)} well-known "
            "addresses only, so it is not one of countries"
        )
    return found


def _described(reader: maxminddb.Reader) -> Database:
    told = reader.metadata()
    kind = "".join(each for each in str(told.database_type)[:60] if each.isprintable())
    return Database(datetime.fromtimestamp(told.build_epoch, UTC), kind)


def _country(reader: maxminddb.Reader, address: str) -> str:
    return country_of(reader.get(address))
