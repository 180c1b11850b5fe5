"""Whether a link as it is leads to something that a list names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from klink.core.blocking.gate import Gate
from klink.core.blocking.lists import Finding
from klink.core.context import Context
from klink.core.errors import InvalidUrl, OnlyOperator
from klink.core.links.model import LinkView
from klink.core.principal import Principal
from klink.core.urls import parse

__all__ = [
    "FREE", "OPERATOR", "SCAN", "WORKSPACE", "blocked", "columns", "findings", "need_release",
]  # fmt: skip

SCAN, WORKSPACE, OPERATOR = "scan", "workspace", "operator"
"""Who puts a link in quarantine: a list, a person of the workspace, or whoever runs the server."""

FREE: Mapping[str, object] = {
    "quarantined_at": None,
    "quarantined_by": None,
    "quarantine_reason": None,
}
"""What a link has in its record that is in no quarantine."""


def columns(at: datetime, by: str, reason: str) -> dict[str, object]:
    """What one has that is."""
    return {"quarantined_at": at, "quarantined_by": by, "quarantine_reason": reason}


def need_release(who: Principal, quarantined_by: str | None) -> None:
    """Refuse to free the slug of a link in quarantine to whoever may not let it out.

    With another link there, visitors would be led where somebody has kept them from.

    :raises OnlyOperator: the operator keeps it there.
    :raises InsufficientRole: an owner or admin of the workspace does.
    """
    if quarantined_by == OPERATOR and not who.is_operator:
        raise OnlyOperator("the server's operator keeps this link in quarantine; ask there")
    if quarantined_by == WORKSPACE:
        who.need_manager()


def blocked(ctx: Context, link: LinkView) -> Finding | None:
    """What names one of a link's destinations now, or None."""
    return next((finding for _, finding in findings(ctx, link)), None)


def findings(ctx: Context, link: LinkView) -> Iterator[tuple[str, Finding]]:
    """The destinations that a list names, each with what was found."""
    gate = Gate(ctx, link.workspace_id)
    others = (link.expired_url, link.failover_url, link.conversion_redirect_url)
    urls = (link.url, *(variant.url for variant in link.variants), *others)
    for url in dict.fromkeys(url for url in urls if url is not None):
        try:
            location = parse(url).location
        except InvalidUrl:
            continue
        finding = gate.finding(location)
        if finding is not None:
            yield location, finding
