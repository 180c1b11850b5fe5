"""Why a page was not fetched."""

from __future__ import annotations


class FetchError(Exception):
    """No answer was had; ``reason`` is a short word that stays the same between versions.

    The text holds the reason alone: no address, no part of a URL, nothing that was received.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(FetchError):
    """klink does not go there.

    ``url`` (malformed or too long), ``scheme``, ``credentials``, ``port``, ``host`` (a name of
    the local network), ``private`` (an address that is not public).
    """


class Unreachable(FetchError):
    """klink went there and got no answer that can be used.

    ``dns``, ``timeout``, ``connect``, ``tls``, ``protocol`` (no HTTP, or broken off),
    ``encoding`` (compressed in a way that was not asked for, or wrongly), ``too_large`` (more
    around the page than a page has) or ``redirects`` (too many).
    """
