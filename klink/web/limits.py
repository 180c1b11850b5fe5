"""Plans at the door: each request is counted, and its answer says what is left."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from flask import Response, g

from klink.core.errors import DatabaseBusy, RateLimited, TooBusy
from klink.core.usage import Window
from klink.web.parts import context, parts
from klink.web.principal import principal

_BUSY_RETRY_S = 2


def count() -> None:
    """Count the current request against the plans of whoever asks.

    :raises PlanForbidsApi: a plan without API access.
    :raises RateLimited: a window is used up.
    """
    try:
        parts().meter.take(context(), principal())
    except RateLimited:
        g.is_metered = True
        raise
    g.is_metered = g.is_counted = True


def give_back(response: Response, *, is_replay: bool) -> None:
    """Take back what uses up no monthly quota.

    A failed request and a replayed answer count for minute and hour only (contract:
    Idempotency; Meter).
    """
    if g.get("is_counted") and (is_replay or response.status_code >= 400):
        g.is_counted = False
        parts().meter.give_back(context(), principal())


def standing() -> list[Window]:
    """How the windows stand that cap whoever asks, tightest first; none before they are known."""
    if not g.get("is_metered"):
        return []
    with suppress(DatabaseBusy):  # the answer matters more than its headers
        return parts().meter.windows(context(), principal())
    return []


def write_headers(response: Response) -> None:
    """Say how the windows stand: by the IETF draft's fields, and by the older ones.

    ``RateLimit-Policy`` and ``RateLimit`` are lists of structured items
    (draft-ietf-httpapi-ratelimit-headers-10): quota ``q``, window ``w`` in seconds,
    remaining ``r``, seconds until it turns ``t``. ``X-RateLimit-*`` tells of the tightest;
    its reset is in Unix seconds.
    """
    windows = standing()
    if not windows:
        return
    now = context().now
    headers = response.headers
    headers["RateLimit-Policy"] = ", ".join(
        f'"{w.name}";q={w.limit};w={w.length_s}' for w in windows
    )
    headers["RateLimit"] = ", ".join(
        f'"{w.name}";r={w.remaining};t={_seconds_until(w.resets_at, now)}' for w in windows
    )
    tightest = windows[0]
    headers["X-RateLimit-Limit"] = str(tightest.limit)
    headers["X-RateLimit-Remaining"] = str(tightest.remaining)
    headers["X-RateLimit-Reset"] = str(int(tightest.resets_at.timestamp()))


def retry_after_s(error: Exception) -> int | None:
    """For ``Retry-After``: in how many seconds to try again after this error, if ever."""
    if isinstance(error, RateLimited):
        return error.retry_after_s
    return _BUSY_RETRY_S if isinstance(error, DatabaseBusy | TooBusy) else None


def _seconds_until(end: datetime, now: datetime) -> int:
    return max(0, -int(-(end - now).total_seconds() // 1))
