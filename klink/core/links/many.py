"""Changing many links at once, each as if it were changed alone.

A few are changed in one transaction, so that others who write need not wait for all of them.
What is refused of one link stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from klink.core.context import Context
from klink.core.errors import DatabaseBusy, KlinkError, NotFound, ValidationFailed
from klink.core.links import fields
from klink.core.links.change import restore, trash, update
from klink.core.links.erase import purge
from klink.core.links.find import locked_rows
from klink.core.links.model import LinkPatch, LinkView
from klink.core.links.same import lock_living
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.core.problems import Problems
from klink.db.connection import in_write, savepoint, write

MAX_MANY = 200

_AT_ONCE = 10
"""Links of one transaction: a few milliseconds each."""

_NEEDS = {
    "enable": "update",
    "disable": "update",
    "tag": "update",
    "untag": "update",
    "expire": "update",
    "restore": "update",
    "trash": "delete",
    "purge": "delete",
}
ACTIONS = tuple(_NEEDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyChange:
    """What to do with each of several links.

    :param action: one of ``ACTIONS``.
    :param tags: to add (``tag``) or to take off (``untag``).
    :param expires_at: for ``expire``; None: never.
    """

    action: str
    tags: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of them.

    :ivar uid: as it was asked for.
    :ivar link: as it is now, or was before it was purged; None: the workspace has none such.
    :ivar is_changed: False when it was refused, or was like that already.
    :ivar refused: why nothing was done.
    """

    uid: str
    link: LinkView | None
    is_changed: bool
    refused: KlinkError | None = None


def needed_scope(action: str) -> str:
    """The scope that an action needs.

    :raises ValidationFailed: there is no such action.
    """
    if action not in _NEEDS:
        raise ValidationFailed({"action": [f"must be one of {', '.join(ACTIONS)}"]})
    return _NEEDS[action]


def change_many(
    ctx: Context, who: Principal, uids: Sequence[str], wanted: ManyChange
) -> list[Outcome]:
    """Do the same with up to ``MAX_MANY`` links; one outcome for each, in order.

    :raises InsufficientScope: the key may not do this.
    :raises ValidationFailed: the action, its tags or expiry, no link or too many.
    :raises DatabaseBusy: when nothing could be written; later, the links that could not have it
        as their outcome.
    """
    who.need(needed_scope(wanted.action))
    chosen = list(dict.fromkeys(uids))
    if not 1 <= len(chosen) <= MAX_MANY:
        raise ValidationFailed({"ids": [f"choose 1 to {MAX_MANY} links"]})
    change = _change(ctx, wanted)
    ctx.settings.blocklists.look()  # before others wait for the unit of work
    outcomes: list[Outcome] = []
    at_once = len(chosen) if in_write() else _AT_ONCE
    for start in range(0, len(chosen), at_once):
        few = chosen[start : start + at_once]
        try:
            outcomes += _few(ctx, who, few, change)
        except DatabaseBusy as error:
            if start == 0:
                raise
            outcomes += [Outcome(uid, None, False, error) for uid in few]
    return outcomes


Change = Callable[[Context, Principal, LinkView], LinkView | None]
"""Does something with one link, and gives it as it is then, or None when it is no more."""


def _few(ctx: Context, who: Principal, uids: Sequence[str], change: Change) -> list[Outcome]:
    with write():
        found = locked_rows(who, uids)
        lock_living(who.workspace_id)  # here, as nothing may be waited for after the first count
        known = {view.uid: view for view in views(ctx, found)}
        return [_one(ctx, who, uid, known, change) for uid in uids]


def _one(
    ctx: Context, who: Principal, uid: str, known: Mapping[str, LinkView], change: Change
) -> Outcome:
    before = known.get(uid.lower())
    if before is None:
        return Outcome(uid, None, False, NotFound("link"))
    try:
        with savepoint():
            after = change(ctx, who, before)
    except DatabaseBusy:
        raise
    except KlinkError as error:
        return Outcome(uid, before, False, error)
    return Outcome(uid, after or before, after is None or after.version != before.version)


def _change(ctx: Context, wanted: ManyChange) -> Change:
    """What is done with each link; refused here is what no link could have."""
    match wanted.action:
        case "trash":
            return lambda ctx, who, link: trash(ctx, who, link.uid)
        case "restore":
            return lambda ctx, who, link: restore(ctx, who, link.uid)
        case "purge":
            return _purged
        case "tag" | "untag":
            return _retagged(_tags(wanted.tags), is_added=wanted.action == "tag")
        case "expire":
            if wanted.expires_at is not None and wanted.expires_at <= ctx.now:
                raise ValidationFailed({"expires_at": ["must be in the future"]})
            return _patched(LinkPatch(expires_at=wanted.expires_at))
        case _:
            return _patched(LinkPatch(is_active=wanted.action == "enable"))


def _purged(ctx: Context, who: Principal, link: LinkView) -> None:
    purge(ctx, who, link.uid)


def _patched(patch: LinkPatch) -> Change:
    given = patch.given()

    def needed(link: LinkView) -> LinkPatch:
        is_so = all(getattr(link, name) == value for name, value in given.items())
        return LinkPatch() if is_so else patch

    return lambda ctx, who, link: update(ctx, who, link.uid, needed)


def _retagged(tags: tuple[str, ...], *, is_added: bool) -> Change:
    def needed(link: LinkView) -> LinkPatch:
        kept = tuple(tag for tag in link.tags if tag not in tags)
        if is_added:
            new = tuple(tag for tag in tags if tag not in link.tags)
            return LinkPatch(tags=(*link.tags, *new)) if new else LinkPatch()
        return LinkPatch() if kept == link.tags else LinkPatch(tags=kept)

    return lambda ctx, who, link: update(ctx, who, link.uid, needed)


def _tags(given: tuple[str, ...]) -> tuple[str, ...]:
    if not given:
        raise ValidationFailed({"tags": ["name at least one tag"]})
    problems = Problems()
    found = fields.tags(given, problems)
    problems.raise_if_any()
    return found
