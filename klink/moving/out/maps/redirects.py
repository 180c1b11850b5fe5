"""What a map can say of a link: one redirect, or why there is none.

A link that guards its destination, or is not live, has none: a map that forwards where klink
would ask, or would not, breaks what its owner was promised. One with several destinations has
that to which most visitors go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from klink.core import urls
from klink.core.errors import InvalidUrl
from klink.core.links import LinkView, VariantView

__all__ = ["LEFT_OUT", "LOST", "Redirect", "redirect_of"]

LEFT_OUT = {
    "trashed": "in the trash",
    "inactive": "switched off",
    "quarantined": "in quarantine",
    "expired": "expired",
    "expires": "has an end that a map would not keep",
    "waiting": "has a start that a map would not keep",
    "password": "asks for a password",
    "preview": "shows a page before it forwards",
    "max_clicks": "has a limit of clicks",
    "too_long": "has a destination that is too long for this server",
    "unreadable": "has a destination that is no URL by the rules of today",
}
"""Why a link is left out, in one word and in several."""

LOST = {
    "split": "splits traffic; the map has one destination of it",
    "rules": "goes by rules; the map has the usual destination",
    "tracking": "tracks conversions; the map adds no klid",
    "failover": "has a failover; the map has the destination alone",
}
"""What a redirect lacks that the link has."""

# What RFC 3986 lets stand in a URL. A location of the WHATWG standard may hold more (braces,
# backslashes, bars), which is what the syntaxes of servers are made of.
_SAFE = ":/?#[]@!$&'()*+,;=-._~%"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a short URL leads.

    :ivar host: without port, lower case.
    :ivar to: ASCII of RFC 3986 alone: no quotation marks, spaces, braces, backslashes.
    :ivar adds_query: the visitor's query goes along.
    :ivar lost: words of :data:`LOST`.
    """

    slug: str
    to: str
    status: int
    adds_query: bool
    lost: tuple[str, ...]

    @property
    def parts(self) -> Parts:
        """The destination, taken apart where a visitor's query goes in."""
        rest, mark, fragment = self.to.partition("#")
        joint = "&" if "?" in rest else "?"
        if rest.endswith(("?", "&")):
            joint = ""
        return Parts(rest, joint, mark + fragment)


class Parts(NamedTuple):
    """What stands before a visitor's query, joins it, and follows it."""

    before: str
    joint: str
    after: str


def redirect_of(link: LinkView, now: datetime) -> Redirect | str:
    """A link's redirect, or the word of :data:`LEFT_OUT` that says why it has none."""
    reason = _why_not(link, now)
    if reason:
        return reason
    variant = _usual(link)
    try:
        location = urls.parse(link.url if variant is None else variant.url).location
    except InvalidUrl:
        return "unreadable"
    utm = link.utm.values()
    if any(utm):
        location = urls.merge_utm(location, utm)
    lost = [link.mode] if len(link.variants) > 1 else []
    lost += ["tracking"] if link.conversion_tracking else []
    lost += ["failover"] if link.failover_url else []
    return Redirect(
        link.slug, plain(location), link.redirect_status, link.forward_query, tuple(lost)
    )


def plain(location: str) -> str:
    """A location in the characters of RFC 3986; a lone ``%`` stays, as browsers send it."""
    return quote(location, safe=_SAFE)


def _why_not(link: LinkView, now: datetime) -> str:
    reasons = (
        ("trashed", link.deleted_at is not None),
        ("quarantined", link.quarantined_at is not None),
        ("inactive", not link.is_active),
        ("expired", link.expires_at is not None and link.expires_at <= now),
        ("password", link.password_protected),
        ("preview", link.type == "inpage"),
        ("max_clicks", link.max_clicks is not None),
        ("waiting", link.starts_at is not None and link.starts_at > now),
        ("expires", link.expires_at is not None),
    )
    return next((reason for reason, holds in reasons if holds), "")


def _usual(link: LinkView) -> VariantView | None:
    """The variant that most visitors get: the winner, the rules' default, the heaviest."""
    by_label = {variant.label: variant for variant in link.variants}
    if not by_label:
        return None
    if link.winner in by_label:
        return by_label[link.winner]
    if link.mode == "rules" and link.default != "split":
        return by_label.get(link.default or "", link.variants[0])
    return max(link.variants, key=lambda variant: variant.weight)
