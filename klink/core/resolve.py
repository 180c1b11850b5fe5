"""What a visit to a short URL gets (contract: "What a visitor gets").

Pure and quick: the event loop, the WSGI front and the pages all decide here. Nothing
depends on a sweep: an expired link is expired by the clock in the visit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Literal, NamedTuple

from klink.core.compiled import CompiledLink, CompiledVariant, Lookups, Visit
from klink.core.routing import choose, may_split
from klink.core.urls import append_query, clean_query, with_parameter

__all__ = [
    "KLID",
    "CompiledLink",
    "CompiledVariant",
    "Decision",
    "Outcome",
    "Reason",
    "Visit",
    "forward",
    "page_location",
    "resolve",
    "used_up",
]

KLID = "klid"
"""Name of the parameter and cookie that carry a visitor id."""


class Outcome(Enum):
    """What kind of answer a visit gets."""

    FORWARD = "forward"
    METERED = "metered"  # live with max_clicks: a use must be taken first
    PREVIEW = "preview"  # to the page of an in-page link
    PASSWORD = "password"  # noqa: S105 (the form, no secret)
    EXPIRED = "expired"  # forwarded to expired_url
    GONE = "gone"
    NOT_FOUND = "not_found"


Reason = Literal["", "not_started", "expired", "limit_reached", "inactive", "trashed"]
"""Why a link that is there leads nowhere, or to its ``expired_url``."""


class Decision(NamedTuple):
    """The answer to a visit.

    ``location`` is ASCII, '' where there is none; for ``PREVIEW`` it is a path of this
    server. ``variant`` is there when the visitor is forwarded to one (``FORWARD``,
    ``METERED``). ``sets_cookie``: the raw visitor id becomes the cookie ``klid``.
    ``by_weight``: the weights chose the variant, so the visitor takes part in an experiment.
    ``reason`` is there when the link is not live and a visitor may know; '' for a quarantined
    link, so that it cannot be told from none.
    """

    outcome: Outcome
    status: int
    location: str = ""
    variant: CompiledVariant | None = None
    sets_cookie: bool = False
    by_weight: bool = False
    reason: Reason = ""


_FORWARD, _METERED = Outcome.FORWARD, Outcome.METERED
_NOT_FOUND = Decision(Outcome.NOT_FOUND, 404)
_NOT_STARTED = Decision(Outcome.NOT_FOUND, 404, reason="not_started")
_INACTIVE = Decision(Outcome.GONE, 410, reason="inactive")
_TRASHED = Decision(Outcome.GONE, 410, reason="trashed")
_PASSWORD = Decision(Outcome.PASSWORD, 200)


def resolve(
    link: CompiledLink | None,
    visit: Visit,
    lookups: Lookups,
    *,
    visitor_out: Callable[[], str],
) -> Decision:
    """Decide a visit to ``/slug``; None stands for a slug that no link has.

    :param visitor_out: gives the workspace's id of the visitor (``klid``); asked only
        when the link tracks conversions and the visit is not private.
    """
    if link is None:
        return _NOT_FOUND
    closed = _closed(link, visit.at_ms)
    if closed is not None:
        return closed
    if link.password_hash is not None:
        return _PASSWORD
    if link.type == "inpage":
        return Decision(Outcome.PREVIEW, 302, page_location(link, visit))
    return _onward(link, visit, lookups, visitor_out)


def forward(
    link: CompiledLink,
    visit: Visit,
    lookups: Lookups,
    *,
    visitor_out: Callable[[], str],
) -> Decision:
    """Decide the way on, after the page or the right password.

    ``FORWARD`` or ``METERED``, unless the link has been closed meanwhile.
    """
    closed = _closed(link, visit.at_ms)
    return closed if closed is not None else _onward(link, visit, lookups, visitor_out)


def used_up(link: CompiledLink) -> Decision:
    """Decide a ``METERED`` visit when no use is left."""
    return _over(link, "limit_reached")


def page_location(link: CompiledLink, visit: Visit) -> str:
    """Return the path of an in-page link's page, with the visit's query.

    The query goes along because rules, UTM statistics and ``forward_query`` read it on
    the way on.
    """
    path = f"/{link.slug}/page"
    return f"{path}?{clean_query(visit.query)}" if visit.query else path


def _closed(link: CompiledLink, at_ms: int) -> Decision | None:
    """Return the answer of a link that is not live, None when it is."""
    if link.is_quarantined:
        return _NOT_FOUND
    is_off = link.is_trashed or not link.is_active
    if link.starts_at_ms is not None and at_ms < link.starts_at_ms:
        # One that has been taken back will not start, so nothing is promised.
        return _NOT_FOUND if is_off else _NOT_STARTED
    if is_off:
        return _TRASHED if link.is_trashed else _INACTIVE
    if link.expires_at_ms is not None and at_ms >= link.expires_at_ms:
        return _over(link, "expired")
    return None


def _over(link: CompiledLink, reason: Reason) -> Decision:
    if link.expired_location:
        return Decision(Outcome.EXPIRED, 302, link.expired_location, reason=reason)
    return Decision(Outcome.GONE, 410, reason=reason)


def _onward(
    link: CompiledLink, visit: Visit, lookups: Lookups, visitor_out: Callable[[], str]
) -> Decision:
    """Choose the variant and build the location of a live link."""
    if len(link.variants) == 1:
        variant, by_weight = link.variants[0], False
    else:
        variant, by, _ = choose(link, visit, lookups)
        by_weight = by == "split"
    location = variant.location
    if link.forward_query and visit.query:
        location = append_query(location, visit.query)
    if link.tracking and not visit.is_private:
        location = with_parameter(location, KLID, visitor_out())
    sets_cookie = (
        not visit.has_cookie
        and not visit.is_private
        and (link.tracking or by_weight or may_split(link))
    )
    outcome = _FORWARD if link.max_clicks is None else _METERED
    return Decision(outcome, link.status, location, variant, sets_cookie, by_weight)
