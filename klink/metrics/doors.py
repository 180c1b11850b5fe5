"""Which door a request came through, for counting."""

from __future__ import annotations

from klink.core.slugs import ANSWERED

__all__ = ["LINKS", "SERVER", "door_of"]

LINKS = "links"
"""Short URLs, whatever the answer."""

SERVER = "server"
"""What never became a request: the server itself refused it."""

_APIS = {
    "api": "klink",
    "klink": "klink",
    "klinky": "klinky",
    "qklnk": "qklnk",
    "kliqs": "kliqs",
    "klookup": "klookup",
}
_EVENTS = ("_e", "_e.gif", "_klink.js")


def door_of(path: str | None) -> str:
    """The door of a path, one of a dozen names; None stands for no request at all.

    :param path: as it was routed, which tells an API's dialect even where the key decided.
    """
    if path is None:
        return SERVER
    first = path.lstrip("/").partition("/")[0].lower()
    if first in _APIS:
        return _APIS[first]
    if first in ANSWERED:
        return "office"
    if first in _EVENTS:
        return "events"
    return "pages" if not first or first[0] in "_@" else LINKS
