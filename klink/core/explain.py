"""What a visitor would get and what decides it; nothing is counted, and no use is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from klink.core.compiled import CompiledLink, CompiledVariant, Lookups, Visit
from klink.core.errors import NotFound
from klink.core.links.compiling import compiled
from klink.core.links.find import row_of
from klink.core.links.limits import uses_left
from klink.core.principal import Principal
from klink.core.resolve import Decision, Outcome, forward, resolve, used_up
from klink.core.routing import By, choose, dump_condition
from klink.db.connection import read

__all__ = ["ENDS", "Explanation", "chances", "explain", "explained"]

End = Literal["redirect", "page", "password", "expired", "limited", "gone", "not_found"]
ENDS: tuple[End, ...] = (
    "redirect", "page", "password", "expired", "limited", "gone", "not_found",
)  # fmt: skip
"""Kinds of answer; ``expired`` by time, ``limited`` by clicks: to ``expired_url``, else 410."""

_ENDS: dict[Outcome, End] = {
    Outcome.FORWARD: "redirect",
    Outcome.METERED: "redirect",
    Outcome.PREVIEW: "page",
    Outcome.PASSWORD: "password",
    Outcome.EXPIRED: "expired",
    Outcome.GONE: "gone",
    Outcome.NOT_FOUND: "not_found",
}
_LIVE = (Outcome.FORWARD, Outcome.METERED, Outcome.PREVIEW, Outcome.PASSWORD)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to a visit, and why.

    A page and a password form tell of the way on, too.

    :ivar location: '' where there is none, or where only the visitor's id would tell.
    :ivar variant: None where only the visitor's id would tell, and where none is chosen.
    :ivar by: None when the link is not live, so that nothing is chosen.
    :ivar rule: place of the rule that matched, from 0.
    :ivar when: what that rule asks for.
    :ivar shares: the variants among which the weights decide, when the visitor is not known.
    :ivar onward: where the visitor ends up, after a page or a password too; '' as ``location``.
    """

    end: End
    status: int
    location: str
    variant: str | None = None
    by: By | None = None
    rule: int | None = None
    when: dict[str, object] | None = None
    shares: tuple[CompiledVariant, ...] = ()
    onward: str = ""


def chances(shares: Sequence[CompiledVariant]) -> list[tuple[CompiledVariant, float]]:
    """Which variants the weights may give, each with its chance in percent."""
    total = sum(variant.weight for variant in shares)
    return [(variant, variant.weight * 100 / total) for variant in shares if variant.weight > 0]


def explain(who: Principal, uid: str, visit: Visit, lookups: Lookups) -> Explanation:
    """What a link of the workspace gives a visit.

    The location is without ``klid``, which is each visitor's own.

    :param visit: its ``visitor`` is '' when nobody in particular is meant.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    """
    who.need("read")
    with read():
        row = row_of(who, uid)
        link = compiled(row.domain_id, row.slug)
    if link is None:  # purged meanwhile
        raise NotFound
    return explained(
        link,
        visit,
        lookups,
        lambda: link.max_clicks is not None and not uses_left(link.id, link.max_clicks),
    )


def explained(
    link: CompiledLink, visit: Visit, lookups: Lookups, is_used_up: Callable[[], bool]
) -> Explanation:
    """What a link, saved or not, gives a visit.

    :param is_used_up: whether its ``max_clicks`` are; asked only when that decides.
    """
    link = link._replace(tracking=False)  # klid is each visitor's own
    decision, end = _decide(link, visit, lookups, is_used_up)
    if decision.outcome not in _LIVE:
        return Explanation(end, decision.status, decision.location, onward=decision.location)
    return _live(link, visit, lookups, decision, end)


def _decide(
    link: CompiledLink, visit: Visit, lookups: Lookups, is_used_up: Callable[[], bool]
) -> tuple[Decision, End]:
    decision = resolve(link, visit, lookups, visitor_out=str)
    if decision.outcome in _LIVE:
        if is_used_up():
            return used_up(link), "limited"
    elif decision.reason == "expired":
        return decision, "expired"
    return decision, _ENDS[decision.outcome]


def _live(
    link: CompiledLink, visit: Visit, lookups: Lookups, decision: Decision, end: End
) -> Explanation:
    choice = choose(link, visit, lookups)
    when = None if choice.rule is None else dump_condition(link.rules[choice.rule].when)
    label: str | None = choice.variant.label or None
    location = decision.location
    onward = forward(link, visit, lookups, visitor_out=str).location
    shares: tuple[CompiledVariant, ...] = ()
    if choice.by == "split" and not visit.visitor:
        shares = link.variants
        if sum(variant.weight > 0 for variant in shares) > 1:
            label, onward = None, ""
            location = "" if end == "redirect" else location
    return Explanation(
        end, decision.status, location, label, choice.by, choice.rule, when, shares, onward
    )
