"""Why the database of countries was not replaced."""

from __future__ import annotations

from klink.core.errors import KlinkError

__all__ = ["UpdateFailed"]


class UpdateFailed(KlinkError):
    """No newer database was had; the one that is there stays.

    The text names the server that was asked, never an address, a key or what was received.

    :ivar retry_after_s: how long the server wants to be left alone; None when it says nothing.
    :ivar is_hopeless: whether asking again soon cannot help, as with a wrong key.
    """

    code = "geoip_update_failed"

    def __init__(
        self, reason: str, *, retry_after_s: int | None = None, is_hopeless: bool = False
    ) -> None:
        super().__init__(f"the GeoIP database was not updated: {reason}")
        self.retry_after_s = retry_after_s
        self.is_hopeless = is_hopeless
