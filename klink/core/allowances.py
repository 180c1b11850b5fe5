"""What a workspace and its keys have used of their plans, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from klink.core import key_ring
from klink.core.context import Context
from klink.core.key_ring import OwnedKey, Tried
from klink.core.links import active_links
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.core.usage import Meter, window_of

__all__ = ["Allowance", "Used", "UsedWindow", "of_key", "of_keys", "of_tried", "of_workspace"]


@dataclass(frozen=True, slots=True)
class Used:
    """Something that a plan may limit.

    :param limit: None is unlimited; then so is ``left``.
    """

    used: int
    limit: int | None

    @property
    def left(self) -> int | None:
        """How many more there may be."""
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class UsedWindow(Used):
    """Requests in the current minute, hour or month.

    :param resets_at: when the window turns, aware UTC.
    """

    name: str
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """How one key, or a workspace, stands.

    :param plan: None: a workspace that has none.
    :param windows: of a key all three, of which the month is its workspace's; of a workspace the
        month alone.
    :param links: of the workspace, against whatever plan caps whoever this is.
    """

    plan: Plan | None
    windows: tuple[UsedWindow, ...]
    links: Used


def of_workspace(ctx: Context, meter: Meter, who: Principal) -> Allowance:
    """How the workspace stands against its own plan.

    :raises InsufficientScope: the key may not read.
    """
    who.need("read")
    plan = who.workspace_plan
    used = meter.used(ctx, who)
    links = active_links(ctx, who.workspace_id)
    windows = (_window(ctx, "month", used["month"], (plan,)),)
    return Allowance(plan, windows, Used(links, plan.max_links if plan else None))


def of_key(ctx: Context, meter: Meter, who: Principal) -> Allowance:
    """How a key stands against its own plan and its workspace's.

    :raises InsufficientScope: the key may not read.
    """
    who.need("read")
    return _of_key(ctx, meter, who, active_links(ctx, who.workspace_id))


def of_tried(ctx: Context, meter: Meter, tried: Tried) -> Allowance | None:
    """How a key stands that somebody has tried out; None when it does not work."""
    who = tried.principal
    return None if who is None else _of_key(ctx, meter, who, active_links(ctx, who.workspace_id))


def of_keys(ctx: Context, meter: Meter, who: Principal) -> list[tuple[OwnedKey, Allowance]]:
    """How the first 200 active keys stand that whoever asks may see, newest first.

    :raises InsufficientScope: the key may not read.
    """
    links = active_links(ctx, who.workspace_id)
    found = key_ring.search(ctx, who, revoked=False).items
    return [(each, _of_key(ctx, meter, key_ring.principal_of(who, each), links)) for each in found]


def _of_key(ctx: Context, meter: Meter, who: Principal, links: int) -> Allowance:
    used = meter.used(ctx, who)
    windows = tuple(_window(ctx, name, count, who.plans) for name, count in used.items())
    return Allowance(who.plan, windows, Used(links, _least("max_links", who.plans)))


def _window(ctx: Context, name: str, used: int, plans: tuple[Plan | None, ...]) -> UsedWindow:
    limit = _least(f"requests_per_{name}", plans)
    return UsedWindow(used, limit, name, window_of(name, ctx.now, limit or 0, used).resets_at)


def _least(limit: str, plans: tuple[Plan | None, ...]) -> int | None:
    found = [getattr(plan, limit) for plan in plans if plan is not None]
    return min((each for each in found if each is not None), default=None)
