"""Pages of the outside fetched, whoever named them: never one of the inside, never without end.

What anybody may make a server fetch can be turned against the network it stands in. So the one
client that goes out resolves a name once, looks at every address, connects to the very one it
has looked at, and does the same again for each redirect; and everything it reads has a bound.
"""

from __future__ import annotations

from klink.fetching.errors import FetchError, Refused, Unreachable
from klink.fetching.fetcher import (
    HTML,
    MAX_BYTES,
    MAX_REDIRECTS,
    TIMEOUT_S,
    Downloaded,
    Fetched,
    Fetcher,
)
from klink.fetching.resolving import Resolve, system_resolve

__all__ = [
    "HTML",
    "MAX_BYTES",
    "MAX_REDIRECTS",
    "TIMEOUT_S",
    "Downloaded",
    "FetchError",
    "Fetched",
    "Fetcher",
    "Refused",
    "Resolve",
    "Unreachable",
    "system_resolve",
]
