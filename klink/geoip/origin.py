"""Where the database of countries comes from."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

__all__ = ["DB_IP", "MONTHLY", "Origin"]

DB_IP = "https://download.db-ip.com/free/dbip-country-lite-{year}-{month}.mmdb.gz"
"""DB-IP's free database of countries, which comes out with each month (CC BY 4.0)."""

MONTHLY = ("{year}", "{month}")
"""What an address may hold in place of a year of four digits and a month of two."""

_PACKED = "suffix=tar.gz"  # how MaxMind's addresses end; the checksum's end in ".sha256" as well


@dataclass(frozen=True, slots=True)
class Origin:
    """An address, and what opens it.

    :ivar url: of a ``.mmdb`` file, as it is, in gzip or in a tar; may hold :data:`MONTHLY`.
    :ivar account, key: sent by basic authentication when there is a key.
    """

    url: str = field(default=DB_IP, repr=False)  # a mirror's may hold a token
    account: str = ""
    key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Who is asked, for people."""
        return urlsplit(self.url).hostname or ""

    def urls(self, now: datetime) -> list[str]:
        """What to ask for, the newest first.

        A month's file may not be there yet when the month begins: then the last one's is newest.
        """
        if not any(word in self.url for word in MONTHLY):
            return [self.url]
        last_month = now.replace(day=1) - timedelta(days=1)
        return [
            self.url.replace("{year}", f"{at:%Y}").replace("{month}", f"{at:%m}")
            for at in (now, last_month)
        ]

    def headers(self) -> Mapping[str, str]:
        """What is sent along to the server of the address, and to no other."""
        if not self.key:
            return {}
        pair = base64.b64encode(f"{self.account}:{self.key}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def checksum_url(self, url: str) -> str | None:
        """Where the SHA-256 of what ``url`` gives is, where the source is known to offer it."""
        address, mark, query = url.partition("?")
        words = query.split("&")
        if not mark or _PACKED not in words:
            return None
        words[words.index(_PACKED)] = f"{_PACKED}.sha256"
        return f"{address}?{'&'.join(words)}"
