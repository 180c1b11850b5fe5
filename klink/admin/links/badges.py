"""What is special about a link, in a word or two each: a function of the link and of the time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from klink.core.links.erase import TRASH_KEPT
from klink.core.links.model import LinkView

SOON = timedelta(days=3)
"""How long before its expiry a link is said to expire."""

_PROBLEMS = {
    "not_found": "destination not found",
    "server_error": "destination fails",
    "unreachable": "destination unreachable",
    "certificate": "destination's certificate fails",
    "too_many_redirects": "destination redirects too often",
    "refused": "destination cannot be checked",
}
_BY_CONDITION = {"country": "geo", "device": "device", "language": "language", "os": "system"}


class Badge(NamedTuple):
    """A word beside a link's address.

    :ivar kind: '' plain, ``a`` accent, ``good``, ``warn`` or ``bad``; the text says as much.
    """

    text: str
    kind: str = ""


def badges(link: LinkView, now: datetime) -> list[Badge]:
    """What is special about a link: first where it leads, then what ails it."""
    return [*_routing(link), *_gates(link), *_times(link, now), *_troubles(link, now)]


def _routing(link: LinkView) -> list[Badge]:
    found: list[Badge] = []
    if link.winner is not None:
        found.append(Badge(f"winner {link.winner}", "good"))
    elif link.mode == "split" and link.variants:
        weights = "/".join(str(variant.weight) for variant in link.variants)
        found.append(Badge(f"split {weights}", "a"))
    if link.rules:
        many = f"{len(link.rules)} {'rule' if len(link.rules) == 1 else 'rules'}"
        asked = {name for rule in link.rules for name in rule.when}
        about = _BY_CONDITION.get(next(iter(asked))) if len(asked) == 1 else None
        found.append(Badge(f"{about} · {many}" if about else many))
    return found


def _gates(link: LinkView) -> list[Badge]:
    found: list[Badge] = []
    if link.type == "inpage":
        found.append(Badge("preview"))
    if link.password_protected:
        found.append(Badge("password"))
    if link.max_clicks is not None:
        found.append(Badge(f"up to {link.max_clicks:,} {_clicks(link.max_clicks)}"))
    return found


def _clicks(many: int) -> str:
    return "click" if many == 1 else "clicks"


def _times(link: LinkView, now: datetime) -> list[Badge]:
    if link.deleted_at is not None:
        return [Badge(f"in the trash · goes {_until(now, link.deleted_at + TRASH_KEPT)}", "warn")]
    found: list[Badge] = []
    if link.starts_at is not None and link.starts_at > now:
        found.append(Badge(f"starts {_until(now, link.starts_at)}"))
    if link.expires_at is not None and link.expires_at <= now:
        found.append(Badge("expired", "warn"))
    elif link.expires_at is not None and link.expires_at - now <= SOON:
        found.append(Badge(f"expires {_until(now, link.expires_at)}"))
    return found


def _troubles(link: LinkView, now: datetime) -> list[Badge]:
    found: list[Badge] = []
    if not link.is_active:
        found.append(Badge("disabled", "warn"))
    if link.quarantined_at is not None:
        found.append(Badge("quarantined", "bad"))
    if link.scheduled_deletion_at is not None and link.deleted_at is None:
        goes = _until(now, link.scheduled_deletion_at)
        found.append(Badge(f"not found on site · deletes {goes}", "warn"))
    return found + _destinations(link)


def _destinations(link: LinkView) -> list[Badge]:
    """The worst that the last checks have found, once, with of how many it holds."""
    checks = [variant.check for variant in link.variants] if link.variants else [link.check]
    met = [check for check in checks if check is not None and check.problem is not None]
    if not met:
        return []
    is_down = any(check.down_since for check in met)
    of_several = f" ({len(met)} of {len(checks)})" if len(checks) > 1 else ""
    if is_down:
        return [Badge(f"destination down{of_several}", "bad")]
    text = _PROBLEMS.get(str(met[0].problem), "destination has a problem")
    return [Badge(f"{text}{of_several}", "warn")]


def _until(now: datetime, then: datetime) -> str:
    """How long it is until then, in whole minutes, hours or days: ``in 21 h``."""
    minutes = int((then - now).total_seconds() // 60)
    if minutes < 1:
        return "soon"
    if minutes < 60:
        return f"in {minutes} min"
    if minutes < 48 * 60:
        return f"in {minutes // 60} h"
    return f"in {minutes // (24 * 60)} days"
